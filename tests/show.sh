# show.sh: how demo, scenes and alternatives show things. POSIX sh, to be
# sourced after lib.sh.
# shellcheck shell=sh
#
# The caller sets me, its name in messages; where, what it shows now; and, if
# there is time for reasons and for a key before each scene, slow.

me='' where='' slow='' doing='' differs='' reason=''

# fail REASON: this machine cannot show it.
fail()
{
    reason=$*
    echo "$me: $reason" >&2
    exit 2
}

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$(printf '\033[1m') red=$(printf '\033[31m')
    green=$(printf '\033[32m') plain=$(printf '\033[0m')
else
    # shellcheck disable=SC2034 # the caller uses them
    bold='' red='' green='' plain=''
fi

# title LEFT [RIGHT]: a line across the screen, in bold.
title()
{
    [ $# -eq 1 ] || set -- "$(printf '%-48s%31s' "$1" "$2")"
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

# pauses: is there somebody who can press a key, and time to?
pauses()
{
    [ -n "$slow" ] && [ -t 0 ] && [ -t 1 ]
}

# scene TEXT: what is done next; if slow, on a terminal, a key first. What was
# typed during the scene before does not count, nor a key that was hit twice.
scene()
{
    doing=$1
    if pauses; then
        forget_keys
        printf '\n%-42s[Enter: go on, Ctrl-C: stop] ' "  $1"
        asking=yes
        read -r _ || fail 'the terminal is gone'
        asking=''
        printf '\r%-72s\r' ''
    fi
    printf '%-42s' "  $1"
}

# shown COLOUR VALUE EXPECTED: what came of a scene; notes if the lesson
# promises something else.
shown()
{
    printf '%s%s%s\n' "$1" "$2" "$plain" || fail 'cannot write this'
    [ "$2" = "$3" ] && return
    differs="$differs
$me: $where: saw \"$2\" where the lesson says \"$3\""
}

# why TEXT...: the reason, only where there is time for it.
why()
{
    [ -z "$slow" ] || printf '%s\n' "$@" | sed 's/^/      /'
}

# witness [PID]: what ps shows of the server, or of this one: the first lines.
witness()
{
    "$kit/tests/zombies" "${1-$server}" | awk -v most=13 '
        { line[NR] = $0 }
        END {
            for (i = 1; i < NR; i++)
                if (i <= most)
                    print "    " line[i]
            if (NR - 1 > most)
                printf "    %7s and %d more\n", "...", NR - 1 - most
            print "    " line[NR]
        }'
}

# zombies N: that count in words. counted: what ps shows now, in words.
zombies()
{
    [ "$1" = 1 ] && echo '1 zombie' || echo "$1 zombies"
}
counted()
{
    zombies "$("$kit/tests/zombies" -c "$server")"
}

# served N: did the crowd just say that N were served?
served()
{
    case $answer in
    *" $1 served, 0 waiting, 0 failed"*) ;;
    *) return 1 ;;
    esac
}

# built: are the programs of this kit there?
built()
{
    for program in "$kit"/step?-*/server "$kit/tests/clients"; do
        [ -x "$program" ] || fail "$program is not built: type make"
    done
    "$kit/tests/zombies" -c $$ >/dev/null ||
        fail 'tests/zombies cannot run here; perhaps see ulimit -u'
}

# shellcheck disable=SC2317 # it is called by a trap
# explain STATUS: has the shell ended by itself? Then it could not start a
# process.
explain()
{
    case $1$reason in
    1 | 129 | 130 | 141 | 143 | 2?*) return "$1" ;;
    esac
    echo "$me: too few processes allowed: see ulimit -u" >&2
    exit 2
}

# on_stage: makes $scratch; all that is started ends with the script.
on_stage()
{
    own_scratch "$me" || fail 'cannot make a folder for its files: see TMPDIR'
    trap 'leave || explain $?' EXIT
    ! pauses || hide_keys
}

# curtain: the end: was all as the lesson says?
curtain()
{
    [ -z "$differs" ] && exit 0
    echo "$differs" >&2
    exit 1
}
