/*
 * processes.c: the checked server as the system sees it: starts it, ends it
 * and all that came of it, and tells what it is made of. Where there is no
 * /proc, ps is asked; what ps cannot say is said to be unknown.
 */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "facts.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST = 40000,      /* processes of this machine */
    MOST_OUT = 1 << 20 /* bytes in a file of the server's */
};

char screen[4096];
pid_t started;
int started_status = -1;
volatile int stop_now;
int most_processes = RUNAWAY;
bool ran_away;

static size_t screen_len;
static int terminal = -1;
static struct process all[MOST];
static int n_all; /* the first of them are the server and what it started */

long
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads what /proc says of a process, into the next free place. */
static bool
read_stat(const char *pid)
{
    struct process *p = &all[n_all];
    char path[300], line[1024], *after = NULL;
    unsigned long user, system;
    int parent;
    FILE *stat;

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    p->pid = (pid_t)strtol(pid, NULL, 10);
    if (n_all == MOST || p->pid <= 0 || (stat = fopen(path, "r")) == NULL)
        return false;
    /* The name, in parentheses, may have spaces and parentheses in it. */
    if (fgets(line, sizeof(line), stat) != NULL)
        after = strrchr(line, ')');
    fclose(stat);
    if (after == NULL ||
        sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
               &p->state, &parent, &user, &system) != 4)
        return false;
    p->parent = parent;
    p->cpu = (long)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
    n_all++;
    return true;
}

static void
read_proc(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    while (proc != NULL && (entry = readdir(proc)) != NULL)
        read_stat(entry->d_name);
    if (proc != NULL)
        closedir(proc);
}

/* Opens the threads of a process, where there is a /proc. */
static DIR *
open_threads(pid_t pid)
{
    char path[300];

    snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
    return opendir(path);
}

/* Opens what /proc has under this name of the next thread; NULL: no more. */
static FILE *
next_thread(DIR *threads, pid_t pid, const char *name)
{
    char path[600];
    struct dirent *entry;
    FILE *file = NULL;

    while (file == NULL && (entry = readdir(threads)) != NULL) {
        snprintf(path, sizeof(path), "/proc/%ld/task/%s/%s", (long)pid,
                 entry->d_name, name);
        if (entry->d_name[0] != '.')
            file = fopen(path, "r");
    }
    return file;
}

/* Reads the children of a process, where Linux lists them: of each thread. It
 * spares a look at thousands of other processes. */
static bool
read_children(pid_t parent)
{
    DIR *threads = open_threads(parent);
    char pid[20];
    bool listed = false;
    FILE *list;

    if (threads == NULL)
        return false;
    while ((list = next_thread(threads, parent, "children")) != NULL) {
        listed = true;
        while (fscanf(list, "%19s", pid) == 1)
            read_stat(pid);
        fclose(list);
    }
    closedir(threads);
    return listed;
}

/*
 * For how many ms have the threads of a process run, or waited for a processor
 * to run on? Linux tells; elsewhere 0. The state in ps does not: a process in
 * a loop of waitpid(WNOHANG) is often said to sleep.
 */
long
busy_ms(pid_t pid)
{
    DIR *threads = open_threads(pid);
    unsigned long long ran, waited, sum = 0;
    FILE *times;

    if (threads == NULL)
        return 0;
    while ((times = next_thread(threads, pid, "schedstat")) != NULL) {
        if (fscanf(times, "%llu %llu", &ran, &waited) == 2)
            sum += ran + waited; /* ns */
        fclose(times);
    }
    closedir(threads);
    return (long)(sum / 1000000);
}

static void
read_ps(void)
{
    FILE *ps = popen("ps -A -o pid= -o ppid= -o stat= -o time=", "r");
    char line[200];

    while (ps != NULL && n_all < MOST && fgets(line, sizeof(line), ps)) {
        struct process *p = &all[n_all];
        int pid, parent, minutes = 0, seconds = 0;
        char *colon;

        if (sscanf(line, "%d %d %c", &pid, &parent, &p->state) != 3)
            continue;
        if ((colon = strrchr(line, ':')) != NULL && colon - line >= 2 &&
            sscanf(colon - 2, "%d:%d", &minutes, &seconds) != 2)
            minutes = seconds = 0;
        p->pid = pid;
        p->parent = parent;
        p->cpu = (minutes * 60L + seconds) * 1000;
        n_all++;
    }
    if (ps != NULL)
        pclose(ps);
}

/* Of all processes, keeps the server and its descendants. (Not all that this
 * process has started: ps is a child of it too.) */
static void
keep_family(void)
{
    int kept = 0;
    bool more = true;

    while (more) {
        more = false;
        for (int i = kept; i < n_all; i++) {
            struct process p = all[i];
            bool ours = p.pid == started;

            for (int j = 0; j < kept && !ours; j++)
                ours = all[j].pid == p.parent;
            if (ours) {
                all[i] = all[kept];
                all[kept++] = p;
                more = true;
            }
        }
    }
    n_all = kept;
}

/* Looks at the processes of the server, once. False if there is none. */
bool
look(void)
{
    n_all = 0;
    if (read_children(getpid())) {
        /* Of a runaway, no more than tells that it is one. */
        for (int i = 0; i < n_all && n_all <= RUNAWAY; i++)
            if (all[i].state != 'Z')
                read_children(all[i].pid);
        return n_all > 0;
    }
    if (has_proc())
        read_proc();
    else
        read_ps();
    keep_family();
    return n_all > 0;
}

/* These speak of what look has seen last. */

const struct process *
nth(int n)
{
    return n < n_all ? &all[n] : NULL;
}

const struct process *
find(pid_t pid)
{
    for (int i = 0; i < n_all; i++)
        if (all[i].pid == pid)
            return &all[i];
    return NULL;
}

/* How many children does it have that are zombies, or that are not? */
int
children(pid_t parent, bool zombies)
{
    int count = 0;

    for (int i = 0; i < n_all; i++)
        count += all[i].parent == parent && (all[i].state == 'Z') == zombies;
    return count;
}

/* Its nth child that lives, or 0. */
pid_t
nth_child(pid_t parent, int n)
{
    for (int i = 0; i < n_all; i++)
        if (all[i].parent == parent && all[i].state != 'Z' && n-- == 0)
            return all[i].pid;
    return 0;
}

/* Looks anew: is it there, and no zombie? */
bool
is_alive(pid_t pid)
{
    const struct process *p;

    look();
    p = find(pid);
    return p != NULL && p->state != 'Z';
}

/* Has it something to do, when look has last seen it? */
bool
is_busy(pid_t pid)
{
    const struct process *p = find(pid);

    return p != NULL && (p->state == 'R' || p->state == 'D');
}

static void
reap(void)
{
    int status;
    pid_t pid;

    while ((pid = wait_any(&status)) > 0)
        if (!on_stop(pid, status) && pid == started)
            started_status = status;
}

static void
read_terminal(void)
{
    char buf[512];
    ssize_t n;

    while (terminal != -1 && (n = read(terminal, buf, sizeof(buf))) > 0)
        for (ssize_t i = 0; i < n; i++)
            if (screen_len < sizeof(screen) - 1)
                screen[screen_len++] = buf[i];
    screen[screen_len] = '\0';
}

/* Every wait in this program consists of naps. In each, what else must go on
 * does: the dead are reaped, the terminal is read, a Ctrl-C is obeyed, and a
 * server that starts processes without end is stopped. */
void
nap(void)
{
    static long last_look;
    struct timespec t = {.tv_nsec = 2000000};

    nanosleep(&t, NULL);
    reap();
    read_terminal();
    if (now_ms() - last_look > 50 || most_processes < RUNAWAY || n_all > 60) {
        look();
        last_look = now_ms();
        if (n_all > most_processes) {
            end_all();
            ran_away = true;
            if (most_processes < RUNAWAY)
                return;
            fprintf(stderr, "facts: it starts processes without end\n");
            exit(2);
        }
    }
    if (stop_now != 0) {
        end_all();
        exit(128 + stop_now);
    }
}

void
nap_for(long ms)
{
    long deadline = now_ms() + ms;

    while (now_ms() < deadline)
        nap();
}

/* Ends the server and all that came of it. Stopped first, none can start one
 * more while the others are ended. */
void
end_all(void)
{
    long deadline = now_ms() + 10000;

    if (started == 0)
        return;
    while (exits_held() > 0)
        release_one();
    while ((kill(-started, SIGKILL) == 0 || look()) && now_ms() < deadline) {
        struct timespec t = {.tv_nsec = 1000000};

        for (int i = 0; i < n_all; i++)
            kill(all[i].pid, SIGSTOP);
        for (int i = 0; i < n_all; i++)
            kill(all[i].pid, SIGKILL);
        nanosleep(&t, NULL);
        reap();
        look();
    }
    if (terminal != -1)
        close(terminal);
    terminal = -1;
    started = 0;
    remove_group();
}

/* How many processes has this user? -1 if nobody tells. */
static int
own_processes(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    struct stat of;
    char path[300];
    int count = proc == NULL ? -1 : 0;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
        count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
                 stat(path, &of) == 0 && of.st_uid == getuid();
    }
    if (proc != NULL)
        closedir(proc);
    return count;
}

/* What the server may use at most. That its user may have only so many
 * processes more is for an ordinary user; root is held by make_group. */
static void
limit(void)
{
    struct rlimit most;
    int processes = own_processes();

    if (processes > 0 && getrlimit(RLIMIT_NPROC, &most) == 0 &&
        most.rlim_cur > (rlim_t)(processes + 2 * RUNAWAY)) {
        most.rlim_cur = (rlim_t)(processes + 2 * RUNAWAY);
        setrlimit(RLIMIT_NPROC, &most);
    }
    most.rlim_cur = most.rlim_max = MOST_OUT;

    setrlimit(RLIMIT_FSIZE, &most);
    most.rlim_cur = most.rlim_max = 0;
    setrlimit(RLIMIT_CORE, &most);
}

/* Root becomes a user who has no other process, and may not have one more. */
static bool
step_down(void)
{
    struct rlimit one = {.rlim_cur = 1, .rlim_max = 1};
    uid_t user = 100000 + (uid_t)getpid();

    return setrlimit(RLIMIT_NPROC, &one) == 0 && setgid(user) == 0 &&
           setuid(user) == 0;
}

/* In the new process: becomes the server, or says why not. */
static void
become(const struct launch *how, int slave, int report)
{
    int in = open("/dev/null", O_RDONLY);
    int out = slave != -1 ? slave
                          : open(how->out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    int err = open(how->err, O_WRONLY | O_CREAT | O_TRUNC, 0666), error;

    setsid();
    end_with_parent();
    join_group();
    for (int sig = 1; sig < 65; sig++) /* those of real time, too */
        signal(sig, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN); /* a log that is too long must not kill it */
    limit();
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    for (int fd = 3; fd < 256; fd++)
        if (fd != report)
            close(fd);
    if (!how->alone || step_down())
        execvp(how->argv[0], how->argv);
    error = errno;
    if (write(report, &error, sizeof(error)) == -1)
        _exit(126);
    _exit(127);
}

/* Opens a terminal of which the server gets the other end: what goes there is
 * not kept back until the server ends, as with a file. */
static int
open_terminal(void)
{
    int slave = -1;
    const char *name;

    screen_len = 0;
    screen[0] = '\0';
    terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal == -1)
        return -1;
    if (grantpt(terminal) == 0 && unlockpt(terminal) == 0 &&
        (name = ptsname(terminal)) != NULL)
        slave = open(name, O_RDWR | O_NOCTTY);
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    fcntl(terminal, F_SETFD, FD_CLOEXEC);
    return slave;
}

/* Starts it. Returns false, with errno set, if it cannot be executed. */
bool
launch(const struct launch *how)
{
    int report[2], error = 0, slave = how->terminal ? open_terminal() : -1;

    if (pipe(report) == -1)
        return false;
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    started_status = -1;
    fflush(stdout);
    make_group(2 * RUNAWAY);
    started = fork();
    if (started == 0)
        become(how, slave, report[1]);
    close(report[1]);
    if (slave != -1)
        close(slave);
    if (started == -1 || read(report[0], &error, sizeof(error)) > 0) {
        close(report[0]);
        started = started == -1 ? 0 : started;
        end_all();
        errno = error;
        return false;
    }
    close(report[0]);
    return true;
}

/* Stops it; what it is sent stays pending. Done only when ps says T. */
void
freeze(pid_t pid)
{
    long deadline = now_ms() + 5000;
    const struct process *p;

    kill(pid, SIGSTOP);
    do {
        nap();
        look();
        p = find(pid);
    } while (p != NULL && p->state != 'T' && p->state != 'Z' &&
             now_ms() < deadline);
}
