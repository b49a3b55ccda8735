/* SPDX-License-Identifier: ISC */
/*
 * carry: rules from and to other firewalls: OpenSnitch's, of which each rule
 * is a JSON object, and Little Snitch's .lsrules, a JSON object with all.
 *
 * What the other side cannot say as it was meant is left out and told, never
 * made wider.
 */
#ifndef XRAY_CARRY_H
#define XRAY_CARRY_H

#include <stddef.h>

#include "mem.h"
#include "rule.h"

enum carry_form { CARRY_OPENSNITCH, CARRY_LSRULES };

/* Called for each rule that is left out: its name or line, and why. */
typedef void carry_left(const char *what, const char *why);

/* The form of that name, -1: none. */
int carry_form(const char *name);

/* Add n rules, in their order, as text of that form; name is what it is called
 * there.  OpenSnitch's are the elements of an array. */
void carry_out(enum carry_form form, const char *name,
    const struct rule *const *v, size_t n, struct buf *out, carry_left *left);

/* Add to out the lines of a file of rules that mean the same as n bytes of that
 * form, in the order in which they count.  OpenSnitch's may be one object, or
 * an array.  -1 with why (EX_DATAERR) for what is not of that form. */
int carry_in(enum carry_form form, const char *text, size_t n, struct buf *out,
    carry_left *left, struct why *why);

#endif
