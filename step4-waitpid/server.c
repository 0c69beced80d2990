/*
 * Step 4: a TCP echo server that collects all of its children.
 *
 * New:   waitpid with WNOHANG, in a loop, in place of wait.
 * Fixes: no zombie stays, and the handler never blocks.
 * Left:  nothing that ps could show.
 * See:   make demo STEP=4
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "server: bad %s \"%s\"; usage: server [port 0-65535 [IPv4 address]]\n";

/* Says what failed, and why, and ends the server. */
static void
die(const char *what)
{
    perror(what);
    exit(1);
}

/* Returns the port that text names; ends the server if it names none. */
static in_port_t
parse_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    /* strtol alone would also take "", " 80", "+80" and "80x". */
    if (*text < '0' || *text > '9' || *end != '\0' || port > 65535) {
        fprintf(stderr, usage, "port", text);
        exit(2);
    }
    return (in_port_t)port;
}

/* Returns a listening socket, and prints where it listens. */
static int
open_listener(in_port_t port, const char *address)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof(sin);
    int on = 1, listen_fd = socket(AF_INET, SOCK_STREAM, 0);

    /* Without SO_REUSEADDR a port just used is refused for a minute. */
    if (listen_fd == -1 ||
        setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
        die("server: socket");
    if (inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
        fprintf(stderr, usage, "address", address);
        exit(2);
    }
    if (bind(listen_fd, (struct sockaddr *)&sin, len) == -1)
        die("server: bind");
    if (listen(listen_fd, 4096) == -1) /* the kernel may make it fewer */
        die("server: listen");
    getsockname(listen_fd, (struct sockaddr *)&sin, &len); /* port 0: which? */
    printf("pid %ld listening on %s port %d\n", (long)getpid(), address,
           ntohs(sin.sin_port));
    fflush(stdout);
    return listen_fd;
}

/* Waits for a client and returns its connected socket. */
static int
accept_client(int listen_fd)
{
    int conn_fd;

    while ((conn_fd = accept(listen_fd, NULL, NULL)) == -1) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM) {
            perror("server: accept");
            sleep(1); /* a shortage: it may pass */
        } else if (errno != EINTR && errno != ECONNABORTED) {
            die("server: accept");
        }
    }
    return conn_fd;
}

/* Sends back all that the client sends, until it closes or is gone. */
static void
echo_client(int conn_fd)
{
    char buf[4096];
    ssize_t got, sent, n;

    while ((got = read(conn_fd, buf, sizeof(buf))) > 0) {
        for (sent = 0; sent < got; sent += n) {
            n = write(conn_fd, buf + sent, (size_t)(got - sent));
            if (n == -1)
                return;
        }
    }
}

/* Runs when SIGCHLD comes; the code it interrupts keeps its errno. */
static void
on_sigchld(int sig)
{
    int saved_errno = errno;

    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved_errno;
}

int
main(int argc, char *argv[])
{
    int listen_fd;
    struct sigaction sa = {.sa_handler = on_sigchld, .sa_flags = SA_RESTART};

    if (argc > 3) {
        fprintf(stderr, usage, "argument", argv[3]);
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN); /* if a reader has left, write says so */
    listen_fd = open_listener(argc > 1 ? parse_port(argv[1]) : 7007,
                              argc > 2 ? argv[2] : "127.0.0.1");
    sigemptyset(&sa.sa_mask);
    if (sigaction(SIGCHLD, &sa, NULL) == -1)
        die("server: sigaction");
    for (;;) {
        int conn_fd = accept_client(listen_fd);
        pid_t pid = fork();

        if (pid == -1)
            perror("server: fork"); /* this client is dropped below */
        if (pid == 0) {
            close(listen_fd); /* or a new server could not bind the port */
            echo_client(conn_fd);
            close(conn_fd);
            _exit(0);
        }
        /* The connection ends when its last copy is closed: close ours. */
        close(conn_fd);
    }
}
