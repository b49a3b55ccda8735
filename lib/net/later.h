/* SPDX-License-Identifier: ISC */
/*
 * later: frames for the network stack that are to wait: until it is out of
 * its callbacks, or until one of its sockets has sent all it has.
 */
#ifndef XRAY_LATER_H
#define XRAY_LATER_H

#include <stddef.h>
#include <stdint.h>

#include "fds.h"
#include "flow.h"

enum { LATER_FRAME = 128 }; /* what is forged, or a SYN with all options */

/* Start with { 0 }. */
struct later {
	struct {
		int fd; /* -1: none to wait for */
		int asked; /* it was there when sockets were asked */
		size_t n;
		uint8_t p[LATER_FRAME];
	} v[FLOW_MAX];
	size_t n;
	unsigned char busy[FDS_MAX];
};

/* Keep n bytes (at most LATER_FRAME) for when fd is through, -1: at once.
 * Without room they are lost: the stack has timers of its own. */
void later_add(struct later *l, int fd, const uint8_t *p, size_t n);
/* Sockets are asked now: all are through of which later_busy does not say
 * that they still have something to send. */
void later_ask(struct later *l);
void later_busy(struct later *l, int fd);
/* fd is closed: what waits for it has no more use. */
void later_gone(struct later *l, int fd);
/* Take out a frame whose time has come, into p.  Its length, 0: none. */
size_t later_take(struct later *l, uint8_t *p);

#endif
