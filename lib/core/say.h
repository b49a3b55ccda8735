/* SPDX-License-Identifier: ISC */
/*
 * say: exit codes, messages and the end of standard output.
 *
 * Standard output carries data, standard error carries messages for people:
 * one line each, "xray-foo: thing: what is wrong", control bytes masked, and
 * one write(2) a line.  Of the library only say, opt and table may print or
 * exit.
 */
#ifndef XRAY_SAY_H
#define XRAY_SAY_H

#include "mem.h"

/* Exit codes, as in xray(7).  The names are those of sysexits(3) where the
 * meaning is the same. */
enum {
	EX_OK = 0,
	EX_NO = 1, /* a question's no */
	EX_USAGE = 64, /* called wrongly */
	EX_DATAERR = 65, /* bad data in a file or on standard input */
	EX_NOINPUT = 66, /* no such VM, base, snapshot, file */
	EX_UNAVAILABLE = 69, /* needs something that is not there */
	EX_SOFTWARE = 70, /* our bug */
	EX_OSERR = 71, /* the system's failure */
	EX_CANTCREAT = 73, /* exists already */
	EX_IOERR = 74, /* read or write failed */
	EX_TEMPFAIL = 75, /* busy, locked, timed out */
	EX_PROTOCOL = 76, /* a peer answered with an error or nonsense */
	EX_NOPERM = 77, /* refused */
	EX_CONFIG = 78, /* configuration says something impossible */
	EX_TRIGGER = 80, /* a pre-ssh trigger refused */
	EX_CANTEXEC = 126, /* program found, could not be run */
	EX_NOTFOUND = 127 /* program not found */
};

/* Set by the common options -q, -v and --color of opt.h. */
extern int say_quiet, say_verbose;
enum say_color { COLOR_UNSAID, COLOR_AUTO, COLOR_YES, COLOR_NO };
extern enum say_color say_color;
/* What the word (yes always no never auto) says; COLOR_UNSAID: none of them. */
enum say_color say_color_word(const char *word);
/* What counts without --color, and behind NO_COLOR; NULL: auto. */
void say_color_default(const char *word);

/* The name at the head of every message, "xray" until it is set; the string
 * must live on. */
void say_name(const char *name);
const char *say_get_name(void);

/* Print a message and exit with code.  die_sys appends strerror(errno). */
_Noreturn void die(int code, const char *fmt, ...) PRINTF(2, 3);
_Noreturn void die_sys(int code, const char *fmt, ...) PRINTF(2, 3);
_Noreturn void die_why(const struct why *why);
/* Die by signal sig, which was caught, as who did not catch it would. */
_Noreturn void die_signal(int sig);

/* Print a message and go on.  A note is not printed under -q. */
void warn(const char *fmt, ...) PRINTF(1, 2);
void warn_why(const struct why *why);
void note(const char *fmt, ...) PRINTF(1, 2);
/* A note without the program's name, for lines that belong to a result. */
void hint(const char *fmt, ...) PRINTF(1, 2);

/* One line on a terminal's standard error, rewritten by the next call and
 * cleared by progress_end(); nothing elsewhere and under -q. */
void progress(const char *fmt, ...) PRINTF(1, 2);
void progress_end(void);
/* The same with a text, for those who take a function to tell. */
void progress_text(const char *text);
/* 1 when standard error is a terminal and -q was not given. */
int say_chatty(void);

/* Print to standard output; say_result prints nothing under -q. */
void say(const char *fmt, ...) PRINTF(1, 2);
void say_result(const char *fmt, ...) PRINTF(1, 2);
/*
 * Append s with control bytes masked: C0, DEL, and C1 in its UTF-8 form (C2
 * 80..9F).  Other UTF-8 may stand, since paths and labels may hold it.
 */
void say_mask(struct buf *b, const char *s);
/* Print it so to standard output. */
void say_masked(const char *s);
/* Show what a guest printed on standard output: lines stay lines, all other
 * bytes that are not printable ASCII are masked.  Nobody there is fine. */
void say_guest(const char *p, size_t n);
/* Flush standard output, which stays open; dies with EX_IOERR if anything that
 * was said did not get there.  Returns 0: `return say_done();`. */
int say_done(void);

/*
 * Ask "question [y/N]: " on the terminal: 1 for yes, 0 for no.  With yes not
 * 0 nothing is asked.  Without a terminal dies with EX_USAGE and names the
 * option that answers.
 */
int confirm(int yes, const char *fmt, ...) PRINTF(2, 3);

/*
 * Ask for a line on the terminal, "question [instead]: ".  The caller's text,
 * `instead` when the line is empty; NULL when there is no terminal on both
 * standard input and error, or under -q: nobody is asked.
 */
char *ask_line(const char *instead, const char *fmt, ...) PRINTF(2, 3);

/* 1 when text for descriptor fd may be coloured: --color, NO_COLOR, TERM. */
int say_colored(int fd);

#endif
