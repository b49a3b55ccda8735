/* SPDX-License-Identifier: ISC */
/* xray-resize: a larger disk for a VM. */
#include "say.h"

#include <getopt.h>

#include "each.h"
#include "opt.h"
#include "resize.h"
#include "snap.h"

static const struct opt opts[] = {
	{ 'f', "force", NULL, "more than the file system could hold" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-resize", "VM SIZE", opts, 0 };

static uint64_t size;
static int force;

static int
resize(struct each *e, struct vm *vm, struct why *why)
{
	autofree char *text = num_binary(size);
	struct snaps s;
	uint64_t old;
	int r;

	if (disk_size(vm, &old, why) < 0 ||
	    (r = disk_resize(&e->home, vm, size, force, why)) < 0)
		return -1;
	if (r > 0) {
		note("%s: has %s already", vm->name, text);
		return 0;
	}
	hint("%s: %s; grows inside at the next boot", vm->name, text);
	if (snaps_read(vm, &s, NULL) < 0)
		return 0;
	if (s.n) {
		autofree char *was = num_binary(old);

		hint("%s: a revert to a snapshot of before makes it %s again",
		    vm->name, was);
	}
	snaps_free(&s);
	return 0;
}

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct why why;
	int c, code;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == 'f')
			force = 1;
		else
			e.lock_ms = opt_ms(&use, "--lock-wait", optarg);
	if (argc - optind != 2)
		die_usage(&use, "a VM and a size");
	size = opt_size(&use, "SIZE", argv[optind + 1], 1 << 30);
	size = (size + 511) & ~(uint64_t)511;
	if (each_open(&e, argc - 1, argv, optind, &why) < 0)
		die_selection(&use, &why);
	code = each_locked(&e, resize, warn_why);
	(void)say_done();
	return code;
}
