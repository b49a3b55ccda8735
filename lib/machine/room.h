/* SPDX-License-Identifier: ISC */
/* room: how much is free where the VMs are kept. */
#ifndef XRAY_ROOM_H
#define XRAY_ROOM_H

#include <stdint.h>

#include "home.h"

struct room {
	uint64_t free, all; /* bytes that are ours to use; of the file system */
	uint64_t least; /* min_free */
	char *mount; /* where it is mounted, it owns */
};

/* Look; 0 or -1 with why. */
int room_look(struct home *h, struct room *r, struct why *why);
void room_free(struct room *r);
/* 0 when min_free is free, else -1 with why (EX_TEMPFAIL), what at its head. */
int room_check(struct home *h, const char *what, struct why *why);

#endif
