/* SPDX-License-Identifier: ISC */
/*
 * usher: the programs that put questions before a person.  They are started
 * when there is a question, and each is then one with whom a talk goes on, on
 * its standard input and output, in the lines of xray-ask(1): it says `front`
 * when somebody is there, and ends when nobody is.
 *
 *	not there -> coming -> here -> going -> not there
 *	                 \-------------/
 */
#ifndef XRAY_USHER_H
#define XRAY_USHER_H

#include <sys/types.h>

#include "talk.h"

enum { USHER_MOST = 4 };

/* Start with { 0 } and fill in talk, gone, failed and arg. */
struct usher {
	struct talk *talk;
	/* That one of talk's is let go; talk does not say so itself. */
	void (*gone)(size_t who, void *arg);
	/* A program does not start. */
	void (*failed)(const char *text, void *arg);
	void *arg;
	struct {
		char *path; /* NULL: free */
		int chosen;
		pid_t pid; /* 0: not there */
		long who; /* of talk; -1: it is going */
		long long since; /* ms: started, then let go */
		long long started;
		int here; /* it has said front */
		int again; /* to be started when it has gone */
	} v[USHER_MOST];
};

/*
 * Choose programs by the word of the key ask, from the folder share/ask; what
 * is not chosen any more is let go.  -1 with why, and nothing is chosen: a
 * program that others could change (EX_NOPERM), or none (EX_NOINPUT).
 */
int usher_choose(
    struct usher *u, const char *share, const char *ask, struct why *why);
/* Start those that are not there, but for those that were a moment ago. */
void usher_call(struct usher *u, long long now);
/* 1 while one that was started has yet to say whether somebody is there. */
int usher_expects(const struct usher *u, long long now);
/* who has said front, is gone; nothing when he is none of ours. */
void usher_here(struct usher *u, size_t who);
void usher_lost(struct usher *u, size_t who, long long now);
/* Let all go: they read the end of their input. */
void usher_rest(struct usher *u, long long now);
/* We end: so do they, within a second. */
void usher_end(struct usher *u, long long now);
/* Go on: bury those that have ended, end those that do not. */
void usher_serve(struct usher *u, long long now);
/* How many ms until usher_serve has something to do; -1: nothing. */
int usher_wait(const struct usher *u, long long now);

#endif
