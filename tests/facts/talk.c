/*
 * talk.c: clients of the checked server, one struct each. No call here waits
 * longer than it is told to, and none assumes that the server echoes.
 */
#define _POSIX_C_SOURCE 200809L
#include "facts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

in_port_t server_port;

static struct sockaddr_in
loopback(in_port_t port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sin;
}

/* The listening socket of a server that takes only IPv6 is at ::1. */
static int
connect_to(in_port_t port, bool six, long patience)
{
    struct sockaddr_in sin = loopback(port);
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons(port),
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *to =
        six ? (struct sockaddr *)&sin6 : (struct sockaddr *)&sin;
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0), error = 0;
    socklen_t len = sizeof(error);
    struct pollfd event = {.fd = fd, .events = POLLOUT};
    long deadline = now_ms() + patience;

    if (fd == -1)
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, to, six ? sizeof(sin6) : sizeof(sin)) == 0)
        return fd;
    while (errno == EINPROGRESS || errno == EINTR) {
        if (poll(&event, 1, 3) == 1) {
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
            if (error == 0)
                return fd;
            break;
        }
        if (now_ms() > deadline)
            break;
        nap();
        errno = EINPROGRESS;
    }
    close(fd);
    return -1;
}

/* A new client. Returns false if it was not connected in so many ms. */
bool
call(struct client *c, long patience)
{
    struct sockaddr_in6 own;
    socklen_t len = sizeof(own);
    int fd = connect_to(server_port, false, patience);

    if (fd == -1)
        fd = connect_to(server_port, true, patience);
    memset(c, 0, sizeof(*c));
    c->fd = fd;
    if (fd == -1)
        return false;
    getsockname(c->fd, (struct sockaddr *)&own, &len);
    c->port = ntohs(own.sin6_port); /* at the same place in sockaddr_in */
    return true;
}

/* Sends, as much as goes without waiting. False if nothing went. */
bool
tell(struct client *c, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Takes what has come until now. */
void
hear(struct client *c)
{
    char buf[4096];

    while (!c->eof && !c->reset) {
        ssize_t n = recv(c->fd, buf, sizeof(buf), 0);
        size_t room = c->got < sizeof(c->bytes) ? sizeof(c->bytes) - c->got : 0;

        if (n > 0) {
            if (room > 0)
                memcpy(c->bytes + c->got, buf,
                       (size_t)n < room ? (size_t)n : room);
            c->got += (size_t)n;
        } else if (n == 0) {
            c->eof = true;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            return;
        } else {
            c->reset = true;
        }
    }
}

/* Waits until so many bytes have come in all. */
bool
hear_bytes(struct client *c, size_t count, long patience)
{
    long deadline = now_ms() + patience;

    for (hear(c); c->got < count; hear(c)) {
        if (c->eof || c->reset || now_ms() > deadline)
            return false;
        nap();
    }
    return true;
}

/* Waits until the server has closed. */
bool
hear_end(struct client *c, long patience)
{
    long deadline = now_ms() + patience;

    for (hear(c); !c->eof && !c->reset; hear(c)) {
        if (now_ms() > deadline)
            return false;
        nap();
    }
    return true;
}

/* Closes as a polite client does: what has come is read first, for otherwise
 * the close is a reset. */
void
hang_up(struct client *c)
{
    if (c->fd == -1)
        return;
    hear(c);
    close(c->fd);
    c->fd = -1;
}

void
reset(struct client *c)
{
    struct linger abort = {.l_onoff = 1, .l_linger = 0};

    if (c->fd == -1)
        return;
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    close(c->fd);
    c->fd = -1;
}

/* Can this port be bound (0: any)? Returns which it was, or 0. */
static in_port_t
bindable(in_port_t port)
{
    struct sockaddr_in sin = loopback(port);
    socklen_t len = sizeof(sin);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
        getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
        sin.sin_port = 0;
    close(fd);
    return ntohs(sin.sin_port);
}

/* A port that is free; and with its two bytes swapped it is another one, free
 * as well: there a server listens that has forgotten htons. */
in_port_t
free_port(void)
{
    in_port_t port = 0;

    for (int tries = 0; tries < 50; tries++) {
        port = bindable(0);
        if (htons(port) != port && bindable(htons(port)) != 0)
            break;
    }
    return port;
}

bool
port_is_taken(in_port_t port)
{
    int fd = connect_to(port, false, 1000);

    if (fd == -1)
        fd = connect_to(port, true, 1000);
    if (fd == -1)
        return false;
    close(fd);
    return true;
}

/* Half-closes: nothing more will be sent. */
void
shutdown_sending(struct client *c)
{
    shutdown(c->fd, SHUT_WR);
}
