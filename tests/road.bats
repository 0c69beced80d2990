#!/usr/bin/env bats
# The student's road: make start, check, hint, reset, watch-check.
load helper

# in_a_copy: goes into a copy of the kit in which nobody has started.
in_a_copy()
{
    mkdir "$scratch/kit"
    cp -Rp "$kit/Makefile" "$kit/tests" "$kit"/step* "$scratch/kit"
    chmod -R u+w "$scratch/kit"
    cd "$scratch/kit" || return
}

# at STEP: the student's server is that of the step, comment and all.
at()
{
    cp "$kit/$1/server.c" work/server.c
}

# texts VERDICT [FIELD]: what tests/hints says there, in its fields or in one.
texts()
{
    awk -v name="[$1]" -v field="${2-}" '
        /^\[/ { here = $0 == name }
        /^[a-z]+: / { wanted = field == "" || $1 == field ":" }
        here && wanted && !/^\[/' "$kit/tests/hints"
}

@test "start: work/server.c is step 1; started again: one line, status 2" {
    in_a_copy
    make -s start
    cmp work/server.c "$kit/step1-sequential/server.c"
    run --separate-stderr tests/road start
    [ "$status" -eq 2 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *'"make reset" starts over'* ]]
}

@test "reset: step 1 again; the first two servers are kept as .1 and .2" {
    in_a_copy
    tests/road start
    for n in 1 2; do
        echo "/* try $n */" >work/server.c
        tests/road reset
        [ "$(cat work/server.c.$n)" = "/* try $n */" ]
        cmp work/server.c "$kit/step1-sequential/server.c"
    done
}

@test "check: an error of the compiler comes first and alone, status 2" {
    in_a_copy
    tests/road start
    echo 'int main(void) { return }' >work/server.c
    run --separate-stderr tests/road check
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == 'work/server.c:'*error*'it does not compile'* ]]
    run -2 tests/road hint # those for step 1 would be beside the point
}

@test "hint: three hints, each another; the fourth time all three" {
    in_a_copy
    tests/road start
    for n in 1 2 3; do
        [[ "$(tests/road hint)" == "Hint $n of 3: "* ]]
    done
    [[ "$(tests/road hint)" == 'Those were all three. '* ]]
}

@test "hints: each of 41 verdicts has three, a station also what comes next" {
    # what is only ever noted is no verdict
    names=$(awk -v RS= -F '[][]' '/^\[[a-z-]+\]/ && !/\nnote: also/ {
        print $2 }' "$kit/tests/verdicts" | sort -u)
    [ "$(wc -w <<<"$names")" -ge 41 ]
    for name in $names; do
        echo "$name: $(texts "$name" | cut -d: -f1 | xargs)"
        [ "$(texts "$name" hint | grep -c '^hint: ')" -eq 3 ]
        [ -z "$(texts "$name" at)" ] || [ -n "$(texts "$name" next)" ]
    done
}

@test "hints: no station says a word of what comes after the next step" {
    run ! grep -E '2 wait|zombie|SIGCHLD|sigaction' <(texts sequential)
    run ! grep -E 'waitpid|WNOHANG|while \(' <(texts never-waits)
    run ! grep -E 'WNOHANG|while \(|waitpid\(' <(texts waits-once)
}

@test "road: bad use gets one line and status 2, --help says how" {
    for bad in '' walk 'start now' 'check' 'hint' 'reset' 'watch'; do
        in_a_copy 2>/dev/null
        # shellcheck disable=SC2086 # a list
        run --separate-stderr tests/road $bad
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        cd .. && rm -rf kit
    done
    run "$kit/tests/road" --help
    [[ $output == *'usage: tests/road '* ]]
}

# says STATUS TEXT: make check says this.
says()
{
    run --separate-stderr tests/road check 3>&-
    echo "$status: $output"
    [ "$status" -eq "$1" ]
    [[ $output == "$2"* ]]
}

# bats test_tags=slow
@test "road: step 1 to step 4, a station each, and step 4 is correct" {
    in_a_copy
    tests/road start
    says 0 'step 1: one client at a time'
    at step2-fork
    says 0 'step 2: a child for each client'
    [[ $output == *'7 clients came and left, and 7 zombies are there'* ]]
    at step3-signal
    says 0 'step 3: one wait for each signal'
    [[ $output == *'that ended together, 9 stay'* ]]
    at step4-waitpid
    says 0 'step 4: correct'
}

# bats test_tags=slow
@test "road: a wrong turn is named, and its hints are its own" {
    in_a_copy
    tests/road start
    build_patched tests/mistakes/waits-after-fork.patch step2-fork work/server
    says 1 'step 1, with a wrong turn: waits-after-fork'
    run tests/road hint
    [[ $output == 'Hint 1 of 3: The child serves. What does the parent do'* ]]
}

# bats test_tags=slow
@test "road: a mistake that stays comes before the next station" {
    in_a_copy
    tests/road start
    build_patched tests/mistakes/child-keeps-listener.patch step2-fork \
        work/server
    says 1 'step 2, with a wrong turn: child-keeps-listener'
    [[ $output != *never-waits* ]]
}

# bats test_tags=slow
@test "watch: it checks when the file has changed, and ends by a signal" {
    in_a_copy
    tests/road start
    tests/road watch >"$scratch/watch" 2>&1 3>&- &
    watching=$!
    eventually 'the first check' grep -q '^step 1' "$scratch/watch"
    echo 'int main(void) { return }' >work/server.c
    eventually 'the second' grep -q 'does not compile' "$scratch/watch"
    kill $watching
    wait $watching || [ $? -eq 143 ]
}
