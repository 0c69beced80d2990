# judge.awk: turns facts into names, by the table in tests/verdicts.
#
# usage: awk -f judge.awk verdicts facts
#
# Prints a line for each thing found, fields parted by tabs:
#   step N
#   verdict NAME; also NAME; note NAME, what is no mistake
#   saw|why|look NAME TEXT
#   probe ok|failed|note|left-out NAME TITLE
#   left-out REASON, from the facts

# A condition: key=a|b, key!=a|b, key>=n: what is not known fulfils none; or
# key: it is known; or !key: it is not.
function holds(condition,    place, key, value, list, i, n)
{
    if (condition ~ /^![a-z_]+$/)
        return !(substr(condition, 2) in fact)
    if (condition ~ /^[a-z_]+$/)
        return condition in fact
    if (!match(condition, /!=|>=|=/))
        die("not a condition: " condition)
    key = substr(condition, 1, RSTART - 1)
    place = substr(condition, RSTART, RLENGTH)
    value = substr(condition, RSTART + RLENGTH)
    if (!(key in fact))
        return 0
    if (place == ">=")
        return fact[key] + 0 >= value + 0
    n = split(value, list, "|")
    for (i = 1; i <= n; i++)
        if (fact[key] == list[i])
            return place == "="
    return place == "!="
}

# Does one of the when: lines of this entry hold?
function fits(entry,    i, j, n, list, all)
{
    for (i = 1; i <= whens[entry]; i++) {
        n = split(when[entry, i], list, " ")
        all = 1
        for (j = 1; j <= n && all; j++)
            all = holds(list[j])
        if (all)
            return 1
    }
    return 0
}

# Puts the values of facts into a text: of {a|b}, the first that is known.
function filled(text,    keys, i, n, value)
{
    while (match(text, /[{][a-z_|]+[}]/)) {
        n = split(substr(text, RSTART + 1, RLENGTH - 2), keys, "[|]")
        value = ""
        for (i = n; i >= 1; i--)
            if (keys[i] in fact)
                value = fact[keys[i]]
        text = substr(text, 1, RSTART - 1) value substr(text, RSTART + RLENGTH)
    }
    return text
}

function die(text)
{
    print "judge.awk: " text | "cat >&2"
    exit dead = 2
}

function tell(what, entry)
{
    printf "%s\t%s\n", what, name[entry]
    printf "saw\t%s\t%s\n", name[entry], filled(saw[entry])
    printf "why\t%s\t%s\n", name[entry], filled(why[entry])
    printf "look\t%s\t%s\n", name[entry], filled(look[entry])
}

# The table.
FNR == NR && /^#|^$/ { next }
FNR == NR && /^\[/ {
    entry++
    name[entry] = substr($0, 2, index($0, "]") - 2)
    next
}
FNR == NR && /^ / {
    text = $0
    sub(/^ +/, " ", text)
    line = line text
}
FNR == NR && /^[a-z]+: / {
    field = substr($1, 1, length($1) - 1)
    line = substr($0, length($1) + 2)
    sub(/^ +/, "", line)
    if (field == "when")
        whens[entry]++
}
FNR == NR {
    if (field == "when") when[entry, whens[entry]] = line
    else if (field == "saw") saw[entry] = line
    else if (field == "why") why[entry] = line
    else if (field == "look") look[entry] = line
    else if (field == "probe") probe[entry] = line
    else if (field == "note") note[entry] = line
    else if (field == "habit") habit[entry] = 1
    else if (field == "title") title[entry] = line
    else if (field == "needs") needs[entry] = line
    else die("verdicts: line " FNR ": " $0)
    next
}

# The facts.
match($0, /=/) {
    key = substr($0, 1, RSTART - 1)
    if (key == "left_out")
        left_out[++left] = substr($0, RSTART + 1)
    else
        fact[key] = substr($0, RSTART + 1)
}

END {
    if (dead)
        exit dead
    for (i = 1; i <= entry; i++)
        if (name[i] ~ /^step / && fits(i)) {
            n = substr(name[i], 6)
            if (n == step + 1)
                step = n
        }
    for (i = 1; i <= entry; i++) {
        if (name[i] ~ /^(step|probe) / || !fits(i))
            continue
        if (note[i] == "also")
            marked[probe[i]] = 1
        else if (note[i] == "")
            failed[probe[i]] = 1
        if (name[i] in told)
            continue
        if (name[i] == "correct") {
            correct = i
        } else if (note[i] == "right") {
            right = i
        } else if (note[i] == "also") {
            notes[++noted] = i
        } else {
            mistakes[++wrong] = i
            grave += !(i in habit)
        }
        told[name[i]] = 1
    }
    print "step\t" (step > 1 ? step : 1)
    # A habit that was seen says nothing of what could not be.
    unsure = !grave && !correct
    if (unsure) {
        print "verdict\tcannot-tell"
        print "saw\tcannot-tell\tNo mistake was seen in how it treats its " \
            "clients and children, but not all could be looked at."
    }
    if (!unsure && wrong == 0)
        tell("verdict", right ? right : correct)
    for (i = 1; i <= wrong; i++)
        tell(i == 1 && !unsure ? "verdict" : "also", mistakes[i])
    if (right && wrong > 0)
        tell("note", right)
    for (i = 1; i <= noted; i++)
        tell("note", notes[i])
    for (i = 1; i <= entry; i++) {
        if (name[i] !~ /^probe /)
            continue
        n = split(needs[i], list, " ")
        id = substr(name[i], 7)
        state = id in failed || fits(i) ? "failed" : \
            id in marked ? "note" : "ok"
        for (j = 1; j <= n; j++)
            if (state == "ok" && !holds(list[j]))
                state = "left-out"
        printf "probe\t%s\t%s\t%s\n", state, id, title[i]
    }
    for (i = 1; i <= left; i++)
        print "left-out\t" left_out[i]
}
