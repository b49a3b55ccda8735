/* SPDX-License-Identifier: ISC */
/*
 * clerk: a child process that handles the files of a gateway, which itself
 * may open none: it looks every half second whether a rule file changed and
 * hands over all of them, open, and it writes down names.  The first time it
 * does so unasked.
 *
 * A file that holds rules is a plain one, ours or root's, and others cannot
 * write to it; links to such are followed.
 *
 * sources is the list of those files in the order of the rules, for
 * whoever wants the rules of a VM.
 */
#ifndef XRAY_CLERK_H
#define XRAY_CLERK_H

#include <stddef.h>
#include <stdint.h>

#include "names.h"
#include "rules.h"

enum { SOURCES_MAX = 8, CLERK_LOOK_MS = 500 };

/* Start with { 0 }.  Paths are the caller's, relative to the working
 * directory.  A file that is not there is empty. */
struct sources {
	struct {
		const char *path; /* NULL: text */
		const char *text; /* rules of the program's own */
		const char *origin; /* its name in messages and logs */
		enum rules_form form;
		int off; /* 1: not now */
	} v[SOURCES_MAX];
	size_t n;
	const char *lists[4]; /* folders with lists, first wins; NULL: end */
};

/* Read all of it: the rules, or NULL with why ("rules:3: ..."; a list that
 * is in no folder, EX_NOINPUT). */
struct rules *sources_load(const struct sources *s, struct why *why);

struct clerk;

/* Start the child, which keeps names, when not NULL, in that file; it ends
 * when the clerk does, or its process.  NULL with why.  What s points to stays
 * the caller's.  clerk_free kills and waits for it: who may not do so exits
 * without.  SIGPIPE is to be ignored. */
struct clerk *clerk_start(
    const struct sources *s, const char *names, struct why *why);
void clerk_free(struct clerk *c);
/* To be polled for POLLIN; -1 when the child has ended. */
int clerk_fd(const struct clerk *c);
/* Have addr's name written down; when the clerk is too busy it is lost. */
void clerk_name(struct clerk *c, uint32_t addr, const char *name);
/* Source i is off (1) or on (0) from now on: an answer follows. */
void clerk_switch(struct clerk *c, size_t i, int off);
/* Look now: an answer follows, whether something changed or not. */
void clerk_look(struct clerk *c);
/* What came: 1 *rules, the caller's; -1 with why, the old ones stay (EX_OSERR:
 * the child has ended, nothing comes any more); 0 nothing yet. */
int clerk_next(struct clerk *c, struct rules **rules, struct why *why);
/* Whether what it said last was found after all that clerk_switch and
 * clerk_look asked for; 1 when the child has ended. */
int clerk_is_current(const struct clerk *c);

#endif
