#!/usr/bin/env bats
# docs/lesson.md: does each statement name a command and a test that exist?
# And docs/alternatives.md: are the sizes those of the patches?
load helper

# rows: the number, the command and the test of each row, with | between.
rows()
{
    sed -n 's/^| \(L[0-9]*\) |.*| `\(make [^`]*\)` | \(.*\) |$/\1|\2|\3/p' \
        "$kit/docs/lesson.md"
}

@test "lesson: there are 18 statements, L1 to L18, in their order" {
    [ "$(rows | cut -d '|' -f 1 | xargs)" = "$(printf 'L%d ' {1..18} | xargs)" ]
}

@test "lesson: each command is a target, with a step, scene or alternative" {
    while IFS='|' read -r row command _; do
        echo "$row: $command"
        read -r _ target what <<<"$command"
        grep -q "^$target:" "$kit/Makefile"
        case $what in
        SCENE=*) "$kit/tests/scenes" --list ;;
        ALTERNATIVE=*) "$kit/tests/alternatives" --list ;;
        STEP=[1-4] | '') echo "${what#*=} " ;;
        esac | grep -q "^${what#*=} "
    done < <(rows)
}

@test "lesson: each test is there, by its name" {
    while IFS='|' read -r row _ held; do
        echo "$row: $held"
        file=${held#\`} file=${file%%\`*}
        grep -qxF "@test \"${held#*\`: }\" {" "$kit/tests/$file"
    done < <(rows)
}

@test "steps 3 and 4: on_sigchld is called by no line of the program" {
    for step in step3-signal step4-waitpid; do
        [ "$(grep -c 'on_sigchld(' "$kit/$step/server.c")" -eq 1 ] # its head
        grep -q 'sa_handler = on_sigchld' "$kit/$step/server.c"
    done
}

@test "alternatives: the changed lines in the table are those of the patches" {
    for patch in "$kit"/step4-waitpid/alternatives/*.patch; do
        name=$(basename "$patch" .patch)
        # the header comment aside: it is changed in each
        changes=$(awk '/^@@/ { hunk = 1 } !hunk { next }
            / \* Step 4|^[-+] \* / { next }
            /^-/ { a++ } /^\+/ { b++ } END { print "-" a, "+" b }' "$patch")
        echo "$name: $changes"
        grep -q "^| \`$name\` |.*| $changes |" "$kit/docs/alternatives.md"
    done
}
