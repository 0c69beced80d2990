#!/usr/bin/env bats
# step4-waitpid/alternatives: what step 4 keeps, they all keep, whatever the
# way; step 4 goes first, as the twin. Then, what is special about each.
load helper
load system

alternatives='ignore no-cld-wait double-fork self-pipe announce reload by-pid'

setup_file()
{
    mkdir "$BATS_FILE_TMPDIR/step4" # the twin
    cp "$kit/step4-waitpid/server" "$BATS_FILE_TMPDIR/step4/server"
    for name in $alternatives; do
        mkdir "$BATS_FILE_TMPDIR/$name"
        build_patched "$kit/step4-waitpid/alternatives/$name.patch" \
            step4-waitpid "$BATS_FILE_TMPDIR/$name/server"
    done
}

# begin NAME [ARG...]: starts that one.
begin()
{
    echo "with $1:" # shown if it fails
    program=$BATS_FILE_TMPDIR/$1/server
    start_server "$program" "${@:2}"
}
# with_each COMMAND: runs it with step 4, and with each alternative.
with_each()
{
    for name in step4 $alternatives; do
        begin "$name"
        "$@"
        stop_crowd
        stop_server
    done
}

# serving: the processes that run this program, but for the server; whoever
# their parent is. (ps does not say any more what a zombie has run.)
serving()
{
    ps -A -o pid= -o args= |
        awk -v server="$server" -v program="$program" '
            $2 == program && $1 != server { print $1 }'
}
serving_are()
{
    [ "$(serving | wc -l)" -eq "$1" ]
}

all_at_once()
{
    open_clients 10
    serving_are 10
}
# bats test_tags=slow
@test "alternatives: ten clients at once are served by ten processes" {
    with_each all_at_once
}

in_turn()
{
    open_clients 10
    for left in 9 8 7 6 5 4 3 2 1 0; do
        close_clients 1
        eventually "$left to serve" serving_are "$left"
        eventually '0 zombies' zombies_are 0
    done
}
# bats test_tags=slow
@test "alternatives: ten that leave one after another leave 0 zombies" {
    with_each in_turn
}

together()
{
    open_clients 10
    freeze
    close_clients all
    eventually 'all ten to end' serving_are 0
    thaw
    eventually '0 zombies' zombies_are 0
    open_clients 1
}
@test "alternatives: ten that hang up together leave 0 zombies" {
    with_each together
}

half_together()
{
    open_clients 10
    freeze
    close_clients 5
    eventually 'five to end' serving_are 5
    thaw
    eventually '0 zombies' zombies_are 0
    say ping
    answers '5 asked, 5 done, 0 waiting, 0 failed'
}
# bats test_tags=slow
@test "alternatives: of 10 clients 5 hang up together: 5 are still served" {
    with_each half_together
}

unexpected()
{
    open_clients 2
    say reset 1
    stop_crowd # it is killed
    eventually 'both to end' serving_are 0
    eventually 'no zombie' zombies_are 0
    open_clients 1
}
# bats test_tags=slow
@test "alternatives: a client that resets and one that is killed: 0 zombies" {
    with_each unexpected
}

stray()
{
    open_clients 1
    kill -CHLD "$server"
    open_clients 1
    stopped=$(serving | head -n 1)
    kill -STOP "$stopped"
    eventually 'it to be stopped' is_in T "$stopped"
    open_clients 1
    kill -CONT "$stopped"
    stopped=''
    say ping
    answers '3 asked, 3 done, 0 waiting, 0 failed'
}
# bats test_tags=slow
@test "alternatives: kill -CHLD, and a child that is stopped: next is served" {
    with_each stray
}

whole()
{
    open_clients 1
    say send 1048576
    answers '1 asked, 1 done, 0 waiting, 0 failed'
    say half-close
    answers '1 asked, 1 done, 0 waiting, 0 failed'
    [ ! -s "$scratch/err" ]
}
# bats test_tags=slow
@test "alternatives: 1 MiB comes back whole, then the end" {
    with_each whole
}

restarted()
{
    open_clients 1
    kill -KILL "$server"
    reap "$server"
    start_server "$program" "$port"
    say ping # whoever serves the first client still does
    answers '1 asked, 1 done, 0 waiting, 0 failed'
}
# bats test_tags=slow
@test "alternatives: restarted while a client is connected" {
    with_each restarted
}

descriptors()
{
    stop_server
    # shellcheck disable=SC2016 # the inner shell expands it
    start_server sh -c 'ulimit -n 10; exec "$0" 0' "$program"
    for ((i = 0; i < 20; i++)); do
        open_clients 1
        close_clients all
    done
    [ ! -s "$scratch/err" ]
}
# bats test_tags=slow
@test "alternatives: 10 descriptors are enough for 20 clients in turn" {
    with_each descriptors
}

# frozen_has N NAME...: of each, while it is frozen: ten have left, N zombies.
frozen_has()
{
    local name
    for name in "${@:2}"; do
        freeze_and_leave "$name"
        zombies_now "$1"
        stop_crowd
        stop_server
    done
}
freeze_and_leave()
{
    begin "$1"
    open_clients 10
    eventually 'the last fork to be over' zombies_are 0
    freeze
    close_clients all
    eventually 'all ten to end' serving_are 0
}
@test "ignore, no-cld-wait, double-fork: 0 zombies even while it is frozen" {
    frozen_has 0 ignore no-cld-wait double-fork
}
# bats test_tags=slow
@test "self-pipe, announce, reload, by-pid: while it is frozen there are 10" {
    frozen_has 10 self-pipe announce reload by-pid
}

# exec_after STATEMENT: a program that does so and becomes step 2.
exec_after()
{
    printf '%s\n' '#define _XOPEN_SOURCE 700' '#include <signal.h>' \
        '#include <unistd.h>' 'int main(int argc, char **argv)' \
        '{ struct sigaction sa = {.sa_flags = SA_NOCLDWAIT};' \
        "$1; (void)argc; (void)sa; return execv(argv[1], argv + 1); }" \
        >"$scratch/exec.c"
    cc -std=c99 -o "$scratch/exec" "$scratch/exec.c"
    start_server "$scratch/exec" "$kit/step2-fork/server" 0
    open_clients 3
    close_clients all
    eventually '0 live children' live_are 0
    zombies_now "$2"
    stop_crowd
    stop_server
}
@test "SIG_IGN outlives exec, SA_NOCLDWAIT does not: step 2 has 0, and 3" {
    exec_after 'signal(SIGCHLD, SIG_IGN)' 0
    exec_after 'sigaction(SIGCHLD, &sa, NULL)' 3
}

@test "double-fork: the one that serves is no child of the server" {
    begin double-fork
    open_clients 1
    serving_are 1
    children_are 0
}

# calls NAME FUNCTION: what that function calls.
calls()
{
    sed -n "/^$2(/,/^}/p" "$BATS_FILE_TMPDIR/$1/server.c" | sed 1d |
        grep -oE '[a-z_]+\(' | sort -u | xargs
}
@test "self-pipe: the handler calls write and nothing else" {
    [ "$(calls self-pipe on_sigchld)" = 'write(' ]
}
@test "announce: the handler calls only what a handler may call" {
    [ "$(calls announce on_sigchld)" = 'announce( waitpid(' ]
    [ "$(calls announce announce)" = 'memcpy( put_number( sizeof( write(' ]
    [ "$(calls announce put_number)" = '' ]
}

announced()
{
    [ "$(grep -c '^child ' "$scratch/out")" -eq "$1" ]
}
@test "announce: ten that end together are ten lines, each with its pid" {
    begin announce
    open_clients 10
    born=$(children "$server" | sort -n)
    hang_up_together 10
    announced 10
    [ "$(awk '/^child .* exited with +0$/ { print $2 }' "$scratch/out" |
        sort -n)" = "$born" ]
}
@test "announce: a child that is killed is said to be killed by 9" {
    begin announce
    open_clients 1
    pid=$(children "$server")
    kill -KILL "$pid"
    eventually 'a line' announced 1
    grep -Eq "^child +$pid killed by +9\$" "$scratch/out"
}

# greeted TEXT: a new client is sent this line first.
greeted()
{
    say connect 1
    say hear @$((guests += 1))
    answers "hear: $1"
    [ "$answer" = "hear: $1" ]
}
greeting()
{
    echo "$1" >"$scratch/greeting"
}
begin_with_greeting()
{
    greeting "$1"
    guests=0
    begin reload 0 127.0.0.1 "$scratch/greeting"
}
@test "reload: after SIGHUP a new client gets the new text, 50 times" {
    begin_with_greeting 'text 0'
    for ((i = 1; i <= 50; i++)); do
        greeting "text $i"
        kill -HUP "$server"
        greeted "text $i"
    done
}
@test "reload: without SIGHUP a new client gets the old text" {
    begin_with_greeting one
    greeting two
    greeted one
}
@test "reload: a client that is connected stays, and is not greeted again" {
    begin_with_greeting one
    greeted one
    greeting two
    # shellcheck disable=SC2046 # a list of numbers
    kill -HUP $(family "$server") # it and its child
    greeted two
    say ping
    answers '2 asked, 2 done, 0 waiting, 0 failed'
}

said()
{
    grep -q "$1" "$scratch/err"
}
@test "reload: a file that is missing is reported at once; the old text stays" {
    begin_with_greeting one
    rm "$scratch/greeting"
    kill -HUP "$server"
    eventually 'the reason, though no client comes' \
        said '^server: .*/greeting: No such file'
    greeted one
}
@test "reload: more than 512 bytes are refused; 512 are taken" {
    begin_with_greeting one
    printf '%0512d\n' 0 >"$scratch/greeting"
    kill -HUP "$server"
    eventually 'the reason' said '^server: .*/greeting: more than 512 bytes$'
    greeted one
    greeting "$(printf '%0511d' 0)"
    kill -HUP "$server"
    greeted "$(printf '%0511d' 0)"
}
@test "reload: a file that is missing at the start: one line, status 1" {
    run --separate-stderr "$BATS_FILE_TMPDIR/reload/server" 0 127.0.0.1 \
        "$scratch/none"
    [ "$status" -eq 1 ]
    [ "$stderr" = "server: $scratch/none: No such file or directory" ]
}
@test "reload: SIGHUP while it is frozen, and a client: greeted anew" {
    begin_with_greeting one
    freeze
    greeting two
    kill -HUP "$server"
    say connect 1
    thaw
    say hear @1
    [ "$answer" = 'hear: two' ]
}
# No run hits the moment between that look and accept on purpose.
@test "reload: it looks for SIGHUP before it waits, and again after accept" {
    [[ $(calls reload accept_client) == *'reload_if_asked('* ]]
    [[ $(calls reload reload_or_accept) == *'pselect( reload_if_asked('* ]]
}
@test "reload: SIGHUP without a greeting changes nothing, and nothing spins" {
    begin reload
    kill -HUP "$server"
    open_clients 1
    eventually 'it to sleep' is_in S "$server"
    [ ! -s "$scratch/err" ]
}
@test "step 4: SIGHUP ends it" {
    takes HUP
    begin step4
    kill -HUP "$server"
    status=0
    wait "$server" || status=$?
    [ "$status" -eq 129 ]
}

# bats test_tags=slow
@test "by-pid: of ten that end together none is left when it has swept" {
    begin by-pid
    open_clients 10
    hang_up_together 10
    "$kit/tests/zombies" "$server"
    zombies_are 9 || zombies_are 0 # 9 most often; unless a second has passed
    eventually 'the sweep' zombies_are 0
}
