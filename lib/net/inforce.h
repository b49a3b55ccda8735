/* SPDX-License-Identifier: ISC */
/* inforce: the rules of files, read as the gateway of a VM would, to be looked
 * at. */
#ifndef XRAY_INFORCE_H
#define XRAY_INFORCE_H

#include "clerk.h"
#include "decide.h"

enum { INFORCE_BLOCKS = 64 };

/* Where they are, and what the keys say; see order.h. */
struct inforce_from {
	char *const *files;
	size_t nfiles;
	const char *domains; /* NULL: none */
	char *const *lists;
	size_t nlists;
	int no_defaults;
	const char *mode;
	char *const *blocks; /* private_ok */
	size_t nblocks;
};

struct inforce {
	struct sources sources;
	struct rules *rules;
	struct cidr blocks[INFORCE_BLOCKS];
	struct policy policy; /* points into this: it may not be moved */
};

/* Read all of it; what from points to must live on.  name is whose they are in
 * messages.  -1 with why. */
int inforce_load(struct inforce *f, const char *name,
    const struct inforce_from *from, struct why *why);

#endif
