/* SPDX-License-Identifier: ISC */
/*
 * rulein: rules as they are handed in, the lines of a file of rules or the
 * table that `fw list` prints into a pipe.
 */
#ifndef XRAY_RULEIN_H
#define XRAY_RULEIN_H

#include <stddef.h>

#include "rule.h"

/* Of the rules for good, and of those that end with the session. */
enum { RULEIN_KEPT, RULEIN_SESSION, RULEIN_KINDS };

struct rulein {
	struct {
		struct rule *v;
		size_t n;
	} of[RULEIN_KINDS];
};

/*
 * Read a text.  Lines are rules for good.  Of a table only the rows of a VM's
 * own count, those whose origin is rules or rules.session; its first line
 * names the columns, without it they are those that fw list has unasked.
 * -1 with why (EX_DATAERR): "NAME:3: ...".
 */
int rulein_read(struct rulein *in, const char *name, const char *text, size_t n,
    struct why *why);
/* Add one, whose memory it takes over. */
void rulein_add(struct rulein *in, int kind, const struct rule *r);
void rulein_free(struct rulein *in);

#endif
