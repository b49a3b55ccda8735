/* SPDX-License-Identifier: ISC */
/* xray-protect: guard VMs against remove, or no longer. */
#include "say.h"

#include <getopt.h>

#include "each.h"
#include "opt.h"

enum { OPT_OFF = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_OFF, "off", NULL, "protect them no longer" },
	{ 'a', "all", NULL, "every VM" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-protect", "(-a | - | VM ...)", opts,
	0 };

static int off;

static int
protect_one(struct each *e, struct vm *vm, struct why *why)
{
	if (vm->guarded == !off) {
		if (!e->listed)
			note(off ? "%s: not protected already" :
				   "%s: protected already",
			    vm->name);
		return 0;
	}
	if (conf_set(vm->conf, "protected", off ? NULL : "yes", why) < 0)
		return -1;
	return vm_save(vm, why);
}

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct why why;
	int c, code;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_OFF)
			off = 1;
		else if (c == 'a')
			e.all = SEL_ALL;
		else
			e.lock_ms = opt_ms(&use, "--lock-wait", optarg);
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	code = each_locked(&e, protect_one, warn_why);
	(void)say_done();
	return code;
}
