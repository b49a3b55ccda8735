/* SPDX-License-Identifier: ISC */
/* resolve_priv: what a resolver and its children say to each other. */
#ifndef XRAY_RESOLVE_PRIV_H
#define XRAY_RESOLVE_PRIV_H

#include <stdint.h>

#include "resolve.h"

/* Both go through pipes, and are short enough for one write(2) to be whole
 * there: POSIX promises that for 512 bytes. */
struct resolve_query {
	uint32_t number;
	char name[RULE_NAME_MAX];
};
struct resolve_answer {
	uint32_t number, n;
	struct {
		struct addr addr;
		uint8_t own;
	} v[RESOLVE_ADDRS];
};
_Static_assert(sizeof(struct resolve_query) <= 512, "one write");
_Static_assert(sizeof(struct resolve_answer) <= 512, "one write");

/* A child: read queries and write answers until there are no more: 0; 1 when
 * what came is no query. */
int resolve_serve(int queries, int answers);

#endif
