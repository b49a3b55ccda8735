/* SPDX-License-Identifier: ISC */
/*
 * tend: the children of a command that has to clean up, whatever comes.
 *
 * SIGINT, SIGTERM and SIGHUP are held back but while a child is waited for,
 * which they end first, so that nothing else of ours is ever cut short.
 */
#ifndef XRAY_TEND_H
#define XRAY_TEND_H

#include <sys/types.h>

/* Hold signals back from now on; one that is ignored stays so.  SIGPIPE is
 * ignored. */
void tend_begin(void);
/* The signal that told us to end, 0: none has.  With forget not 0 it is as if
 * none had, so that a next child is waited for. */
int tend_told(int forget);

struct tend {
	int group; /* the child leads a group, which is ended with it */
	int output; /* end it when nobody reads our output any more, as if by
		     * SIGPIPE */
	long long ms; /* end it then, 0: never */
	int late; /* set: it was */
};

/* Wait for the child.  Its exit code, 128 + n when signal n ended it; -1 when
 * it was ended by us, or we are to end. */
int tend_wait(pid_t pid, struct tend *t);

#endif
