#!/usr/bin/env bats
# make demo SCENE=...: each scene checks what it shows (it exits with 1 if
# anything differs from the lesson); here, the numbers, and how it behaves.
load helper

# scene NAME: plays it; all is as the lesson says.
scene()
{
    run --separate-stderr "$kit/tests/scenes" "$1"
    echo "status $status: $output $stderr"
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
    awk 'length > 80 { print "too long: " $0; bad = 1 } END { exit bad }' \
        <<<"$output"
}
# shows TEXT...: one scene after another, these results, as regular expressions.
shows()
{
    local results
    results=$(grep -E '^  [^ ]' <<<"$output" | cut -c 43-)
    [ "$results" = "$(printf '%s\n' "$@")" ]
}

# bats test_tags=slow
@test "descriptors: 6 clients and no end; 1000 with step 4" {
    scene descriptors
    shows 'it sees no end' '6 served, then no other' \
        'it sees the end' '1000 served'
}
# bats test_tags=slow
@test "processes: 49 clients and 49 zombies; 1000 and 0 with step 4" {
    [[ $(id -u) -eq 0 ]] || skip 'other processes of this user come and go'
    scene processes
    [[ $(id -u) -ne 0 ]] || shows '49 served, then no other' '1000 served'
    [[ $output == *'0 live children, 0 zombies'* ]]
    [[ $output == *'fork: Resource temporarily unavailable'* ]]
}
@test "listener: the port stays taken while a child lives; not in step 2" {
    scene listener
    shows 'the child lives on' 'cannot bind' 'the child lives on' listens \
        'is served'
}
@test "no-exit: 5 live children; 0 in step 2" {
    scene no-exit
    shows '5 live children' '0 live children'
}
# bats test_tags=slow
@test "blocking-wait: the second client waits; not in step 4" {
    scene blocking-wait
    shows '0 served' '0 zombies' 'all served' '0 zombies'
}
# bats test_tags=slow
@test "unexpected: 3 kinds of end, 3 zombies, and each exited with 0" {
    scene unexpected
    shows '3 zombies' '0 zombies'
    [ "$(grep -c '^    child .* exited with   0$' <<<"$output")" -eq 3 ]
}
# bats test_tags=slow
@test "pending: ten ended children are one bit; 9, 0 and 0 zombies" {
    scene pending
    [ "$(grep -c '9 zombies$' <<<"$output")" -eq 1 ]
    [ "$(grep -c ' 0 zombies$' <<<"$output")" -eq 2 ]
    [[ ! -e /proc/self/status ]] ||
        [ "$(grep -Ec 'that are pending  +[1248]0+$' <<<"$output")" -eq 3 ]
}
# bats test_tags=slow
@test "orphans: 3 children serve on, and have another parent" {
    scene orphans
    [[ $output == *'its children                            serve on'* ]]
    [[ $output == *'nothing to inherit'* ]]
}
# bats test_tags=slow
@test "signal: 4 zombies with strict flags and glibc; else 0, sigaction too" {
    scene signal
    strict=0
    [[ $output != *__sysv_signal* ]] || strict=4
    [ "$(grep -c "another  *$strict zombies$" <<<"$output")" -ge 1 ]
    [ "$(grep -c 'another  *0 zombies$' <<<"$output")" -ge 2 ]
}

# bats test_tags=slow
@test "all scenes, one after another, leave nothing behind" {
    run "$kit/tests/scenes" all
    [ "$status" -eq 0 ]
    [ "$(grep -c '^ => ' <<<"$output")" -eq 9 ]
    [ -z "$(ls "$TMPDIR")" ]
}

@test "scenes, alternatives: bad use gets one line, status 2; --help says how" {
    for script in scenes alternatives; do
        for bad in '' x 'all x'; do
            # shellcheck disable=SC2086 # several words, or none
            run --separate-stderr "$kit/tests/$script" $bad
            [ "$status" -eq 2 ]
            [ -z "$output" ]
            [ "${#stderr_lines[@]}" -eq 1 ]
        done
        run "$kit/tests/$script" --help
        [ "$status" -eq 0 ]
        [[ $output == *"usage: tests/$script "* ]]
    done
}

@test "make demo SCENE=no-exit plays it; SCENE=, ALTERNATIVE=list list all" {
    run make -s -C "$kit" demo SCENE=no-exit
    [ "$status" -eq 0 ]
    [[ $output == *'no-exit: the child goes back to accept'* ]]
    for which in SCENE:scenes ALTERNATIVE:alternatives; do
        run make -s -C "$kit" demo "${which%:*}=list"
        [ "$output" = "$("$kit/tests/${which#*:}" --list)" ]
        [ "${#lines[@]}" -ge 7 ]
    done
}

copy_of_kit()
{
    mkdir -p "$scratch/kit/tests"
    cp -R "$kit"/step* "$scratch/kit"
    cp -R "$kit"/tests/{scenes,alternatives,lib.sh,show.sh,zombies,clients} \
        "$kit/tests/mistakes" "$scratch/kit/tests"
    chmod -R u+w "$scratch/kit"
}
@test "a scene that is not as the lesson says: named, status 1" {
    copy_of_kit
    cp "$kit/step1-sequential/server" "$scratch/kit/step4-waitpid/server"
    run --separate-stderr "$scratch/kit/tests/scenes" listener
    [ "$status" -eq 1 ]
    [[ $stderr == *'scenes: listener: saw "'*'" where the lesson says "'* ]]
}
@test "a patch that does not fit: says so, status 2" {
    copy_of_kit
    sed -i.old 's/echo_client(conn_fd)/serve(conn_fd)/' \
        "$scratch/kit/step2-fork/server.c"
    run --separate-stderr "$scratch/kit/tests/scenes" no-exit
    [ "$status" -eq 2 ]
    [[ $stderr == *'does not fit step2-fork/server.c'* ]]
}

none_left_of_scenes()
{
    ! ps -A -o args= | grep -F "$scratch/scenes." | grep -qv grep
}
@test "scenes: SIGTERM leaves no process and no file" {
    "$kit/tests/scenes" no-exit >"$scratch/shown" 2>&1 3>&- &
    local scenes=$!
    eventually 'a scene' grep -q '5 live' "$scratch/shown"
    kill -TERM "$scenes"
    status=0
    wait "$scenes" || status=$?
    [ "$status" -eq 143 ]
    eventually 'nothing to be left' none_left_of_scenes
    [ -z "$(ls -d "$scratch"/scenes.* 2>/dev/null)" ]
}

# bats test_tags=slow
@test "each alternative is as it says, beside step 4, in 80 columns" {
    run --separate-stderr "$kit/tests/alternatives" all
    echo "status $status: $output $stderr"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$(grep -c 'frozen, 10 leave: step4 .* 10 zombies$' <<<"$output")" -eq 7 ]
    [ "$(grep -c 'it goes on: .* 0 zombies$' <<<"$output")" -eq 14 ]
    awk 'length > 80 { exit 1 }' <<<"$output"
}
