#!/usr/bin/env bats
# The Makefile: its targets, with every make that is here.
load helper
load system

# copy: a copy of the kit, to build in, with a space in its name.
copy()
{
    top="$scratch/a kit"
    mkdir "$top"
    (cd "$kit" && tar cf - Makefile step*/*.c tests/*.c tests/facts/*.[ch] \
        tests/*.sh tests/demo tests/zombies tests/scenes tests/alternatives \
        tests/mistakes/* step4-waitpid/alternatives/*.patch) |
        (cd "$top" && tar xf -)
}

builds_and_cleans()
{
    command -v "$1" >/dev/null || skip "no $1 here"
    copy
    cd "$top" || return
    "$1" >/dev/null
    for program in "$kit"/step?-*/server "$kit"/tests/clients \
        "$kit/tests/facts/facts"; do
        [ -x ".${program#"$kit"}" ]
    done
    "$1" demo STEP=1 >/dev/null
    "$1" clean >/dev/null
    [ -z "$(find . -type f -perm -u+x ! -path './tests/*')" ]
    [ ! -e tests/clients ] && [ ! -e tests/facts/facts ]
}
@test "make builds all, in a folder with a space in its name, and cleans" {
    builds_and_cleans make
}
# bats test_tags=slow
@test "bmake builds all, in a folder with a space in its name, and cleans" {
    builds_and_cleans bmake
}

@test "make step1 to step4 build that step" {
    copy
    for n in 1 2 3 4; do
        make -s -C "$top" step$n
        [ "$(find "$top" -name server | wc -l)" -eq $n ]
    done
}

@test "make help-all lists every target that can be asked for" {
    run make -s -C "$kit" help-all
    [ "$status" -eq 0 ]
    for target in $(sed -n 's/^\([a-z0-9-]*\):.*/\1/p' "$kit/Makefile"); do
        [[ $target != bats ]] || continue # for make test alone
        grep -q "^make $target  *[a-z]" <<<"$output"
    done
    awk 'length > 80 { bad = 1 } END { exit bad }' <<<"$output"
}

@test "make help: what a student needs, on a screen of 24 rows" {
    run make -s -C "$kit" help
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -le 22 ]
    for target in all demo watch predict start check hint reset diff12; do
        grep -q "^make $target  *[a-z]" <<<"$output"
    done
    awk 'length > 80 { bad = 1 } END { exit bad }' <<<"$output"
}

# only_what_make_needs: a PATH with that and nothing else, in $scratch/bin.
only_what_make_needs()
{
    mkdir "$scratch/bin"
    for tool in make sh echo; do
        ln -s "$(command -v $tool)" "$scratch/bin/$tool"
    done
}

@test "make test without bats says in one line how to get it" {
    only_what_make_needs
    run --separate-stderr env PATH="$scratch/bin" make -s -C "$kit" test
    [ "$status" -eq 2 ]
    for system in Debian Fedora Alpine Homebrew npm; do
        [[ ${stderr_lines[0]} == *"$system"* ]]
    done
}

@test "make slides without pandoc says in one line how to get it" {
    copy
    only_what_make_needs
    mkdir -p "$top/docs/figures"
    touch "$top/docs/slides.md" "$top/docs/figures/descriptors.svg"
    run --separate-stderr env PATH="$scratch/bin" make -s -C "$top" slides
    [ "$status" -eq 2 ]
    [[ ${stderr_lines[0]} == 'make slides needs pandoc: apt install '* ]]
}

@test "make test with bats 1.7 says in one line that it needs 1.8" {
    mkdir "$scratch/bin"
    printf '#!/bin/sh\necho Bats 1.7.0\n' >"$scratch/bin/bats"
    chmod +x "$scratch/bin/bats"
    PATH=$scratch/bin:$PATH run --separate-stderr make -s -C "$kit" test
    [ "$status" -eq 2 ]
    [ "${stderr_lines[0]}" = \
        'make test needs bats 1.8 or newer; this is Bats 1.7.0' ]
}

# bats test_tags=slow
@test "make test: Ctrl-C while a server runs leaves no process and no file" {
    takes INT
    cp -Rp "$kit/." "$scratch/kit"
    # bats would take a line that begins with @test for one of its own.
    sed 's/^-//' >"$scratch/kit/tests/aa.bats" <<'END'
load helper
-@test "a server of ten, a demo in the background" {
    start step2-fork
    open_clients 10
    set -m
    "$kit/tests/demo" 4 >"$scratch/shown" 2>&1 3>&- 7>&- 8<&- &
    set +m
    eventually 'a server of the demo' grep -q 4-waitpid "$scratch/shown"
    processes >"$SUITE/../processes"
    sleep 60
}
END
    find "$scratch/kit/tests" -name '*.bats' ! -name aa.bats \
        ! -name zz_\* -exec rm {} +
    set -m # with job control, a background process can be interrupted
    env -i PATH="${PATH#"$BATS_LIBEXEC:"}" TMPDIR="$TMPDIR" \
        make -s -C "$scratch/kit" test >"$scratch/shown" 2>&1 3>&- &
    local script=$!
    set +m
    eventually 'a test to be under way' [ -s "$scratch/processes" ] || {
        cat "$scratch/shown"
        return 1
    }
    local all
    all=$(family "$script")
    [ "$(wc -l <<<"$all")" -ge 20 ] # two servers, a crowd, bats...
    kill -INT "-$script"
    wait "$script" || [ $? -ne 0 ]
    # shellcheck disable=SC2086 # a list of numbers
    eventually 'nothing to be left' none_left $all
    [ -z "$(ls -d "$TMPDIR"/{suite,demo,bats-run}* 2>/dev/null)" ]
}

@test "soak, matrix: bad use gets one line and status 2, --help says how" {
    for bad in 'soak 0' 'soak x' 'soak 1441' 'matrix x'; do
        read -r script argument <<<"$bad"
        run --separate-stderr "$kit/tests/$script" "$argument"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        run "$kit/tests/$script" --help
        [ "$status" -eq 0 ]
        [[ $output == *"usage: tests/$script "* ]]
    done
}

@test "make alternatives builds all seven, make clean removes them" {
    command -v patch >/dev/null || skip 'needs patch'
    copy
    make -s -C "$top" alternatives
    [ "$(find "$top/step4-waitpid/alternatives" -name server | wc -l)" -eq 7 ]
    make -s -C "$top" clean
    [ "$(ls -d "$top"/step4-waitpid/alternatives/*/ 2>/dev/null)" = '' ]
}
