/* SPDX-License-Identifier: ISC */
/*
 * exact: a command in a guest by ssh, as if it were run here: its arguments
 * are exactly the words, whatever is in them, and its exit code is told from
 * ssh's own 255.
 */
#ifndef XRAY_EXACT_H
#define XRAY_EXACT_H

#include "vm.h"

/* Add the line that a guest's sh takes, for ssh's last argument.  words end
 * with NULL; mark is a name that nothing has in the user's home, and of which
 * a quote is no part.  ssh's exit code is the command's, 128 + n when signal n
 * ended it. */
void exact_line(struct buf *b, char *const words[], const char *mark);

/* After ssh ended with 255: 1 when that was the command's code.  It waits ms
 * milliseconds at most. */
int exact_meant(
    struct home *h, const struct vm *vm, const char *mark, long long ms);

#endif
