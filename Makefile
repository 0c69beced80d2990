# Fork servers and zombies: build, look, test. Works in GNU make and bmake.
# make help prints what stands behind ##; make help-all also that behind ###.
.POSIX:

CC = cc
CFLAGS = -std=c99 -pedantic -Wall -Wextra -O2
LDFLAGS =
FILES =

SERVERS = step1-sequential/server step2-fork/server step3-signal/server \
	step4-waitpid/server
SOURCES = step1-sequential/server.c step2-fork/server.c \
	step3-signal/server.c step4-waitpid/server.c tests/clients.c \
	tests/bench.c
FACTS = tests/facts/facts.c tests/facts/faults.c tests/facts/held.c \
	tests/facts/linux.c tests/facts/probes.c tests/facts/processes.c \
	tests/facts/server.c tests/facts/sockets.c tests/facts/talk.c
CHECKER = tests/facts/facts tests/facts/fence
FENCE = tests/facts/fence.c tests/facts/linux.c tests/facts/processes.c \
	tests/facts/sockets.c tests/facts/talk.c
SCRIPTS = tests/demo tests/scenes tests/alternatives tests/show.sh \
	tests/zombies tests/lib.sh tests/matrix tests/soak \
	tests/bench tests/plot tests/watch tests/predict tests/rehearse \
	tests/check tests/confusion tests/suite tests/road tests/grade \
	tests/class .ci/run
FLAGS = export CC='$(CC)' CFLAGS='$(CFLAGS)' LDFLAGS='$(LDFLAGS)';
BUILD = $(CC) $(CFLAGS) $(LDFLAGS) -o $@

all: step1 step2 step3 step4 tests/clients $(CHECKER) ## build everything
step1: step1-sequential/server ### build step 1: one client at a time
step2: step2-fork/server ### build step 2: a child for each client
step3: step3-signal/server ### build step 3: one wait for each signal
step4: step4-waitpid/server ### build step 4: the waitpid loop

step1-sequential/server: step1-sequential/server.c
	$(BUILD) step1-sequential/server.c
step2-fork/server: step2-fork/server.c
	$(BUILD) step2-fork/server.c
step3-signal/server: step3-signal/server.c
	$(BUILD) step3-signal/server.c
step4-waitpid/server: step4-waitpid/server.c
	$(BUILD) step4-waitpid/server.c
tests/clients: tests/clients.c
	$(BUILD) tests/clients.c

tests/facts/facts: $(FACTS) tests/facts/facts.h
	$(BUILD) $(FACTS)
tests/facts/fence: $(FENCE) tests/facts/facts.h
	$(BUILD) $(FENCE)

alternatives: all ### build other ways to do what step 4 does
	@$(FLAGS) tests/alternatives --build

demo: all ## show all steps; STEP=3 one of them, slower; CLIENTS=20 more
	@$(FLAGS) if [ "$$SCENE" ]; then tests/scenes "$$SCENE"; \
	elif [ "$$ALTERNATIVE" ]; then tests/alternatives "$$ALTERNATIVE"; \
	else tests/demo $${STEP:+"$$STEP"}; fi

watch: all ## live view of all; STEP=3 or PID=4242 one; HANDS=1 no crowd
	@s='$(SECONDS)'; tests/watch $${s:+-s "$$s"} $${PID:+-p "$$PID"} \
	    $${STEP:+"$$STEP"}
check: all ## your work/server.c; or any: SERVER='command', from outside
	@$(FLAGS) if [ -n "$$SERVER" ]; then \
	    tests/check $${FORMAT:+-f "$$FORMAT"} $$SERVER; \
	else tests/road check; fi

start: ## the road: step 1 as work/server.c, for you to correct
	@tests/road start
hint: ## one more hint, of three, for what make check has said
	@tests/road hint
reset: ## work/server.c is step 1 again; yours is kept beside it
	@tests/road reset
watch-check: all ## make check whenever work/server.c changes, until Ctrl-C
	@$(FLAGS) tests/road watch
grade: all ### a class: DIR=folder, in it a folder for each submission
	@$(FLAGS) tests/grade $${JOBS:+-j "$$JOBS"} $${OUT:+-o "$$OUT"} \
	    $${FRESH:+-n} "$$DIR"

predict: all ## first you say the counts, then the demo; STEP=3 one step
	@tests/predict $${STEP:+"$$STEP"}
rehearse: all ### type the plan of docs/teaching.md; MIN=25, 50 or 90
	@tests/rehearse docs/teaching.md "$${MIN:-50} minutes"
slides: docs/slides.html ### docs/slides.html, for a browser; needs pandoc
docs/slides.html: docs/slides.md docs/figures/descriptors.svg
	@command -v pandoc >/dev/null || { echo 'make slides needs pandoc:' \
	    'apt install pandoc (Debian, Ubuntu), dnf install pandoc (Fedora),' \
	    'brew install pandoc (Homebrew)' >&2; exit 1; }
	pandoc --standalone --self-contained --to dzslides \
	    --resource-path docs --output $@ docs/slides.md

diff12: ## what step 2 changes in step 1
	@diff -u step1-sequential/server.c step2-fork/server.c || [ $$? = 1 ]
diff23: ## what step 3 changes in step 2
	@diff -u step2-fork/server.c step3-signal/server.c || [ $$? = 1 ]
diff34: ## what step 4 changes in step 3
	@diff -u step3-signal/server.c step4-waitpid/server.c || [ $$? = 1 ]

test: all bats ## run the tests; FILES=tests/step3.bats only those
	@tests/suite $(FILES)
test-all: all bats ### run the slow tests too
	@tests/suite --all $(FILES)
bats:
	@command -v bats >/dev/null || { echo 'make test needs bats:' \
	    'apt install bats (Debian, Ubuntu), dnf install bats (Fedora),' \
	    'apk add bats (Alpine), brew install bats-core (Homebrew),' \
	    'npm install -g bats (npm)' >&2; exit 1; }
	@bats --version | awk '{ split($$2, v, "."); exit v[1] * 100 + v[2] < 108 }' \
	    || { echo 'make test needs bats 1.8 or newer; this is' \
	    "$$(bats --version)" >&2; exit 1; }

bench: all ### measure the servers, about a minute; CSV=file for a table
	@$(FLAGS) tests/bench $${CSV:+--csv "$$CSV"}
matrix: ### the tests on other compilers, C libraries, shells, users
	@tests/matrix
soak: all ### random clients against step 4; MINUTES=30 for so long
	@tests/soak $${MINUTES:+"$$MINUTES"}

plot: all ### count the zombies of all steps, and draw that; needs gnuplot
	@new=$$(tests/plot) && echo "$$new" >docs/figures/zombies.tsv
	gnuplot docs/figures/zombies.gnuplot
figures: ### draw the pictures in docs again; needs dot and gnuplot
	for n in 1 2 3 4; do \
	    $(CC) -E -DSTEP=$$n -x c docs/figures/flow.dot | \
	        dot -Tsvg -o docs/figures/flow-step$$n.svg || exit 1; \
	done
	for name in child-life descriptors pending-bit; do \
	    dot -Tsvg -o docs/figures/$$name.svg docs/figures/$$name.dot || \
	        exit 1; \
	done
	gnuplot docs/figures/zombies.gnuplot

lint: ### check style and warnings, with the tools of .ci/run
	shellcheck $(SCRIPTS) tests/*.bash
	shellcheck --severity=warning tests/*.bats
	clang-format --dry-run -Werror $(SOURCES) $(FACTS) \
	    tests/facts/fence.c tests/facts/facts.h
	cppcheck --quiet --error-exitcode=1 --enable=warning,portability \
	    --std=c99 $(SOURCES) $(FACTS) tests/facts/fence.c
	clang-tidy --quiet $(SOURCES) $(FACTS) tests/facts/fence.c -- -std=c99
	for cc in gcc clang tcc musl-gcc; do \
	    for c in $(SOURCES) "$(FACTS)" "$(FENCE)"; do \
	        $$cc -std=c99 -pedantic -Wall -Wextra -Werror -o lint.out $$c || \
	            exit 1; \
	    done; \
	done
	rm -f lint.out

format: ### let clang-format lay out the C sources
	clang-format -i $(SOURCES) $(FACTS) \
	    tests/facts/fence.c tests/facts/facts.h

clean: ### remove what was built
	rm -f $(SERVERS) tests/clients $(CHECKER) docs/slides.html lint.out
	rm -rf step4-waitpid/alternatives/*/

help: ## what a student needs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*[^#]## / { printf "make %-12s %s\n", \
	    $$1, $$2 }' Makefile
	@echo 'make demo SCENE=list        what one line is for'
	@echo 'make demo ALTERNATIVE=list  other ways than step 4'
	@echo 'make help-all               also what teachers and testers need'
help-all: ### every target
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", \
	    $$1, $$2 }' Makefile

.PHONY: all step1 step2 step3 step4 alternatives demo check start hint reset \
	watch-check grade watch predict rehearse slides diff12 diff23 diff34 \
	test test-all bats bench matrix soak plot figures lint format clean help \
	help-all
