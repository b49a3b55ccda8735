/* SPDX-License-Identifier: ISC */
/*
 * run: other programs, by argument vector, never by a shell's text.
 *
 * argv[0] with a slash is a path, else it is looked for in PATH.  A program
 * that cannot be run is an error of run_spawn itself: the child's errno comes
 * back over a close-on-exec pipe.
 */
#ifndef XRAY_RUN_H
#define XRAY_RUN_H

#include <sys/types.h>

#include "mem.h"

/* Descriptors and place of a child.  Each of in, out, err is a descriptor to
 * be its 0, 1, 2, or RUN_NULL (/dev/null) or RUN_KEEP (ours).  dir is its
 * working directory, -1: ours.  keep lists descriptors it inherits at their
 * numbers (they may be close-on-exec here). */
enum { RUN_KEEP = -1, RUN_NULL = -2 };
/* Bounds on a program that reads what strangers made: bytes of address space,
 * seconds of processor time; and no core file. */
struct run_limits {
	unsigned long long memory, cpu;
};
struct run {
	int in, out, err;
	int dir;
	const int *keep;
	int nkeep;
	int session; /* a session of its own (setsid) */
	int tied; /* SIGTERM when we go, where the system can */
	const struct run_limits *limits; /* NULL: ours */
	char *const *env; /* NAME=VALUE, ends with NULL; NULL: ours */
	/* So many words at the beginning of argv are xray-isolate's: left out
	 * where the child can isolate itself (isolate.h) without it; not with
	 * tied. */
	int isolate;
};
#define RUN_PLAIN                                                              \
	{                                                                      \
		RUN_KEEP, RUN_KEEP, RUN_KEEP, -1, NULL, 0, 0, 0, NULL, NULL, 0 \
	}

/* Start argv.  The child's pid, or -1 with why: EX_NOTFOUND, EX_CANTEXEC or
 * EX_OSERR. */
pid_t run_spawn(const struct run *r, char *const argv[], struct why *why);

/* The same with the child's output and error going into a pipe; *out is the
 * end to read, to be closed. */
pid_t run_piped(
    const struct run *r, char *const argv[], int *out, struct why *why);

/* Have /dev/null in the place of standard streams that are closed, or what is
 * opened next is taken for one. */
void run_fill_streams(void);
/* Put /dev/null in place of our standard input, output and error: what runs on
 * lets go of the terminal. */
void run_let_go(void);
/* The exit code of a wait status: 128 + n for signal n. */
int run_code(int status);
/* "exit 0" or "signal 9", for a log; in static memory. */
const char *run_ending(int status);

/* Wait for pid until deadline (io_now's clock, -1: for ever).  Its exit code,
 * 128 + n when signal n ended it; -1 with errno, ETIMEDOUT when it still
 * runs. */
int run_wait(pid_t pid, long long deadline);

/*
 * Run argv with standard input from /dev/null and standard error to it, and
 * collect at most max bytes of its output.  Past the deadline of ms
 * milliseconds it is killed.  Its exit code, or -1 with why.
 */
int run_capture(
    char *const argv[], struct buf *out, size_t max, int ms, struct why *why);
/* The same with input, error and place as `as` has them. */
int run_capture_as(const struct run *as, char *const argv[], struct buf *out,
    size_t max, int ms, struct why *why);

/* Run argv in directory dir (-1: ours) with our descriptors, output to
 * standard error's place, and wait for ever.  Exit code or -1 with why. */
int run_quiet(int dir, char *const argv[], struct why *why);

/* Become program, in the folder of ours, with the n words.  Comes back only
 * with why: EX_CANTEXEC. */
int run_become(
    const char *program, int n, char *const words[], struct why *why);

/* The full path of program in PATH, the caller's; NULL when there is none. */
char *run_find(const char *program);

#endif
