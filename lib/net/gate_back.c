/* SPDX-License-Identifier: ISC */
/* Frames of the stack's. */
#include <string.h>

#include "gate_priv.h"

static void
emit(struct gate *g, const struct frame *f)
{
	g->in += f->n;
	g->call.guest(g->back, f->n, g->call.arg);
}

static void
emit_as(struct gate *g, const struct flow *fl, struct frame *f)
{
	struct frame_ends e = gate_guest_ends(fl);

	if (!fl->inbound)
		frame_readdress(f, g->back, &e);
	emit(g, f);
}

/* Segments of a flow that is there. */
void
gate_segment(struct gate *g, struct flow *fl, struct frame *f)
{
	int last;

	if (!fl->inbound && fl->state == FLOW_OPENING && fl->first) {
		if (f->flags & FRAME_RST) {
			gate_dial(g, fl); /* the next address, or none */
			return;
		}
		flow_forget(fl);
	}
	last = flow_to_guest(fl, f, g->now);
	emit_as(g, fl, f);
	if (last && (f->flags & FRAME_RST))
		gate_end(g, fl);
	else if (last)
		gate_finish(g, fl, 0);
}

static int
is_forwarded(const struct gate *g, uint16_t port)
{
	for (size_t i = 0; i < GATE_UDP; i++)
		if (port && g->udp[i] == port)
			return 1;
	return 0;
}

/* The stack opens flows for forwards alone.  One that is unknown and has data
 * was idle for too long here: it is taken up again.  A bare ACK or RST may be
 * an echo of one that is over. */
static void
tcp_to_lease(struct gate *g, struct frame *f)
{
	int begins = (f->flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;
	struct flow *fl = flow_to_lease(&g->flows, f);

	if (!fl && ((f->flags & FRAME_RST) || (!begins && !f->ndata)))
		return;
	if (fl && begins && fl->state != FLOW_OPENING) {
		gate_end(g, fl);
		fl = NULL;
	}
	if (!fl) {
		fl = flow_add_inbound(&g->flows, f, g->now);
		if (!fl) {
			gate_refuse_stack(g, f);
			return;
		}
		/* of another flow's socket it would seem that all is sent */
		if (begins && g->accepting && g->fd >= 0) {
			fl->fd = g->fd;
			g->fd = -1;
		}
	}
	gate_segment(g, fl, f);
}

/* The stack takes a datagram from anybody for any port the guest once sent
 * from; here only those may come that come by a forward. */
static void
udp_to_lease(struct gate *g, struct frame *f)
{
	struct flow *fl = flow_to_lease(&g->flows, f);

	if (!fl && is_forwarded(g, f->dport))
		fl = flow_add_inbound(&g->flows, f, g->now);
	if (!fl)
		return;
	(void)flow_to_guest(fl, f, g->now); /* datagrams end nothing */
	emit(g, f);
}

static void
to_lease(struct gate *g, struct frame *f)
{
	if (f->proto == FRAME_UDP && f->sport == LAN_DHCP_SERVER &&
	    f->dport == LAN_DHCP_CLIENT && f->src == LAN_HOST)
		emit(g, f);
	else if (f->proto == FRAME_UDP && f->part != FRAME_LATER)
		udp_to_lease(g, f);
	else if (f->proto == FRAME_TCP && !f->part)
		tcp_to_lease(g, f);
	else if (f->proto == FRAME_ICMP && !f->part &&
	    f->icmp == FRAME_ECHO_REPLY && f->src == LAN_HOST)
		emit(g, f); /* the stack answers pings of itself */
}

/* The stack could not reach where a flow goes: the next address is tried, or
 * the guest is told of its own packet. */
static void
failed(struct gate *g, const struct frame *f)
{
	uint8_t out[FRAME_FORGED];
	struct frame_ends e;
	struct frame q;
	struct flow *fl;

	if (frame_quoted(&q, f) < 0 || q.src != LAN_INNER ||
	    !(fl = flow_at(&g->flows, q.proto, q.sport)) || fl->real != q.dst)
		return;
	if (fl->proto == FRAME_TCP) {
		if (fl->state == FLOW_OPENING && fl->first)
			gate_dial(g, fl);
		return;
	}
	e = (struct frame_ends){ LAN_LEASE, fl->peer, fl->guest, fl->port };
	g->call.guest(out,
	    frame_bounce(
		out, g->mac, lan_gateway, fl->proto, &e, f->code, LAN_HOST),
	    g->call.arg);
}

/* A later fragment has no ports: it follows the first of its packet. */
static void
rest(struct gate *g, struct frame *f)
{
	const struct flow *fl = g->part.flow;

	if (fl && g->part.id == f->id && g->part.src == f->src)
		emit_as(g, fl, f);
}

static void
to_inner(struct gate *g, struct frame *f)
{
	struct flow *fl;

	if (f->part == FRAME_LATER) {
		rest(g, f);
		return;
	}
	if (f->proto == FRAME_ICMP && f->icmp == FRAME_UNREACHABLE) {
		failed(g, f);
		return;
	}
	fl = flow_at(&g->flows, f->proto, f->dport);
	if (!fl || fl->real != f->src || fl->port != f->sport) {
		gate_refuse_stack(g, f);
		return;
	}
	if (f->proto == FRAME_TCP) {
		if (!f->part)
			gate_segment(g, fl, f);
		return;
	}
	(void)flow_to_guest(fl, f, g->now); /* ends nothing */
	fl->state = FLOW_LIVE;
	if (f->part == FRAME_FIRST) {
		g->part.id = f->id;
		g->part.src = f->src;
		g->part.flow = fl;
	}
	emit_as(g, fl, f);
}

void
gate_from_stack(struct gate *g, const uint8_t *p, size_t n)
{
	struct frame f;

	if (n > sizeof g->back)
		return;
	memcpy(g->back, p, n);
	if (frame_parse(&f, g->back, n) < 0)
		return;
	if (f.type == FRAME_ARP) {
		if (f.dst != LAN_INNER && f.dst != LAN_CALLED)
			emit(g, &f);
	} else if (f.dst == LAN_LEASE || f.dst == UINT32_MAX)
		to_lease(g, &f);
	else if (f.dst == LAN_INNER)
		to_inner(g, &f);
	else if (f.dst == LAN_CALLED)
		gate_socks_back(g, &f);
}

void
gate_sent(struct gate *g, const uint8_t *p, size_t n)
{
	struct flow *fl;
	struct frame f;

	if (g->fd < 0)
		return;
	if (frame_parse(&f, p, n) == 0 && f.type == FRAME_IP4 &&
	    f.src == LAN_INNER && !f.part &&
	    (fl = flow_at(&g->flows, f.proto, f.sport)) && fl->fd < 0)
		fl->fd = g->fd;
	g->fd = -1;
}
