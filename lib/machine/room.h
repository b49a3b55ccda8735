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
/*
 * 0 when `need` more bytes leave min_free (config.ini, 1G by default) on the
 * file system of directory dir (-1: that of the VMs), else -1 with why
 * (EX_TEMPFAIL; EX_CONFIG when min_free is no size).  who is named first.
 */
int room_check(const struct home *h, int dir, uint64_t need, const char *who,
    struct why *why);

#endif
