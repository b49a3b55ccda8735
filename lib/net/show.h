/* SPDX-License-Identifier: ISC */
/* show: rules as people and tables have them.  Text is the caller's. */
#ifndef XRAY_SHOW_H
#define XRAY_SHOW_H

#include "rule.h"

/* "allow", ..., and back, -1: none. */
const char *show_verdict(int verdict);
int show_parse_verdict(const char *word);

/* A destination, without what rule_dest fills in again. */
char *show_dest(const struct rule *r);
/* Where it is kept: "rules:3"; "defaults" for what is in no file. */
char *show_origin(const struct rule *r);

/* The word of a line of a file of rules: verdict, proto, host, ports. */
enum { SHOW_VERDICT, SHOW_PROTO, SHOW_HOST, SHOW_PORTS };
char *show_word(const struct rule *r, int n);
/* Its to= and its end, RFC 3339; NULL: none. */
char *show_to(const struct rule *r);
char *show_until(const struct rule *r);

/* A number with commas: 1,000,000. */
char *show_count(size_t n);

#endif
