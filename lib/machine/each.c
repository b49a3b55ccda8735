/* SPDX-License-Identifier: ISC */
#include "each.h"

#include <string.h>
#include <unistd.h>

int
each_open(struct each *e, int argc, char **argv, int from, struct why *why)
{
	if (home_open(&e->home, why) < 0 ||
	    sel_names(&e->home, argc, argv, from, e->all, &e->names, why) < 0)
		return -1;
	e->listed = (e->all != SEL_NONE && e->all != SEL_BROKEN) ||
	    (from < argc && strcmp(argv[from], "-") == 0);
	if (e->lock_ms >= 0)
		return 0;
	e->lock_ms = 0;
	return home_ms(
	    &e->home, "XRAY_LOCK_WAIT", "lock_wait", &e->lock_ms, why);
}

static int
one(struct each *e, const char *name, int locked, each_act *act,
    struct why *why)
{
	struct vm vm;
	int lock = -1, r = -1;

	if (sel_open(&e->home, e->all, name, &vm, why) < 0)
		return -1;
	if (!locked || (lock = vm_lock(&e->home, &vm, e->lock_ms, why)) >= 0)
		r = act(e, &vm, why);
	if (lock >= 0)
		close(lock);
	vm_close(&vm);
	return r;
}

static int
all(struct each *e, int locked, each_act *act, each_tell *tell)
{
	int code = 0;

	for (size_t i = 0; i < e->names.n; i++) {
		struct why why = { 0 };

		if (one(e, e->names.v[i], locked, act, &why) == 0)
			continue;
		tell(&why);
		code = code ? code : why.code;
	}
	return code;
}

int
each_vm(struct each *e, each_act *act, each_tell *tell)
{
	return all(e, 0, act, tell);
}

int
each_locked(struct each *e, each_act *act, each_tell *tell)
{
	return all(e, 1, act, tell);
}
