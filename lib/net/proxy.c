/* SPDX-License-Identifier: ISC */
/* Who is there, and for how long. */
#include "proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "proxy_priv.h"
#include "sys.h"

/* Listeners, and what else is told of, by their sides. */
enum { LISTENER = 2, OTHER };
/* Told in one turn; taken from one listener. */
enum { EDGES = 256, WELCOME = 64 };

/* ---- lists ---- */

static void
unlink_hop(struct hop *h)
{
	struct hops *l = &h->proxy->in[h->state];

	if (h->prev)
		h->prev->next = h->next;
	else
		l->first = h->next;
	if (h->next)
		h->next->prev = h->prev;
	else
		l->last = h->prev;
}

static void
link_hop(struct hop *h)
{
	struct hops *l = &h->proxy->in[h->state];

	h->prev = l->last;
	h->next = NULL;
	if (l->last)
		l->last->next = h;
	else
		l->first = h;
	l->last = h;
}

void
hop_put(struct hop *h, enum hop_state state)
{
	unlink_hop(h);
	h->state = (uint8_t)state;
	h->since = h->proxy->now;
	link_hop(h);
}

/* Something may still point to it until the turn is over. */
void
hop_end(struct hop *h, int reset)
{
	struct proxy *p = h->proxy;

	if (*h->why)
		hop_log(h, RULE_ALLOW, h->why, 1);
	p->bytes_out += h->relay.way[CLIENT].n;
	p->bytes_in += h->relay.way[REMOTE].n;
	relay_close(&h->relay, reset);
	unlink_hop(h);
	h->over = 1;
	p->n--;
	if (!h->busy) {
		h->more = p->freed;
		p->freed = h;
	}
}

static void
free_hops(struct proxy *p)
{
	struct hop *h;

	while ((h = p->freed)) {
		p->freed = h->more;
		free(h->hello);
		free(h->name);
		free(h);
	}
}

/* ---- bytes ---- */

static enum hop_state
moving(const struct hop *h)
{
	int is = h->relay.end[CLIENT].is | h->relay.end[REMOTE].is;

	if (is & EDGE_BROKEN)
		return HOP_GONE;
	return is & EDGE_END ? HOP_HALF : HOP_OPEN;
}

void
hop_run(struct hop *h)
{
	enum relay_said said = relay_run(&h->relay);

	if (said == RELAY_DONE || said == RELAY_BROKEN) {
		hop_end(h, said == RELAY_BROKEN);
		return;
	}
	hop_put(h, moving(h));
	if (said == RELAY_MORE && !h->busy) {
		h->busy = 1;
		h->more = h->proxy->busy;
		h->proxy->busy = h;
	}
}

/* ---- clients ---- */

static void
welcome(struct proxy *p, int fd, int local)
{
	struct hop *h = xcalloc(1, sizeof *h);

	h->proxy = p;
	h->hello = xcalloc(1, sizeof *h->hello);
	h->relay.end[CLIENT] = (struct relay_end){ .fd = fd, .side = CLIENT };
	h->relay.end[REMOTE] = (struct relay_end){ .fd = -1, .side = REMOTE };
	h->since = p->now;
	h->local = local != 0;
	link_hop(h);
	p->n++;
	if (edges_add(p->edges, fd, &h->relay.end[CLIENT]) < 0)
		hop_end(h, 1);
}

static void
turn_away(struct proxy *p, int fd, const char *why)
{
	struct hop none = { .proxy = p };

	p->denied++;
	hop_log(&none, RULE_DENY, why, 0);
	relay_reset(fd);
}

static int
is_ours(int fd)
{
	uid_t uid;

	return sys_peer_uid(fd, &uid) == 0 && uid == geteuid();
}

static void
take(struct proxy *p, int fd, int local)
{
	if (p->n >= p->max)
		turn_away(p, fd, "full");
	else
		welcome(p, fd, local);
}

/* Those who are too many are told so at once, and one that fails for want of
 * descriptors or memory is taken at the next tick. */
static void
let_in(struct proxy *p, struct proxy_listener *l)
{
	for (int i = 0; i < WELCOME && (l->end.can & EDGE_IN); i++) {
		int fd = edges_accept(l->end.fd);

		if (fd >= 0 && l->local && !is_ours(fd))
			turn_away(p, fd, "user");
		else if (fd >= 0)
			take(p, fd, l->local);
		else if (errno != EINTR && errno != ECONNABORTED) {
			l->failed = errno != EAGAIN;
			l->end.can = 0;
		}
	}
}

void
proxy_take(struct proxy *p, int fd)
{
	take(p, fd, 1);
}

int
proxy_watch(struct proxy *p, struct proxy_other *o, int fd)
{
	o->end = (struct relay_end){ .fd = fd, .side = OTHER };
	return edges_add(p->edges, fd, &o->end);
}

int
proxy_listen(struct proxy *p, int fd, int local)
{
	struct proxy_listener *l = &p->listener[p->nlisteners];

	if (p->nlisteners == PROXY_LISTENERS) {
		errno = E2BIG;
		return -1;
	}
	l->end = (struct relay_end){ .fd = fd, .side = LISTENER };
	l->local = local;
	p->nlisteners++;
	return edges_add(p->edges, fd, &l->end);
}

int
proxy_start(struct proxy *p)
{
	p->edges = edges_new();
	return p->edges < 0 ? -1 : 0;
}

/* ---- turns ---- */

static void
client_told(struct hop *h)
{
	switch (h->state) {
	case HOP_HELLO:
		hop_hear(h);
		break;
	case HOP_REFUSED:
		hop_drain(h);
		break;
	case HOP_OPEN:
	case HOP_HALF:
	case HOP_GONE:
		hop_run(h);
		break;
	case HOP_WAITS: /* see ask_person */
		if (h->relay.end[CLIENT].is & (EDGE_END | EDGE_BROKEN))
			hop_deny(h, "gone", SOCKS_DENIED);
		break;
	default: /* an end may be half of one: who is gone is told by a reset */
		if (h->relay.end[CLIENT].is & EDGE_BROKEN)
			hop_end(h, 0);
	}
}

static void
told(struct proxy *p, const struct edge *e)
{
	struct relay_end *end = e->what;
	struct hop *h;

	relay_told(end, e->is);
	if (end->side == LISTENER) {
		let_in(p, (struct proxy_listener *)(void *)end);
		return;
	}
	if (end->side == OTHER) {
		struct proxy_other *o = (struct proxy_other *)(void *)end;

		o->told(o->arg);
		return;
	}
	/* the relay is a hop's first member, and its ends a relay's */
	h = (struct hop *)(void *)(end - end->side);
	if (h->over)
		return;
	/* nobody is there, which a unix socket does not call broken */
	if (end->side == CLIENT && h->local && (e->is & EDGE_CLOSED))
		end->is |= EDGE_BROKEN;
	if (end->side == CLIENT || h->state >= HOP_OPEN)
		client_told(h);
	else
		hop_dialled(h);
}

static int
is_busy(const struct proxy *p)
{
	for (size_t i = 0; i < p->nlisteners; i++)
		if (p->listener[i].end.can & EDGE_IN)
			return 1;
	return p->busy != NULL;
}

static void
run_busy(struct proxy *p)
{
	struct hop *h = p->busy, *next;

	for (p->busy = NULL; h; h = next) {
		next = h->more;
		h->busy = 0;
		if (!h->over) {
			hop_run(h);
			continue;
		}
		h->more = p->freed;
		p->freed = h;
	}
}

int
proxy_turn(struct proxy *p)
{
	struct edge v[EDGES];
	int n = edges_next(p->edges, v, EDGES);

	run_busy(p);
	for (size_t i = 0; i < p->nlisteners; i++)
		if (p->listener[i].end.can & EDGE_IN)
			let_in(p, &p->listener[i]);
	for (int i = 0; i < n; i++)
		told(p, &v[i]);
	free_hops(p);
	return is_busy(p);
}

/* ---- time ---- */

static void
late(struct hop *h)
{
	if (h->state == HOP_TRIED || h->state == HOP_DIALLED) {
		h->hello->err = ETIMEDOUT;
		hop_dial(h);
	} else if (h->state == HOP_WAITS)
		hop_deny(h, "silence", SOCKS_DENIED);
	else if (h->state == HOP_NAMED)
		hop_deny(h, "unknown", SOCKS_NO_HOST);
	else
		hop_end(h, h->state >= HOP_OPEN && h->state != HOP_REFUSED);
}

void
proxy_tick(struct proxy *p)
{
	static const long long limit[HOP_STATES] = { [HOP_HELLO] =
							 PROXY_HELLO_MS,
		[HOP_WAITS] = PROXY_WAIT_MS,
		[HOP_NAMED] = PROXY_NAMED_MS,
		[HOP_ASKED] = RESOLVE_MS + PROXY_HELLO_MS,
		[HOP_TRIED] = PROXY_NEXT_MS,
		[HOP_DIALLED] = PROXY_DIAL_MS,
		[HOP_OPEN] = PROXY_IDLE_MS,
		[HOP_HALF] = PROXY_HALF_MS,
		[HOP_GONE] = PROXY_GONE_MS,
		[HOP_REFUSED] = PROXY_LINGER_MS };
	unsigned long missed = deny_missed(&p->deny, p->now);
	char text[64];

	if (missed) {
		(void)snprintf(text, sizeof text, "left out %lu lines", missed);
		p->log(text, p->arg);
	}
	for (int i = 0; i < HOP_STATES; i++)
		while (p->in[i].first &&
		    p->now - p->in[i].first->since >= limit[i])
			late(p->in[i].first);
	for (size_t i = 0; i < p->nlisteners; i++)
		if (p->listener[i].failed) {
			p->listener[i].end.can = EDGE_IN;
			let_in(p, &p->listener[i]);
		}
}

size_t
proxy_cut(struct proxy *p)
{
	size_t n = 0;

	for (int i = 0; i < HOP_STATES; i++)
		while (p->in[i].first) {
			hop_end(p->in[i].first, 1);
			n += i != HOP_REFUSED;
		}
	return n;
}

void
proxy_status(const struct proxy *p, struct buf *out)
{
	uint64_t sent = p->bytes_out, got = p->bytes_in;
	size_t n = 0;

	for (int i = 0; i < HOP_STATES; i++)
		for (const struct hop *h = p->in[i].first; h; h = h->next) {
			sent += h->relay.way[CLIENT].n;
			got += h->relay.way[REMOTE].n;
			n += i != HOP_REFUSED;
		}
	buf_fmt(out,
	    "mode=%s flows=%zu in=%llu out=%llu allowed=%llu denied=%llu",
	    mode_text(p->policy.mode), n, (unsigned long long)got,
	    (unsigned long long)sent, (unsigned long long)p->allowed,
	    (unsigned long long)p->denied);
}
