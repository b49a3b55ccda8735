/* SPDX-License-Identifier: ISC */
/* What two rules have in common. */
#include <string.h>

#include "rule.h"

int
rule_same(const struct rule *a, const struct rule *b)
{
	if (a->protos != b->protos || a->host != b->host ||
	    a->ports.n != b->ports.n)
		return 0;
	for (size_t i = 0; i < a->ports.n; i++)
		if (a->ports.v[i].lo != b->ports.v[i].lo ||
		    a->ports.v[i].hi != b->ports.v[i].hi)
			return 0;
	switch (a->host) {
	case RULE_CIDR:
		return a->cidr.bits == b->cidr.bits &&
		    memcmp(&a->cidr.addr, &b->cidr.addr, sizeof a->cidr.addr) ==
		    0;
	case RULE_NAME:
	case RULE_SUFFIX:
	case RULE_LIST:
		return strcmp(a->name, b->name) == 0;
	}
	return 1;
}

static int
ports_meet(const struct rule_ports *a, const struct rule_ports *b)
{
	if (!a->n || !b->n)
		return 1;
	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		if (a->v[i].hi < b->v[j].lo)
			i++;
		else if (b->v[j].hi < a->v[i].lo)
			j++;
		else
			return 1;
	}
	return 0;
}

/* ICMP has no ports: it is met only by who says nothing of them. */
static int
flows_meet(const struct rule *a, const struct rule *b)
{
	int both = a->protos & b->protos;

	if (both & RULE_ICMP && !a->ports.n && !b->ports.n)
		return 1;
	return both & (RULE_TCP | RULE_UDP) && ports_meet(&a->ports, &b->ports);
}

static int
names_meet(const struct rule *a, const struct rule *b)
{
	if (a->host == RULE_NAME && b->host == RULE_NAME)
		return strcmp(a->name, b->name) == 0;
	return (a->host == RULE_SUFFIX && name_under(b->name, a->name)) ||
	    (b->host == RULE_SUFFIX && name_under(a->name, b->name));
}

static int
hosts_meet(const struct rule *a, const struct rule *b)
{
	if (a->host == RULE_HOST || b->host == RULE_HOST)
		return a->host == b->host;
	if (a->host == RULE_ANY || b->host == RULE_ANY ||
	    a->host == RULE_LIST || b->host == RULE_LIST)
		return 1;
	if (a->host != RULE_CIDR && b->host != RULE_CIDR)
		return names_meet(a, b);
	/* Blocks are apart, or one is in the other. */
	return a->host == b->host &&
	    (a->cidr.bits < b->cidr.bits ? cidr_has(&a->cidr, &b->cidr.addr) :
					   cidr_has(&b->cidr, &a->cidr.addr));
}

int
rule_meets(const struct rule *a, const struct rule *b)
{
	return flows_meet(a, b) && hosts_meet(a, b);
}
