/* SPDX-License-Identifier: ISC */
/* xray-resume: let paused VMs go on, also those whose disk was full. */
#include "say.h"

#include <getopt.h>
#include <string.h>

#include "each.h"
#include "opt.h"
#include "power.h"
#include "room.h"

static const struct opt opts[] = {
	{ 'f', "force", NULL, "however little is free on the disk" },
	{ 'a', "all", NULL, "every VM that is paused" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-resume", "(-a | - | VM ...)", opts, 0 };

static int force;

static void
tell_room(struct home *home, const char *name)
{
	struct room room;

	if (room_look(home, &room, NULL) < 0)
		return;

	autofree char *is = num_human(room.free);

	note("%s: %s free on %s; running", name, is, room.mount);
	room_free(&room);
}

static int
resume_one(struct each *e, struct vm *vm, struct why *why)
{
	autofree char *status = vm_status(vm);
	int full = strcmp(status, "paused (disk full)") == 0, r;

	if (e->listed && !str_starts(status, "paused"))
		return 0;
	if (full && !force && room_check(&e->home, -1, 0, vm->name, why) < 0)
		return -1;
	r = power_resume(vm, why);
	if (r > 0)
		note("%s: runs already", vm->name);
	else if (r == 0 && full)
		tell_room(&e->home, vm->name);
	return r < 0 ? -1 : 0;
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
		else if (c == 'a')
			e.all = SEL_RUNNING;
		else
			e.lock_ms = opt_ms(&use, "--lock-wait", optarg);
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	code = each_locked(&e, resume_one, warn_why);
	(void)say_done();
	return code;
}
