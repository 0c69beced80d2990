/*
 * faults.c: probes of what the server does when something is wrong: clients
 * that break off, no descriptor or no process left, a restart at once.
 */
#define _POSIX_C_SOURCE 200809L
#include "facts.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Is the next client served, or the server there at least? */
static bool
goes_on(const char *probe)
{
    if (serve(&crowd[0], SOON) || survives(probe))
        return true;
    stop_server();
    return false;
}

/* A client breaks off when it is served, another before it is accepted. */
static bool
survives_reset(void)
{
    struct client *c = &crowd[0];

    if (!serve(c, SOON))
        return true;
    reset(c);
    if (!goes_on("reset") || !fresh("a reset before accept"))
        return false;
    freeze(listener);
    if (call(c, SOON))
        reset(c);
    kill(listener, SIGCONT);
    return goes_on("reset");
}

/* A client sends much, and is gone before it is accepted. */
static bool
survives_unread(void)
{
    static char much[16384];
    struct client *c = &crowd[0];

    memset(much, 'a', sizeof(much));
    for (size_t i = 79; i < sizeof(much); i += 80)
        much[i] = '\n';
    freeze(listener);
    if (call(c, SOON))
        tell(c, much, sizeof(much));
    close(c->fd);
    c->fd = -1;
    kill(listener, SIGCONT);
    return goes_on("unread");
}

/* Clients that are gone before they are answered. */
void
probe_rude(void)
{
    bool survived;

    if (kind == UNKNOWN || !fresh("a reset"))
        return;
    survived = survives_reset();
    if (!fresh("a client that does not wait for its answer"))
        return;
    survived = survives_unread() && survived;
    fact("rude", survived ? "survived" : "died");
}

/* Clients come one after another while few descriptors are allowed; then none
 * is left when one comes. */
void
probe_no_descriptor(void)
{
    struct client *c = &crowd[0];
    bool spinning, dies;

    if (kind == UNKNOWN || !anew("no descriptor left"))
        return;
    if (!allow_descriptors(listener, limit_for(listener, IN_TURN))) {
        leave_out("no descriptor left", "cannot be brought about here");
        return;
    }
    /* Where accept is not checked, each failure of it is one more child. */
    most_processes = workers + 60;
    ran_away = false;
    for (int i = 0; i < MANY && serve(c, SOON / 2); i++)
        hang_up(c);
    spinning = c->fd != -1 && spins(listener);
    fact("few_descriptors", ran_away              ? "forks"
                            : c->fd == -1         ? "enough"
                            : !is_alive(listener) ? "dies"
                            : spinning            ? "spins"
                                                  : "waits");
    if (ran_away || !is_alive(listener)) {
        most_processes = RUNAWAY;
        stop_server();
        return;
    }
    hang_up(c);
    allow_descriptors(listener, limit_for(listener, 0));
    if (call(c, SOON))
        tell(c, line, strlen(line));
    spinning = spins(listener);
    most_processes = RUNAWAY;
    /* One that is about to end is busy, too, and may take its time. */
    dies = !is_alive(listener) || (spinning && ends(listener, SOON / 2));
    fact("without_descriptor", ran_away   ? "forks"
                               : dies     ? "dies"
                               : spinning ? "spins"
                                          : "waits");
    stop_server();
}

/* The server is killed while a client is connected. Who still listens? Can it
 * be started again on the same port? */
void
probe_restart(void)
{
    unsigned long inode;
    const char *address;
    in_port_t port;
    long deadline;

    if (kind == UNKNOWN || !fresh("restart") || !serve(&crowd[0], SOON))
        return;
    port = server_port;
    if (beneath && is_alive(listener)) /* or there will be another */
        kill(find(listener)->parent, SIGKILL);
    kill(listener, SIGKILL);
    deadline = now_ms() + SOON;
    /* A process with threads is not gone all at once, and a child that was
     * only just born may come to close its copy now. */
    while (now_ms() < deadline &&
           (is_alive(listener) || listening(port, &inode, &address)))
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
    if (start_on(told_port) && server_port == port)
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

/* What has come, without its digits: they may be a time, or a number. */
static void
put_words(char *to, const struct client *c)
{
    for (size_t i = 0; i < c->got && i < sizeof(c->bytes); i++)
        if (c->bytes[i] < '0' || c->bytes[i] > '9')
            *to++ = c->bytes[i];
    *to = '\0';
}

/* Has it ended, in good order and without a complaint? */
static bool
ends_as_child(void)
{
    return has_ended() && listener == started && started_status == 0 &&
           file_size(how.err) == 0;
}

/* No process could be started, and still the client has what a child would
 * have given it; or has an answer, and the server has ended as the child would.
 * (A greeting may be the parent's.) */
static bool
is_answered(struct client *c)
{
    char words[sizeof(c->bytes) + 1], usual_words[sizeof(c->bytes) + 1];

    if (kind == ECHOES)
        return has_line(c);
    put_words(words, c);
    put_words(usual_words, &usual);
    return (kind == ONE_ANSWER || kind == CLOSES) && c->got > before_fork &&
           (strcmp(words, usual_words) == 0 || ends_as_child());
}

/* Was this client told something that a client is not told otherwise? */
static bool
is_told(struct client *c)
{
    char words[sizeof(c->bytes) + 1], usual_words[sizeof(c->bytes) + 1];

    put_words(words, c);
    put_words(usual_words, &usual);
    return strncmp(words, usual_words, strlen(words)) != 0;
}

/* Is this client accepted, in a while? */
static bool
is_accepted(struct client *c)
{
    bool listener_too;

    if (!call(c, SOON))
        return false;
    nap_for(200);
    return who_has(c, &listener_too) != 0;
}

/* A server that keeps its client when no process can be started may be about
 * to try again. Can it, now that one can be? Then it was no child of its own.
 */
static bool
tries_again(struct client *c)
{
    long deadline = now_ms() + 2 * SOON;
    bool listener_too, born;

    if (!allow_processes(listener))
        return false;
    do {
        nap();
        born = who_has(c, &listener_too) != listener ||
               children(listener, false) > workers;
    } while (!born && now_ms() < deadline && is_alive(listener));
    return born;
}

/* No process can be started when a client comes. Where root cannot be refused
 * one, the server is run as a user who has nothing else. */
void
probe_no_process(void)
{
    struct client *c = &crowd[0];
    long said;
    bool listener_too, was_ended, alone, says_so;

    if (!forks)
        return;
    if (usual.got == 0 && kind == CLOSES) {
        leave_out("no process left", "it closes at once, without a word");
        return;
    }
    alone = fresh("no process left") && allow_no_process(listener);
    if (!alone && geteuid() == 0) {
        stop_server();
        how.alone = true;
        alone = start_server();
        how.alone = false;
    }
    if (!alone) {
        leave_out("no process left", "cannot be brought about here");
        stop_server();
        return;
    }
    said = file_size(how.err) + file_size(how.out);
    if (call(c, SOON) && kind != CLOSES)
        tell(c, line, strlen(line));
    was_ended = hear_end(c, SOON);
    says_so = file_size(how.err) + file_size(how.out) > said || is_told(c);
    if (is_answered(c))
        fact("without_process", "serves");
    else if (!is_alive(listener) || (says_so && ends(listener, SOON / 4)))
        fact("without_process", "dies");
    else if (was_ended)
        fact("without_process", says_so ? "says-so" : "drops");
    else if (spins(listener))
        fact("without_process", "spins");
    else if (who_has(c, &listener_too) != listener)
        fact("without_process", "waits");
    else if (is_accepted(&crowd[1])) /* who serves does not accept the next */
        fact("without_process", "loses");
    else if (!tries_again(c))
        fact("without_process", "keeps");
    else
        fact("without_process", says_so ? "says-so" : "waits");
    stop_server();
}

/* Makes lines alike that differ only in their numbers, or in how they end. */
static void
squeeze(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from >= '0' && *from <= '9') {
            if (to == text || to[-1] != '#')
                *to++ = '#';
        } else if (*from != '\r') {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* How often does the first line of what it said stand in this text, which it
 * squeezes? */
static size_t
first_line_count(const char *said, char *text)
{
    char first[300];
    size_t len = strcspn(said, "\r\n"), count = 0;

    if (len < 3 || len > sizeof(first) - 2)
        return 0;
    snprintf(first, sizeof(first), "%.*s\n", (int)len, said);
    squeeze(first);
    squeeze(text);
    for (char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line > text;
        count += strncmp(line, first, strlen(first)) == 0;
    }
    return count;
}

/* What the server had printed before any client came, seen on a terminal: how
 * often does it stand in the file that has the same output after some came? If
 * it comes again on a terminal too, it is no line of the start. */
void
probe_output(const char *said, char *shown)
{
    static char text[1 << 16];
    long deadline = now_ms() + (stays ? SOON : SLOW);
    FILE *out;

    stop_server();
    if (first_line_count(said, shown) != 1 || !fresh("output"))
        return;
    for (int i = 0; i < IN_TURN; i++) {
        if (!serve(&crowd[0], SOON))
            return;
        hang_up(&crowd[0]);
        nap();
    }
    while (look() && children(listener, false) > workers && now_ms() < deadline)
        nap();
    stop_server();
    if ((out = fopen(how.out, "r")) == NULL)
        return;
    text[fread(text, 1, sizeof(text) - 1, out)] = '\0';
    fclose(out);
    fact("first_line_printed", "%zu", first_line_count(said, text));
}
