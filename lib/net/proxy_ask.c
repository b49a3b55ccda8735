/* SPDX-License-Identifier: ISC */
/* What is asked for, and the answer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "claim.h"
#include "lan.h"
#include "names.h"
#include "netlog.h"
#include "proxy_priv.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

/* Read at once of who has no answer yet: what comes behind a request is kept,
 * and the rest stays with the system. */
enum { HEARD = 1024 };

void
hop_log(const struct hop *h, enum rule_verdict v, const char *why, int ended)
{
	static const struct addr none;
	autobuf struct buf b = { 0 };
	struct netlog l;

	if (!deny_line(&h->proxy->deny, h->proxy->now))
		return;
	l = (struct netlog){ .verdict = (uint8_t)v,
		.proto = RULE_TCP,
		.port = h->port,
		.ended = ended,
		.out = h->relay.way[CLIENT].n,
		.in = h->relay.way[REMOTE].n };
	(void)snprintf(l.why, sizeof l.why, "%s", why);
	if (h->name)
		(void)snprintf(l.name, sizeof l.name, "%s", h->name);
	if (memcmp(&h->addr, &none, sizeof none) != 0)
		addr_print(&h->addr, l.address);
	netlog_print(&l, &b);
	h->proxy->log(b.p, h->proxy->arg);
}

void
hop_look(struct relay_way *w, const uint8_t *p, size_t n)
{
	struct relay *r = (struct relay *)(void *)((char *)(w - CLIENT) -
	    offsetof(struct relay, way));
	struct hop *h = (struct hop *)(void *)r; /* it is its first member */
	autobuf struct buf line = { 0 };

	if (claim_line(
		p, n, h->name ? h->name : "", &h->addr, h->port, &line) &&
	    deny_line(&h->proxy->deny, h->proxy->now))
		h->proxy->log(line.p, h->proxy->arg);
}

void
hop_target(const struct hop *h, struct target *to)
{
	*to = (struct target){ .proto = RULE_TCP,
		.port = h->port,
		.name = h->host ? NULL : h->name,
		.addr = h->addr,
		.host = h->host,
		.now = h->proxy->wall };
}

/* ---- no ---- */

static void
tell(struct hop *h, const uint8_t *p, size_t n)
{
	/* a new socket has room for it; if not, the client sees an end */
	(void)send(h->relay.end[CLIENT].fd, p, n, MSG_NOSIGNAL);
}

void
hop_drain(struct hop *h)
{
	char lost[16384];
	ssize_t n;

	while ((n = recv(h->relay.end[CLIENT].fd, lost, sizeof lost, 0)) > 0)
		if ((size_t)n < sizeof lost)
			break;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		hop_end(h, 0);
}

/* Bytes of the client's that nobody reads would make a reset of the end, which
 * may overtake the answer. */
static void
linger(struct hop *h)
{
	(void)shutdown(h->relay.end[CLIENT].fd, SHUT_WR); /* or it is gone */
	hop_put(h, HOP_REFUSED);
	if (h->relay.end[CLIENT].is & EDGE_END)
		hop_drain(h);
}

void
hop_refuse(struct hop *h, enum socks_code code)
{
	uint8_t reply[SOCKS_REPLY];

	socks_reply(reply, code);
	tell(h, reply, sizeof reply);
	linger(h);
}

void
hop_deny(struct hop *h, const char *why, enum socks_code code)
{
	h->proxy->denied++;
	hop_log(h, RULE_DENY, why, 0);
	hop_refuse(h, code);
}

/* ---- the verdict ---- */

/* What is to be looked up: its name, or its address, which may be one of this
 * machine's own; text has ADDR_TEXT bytes. */
static const char *
question(const struct hop *h, char *text)
{
	if (h->name)
		return h->name;
	addr_print(&h->addr, text);
	return text;
}

static void
allow(struct hop *h, const char *why)
{
	memcpy(h->why, why, strlen(why) + 1); /* both are WHY_TEXT */
	h->proxy->allowed++;
	h->addr = h->hello->dial[0];
	hop_log(h, RULE_ALLOW, why, 0);
	hop_dial(h);
}

/* It was allowed by d, and this is where it leads. */
static void
go_on(struct hop *h, const struct target *to, const struct decision *d,
    const struct resolved *r)
{
	struct decision first = *d; /* of the refusals */
	struct hello *o = h->hello;

	for (size_t i = 0; i < r->n; i++) {
		struct decision at = *d;

		if (decide_at(
			&h->proxy->policy, to, &r->v[i].addr, r->v[i].own, &at))
			o->dial[o->ndial++] = r->v[i].addr;
		else if (first.verdict == RULE_ALLOW)
			first = at;
	}
	if (o->ndial)
		allow(h, d->why);
	else if (r->n)
		hop_deny(h, first.why, SOCKS_DENIED);
	else
		hop_deny(h, "no-address", SOCKS_NO_HOST);
}

/* A miss is a person's, when there is one.  Who ends his side while he waits
 * may have gone away, which nothing else would tell. */
static void
ask_person(struct hop *h, const struct target *to, struct decision *d)
{
	struct proxy *p = h->proxy;

	if (d->verdict != RULE_ASK)
		return;
	d->verdict = p->ask ? p->ask(to, d->why, p->arg) : RULE_DENY;
	if (d->verdict != RULE_ASK)
		return;
	if (h->relay.end[CLIENT].is & (EDGE_END | EDGE_BROKEN))
		hop_deny(h, "gone", SOCKS_DENIED);
	else if (h->state != HOP_WAITS)
		hop_put(h, HOP_WAITS);
}

static void
ask(struct hop *h)
{
	struct proxy *p = h->proxy;
	const struct resolved *known;
	char text[ADDR_TEXT];
	const char *what = question(h, text);
	struct target to;
	struct decision d;

	hop_target(h, &to);
	decide(&p->policy, &to, &d);
	ask_person(h, &to, &d);
	if (d.verdict == RULE_ASK)
		return;
	if (d.verdict != RULE_ALLOW) {
		hop_deny(h, d.why, SOCKS_DENIED);
		return;
	}
	if (to.host) {
		h->hello->dial[0] = addr_v4(0x7f000001);
		h->hello->ndial = 1;
		allow(h, d.why);
		return;
	}
	known = resolver_kept(p->resolver, what, p->now);
	if (known)
		go_on(h, &to, &d, known);
	else if (resolver_ask(p->resolver, what, p->now) < 0)
		hop_deny(h, "busy", SOCKS_FAILED);
	else
		hop_put(h, HOP_ASKED);
}

void
proxy_resolved(struct proxy *p, const struct resolved *r)
{
	struct hop *h = p->in[HOP_ASKED].first, *next;

	for (; h; h = next) {
		char text[ADDR_TEXT];
		struct target to;
		struct decision d;

		next = h->next;
		if (strcmp(question(h, text), r->name) != 0)
			continue;
		/* the rules may have changed meanwhile */
		hop_target(h, &to);
		decide(&p->policy, &to, &d);
		ask_person(h, &to, &d);
		if (d.verdict == RULE_ALLOW)
			go_on(h, &to, &d, r);
		else if (d.verdict == RULE_DENY)
			hop_deny(h, d.why, SOCKS_DENIED);
	}
}

void
proxy_answered(struct proxy *p)
{
	struct hop *h = p->in[HOP_WAITS].first, *next;

	for (; h; h = next) {
		next = h->next;
		ask(h);
	}
}

/* ---- the request ---- */

/* Who writes an address as a name means the address.  -1: it is neither. */
static int
take_name(struct hop *h, const struct socks *s)
{
	char name[RULE_NAME_MAX];

	if (s->nname < ADDR_TEXT && !memchr(s->name, '\0', s->nname)) {
		memcpy(name, s->name, s->nname);
		name[s->nname] = '\0';
		if (addr_parse(&h->addr, name) == 0)
			return 0;
	}
	if (name_canon(name, s->name, s->nname) < 0)
		return -1;
	h->name = xstrdup(name);
	h->host = strcmp(name, PROXY_HOST_NAME) == 0;
	return 0;
}

/* An address of a guest's may stand for this machine, or for a name.  1: it is
 * asked which. */
static int
ask_who(struct hop *h)
{
	struct proxy *p = h->proxy;
	uint32_t v4 = addr_is_v4(&h->addr) ? addr_to_v4(&h->addr) : 0;

	if (v4 == LAN_HOST) {
		h->name = xstrdup(PROXY_HOST_NAME);
		h->host = 1;
	}
	if (!names_has(v4))
		return 0;
	hop_put(h, HOP_NAMED);
	if (p->who(v4, p->arg) < 0)
		hop_deny(h, "unknown", SOCKS_NO_HOST);
	return 1;
}

static void
take_request(struct hop *h)
{
	const struct socks *s = &h->hello->socks;

	h->port = s->port;
	if (!s->name)
		h->addr = s->addr;
	else if (take_name(h, s) < 0) {
		hop_deny(h, "name", SOCKS_NO_HOST);
		return;
	}
	if (h->name || !h->proxy->who || !ask_who(h))
		ask(h);
}

void
proxy_named(struct proxy *p, uint32_t addr, const char *name)
{
	struct hop *h = p->in[HOP_NAMED].first, *next;

	for (; h; h = next) {
		next = h->next;
		if (addr_to_v4(&h->addr) != addr)
			continue;
		if (!name) {
			hop_deny(h, "unknown", SOCKS_NO_HOST);
			continue;
		}
		h->name = xstrdup(name);
		h->host = strcmp(name, PROXY_HOST_NAME) == 0;
		h->addr = (struct addr){ 0 };
		ask(h);
	}
}

void
hop_hear(struct hop *h)
{
	struct relay_end *e = &h->relay.end[CLIENT];
	struct socks *s = &h->hello->socks;
	enum socks_said said = SOCKS_MORE;
	uint8_t p[HEARD];
	ssize_t n = recv(e->fd, p, sizeof p, 0);
	size_t at = 0, used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hop_end(h, 0);
		return;
	}
	if ((size_t)n < sizeof p &&
	    !(e->is & (EDGE_END | EDGE_URGENT | EDGE_BROKEN)))
		e->can &= ~EDGE_IN;
	while (at < (size_t)n && said != SOCKS_ASKS && said != SOCKS_ENDS) {
		said = socks_feed(s, p + at, (size_t)n - at, &used);
		at += used;
		if (s->nout)
			tell(h, s->out, s->nout);
	}
	if (at < (size_t)n && said == SOCKS_ASKS)
		relay_early(&h->relay, CLIENT, p + at, (size_t)n - at);
	if (said == SOCKS_ASKS)
		take_request(h);
	else if (said == SOCKS_ENDS)
		linger(h);
}
