/* SPDX-License-Identifier: ISC */
/*
 * rules: the rules of one VM, of several files in order, compiled.  The first
 * that matches wins.  100,000 names load in 60 ms and match in 1 us.
 *
 * The text of a list (@NAME) has a destination on each line, as rule_dest
 * reads it for a deny, and # comments; and, as blocklists have them, a line
 * "0.0.0.0 example.com" stands for the name.
 */
#ifndef XRAY_RULES_H
#define XRAY_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "rule.h"

/* What a file holds: rules, or a trusted domain on each line (that name and
 * all under it, at least two labels), which is an allow of 80,443/tcp. */
enum rules_form { RULES_LINES, RULES_DOMAINS };

/* Of a file, and lines in all files together. */
enum { RULES_TEXT_MAX = 64 << 20, RULES_MAX = 2000000 };

struct rules;

struct rules *rules_new(void);
void rules_free(struct rules *t);
/*
 * Add the rules of a file behind what is there.  origin is kept, copied.
 * -1 with why (EX_DATAERR): "rules:3: ..."; nothing of it is added then.
 */
int rules_add(struct rules *t, const char *origin, enum rules_form form,
    const char *text, size_t n, struct why *why);
/* The list that a rule names and nobody has added yet; NULL: none. */
const char *rules_wants(const struct rules *t);
/* Add the text of a list; origin as "lists/ads".  -1 with why. */
int rules_add_list(struct rules *t, const char *name, const char *origin,
    const char *text, size_t n, struct why *why);
/* How many a list has, 0 when it was not added. */
size_t rules_list_size(const struct rules *t, const char *name);

/* A connection that is to be made: to a name, or to an address, or to this
 * machine itself. */
struct target {
	uint8_t proto; /* RULE_TCP, RULE_UDP or RULE_ICMP */
	uint16_t port; /* of icmp: 0 */
	const char *name; /* as name_canon writes it; NULL: addr */
	struct addr addr;
	int host; /* 1: this machine, `host`; neither name nor addr */
	long long now; /* s since 1970, for until= */
};

/* The first rule that matches, NULL when none does.  A rule about addresses
 * matches no name, one about names no address; `*` and lists match both, but
 * not this machine, which only `host` matches.  It is
 * rules_next that goes on behind rule r, or begins when r is NULL. */
const struct rule *rules_match(const struct rules *t, const struct target *to);
const struct rule *rules_next(
    const struct rules *t, const struct target *to, const struct rule *r);
/* All rules in their order: the i-th, NULL behind the last. */
const struct rule *rules_nth(const struct rules *t, size_t i);

#endif
