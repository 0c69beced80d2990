# judged.bash: for the .bats files that look at tests/check.
# shellcheck shell=bash

# checked ARG...: runs the check; its output in lines of their own.
checked()
{
    run --separate-stderr "$kit/tests/check" "$@"
}

# is VERDICT STEP STATUS: is that what was found? Shows all if not.
is()
{
    echo "$output"
    echo "$stderr"
    [ "${lines[0]}" = "step: $2" ]
    [ "${lines[1]}" = "verdict: $1" ]
    [ "$status" -eq "$3" ]
}
