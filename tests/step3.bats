#!/usr/bin/env bats
load helper

@test "step 3: ten clients at once are all served, by ten children" {
    start step3-signal
    open_clients 10
    live_are 10
}

@test "step 3: ten clients that leave one after another leave 0 zombies" {
    start step3-signal
    open_clients 10
    close_in_turn 10 0
    zombies_now 0
}

@test "step 3: ten clients that hang up together leave 9 zombies" {
    start step3-signal
    open_clients 10
    hang_up_together 10
    zombies_now 9
}

@test "step 3: 20 clients that hang up together leave 19 zombies" {
    start step3-signal
    open_clients 20
    hang_up_together 20
    zombies_now 19
}

@test "step 3: 2 clients that hang up together leave 1 zombie" {
    start step3-signal
    open_clients 2
    hang_up_together 2
    zombies_now 1
}

@test "step 3: each further SIGCHLD collects one of the 9 zombies" {
    start step3-signal
    open_clients 10
    hang_up_together 10
    for left in 8 7 6 5 4 3 2 1 0; do
        kill -CHLD "$server"
        eventually "$left zombies" zombies_are "$left"
    done
}

@test "step 3: kill -CHLD with a client connected hangs it until that leaves" {
    start step3-signal
    open_clients 1
    kill -CHLD "$server"
    say deadline 0.5
    say open 1
    answers '1 connected, 0 served, 1 waiting, 0 failed'
    is_in S "$server"
    say deadline 30
    close_clients @1
    say await @2
    answers '1 done, 0 waiting, 0 failed'
}

@test "step 3: kill -STOP one child hangs the server until that child ends" {
    start step3-signal
    open_clients 1
    child=$(children "$server")
    kill -STOP "$child"
    eventually 'the child to be stopped' is_in T "$child"
    say deadline 0.5
    say open 1
    answers '1 connected, 0 served, 1 waiting, 0 failed'
    say deadline 30
    kill -KILL "$child"
    say await @2
    answers '1 done, 0 waiting, 0 failed'
}

# bats test_tags=slow
@test "step 3: when the server is killed, its 9 zombies go" {
    start step3-signal
    open_clients 10
    hang_up_together 10
    pids=$(children "$server")
    stop_server
    stop_crowd
    eventually 'the zombies to be reaped' none_left $pids
}
