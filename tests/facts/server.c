/*
 * server.c: the checked server as a whole: starts it on a port, finds the
 * process that listens, and tells whether it serves a client.
 */
#define _POSIX_C_SOURCE 200809L
#include "facts.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

const char line[] = "a line of text\n";
struct launch how;
in_port_t fixed_port, told_port;
bool gives_port;
int command_len;
pid_t listener;
unsigned long listen_inode;
const char *listen_address;
int workers, peers;
bool beneath;
enum kind kind;
bool left_open, forks, concurrent, inverted, stays, died;
struct client crowd[MANY];
static bool hangs; /* it has not served a client: it may never serve again */

/* Waits until the server has done what it was about to do: a signal that has
 * just come may be its end. Some are never done, so only for a while. */
static void
settle(void)
{
    long deadline = now_ms() + SOON / 4;

    while (look() && is_busy(listener) && now_ms() < deadline)
        nap();
}

/* Of all that have the listening socket, one whose parent has not. (There may
 * be peers: workers whose parent has closed it.) */
static pid_t
top_holder(void)
{
    pid_t pids[MANY], top = started;
    int count = holders(listen_inode, pids, MANY);

    peers = -1;
    for (int i = 0; i < count; i++) {
        bool is_top = true;

        for (int j = 0; j < count; j++)
            is_top = is_top && find(pids[i])->parent != pids[j];
        if (is_top)
            top = pids[i];
        peers += is_top;
    }
    return top;
}

/* The one that was started only watches over the one that listens: its child.
 */
static void
go_beneath(void)
{
    long deadline = now_ms() + SOON;

    while (look() && nth_child(listener, 0) == 0 && now_ms() < deadline)
        nap();
    if (nth_child(listener, 0) != 0)
        listener = nth_child(listener, 0);
    settle();
}

/* Waits until it listens, and finds out which process does. */
static bool
find_listener(in_port_t asked)
{
    long begun = now_ms();
    pid_t pids[1];

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
            (server_port = any_listening()) != 0)
            listening(server_port, &listen_inode, &listen_address);
        if (server_port != 0)
            break;
        if (!there || now_ms() - begun > STARTED)
            return false;
        nap();
    }
    do { /* one that goes into the background may be about to */
        listener = top_holder();
        settle(); /* until it has said so, and has the workers that it wants */
    } while (!is_alive(listener) && holders(listen_inode, pids, 1) > 0);
    if (beneath)
        go_beneath();
    workers = children(listener, false);
    return true;
}

void
stop_server(void)
{
    for (int i = 0; i < MANY; i++)
        reset(&crowd[i]); /* or the port would be in TIME_WAIT */
    end_all();
}

/* Starts it on that port. Returns false if it does not come to listen. */
bool
start_on(in_port_t port)
{
    static char text[8];

    told_port = port;
    if (gives_port) {
        snprintf(text, sizeof(text), "%u", port);
        how.argv[command_len] = text;
    }
    if (!launch(&how))
        return false;
    if (find_listener(port))
        return true;
    stop_server();
    return false;
}

/* Starts it on its own port, or on a free one. That may be taken before it
 * comes to it, or the next may be, which some want too: then on another. */
bool
start_on_any(void)
{
    if (fixed_port != 0)
        return start_on(fixed_port);
    for (int tries = 0; tries < 5; tries++) {
        long begun = now_ms();

        if (start_on(free_port()))
            return true;
        if (now_ms() - begun > STARTED)
            break;
    }
    return false;
}

/* Starts it. Returns false if it does not come to listen. */
bool
start_server(void)
{
    hangs = false;
    if (fixed_port != 0)
        own_network(); /* in which it has not been used yet */
    return start_on_any();
}

/* A server of which nothing is left to be seen of former clients: this one, or
 * a new one. Returns false, and says so, if it cannot be started again. */
bool
fresh(const char *probe)
{
    unsigned long inode;
    const char *address;

    if (started != 0) {
        for (int i = 0; i < MANY; i++)
            hang_up(&crowd[i]);
        settle();
        if (!hangs && is_alive(listener) && children(listener, true) == 0 &&
            children(listener, false) == workers &&
            listening(server_port, &inode, &address))
            return true;
        stop_server();
    }
    if (start_server())
        return true;
    leave_out(probe, "the server does not start again");
    return false;
}

/* A server that no client has seen yet. */
bool
anew(const char *probe)
{
    stop_server();
    return fresh(probe);
}

/* Are these bytes among those that came back? */
bool
has_bytes(const struct client *c, const char *bytes, size_t len)
{
    for (size_t i = 0; i + len <= c->got && i + len <= sizeof(c->bytes); i++)
        if (memcmp(c->bytes + i, bytes, len) == 0)
            return true;
    return false;
}

bool
has_line(const struct client *c)
{
    return has_bytes(c, line, strlen(line));
}

/* Which process has the server's end of this connection? 0: none has accepted
 * it, or it cannot be known. *listener_too: the listening process as well. */
pid_t
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

/* Which process has this connection, once its parent has closed its copy? It
 * may come to that only now. */
pid_t
who_keeps(struct client *c, bool *listener_too, long deadline)
{
    pid_t pid;

    do {
        nap();
        pid = who_has(c, listener_too);
    } while (now_ms() < deadline && (*listener_too || pid == 0));
    return pid;
}

/* Which child serves this client? 0: none that is known. */
pid_t
child_for(struct client *c)
{
    bool listener_too;
    pid_t pid = who_has(c, &listener_too);

    return pid != 0 && pid != listener ? pid : nth_child(listener, workers);
}

/* Is it being served? A server that says nothing only has to accept; and one
 * that forks, to fork. */
static bool
is_served(struct client *c)
{
    bool listener_too;
    pid_t pid;

    hear(c);
    switch (kind) {
    case ECHOES:
        return has_line(c);
    case ANSWERS:
    case GREETS:
        return c->got > 0;
    case CLOSES:
        return c->eof || c->reset || (left_open && c->got > 0);
    default:
        pid = who_has(c, &listener_too);
        if (pid == 0 || (forks && pid == listener))
            return false;
        settle(); /* it has accepted, and may be about to fork */
        return true;
    }
}

/* A new client comes, and asks what it has to. */
static bool
enter(struct client *c, long patience)
{
    if (!call(c, patience))
        return false;
    if (kind == ECHOES || kind == ANSWERS)
        tell(c, line, strlen(line));
    return true;
}

/* Is this client served, in so many ms? */
static bool
has_its_turn(struct client *c, long patience)
{
    long deadline = now_ms() + patience;

    while (!is_served(c)) {
        if (now_ms() > deadline || (c->eof && kind != CLOSES) || c->reset)
            return false;
        nap();
    }
    return true;
}

/* A new client comes. Is it served, in so many ms? It may stay after that. */
bool
serve(struct client *c, long patience)
{
    hangs = !enter(c, patience) || !has_its_turn(c, patience);
    return !hangs;
}

/* A crowd comes; once the second is served too, the others come together, for
 * some servers take a second for each. Returns how many are served. */
int
serve_crowd(int count)
{
    int came;

    while (count < 2 && serve(&crowd[count], SOON))
        count++;
    if (count < 2)
        return count;
    for (came = count; came < MANY && enter(&crowd[came], SOON); came++)
        ;
    while (count < came && has_its_turn(&crowd[count], SOON))
        count++;
    return count;
}

/* Waits until this process has ended, as a zombie or altogether. */
bool
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

/* The zombies that stay. Who catches SIGALRM may collect them by a timer. */
int
left(void)
{
    bool has_timer = signal_is(listener, "Cgt", SIGALRM) == 1;
    long deadline = now_ms() + (has_timer ? SLOW : REAPED);

    do {
        nap();
        look();
    } while (children(listener, true) > 0 && now_ms() < deadline);
    return children(listener, true);
}

/* Does this process use the processor all the time? On a busy machine it may
 * have to wait for it, so as long as it is never idle, one looks on. */
bool
spins(pid_t pid)
{
    long begun = now_ms(), before = 0, busy_before = busy_ms(pid);
    long used = 0, elapsed;
    const struct process *p;
    bool busy;

    if (is_alive(pid))
        before = find(pid)->cpu;
    do {
        nap();
        look();
        if ((p = find(pid)) == NULL)
            return false;
        used = p->cpu - before;
        elapsed = now_ms() - begun;
        busy = busy_ms(pid) - busy_before >= elapsed * 4 / 5;
    } while (used < 80 && elapsed < (busy ? 3 * SOON : SOON / 5));
    return used >= 80;
}

/* What has the server said on stderr since it was started? */
const char *
complaint(void)
{
    static char text[4096];
    size_t len = 0;
    FILE *err = fopen(how.err, "r");

    if (err != NULL) {
        len = fread(text, 1, sizeof(text) - 1, err);
        fclose(err);
    }
    text[len] = '\0';
    if (strstr(text, "nterrupted"))
        return "interrupted";
    if (strstr(text, "o child process")) /* wait, with ECHILD */
        return "no-child";
    if (strstr(text, "ad file descriptor"))
        return strstr(text, "accept") ? "accept-bad-descriptor"
                                      : "bad-descriptor";
    return len > 0 ? "something" : "nothing";
}

/* Has the server ended? Then started_status is known, if we have started it. */
bool
has_ended(void)
{
    if (is_alive(listener))
        return false;
    while (listener == started && started_status == -1)
        nap();
    return true;
}

/* Is the server still there? If not: how did it end, and what did it say? */
bool
survives(const char *probe)
{
    char key[40];

    settle();
    if (!has_ended())
        return true;
    died = true;
    snprintf(key, sizeof(key), "dies_%s", probe);
    if (listener != started)
        fact(key, "unknown");
    else if (WIFSIGNALED(started_status))
        fact(key, "signal-%d", WTERMSIG(started_status));
    else
        fact(key, "exit-%d", WEXITSTATUS(started_status));
    snprintf(key, sizeof(key), "dies_%s_says", probe);
    fact(key, complaint());
    return false;
}
