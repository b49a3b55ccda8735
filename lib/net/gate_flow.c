/* SPDX-License-Identifier: ISC */
/* How flows end, and what they are called. */
#include <stdio.h>
#include <string.h>

#include "gate_priv.h"
#include "claim.h"
#include "netlog.h"

static const uint8_t protos[] = {
	[FRAME_ICMP] = RULE_ICMP, [FRAME_TCP] = RULE_TCP, [FRAME_UDP] = RULE_UDP
};

uint8_t
gate_proto(const struct flow *fl)
{
	return protos[fl->proto];
}

struct frame_ends
gate_guest_ends(const struct flow *fl)
{
	return (struct frame_ends){ .src = fl->peer,
		.dst = LAN_LEASE,
		.sport = fl->port,
		.dport = fl->guest };
}

struct frame_ends
gate_stack_ends(const struct flow *fl)
{
	if (fl->inbound)
		return (struct frame_ends){ .src = LAN_LEASE,
			.dst = fl->peer,
			.sport = fl->guest,
			.dport = fl->port };
	if (fl->caller)
		return (struct frame_ends){ .src = LAN_CALLED,
			.dst = LAN_HOST,
			.sport = LAN_SOCKS,
			.dport = fl->caller };
	return (struct frame_ends){ .src = LAN_INNER,
		.dst = fl->real,
		.sport = (uint16_t)(FLOW_PORT + fl->slot),
		.dport = fl->port };
}

/* The log. */

void
gate_log(struct gate *g, const struct flow *fl, enum rule_verdict v,
    const char *why, int ended)
{
	const char *name = NULL;
	struct netlog l = { .verdict = (uint8_t)v,
		.proto = gate_proto(fl),
		.port = fl->port,
		.ended = ended,
		.out = fl->out,
		.in = fl->in };
	autobuf struct buf b = { 0 };
	/* what stands for a name, or for this machine, is no address */
	uint32_t at =
	    names_has(fl->peer) || fl->peer == LAN_HOST ? fl->real : fl->peer;
	struct addr addr = addr_v4(at);

	if (fl->label)
		name = names_at(g->names, fl->label);
	else if (fl->peer == LAN_HOST)
		name = GATE_HOST_NAME;
	(void)snprintf(l.why, sizeof l.why, "%s", why);
	if (name)
		(void)snprintf(l.name, sizeof l.name, "%s", name);
	if (at)
		addr_print(&addr, l.address);
	if (!deny_line(&g->deny, g->now))
		return;
	netlog_print(&l, &b);
	g->call.log(b.p, g->call.arg);
}

void
gate_claim(struct gate *g, const struct flow *fl, const struct frame *f)
{
	autobuf struct buf line = { 0 };
	struct addr addr = addr_v4(fl->real);
	const char *name;

	if (fl->proto != FRAME_TCP || !f->ndata || fl->out != f->ndata ||
	    fl->inbound || fl->caller || g->net != GATE_FILTERED)
		return;
	name = fl->label ? names_at(g->names, fl->label) : NULL;
	if (claim_line(
		f->data, f->ndata, name ? name : "", &addr, fl->port, &line) &&
	    deny_line(&g->deny, g->now))
		g->call.log(line.p, g->call.arg);
}

/* A name keeps its address while a flow to it is there. */
void
gate_drop(struct gate *g, struct flow *fl)
{
	if (fl->label)
		names_hold(g->names, fl->label, -1);
	if (g->part.flow == fl)
		g->part.flow = NULL;
	flow_drop(&g->flows, fl);
}

/* Refusals. */

void
gate_refuse(struct gate *g, const struct frame *f)
{
	uint8_t out[FRAME_FORGED];
	size_t n;

	if (f->proto == FRAME_TCP)
		n = frame_refuse(out, f);
	else
		n = frame_unreachable(out, f,
		    f->proto == FRAME_UDP ? FRAME_UNREACH_PORT :
					    FRAME_UNREACH_ADMIN,
		    LAN_HOST);
	g->call.guest(out, n, g->call.arg);
}

void
gate_refuse_stack(struct gate *g, const struct frame *f)
{
	uint8_t out[FRAME_FORGED];

	if (f->proto == FRAME_TCP && !(f->flags & FRAME_RST) &&
	    ((f->flags & FRAME_SYN) || f->ndata))
		g->call.stack(out, frame_refuse(out, f), -1, g->call.arg);
}

/* Answer the first frame of a flow that is held, and drop it. */
void
gate_refuse_first(struct gate *g, struct flow *fl)
{
	struct frame f;

	if (frame_parse(&f, fl->first, fl->nfirst) == 0)
		gate_refuse(g, &f);
	gate_drop(g, fl);
}

/* Ends. */

void
gate_end(struct gate *g, struct flow *fl)
{
	if (!fl->inbound && *fl->why)
		gate_log(g, fl, RULE_ALLOW, fl->why, 1);
	gate_drop(g, fl);
}

/*
 * libslirp keeps the socket and the buffers of a flow that is over for 10 s of
 * TIME_WAIT, which this wire has no use for, or for ever after a RST of the
 * guest's that was made to be ignored; hence one of ours.  But it acknowledges
 * what it has not yet written: after FINs the RST waits for that.
 */
void
gate_finish(struct gate *g, struct flow *fl, int reset)
{
	struct frame_ends e = gate_stack_ends(fl);
	struct frame_segment s = { .to = lan_gateway,
		.from = g->mac,
		.src = e.src,
		.dst = e.dst,
		.sport = e.sport,
		.dport = e.dport,
		.seq = fl->ack,
		.ack = fl->seq,
		.flags = FRAME_RST | FRAME_ACK };
	uint8_t out[FRAME_FORGED];

	int known =
	    fl->proto == FRAME_TCP && !flow_waits(fl) && (reset || fl->fd >= 0);
	int fd = reset ? -1 : fl->fd;

	gate_end(g, fl);
	if (known)
		g->call.stack(out, frame_segment(out, &s), fd, g->call.arg);
}

void
gate_tell(struct gate *g, const struct flow *fl, uint32_t seq, int flags)
{
	struct frame_ends e = gate_guest_ends(fl);
	struct frame_segment s = { .to = g->mac,
		.from = lan_gateway,
		.src = e.src,
		.dst = e.dst,
		.sport = e.sport,
		.dport = e.dport,
		.seq = seq,
		.ack = fl->ack,
		.flags = (uint8_t)flags };
	uint8_t out[FRAME_FORGED];

	g->call.guest(out, frame_segment(out, &s), g->call.arg);
}

void
gate_reset(struct gate *g, const struct flow *fl)
{
	if (fl->proto == FRAME_TCP)
		gate_tell(g, fl, fl->seq, FRAME_RST | FRAME_ACK);
}

size_t
gate_cut(struct gate *g)
{
	struct flows *t = &g->flows;
	size_t n = flow_count(t, FRAME_TCP);

	for (size_t i = 0; i < t->top; i++)
		if (t->v[i].proto)
			gate_reset(g, &t->v[i]);
	gate_alone(g);
	return n;
}

void
gate_alone(struct gate *g)
{
	for (size_t i = g->flows.top; i-- > 0;)
		if (g->flows.v[i].proto)
			gate_finish(g, &g->flows.v[i], 1);
}

static void
tick_flow(struct gate *g, struct flow *fl)
{
	if (fl->state == FLOW_CALLED && flow_idle(fl, g->now)) {
		gate_deny(g, fl, "no-proxy");
		return;
	}
	if (flow_idle(fl, g->now)) {
		gate_finish(g, fl, 1);
		return;
	}
	if (!g->crowded && fl->proto == FRAME_TCP &&
	    fl->state == FLOW_OPENING && !fl->inbound && fl->first &&
	    fl->next < fl->ndial && g->now - fl->dialled >= GATE_RETRY_MS)
		gate_dial(g, fl);
}

void
gate_tick(struct gate *g)
{
	unsigned long missed = deny_missed(&g->deny, g->now);
	char text[64];

	if (missed) {
		(void)snprintf(text, sizeof text, "left out %lu lines", missed);
		g->call.log(text, g->call.arg);
	}
	if (g->now - g->swept < 250)
		return;
	for (size_t i = g->flows.top; i-- > 0;)
		if (g->flows.v[i].proto)
			tick_flow(g, &g->flows.v[i]);
	g->swept = g->now;
}
