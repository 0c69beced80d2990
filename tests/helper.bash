# helper.bash: loaded by every .bats file. What the demo does too is in lib.sh.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# All that a run starts has the run's own folder in its command line, so that
# the last test can tell what was left behind by this run and no other.
kit=$BATS_RUN_TMPDIR/kit
[[ -e $kit ]] || ln -s "$(cd "$BATS_TEST_DIRNAME/.." && pwd -P)" "$kit"
all_steps='step1-sequential step2-fork step3-signal step4-waitpid'
forking_steps='step2-fork step3-signal step4-waitpid'
export TMPDIR=$BATS_TEST_TMPDIR # where the scripts put their files
unset CLIENTS NO_COLOR MAKEFLAGS MAKELEVEL

# list_files: every file of the kit; the last test compares it with the first.
list_files()
{
    (cd "$kit" && find . -path ./.git -prune -o -type f -print) | LC_ALL=C sort
}
files=${SUITE:-$BATS_RUN_TMPDIR}/files
[[ -e $files ]] || list_files >"$files"

# shellcheck source=tests/lib.sh
. "$kit/tests/lib.sh"

setup()
{
    scratch=$BATS_TEST_TMPDIR
}

teardown()
{
    stop_crowd
    stop_server
    for job in $(jobs -p); do # what a test has started by itself
        for pid in $(family "$job"); do
            kill -KILL "$pid" 2>/dev/null || :
        done
    done
    set -- "$BATS_TEST_TMPDIR"/*
    [[ ! -e $1 ]] || rm -rf "$@"
}

# start STEP [ARG...]: starts that step's server.
start()
{
    start_server "$kit/$1/server" "${@:2}"
}

# answers TEXT: fails, and shows both, unless the crowd's last answer has TEXT.
answers()
{
    [[ $answer == *"$1"* ]] || {
        echo "wanted: ... $1 ..."
        echo "answer: $answer"
        cat "$scratch/err"
        return 1
    }
}

# open_clients N: N more clients come, and each is served.
open_clients()
{
    say open "$1"
    answers "$1 connected, $1 served, 0 waiting, 0 failed"
}

# close_clients N|all|@K: those hang up, all in one go.
close_clients()
{
    say close "$1"
    answers closed
}

# zombies_now N: fails, and shows what ps shows, unless there are N right now.
zombies_now()
{
    zombies_are "$1" || {
        echo "wanted: $1 zombies"
        "$kit/tests/zombies" "$server"
        return 1
    }
}
