/* SPDX-License-Identifier: ISC */
/* hook_run: the scripts of a hook, one after the other. */
#ifndef XRAY_HOOK_RUN_H
#define XRAY_HOOK_RUN_H

#include <signal.h>

#include "vm.h"

struct hook_run {
	struct home *home;
	struct vm *vm;
	const char *type;
	const char *only; /* that script alone; NULL: all */
	const char *user; /* in the guest; NULL: the VM's */
	const volatile sig_atomic_t *stop; /* not 0: end; NULL: never */
	void (*show)(const char *line); /* NULL: nobody */
};

/* Whether the VM's initial-boot scripts have all been run. */
int hooks_completed(const struct vm *vm);
/* Forget that, and where they stopped; takes the VM's lock for a moment. */
int hooks_reset(
    struct home *h, struct vm *vm, long long lock_ms, struct why *why);
/* How many scripts hooks_run would begin, or refuse; -1 with why. */
int hooks_due(const struct hook_run *r, struct why *why);

/*
 * Run them.  The caller has the hooks' lock and has seen that the guest
 * answers; the VM's lock is taken when vm.ini is written.  create and
 * initial-boot end at the first that fails, and initial-boot goes on there the
 * next time; of boot all are tried.  0; -1 with why, of the first that failed:
 * EX_NO when it did, EX_TEMPFAIL when it took too long, EX_NOPERM when one is
 * refused, and then nothing was run; EX_NOINPUT for `only`; and those of
 * script.h.
 */
int hooks_run(const struct hook_run *r, struct why *why);
/* Write down that none of it could be run: for that reason, in a few words. */
void hooks_fail(const struct hook_run *r, const char *reason);

#endif
