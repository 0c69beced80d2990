#!/usr/bin/env bats
# server [port [address]]: what is taken, and what is refused how.
load helper

# refused EXPECTED ARG...: all four servers exit with 2, and say EXPECTED in
# one line on stderr, with the usage.
refused()
{
    local step
    for step in $all_steps; do
        run --separate-stderr "$kit/$step/server" "${@:2}"
        echo "$step ${*:2}: status $status, stderr: $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [[ $stderr == "server: bad $1; usage: server "* ]]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "a port that is no number is refused" {
    refused 'port "http"' http
    refused 'port "--help"' --help
    refused 'port ""' ''
}
@test "a port with something before or after the number is refused" {
    refused 'port "80x"' 80x
    refused 'port " 80"' ' 80'
    refused 'port "80 "' '80 '
    refused 'port "+80"' +80
    refused 'port "0x50"' 0x50
}
@test "a port below 0 or above 65535 is refused" {
    refused 'port "-1"' -1
    refused 'port "65536"' 65536
    refused 'port "99999999999999999999"' 99999999999999999999
}
@test "an address that is not IPv4 is refused" {
    refused 'address "localhost"' 0 localhost
    refused 'address "::1"' 0 ::1
    refused 'address "127.0.0"' 0 127.0.0
    refused 'address ""' 0 ''
}
@test "a third argument is refused" {
    refused 'argument "x"' 0 127.0.0.1 x
}

@test "port 0: the kernel chooses, and not 0" {
    for step in $all_steps; do
        start "$step" 0
        [ "$port" -gt 0 ]
        stop_server
    done
}
@test "a port that is given is the port it listens on" {
    start step1-sequential
    stop_server # so this port is free
    wanted=$port
    for step in $all_steps; do
        start "$step" "$wanted"
        [ "$port" -eq "$wanted" ]
        open_clients 1
        stop_crowd
        stop_server
    done
}
@test "without arguments it listens on 127.0.0.1 port 7007" {
    run --separate-stderr "$kit/tests/clients" 7007 connect 1
    [[ $output == *'Connection refused'* ]] || skip 'port 7007 is in use here'
    for step in $all_steps; do
        : >"$scratch/out"
        start_server sh -c 'exec "$0"' "$kit/$step/server" ||
            if grep -q ' in use$' "$scratch/err"; then
                skip 'port 7007 is in use here'
            fi
        [ "$(cat "$scratch/out")" = \
            "pid $server listening on 127.0.0.1 port 7007" ]
        stop_server
    done
}
@test "an address that is given is the only one it listens on" {
    for step in $all_steps; do
        start "$step" 0 127.0.0.1
        run "$kit/tests/clients" -a 127.0.0.2 "$port" connect 1
        [[ $output == *'1 failed: 1 Connection refused'* ]]
        stop_server
    done
}
@test "a port in use: one line that names bind, exit status 1" {
    start step1-sequential
    for step in $all_steps; do
        run "$kit/$step/server" "$port"
        [ "$status" -eq 1 ]
        [[ $output == 'server: bind: Address '*'in use' ]] # as libc words it
        [ "${#lines[@]}" -eq 1 ]
    done
}
@test "an address of another machine: one line that names bind" {
    run "$kit/step1-sequential/server" 0 192.0.2.1
    [ "$status" -eq 1 ]
    [[ $output == 'server: bind: '* ]]
}
