#!/usr/bin/env bats
# Servers that were once given a wrong name, or may be: each is made here from a
# step, run, and judged.
load helper
load judged

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
