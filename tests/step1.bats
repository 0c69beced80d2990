#!/usr/bin/env bats
load helper

@test "step 1: of ten clients at once, 1 is served and 9 wait" {
    start step1-sequential
    open_clients 1
    say deadline 0.5
    say open 9
    answers '9 connected, 0 served, 9 waiting, 0 failed'
}

@test "step 1: when the first client leaves, the second one is served" {
    start step1-sequential
    open_clients 1
    say deadline 0.5
    say open 1
    answers '0 served, 1 waiting'
    say deadline 30
    close_clients @1
    say await @2
    answers '1 asked, 1 done, 0 waiting, 0 failed'
}

@test "step 1: 20 clients, one after another, are all served" {
    start step1-sequential
    for ((i = 1; i <= 20; i++)); do
        open_clients 1
        close_clients all
    done
}

@test "step 1: 20 clients that hang up together leave 0 zombies: no child" {
    start step1-sequential
    say connect 20
    freeze
    close_clients all
    thaw
    open_clients 1
    [ -z "$(children "$server")" ]
    zombies_now 0
}
