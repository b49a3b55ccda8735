/* SPDX-License-Identifier: ISC */
#include "decide.h"

#include <stdio.h>
#include <string.h>

#include "rules_priv.h"

static const char *const modes[] = { "ask", "deny", "allow", "learn" };

const char *
mode_text(enum mode m)
{
	return modes[m];
}

int
mode_parse(const char *s)
{
	for (int i = 0; i < (int)LEN(modes); i++)
		if (strcmp(modes[i], s) == 0)
			return i;
	return -1;
}

static void
by_rule(struct decision *d, const struct rule *r)
{
	size_t n = strnlen(r->origin, 60);

	d->verdict = r->verdict;
	d->rule = r;
	/* by hand: there is one for each connection */
	memcpy(d->why, r->origin, n);
	d->why[n] = ':';
	(void)num_put(d->why + n + 1, r->line);
}

static void
by_mode(struct decision *d, enum mode m)
{
	static const uint8_t verdicts[] = { [MODE_ASK] = RULE_ASK,
		[MODE_DENY] = RULE_DENY,
		[MODE_ALLOW] = RULE_ALLOW,
		[MODE_LEARN] = RULE_ALLOW };

	d->verdict = verdicts[m];
	(void)snprintf(
	    d->why, sizeof d->why, "%s", m == MODE_LEARN ? "learn" : "mode");
}

/* What no rule says so: that the place is one that needs to be named. */
static void
by_place(struct decision *d, const char *why)
{
	d->verdict = RULE_DENY;
	d->rule = NULL;
	(void)snprintf(d->why, sizeof d->why, "%s", why);
}

/* A block that has public addresses too was not written with this one in
 * mind: 0.0.0.0/0 is the Internet. */
static int
names_block(const struct rule *r)
{
	return r && r->host == RULE_CIDR && cidr_special(&r->cidr);
}

static void
decide_host(const struct policy *p, const struct rule *r, struct decision *d)
{
	if (r)
		by_rule(d, r);
	else
		by_mode(d, p->mode);
	if (r || d->verdict != RULE_ALLOW)
		return;
	by_place(d, "host");
	(void)snprintf(d->hint, sizeof d->hint, "a rule for host");
}

void
decide(const struct policy *p, const struct target *to, struct decision *d)
{
	const struct rule *r = rules_match(p->rules, to);
	enum addr_kind kind = ADDR_PUBLIC;
	char text[ADDR_TEXT];

	memset(d, 0, sizeof *d);
	if (to->host) {
		decide_host(p, r, d);
		return;
	}
	if (!to->name)
		kind = addr_kind(&to->addr);
	if (r)
		by_rule(d, r);
	else
		by_mode(d, p->mode);
	if (kind == ADDR_PUBLIC || (r && r->verdict == RULE_DENY) ||
	    (names_block(r) && r->verdict == RULE_ALLOW))
		return;
	by_place(d, addr_kind_text(kind));
	addr_print(&to->addr, text);
	(void)snprintf(
	    d->hint, sizeof d->hint, "a rule that allows %s itself", text);
}

/* A block has room for an address of this machine's that nobody thought of:
 * `own` is one that has to be named itself. */
static int
has(const struct cidr *v, size_t n, const struct addr *a, int own)
{
	for (size_t i = 0; i < n; i++)
		if (cidr_has(&v[i], a) && (!own || v[i].bits == 128))
			return 1;
	return 0;
}

/* Whether the rule is about this very address. */
static int
names_addr(const struct rule *r, const struct addr *real, int own)
{
	if (!names_block(r) && !(r && r->host == RULE_CIDR && own))
		return 0;
	return has(&r->cidr, 1, real, own);
}

int
decide_at(const struct policy *p, const struct target *to,
    const struct addr *real, int own, struct decision *d)
{
	struct target at = { .proto = to->proto,
		.port = to->port,
		.addr = *real,
		.now = to->now };
	const struct rule *deny = to->name ? rules_denies(p->rules, &at) : NULL;
	enum addr_kind kind = addr_kind(real);
	char text[ADDR_TEXT];

	if (own && kind != ADDR_LOOPBACK)
		kind = ADDR_OWN;
	if (to->host || (d->rule && has(d->rule->to, d->rule->nto, real, 0)))
		return 1;
	if (!deny &&
	    (kind == ADDR_PUBLIC || names_addr(d->rule, real, own) ||
		has(p->private_ok, p->nprivate, real, kind == ADDR_OWN)))
		return 1;
	if (deny)
		by_rule(d, deny);
	else
		by_place(d, addr_kind_text(kind));
	addr_print(real, text);
	(void)snprintf(d->hint, sizeof d->hint,
	    deny ? "--to %s with the rule" :
		   "--to %s with the rule, or private_ok",
	    text);
	return 0;
}
