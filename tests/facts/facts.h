/*
 * facts.h: what the parts of tests/facts have in common.
 *
 * processes.c  the checked server: its processes, and what ps can say of them
 * talk.c       clients, and what comes back to them
 * linux.c      what only Linux can do; elsewhere it says that it cannot
 * facts.c      the probes: what is done, and the facts that come of it
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

bool launch(const struct launch *how);
void end_all(void);
long now_ms(void);
void nap(void);
bool look(void);
const struct process *find(pid_t pid);
bool is_alive(pid_t pid);
int children(pid_t parent, bool zombies);
pid_t nth_child(pid_t parent, int n);
bool has_proc(void);
bool listening(in_port_t port, unsigned long *inode, const char **address);
in_port_t any_listening(pid_t *owner);
unsigned long inode_of(in_port_t local, in_port_t remote);
bool in_time_wait(in_port_t port);
int holders(unsigned long inode, pid_t pids[], int most);
int descriptors(pid_t pid, int *highest);
int signal_is(pid_t pid, const char *set, int sig);
bool waits_in(pid_t pid, const char *call, bool *known);
void freeze(pid_t pid);

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
bool own_network(void);
bool allow_descriptors(pid_t pid, int most);
bool allow_processes(pid_t pid, int most);
pid_t wait_any(int *status);
bool hold_exits(pid_t parent);
bool on_stop(pid_t pid, int status);
int exits_held(void);
int threads_seen(void);
void release_one(void);
bool release_exits(void);

#endif
