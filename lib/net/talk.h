/* SPDX-License-Identifier: ISC */
/*
 * talk: connections on which lines go both ways, for a poll(2) loop: those
 * that come to a unix socket, and those that are handed in.
 *
 * Nothing blocks and nothing grows without end: who sends a line longer than
 * TALK_LINE, who does not read what he is told, who comes and says nothing for
 * TALK_MS, and who is another user, is let go.
 */
#ifndef XRAY_TALK_H
#define XRAY_TALK_H

#include <poll.h>
#include <stddef.h>

#include "mem.h"

enum { TALK_LINE = 1024, TALK_OUT = 65536, TALK_MS = 10000 };

struct talker;

/* Start with TALK_INIT, and fill in most, line, gone and arg. */
struct talk {
	int fd; /* listens; -1: nobody comes */
	size_t most; /* at once; more wait in the backlog */
	/* Who said a line, without its end. */
	void (*line)(size_t who, char *line, void *arg);
	/* Who is gone; not called for whom talk_drop let go. */
	void (*gone)(size_t who, void *arg);
	void *arg;
	struct talker *v; /* `most` of them, once there is one */
};
#define TALK_INIT        \
	{                \
		.fd = -1 \
	}

/* Listen at dir/name, 0600; the caller removes it.  0 or -1 with errno. */
int talk_open(struct talk *t, int dir, const char *name);
/* fd is a connection from now on, of which it is known who it is.  Who, or -1
 * when there are too many; fd is closed then. */
long talk_add(struct talk *t, int fd);
/* Let go of who. */
void talk_drop(struct talk *t, size_t who);
/* Who has ended: hear what he has said, as far as it goes, and let go of him;
 * gone is called. */
void talk_end(struct talk *t, size_t who);
/* Say a line to who, without its end; nothing when he is gone. */
void talk_say(struct talk *t, size_t who, const char *fmt, ...) PRINTF(3, 4);

/* Fill in what to wait for, 1 + most entries, some with fd -1. */
void talk_poll(const struct talk *t, struct pollfd *p);
/* Go on with what poll found; now in ms.  line and gone are called. */
void talk_serve(struct talk *t, const struct pollfd *p, long long now);
/* How many ms until somebody is let go; -1: nobody is. */
int talk_wait(const struct talk *t, long long now);
/* The sooner of two such waits. */
int talk_sooner(int a, int b);

#endif
