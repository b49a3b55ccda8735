/* SPDX-License-Identifier: ISC */
/* rule_priv: what the readers of rules, destinations and lists share. */
#ifndef XRAY_RULE_PRIV_H
#define XRAY_RULE_PRIV_H

#include <stddef.h>

#include "rule.h"

/* Some bytes of a line. */
struct word {
	const char *p;
	size_t n;
};

/* For "%.*s": a word that is not ours, cut. */
#define SHOWN(w) (int)((w)->n < 80 ? (w)->n : 80), (w)->p

/* The next of the words of [*at, end), which it leaves behind; 0 when there is
 * none. */
int word_next(struct word *w, const char **at, const char *end);
int word_is(const struct word *w, const char *text);

/* Read one part of a rule into *r, but the name to name (RULE_NAME_MAX
 * bytes): no memory is taken.  -1 with why (EX_DATAERR). */
int rule_read_proto(struct rule *r, const struct word *w, struct why *why);
int rule_read_host(
    struct rule *r, char *name, const struct word *w, struct why *why);
int rule_read_ports(struct rule *r, const struct word *w, struct why *why);
int rule_read_until(struct rule *r, const struct word *w, struct why *why);
/* As rule_parse, with the name as above and the note where it stands. */
int rule_read(struct rule *r, char *name, struct word *note, const char *line,
    size_t n, struct why *why);
/* As rule_dest, of a word. */
int rule_read_dest(struct rule *r, char *name, enum rule_verdict verdict,
    const struct word *dest, struct why *why);
/* Whether r's host has a name, which is then given a copy of it. */
void rule_keep_name(struct rule *r, const char *name);

void rule_print_ports(const struct rule_ports *p, struct buf *out);

#endif
