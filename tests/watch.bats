#!/usr/bin/env bats
# make watch: what it shows, that it fits, and that it leaves nothing behind.
load helper

# watch ARG...: starts it; what it shows goes to a file, a line a change.
watch()
{
    EVERY=0.05 "$kit/tests/watch" "$@" >"$scratch/shown" \
        2>"$scratch/errors" 3>&- &
    watch=$!
}

# shows TEXT: fails unless it comes to show that.
shows()
{
    eventually "$1" grep -qF -- "$1" "$scratch/shown" || {
        cat "$scratch/shown" "$scratch/errors"
        return 1
    }
}

# end_watch STATUS [SIGNAL]: ends it; it must leave no process and no folder.
end_watch()
{
    mine=$(family $watch)
    [ $# -eq 1 ] || kill "-$2" $watch
    status=0
    wait $watch || status=$?
    echo "status $status, wanted $1"
    [ "$status" -eq "$1" ]
    # shellcheck disable=SC2086 # a list of numbers
    eventually 'all of its processes to end' none_left $mine
    ! compgen -G "$scratch/watch.*"
}

# draw ROWS COLS SERVERS ZOMBIES: a screen of so many servers, each with one
# live child and so many zombies, without colour.
draw()
{
    awk -v n="$3" -v zombies="$4" 'BEGIN {
        print "    PID    PPID STAT COMMAND"
        for (s = 1; s <= n; s++) {
            printf "%7d %7d %-4s %s\n", s, 99, "S", "server"
            printf "%7d %7d %-4s %s\n", 10 * s, s, "S", "server"
            for (i = 1; i <= zombies; i++)
                printf "%7d %7d %-4s %s\n", 1000 * s + i, s, "Z", \
                    "server  <- zombie"
        }
        print "the line with the counts"
    }' | awk -f "$kit/tests/watch.awk" -v rows="$1" -v cols="$2" \
        -v servers="$(seq "$3" | xargs)" -v ports='1 2 3 4' -v second=100 \
        -v names="${names:-one two three four}" \
        -v past='60:0:0:0:0 99:20:20:20:20' \
        -v title=Title -v now=now -v frame="$scratch/frame" >"$scratch/words"
    sed $'s/\e\\[[KHJ]//g; s/\r//' "$scratch/frame"
}

# bats test_tags=slow
@test "watch, all steps, 2 clients: 0, 4, 1 and 0 zombies when all have left" {
    CLIENTS=2 watch
    shows '2 clients, live children 0 2 2 2, zombies 0 0 0 0: one comes'
    shows '0 clients, live children 0 0 0 0, zombies 0 2 0 0: one leaves'
    shows 'zombies 0 4 2 2: all leave together; the server is still frozen'
    shows 'zombies 0 4 1 0: all have left together; the server goes on'
    end_watch 143 TERM
}

@test "watch 3: a client comes, and 1 live child is seen" {
    watch 3
    shows '1 client, live children 1, zombies 0: one comes'
    end_watch 143 TERM
}

@test "watch, HANDS=1: the port is shown, and 2 that connect are seen" {
    HANDS=1 watch 4
    shows 'come and go with: nc 127.0.0.1 '
    port=$(sed -n 's/.*127.0.0.1 //p' "$scratch/shown")
    open_clients 2
    shows 'live children 2, zombies 0'
    stop_crowd
    end_watch 143 TERM
}

@test "watch -p: 3 live children of a server, and then the end of it" {
    start step2-fork
    open_clients 3
    watch -p "$server"
    shows ' s: live children 3, zombies 0: as ps sees it'
    stop_server
    shows 'watch: the server has ended'
    end_watch 0
}

@test "watch: a screen of 80x24 has 24 rows, at most 80 wide, whoever is there" {
    for servers in 1 4; do
        draw 24 80 $servers 40 >"$scratch/screen"
        cat "$scratch/screen"
        awk 'length > 80 { bad = 1 } END { exit bad || NR != 24 }' \
            "$scratch/screen"
    done
}

@test "watch: of four servers, step 1 says that it serves one at a time" {
    draw 24 80 4 40 >"$scratch/screen"
    ! grep -q 'at a time' "$scratch/screen" || return
    names='step1-sequential step2 step3 step4' draw 24 80 4 0 |
        grep '^serves 1 at a time  *[0-9]'
}

@test "watch: 40 zombies in 14 rows: 2 lines, 11 processes, and 30 more" {
    draw 24 80 1 40 >"$scratch/screen"
    grep -q '^    ... and 30 more' "$scratch/screen"
    [ "$(grep -c '<- zombie' "$scratch/screen")" -eq 10 ]
}

@test "watch: 100x30 shows 6 processes more than 80x24" {
    draw 30 100 1 40 >"$scratch/screen"
    [ "$(grep -c '<- zombie' "$scratch/screen")" -eq 16 ]
}

@test "watch: a screen that is too small shows counts, then what happens" {
    draw 10 60 1 40 >"$scratch/screen"
    [ "$(head -n 1 "$scratch/screen")" = 'live children 1, zombies 40' ]
    [ "$(sed -n 2p "$scratch/screen")" = now ]
    awk 'length > 60 { bad = 1 } END { exit bad || NR != 10 }' \
        "$scratch/screen"
}

@test "watch: a zombie count of 40 stands there five rows high" {
    draw 24 80 1 40 >"$scratch/screen"
    diff - <(sed -n '5,9{s/^.\{45\}//; s/ *$//p;}' "$scratch/screen") <<'END'
##  ##  ######
##  ##  ##  ##
######  ##  ##
    ##  ##  ##
    ##  ######
END
}

@test "watch: the strip has a minute: 0 for 39 s, 20 for 1 s, 40 now" {
    draw 24 80 1 40 >"$scratch/screen"
    diff - <(sed -n '19,22p' "$scratch/screen" | cut -c 20-66) <<'END'
                                              #
                                              #
                                             ##
      _______________________________________##
END
}

@test "watch: on a terminal it gives back screen, cursor and modes" {
    command -v script >/dev/null || skip 'no script(1) here'
    run script -qec "stty -g; EVERY=0.1 TERM=xterm \"$kit/tests/watch\" -s 1 4
        stty -g" /dev/null </dev/null
    [ "${lines[0]}" = "${lines[-1]##*$'\e[?1049l'}" ]
    [[ $output == *$'\e[?1049h\e[?25l'*$'\e[H'*$'\e[?25h\e[?1049l'* ]]
}

@test "watch: bad use gets one line and status 2" {
    for bad in 0 5 x '-s 0' '-s' '-s x' '-p' '-p x' '1 2' '-p 1 2' '-x'; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr "$kit/tests/watch" $bad
        echo "$bad: $status: $output $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "watch --help says how to use it" {
    run "$kit/tests/watch" --help
    [ "$status" -eq 0 ]
    [[ $output == *'usage: tests/watch [-s SECONDS]'* ]]
}
