/*
 * facts: starts a server again and again, does something to it each time, and
 * prints what came of it, a key=value a line. It judges nothing: tests/check
 * does, by the table in tests/verdicts.
 */
#define _POSIX_C_SOURCE 200809L
#include "facts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Prints a fact at once: if this program is ended, what is known is known. */
void
fact(const char *key, const char *format, ...)
{
    va_list args;

    printf("%s=", key);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

void
fact_is(const char *key, bool yes)
{
    fact(key, yes ? "yes" : "no");
}

/* A probe that could not be made, and why. */
void
leave_out(const char *probe, const char *why)
{
    fact("left_out", "%s: %s", probe, why);
}

/* How many of them: as a number, and as the word that tells servers apart. */
void
fact_share(const char *key, int part, int whole)
{
    char word[40];

    fact(key, "%d", part);
    snprintf(word, sizeof(word), "%s_is", key);
    fact(word, part == 0           ? "none"
               : part >= whole     ? "all"
               : part == whole - 1 ? "all-but-one"
               : part == 1         ? "one"
                                   : "some");
}

static const char help[] =
    "usage: facts [-p PORT] [-d DIR] COMMAND [ARG...]\n"
    "Starts COMMAND ARG... with a free port as its last argument, again and\n"
    "again, and prints what is seen of it as key=value lines.\n"
    "  -p PORT  start it as it is; it listens on PORT\n"
    "  -d DIR   its stdout and stderr go to DIR/out and DIR/err (first .)\n"
    "Exit status: 0 all facts are there, 2 bad use, or COMMAND cannot be\n"
    "checked (the reason is on stderr).\n";

static void
bad(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("facts: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    end_all();
    exit(2);
}

static void
on_signal(int sig)
{
    stop_now = sig;
}

static void
parse(int argc, char *argv[])
{
    static char out[4096], err[4096];
    const char *dir = ".";
    char *end;
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            exit(0);
        }
        if (argv[i][1] == '\0' || strchr("pd", argv[i][1]) == NULL ||
            argv[i][2] != '\0')
            bad("%s: no such option: -p PORT, -d DIR or --help", argv[i]);
        if (i + 1 == argc)
            bad("%s: its value is missing", argv[i]);
        if (argv[i][1] == 'd') {
            dir = argv[i + 1];
        } else {
            long port = strtol(argv[i + 1], &end, 10);

            if (*argv[i + 1] < '0' || *argv[i + 1] > '9' || *end != '\0' ||
                port < 1 || port > 65535)
                bad("\"%s\": not a port from 1 to 65535", argv[i + 1]);
            fixed_port = (in_port_t)port;
        }
    }
    if (i == argc)
        bad("which COMMAND? see --help");
    how.argv = calloc((size_t)(argc - i + 2), sizeof(*how.argv));
    if (how.argv == NULL)
        bad("no memory");
    for (command_len = 0; i < argc; i++)
        how.argv[command_len++] = argv[i];
    gives_port = fixed_port == 0;
    snprintf(out, sizeof(out), "%s/out", dir);
    snprintf(err, sizeof(err), "%s/err", dir);
    how.out = out;
    how.err = err;
}

/* Starts it for the first time: can it be checked at all? */
static void
probe_start(void)
{
    if (fixed_port != 0 && port_is_taken(fixed_port))
        bad("port %u is taken by another program", fixed_port);
    how.terminal = true;
    if (!start_on_any()) {
        if (errno == ENOENT || errno == EACCES || errno == ENOEXEC)
            bad("%s: %s", how.argv[0], strerror(errno));
        bad("%s: it does not come to listen on port %u", how.argv[0],
            told_port);
    }
    fact("port", !gives_port                       ? "its-own"
                 : server_port == told_port        ? "as-told"
                 : server_port == htons(told_port) ? "swapped"
                                                   : "another");
    if (server_port != told_port) { /* the next time too */
        gives_port = gives_port && server_port == htons(told_port);
        if (!gives_port)
            fixed_port = server_port;
    }
    fact("address", "%s", listen_address);
    fact_is("listener_is_started", listener == started);
    fact("workers", "%d", workers);
}

/* Does it say where it listens, as the servers of this kit do? They promise
 * more than others, who may have their reasons: docs/mistakes.md. */
static bool
keeps_interface(const char *said)
{
    int port;

    return sscanf(said, "pid %*d listening on %*s port %d", &port) == 1;
}

/* A child that tells its parent that it ends tells us, if its parent has gone
 * and we have adopted it. */
static void
ignore_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
#ifdef SIGRTMIN
    for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
        signal(sig, SIG_IGN);
#endif
}

int
main(int argc, char *argv[])
{
    struct sigaction sa = {.sa_handler = on_signal};
    static char said[sizeof(screen)], shown[sizeof(screen)];

    signal(SIGCHLD, SIG_DFL); /* ignored, it would be for the server too */
    ignore_signals();
    parse(argc, argv);
    sigaction(SIGHUP, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    for (int i = 0; i < MANY; i++)
        crowd[i].fd = -1;
    adopt_orphans();
    probe_start();
    nap();
    memcpy(said, screen, sizeof(said));
    probe_kind();
    fact_is("kit_interface", keeps_interface(screen));
    probe_echo();
    probe_many();
    if (!inverted) {
        memcpy(shown, screen, sizeof(shown));
        how.terminal = false;
        probe_silent_client();
        probe_handler();
        probe_in_turn();
        probe_signals();
        probe_together();
        probe_closing();
        if (!probe_death()) {
            probe_rude();
            probe_no_descriptor();
        }
        probe_output(said, shown);
        probe_restart();
        probe_no_process();
    }
    stop_server();
    return 0;
}
