#!/usr/bin/env bats
load helper

@test "step 4: ten clients at once are all served, by ten children" {
    start step4-waitpid
    open_clients 10
    live_are 10
}

@test "step 4: ten clients that leave one after another leave 0 zombies" {
    start step4-waitpid
    open_clients 10
    close_in_turn 10 0
    zombies_now 0
}

@test "step 4: ten clients that hang up together leave 0 zombies" {
    start step4-waitpid
    open_clients 10
    hang_up_together 10
    zombies_now 0
}

@test "step 4: 20 clients that hang up together leave 0 zombies" {
    start step4-waitpid
    open_clients 20
    hang_up_together 20
    zombies_now 0
}

@test "step 4: 200 clients that hang up together leave 0 zombies" {
    start step4-waitpid
    open_clients 200
    hang_up_together 200
    zombies_now 0
}

@test "step 4: of 10 clients 5 hang up together: 5 children stay and serve" {
    start step4-waitpid
    open_clients 10
    freeze
    close_clients 5
    eventually '5 zombies' zombies_are 5
    thaw
    say ping
    answers '5 asked, 5 done, 0 waiting, 0 failed'
    eventually '0 zombies' zombies_are 0
    live_are 5
}

@test "step 4: a client that resets and one that is killed: 0 zombies" {
    start step4-waitpid
    open_clients 1
    say reset 1
    "$kit/tests/clients" "$port" open 1 hold >"$scratch/hold" 3>&- &
    eventually 'a second client' grep -q hold: "$scratch/hold"
    kill -KILL $!
    wait $! 2>/dev/null || :
    eventually 'no child at all' children_are 0
}

@test "step 4: kill -CHLD with a client connected: the next is served" {
    start step4-waitpid
    open_clients 1
    kill -CHLD "$server"
    open_clients 1
}

@test "step 4: kill -STOP one child: the next client is served" {
    start step4-waitpid
    open_clients 1
    kill -STOP "$(children "$server")"
    eventually 'a stopped child' is_in T "$(children "$server")"
    open_clients 1
}
