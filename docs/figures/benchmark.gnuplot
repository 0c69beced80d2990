# Draws docs/figures/benchmark.svg from the CSV that tests/bench writes:
#   tests/bench --csv bench.csv
#   gnuplot -e 'csv="bench.csv"' docs/figures/benchmark.gnuplot
set terminal svg size 760,720 font 'sans-serif,13' background '#ffffff'
set output 'docs/figures/benchmark.svg'
set datafile separator ','
rows(part, name) = sprintf("<grep '^%s,%s,' '%s'", part, name, csv)
set border 3 lc rgb '#444444'
set tics nomirror
set grid ytics lc rgb '#dddddd'
set multiplot layout 2,1

set title 'What a connection costs (dashed: the floor, a fork alone)'
set logscale x 4
set xtics (1, 16, 64, 256)
set xrange [0.8:320] noextend
set yrange [0:*]
set xlabel 'clients at a time'
set ylabel 'connections over forks, a second'
set key outside right maxcols 1 Left reverse
set bars small
list = 'noecho step1-sequential step2-fork step3-signal step4-waitpid '. \
    'step4-static socat tcpserver tcpsvd ncat inetd python3'
colours = '#999999 #e69f00 #56b4e9 #009e73 #d55e00 #000000 #cc79a7 '. \
    '#0072b2 #7a5195 #8c564b #2f4b7c #808000'
has(name) = system(sprintf("grep -c '^load,%s,' '%s'", name, csv)) > 0
here = ''
do for [i = 1:words(list)] {
    if (has(word(list, i))) { here = here.' '.i }
}
set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 2 \
    lc rgb '#000000'
plot for [i in here] rows('load', word(list, int(i))) using 3:9:10:11 \
    with yerrorlines title word(list, int(i)) noenhanced \
    lc rgb word(colours, int(i)) pt (int(i)) ps 0.6

set title 'What is held: live children slow the reaping down, zombies do not'
unset arrow
unset logscale x
set xtics autofreq
set xrange [-500:20500]
set xlabel 'children held'
set ylabel 'connections a second'
plot rows('idle', 'step4-waitpid') using 4:6:7:8 with yerrorlines \
    title 'step4, idle' lc rgb '#d55e00' pt 7 ps 0.6, \
    rows('zombies', 'step2-fork') using 4:6:7:8 with yerrorlines \
    title 'step2, zombies' lc rgb '#56b4e9' pt 5 ps 0.6
unset multiplot
