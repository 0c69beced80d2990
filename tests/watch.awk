# watch.awk: what tests/watch shows, drawn from what tests/zombies prints.
#
# Prints two lines: for each server its state, its live children and its
# zombies; and all that in words. If rows is set, writes a whole screen to the
# file frame. From tests/watch: servers, ports, names (lists), title, now (what
# happens), clients, past (pairs of lists: second, zombies), second, rows,
# cols, colour.

# put: writes text at this column of a row; what is left of it comes first.
# Escape sequences have no width, so text that has some needs it told.
function put(row, col, text, width, paint)
{
    if (col > cols)
        return
    if (!width) {
        text = substr(text, 1, cols - col + 1)
        width = length(text)
    }
    if (paint && colour)
        text = "\033[" paint "m" text "\033[0m"
    line[row] = line[row] sprintf("%" (col - 1 - used[row]) "s", "") text
    used[row] = col - 1 + width
}

# big: a number, five rows high; a dot of it is so wide as there is room.
function big(row, col, number, room, paint,    r, i, c, dot, text, on, off)
{
    dot = length(number) * 8 <= room ? 2 : 1
    off = substr("  ", 1, dot)
    on = colour ? "\033[" paint + 10 "m" off "\033[0m" : substr("##", 1, dot)
    for (r = 0; r < 5; r++) {
        text = ""
        for (i = 1; i <= length(number); i++) {
            for (c = 1; c <= 3; c++)
                text = text (substr(digit[substr(number, i, 1)], \
                    3 * r + c, 1) == "#" ? on : off)
            text = text off
        }
        put(row + r, col, text, length(number) * 4 * dot)
    }
}

# strip: the zombies of server s in the last minute, in columns of 60 / width
# seconds, each as high as the most of its time.
function strip(row, col, width, s,    i, r, t, text)
{
    for (r = 0; r < 4; r++) {
        text = ""
        for (i = 1; i <= width; i++) {
            t = int(i * 60 / width)
            text = text (high(s, t, width) > (3 - r) * top / 4 ? "#" : \
                r == 3 && (s, t) in seen ? "_" : " ")
        }
        put(row + r, col, text, 0, 31)
    }
}
function high(s, t, width,    i, most)
{
    for (i = t - int(60 / width) + 1; i <= t; i++)
        if ((s, i) in seen && seen[s, i] > most)
            most = seen[s, i]
    return most + 0
}

# remember: seen[s, 1 to 60], the zombies in each second of the last minute;
# a second without a look has those of the look before.
function remember(    count, look, value, i, j, at, s)
{
    count = split(past " " second zombie_list, look, " ")
    for (i = 1; i <= count; i++) {
        split(look[i], value, ":")
        at = 60 - (second - value[1])
        for (s = 1; s <= n; s++)
            for (j = at < 1 ? 1 : at; j <= 60; j++)
                seen[s, j] = value[s + 1] + 0
    }
    top = clients > 4 ? clients : 4
    for (i in seen)
        if (seen[i] > top)
            top = seen[i]
}

# list: processes of server s, as many as fit between two rows.
function list(row, last, col, width, s,    i, rest)
{
    for (i = 1; i <= rows_of[s]; i++) {
        rest = rows_of[s] - i
        if (row == last && rest > 0) {
            put(row, col, substr(sprintf("%7s and %d more", "...", \
                rest + 1), 1, width))
            return
        }
        put(row++, col, substr(process[s, i], 1, width), 0, \
            process[s, i] ~ /zombie$/ ? 31 : "")
    }
}

# bad: red where there are zombies, green where there are none.
function bad(number)
{
    return number ? 31 : 32
}
function plural(number, one, many)
{
    return number + 0 " " (number == 1 ? one : many)
}

function draw(    r, s, text, width)
{
    if (rows < 24 || cols < 80) {
        put(1, 1, in_words)
        put(2, 1, now)
        put(3, 1, "(A terminal of 80x24 or more shows more.)")
        list(5, rows - 1, 1, cols, 1)
    } else if (n == 1) {
        put(1, 1, title, 0, 1)
        if (port[1])
            put(1, 66, "port " port[1])
        put(2, 1, said)
        list(4, rows - 7, 1, 43, 1)
        put(4, 46, "ZOMBIES", 0, 1)
        big(5, 46, zombies[1] + 0, cols - 46, bad(zombies[1]))
        put(11, 46, "LIVE CHILDREN", 0, 1)
        big(12, 46, live[1] + 0, cols - 46, 34)
        put(rows - 5, 1, sprintf("%5d", top))
        strip(rows - 5, 7, 60, 1)
        put(rows - 3, 68, "zombies")
        put(rows - 1, 7, sprintf("%-57s%s", "a minute ago", "now"))
    } else {
        put(1, 1, title, 0, 1)
        put(2, 1, said)
        width = int(cols / n)
        for (s = 1; s <= n; s++) {
            r = 1 + (s - 1) * width
            put(4, r, name[s], 0, 1)
            big(5, r, zombies[s] + 0, width - 1, bad(zombies[s]))
            put(10, r, plural(zombies[s], "zombie", "zombies"))
            put(11, r, live[s] + 0 " live, port " port[s])
            if (name[s] ~ /^step1/)
                put(12, r, "serves 1 at a time")
            list(12 + (name[s] ~ /^step1/), rows - 7, r, width - 1, s)
            strip(rows - 5, r, 15, s)
            put(rows - 1, r, "1 min ago - now")
        }
    }
    put(rows, 1, "Ctrl-C: stop")
    text = "\033[H"
    for (r = 1; r <= rows; r++)
        text = text (r > 1 ? "\r\n" : "") line[r] "\033[K"
    printf "%s\033[J", text >frame
}

BEGIN {
    n = split(servers, server)
    split(ports, port)
    split(names, name)
    for (s = 1; s <= n; s++)
        number[server[s]] = s
    split("####_##_##_####,_#_##__#__#_###,###__#####__###,###__####__####," \
        "#_##_####__#__#,####__###__####,####__####_####,###__#__#__#__#," \
        "####_#####_####,####_####__####", shape, ",")
    for (i = 0; i <= 9; i++)
        digit[i] = shape[i + 1]
}
NR == 1 {
    header = $0
    for (s = 1; n == 1 && s <= n; s++)
        process[s, ++rows_of[s]] = header
    next
}
NF >= 4 && ($1 in number || $2 in number) && $2 ~ /^[0-9]+$/ {
    s = $1 in number ? number[$1] : number[$2]
    if ($1 in number)
        state[s] = $3
    else if (/<- zombie$/)
        zombies[s]++
    else
        live[s]++
    process[s, ++rows_of[s]] = n == 1 ? $0 : \
        sprintf("%7d %s %s", $1, substr($3, 1, 1), \
            /<- zombie$/ ? "zombie" : $4)
}
END {
    for (s = 1; s <= n; s++) {
        counts = counts state[s] " " live[s] + 0 " " zombies[s] + 0 " "
        live_list = live_list " " live[s] + 0
        zombie_list = zombie_list ":" zombies[s] + 0
        zombie_words = zombie_words " " zombies[s] + 0
    }
    said = clients == "" ? "" : plural(clients, "client", "clients")
    in_words = (said ? said ", " : "") "live children" live_list ", zombies" \
        zombie_words
    said = (said ? said ": " : "") now
    print counts
    print in_words ": " now
    if (rows) {
        remember()
        draw()
    }
}
