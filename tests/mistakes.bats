#!/usr/bin/env bats
# What a step would be without one of its lines; and the same look at the step.
load helper

# build NAME: makes $scratch/server, the step with that mistake made.
build()
{
    local patch=$kit/tests/mistakes/$1.patch
    build_patched "$patch" \
        "$(sed -n 's|^--- a/\(.*\)/server.c.*|\1|p' "$patch")" "$scratch/server"
}

# start_wrong NAME: starts the step with that mistake made.
start_wrong()
{
    build "$1"
    start_server "$scratch/server"
}

# start_with_ten_fds PROGRAM: 0, 1, 2, the listening socket, and six more.
start_with_ten_fds()
{
    # shellcheck disable=SC2016 # the inner shell expands it
    start_server sh -c 'ulimit -n 10; exec "$0" 0' "$1"
}

@test "parent-keeps-connection: a client that half-closes sees no end" {
    start_wrong parent-keeps-connection
    open_clients 1
    say deadline 0.5
    say half-close all
    answers '0 done, 1 waiting, 0 failed'
    eventually 'the child to have ended' live_are 0
}

@test "parent-keeps-connection: 10 descriptors are used up by 6 clients" {
    build parent-keeps-connection
    start_with_ten_fds "$scratch/server"
    open_clients 6
    close_clients all
    say deadline 0.5
    say open 1
    answers '1 connected, 0 served, 1 waiting, 0 failed'
    grep -q '^server: accept: .* \(files\|descriptors\)' "$scratch/err"
}

@test "step 2 closes it: 10 descriptors are enough for 100 clients in turn" {
    start_with_ten_fds "$kit/step2-fork/server"
    for ((i = 0; i < 100; i++)); do
        open_clients 1
        close_clients all
    done
    [ ! -s "$scratch/err" ]
}

# leave_a_child: one client is connected; the server is killed, its child not.
leave_a_child()
{
    open_clients 1
    kill -KILL "$server"
    wait "$server" || :
}

@test "child-keeps-listener: no restart while its client is connected" {
    start_wrong child-keeps-listener
    leave_a_child
    run "$kit/step4-waitpid/server" "$port"
    [ "$status" -eq 1 ]
    [[ $output == 'server: bind: Address '*'in use' ]] # as libc words it
}

@test "step 4 closes it: restarted while a client is connected" {
    start step4-waitpid
    leave_a_child
    start_server "$kit/step4-waitpid/server" "$port"
    say ping # the old child still serves
    answers '1 asked, 1 done, 0 waiting, 0 failed'
    open_clients 1
}

@test "child-returns-to-accept: 5 clients that left leave 5 live children" {
    start_wrong child-returns-to-accept
    open_clients 5
    close_clients all
    freeze # so it is a child that serves the next client
    open_clients 1
    live_are 5
    zombies_now 0
}

@test "step 2 exits: 5 clients that left leave 0 live children" {
    start step2-fork
    open_clients 5
    close_clients all
    eventually '0 live children' live_are 0
    zombies_now 5
}

@test "waits-after-fork: clients are served one by one, 0 zombies" {
    start_wrong waits-after-fork
    open_clients 1
    say deadline 0.5
    say open 1
    answers '1 connected, 0 served, 1 waiting, 0 failed'
    say deadline 30
    close_clients @1
    say await @2
    answers '1 asked, 1 done, 0 waiting, 0 failed'
    zombies_now 0
}

@test "a patch must fit to the letter: other words around it are refused" {
    sed 's/ if (pid == 0) {/ if (!pid) {/' \
        "$kit/tests/mistakes/child-keeps-listener.patch" >"$scratch/near.patch"
    run build_patched "$scratch/near.patch" step4-waitpid "$scratch/server"
    [ "$status" -eq 1 ]
    [[ $output == *'near.patch does not fit step4-waitpid/server.c'* ]]
    [ ! -e "$scratch/server" ]
}

@test "a patched server that gives a warning is not built" {
    sed 's/+        waitpid(.*/+        char *p = 1, *q = p;/' \
        "$kit/tests/mistakes/waits-after-fork.patch" >"$scratch/warns.patch"
    run build_patched "$scratch/warns.patch" step2-fork "$scratch/server"
    [ "$status" -eq 1 ]
    [[ $output == *pointer* ]]
    [ ! -e "$scratch/server" ]
}
