#!/usr/bin/env bats
# make bench: that it counts right, and leaves nothing behind. How fast
# anything is, no test asserts.
load helper

bench()
{
    run --separate-stderr "$kit/tests/bench" "$@"
    echo "status $status: $output $stderr"
}

# What tests/bench builds for itself, for the tests to use by hand.
setup_file()
{
    cc -std=c99 -pedantic -Wall -Wextra -Werror \
        -o "$BATS_FILE_TMPDIR/bench" "$kit/tests/bench.c"
}
measure="$BATS_FILE_TMPDIR/bench"

@test "bench: bad use gets one line and status 2" {
    for bad in x --csv '--quick 3'; do
        # shellcheck disable=SC2086 # several words
        bench $bad
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [ -z "$output" ]
    done
    for bad in 0 x 100 -5 ''; do
        BENCH_ROUNDS=$bad bench
        [ "$status" -eq 2 ]
        [ "$stderr" = \
            "bench: BENCH_ROUNDS=\"$bad\": not a number from 1 to 99" ]
    done
}

@test "bench --help says how to use it" {
    bench --help
    [ "$status" -eq 0 ]
    [[ $output == *'usage: tests/bench'* ]]
    [ -z "$stderr" ]
}

@test "bench.c: bad use gets one line and status 2" {
    for bad in '' x load 'load 1 2' 'load 0 1 1' 'load 1 1001 1' 'load 1 1 0s' \
        'load 1 1 1 1' 'floor 1' 'floor 61s' 'noecho 1' 'port x'; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr "$measure" $bad
        echo "$bad: $status $stderr"
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "bench load: 200 connections to step 4 are 200 done, 0 failed" {
    start step4-waitpid
    run "$measure" load "$port" 16 200
    [[ $output == 'clients=16 done=200 per_s='*' failed=0 stalled='* ]]
    eventually 'no child' live_are 0
    zombies_are 0
}

@test "bench load: 200 connections to step 2 leave 200 zombies" {
    start step2-fork
    "$measure" load "$port" 16 200
    eventually 'no live child' live_are 0
    zombies_are 200
}

@test "bench load: where nobody listens, 20 connections are 20 failed" {
    run "$measure" load "$("$measure" port)" 4 20
    [[ $output == 'clients=4 done=0 per_s=0 '*' failed=20 stalled=0' ]]
}

@test "bench floor prints how many forks a second, noecho ends 20 of 20" {
    run "$measure" floor 0.01s
    [[ $output =~ ^per_s=[1-9][0-9]*$ ]]
    start_server "$measure" noecho
    run "$measure" load -n "$port" 4 20
    [[ $output == 'clients=4 done=20 '*' failed=0 stalled='* ]]
    eventually 'no child' live_are 0
}

# bats test_tags=slow
@test "bench --quick: a table in 80 columns, and CSV, for each server" {
    bench --quick --csv "$scratch/csv"
    [ "$status" -eq 0 ]
    awk 'length > 80 { print "too long: " $0; bad = 1 } END { exit bad }' \
        <<<"$output"
    for server in noecho $all_steps; do
        [ "$(grep -c "^load,$server,[14],0,1,.*,0,[0-9]*$" \
            "$scratch/csv")" -eq 2 ]
        [ "$(grep -c "^$server " <<<"$output")" -ge 2 ]
    done
    grep -q '^idle,step4-waitpid,4,20,1,.*,0,[0-9]*$' "$scratch/csv"
    grep -q '^zombies,step2-fork,4,20,1,.*,0,[0-9]*$' "$scratch/csv"
    rm "$scratch/csv"
    ! compgen -G "$scratch/bench.*" # its own folder is gone
}

@test "bench: Ctrl-C ends it, and its server, and leaves no file" {
    BENCH_TIME=0.1s "$kit/tests/bench" >"$scratch/shown" 2>&1 3>&- &
    bench=$!
    eventually 'its first numbers' compgen -G "$scratch/bench.*/raw"
    kill -TERM $bench
    mine=$(family $bench)
    wait $bench || [ $? -eq 143 ]
    # shellcheck disable=SC2086 # a list of numbers
    none_left $mine
    ! compgen -G "$scratch/bench.*"
}
