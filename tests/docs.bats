#!/usr/bin/env bats
# What the documents say: each ```console block is typed, and must show what
# it shows there; each link, file and make target must exist.
load helper

documents()
{
    (cd "$kit" && ls README.md step*/README.md docs/*.md)
}

# plain: makes alike what differs from run to run: pids, ports, the "+"
# of ps for what runs in a terminal's foreground, and the shell's job lines.
plain()
{
    sed -E "s/(^|[^0-9])${doc_port:-7007}([^0-9]|\$)/\17007\2/g
        s/^pid [0-9]+/pid N/
        s/^ *[0-9]+ +[0-9]+ ([A-Z])[+ ] */N N \1 /
        /^\[[0-9]+\]/d; /^bash: line [0-9]+: .*(Terminated|Stopped)/d"
}

# shows LINES: has the session shown these, and no more, since the last look?
shows()
{
    [ "$(tail -n "+$((seen + 1))" "$scratch/shown" | plain)" = "$1" ]
}
# looks LINES: does the command, which only looks, show these now? A reader
# who was too fast would look once more.
looks()
{
    [ "$(eval "$command" 2>&1 | plain)" = "$1" ]
}

# check COMMAND LINES: what was typed must show these lines.
check()
{
    echo "$1 must show: $2" # shown if it fails
    if [[ $1 == tests/zombies* ]]; then
        eventually 'this' looks "$2"
    else
        eventually 'this' shows "$2" || cat "$scratch/shown"
        shows "$2"
    fi
    seen=$(wc -l <"$scratch/shown")
}

# type_console FILE: types its console blocks into one shell, and after each
# command waits until what the document shows has come. In a copy of the kit,
# so that tests/zombies finds no other server.
type_console()
{
    cp -Rp "$kit/." "$scratch/kit"
    chmod -R u+w "$scratch/kit"
    cd "$scratch/kit" || return
    start step1-sequential
    doc_port=$port # free, once this server is gone
    stop_server
    mkfifo "$scratch/typed"
    : >"$scratch/shown"
    bash --norc <"$scratch/typed" >"$scratch/shown" 2>&1 3>&- &
    server=$! # for teardown: what it has started ends with it
    exec 9>"$scratch/typed"
    echo 'set -m' >&9 # job control, as in a terminal
    local line expected='' command=''
    seen=0
    while IFS= read -r line; do
        case $line in
        '$ '*)
            check "$command" "$expected"
            command=${line#\$ } expected=''
            command=${command//7007/$doc_port}
            [[ $command == tests/zombies* ]] || echo "$command" >&9
            ;;
        *) expected+=${expected:+$'\n'}$(plain <<<"$line") ;;
        esac
    done < <(sed -n '/^```console/,/^```$/{ /^```/!p; }' "$1")
    check "$command" "$expected"
    exec 9>&-
}

@test "README.md: what it types shows what it shows" {
    type_console README.md
}
@test "step 1 README: what it types shows what it shows" {
    type_console step1-sequential/README.md
}
@test "step 2 README: what it types shows what it shows" {
    type_console step2-fork/README.md
}
@test "step 3 README: what it types shows what it shows" {
    type_console step3-signal/README.md
}
@test "step 4 README: what it types shows what it shows" {
    type_console step4-waitpid/README.md
}

@test "docs: every relative link leads to a file" {
    for doc in $(documents); do
        for link in $(grep -o '](\([^)]*\))' "$kit/$doc" | tr -d ']()'); do
            [[ $link == http* ]] && continue
            echo "$doc links to $link"
            [ -e "$kit/$(dirname "$doc")/${link%%#*}" ]
        done
    done
}

@test "docs: every make target that is named exists" {
    for doc in $(documents); do
        grep -oE '(`|^    |\$ )make [a-z][a-z0-9-]*' "$kit/$doc" |
            sed 's/.*make //' | while read -r target; do
            echo "$doc names make $target"
            grep -q "^$target:" "$kit/Makefile" || return
        done
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
