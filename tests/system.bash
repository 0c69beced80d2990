# system.bash: what this system and this user allow; tests skip the rest.
# shellcheck shell=bash

# on_linux: skips the test where /proc does not show what it looks at.
on_linux()
{
    [[ -d /proc/self/fd ]] || skip 'needs the /proc of Linux'
}

# step_down: sets as_nobody, words to put before a command so that it runs as
# an ordinary user of whom nothing else runs; none are needed if that is who
# runs the tests. The kit is at $real_kit for that user, who cannot use $kit.
step_down()
{
    real_kit=$(cd "$kit/." && pwd -P)
    as_nobody=''
    [[ $(id -u) -eq 0 ]] || return 0
    # Another run of the tests must not count as this user's processes.
    local id=$((100000 + $$))
    as_nobody="setpriv --reuid=$id --regid=$id --clear-groups"
    $as_nobody test -x "$real_kit/step1-sequential/server" ||
        skip 'cannot step down from root here'
}

# takes SIGNAL: skips where it is ignored by what started the tests: that is
# inherited. (A shell without job control does so with SIGINT for all that it
# runs in the background, some test runners with SIGPIPE.)
takes()
{
    ! sh -c "kill -$1 \$\$" || skip "SIG$1 is ignored here"
}
