#!/usr/bin/env bats
# make demo: what it shows is checked by itself (it exits with 1 if anything
# differs from the lesson); here, how it behaves.
load helper
load system

demo()
{
    run --separate-stderr "$kit/tests/demo" "$@"
    echo "status $status: $output $stderr"
}

@test "demo: all four steps are as the lesson says, in 80 columns" {
    demo
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    awk 'length > 80 { print "too long: " $0; bad = 1 } END { exit bad }' \
        <<<"$output"
    for step in $all_steps; do
        grep -q "^Step .* $step/server.c$" <<<"$output"
    done
    # the README shows how it ends
    [ "$(tail -n 5 <<<"$output")" = \
        "$(grep -A 4 '^10 clients ' "$kit/README.md")" ]
}

# bats test_tags=slow
@test "demo 3, CLIENTS=20: one step, with reasons: 0 in turn, 19 together" {
    CLIENTS=20 demo 3
    [ "$status" -eq 0 ]
    [[ $output != *step2-fork* ]]
    [[ $output == *'queue: SIGCHLD is pending or not'* ]]
    grep -q 'one after another  *0 zombies$' <<<"$output"
    grep -q 'leave together  *19 zombies$' <<<"$output"
}

@test "make demo STEP=1 CLIENTS=3 hands both on" {
    run make -s -C "$kit" demo STEP=1 CLIENTS=3
    [ "$status" -eq 0 ]
    [[ $output == *'3 clients connect'*'1 served, 2 wait'* ]]
    [[ $output != *$'\033'* ]] # no colour in a pipe
}

@test "demo: bad use gets one line and status 2" {
    for bad in 0 5 x '1 2'; do
        # shellcheck disable=SC2086 # several words
        demo $bad
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [ -z "$output" ]
    done
    for bad in 1 0 x 1000 -5 008; do
        CLIENTS=$bad demo 1
        [ "$status" -eq 2 ]
        [ "$stderr" = \
            "demo: CLIENTS=\"$bad\": not a number from 2 to 999" ]
    done
}

@test "demo --help says how, status 0" {
    demo --help
    [ "$status" -eq 0 ]
    [[ $output == *'usage: tests/demo '* ]]
}

@test "demo: SIGCHLD ignored by who starts it: says so, status 2" {
    # bash passes an ignored SIGCHLD on; dash would not
    run bash -c "trap '' CHLD; exec bash '$kit/tests/demo'"
    [ "$status" -eq 2 ]
    [[ $output == 'demo: SIGCHLD is ignored by what started this'* ]]
}

@test "demo: too few descriptors for its clients: says so, status 2" {
    run sh -c "ulimit -n 40; CLIENTS=100 '$kit/tests/demo'"
    [ "$status" -eq 2 ]
    [[ $output == *'110 descriptors, but only 40 are allowed'* ]]
    [[ $output == *'demo: too few descriptors allowed'* ]]
}

@test "demo: too few processes allowed: says so, status 2, leaves nothing" {
    [[ $(head -n 1 "$kit/tests/demo") != *bash ]] ||
        skip 'bash says so itself, with a status of its own'
    step_down
    open=$(mktemp -d /tmp/bats-open.XXXXXX) # $scratch is not for other users
    chmod 777 "$open"
    TMPDIR=$open run $as_nobody sh -c \
        '{ ulimit -u 8 || ulimit -p 8; } 2>/dev/null; exec "$0" 2' \
        "$real_kit/tests/demo"
    echo "$status: $output"
    [ "$status" -eq 2 ]
    rmdir "$open" # so it is empty
    [[ $output == *'see ulimit -u'* ]]
}

@test "demo: a ps without the columns: says so, status 2" {
    printf '#!/bin/sh\nexit 1\n' >"$scratch/ps"
    chmod +x "$scratch/ps"
    PATH=$scratch:$PATH demo
    [ "$status" -eq 2 ]
    [[ $stderr == *'this ps cannot do'* ]]
}

@test "demo: a server that is not as the lesson says: named, status 1" {
    mkdir "$scratch/kit"
    cp -R "$kit"/step* "$scratch/kit"
    mkdir "$scratch/kit/tests"
    cp "$kit"/tests/{demo,lib.sh,show.sh,zombies,clients} "$scratch/kit/tests"
    chmod -R u+w "$scratch/kit"
    cp "$kit/step4-waitpid/server" "$scratch/kit/step3-signal/server"
    run --separate-stderr "$scratch/kit/tests/demo" 3
    [ "$status" -eq 1 ]
    [[ $stderr == *'demo: step 3: saw "0 zombies" where the lesson says "9'* ]]
}

none_left_of_demo()
{
    ! ps -A -o args= | grep -F "$BATS_RUN_TMPDIR/kit/" |
        grep -E 'server|clients'
}

# interrupted SIGNAL STEP SCENE: the demo of STEP gets SIGNAL in that scene.
interrupted()
{
    set -m # with job control, a background process can be interrupted
    "$kit/tests/demo" "$2" >"$scratch/shown" 2>&1 3>&- &
    local demo=$!
    set +m
    eventually "the scene $3" grep -q "$3" "$scratch/shown"
    kill -"$1" "-$demo" # to the whole group, as a terminal does
    status=0
    wait "$demo" || status=$?
}

@test "demo: Ctrl-C leaves no process and no file, whatever the scene" {
    takes INT
    # none of them so late that the demo could end before the signal comes
    for scene in '1 Step 1' '2 leave one after' '3 kill -CHLD' \
        '3 kill -STOP' '4 leave one after'; do
        interrupted INT "${scene%% *}" "${scene#* }"
        [ "$status" -eq 130 ]
        eventually 'nothing to be left' none_left_of_demo
        [ -z "$(ls -d "$TMPDIR"/demo.* 2>/dev/null)" ]
    done
}

@test "demo: SIGTERM leaves no process and no file" {
    interrupted TERM 2 'Step 2'
    [ "$status" -eq 143 ]
    eventually 'nothing to be left' none_left_of_demo
    [ -z "$(ls -d "$TMPDIR"/demo.* 2>/dev/null)" ]
}

@test "demo: says so, and exits 2, when nobody can have seen it" {
    [[ -c /dev/full ]] || skip 'there is no /dev/full here'
    # shellcheck disable=SC2016 # the inner shell expands it
    run -2 sh -c '"$0" 2>&1 >/dev/full' "$kit/tests/demo"
    [[ $output == *'demo: cannot write this'* ]]
}

@test "demo 1 on a terminal: an early Enter does not count; the echo is back" {
    command -v script >/dev/null || skip 'no script(1) here'
    takes INT
    mkfifo "$scratch/keys"
    for end in '\004 2' '\003 130'; do # Ctrl-D, Ctrl-C
        rm -f "$scratch/shown"
        set -m # or Ctrl-C would be ignored
        script -qec "trap : INT; stty -g; read -r _; '$kit/tests/demo' 1
            echo \"status \$?\"; stty -g" /dev/null \
            <"$scratch/keys" >"$scratch/shown" 3>&- &
        set +m
        exec 6>"$scratch/keys"
        printf '\n\n\n\n' >&6 # the first one starts the demo
        eventually 'a pause that names the scene' \
            grep -q '10 clients connect  *\[Enter' "$scratch/shown"
        # shellcheck disable=SC2059 # it is a key
        printf "${end% *}" >&6
        eventually 'the end of the demo' grep "status ${end#* }" \
            "$scratch/shown"
        exec 6>&-
        wait $!
        tr -d '\r' <"$scratch/shown" >"$scratch/lines"
        cat "$scratch/lines"
        grep -x '[0-9a-f:]*:[0-9a-f:]*' "$scratch/lines" >"$scratch/modes"
        [ "$(wc -l <"$scratch/modes")" -eq 2 ]
        [ "$(uniq "$scratch/modes" | wc -l)" -eq 1 ]
    done
}
