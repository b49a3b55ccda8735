/* SPDX-License-Identifier: ISC */
/* session: rules.session, when a run of its VM begins. */
#ifndef XRAY_SESSION_H
#define XRAY_SESSION_H

#include "mem.h"

/* Take out of file name in dir the rules that last as long as a run, which
 * have no time, and those whose time is over, now being s since 1970.  Where it
 * cannot be written it goes as a whole; one that cannot be read is left: with
 * it nothing is allowed.  0, or -1 with why. */
int session_begin(int dir, const char *name, long long now, struct why *why);

#endif
