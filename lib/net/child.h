/* SPDX-License-Identifier: ISC */
/*
 * child: processes forked from a tool, without another program, for what it
 * is not to do itself.
 */
#ifndef XRAY_CHILD_H
#define XRAY_CHILD_H

#include <sys/types.h>

/*
 * Fork.  0 in the child, which has of our descriptors standard error and the n
 * in keep alone, gains no rights, leaves no core, has the usual actions for
 * signals but ignores SIGHUP and SIGPIPE, and ends with us; it is to leave by
 * _exit(2).  Else its pid, or -1 with errno.
 */
pid_t child_fork(const int *keep, int n);
/* Kill it and wait until it is gone; pid -1: nothing. */
void child_end(pid_t pid);

#endif
