/* SPDX-License-Identifier: ISC */
/* session: rules.session, when a run of its VM begins. */
#ifndef XRAY_SESSION_H
#define XRAY_SESSION_H

#include "mem.h"

/*
 * Take out of file name in dir, that of vm, the rules that last as long as a
 * run, which have no time, and those whose time is over.  Where it cannot be
 * written it goes as a whole; one that is broken is left: with it nothing is
 * allowed.  0, or -1 with why: what was allowed for a run that is over may be
 * in it.
 */
int session_begin(const char *vm, int dir, const char *name, struct why *why);

#endif
