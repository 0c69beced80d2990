#!/usr/bin/env bats
# tests/clients: what the other tests rely on. If it counted wrong, so would
# they, so it is shown servers that do wrong.
load helper
load system

clients()
{
    run --separate-stderr "$kit/tests/clients" "$@"
    echo "status $status: $output $stderr"
}

@test "clients: open counts those who are served" {
    start step4-waitpid
    clients "$port" open 3
    [ "$status" -eq 0 ]
    [ "$output" = 'open: 3 connected, 3 served, 0 waiting, 0 failed' ]
}

@test "clients: open counts those who wait, and status is 1" {
    start step1-sequential
    open_clients 1
    clients "$port" deadline 0.3 open 3
    [ "$status" -eq 1 ]
    [ "${lines[1]}" = 'open: 3 connected, 0 served, 3 waiting, 0 failed' ]
}

@test "clients: of 150 at once in step 1, 1 is served, 149 wait, 0 fail" {
    start step1-sequential
    open_clients 1
    say deadline 0.5
    say open 149
    answers 'open: 149 connected, 0 served, 149 waiting, 0 failed'
}

@test "clients: a refused connection is counted, with the reason" {
    start step1-sequential
    stop_server
    clients "$port" open 3
    [ "$status" -eq 1 ]
    [ "$output" = 'open: 0 connected, 0 served, 0 waiting, 3 failed:'` \
        `' 3 Connection refused' ]
}

@test "clients: a server that ends early is counted, with the reason" {
    start step1-sequential
    open_clients 1
    kill -KILL "$server"
    say ping
    answers '1 failed: 1 '
}

@test "clients: a wrong byte is noticed" {
    sed 's/n = write(/buf[got \/ 2] ^= 1; &/' "$kit/step1-sequential/server.c" \
        >"$scratch/server.c"
    cc -o "$scratch/server" "$scratch/server.c"
    start_server "$scratch/server"
    say open 1
    answers '0 connected, 0 served, 0 waiting, 1 failed: 1 a wrong byte came'
}

@test "clients: a lost byte is noticed" {
    sed -e 's/(size_t)(got - sent)/& - (got > 100)/' \
        -e 's/sent += n/& + (got > 100)/' \
        "$kit/step1-sequential/server.c" >"$scratch/server.c"
    cc -o "$scratch/server" "$scratch/server.c"
    start_server "$scratch/server"
    open_clients 1
    say deadline 0.5
    say send 200
    answers 'send: 1 asked, 0 done, 1 waiting, 0 failed'
}

@test "clients: a byte too many is noticed" {
    sed 's/n = write(/(void)!write(conn_fd, buf, 1); &/' \
        "$kit/step1-sequential/server.c" >"$scratch/server.c"
    cc -o "$scratch/server" "$scratch/server.c"
    start_server "$scratch/server"
    say open 1
    answers '1 failed: 1 more came back than was sent'
}

@test "clients: close takes the oldest, one by number, or all" {
    start step4-waitpid
    open_clients 5
    say close 1
    answers 'close: 1 closed, 4 left'
    say close @3
    answers 'close: 1 closed, 3 left'
    say ping @4
    answers 'ping: 1 asked, 1 done'
    say close
    answers 'close: 3 closed, 0 left'
}

@test "clients: 80000 bytes come back whole to each of 20 clients" {
    start step4-waitpid
    open_clients 20
    say send 80000
    answers 'send: 20 asked, 20 done, 0 waiting, 0 failed'
}

@test "clients: 1000 connections, held and closed" {
    start step4-waitpid
    open_clients 1000
    live_are 1000
    say close all
    answers 'close: 1000 closed, 0 left'
    eventually '0 live children' live_are 0
}

@test "clients: too few descriptors: said before it starts" {
    start step1-sequential
    run sh -c "ulimit -n 50; '$kit/tests/clients' $port open 100"
    [ "$status" -eq 2 ]
    [ "$output" = 'clients: open: 100 clients need 110 descriptors, but only'` \
        `' 50 are allowed (ulimit -n)' ]
}

@test "clients: hold keeps them until SIGINT" {
    takes INT
    start step4-waitpid
    set -m # with job control, a background process can be interrupted
    "$kit/tests/clients" "$port" open 3 hold >"$scratch/hold" 3>&- &
    set +m
    eventually 'three clients' grep -q hold: "$scratch/hold"
    live_are 3
    kill -INT $!
    eventually '0 live children' live_are 0
}

@test "clients: bad use gets one line and status 2" {
    for bad in http '70000' '-k x 80' '-a localhost 80' '-z 80' \
        '80 fly' '80 open' '80 open x' '80 send' '80 deadline 0' \
        '80 deadline 0x10' '80 ping @3'; do
        # shellcheck disable=SC2086 # several words
        clients $bad
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "clients: --help says how, status 0" {
    clients --help
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == 'usage: clients '* ]]
}

@test "clients: hear shows a line that comes unasked, and status is 0" {
    sed 's/ while ((got = read/ (void)!write(conn_fd, "hello\\n", 6);&/' \
        "$kit/step1-sequential/server.c" >"$scratch/server.c"
    cc -std=c99 -o "$scratch/server" "$scratch/server.c"
    start_server "$scratch/server"
    clients "$port" connect 1 hear
    [ "$status" -eq 0 ]
    [ "${lines[1]}" = 'hear: hello' ]
}

@test "clients: hear shows when no line comes, and status is 1" {
    start step1-sequential
    clients "$port" deadline 0.1 connect 1 hear
    [ "$status" -eq 1 ]
    [ "${lines[2]}" = 'hear: (no line)' ]
}
