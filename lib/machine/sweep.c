/* SPDX-License-Identifier: ISC */
/* sweep: what killed processes left half made or half removed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "home.h"
#include "io.h"
#include "sys.h"

/* 1 for what belongs to a process that is gone: .stage-PID, .gone-PID,
 * .edit-PID.ini, .ssh-PID.conf. */
static int
is_left(const char *name)
{
	static const char *const prefixes[] = { ".stage-", ".gone-", ".edit-",
		".ssh-" };
	unsigned long long start;
	long long pid;

	for (size_t i = 0; i < LEN(prefixes); i++) {
		const char *rest = name + strlen(prefixes[i]);
		autofree char *digits = NULL;

		if (!str_starts(name, prefixes[i]))
			continue;
		digits = xstrndup(rest, strcspn(rest, "."));
		return num_int(digits, 1, INT32_MAX, &pid) == 0 &&
		    sys_start_time((pid_t)pid, &start) < 0;
	}
	return 0;
}

/* An io_walk function, as the next. */
static int
sweep(const char *name, void *arg)
{
	/* a program that it ran may be about to end, and write */
	for (int k = 0; k < 10 && is_left(name); k++) {
		if (io_remove_tree(*(int *)arg, name) == 0)
			break;
		io_sleep(10);
	}
	return 0;
}

void
home_sweep(int dir)
{
	(void)io_walk(dir, sweep, &dir); /* the next one tries again */
}

static int
look(const char *name, void *arg)
{
	*(int *)arg |= is_left(name);
	return 0;
}

void
home_sweep_vms(struct home *h)
{
	int any = 0;

	(void)io_walk(h->vms, look, &any); /* as home_sweep */
	if (!any)
		return;
	port_sweep(h);
	home_sweep(h->vms);
}
