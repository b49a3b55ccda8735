/* SPDX-License-Identifier: ISC */
/*
 * porter: the proxy of a guest's, as its gateway has it: it has connected to
 * the control socket and said "socks".  A line each:
 *
 *	come			call at the stack once more
 *	reload, mode MODE, defaults on|off
 *				as on the control socket: "ok LINE" when it is
 *				so, or "error WHY"
 *	who ADDRESS		what does that stand for?  "name ADDRESS NAME",
 *				"-" for nothing; the proxy asks
 *	did ALLOWED DENIED	so many so far; the proxy tells
 *
 * While none is there a bell is rung, whose hearer is to start one.
 */
#ifndef XRAY_PORTER_H
#define XRAY_PORTER_H

#include <stddef.h>
#include <stdint.h>

#include "mem.h"

enum { PORTER_LINE = 256, PORTER_MS = 1000 };

/* Start with PORTER_INIT, and fill in named and arg. */
struct porter {
	int fd; /* the proxy's, -1: it is not there */
	int bell; /* a descriptor that gets a newline, -1: none */
	/* What an address stands for; NULL: for nothing. */
	const char *(*named)(const char *addr, void *arg);
	void *arg;
	uint64_t allowed, denied; /* by it, and by those before it */
	uint64_t past_allowed, past_denied;
	char in[PORTER_LINE];
	size_t n;
};
#define PORTER_INIT                  \
	{                            \
		.fd = -1, .bell = -1 \
	}

/* It is at fd from now on; an earlier one is let go. */
void porter_attach(struct porter *p, int fd);
/* Have it come, or be started.  -1 when neither can be. */
int porter_call(struct porter *p);
/* Tell it a line: 1; 0 when it is not there. */
int porter_tell(struct porter *p, const char *line);
/* Until it has answered that line, or PORTER_MS: 0, or -1 with why. */
int porter_await(struct porter *p, const char *line, struct why *why);
/* Something came: 1 when it is gone. */
int porter_serve(struct porter *p);

#endif
