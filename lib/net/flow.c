/* SPDX-License-Identifier: ISC */
#include "flow.h"

enum { GUEST = 1, HOST = 2 }; /* bits of fins and acked */

static int
is(const struct flow *fl, const struct frame *f, int guest)
{
	if (fl->proto != f->proto)
		return 0;
	if (guest)
		return fl->peer == f->dst && fl->port == f->dport &&
		    fl->guest == f->sport;
	return fl->peer == f->src && fl->port == f->sport &&
	    fl->guest == f->dport;
}

struct flow *
flow_find(struct flows *t, const struct frame *f, int guest)
{
	if (t->hit < t->n && is(&t->v[t->hit], f, guest))
		return &t->v[t->hit];
	for (size_t i = 0; i < t->n; i++)
		if (is(&t->v[i], f, guest)) {
			t->hit = i;
			return &t->v[i];
		}
	return NULL;
}

struct flow *
flow_add(struct flows *t, const struct frame *f, int guest, long long now)
{
	struct flow *fl;

	if (t->n >= (size_t)(guest ? FLOW_MAX - FLOW_KEPT : FLOW_MAX))
		return NULL;
	t->hit = t->n;
	fl = &t->v[t->n++];
	*fl = (struct flow){ .peer = guest ? f->dst : f->src,
		.port = guest ? f->dport : f->sport,
		.guest = guest ? f->sport : f->dport,
		.proto = f->proto,
		.inbound = !guest,
		.fd = -1,
		.last = now };
	return fl;
}

void
flow_drop(struct flows *t, struct flow *fl)
{
	*fl = t->v[--t->n];
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

static void
from_guest(struct flow *fl, const struct frame *f)
{
	uint32_t end = end_of(f);

	if (f->flags & FRAME_SYN)
		fl->ack = end;
	if (f->flags & FRAME_FIN) {
		fl->fins |= GUEST;
		fl->guest_fin = end;
	}
	if (!(f->flags & FRAME_ACK))
		return;
	fl->state = FLOW_LIVE;
	fl->seq = f->ack;
	if ((fl->fins & HOST) && reached(f->ack, fl->host_fin))
		fl->acked |= HOST;
}

static void
to_guest(struct flow *fl, const struct frame *f)
{
	uint32_t end = end_of(f);

	/* What the guest expects is known by its ACK; before the first one,
	 * by what it was sent. */
	if (fl->state == FLOW_OPENING)
		fl->seq = end;
	if (f->flags & FRAME_FIN) {
		fl->fins |= HOST;
		fl->host_fin = end;
	}
	if (!(f->flags & FRAME_ACK))
		return;
	fl->ack = f->ack;
	if ((fl->fins & GUEST) && reached(f->ack, fl->guest_fin))
		fl->acked |= GUEST;
}

int
flow_note(struct flow *fl, const struct frame *f, int guest, long long now)
{
	fl->last = now;
	if (f->proto != FRAME_TCP)
		return 0;
	if (f->flags & FRAME_RST)
		return 1;
	if (guest)
		from_guest(fl, f);
	else
		to_guest(fl, f);
	return fl->acked == (GUEST | HOST);
}

static long long
patience(const struct flow *fl)
{
	if (fl->proto != FRAME_TCP)
		return fl->port == 53 ? 10000 : 120000;
	if (fl->state == FLOW_OPENING)
		return 80000;
	return fl->fins ? 300000 : 24 * 3600000LL;
}

void
flow_expire(struct flows *t, long long now)
{
	for (size_t i = t->n; i-- > 0;)
		if (now - t->v[i].last > patience(&t->v[i]))
			flow_drop(t, &t->v[i]);
}

size_t
flow_count(const struct flows *t, uint8_t proto)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->v[i].proto == proto;
	return n;
}
