#!/usr/bin/env bats
# Servers of another shape, given a wrong name once, or likely to be: they
# answer, greet, or close at once; or another process is the server.
load helper
load judged

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
