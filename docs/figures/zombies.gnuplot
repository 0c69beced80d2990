# Draws docs/figures/zombies.svg from docs/figures/zombies.tsv, which
# tests/plot measures: see make plot. To be run in the top folder.
set terminal svg size 840,270 font 'Helvetica,Arial,sans-serif,13' \
    background '#ffffff'
set output 'docs/figures/zombies.svg'
data = 'docs/figures/zombies.tsv'
set datafile separator tab
set key autotitle columnhead

set border 3 lc rgb '#57606a'
set tics nomirror out scale 0.5 textcolor rgb '#24292f'
set grid ytics lc rgb '#d8dee4'
set xrange [0:50]
set yrange [0:42]
set xtics 0,20
set ytics 0,10
unset key
titles = "'1: one at a time' '2: fork' '3: one wait' '4: waitpid loop'"
set label 1 'clients that have come so far' at screen 0.52,0.05 center
set multiplot layout 1,4 margins 0.055,0.985,0.2,0.87 spacing 0.025,0
do for [step = 1:4] {
    set title 'Step '.word(titles, step) offset 0,-0.5
    last = system(sprintf("awk 'END { print $%d }' %s", step + 3, data))
    if (step == 1) {
        set label 2 'connected' at 12,11.8 textcolor rgb '#57606a'
    }
    if (step == 2) {
        set format y ''
        set label 2 'leave in turn' at 34,26 right
        set label 3 'leave together' at 22.5,15
    }
    if (step == 3) {
        set label 2 '+9' at 20,6.5 right front
        set label 3 '+9' at 40,15.5 right front
    }
    set label 4 last.' zombies' at (step == 2 ? 38 : 49),last + \
        (step == 2 ? -1 : 2.2) right front textcolor rgb '#b3261e'
    plot data using 1:3 with filledcurves y1=0 lc rgb '#d0d7de', \
        data using 1:step + 3 with steps lc rgb '#b3261e' lw 3
    unset label
}
unset multiplot
