# Draws docs/figures/limits.svg from the CSV that tests/bench writes:
#   tests/bench --csv bench.csv
#   gnuplot -e 'csv="bench.csv"' docs/figures/limits.gnuplot
set terminal svg size 760,400 font 'sans-serif,13' background '#ffffff'
set output 'docs/figures/limits.svg'
set datafile separator ','
rows(part, name) = sprintf("<grep '^%s,%s,' '%s'", part, name, csv)
set border 3 lc rgb '#444444'
set tics nomirror
set grid ytics lc rgb '#dddddd'
set bars small
set title 'What is held, and what a connection then costs'
set xrange [-500:20500]
set yrange [0:*]
set xlabel 'children held: idle ones, or zombies'
set ylabel 'connections a second, over those with none held'
set key outside right maxcols 1 Left reverse
plot rows('idle', 'step4-waitpid') using 4:9 with linespoints \
    title 'step 4: the loop, idle' lc rgb '#d55e00' pt 7 ps 0.7, \
    rows('idle', 'by-pid') using 4:9 with linespoints \
    title 'by-pid, idle' lc rgb '#009e73' pt 9 ps 0.8, \
    rows('idle', 'ignore') using 4:9 with linespoints \
    title 'ignore, idle' lc rgb '#0072b2' pt 5 ps 0.7, \
    rows('zombies', 'step2-fork') using 4:9 with linespoints \
    title 'step 2, zombies' lc rgb '#888888' dt 2 pt 13 ps 0.9
