/* SPDX-License-Identifier: ISC */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forward.h"
#include "hook.h"
#include "io.h"
#include "once.h"
#include "room.h"
#include "run.h"
#include "say.h"
#include "sys.h"

enum { UNIT_MS = 60000 };

/* Descriptors that are -1 are not handed on. */
static void
supervisor_argv(const struct vm *vm, const struct launch *l, int run_lock,
    int lock, int ready, int foreground, struct strv *argv)
{
	autofree char *bin = home_bin_dir(NULL);

	strv_fmt(argv, "%s/xray-supervise", bin ? bin : ".");
	if (run_lock >= 0) {
		strv_add(argv, "--lock");
		strv_fmt(argv, "%d", run_lock);
	}
	if (lock >= 0) {
		strv_add(argv, "--vm-lock");
		strv_fmt(argv, "%d", lock);
	}
	if (ready >= 0) {
		strv_add(argv, "--ready");
		strv_fmt(argv, "%d", ready);
	}
	for (size_t i = 0; i < l->how->set.n; i++)
		strv_words(argv, "--set", l->how->set.v[i], NULL);
	if (l->how->cold)
		strv_add(argv, "--cold");
	if (l->no_hooks)
		strv_add(argv, "--no-hooks");
	if (foreground)
		strv_add(argv, "--foreground");
	strv_add(argv, vm->name);
}

/* The memory a guest may come to use must be there, and some of the disk,
 * unless forced. */
static int
room(const struct home *h, const struct vm *vm, const struct launch *l,
    struct why *why)
{
	static uint64_t promised; /* to VMs that this process has started */
	uint64_t need, have = sys_memory();
	autofree char *want = NULL;
	autofree char *left = NULL;
	struct once o = { 0 };

	for (size_t i = 0; i < l->how->set.n; i++)
		if (once_set(&o, l->how->set.v[i], why) < 0)
			return -1;
	need = o.memory ? o.memory : vm->memory;
	want = num_size_text(need);
	left = num_human(have > promised ? have - promised : 0);
	if (!l->force && have && need + promised > have)
		return why_set(why, EX_TEMPFAIL,
		    "%s: wants %s of memory, %s is free; give it less with "
		    "-m, stop another VM, or -f",
		    vm->name, want, left);
	if (!l->force && room_check(h, -1, 0, vm->name, why) < 0)
		return -1;
	promised += need;
	return 0;
}

/* The supervisor as a child of ours, with run.lock and a pipe. */
static int
spawn(const struct vm *vm, const struct launch *l, struct job *job,
    struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int run_lock = boot_lock(vm, why), p[2], keep[3];

	if (run_lock < 0)
		return -1;
	if (sys_pipe(p) < 0) {
		close(run_lock);
		return why_sys(why, EX_OSERR, "pipe");
	}
	supervisor_argv(vm, l, run_lock, job->lock, p[1], 0, &argv);
	keep[0] = run_lock;
	keep[1] = p[1];
	keep[2] = job->lock; /* should we be killed */
	r.in = RUN_NULL;
	r.session = 1;
	r.keep = keep;
	r.nkeep = 3;
	job->ready = p[0];
	job->pid = run_spawn(&r, argv.v, why);
	close(run_lock);
	close(p[1]);
	return job->pid < 0 ? -1 : 0;
}

/* The user's systemd starts it, as the unit xray-VM; it takes the locks
 * itself. */
static int
spawn_unit(struct home *h, const struct vm *vm, const struct launch *l,
    struct job *job, struct why *why)
{
	autostrv struct strv argv = { 0 };
	const char *path = getenv("PATH"), *accel = getenv("XRAY_ACCEL");
	struct run r = RUN_PLAIN;

	close(job->lock);
	job->lock = -1;
	strv_words(&argv, "systemd-run", "--user", "--collect", "--quiet",
	    "--property=KillMode=mixed", NULL);
	strv_fmt(&argv, "--unit=xray-%s", vm->name);
	strv_fmt(&argv, "--setenv=XRAY_HOME=%s", h->path);
	if (path)
		strv_fmt(&argv, "--setenv=PATH=%s", path);
	if (accel)
		strv_fmt(&argv, "--setenv=XRAY_ACCEL=%s", accel);
	strv_add(&argv, "--");
	supervisor_argv(vm, l, -1, -1, -1, 1, &argv);
	r.in = RUN_NULL;
	job->pid = run_spawn(&r, argv.v, why);
	return job->pid < 0 ? -1 : 0;
}

int
launch_begin(struct home *h, struct vm *vm, const struct launch *l,
    long long lock_ms, struct job *job, struct why *why)
{
	if (room(h, vm, l, why) < 0) {
		boot_trouble(vm, why);
		return -1;
	}
	job->lock = vm_lock(h, vm, lock_ms, why);
	if (job->lock < 0 || (l->port && forward_ssh(h, vm, l->port, why) < 0))
		return -1;
	return l->systemd ? spawn_unit(h, vm, l, job, why) :
			    spawn(vm, l, job, why);
}

/* systemd-run has gone; the unit's VM comes up, or does not. */
static int
await_unit(const struct vm *vm, const struct job *job, struct why *why)
{
	long long deadline = io_now() + UNIT_MS;
	int code = run_wait(job->pid, deadline);

	while (!code && io_left(deadline) > 0) {
		autofree char *status = vm_status(vm);

		if (str_starts(status, "running") ||
		    str_starts(status, "paused"))
			return 0;
		io_sleep(20);
	}
	why_set(why, EX_UNAVAILABLE,
	    "%s: the unit did not start it; journalctl --user -u xray-%s",
	    vm->name, vm->name);
	return EX_UNAVAILABLE;
}

int
launch_await(const struct vm *vm, const struct launch *l, struct job *job,
    struct why *why)
{
	ssize_t n;
	int code;
	char c;

	why->code = 0;
	if (l->systemd)
		return await_unit(vm, job, why);
	do
		n = read(job->ready, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	code = run_wait(job->pid, -1);
	if (code > 128) { /* it could not say so itself */
		why_set(why, EX_SOFTWARE,
		    "%s: xray-supervise was ended by signal %d", vm->name,
		    code - 128);
		return EX_SOFTWARE;
	}
	return code > 0 ? code : EX_SOFTWARE;
}

void
launch_end(struct job *job)
{
	if (job->lock >= 0)
		close(job->lock);
	if (job->ready >= 0)
		close(job->ready);
}

int
launch_become(struct home *h, struct vm *vm, const struct launch *l,
    long long lock_ms, struct why *why)
{
	autostrv struct strv argv = { 0 };
	int lock, run_lock;

	if (room(h, vm, l, why) < 0)
		return -1;
	if ((lock = vm_lock(h, vm, lock_ms, why)) < 0 ||
	    (l->port && forward_ssh(h, vm, l->port, why) < 0) ||
	    (run_lock = boot_lock(vm, why)) < 0)
		return -1;
	if (fcntl(run_lock, F_SETFD, 0) < 0 || fcntl(lock, F_SETFD, 0) < 0)
		return why_sys(why, EX_OSERR, "%s", vm->name);
	supervisor_argv(vm, l, run_lock, lock, -1, 1, &argv);
	execv(argv.v[0], argv.v);
	return why_sys(why, EX_CANTEXEC, "%s", argv.v[0]);
}

int
launch_locks(
    struct home *h, struct vm *vm, int *run_lock, int *lock, struct why *why)
{
	if (*lock < 0 && *run_lock < 0 && (*lock = vm_lock(h, vm, 0, why)) < 0)
		return -1;
	if (*run_lock < 0 && (*run_lock = boot_lock(vm, why)) < 0)
		return -1;
	vm->hold = *run_lock; /* for what mends its disks */
	return 0;
}

pid_t
launch_hooks(const struct vm *vm, int show, struct why *why)
{
	autofree char *bin = home_bin_dir(why);
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;

	if (!bin)
		return -1;
	strv_fmt(&argv, "%s/xray-hooks", bin);
	strv_words(&argv, "start", "--", vm->name, NULL);
	r.in = r.out = RUN_NULL;
	r.err = show ? RUN_KEEP : RUN_NULL;
	r.session = 1;
	return run_spawn(&r, argv.v, why);
}

void
launch_ready(
    const struct vm *vm, int hooks, int vm_lock, int ready, int foreground)
{
	if (!hooks) /* who waited for the start may ask at once */
		hooks_mark(vm, HOOKS_NONE);
	if (vm_lock >= 0)
		close(vm_lock);
	if (ready >= 0) {
		(void)io_write(ready, "\n", 1); /* gone: nobody waits */
		close(ready);
	}
	if (!foreground)
		run_let_go();
}
