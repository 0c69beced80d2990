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

# mistake NAME STEP: step STEP with that mistake made, at $scratch/NAME.
mistake()
{
    build_patched "$kit/tests/mistakes/$1.patch" "$2" "$scratch/$1"
}

# edited SED FILE NAME: that source, edited by sed, and built: $scratch/NAME.
edited()
{
    sed "$1" "$2" >"$scratch/$3.c"
    ${CC-cc} -w -o "$scratch/$3" "$scratch/$3.c"
}

# doing CODE NAME STEP: with that mistake, and its child does this instead of an
# echo: $scratch/doing. With no-mistake, only that.
greets='write(conn_fd, "hello\\n", 6);'
answers='char b[99]; read(conn_fd, b, 99); write(conn_fd, "yes\\n", 4);'
doing()
{
    if [ "$2" = no-mistake ]; then
        cp "$kit/$3/server.c" "$scratch/$2.c"
    else
        mistake "$2" "$3"
    fi
    edited "s/ echo_client(conn_fd);/ $1/" "$scratch/$2.c" doing
}

# parent_does CODE: step 4 whose parent does this before it forks.
parent_does()
{
    edited "s/ pid_t pid = fork();/ $1 pid_t pid = fork();/" \
        "$kit/step4-waitpid/server.c" parent
}
