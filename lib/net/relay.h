/* SPDX-License-Identifier: ISC */
/*
 * relay: bytes between two stream sockets, both ways, as they come.
 *
 * What one side ends is ended for the other, and the other way goes on; what
 * breaks is broken for the other too.  No more is read than the other side
 * takes.  Where the system can, much at once is moved without being copied,
 * through pipes that are there only while bytes are in them: a connection that
 * rests has its two descriptors and a struct relay, and nothing else.
 *
 * Sockets are not to block; SIGPIPE is to be ignored.
 */
#ifndef XRAY_RELAY_H
#define XRAY_RELAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "edges.h"

struct relay_pipe;

/* Start with { 0 } and fd; side is 0 for end[0], 1 for end[1].  What is told
 * of a socket is told of its end. */
struct relay_end {
	int fd; /* -1: none */
	uint8_t side;
	uint8_t can; /* EDGE_IN, EDGE_OUT: is worth a try */
	uint8_t is; /* EDGE_END, _BROKEN, _URGENT, _CLOSED: was so once */
};

struct relay {
	struct relay_end end[2];
	struct relay_way { /* from end[i] to the other */
		uint64_t n; /* bytes that the other has taken */
		uint8_t *rest; /* those that it has not, or they are in */
		struct relay_pipe *pipe;
		uint32_t at, held; /* where they begin, how many they are */
		uint32_t burst; /* since the pipe was taken */
		/* Is told of the first bytes of this way, once, before they
		 * are passed on; NULL: nobody is. */
		void (*look)(struct relay_way *w, const uint8_t *p, size_t n);
		uint8_t state;
		uint8_t bulk; /* much comes at once */
	} way[2];
};

/* So much one way in one turn: others wait. */
enum { RELAY_TURN = 1 << 20 };

enum relay_said {
	RELAY_WAITS, /* for what will be told */
	RELAY_MORE, /* its turn is over, but it could go on */
	RELAY_DONE, /* both sides have ended, or one has and is closed */
	RELAY_BROKEN /* one is gone: the other is to be reset */
};

/* What was told of an end. */
void relay_told(struct relay_end *e, int is);
/* The n bytes at p came from end[side] before; once, before relay_run. */
void relay_early(struct relay *r, int side, const uint8_t *p, size_t n);
/* Move what can be moved. */
enum relay_said relay_run(struct relay *r);
/* Close both (-1 is none), by a reset each when reset is set; free all. */
void relay_close(struct relay *r, int reset);

/* Close fd so that its peer sees a reset. */
void relay_reset(int fd);

#endif
