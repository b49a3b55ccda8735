/* SPDX-License-Identifier: ISC */
/*
 * each: one action on each VM that a command line names.
 *
 * All names are checked before the first action, all are tried, and the
 * exit code is that of the first that failed.
 */
#ifndef XRAY_EACH_H
#define XRAY_EACH_H

#include "sel.h"
#include "vm.h"

/* Start with EACH_INIT and note what -a and --lock-wait said. */
struct each {
	enum sel_all all; /* what -a stands for, once it was given */
	long long lock_ms; /* --lock-wait, -1: XRAY_LOCK_WAIT, lock_wait, 0 */
	struct home home;
	struct strv names;
	int listed; /* from -a or -: who needs no action is passed over */
};
#define EACH_INIT             \
	{                     \
		.lock_ms = -1 \
	}

/* Open the home and fill in the rest from the operands argv[from...].  -1
 * with why, as sel_names. */
int each_open(struct each *e, int argc, char **argv, int from, struct why *why);

/*
 * Call act for each VM, open; tell is called for each that failed.  With
 * each_locked the VM's lock is held meanwhile.  0, or an exit code.
 */
typedef int each_act(struct each *e, struct vm *vm, struct why *why);
typedef void each_tell(const struct why *why);
int each_vm(struct each *e, each_act *act, each_tell *tell);
int each_locked(struct each *e, each_act *act, each_tell *tell);

#endif
