#!/usr/bin/env bats
# The check: which name it gives to which server, and what it does with bad
# use, with hostile servers, and with a Ctrl-C.
load helper
load system

# checked ARG...: runs the check; its output in lines of their own.
checked()
{
    run --separate-stderr "$kit/tests/check" "$@"
}

# mistake NAME STEP: step STEP with that mistake made, at $scratch/NAME.
mistake()
{
    build_patched "$kit/tests/mistakes/$1.patch" "$2" "$scratch/$1"
}

# edited SED FILE NAME: that source, edited by sed, and built: $scratch/NAME.
edited()
{
    sed "$1" "$2" >"$scratch/$3.c"
    ${CC-cc} -w -o "$scratch/$3" "$scratch/$3.c"
}

# doing CODE NAME STEP: the same, but its child does this, and echoes nothing.
greets='write(conn_fd, "hello\\n", 6);'
answers='char b[99]; read(conn_fd, b, 99); write(conn_fd, "yes\\n", 4);'
doing()
{
    [ "$2" = no-mistake ] && cp "$kit/$3/server.c" "$scratch/$2.c" ||
        mistake "$2" "$3"
    edited "s/ echo_client(conn_fd);/ $1/" "$scratch/$2.c" doing
}

# facts_of_step3: those, in a file; seen only once.
facts_of_step3()
{
    facts=$BATS_FILE_TMPDIR/facts
    [[ -s $facts ]] ||
        "$kit/tests/check" -f facts "$kit/step3-signal/server" >"$facts"
}

# is VERDICT STEP STATUS: is that what was found? Shows all if not.
is()
{
    echo "$output"
    echo "$stderr"
    [ "${lines[0]}" = "step: $2" ]
    [ "${lines[1]}" = "verdict: $1" ]
    [ "$status" -eq "$3" ]
}

# bats test_tags=slow
@test "check: step 1 is at step 1: sequential" {
    checked "$kit/step1-sequential/server"
    is sequential 1 1
}

# bats test_tags=slow
@test "check: step 2 is at step 2: never-waits, 7 zombies of 7, 10 of 10" {
    checked "$kit/step2-fork/server"
    is never-waits 2 1
    [[ $output == *'7 clients came and left'*'10 of 10'* ]]
}

@test "check: step 3 is at step 3: waits-once, 9 zombies of 10" {
    facts_of_step3
    grep -qx 'left_together=9' "$facts"
    checked -r "$facts"
    is waits-once 3 1
    [[ $output == *'10 children ended'*'9 stay'* ]]
}

@test "check: step 4 is correct, and takes less than 10 seconds" {
    local begun=$SECONDS
    checked "$kit/step4-waitpid/server"
    is correct 4 0
    [ $((SECONDS - begun)) -lt 10 ]
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: two mistakes are named, the worse first" {
    mistake parent-keeps-connection step2-fork
    checked "$scratch/parent-keeps-connection"
    is parent-keeps-connection 2 1
    [ "${lines[2]}" = 'also: never-waits' ]
}

# bats test_tags=slow
@test "check: a loop that ends at 0 only spins when no child is left" {
    edited 's/WNOHANG) > 0/WNOHANG) != 0/' "$kit/step4-waitpid/server.c" spins
    checked "$scratch/spins"
    is spinning-loop 2 1
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: a handler that ends the server when no child is left" {
    edited \
        's/WNOHANG) > 0/& || (errno == ECHILD \&\& (perror(""), exit(1), 0))/' \
        "$kit/step4-waitpid/server.c" strict
    checked "$scratch/strict"
    is handler-exits 2 1
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: its status does not tell what has ended it: the handler does" {
    edited 's/SA_RESTART/0/
        s/errno != EINTR && //
        s/die("server: accept");/exit(0);/' \
        "$kit/step4-waitpid/server.c" eintr
    checked "$scratch/eintr"
    is dies-on-eintr 2 1
    [[ $output != *also:* ]]
    edited 's/    errno = saved_errno;/    _exit(1);/' \
        "$kit/step4-waitpid/server.c" handler
    checked "$scratch/handler"
    is handler-exits 2 1
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: Perl's accept fails with EINTR too, and its status is 0" {
    command -v perl >/dev/null || skip 'no perl'
    cat >"$scratch/server.pl" <<'END'
use IO::Socket::INET;
$SIG{CHLD} = sub { 1 while waitpid(-1, 1) > 0 };
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $ARGV[0], Listen => 50, ReuseAddr => 1) or die;
while (my $client = $listener->accept) {
    my $pid = fork;
    if (defined $pid && $pid == 0) {
        close $listener;
        syswrite($client, $_) while sysread($client, $_, 4096);
        exit 0;
    }
    close $client;
}
END
    checked perl "$scratch/server.pl"
    is dies-on-eintr 2 1
}

# bats test_tags=slow
@test "check: a loop that goes on at 0 spins when no child has ended" {
    edited 's/WNOHANG) > 0/WNOHANG) == 0/' "$kit/step4-waitpid/server.c" spins
    checked "$scratch/spins"
    is spinning-loop 3 1
}

# forks_or DO: step 4, which does this when fork fails.
forks_or()
{
    edited "s/ if (pid == -1)/ if (pid == -1) { $1 } if (0)/" \
        "$kit/step4-waitpid/server.c" forks
}

# bats test_tags=slow
@test "check: to try fork again is no mistake; to lose the client is noted" {
    grep -q ' if (pid == -1)' "$kit/step4-waitpid/server.c"
    forks_or 'while ((pid = fork()) == -1) sleep(1);'
    checked "$scratch/forks"
    is correct 4 0
    [[ $output != *note:* ]]
    forks_or 'perror("fork"); continue;'
    checked "$scratch/forks"
    is correct 4 0
    [ "${lines[2]}" = 'note: fork-failure-leaks' ]
    forks_or 'write(conn_fd, "busy\\n", 5); close(conn_fd); continue;'
    checked "$scratch/forks"
    is correct 4 0
    [[ $output != *@(note|failed|left out)* ]]
}

@test "check: a line is ok only if what it says was seen" {
    facts_of_step4 second_line=echoed nul=echoed end_after_end=no \
        few_descriptors=enough without_process=waits
    checked -r "$scratch/facts"
    is correct 4 0
    [[ $output == *'left out  every byte comes back, and an end'* ]]
    [[ $output == *'left out  without a descriptor left'* ]]
    [[ $output == *'left out  without a process left'* ]]
}

@test "check: who uses the processor all the time is not correct" {
    facts_of_step4 idle_spins=yes
    checked -r "$scratch/facts"
    is accept-spins 4 1
    facts_of_step4 idle_spins=no
    checked -r "$scratch/facts"
    is correct 4 0
}

@test "check: waits-once where only the stray SIGCHLD was seen: no number" {
    printf '%s\n' kind=closes served_by=child second=served mixed=served \
        stray=waits stray_spins=no left_in_turn_is=none left_older=0 \
        >"$scratch/facts"
    checked -r "$scratch/facts"
    is waits-once 3 1
    [[ $output == *'waits-once: A SIGCHLD came for which'* ]]
    [[ $output == *'left out  nothing is left when they leave together'* ]]
}

# bats test_tags=slow
@test "check: who turns away the second client does not let it wait" {
    parent_does 'if (!waitpid(-1, 0, WNOHANG)) { close(conn_fd); continue; }'
    checked "$scratch/parent"
    [ "$status" -eq 2 ]
    [ "${lines[1]}" = 'verdict: cannot-tell' ]
}

# bats test_tags=slow
@test "check: a line for each client is not the first line flushed again" {
    edited '/printf("pid/,/ntohs/d
        s/int conn_fd = /puts("waiting"); fflush(stdout); &/' \
        "$kit/step4-waitpid/server.c" chatty
    checked "$scratch/chatty"
    is correct 4 0
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: parent-keeps-connection where the client sees no end" {
    for code in "$greets" "$answers"; do
        doing "$code" parent-keeps-connection step2-fork
        checked "$scratch/doing"
        is parent-keeps-connection 2 1
        [ "${lines[2]}" = 'also: never-waits' ]
    done
}

# bats test_tags=slow
@test "check: what a child keeps, and fork's failure, where it ends at once" {
    doing "$greets" child-keeps-listener step4-waitpid
    checked "$scratch/doing"
    is child-keeps-listener 4 1
    for code in "$greets" "$answers"; do
        doing "$code" fork-failure-as-child step4-waitpid
        checked "$scratch/doing"
        [[ $output != *'left out  without a process'* ]] ||
            skip 'no process can be refused here'
        is fork-failure-as-child 4 1
    done
    # It says something else each time, and ends as its child would.
    doing 'char b[2] = { 97 + getpid() % 20, 10 }; write(conn_fd, b, 2);' \
        fork-failure-as-child step4-waitpid
    checked "$scratch/doing"
    is fork-failure-as-child 4 1
}

# bats test_tags=slow
@test "check: waits-last-pid, where the children end at once" {
    doing "$greets" waits-last-pid step4-waitpid
    checked "$scratch/doing"
    is waits-last-pid 3 1
}

# bats test_tags=slow
@test "check: parent-closes-listener is named alone, whatever follows" {
    for code in "$greets" 'echo_client(conn_fd);'; do
        doing "$code" parent-closes-listener step4-waitpid
        edited 's/die("server: accept");/{ perror("accept"); sleep(1); }/' \
            "$scratch/doing.c" loops
        checked "$scratch/loops"
        is parent-closes-listener 1 1
        [[ $output != *also:* ]]
    done
}

# bats test_tags=slow
@test "check: parent-closes-listener, though its child keeps it" {
    doing "$answers" child-keeps-listener step4-waitpid
    edited 's/^        close(conn_fd);/&close(listen_fd);/
        s/die("server: accept");/{ perror("accept"); sleep(1); }/' \
        "$scratch/doing.c" both
    checked "$scratch/both"
    is parent-closes-listener 1 1
    [ "${lines[2]}" = 'also: child-keeps-listener' ]
}

# bats test_tags=slow
@test "check: a child that stays, where the client sees the end at once" {
    for name in child-returns-to-accept child-does-not-exit; do
        doing "$greets" "$name" step4-waitpid
        checked "$scratch/doing"
        is "$name" 2 1
        [[ $output != *also:* ]]
    done
    doing "$greets" no-mistake step4-waitpid
    edited 's/ _exit(0);//
        s/die("server: accept");/{ perror("accept"); sleep(1); }/' \
        "$scratch/doing.c" loops
    checked "$scratch/loops" # its accept fails: it has closed the socket
    is child-returns-to-accept 2 1
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: a child that closes when its client has is one all the same" {
    doing "$greets shutdown(conn_fd, SHUT_WR); char b; \
        read(conn_fd, \\&b, 1);" no-mistake step4-waitpid
    checked "$scratch/doing"
    is correct 4 0
}

# bats test_tags=slow
@test "check: a process that only starts the server anew is not the server" {
    edited '/^main/,$s/    for (;;) {/    while (fork() > 0) wait(NULL);&/' \
        "$kit/step4-waitpid/server.c" watched
    checked "$scratch/watched"
    is correct 4 0
    [[ $output != *@(note|failed)* ]]
}

# bats test_tags=slow
@test "check: who serves one client and ends is sequential, and no more" {
    edited '/^main/,$s/ close(conn_fd);/ return 0;/' \
        "$kit/step1-sequential/server.c" once
    checked "$scratch/once"
    is sequential 1 1
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: fork-inverted, where the process that serves ends at once" {
    doing "$greets" fork-inverted step4-waitpid
    checked "$scratch/doing"
    is fork-inverted 1 1
    [[ $output != *also:* ]]
}

# parent_does CODE: step 4 whose parent does this before it forks.
parent_does()
{
    edited "s/ pid_t pid = fork();/ $1 pid_t pid = fork();/" \
        "$kit/step4-waitpid/server.c" parent
}

# bats test_tags=slow
@test "check: a parent that reads before it forks is sequential" {
    parent_does 'char b; recv(conn_fd, \&b, 1, MSG_PEEK);'
    checked "$scratch/parent"
    is sequential 1 1
    [[ $output == *'before it forks'* ]]
}

# bats test_tags=slow
@test "check: what a parent says before it forks is not from a child" {
    parent_does 'write(conn_fd, "hello\\n", 6);'
    edited 's/ echo_client(conn_fd);//' "$scratch/parent.c" says
    checked "$scratch/says"
    [[ $output != *fork-failure-as-child* ]]
    is correct 4 0
}

# bats test_tags=slow
@test "check: a reset before accept ends a parent that greets" {
    parent_does 'if (write(conn_fd, "hi\\n", 3) == -1) exit(1);'
    checked "$scratch/parent"
    is dies-on-reset 4 1
}

@test "check: never-waits is not also said of a handler that hangs" {
    facts_of_step4 left_in_turn_is=all left_in_turn=7 catches=yes blocks=no \
        mixed=waits mixed_spins=yes
    checked -r "$scratch/facts"
    is spinning-loop 2 1
    [[ $output != *also:* ]]
    facts_of_step4 left_in_turn_is=all left_in_turn=7 catches=yes blocks=no
    checked -r "$scratch/facts"
    is never-waits 2 1
}

# bats test_tags=slow
@test "check: a child that signals whoever is its parent does not end it" {
    for sig in SIGUSR1 SIGRTMIN; do
        doing "if (fork() > 0) _exit(0); echo_client(conn_fd); \
            kill(getppid(), $sig);" no-mistake step4-waitpid
        checked "$scratch/doing"
        is double-fork 4 0
    done
}

# bats test_tags=slow
@test "check: no-htons: it can be started again on the port it was told" {
    mistake no-htons step4-waitpid
    checked "$scratch/no-htons"
    is no-htons 4 1
    [[ $output != *also:* ]]
}

# bats test_tags=slow
@test "check: each mistake and each alternative has its own name" {
    run "$kit/tests/confusion"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "check: every mistake in the table has a patch or is a step" {
    for name in $(sed -n '/^# --- Mistakes/,/^# --- Right/s/^\[\(.*\)\]$/\1/p' \
        "$kit/tests/verdicts"); do
        echo "$name"
        case $name in
        sequential | never-waits | waits-once) ;;
        *) [ -f "$kit/tests/mistakes/$name.patch" ] ;;
        esac
    done
}

@test "check: every name in the table has its place in docs/mistakes.md" {
    for name in $(sed -n 's/^\[\([a-z-]*\)\]$/\1/p' "$kit/tests/verdicts") \
        cannot-tell; do
        echo "$name"
        grep -q "^| \`$name\` |" "$kit/docs/mistakes.md"
    done
}

@test "check: docs/mistakes.md has the mistakes in the order of the table" {
    sed -n '/^# --- Mistakes/,/^# --- Right/s/^\[\(.*\)\]$/\1/p' \
        "$kit/tests/verdicts" | awk '
        { last[$0] = NR }
        END { for (name in last) print last[name], name }' | sort -n |
        sed 's/.* //' >"$scratch/table"
    sed -n 's/^| `\([a-z-]*\)` |.*/\1/p' "$kit/docs/mistakes.md" |
        head -n "$(wc -l <"$scratch/table")" >"$scratch/doc"
    diff "$scratch/table" "$scratch/doc"
}

@test "check: without the facts that it needs, it is not called correct" {
    printf '%s\n' kind=silent served_by=child second=served mixed=served \
        stray=served left_in_turn_is=none left_in_turn=0 \
        'left_out=together: its children do not end' >"$scratch/facts"
    checked -r "$scratch/facts"
    is cannot-tell 3 2
    [[ $output == *'Left out: together: its children do not end'* ]]
}

# facts_of_step4 KEY=VALUE...: those that make it correct, but for these.
facts_of_step4()
{
    printf '%s\n' kind=echoes served_by=child second=served mixed=served \
        stray=served left_in_turn_is=none left_together_is=none left_older=0 \
        left_killed=0 "$@" >"$scratch/facts"
}

@test "check: on all addresses: a mistake in this kit, a note elsewhere" {
    facts_of_step4 address=all kit_interface=no
    checked -r "$scratch/facts"
    is correct 4 0
    [ "${lines[2]}" = 'note: all-interfaces' ]
    facts_of_step4 address=all kit_interface=yes
    checked -r "$scratch/facts"
    is all-interfaces 4 1
}

@test "check: it ends when no process is left: a mistake in this kit" {
    facts_of_step4 without_process=dies kit_interface=yes
    checked -r "$scratch/facts"
    is dies-of-shortage 4 1
    [[ $output == *'failed    without a process left'* ]]
    facts_of_step4 without_process=dies kit_interface=no
    checked -r "$scratch/facts"
    is correct 4 0
    [ "${lines[2]}" = 'note: dies-of-shortage' ]
    [[ $output == *'note      without a process left'* ]]
    [[ $output == *'ok        without a descriptor left'* || \
        $output == *'left out  without a descriptor left'* ]]
}

@test "check: a note is no failure: its line is marked, and it has its point" {
    facts_of_step4 kind=answers first_line_printed=8 address=all restart=fails \
        few_descriptors=waits without_descriptor=spins without_process=drops \
        listener_is_started=yes kit_interface=no at_once=5
    checked -r "$scratch/facts"
    is correct 4 0
    [ "$(grep -c '^note: ' <<<"$output")" -eq 6 ]
    [ "$(grep -c '^note  ' <<<"$output")" -eq 6 ]
    [[ $output != *failed* ]]
    run -0 "$kit/tests/check" -f gradescope -r "$scratch/facts"
    [[ $output != *'"score": 0, "max_score": 1, "status"'* ]]
}

@test "check: children whose accept fails have not exited: not correct" {
    facts_of_step4 says_in_turn=accept-bad-descriptor
    checked -r "$scratch/facts"
    is child-returns-to-accept 4 1
}

@test "check: a killed child that stays a zombie: not correct, step 3" {
    facts_of_step4 left_killed=1
    checked -r "$scratch/facts"
    is child-must-tell 3 1
    facts_of_step4 left_killed=unknown # it has grandchildren, say
    checked -r "$scratch/facts"
    is correct 4 0
}

@test "check: a habit does not hide that it cannot be told" {
    printf '%s\n' kind=echoes address=all kit_interface=yes >"$scratch/facts"
    checked -r "$scratch/facts"
    is cannot-tell 1 2
    [ "${lines[2]}" = 'also: all-interfaces' ]
}

@test "check: one more mistake needs one more entry, and no code" {
    cp -R "$kit/tests" "$scratch/tests"
    chmod -R u+w "$scratch/tests"
    printf '%s\n' '[likes-cats]' 'probe: served' 'when: cats>=3' \
        'saw: {cats}' ' cats: meow.' >>"$scratch/tests/verdicts"
    echo cats=4 >"$scratch/facts"
    run "$scratch/tests/check" -r "$scratch/facts"
    [ "${lines[1]}" = 'verdict: likes-cats' ]
    [[ $output == *'likes-cats: 4 cats: meow.'* ]]
}

@test "check: -f tap and -f junit come out of bats" {
    PATH=$BATS_ROOT/bin:$PATH # before the folder of what bats is made of
    facts_of_step3
    run -1 "$kit/tests/check" -f tap -r "$facts"
    [[ $output == *'not ok 5 nothing is left when they leave together'* ]]
    run -1 "$kit/tests/check" -f junit -r "$facts"
    [[ $output == *'<testcase '*'they leave together'*'<failure'* ]]
}

@test "check: -f gradescope is JSON with a score for each probe" {
    printf '%s\n' left_in_turn=5 left_in_turn_is=all 'left_out="b" \c' \
        >"$scratch/facts"
    run -1 "$kit/tests/check" -f gradescope -r "$scratch/facts"
    [[ $output == *'"score": 0, "max_score": 1, "status": "failed"'* ]]
    command -v python3 >/dev/null || skip 'no python3 to read it with'
    python3 -m json.tool <<<"$output"
}

@test "check: bad use is named in one line, status 2" {
    for args in '' '-p' '-p x server' '-p 70000 server' '-f xml server' \
        '-r nofile' '-x server' '/no/such/server'; do
        # shellcheck disable=SC2086 # several arguments
        checked $args
        echo "$args: $stderr"
        [ "$status" -eq 2 ]
        [ "$(wc -l <<<"$stderr")" -eq 1 ]
    done
}

@test "check: a server that ends at once: what it said is shown, status 2" {
    checked sh -c 'echo "no config" >&2; exit 3'
    [ "$status" -eq 2 ]
    [[ $stderr == *'does not come to listen'*'no config'* ]]
}

@test "check: a port that another program has: status 2" {
    start step1-sequential
    checked -p "$port" "$kit/step4-waitpid/server" "$port"
    [ "$status" -eq 2 ]
    [[ $stderr == "port $port is taken by another program" ]]
}

@test "check: a server with a port of its own, behind a script" {
    start step1-sequential # for a port that is free, once it is gone
    stop_server
    printf '#!/bin/sh\n"%s" %s\n' "$kit/step4-waitpid/server" "$port" \
        >"$scratch/own"
    chmod +x "$scratch/own"
    checked -p "$port" "$scratch/own"
    is correct 4 0
}

# some_of FILE: is a process there that has this in its command line? none_of
# FILE: is none there?
some_of()
{
    ps -A -o args= | grep -F "$1" | grep -v -e grep -e facts -e tests/check
}
none_of()
{
    ! some_of "$1"
}

@test "check: a server that forks without end is stopped" {
    printf '%s\n' '#!/bin/sh' 'while :; do "$0" "$@" & done' >"$scratch/bomb"
    chmod +x "$scratch/bomb"
    checked "$scratch/bomb"
    [ "$status" -eq 2 ]
    # On a busy machine it may have come to its limit, and ended, unseen.
    [[ $stderr == *@(processes without end|not come to listen)* ]]
    eventually 'no process of it' none_of "$scratch/bomb"
}

@test "check: Ctrl-C leaves no process and no file" {
    takes INT
    set -m
    "$kit/tests/check" "$kit/step2-fork/server" >"$scratch/shown" 2>&1 3>&- &
    local check=$!
    set +m
    eventually 'the server' some_of "$kit/step2-fork/server"
    kill -INT "-$check"
    status=0
    wait "$check" || status=$?
    [ "$status" -eq 130 ]
    eventually 'no server' none_of "$kit/step2-fork/server"
    [ -z "$(ls -d "$TMPDIR"/check.* 2>/dev/null)" ]
}
