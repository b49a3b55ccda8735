/* SPDX-License-Identifier: ISC */
/* xray-remove: delete VMs and all their data. */
#include "say.h"

#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "sel.h"
#include "sys.h"
#include "vm.h"

static const struct opt opts[] = {
	{ 'y', "yes", NULL, "do not ask" },
	{ 'f', "force", NULL, "do not ask, and end a VM that runs" },
	{ 'a', "all", NULL, "every VM" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would go" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-remove", "(-a | - | VM ...)", opts, 0 };

static struct home home;
static int yes, force, dry_run;
static long long lock_ms = -1;

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

static int
ready(struct vm *vm, struct why *why)
{
	if (vm->guarded)
		return why_set(why, EX_NOPERM,
		    "%s: protected; remove "
		    "'protected' from its vm.ini first",
		    vm->name);
	if (!vm_alive(vm))
		return 0;
	if (force && dry_run)
		return 0;
	if (!force)
		return why_set(why, EX_TEMPFAIL,
		    "%s: runs; xray stop %s, or "
		    "remove -f",
		    vm->name, vm->name);
	return end(vm, why);
}

static int
remove_one(const char *name, struct why *why)
{
	struct vm vm;
	int lock, r = -1;

	if (vm_open_any(&home, name, &vm, why) < 0)
		return -1;
	lock = vm_lock(&home, &vm, lock_ms, why);
	if (lock >= 0 && ready(&vm, why) == 0) {
		if (dry_run)
			hint("would remove %s/vms/%s", home.path, name);
		r = dry_run ? 0 : vm_remove(&home, &vm, why);
		if (r == 0 && !dry_run)
			say_result("Removed VM: %s\n", name);
	}
	if (lock >= 0)
		close(lock);
	vm_close(&vm);
	return r;
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
	autostrv struct strv names = { 0 };
	struct why why;
	int c, all = 0, code = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'f':
			force = yes = 1;
			break;
		case 'y':
			yes = 1;
			break;
		case 'a':
			all = 1;
			break;
		case OPT_DRY_RUN:
			dry_run = yes = 1;
			break;
		case OPT_LOCK_WAIT:
			lock_ms = opt_ms(&use, "--lock-wait", optarg);
			break;
		}
	if (home_open(&home, &why) < 0 ||
	    sel_names(&home, argc, argv, optind, all ? SEL_ALL : SEL_BROKEN,
		&names, &why) < 0)
		die_selection(&use, &why);
	if (lock_ms < 0) {
		lock_ms = 0;
		if (home_ms(&home, "XRAY_LOCK_WAIT", "lock_wait", &lock_ms,
			&why) < 0)
			die_why(&why);
	}
	if (!names.n || !agreed(&names))
		return names.n ? EX_NO : say_done();
	for (size_t i = 0; i < names.n; i++)
		if (remove_one(names.v[i], &why) < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		}
	(void)say_done();
	return code;
}
