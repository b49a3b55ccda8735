/* SPDX-License-Identifier: ISC */
/* How flows begin. */
#include <stdio.h>
#include <string.h>

#include "gate_priv.h"

enum { LOOPBACK = FRAME_ADDR(127, 0, 0, 1) };

void
gate_deny(struct gate *g, struct flow *fl, const char *why)
{
	g->denied++;
	gate_log(g, fl, RULE_DENY, why, 0);
	gate_refuse_first(g, fl);
}

/* What fl is about, for the rules; -1 for an address, or a port, that nobody
 * has. */
static int
target(const struct gate *g, const struct flow *fl, struct target *to)
{
	*to = (struct target){ .proto = gate_proto(fl),
		.port = fl->port,
		.addr = addr_v4(fl->peer),
		.now = g->wall };
	if (!fl->port && fl->proto != FRAME_ICMP)
		return -1;
	if (fl->label) {
		to->name = names_at(g->names, fl->label);
		return to->name ? 0 : -1;
	}
	if (names_has(fl->peer))
		return -1;
	to->host = fl->peer == LAN_HOST;
	return to->host || fl->peer >> 8 != LAN_HOST >> 8 ? 0 : -1;
}

void
gate_dial(struct gate *g, struct flow *fl)
{
	uint8_t p[FLOW_FIRST];
	struct frame_ends e;
	struct frame f;

	if (fl->next == fl->ndial) {
		gate_log(g, fl, RULE_ALLOW, fl->why, 1);
		gate_refuse_first(g, fl);
		return;
	}
	/* The stack cannot be told while it connects: should one that was
	 * tried before answer yet, it finds its slot empty. */
	flow_move(&g->flows, fl);
	fl->real = fl->dial[fl->next++];
	fl->state = FLOW_OPENING;
	fl->dialled = g->now;
	memcpy(p, fl->first, fl->nfirst);
	if (frame_parse(&f, p, fl->nfirst) < 0)
		return; /* it was parsed when it came */
	fl->out = 0;
	(void)flow_from_guest(fl, &f, g->now);
	e = gate_stack_ends(fl);
	frame_readdress(&f, p, &e);
	frame_launder(p);
	g->out += f.n;
	if (fl->proto != FRAME_TCP)
		flow_forget(fl);
	g->call.stack(p, f.n, -1, g->call.arg);
}

/* It is allowed, and this is where it goes. */
static void
allow(struct gate *g, struct flow *fl, const char *why)
{
	(void)snprintf(fl->why, sizeof fl->why, "%s", why);
	g->allowed++;
	fl->real = fl->dial[0];
	gate_log(g, fl, RULE_ALLOW, why, 0);
	gate_dial(g, fl);
}

static void
allow_at(struct gate *g, struct flow *fl, const char *why, uint32_t addr)
{
	fl->dial[0] = addr;
	fl->ndial = 1;
	allow(g, fl, why);
}

/* Open: all but this machine and what else of our network nobody has. */
static void
begin_open(struct gate *g, struct flow *fl)
{
	if (fl->peer >> 8 == LAN_HOST >> 8 && fl->peer != LAN_HOST &&
	    fl->peer != LAN_DNS)
		gate_deny(g, fl, "unknown");
	else
		allow_at(g, fl, "open", fl->peer);
}

/* What is to be looked up for fl: its name, or its address, which may be one
 * of this machine's own; text has ADDR_TEXT bytes. */
static const char *
question(const struct flow *fl, const struct target *to, char *text)
{
	if (to->name && fl->label == fl->peer)
		return to->name;
	addr_print(&to->addr, text);
	return text;
}

/* A miss is a person's, when there is one and he can be waited for: datagrams
 * cannot.  What he said, RULE_ASK: nothing yet. */
static void
ask(struct gate *g, const struct flow *fl, const struct target *to,
    struct decision *d)
{
	if (d->verdict != RULE_ASK)
		return;
	d->verdict = RULE_DENY;
	if (fl->proto == FRAME_TCP && g->call.ask)
		d->verdict = g->call.ask(to, d->why, g->call.arg);
}

static void
begin_filtered(struct gate *g, struct flow *fl)
{
	char text[ADDR_TEXT];
	struct target to;
	struct decision d;

	if (fl->peer == LAN_PROXY && fl->port == LAN_SOCKS &&
	    fl->proto == FRAME_TCP) {
		gate_socks_begin(g, fl);
		return;
	}
	if (target(g, fl, &to) < 0) {
		gate_deny(g, fl, "unknown");
		return;
	}
	decide(&g->policy, &to, &d);
	ask(g, fl, &to, &d);
	fl->state = d.verdict == RULE_ASK ? FLOW_ASKED : FLOW_HELD;
	if (d.verdict == RULE_ASK)
		return;
	if (d.verdict != RULE_ALLOW) {
		gate_deny(g, fl, d.why);
		return;
	}
	if (to.host) {
		allow_at(g, fl, d.why, LOOPBACK);
		return;
	}
	if (g->call.resolve(question(fl, &to, text), g->call.arg) < 0)
		gate_deny(g, fl, "busy");
}

static uint32_t
label(struct gate *g, const struct flow *fl)
{
	if (names_has(fl->peer))
		return names_at(g->names, fl->peer) ? fl->peer : 0;
	return g->dns_real ? gate_real_label(g, fl) : 0;
}

void
gate_begin(struct gate *g, const struct frame *f)
{
	struct flow full = { .proto = f->proto,
		.peer = f->dst,
		.port = f->dport,
		.guest = f->sport };
	struct flow *fl = g->crowded ? NULL : flow_add(&g->flows, f, g->now);

	if (fl && (fl->label = label(g, fl)))
		names_hold(g->names, fl->label, 1);
	if (!fl || flow_keep(fl, g->frame, f->n) < 0) {
		if (fl)
			gate_drop(g, fl);
		g->denied++;
		gate_log(g, &full, RULE_DENY, "full", 0);
		gate_refuse(g, f);
		return;
	}
	fl->ack = f->seq + 1; /* by which its retransmission is known */
	if (g->net == GATE_OPEN)
		begin_open(g, fl);
	else
		begin_filtered(g, fl);
}

/* Whether fl may be dialled at a, d being what its name was allowed by; d says
 * why not.  Addresses of the guest's own network are the stack's: it would take
 * most of them to this machine. */
static int
may_dial(const struct gate *g, const struct target *to, const struct addr *a,
    int own, struct decision *d)
{
	if (addr_to_v4(a) >> 8 != LAN_HOST >> 8)
		return decide_at(&g->policy, to, a, own, d);
	*d = (struct decision){ .verdict = RULE_DENY, .why = "own" };
	return 0;
}

/* The rules may have changed meanwhile. */
static void
go_on(struct gate *g, struct flow *fl, const struct target *to,
    const struct resolved *r)
{
	struct decision d, first; /* of the refusals */

	decide(&g->policy, to, &d);
	ask(g, fl, to, &d);
	if (d.verdict == RULE_ASK) {
		fl->state = FLOW_ASKED;
		return;
	}
	if (d.verdict != RULE_ALLOW) {
		gate_deny(g, fl, d.why);
		return;
	}
	first = d;
	for (size_t i = 0; i < r->n && fl->ndial < FLOW_DIALS; i++) {
		struct decision at = d;

		if (!addr_is_v4(&r->v[i].addr))
			continue;
		if (may_dial(g, to, &r->v[i].addr, r->v[i].own, &at))
			fl->dial[fl->ndial++] = addr_to_v4(&r->v[i].addr);
		else if (first.verdict == RULE_ALLOW)
			first = at;
	}
	if (!fl->ndial)
		gate_deny(g, fl, r->n ? first.why : "no-address");
	else if (g->crowded)
		gate_deny(g, fl, "full");
	else
		allow(g, fl, d.why);
}

void
gate_resolved(struct gate *g, const struct resolved *r)
{
	struct flows *t = &g->flows;
	char text[ADDR_TEXT];
	struct target to;

	gate_real_resolved(g, r);
	for (size_t i = 0; i < t->top; i++) {
		struct flow *fl = &t->v[i];

		if (fl->proto && fl->state == FLOW_HELD && !fl->inbound &&
		    target(g, fl, &to) == 0 && !to.host &&
		    strcmp(question(fl, &to, text), r->name) == 0)
			go_on(g, fl, &to, r);
	}
}

void
gate_answered(struct gate *g)
{
	struct flows *t = &g->flows;

	for (size_t i = 0; i < t->top; i++)
		if (t->v[i].proto && t->v[i].state == FLOW_ASKED)
			begin_filtered(g, &t->v[i]);
}

/* Whether a flow that was allowed is denied now, by a rule, at that address. */
static int
turned(const struct gate *g, const struct flow *fl, uint32_t at)
{
	struct addr real = addr_v4(at);
	struct decision d;
	struct target to;

	if (target(g, fl, &to) < 0)
		return 0;
	decide(&g->policy, &to, &d);
	if (d.verdict == RULE_DENY)
		return d.rule != NULL;
	return d.verdict == RULE_ALLOW && !to.host &&
	    !decide_at(&g->policy, &to, &real, 0, &d) && d.rule &&
	    d.rule->verdict == RULE_DENY;
}

/* Of the addresses that fl would try next those stay that are not denied. */
static void
recheck_next(const struct gate *g, struct flow *fl)
{
	uint8_t n = fl->next;

	for (size_t i = fl->next; i < fl->ndial; i++)
		if (!turned(g, fl, fl->dial[i]))
			fl->dial[n++] = fl->dial[i];
	fl->ndial = n;
}

size_t
gate_recheck(struct gate *g)
{
	struct flows *t = &g->flows;
	size_t n = 0;

	for (size_t i = 0; g->net == GATE_FILTERED && i < t->top; i++) {
		struct flow *fl = &t->v[i];

		if (!fl->proto || fl->inbound || flow_waits(fl))
			continue;
		recheck_next(g, fl);
		if (!turned(g, fl, fl->real))
			continue;
		gate_reset(g, fl);
		gate_finish(g, fl, 1);
		n++;
	}
	return n;
}
