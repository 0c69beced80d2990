/*
 * probes.c: clients come and leave, and the facts that come of it. Each probe
 * starts from a server of which no former client has left a trace.
 */
#define _POSIX_C_SOURCE 200809L
#include "facts.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct client usual;
static const char *const kinds[] = {
    "unknown", "echoes", "answers", "greets", "silent", "one-answer", "closes"};

/* Is another line answered? */
static bool
answers_again(struct client *c)
{
    size_t before = c->got;

    tell(c, line, strlen(line));
    return hear_bytes(c, before + 1, SOON);
}

/* What it does with a line, of which it has said this much before. */
static enum kind
kind_of_answer(struct client *c, size_t greeting)
{
    size_t len = strlen(line);

    tell(c, line, len);
    hear_bytes(c, greeting + 1, SOON);
    while (c->got > greeting && c->got < greeting + len &&
           hear_bytes(c, c->got + 1, 200))
        ;
    if (c->got == greeting + len && has_line(c))
        return ECHOES;
    if (greeting > 0)
        return GREETS;
    if (c->got > 0)
        return hear_end(c, 300) || !answers_again(c) ? ONE_ANSWER : ANSWERS;
    return c->eof || c->reset ? ONE_ANSWER : SILENT;
}

/* The first client says nothing for a while, then sends a line. */
void
probe_kind(void)
{
    struct client *c = &crowd[0];
    size_t greeting;
    bool listener_too;

    if (!call(c, SOON)) {
        fact("kind", "unknown");
        leave_out("kind", "the first client is not connected");
        return;
    }
    hear_bytes(c, 1, 300);
    greeting = c->got;
    if (greeting > 0)
        hear_end(c, 300);
    kind = c->eof || c->reset ? CLOSES : kind_of_answer(c, greeting);
    usual = *c;
    if (kind == GREETS && c->got == greeting && is_left_open(c)) {
        kind = CLOSES;
        left_open = true;
    }
    fact_is("greets", greeting > 0);
    fact("kind", kinds[kind]);
    if (kind == CLOSES)
        fact_is("answered", greeting > 0);
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
void
probe_echo(void)
{
    struct client *c = &crowd[0];
    static const char bytes[] = {'a', '\0', 'b', '\n'};
    size_t once;
    bool came_back;

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
    /* One that still serves the last client may turn this one away. */
    if (!fresh("bytes") || !call(c, SOON))
        return;
    tell(c, bytes, sizeof(bytes));
    while (!has_bytes(c, bytes, sizeof(bytes)) && /* a greeting is no echo */
           hear_bytes(c, c->got + 1, SOON))
        ;
    came_back = has_bytes(c, bytes, sizeof(bytes));
    hang_up(c);
    if (!serve(c, SOON)) {
        survives("bytes");
        return;
    }
    fact("nul", came_back ? "echoed" : "cut");
    shutdown_sending(c);
    fact_is("end_after_end", hear_end(c, SOON));
    hang_up(c);
}

/* Its client has gone: does this child end? Some take their time; one that
 * uses the processor all the time does not, nor one whose like did not. */
static bool
ends_after_all(pid_t child)
{
    static bool never;

    never = !ends(child, SOON) && (never || spins(child) || !ends(child, SLOW));
    return !never;
}

/* The processes of the server before the first client came. */
static pid_t before[RUNAWAY];
static int n_before;

static bool
was_before(pid_t pid)
{
    for (int i = 0; i < n_before; i++)
        if (before[i] == pid)
            return true;
    return false;
}

/* Which of both sockets has a child that is new? */
void
tell_sockets(pid_t newborn, bool has_listener, bool has_connection)
{
    fact("newborn_has", newborn == 0                     ? "none"
                        : has_connection && has_listener ? "both"
                        : has_connection                 ? "connection"
                        : has_listener                   ? "listener"
                                                         : "neither");
}

/* Which of both sockets has this child, born for the first client? */
static void
probe_newborn(pid_t newborn, pid_t serves, long deadline)
{
    bool has_listener;

    do { /* it may come to close its copy only now, or, if busy, later */
        nap();
        look();
        has_listener = holds(newborn, listen_inode);
    } while (has_listener && now_ms() < deadline + is_busy(newborn) * SOON);
    tell_sockets(newborn, has_listener, newborn != 0 && serves == newborn);
    inverted = serves == listener && has_listener;
}

/* The first client; and which processes there were before it came. */
static bool
serve_first(struct client *c)
{
    look();
    for (n_before = 0; nth(n_before) != NULL && n_before < RUNAWAY; n_before++)
        before[n_before] = nth(n_before)->pid;
    return serve(c, SOON);
}

/* Is it a child of the only worker that serves? Then that one is the server,
 * and its parent only watches over it. */
static bool
is_beneath(pid_t serves)
{
    const struct process *p = find(serves);

    return !beneath && workers == 1 && p != NULL && p->parent != listener &&
           was_before(p->parent) && holds(p->parent, listen_inode);
}

/* Which process serves the first client, and what is it to the server? */
static void
probe_first(struct client *c)
{
    pid_t pid, newborn = 0;
    bool listener_too;
    long deadline;

    /* It may hang because of what was before. */
    if (!serve_first(c) &&
        !(survives("first") && fresh("ten at once") && serve_first(c))) {
        fact("first", "waits");
        return;
    }
    deadline = now_ms() + (kind == ECHOES ? 500 : 200);
    pid = who_keeps(c, &listener_too, deadline);
    if (is_beneath(pid)) {
        beneath = true;
        if (anew("ten at once"))
            probe_first(c);
        return;
    }
    fact("first", "served");
    for (int n = 0; (newborn = nth_child(listener, n)) != 0; n++)
        if (!was_before(newborn))
            break;
    if (pid == 0) {
        fact("served_by", newborn != 0 ? "child" : "unknown");
        forks = newborn != 0;
        return;
    }
    probe_newborn(newborn, pid, deadline);
    fact("served_by", pid == listener && peers <= 0   ? "listener"
                      : was_before(pid)               ? "worker"
                      : find(pid) == NULL             ? "unknown"
                      : find(pid)->parent == listener ? "child"
                                                      : "grandchild");
    forks = pid != listener && !was_before(pid);
    if (pid != listener)
        fact_is("parent_keeps", listener_too);
}

/* The second client is not served: because the parent listens no more? (Its
 * child may have the listening socket still.) */
void
tell_if_deaf(void)
{
    unsigned long inode;
    const char *address;

    look();
    if (!listening(server_port, &inode, &address) ||
        (has_proc() && !holds(listener, inode)))
        fact("stops_listening", "yes");
}

/* A second client comes while the first is there, then eight more. */
void
probe_many(void)
{
    int count;
    bool listener_too;

    if (kind == CLOSES || kind == UNKNOWN || !fresh("ten clients at once"))
        return;
    probe_first(&crowd[0]);
    if (inverted || !survives("first"))
        return;
    count = serve_crowd(1);
    concurrent = count > 1;
    if (!concurrent) {
        if (!survives("second"))
            return;
        tell_if_deaf();
    }
    fact("second", concurrent                       ? "served"
                   : crowd[1].eof || crowd[1].reset ? "turned-away"
                                                    : "waits");
    fact("at_once", "%d", count);
    look();
    fact("children_at_once", "%d", children(listener, false) - workers);
    if (concurrent && count < MANY) /* how does it wait for its limit? */
        fact_is("limit_spins", spins(listener));
    if (count == 1) /* does it get its turn when the first has gone? */
        fact("second_has",
             who_has(&crowd[1], &listener_too) == 0 ? "nobody" : "somebody");
    survives("second");
}

/* A client says nothing: is the next one served beside it? Not where the
 * parent reads before it forks. */
void
probe_silent_client(void)
{
    if (!forks || !concurrent || (kind != ECHOES && kind != ANSWERS) ||
        !anew("a client that says nothing") || !call(&crowd[0], SOON))
        return;
    if (serve(&crowd[1], SOON))
        fact("beside_silent", "served");
    else if (survives("silent"))
        fact("beside_silent", "waits");
}

/* Three clients; the oldest leaves; another comes. Then the same with a
 * SIGCHLD for which no child has ended. */
void
probe_handler(void)
{
    pid_t child;

    if (!concurrent || !forks || !fresh("a client leaves, another comes") ||
        !serve(&crowd[0], SOON))
        return;
    /* Now: a later child has a copy too, of what the parent does not close. */
    child = child_for(&crowd[0]);
    if (!serve(&crowd[1], SOON))
        return;
    hang_up(&crowd[0]);
    if (!ends_after_all(child))
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
    if (serve(&crowd[1], SOON)) {
        fact("stray", "served");
    } else if (survives("left")) {
        fact("stray", "waits");
        fact_is("stray_spins", spins(listener));
    } else {
        fact("stray", "died");
    }
    if (started != 0 && !is_alive(listener))
        stop_server();
}

/* A child is killed, as one that crashes: is it collected like the others?
 * Returns what is left of it, or -1 where the server has no child to kill. */
static int
left_of_killed(void)
{
    pid_t child;

    if (!forks || kind == CLOSES || !serve(&crowd[0], SOON))
        return -1;
    child = child_for(&crowd[0]);
    if (find(child) == NULL || find(child)->parent != listener)
        return -1;
    kill(child, SIGKILL);
    return ends(child, SOON) && survives("killed") ? left() : -1;
}

/* This client leaves, and its child should end. If it stays: why? */
static void
leave_child(struct client *c)
{
    unsigned long inode = inode_of(server_port, c->port);
    pid_t pids[MANY], child = child_for(c);
    int count;

    hang_up(c);
    if (child == 0 || (!forks && kind != CLOSES) || ends_after_all(child))
        return;
    stays = true;
    count = holders(inode, pids, MANY);
    fact_is("child_spins", spins(child));
    fact_is("child_has_connection", count > 0 && pids[count - 1] != listener);
    fact_is("child_has_listener", holds(child, listen_inode));
}

/* The next in turn was not served. Some take their time; why does one that
 * does not serve another either? */
static bool
serves_after_all(int turn)
{
    bool spinning;

    if (!survives("left") || turn == 0)
        return false;
    spinning = spins(listener);
    hang_up(&crowd[0]);
    if (!spinning && serve(&crowd[0], 2 * SOON))
        return true;
    fact_is("in_turn_spins", spinning);
    return false;
}

/* Clients come and leave, one after another: what is left of each? */
void
probe_in_turn(void)
{
    int fds, turn, turns = IN_TURN, zombies, killed;

    if (kind == UNKNOWN || !anew("in turn"))
        return;
    fds = descriptors(listener);
    for (turn = 0; turn < turns && !stays; turn++) {
        long begun = now_ms();

        if (!serve(&crowd[0], SOON) && !serves_after_all(turn))
            break;
        leave_child(&crowd[0]);
        if (now_ms() - begun > 500)
            turns = 3; /* enough to tell one from all but one */
    }
    if (!is_alive(listener))
        return;
    zombies = left();
    fact("in_turn", "%d", turn);
    fact("says_in_turn", complaint());
    fact_is("child_stays", stays);
    if (stays || turn == 0)
        return;
    fact_share("left_in_turn", zombies, turn);
    if (fds != -1)
        fact("descriptors_gained", "%d", descriptors(listener) - fds);
    killed = zombies == 0 ? left_of_killed() : -1;
    if (killed == -1)
        fact("left_killed", "unknown");
    else
        fact("left_killed", "%d", killed);
    hang_up(&crowd[0]);
    if (is_alive(listener))
        fact_is("idle_spins", spins(listener));
}

/* The signal settings of the server, and of a child of it. */
void
probe_signals(void)
{
    bool listener_too;
    pid_t child;

    if (kind == UNKNOWN || !anew("signals"))
        return;
    if (signal_is(listener, "Cgt", SIGCHLD) == -1) {
        leave_out("signal settings", "this system does not show them");
        return;
    }
    if (!serve(&crowd[0], SOON) || !is_alive(listener))
        return;
    fact_is("catches", signal_is(listener, "Cgt", SIGCHLD) == 1);
    fact_is("ignores", signal_is(listener, "Ign", SIGCHLD) == 1);
    fact_is("blocks", signal_is(listener, "Blk", SIGCHLD) == 1);
    child = who_has(&crowd[0], &listener_too);
    if (child != 0 && child != listener)
        fact_is("child_catches", signal_is(child, "Cgt", SIGCHLD) == 1);
    if (forks && kind != CLOSES)
        fact_is("serving_spins", spins(listener));
    hang_up(&crowd[0]);
}

/* All that the server's children have come to, while it is stopped. */
void
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
    zombies = left();
    if (!survives("together"))
        return;
    if (dead > 0) {
        fact_share("left_together", zombies, dead);
        return;
    }
    fact("left_together", "%d", zombies);
    fact_is("collected_while_stopped",
            born > 0 && children(listener, false) == workers);
}

/* Freeze, kill, thaw: many clients leave while the server is stopped. Only
 * when each child is a zombie does it go on, with one SIGCHLD pending. */
void
probe_together(void)
{
    int born;

    if (!forks || !concurrent || stays || kind == CLOSES || !anew("together"))
        return;
    serve_crowd(0);
    look();
    born = children(listener, false) - workers;
    freeze(listener);
    for (int i = 0; i < MANY; i++)
        hang_up(&crowd[i]);
    probe_frozen(born);
}
