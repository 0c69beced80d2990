#!/usr/bin/env bats
# Servers that were once given a wrong name, or may be: each is made here from a
# step, run, and judged.
load helper
load judged

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

# doing CODE NAME STEP: with that mistake, and its child does this instead of an
# echo: $scratch/doing. With no-mistake, only that.
greets='write(conn_fd, "hello\\n", 6);'
answers='char b[99]; read(conn_fd, b, 99); write(conn_fd, "yes\\n", 4);'
doing()
{
    [ "$2" = no-mistake ] && cp "$kit/$3/server.c" "$scratch/$2.c" ||
        mistake "$2" "$3"
    edited "s/ echo_client(conn_fd);/ $1/" "$scratch/$2.c" doing
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
@test "check: a pipe that is never emptied: poll does not wait any more" {
    build_patched "$kit/step4-waitpid/alternatives/self-pipe.patch" \
        step4-waitpid "$scratch/self-pipe"
    edited '/while (read(wake_fds/,/;/d' "$scratch/self-pipe.c" full
    checked "$scratch/full"
    is accept-spins 4 1
}

# bats test_tags=slow
@test "check: who collects by a timer, each four seconds, is not accused" {
    edited 's/sigaction(SIGCHLD/alarm(4), sigaction(SIGALRM/
        s/    errno = saved_errno;/    alarm(4);&/' \
        "$kit/step4-waitpid/server.c" timer
    checked "$scratch/timer"
    is correct 4 0
}

# bats test_tags=slow
@test "check: it spins without a descriptor, though low numbers are free" {
    edited 's/^ *int conn_fd = accept_client/dup2(listen_fd, 50); &/
        /sleep(1)/d' "$kit/step4-waitpid/server.c" gap
    checked "$scratch/gap"
    is accept-spins 4 1
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

# parent_does CODE: step 4 whose parent does this before it forks.
parent_does()
{
    edited "s/ pid_t pid = fork();/ $1 pid_t pid = fork();/" \
        "$kit/step4-waitpid/server.c" parent
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
@test "check: prefork, where the first process does not listen any more" {
    mistake prefork step1-sequential
    edited 's/ pause();/ { close(listen_fd); pause(); }/' \
        "$scratch/prefork.c" workers
    checked "$scratch/workers"
    is prefork 1 1
    [[ $output != *also:* ]]
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
@test "check: a greeting does not stand for the bytes that are missing" {
    mistake stops-at-nul step4-waitpid
    edited 's/ pid_t pid = fork();/ write(conn_fd, "hello\\n", 6);&/' \
        "$scratch/stops-at-nul.c" greets
    checked "$scratch/greets"
    is stops-at-nul 4 1
}

# bats test_tags=slow
@test "check: a reset before accept ends a parent that greets" {
    parent_does 'if (write(conn_fd, "hi\\n", 3) == -1) exit(1);'
    checked "$scratch/parent"
    is dies-on-reset 4 1
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
@test "check: a first line with numbers of any length is the same line" {
    mistake stdio-flushed-twice step4-waitpid
    edited 's/(long)getpid()/1L << getpid() % 50/' \
        "$scratch/stdio-flushed-twice.c" numbers
    checked "$scratch/numbers"
    [[ $output == *stdio-flushed-twice* ]]
}
