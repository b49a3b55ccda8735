/* SPDX-License-Identifier: ISC */
/* carry, inside: rules on their way in. */
#ifndef XRAY_CARRY_PRIV_H
#define XRAY_CARRY_PRIV_H

#include "carry.h"
#include "json.h"

/* A rule in words, each the caller's; NULL: all. */
struct carried {
	const char *action, *proto, *host, *ports, *note;
};

/* Lines in the order in which they count: the lesser rank first, then the
 * lesser text, then as they came. */
struct carry_lines {
	struct carry_line {
		char *text, *name;
		int rank;
		size_t nr;
	} * v;
	size_t n;
};

/* Put c together as a line, and add it; one that is no rule is left out. */
void carry_add(struct carry_lines *l, const struct carried *c, int rank,
    const char *name, carry_left *left);

/* A string of object v at key, the caller's; NULL when it is none. */
char *carry_str(const struct json *doc, int v, const char *key);

int carry_opensnitch(const struct json *doc, struct carry_lines *l,
    carry_left *left, struct why *why);
int carry_lsrules(const struct json *doc, struct carry_lines *l,
    carry_left *left, struct why *why);

#endif
