/* SPDX-License-Identifier: ISC */
/* conf_priv: what conf.c and conf_edit.c share. */
#ifndef XRAY_CONF_PRIV_H
#define XRAY_CONF_PRIV_H

#include "conf.h"

/* Strings of the conf's store; items of one section share its name. */
struct item {
	const char *section, *key, *value;
	int line;
};

struct conf {
	char *name;
	struct buf text;
	char *store; /* as large as the text: a line's strings need no more */
	size_t stored;
	struct item *items;
	size_t n, cap;
};

/* Read c's text into its items; -1 with why. */
int conf_parse(struct conf *c, struct why *why);
/* The nth item with that key; NULL behind the last. */
const struct item *conf_find(
    const struct conf *c, const char *section, const char *key, size_t nth);
/* As isspace(3) in the C locale. */
int conf_blank(char c);
/* Whether n bytes can be a key, or a value that libinih hands over as it
 * stands. */
int conf_key_ok(const char *key, size_t n);
int conf_value_ok(const char *v, size_t n);

#endif
