/*
 * bench: measures what a fork costs, and what a connection to a server costs.
 *
 * tests/bench builds and uses it; --help lists what it can do. All is done on
 * the loopback, and all is bounded, in number and in time.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CLIENTS = 1000, MOST_CONNECTIONS = 1000000, MOST_SECONDS = 60 };

#define STALL 1.0  /* seconds: then the kernel sends a lost SYN again */
#define QUICK 0.1  /* seconds: within it a SYN on the loopback is answered */
#define LIMIT 10.0 /* seconds: a connection that takes longer has failed */

static const char help[] =
    "usage: bench load [-n] PORT CLIENTS HOW-MUCH\n"
    "       bench floor SECONDSs | noecho | port\n"
    "\n"
    "  load    keeps so many clients at a time going: each connects, sends a\n"
    "          line, reads its echo, half-closes and reads to end of file;\n"
    "          with -n it sends nothing. HOW-MUCH: 200 (connections), or 0.2s\n"
    "  floor   fork, _exit and waitpid in a loop, nothing else\n"
    "  noecho  a server that accepts and forks, and whose child ends at once\n"
    "  port    prints a port that is free now\n"
    "\n"
    "load prints what came of it. per_s: connections that did not stall, a\n"
    "second. p99_ms: 99 of 100 took no longer. stalled: took over 1 s, or had\n"
    "no answer to its SYN at the end. Exit status: 0, or 2 for bad use.\n";

static const char line[] = "fork, serve, exit: 0123456789\n";
static const size_t line_size = sizeof(line) - 1;

struct client {
    double start;
    size_t sent, got;
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static bool echo = true; /* does the server send back what it gets? */

/* The clients, and what poll watches for; an fd of -1 is a free place. */
static struct client clients[MOST_CLIENTS];
static struct pollfd polled[MOST_CLIENTS];
static size_t at_a_time, active;

/* What came of the connections: how long each took that was not a failure. */
static float took[MOST_CONNECTIONS];
static size_t done, failed, stalled;
static double last_done; /* the last that did not stall */

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

static void
bad_use(const char *what, const char *text)
{
    fprintf(stderr, "bench: bad %s \"%s\"; see bench --help\n", what,
            text ? text : "");
    exit(2);
}

/* Returns the seconds since some fixed moment. */
static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns the number that text is, 1 to most, or ends the program. */
static size_t
parse_number(const char *what, const char *text, long most)
{
    char *end;
    long n = text && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;

    if (n < 1 || n > most || *end)
        bad_use(what, text);
    return (size_t)n;
}

/* Returns the seconds that text is, as in 0.2s, or ends the program. */
static double
parse_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (strcmp(end, "s") != 0 || !(seconds > 0 && seconds <= MOST_SECONDS))
        bad_use("time", text);
    return seconds;
}

/* Frees a client's place. */
static void
hang_up(size_t i)
{
    close(polled[i].fd);
    polled[i].fd = -1;
    active--;
}

static void
fail(size_t i)
{
    failed++;
    hang_up(i);
}

/* Notes a connection that is done, or given up as stalled. */
static void
finish(size_t i, double time)
{
    double seconds = time - clients[i].start;

    if (seconds > STALL)
        stalled++;
    else
        last_done = time;
    took[done++] = (float)seconds;
    hang_up(i);
}

/* Sends the line; if there is no connection yet, poll says when there is. */
static void
send_line(size_t i)
{
    struct client *c = &clients[i];
    ssize_t n = write(polled[i].fd, line + c->sent, line_size - c->sent);

    if (n >= 0)
        c->sent += (size_t)n;
    else if (errno != EAGAIN && errno != EINTR && errno != ENOTCONN)
        fail(i);
    polled[i].events = c->sent == line_size ? POLLIN : POLLOUT;
}

/* Reads the echo, then half-closes; then reads the end of file. */
static void
read_echo(size_t i)
{
    struct client *c = &clients[i];
    size_t expected = echo ? line_size : 0;
    char buf[512];
    ssize_t n = read(polled[i].fd, buf, sizeof(buf));

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 0 && c->got == expected) {
        finish(i, now());
    } else if (n < 1 || c->got + (size_t)n > expected ||
               memcmp(buf, line + c->got, (size_t)n) != 0) {
        fail(i);
    } else {
        c->got += (size_t)n;
        if (c->got == expected)
            shutdown(polled[i].fd, SHUT_WR);
    }
}

static void
start_client(size_t i)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
        die("bench: socket");
    active++;
    polled[i] = (struct pollfd){fd, POLLIN, 0};
    clients[i] = (struct client){.start = now()};
    if (connect(fd, (struct sockaddr *)&server, sizeof(server)) == -1 &&
        errno != EINPROGRESS && errno != EINTR)
        fail(i);
    else if (echo)
        send_line(i); /* on the loopback it is often connected already */
}

/* Ends what takes too long: a failure, or at the end of a run a stall. */
static void
give_up(double time, bool ending)
{
    for (size_t i = 0; i < at_a_time; i++) {
        double age = time - clients[i].start;

        if (polled[i].fd == -1)
            continue;
        if (ending &&
            (age > STALL || (age > QUICK && echo && !clients[i].sent)))
            finish(i, clients[i].start + (age > STALL ? age : STALL + QUICK));
        else if (age > LIMIT)
            fail(i);
    }
}

/* Lets the clients work for so many seconds, or so many connections. */
static void
load(double seconds, size_t connections)
{
    double time = now(), end = time + (seconds > 0 ? seconds : MOST_SECONDS);
    size_t started = 0;

    for (size_t i = 0; i < at_a_time; i++)
        polled[i].fd = -1;
    do {
        for (size_t i = 0; i < at_a_time && time < end; i++) {
            if (polled[i].fd == -1 && started < connections) {
                started++;
                start_client(i);
            }
        }
        if (poll(polled, (nfds_t)at_a_time, active ? 20 : 0) == -1 &&
            errno != EINTR)
            die("bench: poll");
        for (size_t i = 0; i < at_a_time; i++) {
            if (polled[i].fd == -1 || !polled[i].revents)
                continue;
            if (polled[i].events == POLLOUT)
                send_line(i);
            else
                read_echo(i);
        }
        time = now();
        give_up(time, time >= end);
    } while (active > 0 || (started < connections && time < end));
}

static int
compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static void
report_load(double begin)
{
    double seconds = last_done > begin ? last_done - begin : 0;

    qsort(took, done, sizeof(*took), compare);
    printf("clients=%zu done=%zu per_s=%.0f p99_ms=%.2f failed=%zu "
           "stalled=%zu\n",
           at_a_time, done,
           seconds > 0 ? (double)(done - stalled) / seconds : 0,
           done > 0 ? (double)took[(done * 99 + 99) / 100 - 1] * 1e3 : 0,
           failed, stalled);
}

/* fork, _exit and waitpid, as often as they go. */
static void
run_floor(double seconds)
{
    double begin = now(), time;
    size_t forks = 0;

    do {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        if (pid == -1 || waitpid(pid, NULL, 0) == -1)
            die("bench: fork");
        forks++;
    } while ((time = now()) < begin + seconds);
    printf("per_s=%.0f\n", (double)forks / (time - begin));
}

static void
on_sigchld(int sig)
{
    int saved_errno = errno;

    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved_errno;
}

/* Returns a socket bound to a free port, and notes the port in server. */
static int
bind_socket(void)
{
    socklen_t len = sizeof(server);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 || bind(fd, (struct sockaddr *)&server, len) == -1 ||
        getsockname(fd, (struct sockaddr *)&server, &len) == -1)
        die("bench: socket");
    return fd;
}

/* The fourth step without the echo, and with nothing else either. */
static void
serve_noecho(void)
{
    struct sigaction sa = {.sa_handler = on_sigchld, .sa_flags = SA_RESTART};
    int listen_fd = bind_socket(), conn_fd;

    sigemptyset(&sa.sa_mask);
    if (sigaction(SIGCHLD, &sa, NULL) == -1 ||
        listen(listen_fd, SOMAXCONN) == -1)
        die("bench: listen");
    printf("pid %ld listening on 127.0.0.1 port %d\n", (long)getpid(),
           ntohs(server.sin_port));
    fflush(stdout);
    while ((conn_fd = accept(listen_fd, NULL, NULL)) != -1) {
        if (fork() == 0)
            _exit(0);
        close(conn_fd);
    }
    die("bench: accept");
}

static void
run_load(char **args)
{
    double seconds = 0, begin;
    size_t connections = MOST_CONNECTIONS;

    if (*args && strcmp(*args, "-n") == 0) {
        echo = false;
        args++;
    }
    server.sin_port = htons((in_port_t)parse_number("port", args[0], 65535));
    at_a_time = parse_number("number of clients", args[1], MOST_CLIENTS);
    if (args[2] && strchr(args[2], 's'))
        seconds = parse_seconds(args[2]);
    else
        connections = parse_number("how much", args[2], MOST_CONNECTIONS);
    if (args[3])
        bad_use("argument", args[3]);
    begin = now();
    load(seconds, connections);
    report_load(begin);
}

int
main(int argc, char *argv[])
{
    const char *mode = argc > 1 ? argv[1] : "";

    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(mode, "load") == 0 && argc > 2) {
        run_load(argv + 2);
    } else if (strcmp(mode, "floor") == 0 && argc == 3) {
        run_floor(parse_seconds(argv[2]));
    } else if (strcmp(mode, "noecho") == 0 && argc == 2) {
        serve_noecho();
    } else if (strcmp(mode, "port") == 0 && argc == 2) {
        close(bind_socket());
        printf("%d\n", ntohs(server.sin_port));
    } else if (strcmp(mode, "--help") == 0 && argc == 2) {
        fputs(help, stdout);
    } else {
        bad_use("mode, or number of its arguments:", mode);
    }
    return 0;
}
