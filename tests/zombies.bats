#!/usr/bin/env bats
# tests/zombies: the counter itself, with both kinds of ps.
load helper
load system

zombies()
{
    run --separate-stderr "$kit/tests/zombies" "$@"
    echo "status $status: $output $stderr"
}

# three_of_five: 5 clients of step 2, of whom 3 have left.
three_of_five()
{
    start step2-fork
    open_clients 5
    close_clients 3
    eventually '3 zombies' zombies_are 3
}

@test "zombies PID: the server, its children, the zombies marked, the counts" {
    three_of_five
    zombies "$server"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 8 ]
    [[ ${lines[0]} =~ ^\ *PID\ +PPID\ STAT\ COMMAND$ ]]
    [[ ${lines[1]} =~ ^\ *$server\ +$$\ S ]]
    [ "$(grep -cE "^ *[0-9]+ +$server Z.* <- zombie$" <<<"$output")" -eq 3 ]
    [ "$(grep -cE "^ *[0-9]+ +$server S[^<]*$" <<<"$output")" -eq 2 ]
    [ "${lines[7]}" = '2 live children, 3 zombies' ]
}

@test "zombies -c and -l: the bare counts" {
    three_of_five
    zombies -c "$server"
    [ "$output" = 3 ]
    zombies -l "$server"
    [ "$output" = 2 ]
}

@test "zombies without a PID finds this kit's servers, and not their children" {
    three_of_five
    zombies
    [ "$status" -eq 0 ]
    [ "$(grep -cE "^ *$server " <<<"$output")" -eq 1 ]
    [ "$(grep -cE "^ *[0-9]+ +$server " <<<"$output")" -eq 5 ]
}

@test "zombies without a PID leaves out a stranger's server" {
    on_linux
    echo 'int pause(void); int main(void) { return pause(); }' >"$scratch/p.c"
    cc -o "$scratch/server" "$scratch/p.c"
    "$scratch/server" 3>&- &
    stranger=$!
    zombies
    kill "$stranger"
    ! grep -E "^ *$stranger " <<<"$output" || false
}

@test "zombies without a PID: a zombie whose server is gone is no server" {
    printf '#!/bin/sh\necho "1 0 S init"; echo "7 1 Z server"\n' >"$scratch/ps"
    chmod +x "$scratch/ps"
    PATH=$scratch:$PATH zombies
    [ "$status" -eq 1 ]
    [ "$stderr" = 'zombies: no server of this kit is running' ]
}

@test "zombies never counts itself" {
    zombies -l $$
    expected=$(ps -A -o ppid= -o comm= | awk -v p=$$ '$1 == p' | wc -l)
    [ "$output" -le "$expected" ]
    # as the child of a shell, and as what a shell has become
    run sh -c '"$0" -l $$; :' "$kit/tests/zombies"
    [ "$output" = 0 ]
    run sh -c 'exec "$0" -l $$' "$kit/tests/zombies"
    [ "$output" = 0 ]
}

@test "zombies: no such process: one line, status 1" {
    start step1-sequential
    gone=$server
    stop_server
    zombies "$gone"
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [ "$stderr" = "zombies: no such process: $gone" ]
}

@test "zombies: bad use: one line, status 2" {
    for bad in x -x 12x ''; do
        zombies "$bad"
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "zombies: a ps without the columns: one line says so, status 2" {
    printf '#!/bin/sh\nexit 1\n' >"$scratch/ps"
    chmod +x "$scratch/ps"
    PATH=$scratch:$PATH zombies $$
    [ "$status" -eq 2 ]
    [ "$stderr" = 'zombies: this ps cannot do: ps -A -o pid= -o ppid='` \
        `' -o stat= -o comm=' ]
}

@test "zombies gives the same counts with the ps of busybox" {
    busybox ps -o stat >/dev/null 2>&1 || skip 'no busybox with ps here'
    three_of_five
    mkdir "$scratch/bin"
    ln -s "$(command -v busybox)" "$scratch/bin/ps"
    PATH=$scratch/bin:$PATH zombies "$server"
    [ "${lines[7]}" = '2 live children, 3 zombies' ]
    [ "$(grep -c ' <- zombie' <<<"$output")" -eq 3 ]
}

@test "zombies --help says how, status 0" {
    zombies --help
    [ "$status" -eq 0 ]
    [[ $output == *'usage: tests/zombies '* ]]
}
