/* SPDX-License-Identifier: ISC */
/*
 * With dns = real a name of which a rule allows something is looked up when
 * the guest asks for it, and the guest is told where it leads.  A flow to such
 * an address is known by the names that were told to be there: weaker, since
 * others are there too.  All other names are told as ever, so that they are
 * denied by name and never leave this machine.
 */
#include <string.h>

#include "gate_priv.h"
#include "probe.h"

struct real {
	struct {
		struct frame f; /* its ends alone */
		struct dns_query q;
		long long until; /* ms; 0: free */
	} asked[GATE_QUESTIONS];
	struct {
		uint32_t addr;
		long long until; /* s; 0: free */
		char name[RULE_NAME_MAX];
	} told[GATE_TOLD];
	size_t next; /* of told, to be overwritten */
};

static void
note(uint8_t proto, uint16_t port, const struct decision *d, void *arg)
{
	(void)proto;
	(void)port;
	if (d->verdict == RULE_ALLOW)
		*(int *)arg = 1;
}

/* Whether something of it is allowed. */
static int
is_wanted(const struct gate *g, const char *name)
{
	struct rule dest = { .protos = RULE_ALL,
		.host = RULE_NAME,
		.name = (char *)(uintptr_t)name };
	enum rule_verdict worst;
	int wanted = 0;

	return probe(&g->policy, &dest, g->wall, note, &wanted, &worst, NULL) ==
	    0 &&
	    wanted;
}

int
gate_real_ask(struct gate *g, const struct frame *f, const struct dns_query *q)
{
	size_t i = 0;

	if (strcmp(q->name, GATE_HOST_NAME) == 0 || !is_wanted(g, q->name))
		return 0;
	if (!g->real)
		g->real = xcalloc(1, sizeof *g->real);
	while (i < GATE_QUESTIONS && g->real->asked[i].until > g->now)
		i++;
	if (i == GATE_QUESTIONS || g->call.resolve(q->name, g->call.arg) < 0) {
		gate_answer(g, f, q, DNS_SERVFAIL, NULL, 0, 0);
		return 1;
	}
	g->real->asked[i].f = *f;
	g->real->asked[i].q = *q;
	g->real->asked[i].until = g->now + RESOLVE_MS;
	return 1;
}

static void
tell(struct real *t, uint32_t addr, const char *name, long long until)
{
	size_t i = 0;

	while (i < GATE_TOLD &&
	    (t->told[i].addr != addr || strcmp(t->told[i].name, name) != 0))
		i++;
	if (i == GATE_TOLD) {
		i = t->next;
		t->next = (t->next + 1) % GATE_TOLD;
	}
	t->told[i].addr = addr;
	t->told[i].until = until;
	memcpy(t->told[i].name, name, strlen(name) + 1);
}

void
gate_real_resolved(struct gate *g, const struct resolved *r)
{
	uint32_t addrs[RESOLVE_ADDRS];
	size_t n = 0;

	if (!g->real)
		return;
	for (size_t i = 0; i < r->n; i++)
		if (addr_is_v4(&r->v[i].addr))
			addrs[n++] = addr_to_v4(&r->v[i].addr);
	for (size_t i = 0; i < GATE_QUESTIONS; i++) {
		if (g->real->asked[i].until <= g->now ||
		    strcmp(g->real->asked[i].q.name, r->name) != 0)
			continue;
		g->real->asked[i].until = 0;
		for (size_t k = 0; k < n; k++)
			tell(g->real, addrs[k], r->name, g->wall + GATE_TOLD_S);
		gate_answer(g, &g->real->asked[i].f, &g->real->asked[i].q,
		    n ? DNS_ADDRESS : DNS_NXDOMAIN, addrs, n, GATE_TOLD_TTL);
	}
}

/* Of several names at one address the first that is allowed. */
uint32_t
gate_real_label(struct gate *g, const struct flow *fl)
{
	struct target to = {
		.proto = gate_proto(fl), .port = fl->port, .now = g->wall
	};
	uint32_t any = 0;
	struct decision d;

	for (size_t i = 0; g->real && i < GATE_TOLD; i++) {
		if (g->real->told[i].addr != fl->peer ||
		    g->real->told[i].until <= g->wall)
			continue;
		to.name = g->real->told[i].name;
		decide(&g->policy, &to, &d);
		if (!any || d.verdict == RULE_ALLOW)
			any = gate_address(g, to.name);
		if (d.verdict == RULE_ALLOW)
			break;
	}
	return any;
}
