/*
 * facts: starts a server again and again, does something to it each time, and
 * prints what came of it, a key=value a line. It judges nothing: tests/check
 * does, by the table in tests/verdicts. --help lists the keys.
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
#include <sys/wait.h>
#include <unistd.h>

enum {
    MANY = 10,      /* clients at once */
    IN_TURN = 5,    /* clients one after another */
    SOON = 2000,    /* ms in which a server that can answer does */
    SLOW = 12000,   /* ms in which a child ends when its client has gone */
    REAPED = 1300,  /* ms in which the dead are collected: some use a timer */
    STARTED = 10000 /* ms in which a server listens */
};

/* What a client has to do to be served, and whether it can stay. */
enum kind { UNKNOWN, ECHOES, ANSWERS, GREETS, SILENT, ONE_ANSWER, CLOSES };

static const char *const kinds[] = {
    "unknown", "echoes", "answers", "greets", "silent", "one-answer", "closes"};
static const char line[] = "a line of text\n";

static char **command; /* with room for a port at its end */
static int command_len;
static in_port_t fixed_port; /* 0: a free one each time */
static bool gives_port;      /* it is the last argument */
static struct launch how;

static pid_t listener;
static unsigned long listen_inode;
static const char *listen_address;
static int workers; /* children that it had before any client came */
static enum kind kind;
static bool forks;      /* a child of its own serves each client */
static bool concurrent; /* a second client is served beside the first */
static bool inverted;   /* the first process serves, its child listens */
static bool stays;      /* a child does not end when its client has gone */
static struct client crowd[MANY];

/* Prints a fact at once: if this program is ended, what is known is known. */
static void
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

static void
fact_is(const char *key, bool yes)
{
    fact(key, yes ? "yes" : "no");
}

/* A probe that could not be made, and why. */
static void
leave_out(const char *probe, const char *why)
{
    fact("left_out", "%s: %s", probe, why);
}

/* How many of them: as a number, and as the word that tells servers apart. */
static void
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

/* Waits until it listens, and finds out which process does. */
static bool
find_listener(in_port_t asked)
{
    long begun = now_ms();
    pid_t pids[MANY];

    for (;;) {
        in_port_t swapped = htons(asked);
        bool there = look();

        server_port = asked;
        if (!listening(asked, &listen_inode, &listen_address) ||
            (has_proc() && holders(listen_inode, pids, 1) == 0)) {
            server_port = swapped;
            if (!has_proc() || swapped == asked ||
                !listening(swapped, &listen_inode, &listen_address) ||
                holders(listen_inode, pids, 1) == 0)
                server_port = 0;
        }
        if (server_port == 0 && has_proc() && now_ms() - begun > 200 &&
            (server_port = any_listening(&pids[0])) != 0)
            listening(server_port, &listen_inode, &listen_address);
        if (server_port != 0)
            break;
        if (!there || now_ms() - begun > STARTED)
            return false;
        nap();
    }
    listener = started;
    if (has_proc()) {
        int count = holders(listen_inode, pids, MANY);

        /* Of all that have the socket, the one whose parent has not. */
        for (int i = 0; i < count; i++) {
            bool top = true;

            for (int j = 0; j < count; j++)
                top = top && find(pids[i])->parent != pids[j];
            if (top)
                listener = pids[i];
        }
    }
    workers = children(listener, false);
    return true;
}

static void
stop_server(void)
{
    for (int i = 0; i < MANY; i++)
        reset(&crowd[i]); /* or the port would be in TIME_WAIT */
    end_all();
}

/* Starts it on that port. Returns false if it does not come to listen. */
static bool
start_on(in_port_t port)
{
    static char text[8];

    if (gives_port) {
        snprintf(text, sizeof(text), "%u", port);
        command[command_len] = text;
    }
    how.argv = command;
    if (!launch(&how))
        return false;
    if (find_listener(port))
        return true;
    stop_server();
    return false;
}

static bool
start_server(void)
{
    if (fixed_port != 0)
        own_network(); /* in which it has not been used yet */
    return start_on(fixed_port != 0 ? fixed_port : free_port()) ||
           (fixed_port == 0 && start_on(free_port()));
}

/* A server of which nothing is left to be seen of former clients: this one, or
 * a new one. Returns false, and says so, if it cannot be started again. */
static bool
fresh(const char *probe)
{
    if (started != 0) {
        for (int i = 0; i < MANY; i++)
            hang_up(&crowd[i]);
        if (is_alive(listener) && children(listener, true) == 0 &&
            children(listener, false) == workers)
            return true;
        stop_server();
    }
    if (start_server())
        return true;
    leave_out(probe, "the server does not start again");
    return false;
}

/* A server that no client has seen yet. */
static bool
anew(const char *probe)
{
    stop_server();
    return fresh(probe);
}

static bool
has_line(const struct client *c)
{
    size_t len = strlen(line);

    for (size_t i = 0; i + len <= c->got && i + len <= sizeof(c->bytes); i++)
        if (memcmp(c->bytes + i, line, len) == 0)
            return true;
    return false;
}

/* Which process has the server's end of this connection? 0: none has accepted
 * it, or it cannot be known. *listener_too: the listening process as well. */
static pid_t
who_has(struct client *c, bool *listener_too)
{
    pid_t pids[4], other = 0;
    int count;

    *listener_too = false;
    look();
    count = holders(inode_of(server_port, c->port), pids, 4);
    for (int i = 0; i < count; i++) {
        if (pids[i] == listener)
            *listener_too = true;
        else
            other = pids[i];
    }
    return other != 0 ? other : *listener_too ? listener : 0;
}

/* Is it being served? A server that says nothing only has to accept. */
static bool
is_served(struct client *c)
{
    bool listener_too;

    hear(c);
    switch (kind) {
    case ECHOES:
        return has_line(c);
    case ANSWERS:
    case GREETS:
        return c->got > 0;
    case CLOSES:
        return c->eof || c->reset;
    default:
        return who_has(c, &listener_too) != 0;
    }
}

/* A new client comes. Is it served, in so many ms? It may stay after that. */
static bool
serve(struct client *c, long patience)
{
    long deadline = now_ms() + patience;

    if (!call(c, patience))
        return false;
    if (kind == ECHOES || kind == ANSWERS)
        tell(c, line, strlen(line));
    while (!is_served(c)) {
        if (now_ms() > deadline || (c->eof && kind != CLOSES) || c->reset)
            return false;
        nap();
    }
    return true;
}

/* Waits until this process has ended, as a zombie or altogether. */
static bool
ends(pid_t pid, long patience)
{
    long deadline = now_ms() + patience;

    while (is_alive(pid)) {
        if (now_ms() > deadline)
            return false;
        nap();
    }
    return true;
}

/* The zombies that stay. */
static int
left(void)
{
    long deadline = now_ms() + REAPED;

    do {
        nap();
        look();
    } while (children(listener, true) > 0 && now_ms() < deadline);
    return children(listener, true);
}

/* Does this process use the processor all the time? */
static bool
spins(pid_t pid)
{
    long begun = now_ms(), used;

    look();
    used = find(pid) == NULL ? 0 : find(pid)->cpu;
    while (now_ms() - begun < 400)
        nap();
    look();
    /* On a busy machine it gets only its share. */
    return find(pid) != NULL && find(pid)->cpu - used >= 80;
}

/* Is the server still there? If not: how did it end, and what did it say? */
static bool
survives(const char *probe)
{
    char key[40], text[4096];
    size_t len = 0;
    FILE *err;

    if (is_alive(listener))
        return true;
    while (listener == started && started_status == -1)
        nap();
    snprintf(key, sizeof(key), "dies_%s", probe);
    if (listener != started)
        fact(key, "unknown");
    else if (WIFSIGNALED(started_status))
        fact(key, "signal-%d", WTERMSIG(started_status));
    else
        fact(key, "exit-%d", WEXITSTATUS(started_status));
    if ((err = fopen(how.err, "r")) != NULL) {
        len = fread(text, 1, sizeof(text) - 1, err);
        fclose(err);
    }
    text[len] = '\0';
    snprintf(key, sizeof(key), "dies_%s_says", probe);
    fact(key, strstr(text, "nterrupted")           ? "interrupted"
              : strstr(text, "ad file descriptor") ? "bad-descriptor"
              : len > 0                            ? "something"
                                                   : "nothing");
    return false;
}

/* The first client says nothing for a while, then sends a line. */
static void
probe_kind(void)
{
    struct client *c = &crowd[0];
    long begun = now_ms();
    size_t greeting, len = strlen(line);
    bool listener_too;

    if (!call(c, SOON)) {
        fact("kind", "unknown");
        leave_out("kind", "the first client is not connected");
        return;
    }
    while (now_ms() - begun < 300 && c->got == 0 && !c->eof && !c->reset) {
        nap();
        hear(c);
    }
    greeting = c->got;
    if (greeting > 0)
        hear_end(c, 300);
    if (c->eof || c->reset) {
        kind = CLOSES;
    } else {
        tell(c, line, len);
        hear_bytes(c, greeting + 1, SOON);
        while (c->got > greeting && c->got < greeting + len &&
               hear_bytes(c, c->got + 1, 200))
            ;
        if (c->got == greeting + len && has_line(c))
            kind = ECHOES;
        else if (greeting > 0)
            kind = GREETS;
        else if (c->got > 0)
            kind = hear_end(c, 300) ? ONE_ANSWER : ANSWERS;
        else
            kind = c->eof || c->reset ? ONE_ANSWER : SILENT;
    }
    fact_is("greets", greeting > 0);
    fact("kind", kinds[kind]);
    if (kind == CLOSES)
        fact_is("answered", c->got > 0);
    if (kind == SILENT && who_has(c, &listener_too) == 0) {
        kind = UNKNOWN;
        leave_out("kind", has_proc()
                              ? "the first client is not accepted"
                              : "it says nothing, and there is no /proc");
    }
    hang_up(c);
}

/* What only an echo server promises: more than one line, any byte, and an end
 * after the end. */
static void
probe_echo(void)
{
    struct client *c = &crowd[0];
    char bytes[] = "a\0b\n";
    size_t once;

    if (kind != ECHOES || !fresh("echo") || !serve(c, SOON))
        return;
    once = c->got;
    tell(c, line, strlen(line));
    fact("second_line", hear_bytes(c, once + strlen(line), SOON) ? "echoed"
                        : c->eof || c->reset                     ? "closed"
                                                                 : "waits");
    hang_up(c);
    if (!serve(c, SOON))
        return;
    hang_up(c);
    if (!call(c, SOON))
        return;
    tell(c, bytes, 4);
    hear_bytes(c, 4, 500);
    fact("nul", c->got >= 4 ? "echoed" : "cut");
    hang_up(c);
    if (!serve(c, SOON))
        return;
    shutdown_sending(c);
    fact_is("end_after_end", hear_end(c, SOON));
    hang_up(c);
}

/* Which process serves the first client, and what is it to the server? */
static void
probe_first(struct client *c)
{
    pid_t before[MANY], pid = 0, newborn = 0, pids[MANY];
    int known = 0, count;
    bool listener_too = false, has_connection, has_listener = false;
    long deadline;

    look();
    for (int n = 0; n < MANY && (before[n] = nth_child(listener, n)) != 0; n++)
        known++;
    if (!serve(c, SOON)) {
        survives("first");
        fact("first", "waits");
        return;
    }
    fact("first", "served");
    /* The parent may come to close its copy only now. */
    deadline = now_ms() + (kind == ECHOES ? 500 : 200);
    do {
        nap();
        pid = who_has(c, &listener_too);
    } while (now_ms() < deadline && (listener_too || pid == 0));
    for (int n = 0; nth_child(listener, n) != 0 && newborn == 0; n++) {
        newborn = nth_child(listener, n);
        for (int i = 0; i < known; i++)
            if (before[i] == newborn)
                newborn = 0;
    }
    if (pid == 0) {
        fact("served_by", newborn != 0 ? "child" : "unknown");
        forks = newborn != 0;
        return;
    }
    count = holders(listen_inode, pids, MANY);
    for (int i = 0; i < count; i++)
        has_listener = has_listener || pids[i] == newborn;
    has_connection = newborn != 0 && pid == newborn;
    fact("newborn_has", newborn == 0                     ? "none"
                        : has_connection && has_listener ? "both"
                        : has_connection                 ? "connection"
                        : has_listener                   ? "listener"
                                                         : "neither");
    inverted = pid == listener && has_listener;
    for (int i = 0; i < known; i++)
        if (before[i] == pid)
            pid = -1;
    fact("served_by", pid == listener                 ? "listener"
                      : pid == -1                     ? "worker"
                      : find(pid) == NULL             ? "unknown"
                      : find(pid)->parent == listener ? "child"
                                                      : "grandchild");
    forks = pid > 0 && pid != listener;
    if (pid != listener)
        fact_is("parent_keeps", listener_too);
}

/* A second client comes while the first is there, then eight more. */
static void
probe_many(void)
{
    int count = 1;
    bool listener_too;
    unsigned long inode;
    const char *address;

    if (kind == CLOSES || kind == UNKNOWN || !fresh("ten clients at once"))
        return;
    probe_first(&crowd[0]);
    if (inverted || !survives("first"))
        return;
    while (count < MANY && serve(&crowd[count], SOON))
        count++;
    concurrent = count > 1;
    if (!concurrent && !listening(server_port, &inode, &address))
        fact("stops_listening", "yes");
    fact("second", concurrent ? "served" : "waits");
    fact("at_once", "%d", count);
    look();
    fact("children_at_once", "%d", children(listener, false) - workers);
    if (count == 1) /* does it get its turn when the first has gone? */
        fact("second_has",
             who_has(&crowd[1], &listener_too) == 0 ? "nobody" : "somebody");
    survives("second");
}

/* Three clients; the oldest leaves; another comes. Then the same with a
 * SIGCHLD for which no child has ended. */
static void
probe_handler(void)
{
    bool listener_too;
    pid_t child;

    if (!concurrent || !forks || !fresh("a client leaves, another comes") ||
        !serve(&crowd[0], SOON) || !serve(&crowd[1], SOON))
        return;
    child = who_has(&crowd[0], &listener_too);
    if (child == 0)
        child = nth_child(listener, workers);
    hang_up(&crowd[0]);
    if (!ends(child, SOON))
        return; /* probe_in_turn tells why */
    if (is_alive(listener))
        fact("left_older", "%d", left());
    if (serve(&crowd[2], SOON)) {
        fact("mixed", "served");
    } else if (survives("left")) {
        fact("mixed", "waits");
        fact_is("mixed_spins", spins(listener));
        stop_server();
    } else {
        fact("mixed", "died");
    }
    if (!fresh("a stray SIGCHLD") || !serve(&crowd[0], SOON))
        return;
    kill(listener, SIGCHLD);
    if (serve(&crowd[1], SOON))
        fact("stray", "served");
    else
        fact("stray", survives("stray") ? "waits" : "died");
    if (started != 0 && !is_alive(listener))
        stop_server();
}

/* Clients come and leave, one after another: what is left of each? */
static void
probe_in_turn(void)
{
    int fds = 0, turn = 0, highest, zombies;
    bool listener_too;
    pid_t child, pids[MANY];

    if (kind == UNKNOWN || !anew("in turn"))
        return;
    fds = descriptors(listener, &highest);
    for (turn = 0; turn < IN_TURN && !stays; turn++) {
        struct client *c = &crowd[0];
        unsigned long inode;
        long deadline = now_ms() + SOON;

        if (!serve(c, SOON)) {
            survives("left");
            break;
        }
        child = who_has(c, &listener_too);
        if (child == 0 || child == listener)
            child = nth_child(listener, workers);
        inode = inode_of(server_port, c->port);
        hang_up(c);
        if (kind == CLOSES) {
            while (look() && children(listener, false) > workers &&
                   now_ms() < deadline)
                nap();
        } else if (forks && child != 0 && child != listener &&
                   !ends(child, SLOW / 3)) {
            int count = holders(inode, pids, MANY);

            stays = true;
            fact_is("child_spins", spins(child));
            fact_is("child_has_connection",
                    count > 0 && pids[count - 1] != listener);
            count = holders(listen_inode, pids, MANY);
            while (count > 0 && pids[count - 1] != child)
                count--;
            fact_is("child_has_listener", count > 0);
        }
    }
    if (!is_alive(listener))
        return;
    zombies = left();
    fact("in_turn", "%d", turn);
    fact_is("child_stays", stays);
    if (stays)
        return;
    fact_share("left_in_turn", zombies, turn);
    if (fds != -1)
        fact("descriptors_gained", "%d", descriptors(listener, &highest) - fds);
}

/* The signal settings of the server, and of a child of it. */
static void
probe_signals(void)
{
    bool listener_too;
    pid_t child;

    if (signal_is(listener, "Cgt", SIGCHLD) == -1) {
        leave_out("signal settings", "this system does not show them");
        return;
    }
    if (kind == UNKNOWN || kind == CLOSES || !anew("signals") ||
        !serve(&crowd[0], SOON))
        return;
    fact_is("catches", signal_is(listener, "Cgt", SIGCHLD) == 1);
    fact_is("ignores", signal_is(listener, "Ign", SIGCHLD) == 1);
    fact_is("blocks", signal_is(listener, "Blk", SIGCHLD) == 1);
    child = who_has(&crowd[0], &listener_too);
    if (child != 0 && child != listener)
        fact_is("child_catches", signal_is(child, "Cgt", SIGCHLD) == 1);
    hang_up(&crowd[0]);
}

/* All that the server's children have come to, while it is stopped. */
static void
probe_frozen(int born)
{
    long deadline = now_ms() + SLOW;
    int dead, zombies;

    do {
        nap();
        look();
    } while (children(listener, false) > workers && now_ms() < deadline);
    dead = children(listener, true);
    fact("together", "%d", born);
    fact("together_dead", "%d", dead);
    kill(listener, SIGCONT);
    if (!is_alive(listener) || dead == 0) {
        fact_is("collected_while_stopped",
                born > 0 && dead == 0 && children(listener, false) == workers);
        return;
    }
    zombies = left();
    if (!survives("together"))
        return;
    fact_share("left_together", zombies, dead);
    if (zombies == 0)
        return;
    if (serve(&crowd[0], SOON))
        fact_share("left_after_next", left(), dead);
    hang_up(&crowd[0]);
}

/* Freeze, kill, thaw: many clients leave while the server is stopped. Only
 * when each child is a zombie does it go on, with one SIGCHLD pending. */
static void
probe_together(void)
{
    int count = 0, born;

    if (!forks || !concurrent || stays || kind == CLOSES || !anew("together"))
        return;
    while (count < MANY && serve(&crowd[count], SOON))
        count++;
    look();
    born = children(listener, false) - workers;
    freeze(listener);
    for (int i = 0; i < count; i++)
        hang_up(&crowd[i]);
    probe_frozen(born);
}

/* Does a new client get a child, which is then held at its exit? */
static bool
holds_one_more(struct client *c)
{
    int held = exits_held();
    long deadline = now_ms() + SOON;

    if (!call(c, SOON))
        return false;
    while (exits_held() == held && now_ms() < deadline)
        nap();
    return exits_held() > held;
}

/* It closes at once, and no child was born: what it does when nobody is there
 * tells whether one client after another is accepted. */
static void
probe_childless(void)
{
    bool known, accepts;

    hear_end(&crowd[0], SOON);
    left();
    accepts = waits_in(listener, "accept", &known);
    if (known || threads_seen() > 0)
        fact("second", accepts && threads_seen() == 0 ? "waits" : "served");
    if (threads_seen() > 0)
        fact("served_by", "thread");
    else if (known)
        fact("served_by", "listener");
    else
        leave_out("who serves", "it closes at once, and has no child then");
}

/* The same, and the handler, where the server closes at once: its children are
 * held when they are about to exit. */
static void
probe_closing(void)
{
    const char *steps[MANY] = {"first", "second", "mixed", "stray"};
    int born;

    if (kind != CLOSES || !anew("together"))
        return;
    if (!hold_exits(listener)) {
        leave_out("together", "it closes at once, and its children cannot be "
                              "held here when they exit");
        return;
    }
    for (born = 0; born < MANY; born++) {
        if (born == 2)
            release_one();
        if (born == 3)
            kill(listener, SIGCHLD);
        if (!holds_one_more(&crowd[born]))
            break;
        if (steps[born] != NULL)
            fact(steps[born], "served");
    }
    forks = born > 0;
    concurrent = born > 1;
    if (born < MANY) {
        if (!forks)
            probe_childless();
        else if (steps[born] != NULL && survives(steps[born]))
            fact(steps[born], "waits");
        if (born == 2 && is_alive(listener))
            fact_is("mixed_spins", spins(listener));
        stop_server();
        return;
    }
    fact("served_by", "child");
    fact("at_once", "%d", born);
    if (release_exits())
        probe_frozen(born - 1);
    else
        leave_out("together", "the server does not let itself be stopped");
    stop_server();
}

/* Clients that are gone before they are answered. */
static void
probe_rude(void)
{
    static char much[16384];
    struct client *c = &crowd[0];
    bool survived;

    if (kind == UNKNOWN || !fresh("a reset") || !serve(c, SOON))
        return;
    reset(c);
    survived = serve(c, SOON) || survives("reset");
    if (!survived)
        stop_server();
    if (!fresh("a client that does not wait for its answer"))
        return;
    memset(much, 'a', sizeof(much));
    for (size_t i = 79; i < sizeof(much); i += 80)
        much[i] = '\n';
    freeze(listener);
    if (call(c, SOON))
        tell(c, much, sizeof(much));
    close(c->fd);
    c->fd = -1;
    kill(listener, SIGCONT);
    if (!serve(c, SOON) && !survives("unread")) {
        survived = false;
        stop_server();
    }
    fact("rude", survived ? "survived" : "died");
}

/* Clients come one after another while few descriptors are allowed; then none
 * is left when one comes. */
static void
probe_no_descriptor(void)
{
    struct client *c = &crowd[0];
    bool spinning;
    int highest;

    if (kind == UNKNOWN || !anew("no descriptor left"))
        return;
    descriptors(listener, &highest);
    if (!allow_descriptors(listener, highest + 1 + IN_TURN)) {
        leave_out("no descriptor left", "cannot be brought about here");
        return;
    }
    for (int i = 0; i < MANY && serve(c, SOON / 2); i++)
        hang_up(c);
    spinning = c->fd != -1 && spins(listener);
    fact("few_descriptors", c->fd == -1           ? "enough"
                            : !is_alive(listener) ? "dies"
                            : spinning            ? "spins"
                                                  : "waits");
    if (!is_alive(listener)) {
        stop_server();
        return;
    }
    hang_up(c);
    descriptors(listener, &highest);
    allow_descriptors(listener, highest + 1);
    if (call(c, SOON))
        tell(c, line, strlen(line));
    spinning = spins(listener);
    fact("without_descriptor", !is_alive(listener) ? "dies"
                               : spinning          ? "spins"
                                                   : "waits");
    stop_server();
}

/* The server is killed while a client is connected. Who still listens? Can it
 * be started again on the same port? */
static void
probe_restart(void)
{
    unsigned long inode;
    const char *address;
    in_port_t port;
    pid_t heir;
    long deadline = now_ms() + SOON;

    if (kind == UNKNOWN || !fresh("restart") || !serve(&crowd[0], SOON))
        return;
    port = server_port;
    kill(listener, SIGKILL);
    /* A process with threads is not gone all at once. */
    while (now_ms() < deadline &&
           (is_alive(listener) || (listening(port, &inode, &address) &&
                                   holders(inode, &heir, 1) == 0)))
        nap();
    fact_is("port_survives", listening(port, &inode, &address));
    if (listener != started && is_alive(started)) {
        leave_out("restart", "another process of it lives on");
        stop_server();
        return;
    }
    end_all(); /* the server's side ends the connection first: TIME_WAIT */
    hear_end(&crowd[0], SOON);
    hang_up(&crowd[0]);
    if (has_proc() && !in_time_wait(port)) {
        leave_out("restart", "no connection of it is in TIME_WAIT");
        return;
    }
    if (launch(&how) && find_listener(port) && server_port == port)
        fact("restart", "listens");
    else
        fact("restart", "fails");
    stop_server();
}

static long
file_size(const char *name)
{
    FILE *file = fopen(name, "r");
    long size = 0;

    if (file != NULL) {
        fseek(file, 0, SEEK_END);
        size = ftell(file);
        fclose(file);
    }
    return size;
}

/* No process can be started when a client comes. Root is never refused one,
 * so the server is run as a user who has nothing else. */
static void
probe_no_process(void)
{
    struct client *c = &crowd[0];
    long said;
    bool listener_too, was_ended, alone;

    if (!forks || kind == CLOSES)
        return;
    if (geteuid() == 0) {
        stop_server();
        how.alone = true;
        alone = start_server();
        how.alone = false;
    } else {
        alone = fresh("no process left") && allow_processes(listener, 0);
    }
    if (!alone) {
        leave_out("no process left", "cannot be brought about here");
        stop_server();
        return;
    }
    said = file_size(how.err) + file_size(how.out);
    if (call(c, SOON))
        tell(c, line, strlen(line));
    was_ended = hear_end(c, SOON / 2);
    if (!is_alive(listener))
        fact("without_process", "dies");
    else if (kind == ECHOES && has_line(c))
        fact("without_process", "serves");
    else if (was_ended)
        fact("without_process", file_size(how.err) + file_size(how.out) > said
                                    ? "says-so"
                                    : "drops");
    else
        fact("without_process",
             who_has(c, &listener_too) == listener ? "keeps" : "waits");
    stop_server();
}

/* Makes lines alike that differ only in their numbers. */
static void
squeeze(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        if (*text >= '0' && *text <= '9') {
            if (to[-1] != '#')
                *to++ = '#';
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* What the server had printed before any client came, seen on a terminal: how
 * often does it stand in the file that has the same output after some came? */
static void
probe_output(const char *said)
{
    static char first[300] = "\n", text[1 << 16] = "\n";
    size_t len = strcspn(said, "\r\n"), count = 0;
    FILE *out;

    stop_server();
    if (len < 3 || len > sizeof(first) - 3 || !fresh("output"))
        return;
    for (int i = 0; i < IN_TURN; i++) {
        if (!serve(&crowd[0], SOON))
            return;
        hang_up(&crowd[0]);
        nap();
    }
    left();
    stop_server();
    if ((out = fopen(how.out, "r")) == NULL)
        return;
    text[1 + fread(text + 1, 1, sizeof(text) - 2, out)] = '\0';
    fclose(out);
    snprintf(first + 1, sizeof(first) - 1, "%.*s\n", (int)len, said);
    squeeze(first + 1);
    squeeze(text + 1);
    for (char *at = text; (at = strstr(at, first)) != NULL; at++)
        count++;
    fact("first_line_printed", "%zu", count);
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
    command = calloc((size_t)(argc - i + 2), sizeof(*command));
    if (command == NULL)
        bad("no memory");
    for (command_len = 0; i < argc; i++)
        command[command_len++] = argv[i];
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
    in_port_t asked = fixed_port;

    if (fixed_port != 0 && port_is_taken(fixed_port))
        bad("port %u is taken by another program", fixed_port);
    how.terminal = true;
    if (fixed_port == 0)
        asked = free_port();
    if (!start_on(asked) &&
        (fixed_port != 0 || (asked = free_port()) == 0 || !start_on(asked))) {
        if (errno == ENOENT || errno == EACCES || errno == ENOEXEC)
            bad("%s: %s", command[0], strerror(errno));
        bad("%s: it does not come to listen on port %u", command[0], asked);
    }
    fact("port", server_port == asked          ? "as-told"
                 : server_port == htons(asked) ? "swapped"
                                               : "another");
    if (server_port != asked) { /* the next time too */
        gives_port = gives_port && server_port == htons(asked);
        if (!gives_port)
            fixed_port = server_port;
    }
    fact("address", "%s", listen_address);
    fact_is("listener_is_started", listener == started);
    fact("workers", "%d", workers);
}

int
main(int argc, char *argv[])
{
    struct sigaction sa = {.sa_handler = on_signal};
    static char said[sizeof(screen)];

    signal(SIGCHLD, SIG_DFL); /* ignored, it would be for the server too */
    signal(SIGPIPE, SIG_IGN);
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
    probe_echo();
    probe_many();
    if (!inverted) {
        how.terminal = false;
        probe_handler();
        probe_in_turn();
        probe_signals();
        probe_together();
        probe_closing();
        probe_rude();
        probe_no_descriptor();
        probe_output(said);
        probe_restart();
        probe_no_process();
    }
    stop_server();
    return 0;
}
