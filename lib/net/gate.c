/* SPDX-License-Identifier: ISC */
/* Frames of the guest's. */
#include "gate.h"

#include <string.h>

#include "gate_priv.h"

void
gate_init(struct gate *g)
{
	g->fd = -1;
}

/* Whether a name is to keep its address when others must go: a rule that is
 * not for everybody allows it. */
static int
keep(const char *name, void *arg)
{
	static const uint16_t ports[] = { 443, 80, 22 };
	const struct gate *g = arg;
	struct target to = { .proto = RULE_TCP, .name = name, .now = g->wall };

	for (size_t i = 0; i < LEN(ports); i++) {
		const struct rule *r;

		to.port = ports[i];
		r = rules_match(g->policy.rules, &to);
		if (r && r->verdict == RULE_ALLOW && r->host != RULE_ANY)
			return 1;
	}
	return 0;
}

uint32_t
gate_address(struct gate *g, const char *name)
{
	uint32_t addr;
	int fresh = 0;

	if (strcmp(name, GATE_HOST_NAME) == 0)
		return LAN_HOST;
	addr = names_get(g->names, name, &fresh, keep, g);
	if (addr && fresh)
		g->call.named(addr, name, g->call.arg);
	return addr;
}

void
gate_answer(struct gate *g, const struct frame *f, const struct dns_query *q,
    enum dns_code code, const uint32_t *addrs, size_t n, uint32_t ttl)
{
	struct frame_ends back = { f->dst, f->src, f->dport, f->sport };
	uint8_t text[DNS_MAX], out[FRAME_UDP_HEAD + DNS_MAX];

	g->call.guest(out,
	    frame_datagram(out, g->mac, lan_gateway, &back, text,
		dns_answer(text, q, code, addrs, n, ttl)),
	    g->call.arg);
}

/* A question to whatever name server: it is answered from there. */
static void
answer(struct gate *g, const struct frame *f)
{
	struct dns_query q;
	uint32_t addr = 0;
	enum dns_code code;

	if (dns_parse(&q, f->data, f->ndata) < 0)
		return;
	code = q.code;
	if (code == DNS_ADDRESS && g->dns_real && gate_real_ask(g, f, &q))
		return;
	if (code == DNS_ADDRESS && !(addr = gate_address(g, q.name)))
		code = DNS_SERVFAIL;
	gate_answer(g, f, &q, code, &addr, code == DNS_ADDRESS, DNS_TTL);
}

/* As the stack is to see it. */
static void
pass(struct gate *g, const struct flow *fl, struct frame *f)
{
	struct frame_ends e = gate_stack_ends(fl);

	g->out += f->n;
	gate_claim(g, fl, f);
	if (!fl->inbound) {
		frame_readdress(f, g->frame, &e);
		frame_launder(g->frame);
	}
	g->call.stack(g->frame, f->n, -1, g->call.arg);
}

static int
is_syn(const struct frame *f)
{
	return (f->flags & (FRAME_SYN | FRAME_ACK)) == FRAME_SYN;
}

/*
 * A segment of a flow that is there.  A bare SYN on one from outside would be
 * a simultaneous open: the stack, if it had forgotten the flow, would dial out
 * for it.  On one of the guest's it is the first frame again; with another
 * number it comes from a guest that has forgotten the flow, for which the proxy
 * may be on its way already.
 */
static void
from_known_tcp(struct gate *g, struct flow *fl, struct frame *f)
{
	struct frame key = *f;
	int last;

	if (is_syn(f)) {
		if (fl->inbound ||
		    (fl->state != FLOW_LIVE && f->seq + 1 == fl->ack)) {
			gate_socks_again(g, fl);
			return;
		}
		if (fl->state == FLOW_CALLED &&
		    flow_keep(fl, g->frame, f->n) == 0) {
			fl->ack = f->seq + 1;
			return;
		}
		gate_finish(g, fl, 1);
		gate_begin(g, f);
		return;
	}
	if (flow_waits(fl)) {
		if (f->flags & FRAME_RST)
			gate_end(g, fl);
		return;
	}
	last = flow_from_guest(fl, f, g->now);
	pass(g, fl, f);
	/* the stack may have ended it by its answer */
	if (last && (fl = flow_of_guest(&g->flows, &key)))
		gate_finish(g, fl, f->flags & FRAME_RST);
}

static void
from_tcp(struct gate *g, struct frame *f)
{
	struct flow *fl;

	if (f->flags & FRAME_URG)
		frame_strip_urgent(f, g->frame);
	fl = flow_of_guest(&g->flows, f);
	if (fl)
		from_known_tcp(g, fl, f);
	else if (is_syn(f))
		gate_begin(g, f);
	else if (!(f->flags & FRAME_RST))
		gate_refuse(g, f);
}

/* UDP and echoes. */
static void
from_other(struct gate *g, struct frame *f)
{
	struct flow *fl = flow_of_guest(&g->flows, f);

	if (!fl)
		gate_begin(g, f);
	else if (!flow_waits(fl)) { /* one waits, more are lost */
		(void)flow_from_guest(fl, f, g->now); /* ends nothing */
		pass(g, fl, f);
	}
}

/* Of who is in the guest's network, the stack does not know the proxy. */
static int
is_about_proxy(const struct gate *g, const struct frame *f)
{
	return f->type == FRAME_ARP && f->op == 1 && f->dst == LAN_PROXY &&
	    g->net == GATE_FILTERED && g->call.socks;
}

static void
tell_proxy(struct gate *g)
{
	uint8_t out[FRAME_FORGED];

	g->call.guest(out,
	    frame_arp_reply(out, lan_gateway, LAN_PROXY, g->mac, LAN_LEASE),
	    g->call.arg);
}

void
gate_from_guest(struct gate *g, const uint8_t *p, size_t n)
{
	struct frame f;

	if (n > sizeof g->frame)
		return;
	memcpy(g->frame, p, n);
	if (frame_parse(&f, g->frame, n) < 0 || !lan_is_honest(&f, g->mac))
		return;
	if (is_about_proxy(g, &f))
		tell_proxy(g);
	else if (f.type == FRAME_ARP || lan_is_dhcp(&f) ||
	    (f.proto == FRAME_ICMP && f.dst == LAN_HOST)) {
		g->out += f.n;
		g->call.stack(g->frame, f.n, -1, g->call.arg);
	} else if (f.proto == FRAME_TCP)
		from_tcp(g, &f);
	else if (f.proto == FRAME_UDP && f.dport == DNS_PORT &&
	    g->net == GATE_FILTERED && !flow_of_guest(&g->flows, &f))
		answer(g, &f);
	else
		from_other(g, &f);
}

void
gate_introduce(struct gate *g)
{
	static const uint32_t who[] = { LAN_LEASE, LAN_INNER, LAN_CALLED };
	uint8_t out[FRAME_FORGED];

	for (size_t i = 0; i < LEN(who); i++)
		g->call.stack(out,
		    frame_arp_reply(out, g->mac, who[i], lan_gateway, LAN_HOST),
		    -1, g->call.arg);
}

void
gate_status(const struct gate *g, struct buf *out)
{
	buf_fmt(out, "net=%s", g->net == GATE_OPEN ? "open" : "filtered");
	if (g->net == GATE_FILTERED)
		buf_fmt(out, " mode=%s", mode_text(g->policy.mode));
	buf_fmt(out, " flows=%zu in=%llu out=%llu allowed=%llu denied=%llu",
	    g->flows.n, (unsigned long long)g->in, (unsigned long long)g->out,
	    (unsigned long long)(g->allowed + g->proxy_allowed),
	    (unsigned long long)(g->denied + g->proxy_denied));
}
