#!/usr/bin/env bats
# What all four servers keep: their line on stdout, and the echo.
load helper
load system

# for_each_step COMMAND [ARG...]: runs it once with each server, and names the
# one with which it fails.
for_each_step()
{
    local step
    for step in $all_steps; do
        start "$step"
        echo "with $step:" # shown if it fails
        "$@" # not in an || list: that would switch off set -e inside
        stop_crowd
        stop_server
    done
}

only_line()
{
    [ "$(cat "$scratch/out")" = \
        "pid $server listening on 127.0.0.1 port $port" ]
}
@test "all steps: one line on stdout says pid, address and port" {
    for_each_step only_line
}

nothing_more()
{
    open_clients 1
    say send 5000
    close_clients all
    open_clients 1
    only_line
    [ ! -s "$scratch/err" ]
}
@test "all steps: nothing else on stdout, and nothing on stderr" {
    for_each_step nothing_more
}

whole()
{
    say "$@"
    answers '1 asked, 1 done, 0 waiting, 0 failed'
}
mebibyte()
{
    start_crowd -k "$1"
    open_clients 1
    whole send 1048576
    whole half-close
}
@test "all steps: 1 MiB of every byte value comes back whole, then the end" {
    for_each_step mebibyte binary
}
@test "all steps: one line of 1 MiB comes back whole" {
    for_each_step mebibyte line
}

many_messages()
{
    open_clients 1
    for i in 1 2 3 4 5 6 7 8 9 10; do
        whole ping
    done
}
@test "all steps: ten messages, one after another, on one connection" {
    for_each_step many_messages
}

half_close_first()
{
    open_clients 1
    whole push 100000
    whole half-close
}
@test "all steps: what is sent before a half-close comes back after it" {
    for_each_step half_close_first
}

silent_client()
{
    say connect 1
    whole half-close
    close_clients all
    open_clients 1
}
@test "all steps: a client that sends nothing is sent nothing" {
    for_each_step silent_client
}

survives_reset()
{
    open_clients 1
    say push 1000
    say reset all
    open_clients 1
}
@test "all steps: a client that resets does not end the server" {
    for_each_step survives_reset
}

survives_unread()
{
    open_clients 1
    freeze # so that the server writes to a client that is gone
    say push 100000
    close_clients all
    thaw
    open_clients 1
}
@test "all steps: a client that leaves its echo unread does not end the server" {
    takes PIPE
    for_each_step survives_unread
}

stderr_stays_empty_on_term()
{
    open_clients 1
    kill -TERM "$server"
    wait "$server" || status=$?
    [ "$status" -eq 143 ]
    [ ! -s "$scratch/err" ]
}
@test "all steps: SIGTERM ends the server" {
    for_each_step stderr_stays_empty_on_term
}
