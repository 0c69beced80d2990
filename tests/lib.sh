# lib.sh: what the demo and the tests do alike. POSIX sh, to be sourced.
# shellcheck shell=sh
#
# The caller sets kit (the top folder of this kit) and has $scratch, an empty
# folder, from own_scratch or in its own way. One server and one crowd of
# clients run at a time; descriptors 7 and 8 talk to the crowd. Whoever stops a
# child of the server sets stopped to its process id.
#
# After start_server: $server is its process id, $port its port.
# After say: $answer is what the crowd has answered.

server='' crowd='' stopped='' reaped='' answer='' scratch='' leaving=''
patience=30
modes='' hidden='' # of the terminal: as they were, and as hide_keys made them
asking=''          # does the cursor stand behind a question?

# own_scratch NAME: makes $scratch. From now on, whatever way the script ends,
# all that was started here ends too, and the folder goes. Returns 1, with the
# reason on stderr, if it cannot be made.
own_scratch()
{
    trap leave EXIT
    # The signal may come when the shell already leaves for another reason, as
    # an open that it has interrupted: then nobody else would clean up.
    trap 'leave; exit 129' HUP
    trap 'leave; exit 130' INT
    trap 'leave; exit 141' PIPE
    trap 'leave; exit 143' TERM
    scratch=$(trap '' HUP INT TERM; mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX")
}

# finish: what a script has to do first, on every way out.
finish()
{
    :
}

# leave: the way out; returns the exit status that the script had.
leave()
{
    set -- $?
    trap '' HUP INT PIPE TERM # a second Ctrl-C must not cut this short
    [ -n "$leaving" ] || finish
    leaving=yes
    clean_up
    show_keys
    [ -z "$asking" ] || echo
    [ -z "$scratch" ] || rm -rf "$scratch"
    return "$1"
}

# hide_keys, show_keys: the terminal does not show what is typed, and Ctrl-Z is
# off: it would stop the servers too. Without stty all stays as it is.
hide_keys()
{
    modes=$(stty -g </dev/tty) && stty -echo susp undef </dev/tty
    hidden=$(stty -g </dev/tty) || modes=''
} 2>/dev/null
show_keys()
{
    [ -z "$modes" ] || stty "$modes" </dev/tty
    modes=''
} 2>/dev/null

# forget_keys: what was typed while keys were hidden, and what still is: until
# half a second is quiet.
forget_keys()
{
    [ -n "$modes" ] || return 0
    stty -icanon min 0 time 5 && cat >/dev/null
    stty "$hidden"
} 2>/dev/null </dev/tty

# eventually WHAT COMMAND [ARG...]: repeats COMMAND until it succeeds, for
# $patience seconds; then says on stderr what it waited for, and returns 1.
# (Its count is in $1, which is its own: COMMAND may itself wait like this.)
eventually()
{
    set -- $((patience * 20)) "$@"
    until from_third "$@"; do
        if [ "$1" -eq 1 ]; then
            echo "waited $patience s in vain for: $2" >&2
            return 1
        fi
        tries=$(($1 - 1))
        shift
        set -- $tries "$@"
        sleep 0.05
    done
}
from_third()
{
    shift 2
    "$@"
}

# processes: every process, a line each: pid, ppid, state, command.
processes()
{
    ps -A -o pid= -o ppid= -o stat= -o comm=
}

# state PID: prints its state as ps gives it, nothing if it is gone.
state()
{
    processes | awk -v pid="$1" '$1 == pid { print $3 }'
}

# is_in STATE PID...: are all of them in this state, as in: is_in Z 12 34
is_in()
{
    wanted=$1
    shift
    for pid; do
        case $(state "$pid") in
        "$wanted"*) ;;
        *) return 1 ;;
        esac
    done
}

# children PID: prints the process ids of its children, zombies included.
children()
{
    processes | awk -v parent="$1" '$2 == parent { print $1 }'
}

# live_children PID: prints those of its children that are no zombies. (The
# newest child is not always the last one in ps: process ids start over.)
live_children()
{
    processes | awk -v parent="$1" '$2 == parent && $3 !~ /^Z/ { print $1 }'
}

# zombies_are N, live_are N, children_are N: does the server have so many now?
# (What tests/zombies says too, with fewer processes: it is asked all the time.)
zombies_are()
{
    count_is "$1" '^Z'
}
live_are()
{
    count_is "$1" '^[^Z]'
}
children_are()
{
    count_is "$1" .
}
count_is()
{
    processes | awk -v server="$server" -v wanted="$1" -v wanted_state="$2" '
        $1 == server { there = 1 }
        $2 == server && $3 ~ wanted_state { n++ }
        END { exit !there || n + 0 != wanted }'
}

# none_left PID...: is there not one of them any more, not even as a zombie?
none_left()
{
    processes | awk -v pids="$*" '
        BEGIN {
            split(pids, pid)
            for (i in pid)
                gone[pid[i]] = 1
        }
        $1 in gone { left = 1 }
        END { exit left }'
}

# build_patched PATCH STEP PROGRAM: builds PROGRAM from PROGRAM.c, which is that
# step's server.c with the patch applied; with CC, CFLAGS and LDFLAGS, if they
# are set, and with warnings as errors. Returns 1, with the reason on stderr, if
# the patch does not fit to the letter or the compiler says anything.
build_patched()
{
    command -v patch >/dev/null || {
        echo 'this needs patch: apt install patch (Debian, Ubuntu)' >&2
        return 1
    }
    exactly='-F 0' # lines around a change may not differ either; not in POSIX
    patch -F 0 --help 2>&1 | grep -q 'invalid option' && exactly='' # busybox
    # shellcheck disable=SC2086 # CC, the flags and the option are lists
    cat "$kit/$2/server.c" >"$3.c" &&
        patch $exactly "$3.c" <"$1" >"$3.log" 2>&1 &&
        ${CC-cc} ${CFLAGS--std=c99 -pedantic -Wall -Wextra -O2} -Werror \
            ${LDFLAGS-} -o "$3" "$3.c" >"$3.log" 2>&1 && return
    echo "$1 does not fit $2/server.c, or does not build:" >&2
    cat "$3.log" >&2
    return 1
}

# start_server PROGRAM [ARG...]: starts it on a free port, and waits until it
# listens. Returns 1, with the reason on stderr, if it does not.
start_server()
{
    : >"$scratch/out"
    [ $# -gt 1 ] || set -- "$1" 0
    # Of the caller's descriptors, the server gets 0, 1 and 2.
    "$@" >"$scratch/out" 2>"$scratch/err" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    server=$!
    port=''
    eventually 'a line that says where the server listens' said_port
    [ -n "$port" ] && return
    cat "$scratch/err" >&2
    return 1
}
said_port()
{
    read -r ready <"$scratch/out" || ! kill -0 "$server" 2>/dev/null || return
    case $ready in
    'pid '*' port '*) port=${ready##* } ;;
    esac
}

# family PID: prints it and all its descendants, each parent before its own.
family()
{
    processes | awk -v pid="$1" '
        { children[$2] = children[$2] " " $1 }
        function show(pid,    list, i)
        {
            print pid
            split(children[pid], list)
            for (i = 1; i in list; i++)
                show(list[i])
        }
        END { show(pid) }'
}

# stop_server: ends it and all its descendants, by process id.
stop_server()
{
    [ -n "$server" ] || return 0
    # Stopped, it cannot fork while its children are looked up. A Ctrl-C may cut
    # that short: then the list is empty.
    kill -STOP "$server" 2>/dev/null || :
    for pid in $(family "$server") "$server"; do
        kill -KILL "$pid" 2>/dev/null || :
    done
    reap "$server"
    server=''
}

# reap PID: waits for a child of this shell that has been killed.
reap()
{
    wait "$1" 2>/dev/null || :
    reaped="$reaped $1"
}

# start_crowd [OPTION...]: starts tests/clients, which then waits for say. Each
# end of a fifo waits to be opened for the other, unless somebody has both (9):
# a crowd that a Ctrl-C has ended too early would be waited for without end.
start_crowd()
{
    rm -f "$scratch/say" "$scratch/answer"
    mkfifo "$scratch/say" "$scratch/answer" || return
    # shellcheck disable=SC2094 # it is a fifo; the next too
    exec 9<>"$scratch/say" 7>"$scratch/say" 6<"$scratch/say"
    # shellcheck disable=SC2094
    exec 9<>"$scratch/answer" 8<"$scratch/answer" 5>"$scratch/answer" 9>&-
    "$kit/tests/clients" "$@" "$port" <&6 >&5 3>&- 5>&- 6<&- 7>&- 8<&- &
    crowd=$!
    exec 5>&- 6<&-
}

# say COMMAND...: tells the crowd, and waits for its answer: $answer. Returns
# 1 if the crowd is gone.
say()
{
    [ -n "$crowd" ] || start_crowd || return
    (echo "$*" >&7) 2>/dev/null
    read -r answer <&8
}

# stop_crowd: all clients hang up at once.
stop_crowd()
{
    [ -n "$crowd" ] || return 0
    exec 7>&- 8<&-
    kill -KILL "$crowd" 2>/dev/null || :
    reap "$crowd"
    crowd=''
}

# freeze, thaw: stops the server, and lets it go on. Between the two, signals
# for it stay pending. ps must say T before anything else happens: the signal
# takes a moment to arrive.
freeze()
{
    kill -STOP "$server"
    eventually "the server to be stopped (T)" is_in T "$server"
}
thaw()
{
    kill -CONT "$server"
}

# close_in_turn N LEFT: N clients hang up; the next only when ps has seen the
# end of the child before; where LEFT is 0, that it is not even a zombie.
# Returns 1 if a child does not come so far.
close_in_turn()
{
    case $2 in
    0) set -- "$1" children_are ;;
    *) set -- "$1" live_are ;;
    esac
    while [ "$1" -gt 0 ]; do
        set -- $(($1 - 1)) "$2"
        say close 1
        case $answer in
        *closed*) ;;
        *) return 1 ;;
        esac
        eventually "$2 $1, when one more has left" "$2" "$1" || return
    done
}

# hang_up_together N: freezes the server, lets its N clients hang up, waits
# until each child is a zombie, thaws the server, and waits until it has
# handled what was pending: then it accepts again, so one client comes.
hang_up_together()
{
    freeze && say close all &&
        eventually "$1 zombies while the server is frozen" zombies_are "$1"
    thaw
    say open 1
}

# clean_up: ends all that was started here. Only with what is built into the
# shell: where no process can be started any more, ps cannot be either. The
# children of the server end by themselves when their clients are gone.
clean_up()
{
    set --
    case " $reaped " in
    *" ${!-} "*) ;;
    *) set -- "${!-}" ;; # started, but the shell had not come to note it
    esac
    for pid in $stopped "$crowd" "$server" "$@"; do
        [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
    done
    for pid in "$crowd" "$server" "$@"; do
        [ -z "$pid" ] || reap "$pid"
    done
    exec 7>&- 8<&-
    server='' crowd='' stopped=''
}
