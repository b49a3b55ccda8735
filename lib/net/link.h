/* SPDX-License-Identifier: ISC */
/*
 * link: frames over a stream socket, as QEMU's stream netdev has them: the
 * length in 4 bytes, big-endian, then the frame, both ways.
 *
 * Both buffers are bounded.  When QEMU does not read, frames to it are
 * dropped, as on any wire; TCP sends them again.
 */
#ifndef XRAY_LINK_H
#define XRAY_LINK_H

#include <stddef.h>
#include <stdint.h>

/* QEMU's own limit for a frame (NET_BUFSIZE), and the two buffers. */
enum { LINK_FRAME = 69632, LINK_IN = 256 << 10, LINK_OUT = 4 << 20 };

/* How often to try to connect: at first, and at last, in ms. */
enum { LINK_RETRY_MIN = 20, LINK_RETRY_MAX = 100 };
/* And for how long. */
enum { LINK_PATIENCE = 30000 };

/* Start with { .fd = -1 }. */
struct link {
	int fd; /* -1: nobody is there */
	long long alone; /* since when, ms */
	long long next_try;
	int retry;
	size_t at, end; /* what in holds and was not taken yet */
	size_t first, last; /* what out holds and was not sent yet */
	uint64_t dropped; /* frames */
	uint8_t in[LINK_IN], out[LINK_OUT];
};

/* Connect to unix socket path without waiting: a non-blocking descriptor, the
 * caller's, or -1 with errno. */
int link_dial(const char *path);
/* Nobody is there, from now (ms) on. */
void link_down(struct link *l, long long now);
/* If it is time for it, connect to the unix socket of that name in folder dir
 * without waiting: 1 when that was done, 0 until then, -1 with errno when it
 * was tried for long enough. */
int link_try(struct link *l, int dir, const char *name, long long now);
/* How many ms until the next try. */
int link_wait(const struct link *l, long long now);
/* Read once, as much as there is room for.  0, or -1 at the end. */
int link_fill(struct link *l);
/* The next whole frame, in the link's memory until link_fill: 1.  0 when there
 * is none; -1 when the length is none that QEMU sends. */
int link_next(struct link *l, uint8_t **p, size_t *n);
/* Put a frame into the buffer, or drop it. */
void link_put(struct link *l, const uint8_t *p, size_t n);
/* 1 when there is something to send. */
int link_pending(const struct link *l);
/* Send what can be sent now.  0, or -1 when the other side is gone. */
int link_flush(struct link *l);

#endif
