#!/usr/bin/env bats
# The diff is the lesson: what may differ between two steps, and how much.
load helper

# code STEP: its server.c without the header comment.
code()
{
    sed '1,/^ \*\//d' "$kit/$1/server.c"
}

# changed FROM TO: the changed code lines, as "-removed +added".
changed()
{
    diff <(code "$1") <(code "$2") |
        awk '/^</ { old++ } /^>/ { new++ } END { print "-" old+0, "+" new+0 }'
}

# within MINUS PLUS FROM TO: does the diff keep to this budget?
within()
{
    changes=$(changed "$3" "$4")
    echo "$3 to $4: $changes, allowed -$1 +$2"
    set -- "$@" ${changes//[-+]/}
    [ "$5" -le "$1" ] && [ "$6" -le "$2" ] && [ "$6" -gt 0 ]
}

# functions FROM TO: the functions in which they differ, in one line.
functions()
{
    local all
    all=$(cat "$kit/$1/server.c" "$kit/$2/server.c" |
        sed -n 's/^\([a-z_]*\)(.*/\1/p' | sort -u)
    for name in $all; do
        [ "$(function_text "$1" "$name")" = "$(function_text "$2" "$name")" ] ||
            echo "$name"
    done | xargs
}
function_text()
{
    sed -n "/^$2(/,/^}/p" "$kit/$1/server.c"
}

@test "from step 1 to step 2: at most -2 +12 lines, in main" {
    within 2 12 step1-sequential step2-fork
    [ "$(functions step1-sequential step2-fork)" = main ]
}
@test "from step 2 to step 3: at most -0 +21 lines, in on_sigchld and main" {
    within 0 21 step2-fork step3-signal
    [ "$(functions step2-fork step3-signal)" = 'main on_sigchld' ]
}
@test "from step 3 to step 4: at most -1 +2 lines, in on_sigchld" {
    within 1 2 step3-signal step4-waitpid
    [ "$(functions step3-signal step4-waitpid)" = on_sigchld ]
}

@test "the header comment has one shape and 8 lines in all four" {
    for step in $all_steps; do
        number=${step#step} number=${number%%-*}
        header=$(sed '/^ \*\//q' "$kit/$step/server.c")
        [ "$(wc -l <<<"$header")" -eq 8 ]
        [[ $header == '/*'$'\n'" * Step $number: "*$'\n *\n * New:   '* ]]
        [[ $header == *$'\n * Fixes: '*$'\n * Left:  '*$'\n * See:   '* ]]
    done
}
@test "functions come in the same order in all four" {
    for step in $all_steps; do
        order=$(sed -n 's/^\([a-z_]*\)(.*/\1/p' "$kit/$step/server.c" | xargs)
        echo "$step: $order"
        [ "${order/on_sigchld /}" = \
            'die parse_port open_listener accept_client echo_client main' ]
    done
}
@test "each server.c has 90 to 150 lines, each function at most 35" {
    for step in $all_steps; do
        awk -v step="$step" '
            /^[{]/ { start = NR }
            /^[}]/ && NR - start > 33 { print step ": line " NR; bad = 1 }
            length > 80 { print step ": long line " NR; bad = 1 }
            END { print step, NR; exit bad || NR < 90 || NR > 150 }
        ' "$kit/$step/server.c"
    done
}
@test "no macro but _POSIX_C_SOURCE, no typedef, no ifdef, no getopt" {
    for step in $all_steps; do
        run grep -En '^ *#|typedef|getopt' "$kit/$step/server.c"
        rest=$(grep -Ev '#include <[a-z/]*\.h>|_POSIX_C_SOURCE' \
            <<<"$output" || :)
        echo "$rest"
        [ -z "$rest" ]
    done
}
@test "each server.c can be built alone: cc server.c" {
    for step in $all_steps; do
        (cd "$scratch" && cc "$kit/$step/server.c")
        [ -x "$scratch/a.out" ]
    done
}
@test "make diff12, diff23, diff34 print a diff and exit with 0" {
    for pair in 12 23 34; do
        run make -s -C "$kit" "diff$pair"
        [ "$status" -eq 0 ]
        [[ $output == '--- step'*'+++ step'*'@@'* ]]
    done
}

# What no run on this system can show: it is looked up in the source.
@test "the handler saves errno and calls only wait or waitpid; SA_RESTART is set" {
    for step in step3-signal step4-waitpid; do
        body=$(function_text "$step" on_sigchld)
        [[ $body == *'int saved_errno = errno;'*'errno = saved_errno;'* ]]
        calls=$(grep -oE '[a-z_]+\(' <<<"${body#*\{}" | sort -u | xargs)
        echo "$step: $calls"
        [ "$calls" = 'wait(' ] || [ "$calls" = 'waitpid(' ]
        grep -q '\.sa_flags = SA_RESTART' "$kit/$step/server.c"
    done
}
@test "the child leaves by _exit, and closes the listening socket first" {
    for step in $forking_steps; do
        child=$(sed -n '/if (pid == 0) {/,/^        }/p' "$kit/$step/server.c")
        [[ $child == *'close(listen_fd)'*'echo_client('*'_exit(0)'* ]]
    done
}
@test "no line of a script or a source has more than 80 columns" {
    cd "$kit/."
    run awk 'length > 80 && !/@test/ { print FILENAME ": " FNR ": " $0 }' \
        Makefile .ci/run step*/server.c tests/*.c tests/*.bats \
        tests/*.bash tests/*.sh tests/demo tests/zombies tests/soak \
        tests/matrix tests/bench tests/plot tests/watch tests/watch.awk \
        tests/predict tests/rehearse tests/check tests/suite tests/confusion \
        tests/judge.awk tests/verdicts tests/facts/*.[ch] \
        tests/scenes tests/alternatives tests/road tests/grade tests/class
    echo "$output"
    [ -z "$output" ]
}
