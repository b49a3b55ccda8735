/* SPDX-License-Identifier: ISC */
#include "probe.h"

#include <string.h>

#include "say.h"
#include "show.h"

struct run {
	probe_fn *fn;
	void *arg;
	struct decision last;
	int begun; /* last is of this protocol */
	enum rule_verdict worst;
};

static int
alike(const struct decision *a, const struct decision *b)
{
	return a->verdict == b->verdict && a->rule == b->rule &&
	    strcmp(a->why, b->why) == 0;
}

static enum rule_verdict
stricter(enum rule_verdict a, enum rule_verdict b)
{
	static const int rank[] = {
		[RULE_ALLOW] = 0, [RULE_ASK] = 1, [RULE_DENY] = 2
	};

	return rank[a] > rank[b] ? a : b;
}

static void
one(const struct policy *p, const struct target *to, struct run *r)
{
	struct decision d;

	decide(p, to, &d);
	if (r->begun && alike(&d, &r->last))
		return;
	r->last = d;
	r->begun = 1;
	r->worst = stricter(r->worst, (enum rule_verdict)d.verdict);
	r->fn(to->proto, to->port, &d, r->arg);
}

static void
ports(const struct policy *p, struct target *to, const struct rule_ports *in,
    struct run *r)
{
	static const struct rule_ports every = { 1, { { 1, 65535 } } };
	const struct rule_ports *all = in->n ? in : &every;

	for (size_t i = 0; i < all->n; i++)
		for (unsigned k = all->v[i].lo; k <= all->v[i].hi; k++) {
			to->port = (uint16_t)k;
			one(p, to, r);
		}
}

int
probe(const struct policy *p, const struct rule *dest, long long now,
    probe_fn *fn, void *arg, enum rule_verdict *worst, struct why *why)
{
	static const uint8_t protos[] = { RULE_TCP, RULE_UDP, RULE_ICMP };
	struct run r = { .fn = fn, .arg = arg, .worst = RULE_ALLOW };
	struct target to = { .now = now };

	if (dest->host == RULE_LIST)
		return why_set(why, EX_USAGE,
		    "@%s: a list; one of its destinations can be looked at",
		    dest->name);
	to.name = dest->host == RULE_ANY ? "any.invalid" :
	    dest->host == RULE_CIDR	 ? NULL :
					   dest->name;
	to.addr = dest->cidr.addr;
	to.host = dest->host == RULE_HOST;
	for (size_t i = 0; i < LEN(protos); i++) {
		to.proto = protos[i];
		to.port = 0;
		r.begun = 0;
		if (!(dest->protos & protos[i]))
			continue;
		if (protos[i] != RULE_ICMP)
			ports(p, &to, &dest->ports, &r);
		else if (!dest->ports.n)
			one(p, &to, &r);
	}
	*worst = r.worst;
	return 0;
}

char *
probe_reason(const struct policy *p, const struct decision *d)
{
	autofree char *origin = NULL;
	struct buf b = { 0 };

	if (d->rule) {
		origin = show_origin(d->rule);
		buf_fmt(&b, "%s: ", origin);
		rule_print(d->rule, &b);
	} else if (strcmp(d->why, "mode") == 0 || strcmp(d->why, "learn") == 0)
		buf_fmt(&b, "mode %s: no rule names it", mode_text(p->mode));
	else
		buf_fmt(&b, "%s: it takes %s", d->why,
		    *d->hint ? d->hint : "another destination");
	return buf_take(&b);
}
