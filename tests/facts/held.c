/*
 * held.c: probes in which the server's children are held when they are about
 * to exit: those of a server that closes at once; and how the server ends.
 */
#define _POSIX_C_SOURCE 200809L
#include "facts.h"
#include <signal.h>

size_t before_fork;

/* Does a new client get a child, which is then held at its exit? Some children
 * end only when their client has gone too. */
static bool
holds_one_more(struct client *c)
{
    int held = exits_held();
    long begun = now_ms();

    if (!call(c, SOON))
        return false;
    while (exits_held() == held && now_ms() - begun < SOON) {
        nap();
        if (c->fd != -1 && now_ms() - begun > SOON / 10 && hear_end(c, 0))
            hang_up(c);
    }
    return exits_held() > held;
}

/* A client that was greeted, and hears no more: is that the end? Its child has
 * ended, but its parent has the connection still, so the client sees no end. */
bool
is_left_open(struct client *c)
{
    bool listener_too, born;

    if (who_has(c, &listener_too) != listener || !anew("kind") ||
        !hold_exits(listener, NULL))
        return false;
    born = holds_one_more(c);
    stop_server();
    return born;
}

/* It has ended, and a child of it listens on: fork-inverted. */
static bool
has_an_heir(void)
{
    pid_t heir[1];

    return has_ended() && holders(listen_inode, heir, 1) == 1;
}

/* It closes at once, and no child was born to serve: what it does when nobody
 * is there tells whether one client after another is accepted. */
static void
probe_childless(void)
{
    bool known, accepts;

    if (has_an_heir()) {
        fact("served_by", "listener");
        fact("newborn_has", "listener");
        return;
    }
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

/* This child is held at its exit: what has it not closed until then? */
static void
probe_held(pid_t child, struct client *c)
{
    bool listener_too;
    pid_t pid = who_keeps(c, &listener_too, now_ms() + 200);
    pid_t parent = find(child) == NULL ? listener : find(child)->parent;

    tell_sockets(child, holds(child, listen_inode), pid == child);
    fact_is("parent_keeps", listener_too);
    fact_is("child_catches", signal_is(child, "Cgt", SIGCHLD) == 1);
    fact("served_by",
         parent != listener && ends(parent, 200) ? "grandchild" : "child");
}

/* One of those that are held ends, the first; the others live on. */
static void
end_older(void)
{
    ends(release_one(), SOON);
    if (is_alive(listener))
        fact("left_older", "%d", left());
}

/* Clients come, and their children are held, as many as can be had. Returns
 * how many; with the second, third and fourth the handler is tried. */
static int
hold_many(void)
{
    const char *steps[MANY] = {"first", "second", "mixed", "stray"};
    int born;

    for (born = 0; born < MANY; born++) {
        if (born == 2)
            end_older();
        if (born == 3)
            kill(listener, SIGCHLD);
        if (!holds_one_more(&crowd[born]))
            break;
        if (steps[born] != NULL)
            fact(steps[born], "served");
        if (born == 0)
            probe_held(last_held(), &crowd[0]);
    }
    if (born > 0 && born < MANY && steps[born] != NULL &&
        survives(born < 2 ? steps[born] : "left")) {
        fact(steps[born], "waits");
        if (born == 1)
            tell_if_deaf();
        if (born == 2 || born == 3)
            fact_is(born == 2 ? "mixed_spins" : "stray_spins", spins(listener));
    }
    return born;
}

/* What the client has before its child does anything is from the parent. */
static void
note_birth(void)
{
    hear(&crowd[0]);
    before_fork = crowd[0].got;
}

/* Ten at once, the handler, and ten together, where the server closes at once:
 * its children are held when they are about to exit. */
void
probe_closing(void)
{
    int born;

    if (kind != CLOSES)
        return;
    if (stays) { /* so the first child is there when the second client comes */
        fact("served_by", "child");
        if (anew("together") && serve(&crowd[0], SOON))
            fact("second", serve(&crowd[1], SOON) ? "served" : "waits");
        leave_out("together", "its children do not end");
        return;
    }
    if (!anew("together"))
        return;
    if (!hold_exits(listener, note_birth)) {
        leave_out("together", "it closes at once, and its children cannot be "
                              "held here when they exit");
        return;
    }
    born = hold_many();
    forks = born > 0;
    concurrent = born > 1;
    if (born == MANY)
        fact("at_once", "%d", born);
    if (!forks && look() && children(listener, false) > workers)
        leave_out("together", "its children take their time to end");
    else if (!forks)
        probe_childless();
    else if (born == MANY && release_exits())
        probe_frozen(born - 1);
    else if (born == MANY)
        leave_out("together", "the server does not let itself be stopped");
    stop_server();
}

/* It has ended in some probe. Does it whenever a child of it ends, or a SIGCHLD
 * comes? Then: in the handler of that signal, or later? */
bool
probe_death(void)
{
    char name[40];
    bool catches;

    if (!died || !forks || !anew("its end") ||
        (kind != CLOSES && !serve(&crowd[0], SOON)) ||
        signal_is(listener, "Blk", SIGCHLD) != 0 || !hold_exits(listener, NULL))
        return false;
    program_name(listener, name, sizeof(name));
    catches = signal_is(listener, "Cgt", SIGCHLD) == 1;
    if (kind != CLOSES)
        hang_up(&crowd[0]);
    else if (holds_one_more(&crowd[0]))
        release_one();
    if (!ends(listener, SOON / 2)) {
        kill(listener, SIGCHLD);
        ends(listener, SOON / 2);
    }
    if (is_alive(listener)) {
        stop_server();
        return false;
    }
    fact("program", "%s", name);
    fact("dies_in", !catches                 ? "no-handler"
                    : blocked_at_exit() == 1 ? "handler"
                    : blocked_at_exit() == 0 ? "later"
                                             : "unknown");
    leave_out("resets, and no descriptor left", "it ends when a child does");
    return true;
}
