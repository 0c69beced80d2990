#!/usr/bin/env bats
# make rehearse, which types a document; make predict, which asks first.
load helper
load system

# document LINE...: writes a document with one console block.
document()
{
    printf '%s\n' '# Title' '' '```console' "$@" '```' >"$scratch/doc.md"
}

# own_kit: a copy of the kit: other tests' servers must not be taken for this
# one's.
own_kit()
{
    mkdir -p "$scratch/kit/step1-sequential" "$scratch/kit/tests"
    cp "$kit/step1-sequential/server" "$scratch/kit/step1-sequential"
    cp "$kit"/tests/{rehearse,lib.sh,zombies} "$scratch/kit/tests"
}

# rehearse [SECTION]: types that document, in a copy of the kit.
rehearse()
{
    own_kit
    PATIENCE=1 run "$scratch/kit/tests/rehearse" "$scratch/doc.md" "$@"
    echo "status $status: $output"
}

@test "rehearse: pids, marks, port 7007, spaces, \"...\" may differ, no more" {
    document '$ nice step1-sequential/server 7007 & server=$!' \
        'pid 1 listening on 127.0.0.1 port 7007' '$ tests/zombies' \
        ' PID PPID STAT COMMAND' ' 12 34 S server' '...' \
        '$ kill $server' '$ echo a; echo b; echo c' '...' 'c'
    rehearse
    [ "$status" -eq 0 ]
    [[ $output == *'4 of 4 commands show what '* ]]
}

@test "rehearse: a line that is missing, or one too many, is named, status 1" {
    document '$ echo a; echo c' a b c '$ echo a' '$ true'
    rehearse
    [ "$status" -eq 1 ]
    [[ $output == *'misses: b'*'misses: (an end here)'*'1 of 3 commands'* ]]
}

@test "rehearse: 24 lines are told to be too long for 24 rows, 23 are not" {
    document '$ seq 23' ... 23 '$ seq 24' ... 24
    rehearse
    [ "$status" -eq 0 ]
    [ "$(grep -c 'long: ' <<<"$output")" -eq 1 ]
    [[ $output == *'seq 24'$'\n'*'long:   of 24 lines, 24 rows show the end'* ]]
}

@test "rehearse: what looks may show its lines in another order, no others" {
    document '$ ls -d step1-sequential tests' tests step1-sequential \
        '$ echo a; echo b' b a '$ ls -d step1-sequential tests' tests tests
    rehearse
    [ "$status" -eq 1 ]
    [[ $output == *'1 of 3 commands'* ]]
}

# bats test_tags=slow
@test "rehearse: what only looks is typed again, but not for ever: status 1" {
    document '$ ls' 'no such file'
    rehearse
    [ "$status" -eq 1 ]
    [[ $output == *'misses: no such file'* ]]
}

# bats test_tags=slow
@test "rehearse: a server that is left running: status 1" {
    document '$ step1-sequential/server 7007 &' \
        'pid 1 listening on 127.0.0.1 port 7007'
    rehearse
    [ "$status" -eq 1 ]
    [[ $output == *'in vain for: all that was started to be ended'* ]]
    [[ $output == *'left:   '*server* ]]
}

@test "rehearse: \"> \" is typed into the command, an answer may be folded" {
    document '$ read -r a b; echo $b-$a' '> x y' '```' '' '```console' 'y-x'
    rehearse
    [ "$status" -eq 0 ]
}

@test "rehearse: of two sections, only the one that is asked for" {
    document '$ false' 'no'
    printf '%s\n' '## Two' '```console' '$ echo 2' '2' '```' \
        '## Three' '```console' '$ false' 'no' '```' >>"$scratch/doc.md"
    rehearse Two
    [ "$status" -eq 0 ]
    [[ $output == *'1 of 1 commands'* ]]
}

# bats test_tags=slow
@test "make predict STEP=3: says which of four counts were right" {
    run make -s -C "$kit" predict STEP=3 CLIENTS=3 <<<$'3\n0\n2\n1'
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q '3 clients connect  *3  *3  right$' <<<"$output"
    grep -q 'leave one after another  *0  *0  right$' <<<"$output"
    grep -q 'leave together  *1  *2  <- why?$' <<<"$output"
    grep -q 'kill -CHLD the server  *2  *1  <- why?$' <<<"$output"
    awk 'length > 80 { bad = 1 } END { exit bad }' <<<"$output"
    # the questions come in the order of what is compared
    [ "$(grep -oE 'kill -CHLD|leave together' <<<"$output" |
        xargs -n 4 | sort -u)" = 'kill -CHLD leave together' ]
}

@test "predict: each question comes before the run; too few answers: status 2" {
    run --separate-stderr "$kit/tests/predict" 2 <<<'10'
    [ "$status" -eq 2 ]
    [ "$stderr" = 'predict: no more answers' ]
    [[ $output != *PID* ]]
    for most in $'11\n10' $'10\n11' $'10\n0\n3'; do
        run --separate-stderr "$kit/tests/predict" 2 <<<"$most"
        [ "$status" -eq 2 ]
        [[ $stderr == 'predict: "'??'": not a number from 0 to 10' ||
            $stderr == 'predict: "3": not a number from 0 to 2' ]]
    done
}

@test "rehearse, predict: bad use gets one line and status 2" {
    for bad in 'rehearse' 'rehearse -x' 'rehearse /none' 'rehearse a b c' \
        "rehearse $kit/LICENSE" 'predict 5' 'predict x' 'predict 1 2'; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr "$kit/tests/"$bad </dev/null
        echo "$bad: $status $output $stderr"
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [ -z "$output" ]
    done
    run -2 make -s -C "$kit" rehearse MIN=49
    [[ $output == *'nothing to type under "## 49 minutes"'* ]]
    run -2 --separate-stderr env PATIENCE=0 "$kit/tests/rehearse" README.md
    run -2 --separate-stderr env CLIENTS=1 "$kit/tests/predict"
    [ "$stderr" = 'predict: CLIENTS="1": not a number from 2 to 999' ]
}

@test "rehearse, predict: --help says how, status 0" {
    for script in rehearse predict; do
        run -0 "$kit/tests/$script" --help
        [[ $output == *"usage: tests/$script "* ]]
    done
}

# bats test_tags=slow
@test "rehearse: Ctrl-C leaves no process and no file" {
    takes INT
    document '$ step1-sequential/server 7007 &' \
        'pid 1 listening on 127.0.0.1 port 7007' '$ sleep 60'
    own_kit
    set -m # with job control, a background process can be interrupted
    "$scratch/kit/tests/rehearse" "$scratch/doc.md" \
        >"$scratch/shown" 2>&1 3>&- &
    local script=$!
    set +m
    eventually 'the server to be started' grep -q '^ok' "$scratch/shown" || {
        cat "$scratch/shown"
        return 1
    }
    local all
    all=$(family "$script")
    [ "$(wc -l <<<"$all")" -ge 3 ] # itself, a shell, a server
    kill -INT "-$script"
    wait "$script" || [ $? -eq 130 ]
    # shellcheck disable=SC2086 # a list of numbers
    eventually 'nothing to be left' none_left $all
    [ -z "$(ls -d "$TMPDIR"/rehearse.* 2>/dev/null)" ]
}

# bats test_tags=slow
@test "make slides: one file, which loads nothing from anywhere" {
    command -v pandoc >/dev/null || skip 'needs pandoc'
    cp -Rp "$kit/." "$scratch/kit"
    rm -f "$scratch/kit/docs/slides.html"
    make -s -C "$scratch/kit" slides
    [ -s "$scratch/kit/docs/slides.html" ]
    ! grep -E '(src|href)="?(http|//)|@import|url\(' \
        "$scratch/kit/docs/slides.html"
}
