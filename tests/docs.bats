#!/usr/bin/env bats
# What the documents say: each ```console block is typed, and must show what
# it shows there; each link, file, make target and line of C must exist.
load helper

documents()
{
    (cd "$kit" && ls README.md step*/README.md docs/*.md)
}

# named REGEX: whatever the documents have that is like it, each once.
named()
{
    # shellcheck disable=SC2046 # a list
    (cd "$kit" && grep -ohE "$1" $(documents)) | sort -u
}

# types FILE [SECTION]: tests/rehearse types it, in a copy of the kit, so that
# tests/zombies finds no other server.
types()
{
    mkdir "$scratch/kit"
    cp -Rp "$kit"/* "$scratch/kit"
    chmod -R u+w "$scratch/kit"
    cd "$scratch/kit" || return
    run tests/rehearse "$@"
    echo "$output"
    [ "$status" -eq 0 ]
}

# its_ps_is_procps: skips what is about Linux and its usual ps elsewhere.
its_ps_is_procps()
{
    [[ $(ps --version 2>&1) == *procps* ]] || skip 'needs the ps of procps'
}

@test "README.md: what it types shows what it shows" {
    types README.md
}
@test "step 1 README: what it types shows what it shows" {
    types step1-sequential/README.md
}
@test "step 2 README: what it types shows what it shows" {
    types step2-fork/README.md
}
@test "step 3 README: what it types shows what it shows" {
    types step3-signal/README.md
}
@test "step 4 README: what it types shows what it shows" {
    types step4-waitpid/README.md
}
@test "docs/reading-ps.md: what it types shows what it shows" {
    its_ps_is_procps
    types docs/reading-ps.md
}
# bats test_tags=slow
@test "docs/mistakes.md: what it types shows what it shows" {
    types docs/mistakes.md
}
# bats test_tags=slow
@test "docs/signals.md: what it types shows what it shows" {
    its_ps_is_procps
    types docs/signals.md
}
# bats test_tags=slow
@test "docs/lab.md: what it types shows what it shows" {
    types docs/lab.md
}
# bats test_tags=slow
@test "docs/teaching.md: what it types shows what it shows" {
    types docs/teaching.md
}
# bats test_tags=slow
@test "docs/exercises.md: what it types shows what it shows" {
    types docs/exercises.md
}
# bats test_tags=slow
@test "docs/grading.md: what it types shows what it shows" {
    types docs/grading.md
}

@test "docs: each document with something to type is typed above" {
    for doc in $(documents); do
        grep -q '^```console$' "$kit/$doc" || continue
        echo "$doc has no test"
        grep -q "^    types $doc" "$BATS_TEST_FILENAME"
    done
}

@test "docs: the C that a document shows stands in a step" {
    cat "$kit"/step*/server.c >"$scratch/steps"
    for doc in $(documents); do
        sed -n '/^```c$/,/^```$/{ /^```/!s/^ *//p; }' "$kit/$doc"
    done | sort -u | while IFS= read -r line; do
        echo "a document has: $line"
        grep -qF -- "$line" "$scratch/steps" || return
    done
}

@test "docs: each file of the kit that is named exists" {
    cd "$kit" || return
    named '`(tests|docs|step[1-4][a-z-]*)/[^` ]*' | tr -d '`' |
        while read -r file; do
            [[ $file != *NAME* ]] || continue # stands for any
            echo "a document names $file"
            # shellcheck disable=SC2086 # some are patterns
            set -- $file
            [[ -e $1 ]] || grep -q "^$file:" Makefile || return
        done
}

@test "docs: every relative link leads to a file" {
    for doc in $(documents); do
        for link in $(grep -o '](\([^)]*\))' "$kit/$doc" | tr -d ']()'); do
            [[ $link == http* ]] && continue
            echo "$doc links to $link"
            [ -e "$kit/./${doc%"${doc##*/}"}${link%%#*}" ]
        done
    done
}

@test "docs: every make target that is named exists" {
    named '(`|^    |^|\$ )make [a-z][a-z0-9-]*' | sed 's/.*make //' | sort -u |
        while read -r target; do
            echo "a document names make $target"
            grep -q "^$target:" "$kit/Makefile" || return
        done
}

@test "docs: every scene that is named exists" {
    "$kit/tests/scenes" --list >"$scratch/scenes"
    for scene in $(named 'SCENE=[a-z-]+' | sed 's/.*=//'); do
        echo "SCENE=$scene"
        [[ $scene =~ ^(list|all)$ ]] || grep -q "^$scene " "$scratch/scenes"
    done
}

@test "docs: the README's changed lines are those of the diffs" {
    for pair in '2 step1-sequential step2-fork' '3 step2-fork step3-signal' \
        '4 step3-signal step4-waitpid'; do
        read -r n from to <<<"$pair"
        changes=$(diff <(sed '1,/^ \*\//d' "$kit/$from/server.c") \
            <(sed '1,/^ \*\//d' "$kit/$to/server.c") |
            awk '/^</ { a++ } /^>/ { b++ } END { print "-" a + 0, "+" b + 0 }')
        echo "to step $n: $changes"
        grep -q "^| \[$n\](.*| $changes |" "$kit/README.md"
    done
}

@test "docs: a step's README has Run, See, Why, Next, in at most 40 lines" {
    for doc in "$kit"/step*/README.md; do
        echo "$doc: $(wc -l <"$doc") lines"
        [ "$(wc -l <"$doc")" -le 40 ]
        [ "$(sed -n 's/^## //p' "$doc" | xargs)" = 'Run See Why Next' ]
    done
}

@test "docs: CONTRIBUTING has at most 60 lines" {
    [ "$(wc -l <"$kit/docs/CONTRIBUTING.md")" -le 60 ]
}
