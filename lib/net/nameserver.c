/* SPDX-License-Identifier: ISC */
#include "nameserver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns.h"
#include "edges.h"
#include "io.h"
#include "sys.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

/* Before a message: its length. */
enum { HEAD = 2, TOLD = 64 };
/* Read of one client in one turn: others wait. */
enum { READS = 4 };

struct nameclient {
	struct nameclient *prev, *next; /* while fd is open */
	int fd;
	long long heard; /* ms */
	int more; /* may be there */
	size_t n;
	uint8_t in[HEAD + NAMESERVER_ASKED];
};

/* ---- who is there ---- */

static void
unlink_client(struct nameserver *s, struct nameclient *c)
{
	*(c->prev ? &c->prev->next : &s->first) = c->next;
	*(c->next ? &c->next->prev : &s->last) = c->prev;
}

static void
link_client(struct nameserver *s, struct nameclient *c)
{
	c->prev = s->last;
	c->next = NULL;
	*(s->last ? &s->last->next : &s->first) = c;
	s->last = c;
	c->heard = s->now;
}

/* Something may still be told of it in this turn. */
static void
hang_up(struct nameserver *s, struct nameclient *c)
{
	close(c->fd);
	c->fd = -1;
	unlink_client(s, c);
	s->n--;
	c->next = s->freed;
	s->freed = c;
}

static void
free_clients(struct nameserver *s)
{
	struct nameclient *c;

	while ((c = s->freed)) {
		s->freed = c->next;
		free(c);
	}
}

static void
welcome(struct nameserver *s, int fd)
{
	struct nameclient *c = xcalloc(1, sizeof *c);

	if (s->n == NAMESERVER_MAX)
		hang_up(s, s->first);
	c->fd = fd;
	link_client(s, c);
	s->n++;
	if (edges_add(s->edges, fd, c) < 0)
		hang_up(s, c);
}

static void
let_in(struct nameserver *s)
{
	int fd;

	while ((fd = edges_accept(s->listener)) >= 0 || errno == EINTR ||
	    errno == ECONNABORTED)
		if (fd >= 0 && sys_peer_is_us(fd))
			welcome(s, fd);
		else if (fd >= 0)
			close(fd);
}

/* ---- answers ---- */

/* -1: there is nothing to be said, or it cannot be said now. */
static int
answer(struct nameserver *s, const struct nameclient *c, size_t n)
{
	uint8_t out[HEAD + DNS_MAX];
	enum dns_code code;
	struct dns_query q;
	uint32_t addr = 0;
	int fresh = 0;
	size_t len;

	if (dns_parse(&q, c->in + HEAD, n) < 0)
		return -1;
	code = q.code;
	if (code == DNS_ADDRESS) {
		addr = names_get(s->names, q.name, &fresh, NULL, NULL);
		if (!addr)
			code = DNS_SERVFAIL;
		else if (fresh)
			s->named(addr, q.name, s->arg);
	}
	len = dns_answer(
	    out + HEAD, &q, code, &addr, code == DNS_ADDRESS, DNS_TTL);
	out[0] = (uint8_t)(len >> 8);
	out[1] = (uint8_t)len;
	len += HEAD;
	/* who does not read his answers has no more of them */
	return send(c->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

/* All questions that are whole; -1: it is to be hung up on. */
static int
answer_all(struct nameserver *s, struct nameclient *c)
{
	while (c->n >= HEAD) {
		size_t n = (size_t)c->in[0] << 8 | c->in[1];

		if (n > NAMESERVER_ASKED)
			return -1;
		if (c->n < HEAD + n)
			return 0;
		if (answer(s, c, n) < 0)
			return -1;
		c->n -= HEAD + n;
		memmove(c->in, c->in + HEAD + n, c->n);
	}
	return 0;
}

static void
hear(struct nameserver *s, struct nameclient *c)
{
	ssize_t n = 1;

	unlink_client(s, c);
	link_client(s, c);
	c->more = 0;
	for (int i = 0; i < READS && n > 0; i++) {
		n = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);
		c->n += n > 0 ? (size_t)n : 0;
		if (n > 0 && answer_all(s, c) < 0)
			n = 0;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		hang_up(s, c);
	else
		c->more = n > 0;
}

/* Once each; 1 when somebody has more to say than one turn is for. */
static int
hear_all(struct nameserver *s)
{
	struct nameclient *c, *next;
	size_t n = s->n; /* who is heard goes to the end */
	int more = 0;

	for (c = s->first; c && n > 0; c = next, n--) {
		next = c->next;
		if (c->more)
			hear(s, c);
		more |= c->fd >= 0 && c->more;
	}
	return more;
}

/* ---- turns ---- */

int
nameserver_start(struct nameserver *s, int listener, const char *file)
{
	autobuf struct buf b = { 0 };

	s->names = names_new();
	if (file && io_read_file(AT_FDCWD, file, &b, NAMES_FILE) == 0)
		names_read(s->names, b.n ? b.p : "", b.n);
	s->listener = listener;
	s->edges = edges_new();
	return s->edges < 0 ? -1 : edges_add(s->edges, listener, s);
}

const char *
nameserver_name(struct nameserver *s, uint32_t addr)
{
	const char *name = names_at(s->names, addr);

	if (name) {
		names_hold(s->names, addr, 1);
		names_hold(s->names, addr, -1);
	}
	return name;
}

int
nameserver_turn(struct nameserver *s)
{
	struct edge v[TOLD];
	int n = edges_next(s->edges, v, TOLD), more;

	for (int i = 0; i < n; i++) {
		struct nameclient *c = v[i].what;

		if (v[i].what == s)
			let_in(s);
		else
			c->more = 1;
	}
	more = hear_all(s);
	free_clients(s);
	return more;
}

/* One that was not taken for want of descriptors is taken now. */
void
nameserver_tick(struct nameserver *s)
{
	while (s->first && s->now - s->first->heard >= NAMESERVER_IDLE_MS)
		hang_up(s, s->first);
	let_in(s);
	free_clients(s);
}

void
nameserver_end(struct nameserver *s)
{
	while (s->first)
		hang_up(s, s->first);
	free_clients(s);
	names_free(s->names);
	s->names = NULL;
	close(s->edges);
}
