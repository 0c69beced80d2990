#!/usr/bin/env bats
load helper
load system

@test "step 2: ten clients at once are all served, by ten children" {
    start step2-fork
    open_clients 10
    live_are 10
    zombies_now 0
}

@test "step 2: ten clients that leave one after another leave 10 zombies" {
    start step2-fork
    open_clients 10
    close_in_turn 10 10
    zombies_now 10
}

@test "step 2: ten clients that hang up together leave 10 zombies" {
    start step2-fork
    open_clients 10
    hang_up_together 10
    zombies_now 10
}

@test "step 2: 20 clients that hang up together leave 20 zombies" {
    start step2-fork
    open_clients 20
    hang_up_together 20
    zombies_now 20
}

@test "step 2: a client that closes, resets or is killed: 3 equal zombies" {
    start step2-fork
    open_clients 2
    close_clients 1
    say reset 1
    eventually 'zombies of both' zombies_are 2
    "$kit/tests/clients" "$port" open 1 hold >"$scratch/hold" 3>&- &
    eventually 'a third client' grep -q hold: "$scratch/hold"
    kill -KILL $!
    wait $! 2>/dev/null || :
    eventually 'the third zombie' zombies_are 3
}

@test "step 2: kill -9 on a zombie changes nothing" {
    start step2-fork
    open_clients 1
    close_clients 1
    eventually '1 zombie' zombies_are 1
    kill -9 "$(children "$server")"
    open_clients 1 # served later, so the signal has arrived
    zombies_now 1
}

@test "step 2: a zombie holds 0 descriptors and no memory" {
    on_linux
    start step2-fork
    open_clients 1
    pid=$(children "$server")
    grep -q VmSize "/proc/$pid/status"
    close_clients 1
    eventually '1 zombie' zombies_are 1
    [ -z "$(ls "/proc/$pid/fd")" ]
    run grep VmSize "/proc/$pid/status"
    [ "$status" -eq 1 ]
}

@test "step 2: when the server is killed, its 5 zombies go" {
    start step2-fork
    open_clients 5
    close_clients all
    eventually '5 zombies' zombies_are 5
    pids=$(children "$server")
    stop_server
    eventually 'the zombies to be reaped' none_left $pids
}

@test "step 2: kill -CHLD with a client connected: the next is served" {
    start step2-fork
    open_clients 1
    kill -CHLD "$server"
    open_clients 1
}

@test "step 2: kill -STOP one child: the next client is served" {
    start step2-fork
    open_clients 1
    kill -STOP "$(children "$server")"
    eventually 'a stopped child' is_in T "$(children "$server")"
    open_clients 1
}

@test "step 2: the child has the client's socket, the parent the listening" {
    on_linux
    start step2-fork
    open_clients 1
    child=$(children "$server")
    eventually 'both to have closed what is not theirs' one_socket_each
    [ "$(readlink "/proc/$server/fd/3")" != "$(readlink "/proc/$child/fd/4")" ]
}
one_socket_each()
{
    [[ $(sockets "$server") == 1 && $(sockets "$child") == 1 ]]
}
sockets()
{
    find "/proc/$1/fd" -lname 'socket:*' | wc -l
}

@test "step 2: a client that half-closes sees the end: no copy is left open" {
    start step2-fork
    open_clients 1
    say half-close all
    answers '1 done, 0 waiting, 0 failed'
}
