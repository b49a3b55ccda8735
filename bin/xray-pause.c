/* SPDX-License-Identifier: ISC */
/* xray-pause: hold running VMs still. */
#include "say.h"

#include <getopt.h>

#include "each.h"
#include "opt.h"
#include "power.h"

static const struct opt opts[] = {
	{ 'a', "all", NULL, "every VM that runs" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-pause", "(-a | - | VM ...)", opts, 0 };

static int
pause_one(struct each *e, struct vm *vm, struct why *why)
{
	int r;

	if (e->listed && !vm_alive(vm))
		return 0;
	r = power_pause(vm, why);
	if (r > 0 && !e->listed)
		note("%s: paused already", vm->name);
	return r < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct why why;
	int c, code;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == 'a')
			e.all = SEL_RUNNING;
		else
			e.lock_ms = opt_ms(&use, "--lock-wait", optarg);
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	code = each_locked(&e, pause_one, warn_why);
	(void)say_done();
	return code;
}
