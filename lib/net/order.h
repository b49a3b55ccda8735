/* SPDX-License-Identifier: ISC */
/*
 * order: the files of a VM's firewall in the order in which they count: the
 * rule files as they are named, what is denied unasked, the trusted domains.
 */
#ifndef XRAY_ORDER_H
#define XRAY_ORDER_H

#include "clerk.h"

/* What the rules are called that deny unasked: they are in no file. */
#define ORDER_QUIET "defaults"

/* Rule files there may be. */
enum { ORDER_RULES = SOURCES_MAX - 2 };

/* Fill in s.  rules has n paths, each called by its last part in messages;
 * domains is the path of default-firewall-rules.conf, NULL for none; lists has
 * n folders.  The strings must live on.  -1 with why (EX_USAGE) when there are
 * too many. */
int order_fill(struct sources *s, char *const *rules, size_t nrules,
    const char *domains, char *const *lists, size_t nlists, struct why *why);
/* Whether source i is one of the defaults, which a VM may be without; and have
 * all of those off (1), or on. */
int order_is_default(const struct sources *s, size_t i);
void order_defaults(struct sources *s, int off);

/* Whether it is in a rule file of the VM's own. */
int order_own(const struct sources *s, const struct rule *r);

#endif
