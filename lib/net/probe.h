/* SPDX-License-Identifier: ISC */
/* probe: what becomes of all that a destination stands for. */
#ifndef XRAY_PROBE_H
#define XRAY_PROBE_H

#include "decide.h"

/* Called for each run of ports that have the same fate; port is the first. */
typedef void probe_fn(
    uint8_t proto, uint16_t port, const struct decision *d, void *arg);

/*
 * Decide on every protocol and port of dest; of a suffix on that name itself,
 * of a block on its first address, of all on a name that nobody has.  -1 with
 * why (EX_USAGE) for a list.  The strictest verdict is in *worst: deny, else
 * ask, else allow.
 */
int probe(const struct policy *p, const struct rule *dest, long long now,
    probe_fn *fn, void *arg, enum rule_verdict *worst, struct why *why);

/* Why it is so, for people; the caller's. */
char *probe_reason(const struct policy *p, const struct decision *d);

#endif
