/* SPDX-License-Identifier: ISC */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "edges.h"
#include "io.h"
#include "publish.h"
#include "say.h"

enum { BACKLOG = 4096 };

static int
listen_unix(struct listener *l, const char *path, struct why *why)
{
	if (publish_name(path, why) < 0 || publish_make_way(path, why) < 0)
		return -1;
	l->local = 1;
	l->fd = io_listen(AT_FDCWD, path, BACKLOG);
	if (l->fd < 0 || fcntl(l->fd, F_SETFL, O_NONBLOCK) < 0)
		return why_sys(why, EX_TEMPFAIL, "%s", path);
	return 0;
}

/* "1.2.3.4:80", "[::1]:80". */
static int
parse(const char *arg, struct addr *a, uint16_t *port)
{
	const char *colon = strrchr(arg, ':');
	char text[ADDR_TEXT];
	size_t n = colon ? (size_t)(colon - arg) : 0;
	int v6 = n && *arg == '[';
	long long number;

	if (v6 && (n < 2 || arg[n - 1] != ']'))
		return -1;
	if (v6) {
		arg++;
		n -= 2;
	}
	if (!n || n >= sizeof text || num_int(colon + 1, 0, 65535, &number) < 0)
		return -1;
	memcpy(text, arg, n);
	text[n] = '\0';
	*port = (uint16_t)number;
	return addr_parse(a, text) < 0 || addr_is_v4(a) == v6 ? -1 : 0;
}

union place {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t
place(union place *at, const struct addr *a, uint16_t port)
{
	memset(at, 0, sizeof *at);
	if (addr_is_v4(a)) {
		at->in.sin_family = AF_INET;
		at->in.sin_port = htons(port);
		at->in.sin_addr.s_addr = htonl(addr_to_v4(a));
		return sizeof at->in;
	}
	at->in6.sin6_family = AF_INET6;
	at->in6.sin6_port = htons(port);
	memcpy(&at->in6.sin6_addr, a->b, sizeof a->b);
	return sizeof at->in6;
}

/*
 * Connections have these options from their listener.  Linux lets up to 4 MiB
 * wait for a client that is slower than what comes, which are out of the
 * processor's caches when they are copied to it: to a client on this machine
 * 2,200 MB/s went through, and with so little on their way 5,700.  From further
 * away it may take that much.
 */
static int
begin(int fd, const union place *at, socklen_t n, int near)
{
	static const int on = 1, waits = 256 << 10;

	if (near)
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_SNDBUF, &waits, sizeof waits);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	if (at->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, &at->any, n) < 0)
		return -1;
	return listen(fd, BACKLOG);
}

static int
listen_tcp(struct listener *l, const char *arg, struct why *why)
{
	struct addr a;
	uint16_t port;
	union place at;
	socklen_t n;
	char text[ADDR_TEXT];

	if (parse(arg, &a, &port) < 0)
		return why_set(why, EX_USAGE,
		    "%s: not ADDR:PORT, [ADDR]:PORT or unix:PATH", arg);
	n = place(&at, &a, port);
	l->open = addr_kind(&a) != ADDR_LOOPBACK;
	l->fd = edges_socket(at.any.sa_family);
	if (l->fd < 0 || begin(l->fd, &at, n, !l->open) < 0 ||
	    getsockname(l->fd, &at.any, &n) < 0)
		return why_sys(why, EX_TEMPFAIL, "%s", arg);
	addr_print(&a, text);
	(void)snprintf(l->label, sizeof l->label,
	    addr_is_v4(&a) ? "%s:%u" : "[%s]:%u", text,
	    (unsigned)ntohs(
		addr_is_v4(&a) ? at.in.sin_port : at.in6.sin6_port));
	return 0;
}

int
listen_at(struct listener *l, const char *arg, struct why *why)
{
	*l = (struct listener){ .fd = -1 };
	(void)snprintf(l->label, sizeof l->label, "%s", arg);
	if (strncmp(arg, "unix:", 5) == 0)
		return listen_unix(l, arg + 5, why);
	return listen_tcp(l, arg, why);
}
