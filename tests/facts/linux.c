/*
 * linux.c: what only Linux can do. Each function returns false where it is not
 * possible; the caller then leaves out what it needed it for.
 */
#ifdef __linux__
#define _GNU_SOURCE
#include "facts.h"
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_HELD = 64 };

static pid_t parent, held[MOST_HELD], forked[MOST_HELD], threads[MOST_HELD];
static int n_held, n_forked, n_threads;
static bool parent_stopped;
static int parent_blocked; /* SIGCHLD, when it was about to exit; -1: not yet */
static void (*at_birth)(void);
static char group[100]; /* its folder, or "" */

/* A server that puts itself into the background becomes a child of ours, not
 * of init: so it can be found, and ended. */
bool
adopt_orphans(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

/* In the new process: it ends if this program is killed. */
void
end_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/* How many processes the group may have. False if there is no group. */
static bool
set_group(int most)
{
    char file[200];
    int fd;

    snprintf(file, sizeof(file), "%s/pids.max", group);
    if (group[0] == '\0' || (fd = open(file, O_WRONLY)) == -1)
        return false;
    dprintf(fd, "%d", most);
    close(fd);
    return true;
}

/*
 * A group of processes of which there can be only so many, root's too: a
 * control group, where this user may make one. The server joins it.
 */
void
make_group(int most)
{
    static const char *const places[] = {"/sys/fs/cgroup/pids",
                                         "/sys/fs/cgroup"};

    for (int i = 0; i < 2 && group[0] == '\0'; i++) {
        snprintf(group, sizeof(group), "%s/facts-%ld", places[i],
                 (long)getpid());
        if (mkdir(group, 0700) == 0) {
            if (set_group(most))
                return;
            rmdir(group);
        }
        group[0] = '\0';
    }
}

/* In the new process: it and all that it starts are in the group. */
void
join_group(void)
{
    char file[200];
    int fd;

    snprintf(file, sizeof(file), "%s/cgroup.procs", group);
    if (group[0] == '\0' || (fd = open(file, O_WRONLY)) == -1)
        return;
    dprintf(fd, "0");
    close(fd);
}

void
remove_group(void)
{
    if (group[0] != '\0')
        rmdir(group);
    group[0] = '\0';
}

/* From now on this process and what it starts have a network of their own, in
 * which no port was ever used. */
bool
own_network(void)
{
    struct ifreq lo = {.ifr_flags = IFF_UP};
    int fd;
    bool up;

    if (unshare(CLONE_NEWNET) == -1)
        return false;
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    lo.ifr_name[0] = 'l';
    lo.ifr_name[1] = 'o';
    up = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    close(fd);
    return up;
}

/* Root has groups beside its user id; they must not be kept when it goes. */
bool
drop_groups(void)
{
    return setgroups(0, NULL) == 0;
}

static bool
set_limit(pid_t pid, int what, int most)
{
    struct rlimit limit;

    if (prlimit(pid, what, NULL, &limit) == -1)
        return false;
    limit.rlim_cur = most < 0 ? limit.rlim_max : (rlim_t)most;
    return prlimit(pid, what, &limit, NULL) == 0;
}

/* In many containers root may not do that to a process of another user; that
 * user may, so a child of ours becomes that user. */
static bool
allow(pid_t pid, int what, int most)
{
    char path[40];
    struct stat owner;
    pid_t child;
    int status = 1;

    if (set_limit(pid, what, most))
        return true;
    snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
    if (geteuid() != 0 || stat(path, &owner) == -1 || owner.st_uid == 0)
        return false;
    child = fork();
    if (child == 0)
        _exit(setgid(owner.st_gid) == -1 || setuid(owner.st_uid) == -1 ||
              !set_limit(pid, what, most));
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* The process may have so many descriptors; -1: as many as ever allowed. */
bool
allow_descriptors(pid_t pid, int most)
{
    return allow(pid, RLIMIT_NOFILE, most);
}

/* No process more can be started by this one. By its control group, that holds
 * for root too. */
bool
allow_no_process(pid_t pid)
{
    return set_group(0) || (geteuid() != 0 && allow(pid, RLIMIT_NPROC, 0));
}

/* As many processes again as before. Root may go beyond the limit that a user
 * cannot leave. */
bool
allow_processes(pid_t pid)
{
    struct rlimit most = {.rlim_cur = RUNAWAY, .rlim_max = RUNAWAY};

    return set_group(2 * RUNAWAY) ||
           (geteuid() == 0 && prlimit(pid, RLIMIT_NPROC, &most, NULL) == 0) ||
           allow(pid, RLIMIT_NPROC, -1);
}

/* As waitpid for any child; on Linux, threads that are traced count as such. */
pid_t
wait_any(int *status)
{
    return waitpid(-1, status, WNOHANG | __WALL);
}

/*
 * From now on each new child of this process stops when it is about to exit.
 * So a server whose children are done at once can be made to have ten of them.
 * It is what "strace -e inject=exit_group:delay_enter" does, without a guess
 * at how long the delay must be. Before the first child does anything, birth
 * is called.
 */
bool
hold_exits(pid_t pid, void (*birth)(void))
{
    parent = pid;
    at_birth = birth;
    n_held = n_forked = n_threads = 0;
    parent_stopped = false;
    parent_blocked = -1;
    return ptrace(PTRACE_SEIZE, pid, 0,
                  PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                      PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT) == 0;
}

int
exits_held(void)
{
    return n_held;
}

pid_t
last_held(void)
{
    return n_held > 0 ? held[n_held - 1] : 0;
}

int
threads_seen(void)
{
    return n_threads;
}

/* Did the parent block SIGCHLD when it was about to exit, as it does while its
 * handler runs? 1, 0, or -1: it was not about to, or it cannot be told. */
int
blocked_at_exit(void)
{
    return parent_blocked;
}

/* (A handler for one call only may run unblocked; it is no longer installed.)
 */
static void
note_exit(void)
{
    parent_blocked = signal_is(parent, "Blk", SIGCHLD);
    if (parent_blocked == 0 && signal_is(parent, "Cgt", SIGCHLD) != 1)
        parent_blocked = -1;
}

static bool
is_one_of(pid_t pid, const pid_t list[], int count)
{
    while (count > 0 && list[count - 1] != pid)
        count--;
    return count > 0;
}

/* What waitpid has said of a traced process. Returns false if it was no stop,
 * but its end. */
bool
on_stop(pid_t pid, int status)
{
    int event = status >> 16, sig = WSTOPSIG(status);
    unsigned long born;

    if (!WIFSTOPPED(status))
        return false;
    if (event == PTRACE_EVENT_EXIT && pid != parent && n_held < MOST_HELD &&
        !is_one_of(pid, forked, n_forked)) {
        held[n_held++] = pid;
    } else if (pid == parent && sig == SIGSTOP &&
               (event == 0 || event == PTRACE_EVENT_STOP)) {
        /* Stopped by release_exits, itself or by a thread of it that took the
         * signal: detached, it stays stopped. */
        ptrace(PTRACE_DETACH, pid, 0, SIGSTOP);
        parent_stopped = true;
    } else if (event == PTRACE_EVENT_EXIT && pid == parent) {
        note_exit();
        ptrace(PTRACE_CONT, pid, 0, 0);
    } else if (is_one_of(pid, threads, n_threads)) {
        ptrace(PTRACE_DETACH, pid, 0, 0);
    } else {
        /* Of both stops of a birth, its parent's and its own, the first. */
        if (at_birth != NULL && (event != 0 || pid != parent)) {
            at_birth();
            at_birth = NULL;
        }
        if (event == PTRACE_EVENT_CLONE && n_threads < MOST_HELD &&
            ptrace(PTRACE_GETEVENTMSG, pid, 0, &born) == 0)
            threads[n_threads++] = (pid_t)born;
        /* A child that forks itself, to get rid of its child, may end. */
        if ((event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) &&
            pid != parent && n_forked < MOST_HELD)
            forked[n_forked++] = pid;
        ptrace(PTRACE_CONT, pid, 0, event == 0 ? sig : 0);
    }
    return true;
}

/* Lets one of those that are held exit: the first. */
pid_t
release_one(void)
{
    pid_t first = held[0];

    if (n_held == 0)
        return 0;
    ptrace(PTRACE_DETACH, first, 0, 0);
    memmove(held, held + 1, (size_t)--n_held * sizeof(held[0]));
    return first;
}

/* Stops the parent, and lets go of all others: they exit now, while it is
 * stopped. False if it did not stop. */
bool
release_exits(void)
{
    long deadline = now_ms() + 5000;

    kill(parent, SIGSTOP);
    while (!parent_stopped && now_ms() < deadline && is_alive(parent))
        nap();
    while (n_held > 0)
        ptrace(PTRACE_DETACH, held[--n_held], 0, 0);
    return parent_stopped;
}

#else
#include "facts.h"
#include <sys/wait.h>

bool
adopt_orphans(void)
{
    return false;
}

void
end_with_parent(void)
{
}

void
make_group(int most)
{
    (void)most;
}

void
join_group(void)
{
}

void
remove_group(void)
{
}

bool
own_network(void)
{
    return false;
}

bool
drop_groups(void)
{
    return false;
}

bool
allow_descriptors(pid_t pid, int most)
{
    return pid == 0 && most == 0;
}

bool
allow_no_process(pid_t pid)
{
    return pid == 0;
}

bool
allow_processes(pid_t pid)
{
    return pid == 0;
}

bool
hold_exits(pid_t pid, void (*birth)(void))
{
    return pid == 0 && birth == NULL;
}

bool
on_stop(pid_t pid, int status)
{
    return pid == 0 && status == 0;
}

pid_t
wait_any(int *status)
{
    return waitpid(-1, status, WNOHANG);
}

int
exits_held(void)
{
    return 0;
}

pid_t
last_held(void)
{
    return 0;
}

int
blocked_at_exit(void)
{
    return -1;
}

int
threads_seen(void)
{
    return 0;
}

pid_t
release_one(void)
{
    return 0;
}

bool
release_exits(void)
{
    return false;
}
#endif
