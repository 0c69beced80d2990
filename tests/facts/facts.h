/*
 * facts.h: what the parts of tests/facts have in common.
 *
 * processes.c  the processes of the server: starts, looks at, and ends them
 * sockets.c    who holds which socket, and what else /proc can tell
 * talk.c       clients, and what comes back to them
 * linux.c      what only Linux can do; elsewhere it says that it cannot
 * server.c     the checked server: starts it, and is served by it
 * probes.c     clients come and leave, and the facts that come of it
 * held.c       the same, while children are held at their exit
 * faults.c     the same, when something is wrong
 * facts.c      prints facts; main
 */
#ifndef FACTS_H
#define FACTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* processes.c */

struct process {
    pid_t pid, parent;
    char state; /* as ps gives it: R, S, D, T, Z */
    long cpu;   /* used so far, in milliseconds */
};

struct launch {
    char **argv;
    const char *out, *err; /* files for stdout and stderr */
    bool terminal;         /* stdout is a terminal, and kept in screen */
    bool alone;            /* root only: as a user with one process at most */
};

extern char screen[4096];     /* what the server has printed on its terminal */
extern pid_t started;         /* the process that was started, or 0 */
extern int started_status;    /* once it has ended: its status; else -1 */
extern volatile int stop_now; /* the signal that asks this program to end */

enum { RUNAWAY = 300 };    /* more are never needed to serve what is asked */
extern int most_processes; /* with fewer allowed, having more ends only it */
extern bool ran_away;      /* so it has been ended */

bool launch(const struct launch *how);
void end_all(void);
long now_ms(void);
void nap(void);
void nap_for(long ms);
bool look(void);
const struct process *nth(int n);
const struct process *find(pid_t pid);
bool is_alive(pid_t pid);
bool is_busy(pid_t pid);
long busy_ms(pid_t pid);
int children(pid_t parent, bool zombies);
pid_t nth_child(pid_t parent, int n);
void freeze(pid_t pid);

/* sockets.c */

bool has_proc(void);
bool listening(in_port_t port, unsigned long *inode, const char **address);
in_port_t any_listening(void);
unsigned long inode_of(in_port_t local, in_port_t remote);
bool in_time_wait(in_port_t port);
int holders(unsigned long inode, pid_t pids[], int most);
bool holds(pid_t pid, unsigned long inode);
int descriptors(pid_t pid);
int limit_for(pid_t pid, int more);
int signal_is(pid_t pid, const char *set, int sig);
void program_name(pid_t pid, char name[], size_t size);
bool waits_in(pid_t pid, const char *call, bool *known);

/* talk.c */

struct client {
    int fd;
    in_port_t port; /* its own */
    size_t got;     /* bytes that came back */
    bool eof, reset;
    char bytes[256]; /* the first of them */
};

extern in_port_t server_port;

bool call(struct client *c, long patience);
bool tell(struct client *c, const char *bytes, size_t len);
void hear(struct client *c);
bool hear_bytes(struct client *c, size_t count, long patience);
bool hear_end(struct client *c, long patience);
void hang_up(struct client *c);
void reset(struct client *c);
in_port_t free_port(void);
void shutdown_sending(struct client *c);
bool port_is_taken(in_port_t port);

/* linux.c */

bool adopt_orphans(void);
void end_with_parent(void);
void make_group(int most);
void join_group(void);
void remove_group(void);
bool own_network(void);
bool drop_groups(void);
bool allow_descriptors(pid_t pid, int most);
bool allow_no_process(pid_t pid);
bool allow_processes(pid_t pid);
pid_t wait_any(int *status);
bool hold_exits(pid_t parent, void (*birth)(void));
bool on_stop(pid_t pid, int status);
int exits_held(void);
pid_t last_held(void);
int blocked_at_exit(void);
int threads_seen(void);
pid_t release_one(void);
bool release_exits(void);

/* server.c */

enum {
    MANY = 10,      /* clients at once */
    IN_TURN = 7,    /* clients one after another */
    SOON = 2000,    /* ms in which a server that can answer does */
    SLOW = 12000,   /* ms in which a child ends when its client has gone */
    REAPED = 2300,  /* ms in which the dead are collected: some use a timer */
    STARTED = 10000 /* ms in which a server listens */
};

/* What a client has to do to be served, and whether it can stay. */
enum kind { UNKNOWN, ECHOES, ANSWERS, GREETS, SILENT, ONE_ANSWER, CLOSES };

extern const char line[];
extern struct launch how;    /* its argv has room for a port at its end, */
extern int command_len;      /* here */
extern bool gives_port;      /* and the port is put there */
extern in_port_t fixed_port; /* 0: a free one each time */
extern in_port_t told_port;  /* where it was to listen, the last time */
extern pid_t listener;
extern unsigned long listen_inode;
extern const char *listen_address;
extern int workers;  /* children that it had before any client came */
extern int peers;    /* others that listen, and are no children of it */
extern bool beneath; /* it is the child of one that only watches over it */
extern enum kind kind;
extern bool left_open;  /* its child has ended, but the client sees no end */
extern bool forks;      /* a child of its own serves each client */
extern bool concurrent; /* a second client is served beside the first */
extern bool inverted;   /* the first process serves, its child listens */
extern bool stays;      /* a child does not end when its client has gone */
extern bool died;       /* it has ended in one of the probes */
extern struct client crowd[MANY];

bool start_on(in_port_t port);
bool start_on_any(void);
bool start_server(void);
void stop_server(void);
bool fresh(const char *probe);
bool anew(const char *probe);
bool has_bytes(const struct client *c, const char *bytes, size_t len);
bool has_line(const struct client *c);
pid_t who_has(struct client *c, bool *listener_too);
pid_t who_keeps(struct client *c, bool *listener_too, long deadline);
pid_t child_for(struct client *c);
bool serve(struct client *c, long patience);
int serve_crowd(int count);
bool ends(pid_t pid, long patience);
int left(void);
bool spins(pid_t pid);
const char *complaint(void);
bool has_ended(void);
bool survives(const char *probe);

/* probes.c */

extern struct client usual; /* the first, with what it was answered */

void probe_kind(void);
void probe_echo(void);
void probe_many(void);
void probe_silent_client(void);
void probe_handler(void);
void probe_in_turn(void);
void probe_signals(void);
void probe_together(void);
void probe_frozen(int born);
void tell_if_deaf(void);
void tell_sockets(pid_t newborn, bool has_listener, bool has_connection);

/* held.c */

extern size_t before_fork; /* bytes that come before a child is born */

bool is_left_open(struct client *c);
void probe_closing(void);
bool probe_death(void);

/* faults.c */

void probe_rude(void);
void probe_no_descriptor(void);
void probe_output(const char *said, char *shown);
void probe_restart(void);
void probe_no_process(void);

/* facts.c */

void fact(const char *key, const char *format, ...);
void fact_is(const char *key, bool yes);
void fact_share(const char *key, int part, int whole);
void leave_out(const char *probe, const char *why);

#endif
