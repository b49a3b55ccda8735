/* SPDX-License-Identifier: ISC */
/*
 * isolate: a process without a network and without privileges, by a user and
 * a network namespace of its own (Linux).  No root is needed where the host
 * lets its users make them.
 */
#ifndef XRAY_ISOLATE_H
#define XRAY_ISOLATE_H

#include <sys/types.h>

#include "mem.h"

/*
 * Put this process, which has one thread, into an empty network namespace and
 * into a user namespace where its user and group have their own numbers and no
 * others are known.  No program that it executes has a capability, also when
 * it runs as root; what it may open by its supplementary groups it may open
 * still.  -1 with why, which ends with the command that mends it
 * (EX_UNAVAILABLE): then nothing has changed.
 */
int isolate(struct why *why);

/*
 * The same in a child that is about to execute a program: plan before fork(2),
 * enter in the child, which is async-signal-safe.  -1 when that cannot be or is
 * not known to be: then isolate is to be asked, and says why.
 */
struct isolate_ids {
	char users[64], groups[64];
};
int isolate_plan(struct isolate_ids *ids);
int isolate_enter(const struct isolate_ids *ids);

/* Whether isolate would do, tried in a child: 0, or -1 with its why. */
int isolate_can(struct why *why);

/* The command that mends it that isolate cannot do; NULL when it can, or when
 * no command will do. */
const char *isolate_mend(void);

/* Whether pid has another network than we: 1, 0, or -1 with errno: ESRCH when
 * it has gone, ENOTSUP where the system does not tell (macOS). */
int isolate_is(pid_t pid);

#endif
