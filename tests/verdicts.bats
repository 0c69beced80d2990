#!/usr/bin/env bats
# Which names, steps and lines the table in tests/verdicts makes of which facts;
# and that each mistake has its place in the kit.
load helper
load judged

# facts_of_step4 KEY=VALUE...: those that make it correct, but for these.
facts_of_step4()
{
    printf '%s\n' kind=echoes served_by=child second=served mixed=served \
        stray=served left_in_turn_is=none left_together_is=none left_older=0 \
        left_killed=0 "$@" >"$scratch/facts"
}

@test "check: a line is ok only if what it says was seen" {
    facts_of_step4 second_line=echoed nul=echoed end_after_end=no \
        few_descriptors=enough without_process=waits
    checked -r "$scratch/facts"
    is correct 4 0
    [[ $output == *'left out  every byte comes back, and an end'* ]]
    [[ $output == *'left out  without a descriptor left'* ]]
    [[ $output == *'left out  without a process left'* ]]
}

@test "check: who uses the processor all the time is not correct" {
    for when in idle serving limit; do
        facts_of_step4 "${when}_spins=yes"
        checked -r "$scratch/facts"
        is accept-spins 4 1
        facts_of_step4 "${when}_spins=no"
        checked -r "$scratch/facts"
        is correct 4 0
    done
    facts_of_step4 without_process=spins
    checked -r "$scratch/facts"
    is correct 4 0
    [ "${lines[2]}" = 'note: accept-spins' ]
}

@test "check: who hangs or ends without a handler has no mistake in one" {
    facts_of_step4 mixed=waits mixed_spins=no in_turn_spins=no
    checked -r "$scratch/facts"
    is cannot-tell 2 2
    printf '%s\n' kind=echoes served_by=child second=served catches=no \
        mixed=served stray=served dies_left=exit-0 dies_left_says=nothing \
        >"$scratch/facts"
    checked -r "$scratch/facts"
    is cannot-tell 2 2
}

@test "check: who serves no second client is not correct, whatever is seen" {
    facts_of_step4 in_turn=1 left_in_turn=0 in_turn_spins=no
    checked -r "$scratch/facts"
    is cannot-tell 2 2
    [[ $output == *'left out  nothing is left when clients leave one'* ]]
    facts_of_step4 in_turn=1 left_in_turn=0 in_turn_spins=yes catches=yes
    checked -r "$scratch/facts"
    is spinning-loop 2 1
}

@test "check: a parent that asks for its child again and again spins" {
    printf '%s\n' kind=echoes served_by=child second=waits second_has=nobody \
        serving_spins=yes idle_spins=no left_in_turn=1 left_in_turn_is=one \
        >"$scratch/facts"
    checked -r "$scratch/facts"
    is spinning-loop 1 1
    [ "${lines[2]}" = 'also: waits-after-fork' ]
    [[ $output == *'failed    it sleeps while it has nothing to do'* ]]
}

@test "check: a descriptor more for each client is no connection, if seen so" {
    facts_of_step4 parent_keeps=no descriptors_gained=7 in_turn=7
    checked -r "$scratch/facts"
    is parent-keeps-connection 4 1
    [[ $output == *'After 7 clients the server has 7 descriptors'* ]]
    facts_of_step4 parent_keeps=yes descriptors_gained=7 in_turn=7
    checked -r "$scratch/facts"
    is parent-keeps-connection 4 1
    [[ $output == *'still has the connection that its child'* ]]
}

@test "check: waits-once where only the stray SIGCHLD was seen: no number" {
    printf '%s\n' kind=closes served_by=child second=served mixed=served \
        stray=waits stray_spins=no left_in_turn_is=none left_older=0 \
        >"$scratch/facts"
    checked -r "$scratch/facts"
    is waits-once 3 1
    [[ $output == *'waits-once: A SIGCHLD came for which'* ]]
    [[ $output == *'left out  nothing is left when they leave together'* ]]
}

@test "check: never-waits is not also said of a handler that hangs" {
    facts_of_step4 left_in_turn_is=all left_in_turn=7 catches=yes blocks=no \
        mixed=waits mixed_spins=yes
    checked -r "$scratch/facts"
    is spinning-loop 2 1
    [[ $output != *also:* ]]
    facts_of_step4 left_in_turn_is=all left_in_turn=7 catches=yes blocks=no
    checked -r "$scratch/facts"
    is never-waits 2 1
}

# bats test_tags=slow
@test "check: each mistake and each alternative has its own name" {
    run "$kit/tests/confusion"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "check: every mistake in the table has a patch or is a step" {
    for name in $(sed -n '/^# --- Mistakes/,/^# --- Right/s/^\[\(.*\)\]$/\1/p' \
        "$kit/tests/verdicts"); do
        echo "$name"
        case $name in
        sequential | never-waits | waits-once) ;;
        *) [ -f "$kit/tests/mistakes/$name.patch" ] ;;
        esac
    done
}

@test "check: every name in the table has its place in docs/mistakes.md" {
    for name in $(sed -n 's/^\[\([a-z-]*\)\]$/\1/p' "$kit/tests/verdicts") \
        cannot-tell; do
        echo "$name"
        grep -q "^| \`$name\` |" "$kit/docs/mistakes.md"
    done
}

@test "check: docs/mistakes.md has the mistakes in the order of the table" {
    sed -n '/^# --- Mistakes/,/^# --- Right/s/^\[\(.*\)\]$/\1/p' \
        "$kit/tests/verdicts" | awk '
        { last[$0] = NR }
        END { for (name in last) print last[name], name }' | sort -n |
        sed 's/.* //' >"$scratch/table"
    sed -n 's/^| `\([a-z-]*\)` |.*/\1/p' "$kit/docs/mistakes.md" |
        head -n "$(wc -l <"$scratch/table")" >"$scratch/doc"
    diff "$scratch/table" "$scratch/doc"
}

@test "check: without the facts that it needs, it is not called correct" {
    printf '%s\n' kind=silent served_by=child second=served mixed=served \
        stray=served left_in_turn_is=none left_in_turn=0 \
        'left_out=together: its children do not end' >"$scratch/facts"
    checked -r "$scratch/facts"
    is cannot-tell 3 2
    [[ $output == *'Left out: together: its children do not end'* ]]
}

@test "check: on all addresses: a mistake in this kit, a note elsewhere" {
    facts_of_step4 address=all kit_interface=no
    checked -r "$scratch/facts"
    is correct 4 0
    [ "${lines[2]}" = 'note: all-interfaces' ]
    facts_of_step4 address=all kit_interface=yes
    checked -r "$scratch/facts"
    is all-interfaces 4 1
}

@test "check: it ends when no process is left: a mistake in this kit" {
    facts_of_step4 without_process=dies kit_interface=yes
    checked -r "$scratch/facts"
    is dies-of-shortage 4 1
    [[ $output == *'failed    without a process left'* ]]
    facts_of_step4 without_process=dies kit_interface=no
    checked -r "$scratch/facts"
    is correct 4 0
    [ "${lines[2]}" = 'note: dies-of-shortage' ]
    [[ $output == *'note      without a process left'* ]]
    [[ $output == *'ok        without a descriptor left'* || \
        $output == *'left out  without a descriptor left'* ]]
}

@test "check: a note is no failure: its line is marked, and it has its point" {
    facts_of_step4 kind=answers first_line_printed=8 address=all restart=fails \
        few_descriptors=waits without_descriptor=spins without_process=drops \
        listener_is_started=yes kit_interface=no at_once=5
    checked -r "$scratch/facts"
    is correct 4 0
    [ "$(grep -c '^note: ' <<<"$output")" -eq 6 ]
    [ "$(grep -c '^note  ' <<<"$output")" -eq 6 ]
    [[ $output != *failed* ]]
    run -0 "$kit/tests/check" -f gradescope -r "$scratch/facts"
    [[ $output != *'"score": 0, "max_score": 1, "status"'* ]]
}

@test "check: children whose accept fails have not exited: not correct" {
    facts_of_step4 says_in_turn=accept-bad-descriptor
    checked -r "$scratch/facts"
    is child-returns-to-accept 4 1
}

@test "check: a killed child that stays a zombie: not correct, step 3" {
    facts_of_step4 left_killed=1
    checked -r "$scratch/facts"
    is child-must-tell 3 1
    facts_of_step4 left_killed=unknown # it has grandchildren, say
    checked -r "$scratch/facts"
    is correct 4 0
}

@test "check: a habit does not hide that it cannot be told" {
    printf '%s\n' kind=echoes address=all kit_interface=yes >"$scratch/facts"
    checked -r "$scratch/facts"
    is cannot-tell 1 2
    [ "${lines[2]}" = 'also: all-interfaces' ]
}

@test "check: one more mistake needs one more entry, and no code" {
    cp -R "$kit/tests" "$scratch/tests"
    chmod -R u+w "$scratch/tests"
    printf '%s\n' '[likes-cats]' 'probe: served' 'when: cats>=3' \
        'saw: {cats}' ' cats: meow.' >>"$scratch/tests/verdicts"
    echo cats=4 >"$scratch/facts"
    run "$scratch/tests/check" -r "$scratch/facts"
    [ "${lines[1]}" = 'verdict: likes-cats' ]
    [[ $output == *'likes-cats: 4 cats: meow.'* ]]
}
