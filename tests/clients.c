/*
 * clients: a crowd of clients for an echo server, all in one process.
 *
 * The demo and the tests tell it what to do through a pipe, a person types.
 * Each command is answered by one line that counts what happened, and none
 * takes longer than the deadline. --help lists the commands.
 *
 * Each client sends bytes that follow from its number and their place in the
 * stream (see byte_at), so what comes back is checked without being stored.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE = 16,      /* what a ping sends, its newline included */
    AT_ONCE = 100,  /* new clients on their way at a time: a small backlog */
    PATIENCE = 10,  /* ms without an event, then more may be on their way */
    SPARE_FDS = 10, /* descriptors that are not clients */
    MOST = 1000000, /* clients; also the most bytes of a command, in KiB */
    REASONS = 8
};

enum { TEXT, ONE_LINE, BINARY };
enum state { CONNECTING, OPEN, GONE };

struct client {
    int fd;
    enum state state;
    bool chosen;         /* the command at hand is about this client */
    bool wants_eof;      /* it is done only when the server has closed */
    uint64_t sent, send; /* bytes sent, and how many shall be */
    uint64_t got, get;   /* bytes that came back, and how many shall */
};

static const char help[] =
    "usage: clients [-a ADDRESS] [-k KIND] PORT [COMMAND...]\n"
    "A crowd of clients for an echo server. Without a COMMAND it reads\n"
    "commands from standard input; at its end all clients hang up.\n"
    "\n"
    "  connect N         N clients connect and send nothing\n"
    "  open N            N clients connect; each sends a line, awaits its "
    "echo\n"
    "  ping [WHO]        each sends a line and awaits its echo\n"
    "  await [WHO]       each awaits the echo of what it has sent before\n"
    "  send BYTES [WHO]  each sends so many bytes; all must come back right\n"
    "  push BYTES [WHO]  each sends so many bytes and reads nothing\n"
    "  half-close [WHO]  each ends its sending side and reads to end of file\n"
    "  eof [WHO]         each reads until the server closes\n"
    "  hear [WHO]        show the line that the first of them is sent unasked\n"
    "  close [WHO]       hang up, all in one go\n"
    "  reset [WHO]       hang up with a reset (RST)\n"
    "  deadline SECONDS  the longest that a later command waits (first 30)\n"
    "  hold              keep all clients until Ctrl-C or end of input\n"
    "\n"
    "WHO: all (if left out), N (the N oldest), or @K (client number K).\n"
    "KIND of bytes: text (lines of 16; if left out), line (no newline at\n"
    "all), binary (every value, 0 included).\n"
    "Exit status: 0 all well, 1 some client failed or still waits, 2 bad use\n"
    "or not enough descriptors.\n";

static struct sockaddr_in server = {.sin_family = AF_INET};
static int kind; /* of bytes */
static double deadline = 30;
static struct client *crowd;
static size_t crowd_size;  /* clients so far, those that are gone included */
static size_t room;        /* how many crowd has room for */
static size_t first_alive; /* all before this one are gone */
static bool all_well = true;

/* What work hands to poll, and which clients these are. */
static struct pollfd *polled;
static size_t *polled_who;

/* Why clients failed in the command at hand, and how many for each reason. */
static struct {
    const char *why;
    size_t count;
} reasons[REASONS];

/* Prints one line on stderr, and returns false. */
static bool
complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "clients: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    return false;
}

/* Stores the number that text is; complains if it is not one, 0 to most. */
static bool
parse_number(const char *what, const char *text, uint64_t most, uint64_t *n)
{
    char *end;

    if (!text)
        return complain("%s: a number is missing", what);
    errno = 0;
    *n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || *n > most)
        return complain("%s: \"%s\" is not a number from 0 to %llu", what, text,
                        (unsigned long long)most);
    return true;
}

/* Returns the seconds since some fixed moment. */
static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns the byte that stands at a place of a client's stream. */
static unsigned char
byte_at(size_t client, uint64_t place)
{
    uint64_t x = place + client * 7;

    if (kind == BINARY)
        return (unsigned char)(x ^ x >> 8 ^ x >> 16);
    if (kind == TEXT && place % LINE == LINE - 1)
        return '\n';
    return (unsigned char)('a' + (x + x / 26 + x / 676) % 26);
}

/* Counts a failed client; why must outlive the command. */
static void
count_failure(const char *why)
{
    size_t i = 0;

    while (i < REASONS - 1 && reasons[i].why && strcmp(reasons[i].why, why))
        i++;
    reasons[i].why = why;
    reasons[i].count++;
}

static void
hang_up(struct client *c)
{
    close(c->fd);
    c->state = GONE;
}

static void
fail(struct client *c, const char *why)
{
    count_failure(why);
    hang_up(c);
}

/* Adds a client and starts to connect it; one that cannot is counted. */
static void
start_client(uint64_t bytes)
{
    struct client *c = &crowd[crowd_size++];

    *c = (struct client){.chosen = true, .send = bytes, .get = bytes};
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd == -1) {
        count_failure(strerror(errno));
        c->state = GONE;
    } else if (fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1 ||
               (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) ==
                    -1 &&
                errno != EINPROGRESS && errno != EINTR)) {
        fail(c, strerror(errno));
    }
}

static void
finish_connecting(struct client *c)
{
    int error = 0;
    socklen_t len = sizeof(error);

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0)
        fail(c, strerror(error));
    else
        c->state = OPEN;
}

static void
send_more(struct client *c)
{
    unsigned char buf[65536];
    size_t n = 0;
    ssize_t sent;

    while (n < sizeof(buf) && c->sent + n < c->send) {
        buf[n] = byte_at((size_t)(c - crowd), c->sent + n);
        n++;
    }
    sent = write(c->fd, buf, n);
    if (sent >= 0)
        c->sent += (uint64_t)sent;
    else if (errno != EAGAIN && errno != EINTR)
        fail(c, strerror(errno));
}

static void
read_more(struct client *c)
{
    unsigned char buf[65536];
    ssize_t n = read(c->fd, buf, sizeof(buf));

    if (n == -1) {
        if (errno != EAGAIN && errno != EINTR)
            fail(c, strerror(errno));
        return;
    }
    if (n == 0) {
        if (c->wants_eof && c->got == c->get)
            c->wants_eof = false;
        else
            fail(c, "server closed the connection too early");
        return;
    }
    if (c->got + (uint64_t)n > c->sent) {
        fail(c, "more came back than was sent");
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (buf[i] != byte_at((size_t)(c - crowd), c->got + (uint64_t)i)) {
            fail(c, "a wrong byte came back");
            return;
        }
    }
    c->got += (uint64_t)n;
}

/* Returns what poll shall watch for: 0 if the client has nothing to do. */
static short
wanted_events(const struct client *c)
{
    if (!c->chosen || c->state == GONE)
        return 0;
    if (c->state == CONNECTING)
        return POLLOUT;
    return (short)((c->sent < c->send ? POLLOUT : 0) |
                   (c->got < c->get || c->wants_eof ? POLLIN : 0));
}

static void
serve_events(struct client *c, short events)
{
    if (c->state == CONNECTING) {
        finish_connecting(c);
        return;
    }
    if (events & (POLLIN | POLLHUP | POLLERR) && wanted_events(c) & POLLIN)
        read_more(c);
    if (events & (POLLOUT | POLLHUP | POLLERR) && wanted_events(c) & POLLOUT)
        send_more(c);
}

/* Collects in polled the chosen clients that have something to do. */
static size_t
gather(void)
{
    size_t busy = 0;

    for (size_t i = first_alive; i < crowd_size; i++) {
        short events = wanted_events(&crowd[i]);

        if (events) {
            polled[busy] = (struct pollfd){crowd[i].fd, events, 0};
            polled_who[busy++] = i;
        }
    }
    return busy;
}

/*
 * Lets the chosen clients work until all are done or the deadline has passed,
 * and before that adds so many new ones, each with so many bytes to echo.
 */
static void
work(uint64_t to_start, uint64_t bytes)
{
    double left, end = now() + deadline;
    size_t busy = 0, most = AT_ONCE;

    while ((left = end - now()) > 0) {
        int ms = to_start > 0 ? PATIENCE : (int)(left * 1e3) + 1;

        for (; to_start > 0 && busy < most; to_start--, busy++)
            start_client(bytes);
        busy = gather();
        if (busy == 0 && to_start == 0)
            break;
        if (poll(polled, (nfds_t)busy, ms) == 0)
            most += AT_ONCE; /* those on their way wait for something else */
        for (size_t i = 0; i < busy; i++)
            if (polled[i].revents)
                serve_events(&crowd[polled_who[i]], polled[i].revents);
    }
    while (to_start-- > 0)
        count_failure("not tried before the deadline");
}

/* Prints what came of a command: how many are done, wait, have failed, why. */
static void
report(const char *verb, const char *all_are, const char *done_are)
{
    size_t all = 0, done = 0, waiting = 0, failed = 0;

    for (size_t i = first_alive; i < crowd_size; i++) {
        const struct client *c = &crowd[i];

        if (c->chosen && c->state != GONE) {
            all += c->state == OPEN;
            waiting += wanted_events(c) != 0;
            done += wanted_events(c) == 0;
        }
    }
    for (size_t i = 0; i < REASONS; i++)
        failed += reasons[i].count;
    printf("%s: %zu %s, ", verb, all, all_are);
    if (done_are)
        printf("%zu %s, ", done, done_are);
    printf("%zu waiting, %zu failed", waiting, failed);
    for (size_t i = 0; i < REASONS && reasons[i].why; i++)
        printf("%s %zu %s", i ? "," : ":", reasons[i].count, reasons[i].why);
    printf("\n");
    if (waiting + failed > 0)
        all_well = false;
}

/* Chooses the clients that who names; complains if it names none. */
static bool
choose(const char *verb, const char *who)
{
    uint64_t n = MOST;
    bool by_id = who && *who == '@', found = false;

    if (who && strcmp(who, "all") != 0 &&
        !parse_number(verb, who + by_id, MOST, &n))
        return false;
    for (size_t i = 0; i < crowd_size; i++) {
        struct client *c = &crowd[i];

        c->chosen = c->state != GONE && (by_id ? i + 1 == n : n > 0);
        found |= c->chosen;
        if (c->chosen && !by_id)
            n--;
    }
    return found || !by_id || complain("%s: there is no client %s", verb, who);
}

/* As realloc, but ends the program if there is not enough memory. */
static void *
resize(void *old, size_t size)
{
    void *new = realloc(old, size);

    if (!new) {
        perror("clients");
        exit(2);
    }
    return new;
}

/* Makes room for n more clients; complains if that is not allowed. */
static bool
make_room(const char *verb, uint64_t n)
{
    struct rlimit limit;
    uint64_t alive = 0;

    while (first_alive < crowd_size && crowd[first_alive].state == GONE)
        first_alive++;
    for (size_t i = first_alive; i < crowd_size; i++)
        alive += crowd[i].state != GONE;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < alive + n + SPARE_FDS) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < alive + n + SPARE_FDS)
        return complain("%s: %llu clients need %llu descriptors, but only "
                        "%llu are allowed (ulimit -n)",
                        verb, (unsigned long long)n,
                        (unsigned long long)(alive + n + SPARE_FDS),
                        (unsigned long long)limit.rlim_cur);
    if (crowd_size + n > room) {
        room = crowd_size + n;
        crowd = resize(crowd, room * sizeof(*crowd));
        polled = resize(polled, room * sizeof(*polled));
        polled_who = resize(polled_who, room * sizeof(*polled_who));
    }
    return true;
}

/* connect, open: adds clients, each with so many bytes to echo. */
static bool
add_clients(const char *verb, uint64_t n, uint64_t bytes)
{
    if (!make_room(verb, n))
        return false;
    for (size_t i = first_alive; i < crowd_size; i++)
        crowd[i].chosen = false;
    work(n, bytes);
    report(verb, "connected", bytes > 0 ? "served" : NULL);
    return true;
}

/* All that connected clients do while they stay. */
static bool
use_clients(const char *verb, uint64_t bytes)
{
    bool ping = strcmp(verb, "ping") == 0, push = strcmp(verb, "push") == 0;
    bool half_close = strcmp(verb, "half-close") == 0;
    bool eof = half_close || strcmp(verb, "eof") == 0;

    for (size_t i = first_alive; i < crowd_size; i++) {
        struct client *c = &crowd[i];

        if (!c->chosen)
            continue;
        c->send = half_close ? c->sent : c->send + bytes;
        if (ping)
            c->send += LINE - c->send % LINE;
        if (!push)
            c->get = c->send;
        c->wants_eof = eof;
        if (half_close)
            shutdown(c->fd, SHUT_WR);
    }
    work(0, 0);
    report(verb, "asked", "done");
    return true;
}

/* hear: shows a line that no client has asked for, such as a greeting. */
static bool
hear_line(void)
{
    double left, end = now() + deadline;
    size_t i = first_alive;
    char byte = 0;

    while (i < crowd_size && !crowd[i].chosen)
        i++;
    printf("hear: ");
    while (i < crowd_size && byte != '\n' && (left = end - now()) > 0) {
        struct pollfd p = {crowd[i].fd, POLLIN, 0};

        if (poll(&p, 1, (int)(left * 1e3) + 1) != 1)
            continue;
        if (read(p.fd, &byte, 1) != 1)
            break;
        putchar(byte);
    }
    if (byte != '\n') {
        all_well = false;
        printf("(no line)\n");
    }
    return true;
}

/* close, reset: the chosen clients hang up, all in one go. */
static bool
hang_up_clients(const char *verb)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    size_t closed = 0, left = 0;

    for (size_t i = first_alive; i < crowd_size; i++) {
        struct client *c = &crowd[i];

        left += c->state != GONE && !c->chosen;
        if (c->state == GONE || !c->chosen)
            continue;
        if (strcmp(verb, "reset") == 0)
            setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        hang_up(c);
        closed++;
    }
    printf("%s: %zu closed, %zu left\n", verb, closed, left);
    return true;
}

static bool
set_deadline(const char *text)
{
    char *end;
    double seconds = text ? strtod(text, &end) : 0;

    if (!text || *end || strspn(text, "0123456789.") != strlen(text) ||
        seconds < 0.01 || seconds > 3600)
        return complain("deadline: \"%s\" is not from 0.01 to 3600",
                        text ? text : "");
    deadline = seconds;
    printf("deadline: %g s\n", deadline);
    return true;
}

/* What may follow a verb: N (how many, or bytes), WHO, both, or nothing. */
static const struct command {
    const char *verb, *takes;
} commands[] = {
    {"connect", "N"},      {"open", "N"},        {"ping", "WHO"},
    {"await", "WHO"},      {"send", "N WHO"},    {"push", "N WHO"},
    {"half-close", "WHO"}, {"eof", "WHO"},       {"close", "WHO"},
    {"reset", "WHO"},      {"deadline", "TEXT"}, {"hear", "WHO"},
    {"hold", ""},
};

/* Returns the word if it belongs to the verb before it, and takes it. */
static const char *
take_argument(char ***words)
{
    const char *word = **words;

    if (!word || (!strchr("@0123456789", *word) && strcmp(word, "all") != 0))
        return NULL;
    return *(*words)++;
}

/* Runs the command at *words and moves past it; false if it makes no sense. */
static bool
run_command(char ***words)
{
    const char *verb = *(*words)++, *takes = NULL, *arg = NULL;
    uint64_t n = 0;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].verb, verb) == 0)
            takes = commands[i].takes;
    if (!takes)
        return complain("\"%s\": no such command; see --help", verb);
    if (*takes == 'N' &&
        !parse_number(verb, take_argument(words), (uint64_t)MOST * 1024, &n))
        return false;
    if (*takes && strcmp(takes, "N") != 0)
        arg = take_argument(words);
    if (strstr(takes, "WHO") && !choose(verb, arg))
        return false;
    memset(reasons, 0, sizeof(reasons));
    if (strcmp(takes, "N") == 0)
        return add_clients(verb, n, strcmp(verb, "open") == 0 ? LINE : 0);
    if (strcmp(verb, "close") == 0 || strcmp(verb, "reset") == 0)
        return hang_up_clients(verb);
    if (strcmp(verb, "hear") == 0)
        return hear_line();
    if (strcmp(verb, "deadline") == 0)
        return set_deadline(arg);
    if (strcmp(verb, "hold") != 0)
        return use_clients(verb, n);
    printf("hold: until Ctrl-C\n");
    for (;;)
        pause();
}

/* Runs the commands on standard input; a person may mend a wrong one. */
static bool
read_commands(void)
{
    bool typed = isatty(STDIN_FILENO), understood = true;
    char line[1024];

    while (understood || typed) {
        char *list[sizeof(line)], **words = list;

        if (typed)
            fprintf(stderr, "clients> ");
        if (!fgets(line, sizeof(line), stdin))
            return true;
        list[0] = strtok(line, " \t\n");
        for (size_t i = 0; list[i]; i++)
            list[i + 1] = strtok(NULL, " \t\n");
        for (understood = true; understood && *words;)
            understood = run_command(&words);
    }
    return false;
}

/* Returns what option -k names, or complains and returns -1. */
static int
parse_kind(const char *text)
{
    static const char *const kinds[] = {"text", "line", "binary"};

    for (int i = TEXT; i <= BINARY; i++)
        if (strcmp(text, kinds[i]) == 0)
            return i;
    complain("-k: \"%s\" is not text, line or binary", text);
    return -1;
}

int
main(int argc, char *argv[])
{
    const char *address = "127.0.0.1";
    bool understood = true;
    uint64_t port = 0;
    int option;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    while ((option = getopt(argc, argv, "+a:k:")) != -1) {
        if (option == 'a')
            address = optarg;
        else if (option != 'k' || (kind = parse_kind(optarg)) == -1)
            return 2;
    }
    if (!parse_number("port", argv[optind], 65535, &port))
        return 2;
    server.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, address, &server.sin_addr) != 1) {
        complain("-a: \"%s\" is not an IPv4 address", address);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    argv += optind + 1;
    if (!*argv)
        understood = read_commands();
    while (understood && *argv)
        understood = run_command(&argv);
    return !understood ? 2 : all_well ? 0 : 1;
}
