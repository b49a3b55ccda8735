/* SPDX-License-Identifier: ISC */
/*
 * tty: one serial console, many who look at it and type.  What the guest
 * prints goes to every client as it comes; what a client sends goes to the
 * guest.  A new client first gets the last screenful as plain text.
 *
 * No event loop is in here: `watch` is readable when tty_turn has something to
 * do, and nothing blocks.  A client that does not read loses bytes, and is
 * told; it cannot hold up the guest or the others.
 */
#ifndef XRAY_TTY_H
#define XRAY_TTY_H

#include "mem.h"

enum { TTY_CLIENTS = 16, TTY_PAST = 8192, TTY_LINES = 24, TTY_QUEUE = 1 << 18 };

struct tty {
	int watch; /* for an event loop */
	int listener, guest; /* -1: none */
	int over; /* the guest was there, and is no more */
	struct buf past, typed;
	struct tty_client {
		int open, fd;
		int ended; /* it sends no more */
		struct buf out;
		size_t lost;
	} client[TTY_CLIENTS];
};

/* Listen on the unix socket dir/name.  0 or -1 with errno. */
int tty_open(struct tty *t, int dir, const char *name);
/* What clients send goes to fd from now on, of which a copy is made; what was
 * sent before has waited.  0 or -1 with errno. */
int tty_guest(struct tty *t, int fd);
/* The guest printed n bytes. */
void tty_put(struct tty *t, const char *p, size_t n);
void tty_turn(struct tty *t);
/* The guest is gone: clients get what is left and their end. */
void tty_close(struct tty *t);

/* Add the last TTY_LINES lines of n bytes of a terminal's stream as text:
 * without escape sequences, which might ask the terminal to answer. */
void tty_text(struct buf *out, const char *p, size_t n);

#endif
