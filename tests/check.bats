#!/usr/bin/env bats
# The check as a program: its output in each format, and what it does with bad
# use, with hostile servers, and with a Ctrl-C.
load helper
load system
load judged

# facts_of_step3: those, in a file; seen only once.
facts_of_step3()
{
    facts=$BATS_FILE_TMPDIR/facts
    [[ -s $facts ]] ||
        "$kit/tests/check" -f facts "$kit/step3-signal/server" >"$facts"
}

# bats test_tags=slow
@test "check: step 1 is at step 1: sequential" {
    checked "$kit/step1-sequential/server"
    is sequential 1 1
}

# bats test_tags=slow
@test "check: step 2 is at step 2: never-waits, each a zombie, 10 of 10" {
    checked "$kit/step2-fork/server"
    is never-waits 2 1
    [[ $output == *@(3|7)' clients came and left'*'10 of 10'* ]]
}

@test "check: step 3 is at step 3: waits-once, 9 zombies of 10" {
    facts_of_step3
    grep -qx 'left_together=9' "$facts"
    checked -r "$facts"
    is waits-once 3 1
    [[ $output == *'10 children ended'*'9 stay'* ]]
}

@test "check: step 4 is correct" {
    checked "$kit/step4-waitpid/server"
    is correct 4 0
    [[ $output != *also:* ]]
}

@test "check: -f tap and -f junit come out of bats" {
    PATH=$BATS_ROOT/bin:$PATH # before the folder of what bats is made of
    facts_of_step3
    run -1 "$kit/tests/check" -f tap -r "$facts"
    [[ $output == *'not ok 5 nothing is left when they leave together'* ]]
    run -1 "$kit/tests/check" -f junit -r "$facts"
    [[ $output == *'<testcase '*'they leave together'*'<failure'* ]]
}

@test "check: -f gradescope is JSON with a score for each probe" {
    printf '%s\n' left_in_turn=5 left_in_turn_is=all 'left_out="b" \c' \
        >"$scratch/facts"
    run -1 "$kit/tests/check" -f gradescope -r "$scratch/facts"
    [[ $output == *'"score": 0, "max_score": 1, "status": "failed"'* ]]
    command -v python3 >/dev/null || skip 'no python3 to read it with'
    python3 -m json.tool <<<"$output"
}

@test "check: bad use is named in one line, status 2" {
    for args in '' '-p' '-p x server' '-p 70000 server' '-f xml server' \
        '-r nofile' '-x server' '/no/such/server'; do
        # shellcheck disable=SC2086 # several arguments
        checked $args
        echo "$args: $stderr"
        [ "$status" -eq 2 ]
        [ "$(wc -l <<<"$stderr")" -eq 1 ]
    done
}

@test "check: a server that ends at once: what it said is shown, status 2" {
    checked sh -c 'echo "no config" >&2; exit 3'
    [ "$status" -eq 2 ]
    [[ $stderr == *'does not come to listen'*'no config'* ]]
}

@test "check: a port that another program has: status 2" {
    start step1-sequential
    checked -p "$port" "$kit/step4-waitpid/server" "$port"
    [ "$status" -eq 2 ]
    [[ $stderr == "port $port is taken by another program" ]]
}

@test "check: a server with a port of its own, behind a script" {
    start step1-sequential # for a port that is free, once it is gone
    stop_server
    printf '#!/bin/sh\n"%s" %s\n' "$kit/step4-waitpid/server" "$port" \
        >"$scratch/own"
    chmod +x "$scratch/own"
    checked -p "$port" "$scratch/own"
    is correct 4 0
}

# some_of FILE: is a process there that has this in its command line? none_of
# FILE: is none there?
some_of()
{
    ps -A -o args= | grep -F "$1" | grep -v -e grep -e facts -e tests/check
}
none_of()
{
    ! some_of "$1"
}

@test "check: a server that forks without end is stopped" {
    printf '%s\n' '#!/bin/sh' 'while :; do "$0" "$@" & done' >"$scratch/bomb"
    chmod +x "$scratch/bomb"
    checked "$scratch/bomb"
    [ "$status" -eq 2 ]
    # On a busy machine it may have come to its limit, and ended, unseen.
    [[ $stderr == *@(processes without end|not come to listen)* ]]
    eventually 'no process of it' none_of "$scratch/bomb"
}

@test "check: Ctrl-C leaves no process and no file" {
    takes INT
    set -m
    "$kit/tests/check" "$kit/step2-fork/server" >"$scratch/shown" 2>&1 3>&- &
    local check=$!
    set +m
    eventually 'the server' some_of "$kit/step2-fork/server"
    kill -INT "-$check"
    status=0
    wait "$check" || status=$?
    [ "$status" -eq 130 ]
    eventually 'no server' none_of "$kit/step2-fork/server"
    [ -z "$(ls -d "$TMPDIR"/check.* 2>/dev/null)" ]
}
