/* SPDX-License-Identifier: ISC */
/*
 * launch: start the supervisor of a VM, as a child or as a unit of the
 * user's systemd, and wait until the VM runs.
 */
#ifndef XRAY_LAUNCH_H
#define XRAY_LAUNCH_H

#include "boot.h"
#include "vm.h"

struct launch {
	const struct boot_how *how;
	int port; /* ssh's, from now on; 0: as it is */
	int systemd; /* as the unit xray-VM */
	int force; /* although memory is short */
	int no_hooks;
};

/* A start under way; begin with JOB_NONE. */
struct job {
	pid_t pid;
	int ready; /* reads a byte when the VM runs */
	int lock; /* the VM's, held until it runs */
};
#define JOB_NONE           \
	{                  \
		-1, -1, -1 \
	}

/* Begin: take the VM's lock (waiting lock_ms), start the supervisor.  -1 with
 * why: EX_TEMPFAIL when it is locked, runs, or memory is short. */
int launch_begin(struct home *h, struct vm *vm, const struct launch *l,
    long long lock_ms, struct job *job, struct why *why);
/* Wait until the VM runs: 0, or the supervisor's exit code; it has told why
 * on standard error itself, but for a unit, and one that was ended by a
 * signal: then why says so. */
int launch_await(const struct vm *vm, const struct launch *l, struct job *job,
    struct why *why);
void launch_end(struct job *job);

/* The supervisor's side: take run.lock and the VM's lock when nobody handed
 * them over (-1); vm->hold is run.lock too. */
int launch_locks(struct home *h, struct vm *vm, int *run_lock, int *vm_lock,
    struct why *why);

/* Then: note when no hooks will be run, let go of the VM's lock, tell the
 * xray-start that waits (-1: nobody) that the VM runs, and let go of its
 * terminal. */
void launch_ready(
    const struct vm *vm, int hooks, int vm_lock, int ready, int foreground);

/* Start the hooks of a VM that runs now; show: what they print goes to our
 * standard error too.  The pid of who runs them, -1 with why. */
pid_t launch_hooks(const struct vm *vm, int show, struct why *why);

/* Become the supervisor, in the foreground.  Comes back only with why. */
int launch_become(struct home *h, struct vm *vm, const struct launch *l,
    long long lock_ms, struct why *why);

#endif
