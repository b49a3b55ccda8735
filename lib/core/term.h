/* SPDX-License-Identifier: ISC */
/*
 * term: keys of a terminal, one by one, and a screen of our own.  However we
 * end but by SIGKILL, the terminal is put back.
 *
 * Signals come as a readable descriptor: SIGINT, SIGTERM, SIGHUP and SIGQUIT
 * say that it is over, SIGWINCH that the size changed; SIGTSTP stops us with
 * the terminal as it was, and SIGCONT is a changed size.
 */
#ifndef XRAY_TERM_H
#define XRAY_TERM_H

#include "mem.h"

/* Keys that are no character. */
enum { TERM_NONE = -1, TERM_END = -2, TERM_UP = 256, TERM_DOWN, TERM_ESCAPE };

/* Take the terminal that is standard input, and with screen standard output as
 * a whole; it is put back by term_close, and at exit(3).  -1 with errno when
 * it is none. */
int term_open(int screen);
void term_close(void);
/* Readable when a signal has come.  Then term_obey does what it says: 1 when
 * the size may have changed; it does not come back when it was one that ends
 * us. */
int term_fd(void);
int term_obey(void);
/* The next key that was typed, TERM_NONE: none, TERM_END: nobody is there. */
int term_key(void);
/* Forget what was typed. */
void term_forget(void);
void term_size(int *rows, int *cols);
/* Put a screen there: lines of printable ASCII, of which each is cut at its
 * right; those that are missing are blank.  One that begins with TERM_STRONG
 * stands out. */
#define TERM_STRONG '\1'
void term_draw(const struct strv *lines);
/* Add text as lines of at most cols. */
void term_fold(struct strv *out, const char *text, int cols);

#endif
