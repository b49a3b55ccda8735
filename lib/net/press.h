/* SPDX-License-Identifier: ISC */
/*
 * press: a question on a screen, and the keys that answer it.  A key that
 * allows counts when the question has been there for PRESS_MS, without a key
 * that did not count: what was typed for another one, or for something else, is
 * no answer.
 */
#ifndef XRAY_PRESS_H
#define XRAY_PRESS_H

#include "dialog.h"

enum { PRESS_MS = 1000 };

/* Start with { 0 }. */
struct press {
	char vm[DIALOG_VM];
	struct ask_to to;
	unsigned id; /* 0: about none */
	int done; /* it was answered here */
	int wide; /* for its domain */
	long long since; /* ms, that it is on the screen */
};

enum press_result {
	PRESS_NOTHING, /* no key of ours, or too early */
	PRESS_AGAIN, /* the keys mean something else now */
	PRESS_HELP,
	PRESS_DONE /* this is the answer */
};
extern const char press_help[];

/* d, or nothing, is on the screen from now on. */
void press_begin(struct press *p, const struct dialog *d, long long now);
int press_is_about(const struct press *p, const struct dialog *d);
/* There is one, and it has not been answered here. */
int press_open(const struct press *p);
enum press_result press_key(struct press *p, const struct dialog *d, int key,
    long long now, struct decree *out);

/* What is wanted, with how many wait at the right end of cols columns; the
 * keys, on two lines where one is too short. */
void press_want(const struct dialog *d, int cols, struct buf *out);
void press_keys(
    const struct press *p, const struct dialog *d, int cols, struct buf *out);
/* What line of xray-ask's refuses the answer, it can be given again. */
void press_refused(struct press *p, const char *line, long long now);
/* For a person: what line of xray-ask's tells about an answer; 0 when it tells
 * nothing. */
int press_result(const char *line, struct buf *out);

#endif
