/*
 * sockets.c: who holds which socket, and what else /proc tells of a process.
 * Where there is no /proc, what cannot be known is said to be unknown.
 */
#define _POSIX_C_SOURCE 200809L
#include "facts.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
has_proc(void)
{
    return access("/proc/self/fd", R_OK) == 0 &&
           access("/proc/net/tcp", R_OK) == 0;
}

/* What /proc/net/tcp and tcp6 say of a socket. */
struct row {
    char address[40];
    unsigned local, remote, state;
    unsigned long inode;
};

enum { LISTEN = 0x0A, TIME_WAIT = 0x06 };
enum { MOST_FDS = 1024 };

/* Calls use for each row until it returns true. Returns whether it did. */
static bool
each_row(bool (*use)(const struct row *row, void *data), void *data)
{
    static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    bool found = false;

    for (int i = 0; i < 2 && !found; i++) {
        FILE *file = fopen(files[i], "r");
        char line[400];
        struct row row;

        while (file != NULL && !found && fgets(line, sizeof(line), file))
            if (sscanf(line,
                       " %*d: %39[0-9A-F]:%x %*[0-9A-F]:%x %x %*s %*s %*s "
                       "%*s %*s %lu",
                       row.address, &row.local, &row.remote, &row.state,
                       &row.inode) == 5)
                found = use(&row, data);
        if (file != NULL)
            fclose(file);
    }
    return found;
}

struct wanted {
    in_port_t local, remote;
    unsigned state;
    struct row row;
};

static bool
is_wanted(const struct row *row, void *data)
{
    struct wanted *wanted = data;

    if (row->local != wanted->local ||
        (wanted->remote != 0 && row->remote != wanted->remote) ||
        (wanted->state != 0 && row->state != wanted->state))
        return false;
    wanted->row = *row;
    return true;
}

/* Does something listen on this port? Tells which socket, and where. */
bool
listening(in_port_t port, unsigned long *inode, const char **address)
{
    struct wanted wanted = {.local = port, .state = LISTEN};

    *inode = 0;
    *address = "unknown";
    if (!has_proc())
        return port_is_taken(port);
    if (!each_row(is_wanted, &wanted))
        return false;
    *inode = wanted.row.inode;
    if (strspn(wanted.row.address, "0") == strlen(wanted.row.address))
        *address = "all";
    else if (strcmp(wanted.row.address + strlen(wanted.row.address) - 2,
                    "7F") == 0 ||
             strcmp(wanted.row.address, "00000000000000000000000001000000") ==
                 0)
        *address = "loopback";
    else
        *address = "other";
    return true;
}

/* The server's end of that connection; 0 if nobody has accepted it. */
unsigned long
inode_of(in_port_t local, in_port_t remote)
{
    struct wanted wanted = {.local = local, .remote = remote};

    return each_row(is_wanted, &wanted) ? wanted.row.inode : 0;
}

bool
in_time_wait(in_port_t port)
{
    struct wanted wanted = {.local = port, .state = TIME_WAIT};

    return each_row(is_wanted, &wanted);
}

static bool
is_held(const struct row *row, void *data)
{
    struct wanted *wanted = data;
    pid_t owner;

    if (row->state != LISTEN || holders(row->inode, &owner, 1) == 0)
        return false;
    wanted->row = *row;
    return true;
}

/* A port on which the server listens, whichever it was told; or 0. */
in_port_t
any_listening(void)
{
    struct wanted wanted = {0};

    return each_row(is_held, &wanted) ? (in_port_t)wanted.row.local : 0;
}

/* Counts the descriptors of a process; those that are this socket, unless it
 * is 0. */
static int
count_fds(pid_t pid, unsigned long inode, bool taken[])
{
    char path[300], wanted[40], target[40];
    struct dirent *entry;
    DIR *fds;
    int count = 0;

    snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
    fds = opendir(path);
    while (fds != NULL && (entry = readdir(fds)) != NULL) {
        int fd = atoi(entry->d_name);
        ssize_t len;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%ld/fd/%s", (long)pid,
                 entry->d_name);
        len = readlink(path, target, sizeof(target) - 1);
        target[len > 0 ? len : 0] = '\0';
        count += inode == 0 || strcmp(target, wanted) == 0;
        if (taken != NULL && fd < MOST_FDS)
            taken[fd] = true;
    }
    if (fds != NULL)
        closedir(fds);
    return count;
}

/* Which processes of the server have this socket? Of what look has seen. */
int
holders(unsigned long inode, pid_t pids[], int most)
{
    int count = 0;

    for (int i = 0; nth(i) != NULL && inode != 0 && count < most; i++)
        if (nth(i)->state != 'Z' && count_fds(nth(i)->pid, inode, NULL) > 0)
            pids[count++] = nth(i)->pid;
    return count;
}

/* Has this process that socket? */
bool
holds(pid_t pid, unsigned long inode)
{
    return pid > 0 && inode != 0 && count_fds(pid, inode, NULL) > 0;
}

/* How many descriptors it has, or -1. */
int
descriptors(pid_t pid)
{
    return has_proc() ? count_fds(pid, 0, NULL) : -1;
}

/* The limit at which it can open so many more: between those that it has there
 * may be numbers that are free. (No less than 3, or poll would fail too.) */
int
limit_for(pid_t pid, int more)
{
    bool taken[MOST_FDS] = {false};
    int limit = 3;

    count_fds(pid, 0, taken);
    while (limit < MOST_FDS && (taken[limit] || more-- > 0))
        limit++;
    return limit;
}

/* Is this signal in that set ("Blk", "Ign" or "Cgt") of the process? -1 if
 * this system does not tell. */
int
signal_is(pid_t pid, const char *set, int sig)
{
    char path[40], line[200], name[10];
    unsigned long long bits;
    int is = -1;
    FILE *status;

    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    snprintf(name, sizeof(name), "Sig%s:", set);
    if ((status = fopen(path, "r")) == NULL)
        return -1;
    while (is == -1 && fgets(line, sizeof(line), status))
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), "%llx", &bits) == 1)
            is = bits >> (sig - 1) & 1;
    fclose(status);
    return is;
}

/* The program that this process runs, without a version: "python", say, where
 * it is written in that language. Empty if it cannot be known. */
void
program_name(pid_t pid, char name[], size_t size)
{
    char path[40], target[300] = "/";
    ssize_t len;

    snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
    len = readlink(path, target, sizeof(target) - 1);
    target[len > 0 ? len : 1] = '\0';
    snprintf(name, size, "%s", strrchr(target, '/') + 1);
    name[strcspn(name, "0123456789.")] = '\0';
}

/* Is this process asleep in a system call of that name? *known: can one tell?
 */
bool
waits_in(pid_t pid, const char *call, bool *known)
{
    char path[40], where[100] = "0";
    FILE *wchan;

    snprintf(path, sizeof(path), "/proc/%ld/wchan", (long)pid);
    if ((wchan = fopen(path, "r")) != NULL) {
        if (fgets(where, sizeof(where), wchan) == NULL)
            where[0] = '0';
        fclose(wchan);
    }
    *known = where[0] != '0';
    return strstr(where, call) != NULL;
}
