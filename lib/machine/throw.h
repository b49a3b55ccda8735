/* SPDX-License-Identifier: ISC */
/*
 * throw: VMs that are thrown away when the command that made them ends.
 *
 * Such a VM is claimed before it is made: throwaway/NAME in the home, locked
 * by its owner for as long as that lives, says which VM it is, by its uuid.
 * A claim that nobody holds is what a killed owner left: whoever opens the
 * home ends the VM, removes it and the claim.  The folder is there only while
 * claims are.
 */
#ifndef XRAY_THROW_H
#define XRAY_THROW_H

#include <sys/types.h>

#include "home.h"

struct throw
{
	char *name, *uuid; /* of the VM to be; ours */
	int fd; /* the claim, locked */
	int keep; /* it is to stay, stopped */
};

/*
 * Claim name, or with NULL a new one, for a VM that is then to be made with
 * that name and uuid; with keep it will be stopped, not removed.  0 and *t to
 * be ended by throw_end, or -1 with why: EX_CANTCREAT, EX_IOERR.
 */
int throw_claim(struct home *h, const char *name, int keep, struct throw *t,
    struct why *why);
/* End the VM at once, as when the power goes.  0, also when there is none; -1
 * with why: EX_TEMPFAIL when it does not end. */
int throw_stop(struct home *h, const struct throw *t, struct why *why);
/* The same, and remove it unless it is to stay, and the claim.  On failure,
 * as above or EX_IOERR, the claim is left for others, and *t is freed too. */
int throw_end(struct home *h, struct throw *t, struct why *why);

/* Do what killed owners could not, waiting at most ms milliseconds for each
 * VM to end, and for others who are at it.  What fails is left for the next. */
void throw_sweep(struct home *h, long long ms);
/*
 * Have a child wait for our end, however that comes, and then sweep: so that
 * a guest does not go on until the next command.  To be called before the
 * first claim.  Its pid, -1: there is none, and the next command does it.  It
 * ends when *fd is closed, and is then to be waited for.
 */
pid_t throw_watch(struct home *h, int *fd);

#endif
