/* SPDX-License-Identifier: ISC */
/* registry: share/commands, the names of all commands and their aliases. */
#ifndef XRAY_REGISTRY_H
#define XRAY_REGISTRY_H

#include "mem.h"

/* A command, its class and its line; or an alias, "=" and the words it stands
 * for. */
struct entry {
	const char *name, *class, *text;
};
/* Begin with { 0 }. */
struct registry {
	struct entry *v;
	size_t n;
	struct buf file;
};

/* -1 with why (EX_UNAVAILABLE) when the installation is not whole. */
int registry_read(struct registry *r, struct why *why);
/* Take r->file for it, which is the registry's from then on. */
void registry_parse(struct registry *r);
void registry_free(struct registry *r);
/* The command of that name, with alias not 0 the alias; NULL: none. */
const struct entry *registry_find(
    const struct registry *r, const char *name, int alias);

#endif
