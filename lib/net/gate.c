/* SPDX-License-Identifier: ISC */
#include "gate.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = {
	[FRAME_ICMP] = "icmp", [FRAME_TCP] = "tcp", [FRAME_UDP] = "udp"
};

/* Whether a new flow or ping to addr may begin, if there is room for it. */
static int
is_open(const struct gate *g, uint32_t addr)
{
	return g->net == GATE_OPEN &&
	    (addr >> 8 != LAN_HOST >> 8 || addr == LAN_HOST || addr == LAN_DNS);
}

/* The flow that f begins; NULL when it may not. */
static struct flow *
begin(struct gate *g, const struct frame *f)
{
	if (!is_open(g, f->dst) || g->crowded)
		return NULL;
	return flow_add(&g->flows, f, 1, g->now);
}

static void
name(const struct gate *g, const struct frame *f, char *out, size_t n)
{
	char port[8] = "";

	if (f->proto != FRAME_ICMP)
		(void)snprintf(port, sizeof port, ":%u", f->dport);
	(void)snprintf(out, n, "deny %s %u.%u.%u.%u%s%s", words[f->proto],
	    f->dst >> 24, f->dst >> 16 & 255, f->dst >> 8 & 255, f->dst & 255,
	    port, is_open(g, f->dst) ? ": too many flows" : "");
}

static enum gate_verdict
deny(struct gate *g, const struct frame *f, struct gate_answer *a)
{
	g->denied++;
	if (deny_first(&g->deny, f->proto, f->dst, f->dport, g->now))
		name(g, f, a->log, sizeof a->log);
	if (f->proto == FRAME_TCP)
		a->n = frame_refuse(a->frame, f);
	else
		a->n = frame_unreachable(a->frame, f,
		    f->proto == FRAME_UDP ? FRAME_UNREACH_PORT :
					    FRAME_UNREACH_ADMIN,
		    LAN_HOST);
	return GATE_REPLY;
}

/*
 * The flow is over, for the guest.  libslirp is told by a RST that it cannot
 * but believe: else it keeps the flow's socket and buffers for 10 s of
 * TIME_WAIT, which this wire has no use for, or for ever, after a RST of the
 * guest's that was made to be ignored.  But it acknowledges what it has not
 * yet written: after FINs the RST waits for that.
 */
static void
finish(struct gate *g, struct flow *fl, int reset, struct gate_answer *a)
{
	struct frame_segment s = { .to = lan_gateway,
		.from = g->mac,
		.src = LAN_LEASE,
		.dst = fl->peer,
		.sport = fl->guest,
		.dport = fl->port,
		.seq = fl->ack,
		.ack = fl->seq,
		.flags = FRAME_RST | FRAME_ACK };

	if (reset || fl->fd >= 0)
		a->n = frame_segment(a->frame, &s);
	a->fd = reset ? -1 : fl->fd;
	flow_drop(&g->flows, fl);
}

/* A segment of a flow that is there.  A bare SYN on one from outside would be
 * a simultaneous open: libslirp, if it had forgotten the flow, would dial
 * out for it. */
static enum gate_verdict
known_tcp(struct gate *g, struct flow *fl, const struct frame *f,
    struct gate_answer *a)
{
	int begins = (f->flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;

	if (begins && fl->inbound)
		return GATE_DROP;
	if (flow_note(fl, f, 1, g->now))
		finish(g, fl, f->flags & FRAME_RST, a);
	return GATE_PASS;
}

static enum gate_verdict
from_tcp(struct gate *g, uint8_t *p, struct frame *f, struct gate_answer *a)
{
	int syn = f->flags & FRAME_SYN;
	struct flow *fl;

	if (f->flags & FRAME_URG)
		frame_strip_urgent(f, p);
	fl = flow_find(&g->flows, f, 1);
	if (fl)
		return known_tcp(g, fl, f, a);
	if (f->flags & FRAME_RST)
		return GATE_DROP;
	if (syn && !(f->flags & FRAME_ACK)) {
		if (!(fl = begin(g, f)))
			return deny(g, f, a);
		(void)flow_note(fl, f, 1, g->now); /* a SYN ends nothing */
		return GATE_PASS;
	}
	a->n = frame_refuse(a->frame, f);
	return GATE_REPLY;
}

static enum gate_verdict
from_udp(struct gate *g, const struct frame *f, struct gate_answer *a)
{
	struct flow *fl = flow_find(&g->flows, f, 1);

	if (!fl && !(fl = begin(g, f)))
		return deny(g, f, a);
	(void)flow_note(fl, f, 1, g->now); /* datagrams end nothing */
	return GATE_PASS;
}

static enum gate_verdict
from_icmp(struct gate *g, const struct frame *f, struct gate_answer *a)
{
	if (f->dst == LAN_HOST || (is_open(g, f->dst) && !g->crowded))
		return GATE_PASS;
	return deny(g, f, a);
}

static enum gate_verdict
from_guest(struct gate *g, uint8_t *p, size_t *n, struct gate_answer *a)
{
	struct frame f;

	if (frame_parse(&f, p, *n) < 0 || !lan_is_honest(&f, g->mac))
		return GATE_DROP;
	*n = f.n;
	if (f.type == FRAME_ARP || lan_is_dhcp(&f))
		return GATE_PASS;
	if (f.proto == FRAME_TCP)
		return from_tcp(g, p, &f, a);
	if (f.proto == FRAME_UDP)
		return from_udp(g, &f, a);
	return from_icmp(g, &f, a);
}

enum gate_verdict
gate_from_guest(struct gate *g, uint8_t *p, size_t *n, struct gate_answer *a)
{
	enum gate_verdict v;

	a->n = 0;
	a->fd = -1;
	a->log[0] = '\0';
	v = from_guest(g, p, n, a);
	if (v == GATE_PASS)
		g->out += *n;
	return v;
}

void
gate_passed(struct gate *g)
{
	struct flow *fl = &g->flows.v[g->flows.hit];

	if (g->fd >= 0 && g->flows.hit < g->flows.n && !fl->inbound &&
	    fl->fd < 0)
		fl->fd = g->fd;
	g->fd = -1;
}

static int
is_forwarded(const struct gate *g, uint16_t port)
{
	for (size_t i = 0; i < GATE_UDP; i++)
		if (port && g->udp[i] == port)
			return 1;
	return 0;
}

/* libslirp opens flows for forwards alone.  One that is unknown and has data
 * was idle for too long here: it is taken up again.  A bare ACK or RST may be
 * an echo of one that is over. */
static enum gate_verdict
to_tcp(struct gate *g, const struct frame *f, struct gate_answer *a)
{
	int begins = (f->flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;
	struct flow *fl = flow_find(&g->flows, f, 0);

	if (!fl && ((f->flags & FRAME_RST) || (!begins && !f->ndata)))
		return GATE_DROP;
	if (fl && begins && fl->state != FLOW_OPENING) {
		flow_drop(&g->flows, fl);
		fl = NULL;
	}
	if (!fl) {
		fl = flow_add(&g->flows, f, 0, g->now);
		if (!fl) {
			a->n = frame_refuse(a->frame, f);
			return GATE_REPLY;
		}
		if (begins) {
			fl->fd = g->fd;
			g->fd = -1;
		}
	}
	if (!flow_note(fl, f, 0, g->now))
		return GATE_PASS;
	if (f->flags & FRAME_RST)
		flow_drop(&g->flows, fl);
	else
		finish(g, fl, 0, a);
	return GATE_PASS;
}

/* libslirp takes a datagram from anybody for any port the guest once sent
 * from; here only those may come that were asked, or come by a forward. */
static enum gate_verdict
to_udp(struct gate *g, const struct frame *f)
{
	struct flow *fl = flow_find(&g->flows, f, 0);

	if (!fl &&
	    (!is_forwarded(g, f->dport) ||
		!(fl = flow_add(&g->flows, f, 0, g->now))))
		return GATE_DROP;
	(void)flow_note(fl, f, 0, g->now); /* datagrams end nothing */
	return GATE_PASS;
}

static enum gate_verdict
to_guest(struct gate *g, const uint8_t *p, size_t n, struct gate_answer *a)
{
	struct frame f;

	if (frame_parse(&f, p, n) < 0)
		return GATE_DROP;
	if (f.type == FRAME_ARP)
		return GATE_PASS;
	if (f.proto == FRAME_UDP && f.sport == LAN_DHCP_SERVER &&
	    f.dport == LAN_DHCP_CLIENT && f.src == LAN_HOST)
		return GATE_PASS;
	if (f.dst != LAN_LEASE)
		return GATE_DROP;
	if (f.proto == FRAME_UDP && f.part != FRAME_LATER)
		return to_udp(g, &f);
	if (f.proto == FRAME_TCP && !f.part)
		return to_tcp(g, &f, a);
	return GATE_PASS;
}

enum gate_verdict
gate_to_guest(struct gate *g, const uint8_t *p, size_t n, struct gate_answer *a)
{
	enum gate_verdict v;

	a->n = 0;
	a->fd = -1;
	a->log[0] = '\0';
	v = to_guest(g, p, n, a);
	if (v == GATE_PASS)
		g->in += n;
	return v;
}

size_t
gate_cut(struct gate *g, void (*emit)(const uint8_t *p, size_t n, void *arg),
    void *arg)
{
	size_t count = flow_count(&g->flows, FRAME_TCP);
	uint8_t out[FRAME_FORGED];

	for (size_t i = 0; emit && i < g->flows.n; i++) {
		const struct flow *fl = &g->flows.v[i];
		struct frame_segment s = { .to = g->mac,
			.from = lan_gateway,
			.src = fl->peer,
			.dst = LAN_LEASE,
			.sport = fl->port,
			.dport = fl->guest,
			.seq = fl->seq,
			.ack = fl->ack,
			.flags = FRAME_RST | FRAME_ACK };

		if (fl->proto == FRAME_TCP)
			emit(out, frame_segment(out, &s), arg);
	}
	g->flows.n = 0;
	return count;
}

const char *
gate_tick(struct gate *g)
{
	static char text[64];
	unsigned long missed = deny_missed(&g->deny, g->now);

	if (g->now - g->swept >= 1000) {
		flow_expire(&g->flows, g->now);
		g->swept = g->now;
	}
	if (!missed)
		return "";
	(void)snprintf(text, sizeof text, "deny %lu more", missed);
	return text;
}

void
gate_status(const struct gate *g, struct buf *out)
{
	buf_fmt(out, "net=%s flows=%zu in=%llu out=%llu denied=%llu",
	    g->net == GATE_OPEN ? "open" : "filtered", g->flows.n,
	    (unsigned long long)g->in, (unsigned long long)g->out,
	    (unsigned long long)g->denied);
}

size_t
gate_introduce(const struct gate *g, uint8_t *out)
{
	return frame_arp_reply(out, g->mac, LAN_LEASE, lan_gateway, LAN_HOST);
}
