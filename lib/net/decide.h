/* SPDX-License-Identifier: ISC */
/*
 * decide: what becomes of a connection, by the rules, the mode, and what its
 * name turns out to lead to.
 */
#ifndef XRAY_DECIDE_H
#define XRAY_DECIDE_H

#include <stddef.h>

#include "rules.h"

enum mode { MODE_ASK, MODE_DENY, MODE_ALLOW, MODE_LEARN };

struct policy {
	const struct rules *rules;
	enum mode mode; /* what becomes of a miss */
	const struct cidr *private_ok; /* where any name may lead */
	size_t nprivate;
};

/* Why: "rules:3", "mode", "learn" when that is the mode, "private" (see
 * addr_kind_text), "own". */
enum { WHY_TEXT = 80 };

struct decision {
	uint8_t verdict; /* enum rule_verdict */
	const struct rule *rule; /* that said so, NULL: none did */
	char why[WHY_TEXT]; /* one word, for the log */
	char hint[WHY_TEXT]; /* what would mend a refusal, or "" */
};

/* "ask", ... and back; -1 for other text. */
const char *mode_text(enum mode m);
int mode_parse(const char *s);

/*
 * Decide on to, before anything is asked of anybody.  Addresses that are not
 * ADDR_PUBLIC are denied unless a rule that names a block of such, or this
 * machine, allows them (0.0.0.0/0 names none); such a denial is not a miss,
 * and never becomes a question.
 */
void decide(
    const struct policy *p, const struct target *to, struct decision *d);
/*
 * to was allowed by d; its name leads to real, and own says that this machine
 * has that address.  1 when it may be dialled; 0 with d as it is now: the
 * address is not public, and neither the rule's to= nor private_ok has it (not
 * in a block, when it is this machine's), or a rule denies the address.
 */
int decide_at(const struct policy *p, const struct target *to,
    const struct addr *real, int own, struct decision *d);

#endif
