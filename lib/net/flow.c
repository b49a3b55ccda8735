/* SPDX-License-Identifier: ISC */
#include "flow.h"

#include <stdlib.h>
#include <string.h>

enum { GUEST = 1, HOST = 2 }; /* bits of fins and acked */

static int
is(const struct flow *fl, uint8_t proto, uint32_t peer, uint16_t port,
    uint16_t guest)
{
	return fl->proto == proto && fl->peer == peer && fl->port == port &&
	    fl->guest == guest;
}

static struct flow *
find(struct flows *t, uint8_t proto, uint32_t peer, uint16_t port,
    uint16_t guest)
{
	if (is(&t->v[t->hit], proto, peer, port, guest))
		return &t->v[t->hit];
	for (size_t i = 0; i < t->top; i++)
		if (is(&t->v[i], proto, peer, port, guest)) {
			t->hit = i;
			return &t->v[i];
		}
	return NULL;
}

struct flow *
flow_of_guest(struct flows *t, const struct frame *f)
{
	return find(t, f->proto, f->dst, f->dport, f->sport);
}

struct flow *
flow_to_lease(struct flows *t, const struct frame *f)
{
	struct flow *fl = find(t, f->proto, f->src, f->sport, f->dport);

	return fl && fl->inbound ? fl : NULL;
}

struct flow *
flow_at(struct flows *t, uint8_t proto, uint16_t port)
{
	size_t i;

	if (port < FLOW_PORT || port - FLOW_PORT >= FLOW_SLOTS)
		return NULL;
	i = t->at[port - FLOW_PORT];
	return i && t->v[i - 1].proto == proto ? &t->v[i - 1] : NULL;
}

struct flow *
flow_of_caller(struct flows *t, uint16_t port)
{
	if (t->v[t->hit].proto && t->v[t->hit].caller == port)
		return &t->v[t->hit];
	for (size_t i = 0; i < t->top; i++)
		if (t->v[i].proto && t->v[i].caller == port) {
			t->hit = i;
			return &t->v[i];
		}
	return NULL;
}

static int
is_called(const struct flow *fl)
{
	return fl->proto && fl->state == FLOW_CALLED;
}

struct flow *
flow_called(struct flows *t)
{
	struct flow *first = NULL;

	for (size_t i = 0; i < t->top; i++)
		if (is_called(&t->v[i]) &&
		    (!first || t->v[i].last < first->last))
			first = &t->v[i];
	return first;
}

size_t
flow_calls(const struct flows *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->top; i++)
		n += (size_t)is_called(&t->v[i]);
	return n;
}

static struct flow *
add(struct flows *t, size_t max, long long now)
{
	size_t i = 0;

	if (t->n >= max)
		return NULL;
	while (t->v[i].proto)
		i++;
	if (i >= t->top)
		t->top = i + 1;
	t->n++;
	t->hit = i;
	t->v[i] = (struct flow){ .slot = FLOW_NOWHERE, .fd = -1, .last = now };
	return &t->v[i];
}

struct flow *
flow_add(struct flows *t, const struct frame *f, long long now)
{
	struct flow *fl = add(t, FLOW_MAX - FLOW_KEPT, now);

	if (fl) {
		fl->proto = f->proto;
		fl->peer = f->dst;
		fl->port = f->dport;
		fl->guest = f->sport;
	}
	return fl;
}

struct flow *
flow_add_inbound(struct flows *t, const struct frame *f, long long now)
{
	struct flow *fl = add(t, FLOW_MAX, now);

	if (fl) {
		fl->proto = f->proto;
		fl->peer = fl->real = f->src;
		fl->port = f->sport;
		fl->guest = f->dport;
		fl->inbound = 1;
		fl->state = FLOW_OPENING;
	}
	return fl;
}

static void
leave(struct flows *t, struct flow *fl)
{
	if (fl->slot != FLOW_NOWHERE)
		t->at[fl->slot] = 0;
	fl->slot = FLOW_NOWHERE;
}

/* There are more slots than flows, so one is free. */
void
flow_move(struct flows *t, struct flow *fl)
{
	leave(t, fl);
	while (t->at[t->slot])
		t->slot = (uint16_t)((t->slot + 1) % FLOW_SLOTS);
	fl->slot = t->slot;
	t->at[fl->slot] = (uint16_t)(fl - t->v + 1);
	t->slot = (uint16_t)((t->slot + 1) % FLOW_SLOTS);
	fl->fd = -1;
}

int
flow_keep(struct flow *fl, const uint8_t *p, size_t n)
{
	if (n > FLOW_FIRST)
		return -1;
	flow_forget(fl);
	fl->first = xmalloc(n);
	fl->nfirst = n;
	memcpy(fl->first, p, n);
	return 0;
}

void
flow_forget(struct flow *fl)
{
	free(fl->first);
	fl->first = NULL;
	fl->nfirst = 0;
}

void
flow_drop(struct flows *t, struct flow *fl)
{
	leave(t, fl);
	flow_forget(fl);
	fl->proto = 0;
	t->n--;
	while (t->top && !t->v[t->top - 1].proto)
		t->top--;
}

/* Sequence numbers wrap: a is at or behind b. */
static int
reached(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static uint32_t
end_of(const struct frame *f)
{
	return f->seq + (uint32_t)f->ndata + ((f->flags & FRAME_SYN) != 0) +
	    ((f->flags & FRAME_FIN) != 0);
}

int
flow_from_guest(struct flow *fl, const struct frame *f, long long now)
{
	uint32_t end = end_of(f);

	fl->last = now;
	fl->out += f->ndata;
	if (f->proto != FRAME_TCP)
		return 0;
	if (f->flags & FRAME_RST)
		return 1;
	if (f->flags & FRAME_SYN)
		fl->ack = end;
	if (f->flags & FRAME_FIN) {
		fl->fins |= GUEST;
		fl->guest_fin = end;
	}
	if (!(f->flags & FRAME_ACK))
		return 0;
	fl->state = FLOW_LIVE;
	fl->seq = f->ack;
	if ((fl->fins & HOST) && reached(f->ack, fl->host_fin))
		fl->acked |= HOST;
	return fl->acked == (GUEST | HOST);
}

int
flow_to_guest(struct flow *fl, const struct frame *f, long long now)
{
	uint32_t end = end_of(f);

	fl->last = now;
	fl->in += f->ndata;
	if (f->proto != FRAME_TCP)
		return 0;
	if (f->flags & FRAME_RST)
		return 1;
	/* What the guest expects is known by its ACK; before the first one,
	 * by what it was sent. */
	if (fl->state == FLOW_OPENING)
		fl->seq = end;
	if (f->flags & FRAME_FIN) {
		fl->fins |= HOST;
		fl->host_fin = end;
	}
	if (!(f->flags & FRAME_ACK))
		return 0;
	fl->ack = f->ack;
	if ((fl->fins & GUEST) && reached(f->ack, fl->guest_fin))
		fl->acked |= GUEST;
	return fl->acked == (GUEST | HOST);
}

static long long
patience(const struct flow *fl)
{
	if (fl->state == FLOW_ASKED)
		return 310000;
	if (fl->state == FLOW_CALLED)
		return 10000;
	if (fl->proto == FRAME_ICMP || fl->state == FLOW_HELD)
		return 30000;
	if (fl->proto == FRAME_UDP)
		return fl->port == 53 ? 10000 : 120000;
	if (fl->state == FLOW_OPENING)
		return 80000;
	return fl->fins ? 300000 : 24 * 3600000LL;
}

int
flow_waits(const struct flow *fl)
{
	return fl->state < FLOW_OPENING;
}

int
flow_idle(const struct flow *fl, long long now)
{
	return now - fl->last > patience(fl);
}

size_t
flow_count(const struct flows *t, uint8_t proto)
{
	size_t n = 0;

	for (size_t i = 0; i < t->top; i++)
		n += t->v[i].proto == proto;
	return n;
}
