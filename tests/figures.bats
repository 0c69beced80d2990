#!/usr/bin/env bats
# The pictures: their sources, their texts, and the numbers in the plot.
load helper

figures=$kit/docs/figures

# all_pictures: prints their names.
all_pictures()
{
    (cd "$figures" && ls -- *.svg)
}

# alt PICTURE: prints the alternative text of it, from each document.
alt()
{
    cat "$kit"/README.md "$kit"/step*/README.md "$kit"/docs/*.md |
        awk -v name="figures/$1)" '{ text = text " " $0 }
            END {
                count = split(text, part, "!\\[")
                for (i = 2; i <= count; i++) {
                    end = index(part[i], "](")
                    rest = substr(part[i], end)
                    if (index(substr(rest, 1, index(rest, ")")), name))
                        print substr(part[i], 1, end - 1)
                }
            }'
}

# says PICTURE: what it says, and in which colours; no matter where.
says()
{
    grep -oE '>[^<>]*[a-zA-Z0-9][^<>]*</|"#[0-9a-f]{6}"' "$1" |
        grep -v GNUPLOT | sort
}

@test "figures: each picture has its source beside it" {
    for picture in $(all_pictures); do
        name=${picture%.svg} name=${name%-step[1-4]}
        echo "$picture: $name.dot or $name.gnuplot?"
        [ -e "$figures/$name.dot" ] || [ -e "$figures/$name.gnuplot" ]
    done
}

@test "figures: each is in a document, with 60 letters or more instead of it" {
    for picture in $(all_pictures); do
        alt "$picture" >"$scratch/alt"
        awk -v name="$picture" 'length >= 60 { good++ }
            END { print name ": " NR " times"; exit good < 1 || good < NR }
        ' "$scratch/alt"
    done
}

@test "figures: each has a white ground of its own, for dark pages" {
    for picture in $(all_pictures); do
        echo "$picture"
        grep -qE '<(rect|polygon) .*fill="(#ffffff|white)"' "$figures/$picture"
    done
}

@test "figures: from step 3 on signals are a box that is tied to no other" {
    for n in 1 2 3 4; do
        titles=$(grep -o '<title>.*</title>' "$figures/flow-step$n.svg")
        boxes=$(grep -c '<title>signals</title>' <<<"$titles" || :)
        ties=$(grep -Ec 'signals&|;signals<' <<<"$titles" || :)
        echo "step $n: $boxes box, $ties ties"
        [ "$boxes $ties" = "$((n > 2)) 0" ]
    done
}

@test "figures: make figures draws what is committed" {
    command -v dot && command -v gnuplot || skip 'no dot or no gnuplot here'
    mkdir -p "$scratch/top/docs/figures"
    cp "$kit/Makefile" "$scratch/top"
    cp "$figures"/*.* "$scratch/top/docs/figures"
    chmod -R u+w "$scratch/top"
    for picture in $(all_pictures); do
        [[ $picture == @(benchmark|limits).svg ]] || # drawn from a run
            echo none >"$scratch/top/docs/figures/$picture"
    done
    make -s -C "$scratch/top" figures
    for picture in $(all_pictures); do
        echo "$picture"
        diff <(says "$figures/$picture") \
            <(says "$scratch/top/docs/figures/$picture")
    done
}

# bats test_tags=slow
@test "plot: a run counts what is committed, line for line" {
    run "$kit/tests/plot"
    diff "$figures/zombies.tsv" - <<<"$output"
    [ "${lines[50]}" = $'50\tcome\t10\t0\t40\t18\t0' ]
}

@test "plot: bad use gets one line and status 2" {
    for bad in 0 100 x -1 '3 4'; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr "$kit/tests/plot" $bad
        echo "$bad: $status: $output $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}

@test "plot --help says how to use it" {
    run "$kit/tests/plot" --help
    [ "$status" -eq 0 ]
    [[ $output == *'usage: tests/plot [CLIENTS]'* ]]
}
