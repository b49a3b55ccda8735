/* SPDX-License-Identifier: ISC */
/* Where it goes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy_priv.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

/* ---- dialling ---- */

static int
connect_to(int fd, const struct addr *a, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };

	if (addr_is_v4(a)) {
		in.sin_addr.s_addr = htonl(addr_to_v4(a));
		return connect(fd, (struct sockaddr *)&in, sizeof in);
	}
	memcpy(&in6.sin6_addr, a->b, sizeof a->b);
	return connect(fd, (struct sockaddr *)&in6, sizeof in6);
}

/* The socket, or -1 with errno. */
static int
begin(struct hop *h)
{
	static const int on = 1;
	int fd = edges_socket(addr_is_v4(&h->addr) ? AF_INET : AF_INET6);

	if (fd < 0)
		return -1;
	/* whoever goes away without a word is found out after hours */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	if ((connect_to(fd, &h->addr, h->port) < 0 && errno != EINPROGRESS) ||
	    edges_add(h->proxy->edges, fd, &h->relay.end[REMOTE]) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
hang_up(struct hop *h)
{
	struct relay_end *e = &h->relay.end[REMOTE];

	if (e->fd >= 0)
		close(e->fd);
	*e = (struct relay_end){ .fd = -1, .side = REMOTE };
}

void
hop_dial(struct hop *h)
{
	struct hello *o = h->hello;

	hang_up(h);
	while (o->next < o->ndial) {
		h->addr = o->dial[o->next++];
		h->relay.end[REMOTE].fd = begin(h);
		if (h->relay.end[REMOTE].fd >= 0) {
			hop_put(
			    h, o->next < o->ndial ? HOP_TRIED : HOP_DIALLED);
			return;
		}
		o->err = errno;
	}
	hop_log(h, RULE_ALLOW, h->why, 1);
	*h->why = '\0'; /* that was the end of it */
	hop_refuse(h, socks_code(o->err));
}

/* ---- through ---- */

static void
open_up(struct hop *h)
{
	struct relay_way *w = &h->relay.way[CLIENT];
	uint8_t reply[SOCKS_REPLY];

	if (w->rest)
		hop_look(w, w->rest, w->held);
	else
		w->look = hop_look;
	socks_reply(reply, SOCKS_OK);
	/* a new socket has room for it; if it is gone, that will be told */
	(void)send(h->relay.end[CLIENT].fd, reply, sizeof reply, MSG_NOSIGNAL);
	free(h->hello);
	h->hello = NULL;
	hop_put(h, HOP_OPEN);
	hop_run(h);
}

/* What was told before the connection was there is of no use: it may have been
 * told of the socket before this one. */
void
hop_dialled(struct hop *h)
{
	struct relay_end *e = &h->relay.end[REMOTE];
	socklen_t n = sizeof h->hello->err;
	int err = 0;

	if (e->is & (EDGE_BROKEN | EDGE_END)) {
		if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
			err = errno;
		if (err) {
			h->hello->err = err;
			hop_dial(h);
			return;
		}
	}
	if (e->can & EDGE_OUT)
		open_up(h);
}

/* ---- rules that change ---- */

/* Whether it is denied now, by a rule, at that address. */
static int
turned(const struct hop *h, const struct addr *at)
{
	const struct policy *p = &h->proxy->policy;
	struct decision d;
	struct target to;

	hop_target(h, &to);
	decide(p, &to, &d);
	if (d.verdict == RULE_DENY)
		return d.rule != NULL;
	return d.verdict == RULE_ALLOW && !to.host &&
	    !decide_at(p, &to, at, 0, &d) && d.rule &&
	    d.rule->verdict == RULE_DENY;
}

/* Of the addresses that would be tried next those stay that are not denied. */
static void
recheck_next(struct hop *h)
{
	struct hello *o = h->hello;
	size_t n = o->next;

	for (size_t i = o->next; i < o->ndial; i++)
		if (!turned(h, &o->dial[i]))
			o->dial[n++] = o->dial[i];
	o->ndial = n;
}

size_t
proxy_recheck(struct proxy *p)
{
	size_t n = 0;

	for (int i = HOP_TRIED; i <= HOP_GONE; i++)
		for (struct hop *h = p->in[i].first, *next; h; h = next) {
			next = h->next;
			if (h->hello)
				recheck_next(h);
			if (!turned(h, &h->addr))
				continue;
			hop_end(h, 1);
			n++;
		}
	return n;
}
