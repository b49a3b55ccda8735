/* SPDX-License-Identifier: ISC */
/* xray-move: another name for a VM. */
#include "say.h"

#include <getopt.h>
#include <string.h>

#include "each.h"
#include "login.h"
#include "move.h"
#include "opt.h"

static const struct opt opts[] = {
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-move", "OLD NEW", opts, 0 };

static const char *name;
static int starts_at_login;

static int
move(struct each *e, struct vm *vm, struct why *why)
{
	autofree char *old = xstrdup(vm->name);

	if (strcmp(old, name) == 0) {
		note("%s: called so already", name);
		return 0;
	}
	if (vm_move(&e->home, vm, name, why) < 0)
		return -1;
	hint("%s: was %s (hostname changes at the next boot)", name, old);
	starts_at_login = login_wanted(vm);
	return 0;
}

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct why why;
	int c, code;

	while ((c = opt_next(argc, argv, &use)) != -1)
		e.lock_ms = opt_ms(&use, "--lock-wait", optarg);
	if (argc - optind != 2)
		die_usage(&use, "the VM and its new name");
	name = argv[optind + 1];
	if (name_check(name, &why) < 0)
		die_why(&why);
	if (each_open(&e, argc - 1, argv, optind, &why) < 0)
		die_selection(&use, &why);
	if (e.names.n != 1)
		die_usage(&use, "one VM at a time");
	code = each_locked(&e, move, warn_why);
	if (starts_at_login && login_sync(&e.home, &why) < 0)
		warn_why(&why);
	(void)say_done();
	return code;
}
