#!/usr/bin/env bats
# What goes wrong on a network and on a busy machine: no server may die, hang
# or spin over it, but for what is the lesson of its step.
load helper
load system

# Tag bare: the server must be what start_server starts, not a script around it
# (tests/matrix puts valgrind there).

# with_each "STEP..." COMMAND [ARG...]: runs it with each of these servers.
with_each()
{
    local step
    for step in $1; do
        echo "with $step:" # shown if it fails
        start "$step"
        "${@:2}"
        stop_crowd
        stop_server
    done
}

# done_all COMMAND...: the crowd does it, and all who were asked succeed.
done_all()
{
    say "$@"
    answers ' done, 0 waiting, 0 failed'
}

# stuck_push BYTES WHO: that client sends and does not read until it is stuck.
stuck_push()
{
    say deadline 0.1
    say push "$1" "$2"
    answers '0 done, 1 waiting, 0 failed'
    say deadline 30
}

reset_at_once()
{
    say connect 1
    say reset all
    open_clients 1
}
@test "a client that resets at once: the next is served" {
    with_each "$all_steps" reset_at_once
}

reset_unread()
{
    open_clients 1
    for pid in $(family "$server"); do
        kill -STOP "$pid"
        eventually 'it to be stopped' is_in T "$pid"
    done
    say push 10000
    say reset all
    for pid in $(family "$server"); do
        kill -CONT "$pid"
    done
    open_clients 1
}
@test "a client that resets while its data is unread: the next is served" {
    with_each "$all_steps" reset_unread
}

reset_writing()
{
    open_clients 1
    stuck_push 50000000 all
    say reset all
    open_clients 1
}
@test "a client that resets while the server writes: the next is served" {
    with_each "$all_steps" reset_writing
}

whole_8_mib()
{
    start_crowd -k "$1"
    open_clients 1
    done_all send 8388608
    done_all half-close
}
@test "8 MiB of all byte values, then half-close: all back, then the end" {
    with_each "$all_steps" whole_8_mib binary
}
@test "one line of 8 MiB, then half-close: all back, then the end" {
    with_each "$all_steps" whole_8_mib line
}

half_close_during()
{
    open_clients 1
    stuck_push 50000000 all
    done_all half-close
}
@test "half-close with MiB still on their way: all back, then the end" {
    with_each "$all_steps" half_close_during
}

never_reads()
{
    open_clients 1
    stuck_push 50000000 @1
    open_clients 10
    done_all send 100000 @5
}
@test "a client that never reads: from step 2 on, the others go on" {
    with_each "$forking_steps" never_reads
}

killed_client()
{
    : >"$scratch/hold"
    "$kit/tests/clients" "$port" open 1 hold >"$scratch/hold" 3>&- &
    eventually 'a client' grep -q hold: "$scratch/hold"
    kill -KILL $!
    wait $! 2>/dev/null || :
    open_clients 1
}
@test "a client that is killed: the next is served" {
    with_each "$all_steps" killed_client
}

thousand_idle()
{
    open_clients 1000
    open_clients 1
    done_all ping @1
    done_all ping @1000
}
# bats test_tags=slow, bare
@test "1000 idle clients are held: from step 2 on, a new one is served" {
    with_each "$forking_steps" thousand_idle
}

# Linux drops the SYN of a client for which the queue has no room; the client
# sends it again a second later. A frozen server takes none from the queue.
two_hundred_at_once()
{
    freeze
    say deadline 5
    say connect 200
    answers 'connect: 200 connected, 0 waiting, 0 failed'
    thaw
    say close 199
    say deadline 30
    done_all ping
}
@test "200 clients come while the server is away: none refused or delayed" {
    most=$(cat /proc/sys/net/core/somaxconn 2>/dev/null) ||
        skip 'how long the queue may be is not known here'
    [ "$most" -ge 200 ] || skip "a queue may hold only $most here"
    with_each "$all_steps" two_hundred_at_once
}

# cpu PID: the processor time it has used, in ticks (of 10 ms, most often).
cpu()
{
    awk '{ print $14 + $15 }' "/proc/$1/stat"
}
no_descriptors()
{
    : >"$scratch/out"
    start_server sh -c 'ulimit -S -n 4; exec "$0" 0' "$kit/$1/server"
    say connect 1
    eventually 'the reason on stderr' grep -q \
        '^server: accept: .* \(files\|descriptors\)' "$scratch/err"
    say deadline 0.2
    say ping
    answers '0 done, 1 waiting, 0 failed'
    prlimit --pid "$server" --nofile=100:
    say deadline 30
    done_all await # service returns
    [ "$(wc -l <"$scratch/err")" -le 3 ]
    [ "$(cpu "$server")" -le 10 ]
    stop_crowd
    stop_server
}
# bats test_tags=slow, bare
@test "no descriptor left: says why, neither dies nor spins, then goes on" {
    command -v prlimit >/dev/null || skip 'needs prlimit, to end the shortage'
    for step in $all_steps; do
        echo "with $step:"
        no_descriptors "$step"
    done
}

no_processes()
{
    start_server $as_nobody sh -c \
        '{ ulimit -S -u 1 || ulimit -S -p 1; } 2>/dev/null; exec "$0" 0' \
        "$real_kit/$1/server"
    before=$(descriptors)
    for i in 1 2 3 4 5 6 7 8 9 10; do
        say connect 1
        done_all eof
        say close all
    done
    [ "$(grep -c '^server: fork: ' "$scratch/err")" -eq 10 ]
    [ "$(descriptors)" = "$before" ]
    if command -v prlimit >/dev/null; then
        $as_nobody prlimit --pid "$server" "--nproc=$(ulimit -H -u):"
        open_clients 1
    fi
    stop_crowd
    stop_server
}
descriptors()
{
    [[ -d /proc/$server/fd ]] || return 0
    find "/proc/$server/fd" -type l | wc -l
}
# bats test_tags=bare
@test "fork is refused: the client sees the end, stderr the reason, it goes on" {
    step_down
    for step in $forking_steps; do
        echo "with $step:"
        no_processes "$step"
    done
}

# start_with_ten_processes STEP: as a user who may have ten, this one included.
start_with_ten_processes()
{
    step_down
    [ -n "$as_nobody" ] || skip 'only root can become a user with no process'
    start_server $as_nobody sh -c \
        '{ ulimit -S -u 10 || ulimit -S -p 10; } 2>/dev/null; exec "$0" 0' \
        "$real_kit/$1/server"
}
# bats test_tags=bare
@test "10 processes allowed: step 2 serves 9 clients in turn, then no other" {
    start_with_ten_processes step2-fork
    for i in 1 2 3 4 5 6 7 8 9; do
        open_clients 1
        close_clients all
        eventually "$i zombies" zombies_are "$i"
    done
    say connect 1
    done_all eof
    grep -q '^server: fork: ' "$scratch/err"
}
# bats test_tags=bare
@test "10 processes allowed: step 4 serves 20 clients in turn" {
    start_with_ten_processes step4-waitpid
    for ((i = 1; i <= 20; i++)); do
        open_clients 1
        close_clients all
        eventually 'the child to be reaped' children_are 0
    done
    [ ! -s "$scratch/err" ]
}

# sigchld TIMES PID...: sends them that many SIGCHLD. A shell of its own: bats
# looks at each command of a test, which makes a loop slow.
sigchld()
{
    sh -c 'n=$1; shift
        while [ "$n" -gt 0 ] && kill -CHLD "$@"; do n=$((n - 1)); done' \
        sh "$@" 2>/dev/null
}

stray_signals()
{
    sigchld 10000 "$server"
    open_clients 1
}
@test "10000 stray SIGCHLD while nobody is connected: the next is served" {
    with_each "$all_steps" stray_signals
}

stray_signals_connected()
{
    open_clients 1
    stray_signals
    done_all ping
}
@test "10000 stray SIGCHLD with a client connected: steps 2 and 4 go on" {
    with_each 'step2-fork step4-waitpid' stray_signals_connected
}

stop_and_continue()
{
    open_clients 1
    freeze
    thaw
    done_all ping
    close_clients all
    open_clients 1
}
@test "SIGSTOP and SIGCONT: goes on" {
    with_each "$all_steps" stop_and_continue
}

flood()
{
    open_clients 1
    # more than there is time for: it ends with the server
    sigchld 1000000000 $(family "$server") 3>&- 7>&- 8<&- &
    local flood=$!
    done_all send 8388608
    open_clients "$1"
    kill -0 "$flood" # to the last it was there
    stop_server
    wait "$flood" || :
}
@test "a flood of SIGCHLD while 8 MiB are echoed: nothing is lost" {
    with_each 'step1-sequential' flood 0
    with_each 'step2-fork step4-waitpid' flood 50
}

frees_port()
{
    set -m # else what runs in the background ignores SIGINT
    start "$1"
    set +m
    open_clients 1
    kill -"$2" "$server"
    status=0
    wait "$server" || status=$?
    [ "$status" -gt 128 ]
    start "$1" "$port"
    stop_crowd
    open_clients 1
    stop_crowd
    stop_server
}
@test "SIGTERM frees the port at once, while clients are connected" {
    for step in $all_steps; do
        echo "with $step:"
        frees_port "$step" TERM
    done
}
@test "SIGINT frees the port at once, while clients are connected" {
    takes INT
    for step in $all_steps; do
        echo "with $step:"
        frees_port "$step" INT
    done
}

# bats test_tags=bare
@test "a port that only root may use: one line that names bind" {
    step_down
    [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null ||
        echo 1024)" -gt 1 ] || skip 'every user may use it here'
    for step in $all_steps; do
        run $as_nobody "$real_kit/$step/server" 1
        echo "$step: $output"
        [ "$status" -eq 1 ]
        [ "$output" = 'server: bind: Permission denied' ]
    done
}

# serves_with REDIRECTIONS STEP: it serves, whatever its descriptors are.
serves_with()
{
    start step1-sequential
    stop_server # so this port is free
    eval "\"\$kit/$2/server\" \"\$port\" 2>\"\$scratch/err\" 3>&- $1 &"
    server=$!
    eventually 'the server to listen' listens
    open_clients 1
    done_all send 100000
    stop_crowd
    stop_server
}
listens()
{
    "$kit/tests/clients" "$port" connect 1 >/dev/null
}
@test "stdout closed, stdin closed, or all three: it serves" {
    for step in $all_steps; do
        echo "with $step:"
        serves_with '>&-' "$step"
        serves_with '<&- >/dev/null' "$step"
        serves_with '<&- >&- 2>&-' "$step"
    done
}
@test "stdout is a pipe that nobody reads any more: it serves" {
    for step in $all_steps; do
        echo "with $step:"
        serves_with '> >(:)' "$step"
    done
}
@test "stdout is full: it serves" {
    [ -c /dev/full ] || skip 'needs /dev/full'
    for step in $all_steps; do
        echo "with $step:"
        serves_with '>/dev/full' "$step"
    done
}

# bash passes an ignored SIGCHLD on to what it starts.
started_with_sigchld_ignored()
{
    start_server bash -c 'trap "" CHLD; exec "$0" 0' "$kit/$1/server"
    open_clients 3
    hang_up_together_or_vanish 3
    zombies_now "$2"
    stop_crowd
    stop_server
}
hang_up_together_or_vanish()
{
    freeze
    close_clients all
    eventually "$1 children to end" live_are 0
    thaw
    open_clients 1
}
# bats test_tags=bare
@test "started with SIGCHLD ignored: step 2 leaves 0 zombies, not 3" {
    started_with_sigchld_ignored step2-fork 0
}
@test "started with SIGCHLD ignored: steps 3 and 4 are as ever, 2 and 0" {
    started_with_sigchld_ignored step3-signal 2
    started_with_sigchld_ignored step4-waitpid 0
}
