#!/usr/bin/env bats
# The last file: what have all the tests before it left behind?
# bats file_tags=last
load helper

ours()
{
    ps -A -o pid= -o args= | grep -F "${SUITE:-$BATS_RUN_TMPDIR}/" |
        grep -Ev 'grep|/bats-exec-'
}
none_of_ours()
{
    ! ours
}

@test "nothing is left: no server, no client, no script of this run" {
    eventually 'all of these to end' none_of_ours
}

@test "nothing is left: the check above would see a server" {
    start step1-sequential
    ours | grep -q "^ *$server "
}

@test "nothing is left: no file in the kit that was not there before" {
    new=$(list_files | comm -13 "$files" -)
    echo "$new"
    [ -z "$new" ]
}
