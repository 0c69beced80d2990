/*
 * fence: runs a command that may be hostile, within limits, and leaves nothing
 * of it behind. tests/grade builds and checks submissions with it.
 */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700
#include "facts.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    TOO_LONG = 124, /* exit status: it was ended when its time was over */
    TOLD = 125,     /* exit status: this program was told to end */
    GRACE = 12000   /* ms to end in good order, once told to */
};

static const char help[] =
    "usage: fence [OPTION...] COMMAND [ARG...]\n"
    "       fence -k -u UID\n"
    "Runs COMMAND within limits, and nothing more, unless -t is given.\n"
    "  -t SECONDS  ends it, and every process that came of it, after so many\n"
    "              seconds; ends what is left of it also when it ends itself\n"
    "  -u UID      as that user, if root starts it\n"
    "  -p COUNT    that user may have so many processes\n"
    "  -m SIZE     each process may have so many megabytes of memory\n"
    "  -f SIZE     each file may get so many megabytes large\n"
    "  -n          in a network of its own, where that is possible\n"
    "  -k          only end all processes of -u UID\n"
    "Exit status: that of COMMAND, 128 + N if signal N ended it, 124 its time\n"
    "was over, 125 told to end by a signal, 2 bad use, 127 cannot be run.\n";

static unsigned long uid, seconds, processes, memory, file;
static bool network, only_kill;

static void
on_signal(int sig)
{
    stop_now = sig;
}

static void
bad(const char *what, const char *why)
{
    fprintf(stderr, "fence: %s: %s\n", what, why);
    exit(2);
}

static void
parse(int argc, char *argv[])
{
    int option;

    /* The options of COMMAND are its own: + for glibc, which else sorts. */
    while ((option = getopt(argc, argv, "+t:u:p:m:f:nk")) != -1) {
        unsigned long *value = option == 't'   ? &seconds
                               : option == 'u' ? &uid
                               : option == 'p' ? &processes
                               : option == 'm' ? &memory
                                               : &file;
        char *end = NULL;

        if (option == 'n')
            network = true;
        else if (option == 'k')
            only_kill = true;
        else if (option == '?')
            exit(2); /* getopt has said why */
        else if ((*value = strtoul(optarg, &end, 10)) == 0 || *end != '\0' ||
                 *optarg < '0' || *optarg > '9' || *value > 2147483647)
            bad(optarg, "not a number from 1 on");
    }
    if (only_kill ? uid == 0 || optind < argc : optind == argc)
        bad("bad use", "see --help");
}

/* Never more than what is allowed already. */
static void
limit(int what, rlim_t most)
{
    struct rlimit now;

    if (most == 0 || getrlimit(what, &now) == -1)
        return;
    if (now.rlim_max == RLIM_INFINITY || most < now.rlim_max)
        now.rlim_max = most;
    now.rlim_cur = now.rlim_max;
    setrlimit(what, &now);
}

static bool
step_down(void)
{
    return uid == 0 || geteuid() != 0 ||
           (drop_groups() && setgid((gid_t)uid) == 0 &&
            setuid((uid_t)uid) == 0);
}

/* In the process that becomes the command. */
static void
become(char *argv[])
{
    int error;

    limit(RLIMIT_FSIZE, (rlim_t)file << 20);
#ifdef RLIMIT_AS
    limit(RLIMIT_AS, (rlim_t)memory << 20);
#endif
#ifdef RLIMIT_NPROC
    limit(RLIMIT_NPROC, (rlim_t)processes);
#endif
    if (step_down())
        execvp(argv[0], argv);
    error = errno;
    bad(argv[0], strerror(error));
}

/* All processes of the user, at one blow: none can fork meanwhile. */
static void
kill_user(void)
{
    pid_t pid;

    if (uid == 0 || geteuid() != 0)
        return;
    pid = fork();
    if (pid == 0) {
        if (step_down() && geteuid() != 0)
            kill(-1, SIGKILL);
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
        ;
}

/* Has it ended by then? *status says how. */
static bool
ends_by(pid_t pid, long deadline, bool heed, int *status)
{
    struct timespec t = {.tv_nsec = 5000000};
    pid_t ended;

    while (now_ms() < deadline && !(heed && stop_now != 0)) {
        while ((ended = waitpid(-1, status, WNOHANG)) > 0)
            if (ended == pid)
                return true;
        nanosleep(&t, NULL);
    }
    return false;
}

static int
supervise(char *argv[])
{
    struct sigaction sa = {.sa_handler = on_signal};
    int status = 0;
    bool ended;

    sigaction(SIGHUP, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    adopt_orphans();
    started = fork();
    if (started == -1)
        bad("fork", strerror(errno));
    if (started == 0) {
        setsid();
        become(argv);
    }
    ended = ends_by(started, now_ms() + (long)seconds * 1000, true, &status);
    if (!ended) { /* if it is tests/check, it ends the server itself */
        pid_t pid = started;
        int ignored;

        kill(pid, SIGTERM);
        ends_by(pid, now_ms() + GRACE, false, &ignored);
    }
    kill_user();
    end_all();
    if (!ended)
        return stop_now != 0 ? TOLD : TOO_LONG;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char *argv[])
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    parse(argc, argv);
    if (only_kill) {
        kill_user();
        return 0;
    }
    if (network)
        own_network();
    if (seconds > 0)
        return supervise(argv + optind);
    become(argv + optind);
    return 2;
}
