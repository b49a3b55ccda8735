/* SPDX-License-Identifier: ISC */
/*
 * fore: a program at the terminal in our place, while we wait to clean up
 * behind it.
 *
 * What is typed is the program's: Ctrl-C and Ctrl-\ do not end us, and when it
 * is stopped we stop too, so that the shell's job is both of us.  SIGTERM and
 * SIGHUP that come to us are handed on.
 */
#ifndef XRAY_FORE_H
#define XRAY_FORE_H

#include "run.h"

/* Run argv and wait for ever.  Its exit code, 128 + n when signal n ended it;
 * -1 with why, as run_spawn. */
int fore_run(const struct run *r, char *const argv[], struct why *why);

#endif
