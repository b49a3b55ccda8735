/* SPDX-License-Identifier: ISC */
/* xray-remove: delete VMs and all their data. */
#include "say.h"

#include <getopt.h>
#include <signal.h>

#include "each.h"
#include "io.h"
#include "login.h"
#include "opt.h"
#include "sys.h"

static const struct opt opts[] = {
	{ 'y', "yes", NULL, "do not ask" },
	{ 'f', "force", NULL, "do not ask, and end a VM that runs" },
	{ 'a', "all", NULL, "every VM" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would go" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-remove", "(-a | - | VM ...)", opts, 0 };

static int yes, force, dry_run;
static int starts_at_login; /* one that was removed */

/* Power off at once; there is nothing to save. */
static int
end(struct vm *vm, struct why *why)
{
	unsigned long long start;
	pid_t pid;

	if (vm_pid(vm, &pid, &start) == 0)
		(void)sys_kill(pid, start, SIGKILL); /* gone already is fine */
	if (vm_wait_end(vm, io_now() + 10000))
		return 0;
	return why_set(why, EX_TEMPFAIL, "%s: does not end", vm->name);
}

/* What is refused, as far as it can be seen without the lock. */
static int
allowed(struct each *e, struct vm *vm, struct why *why)
{
	(void)e;
	if (vm->guarded)
		return why_set(why, EX_NOPERM,
		    "%s: protected; xray unprotect %s, then again", vm->name,
		    vm->name);
	if (vm_alive(vm) && !force)
		return why_set(why, EX_TEMPFAIL,
		    "%s: runs; xray stop %s, or "
		    "remove -f",
		    vm->name, vm->name);
	return 0;
}

static int
ready(struct each *e, struct vm *vm, struct why *why)
{
	if (allowed(e, vm, why) < 0)
		return -1;
	return vm_alive(vm) && !dry_run ? end(vm, why) : 0;
}

static int
remove_one(struct each *e, struct vm *vm, struct why *why)
{
	if (ready(e, vm, why) < 0)
		return -1;
	if (dry_run) {
		hint("would remove %s/vms/%s", e->home.path, vm->name);
		return 0;
	}
	starts_at_login |= login_wanted(vm);
	if (vm_remove(&e->home, vm, why) < 0)
		return -1;
	say_result("Removed VM: %s\n", vm->name);
	return 0;
}

static int
agreed(const struct strv *names)
{
	if (names->n == 1)
		return confirm(
		    yes, "Delete VM '%s' and all its data?", names->v[0]);
	return confirm(yes, "Delete %zu VMs and all their data?", names->n);
}

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct why why;
	int c, code;

	e.all = SEL_BROKEN;
	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'f':
			force = yes = 1;
			break;
		case 'y':
			yes = 1;
			break;
		case 'a':
			e.all = SEL_ALL;
			break;
		case OPT_DRY_RUN:
			dry_run = yes = 1;
			break;
		case OPT_LOCK_WAIT:
			e.lock_ms = opt_ms(&use, "--lock-wait", optarg);
			break;
		}
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	/* with -a, what may go goes */
	if (e.all == SEL_BROKEN && (code = each_vm(&e, allowed, warn_why)) != 0)
		return code;
	if (!e.names.n || !agreed(&e.names))
		return e.names.n ? EX_NO : say_done();
	code = each_locked(&e, remove_one, warn_why);
	if (starts_at_login && !dry_run && login_sync(&e.home, &why) < 0)
		warn_why(&why);
	(void)say_done();
	return code;
}
