#!/usr/bin/env bats
# Grading a class: tests/grade, and the fence that runs each submission.
load helper

fence=$kit/tests/facts/fence

# grade [ARG...]: grades $scratch/class; the results are in $scratch/out.
grade()
{
    "$kit/tests/grade" -o "$scratch/out" "$@" "$scratch/class" \
        >"$scratch/log" 2>&1 3>&-
}

# submits NAME [TEXT]: hands that in as a server.c; without TEXT nothing.
submits()
{
    mkdir -p "$scratch/class/$1"
    [ $# -eq 1 ] || echo "$2" >"$scratch/class/$1/server.c"
}

# row NAME: its line in results.csv, without the seconds.
row()
{
    sed -n "s/^\(\"*$1\"*,.*\),[0-9]*\$/\1/p" "$scratch/out/results.csv"
}

@test "grade: no folder, an empty one, 0 jobs: one line, status 2" {
    mkdir "$scratch/empty" "$scratch/class"
    submits anna
    for bad in '' "$scratch/none" "$scratch/empty" "-j 0 $scratch/class" \
        "-j x $scratch/class" "-o $scratch/class/x $scratch/class"; do
        # shellcheck disable=SC2086 # a list
        run --separate-stderr "$kit/tests/grade" $bad
        echo "$bad: $stderr"
        [ "$status" -eq 2 ]
        [ "$(grep -vc 'you are not root\|^docs' <<<"$stderr")" -eq 1 ]
    done
}

@test "grade: one without a server, one that does not compile: 0 points" {
    submits anna
    submits 'Bo, "B" Li' 'int main(void) { return }'
    grade
    [ "$(row anna)" = 'anna,no-server,,0,0' ]
    grep -q '^"Bo, ""B"" Li",does-not-compile,,0,0,' "$scratch/out/results.csv"
    grep -q "error: .*expected" "$scratch/out/text/Bo, \"B\" Li.txt"
    grep -q '^1 of 2: does-not-compile' "$scratch/out/summary.txt"
}

@test "grade: goes on where it was, -n begins anew" {
    submits anna
    submits bo
    grade
    echo 'bo,kept,,4,100,1' >"$scratch/out/rows/bo"
    rm "$scratch/out/rows/anna"
    grade
    [ "$(row anna) $(row bo)" = 'anna,no-server,,0,0 bo,kept,,4,100' ]
    grade -n
    [ "$(row bo)" = 'bo,no-server,,0,0' ]
}

@test "grade: two shares of three, and then the table of all" {
    for name in anna bo chris; do submits $name; done
    grade -s 1/2
    (cd "$scratch/out/text" && [ "$(echo *)" = 'anna.txt chris.txt' ])
    grade -s 2/2
    grade
    [ "$(wc -l <"$scratch/out/results.csv")" -eq 4 ]
    for bad in 1 0/2 3/2 x/2 1/x; do
        run "$kit/tests/grade" -s $bad "$scratch/class"
        [ "$status" -eq 2 ]
    done
}

long=$((BASHPID + 100000)) # seconds, by which this run's sleep is known

@test "fence: ended after 1 second with all that came of it: status 124" {
    run "$fence" -t 1 \
        sh -c "exec >/dev/null 2>&1; sleep $long & sleep $long" 3>&-
    [ "$status" -eq 124 ]
    run ! grep -F "sleep $long" <(ps -A -o args= | grep -v grep)
}

@test "fence: who ends in time leaves nothing running, and its status" {
    run "$fence" -t 30 sh -c "exec >/dev/null 2>&1; sleep $long & exit 3" 3>&-
    [ "$status" -eq 3 ]
    run ! grep -F "sleep $long" <(ps -A -o args= | grep -v grep)
}

@test "fence: told to end, it ends its command: status 125" {
    "$fence" -t 30 sleep "$long" 3>&- &
    eventually 'its command' pgrep_args "sleep $long"
    kill $!
    wait $! || [ $? -eq 125 ]
    run ! pgrep_args "sleep $long"
}
a_check_runs()
{
    ps -A -o args= | grep -q "$scratch/grade[^ ]*/facts "
}
pgrep_args()
{
    ps -A -o args= | grep -qxF "$1"
}

@test "fence: as another user, without the groups of root" {
    [ "$(id -u)" -eq 0 ] || skip 'only root can become another user'
    run "$fence" -u 2000000001 id -G
    [ "$output" = 2000000001 ]
}

@test "fence: bad use gets one line and status 2" {
    for bad in '' '-t 0 true' '-t x true' '-k' '-u 5'; do
        # shellcheck disable=SC2086 # a list
        run --separate-stderr "$fence" $bad
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

# bats test_tags=slow
@test "grade: four steps get 20, 50, 70, 100 points, two at a time" {
    for step in $all_steps; do
        submits "$step" "$(cat "$kit/$step/server.c")"
    done
    grade -j 2
    [ "$(row step1-sequential)" = 'step1-sequential,sequential,,1,20' ]
    [ "$(row step2-fork)" = 'step2-fork,never-waits,,2,50' ]
    [ "$(row step3-signal)" = 'step3-signal,waits-once,,3,70' ]
    [ "$(row step4-waitpid)" = 'step4-waitpid,correct,,4,100' ]
}

# bats test_tags=slow
@test "grade: interrupted, it leaves no process, and goes on later" {
    submits anna "$(cat "$kit/step2-fork/server.c")"
    submits bo
    "$kit/tests/grade" -o "$scratch/out" "$scratch/class" 2>/dev/null 3>&- &
    eventually 'a check' a_check_runs
    kill $!
    wait $! || [ $? -eq 143 ]
    [ ! -e "$scratch/out/rows/anna" ]
    run ! compgen -G "$scratch/grade.*"
    grade
    [ "$(row anna)" = 'anna,never-waits,,2,50' ]
}

# bats test_tags=slow
@test "grade: nothing hostile disturbs the others, or is left" {
    [ "$(id -u)" -eq 0 ] || skip 'only root can give each its own user'
    "$kit/tests/class" "$scratch/class" hostile
    submits last
    "$kit/tests/grade" -j 2 -o "$scratch/out" "$scratch/class" 2>&1 3>&- &
    wait $!
    # Its users, and those of no other grade that may run at this time.
    low=$((1880000000 + $! % 4194304 * 60))
    for patch in "$kit"/tests/hostile/*.patch; do
        name=$(basename "$patch" .patch)
        row "[0-9]*-$name" | grep ",$(sed -n 's/^Verdict: //p' "$patch"),"
    done
    [ "$(row last)" = 'last,no-server,,0,0' ]
    [ -z "$(ps -A -o uid= | awk -v low=$low '$1 >= low && $1 < low + 60')" ]
    [ ! -e /tmp/left ]
}
