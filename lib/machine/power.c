/* SPDX-License-Identifier: ISC */
#include "power.h"

#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "io.h"
#include "qmp.h"
#include "run.h"
#include "say.h"

/* For QEMU; and until the supervisor has written down what events said. */
enum {
	QMP_MS = 10000,
	SETTLE_MS = 2000,
	AGAIN_MS = 500 /* a request that failed is tried again at once */
};

static int
is_paused(const struct vm *vm)
{
	autofree char *status = vm_status(vm);

	return str_starts(status, "paused");
}

/* 1 when QEMU says that the processors run, 0, or -1 with why. */
static int
runs(struct qmp *q, struct why *why)
{
	struct json *doc =
	    qmp_call(q, "query-status", NULL, io_now() + QMP_MS, why);
	int yes;

	if (!doc)
		return -1;
	yes = json_bool(doc, json_get(doc, 0, "return.running")) == 1;
	json_free(doc);
	return yes;
}

/* Wait until the status is what was asked for.  A supervisor that was killed
 * writes no more: then it is for us to do. */
static int
settle(const struct vm *vm, struct qmp *q, int paused, struct why *why)
{
	long long deadline = io_now() + SETTLE_MS;
	int now;

	while (is_paused(vm) != paused && vm_alive(vm) && io_left(deadline))
		io_nap();
	now = runs(q, why);
	if (now < 0)
		return -1;
	if (now == paused)
		return why_set(why, EX_TEMPFAIL,
		    paused ? "%s: runs again" : "%s: stopped again at once",
		    vm->name);
	if (is_paused(vm) != paused)
		boot_state(vm, paused ? "paused" : "running");
	return 0;
}

static int
tell(const struct vm *vm, int paused, struct why *why)
{
	autofree char *before = vm_status(vm);
	autoqmp struct qmp *q = NULL;
	long long deadline;
	int now;

	if (!vm_alive(vm))
		return why_set(why, EX_UNAVAILABLE,
		    "%s: not running; xray start %s", vm->name, vm->name);
	q = qmp_open(vm->dir, VM_QMP, vm->name, io_now() + QMP_MS, why);
	if (!q || (now = runs(q, why)) < 0)
		return -1;
	if (now != paused)
		return 1;
	if (qmp_do(q, paused ? "stop" : "cont", NULL, io_now() + QMP_MS, why) <
	    0)
		return -1;
	deadline = io_now() + AGAIN_MS;
	if (!paused && str_starts(before, "paused (disk"))
		while ((now = runs(q, why)) == 1 && io_left(deadline))
			io_sleep(20);
	return settle(vm, q, paused, why);
}

int
power_pause(const struct vm *vm, struct why *why)
{
	return tell(vm, 1, why);
}

int
power_resume(const struct vm *vm, struct why *why)
{
	return tell(vm, 0, why);
}

int
power_tool(const struct vm *vm, const char *tool, const char *option,
    const char *value, struct why *why)
{
	autofree char *bin = home_bin_dir(why);
	autostrv struct strv argv = { 0 };

	if (!bin)
		return -1;
	strv_fmt(&argv, "%s/%s", bin, tool);
	if (option)
		strv_add(&argv, option);
	if (value)
		strv_add(&argv, value);
	strv_add(&argv, vm->name);
	return run_quiet(-1, argv.v, why);
}
