/* SPDX-License-Identifier: ISC */
/* xray-restart: stop the VMs that run, then start all of them. */
#include "say.h"

#include <getopt.h>

#include "each.h"
#include "opt.h"
#include "run.h"

static const struct opt opts[] = {
	{ 'f', "force", NULL, "no power button: end them at once" },
	{ 'w', "wait", NULL, "wait until the guests answer ssh" },
	{ OPT_TIMEOUT, "timeout", "S",
	    "how long a guest may take to go, and to answer" },
	{ 'a', "all", NULL, "every VM that runs" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-restart", "(-a | - | VM ...)", opts,
	0 };

static struct each vms = EACH_INIT;
static struct strv stop, start;
static size_t alive, off; /* VMs */

static int
add_alive(struct each *e, struct vm *vm, struct why *why)
{
	(void)e, (void)why;
	if (vm_alive(vm)) {
		strv_add(&stop, vm->name);
		alive++;
	}
	return 0;
}

static int
add_off(struct each *e, struct vm *vm, struct why *why)
{
	(void)e, (void)why;
	if (!vm_alive(vm)) {
		strv_add(&start, vm->name);
		off++;
	}
	return 0;
}

/* The first words of both commands. */
static void
begin(void)
{
	autofree char *bin = home_bin_dir(NULL);

	strv_fmt(&stop, "%s/xray-stop", bin ? bin : ".");
	strv_fmt(&start, "%s/xray-start", bin ? bin : ".");
}

static void
both(const char *option, const char *value)
{
	strv_words(&stop, option, value, NULL);
	strv_words(&start, option, value, NULL);
}

static void
options(int argc, char **argv)
{
	int c;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'f':
			strv_add(&stop, "--force");
			break;
		case 'w':
			strv_add(&start, "--wait");
			break;
		case 'a':
			vms.all = SEL_RUNNING;
			break;
		case OPT_TIMEOUT:
			(void)opt_ms(&use, "--timeout", optarg);
			both("--timeout", optarg);
			break;
		case OPT_LOCK_WAIT:
			vms.lock_ms = opt_ms(&use, "--lock-wait", optarg);
			strv_words(&start, "--lock-wait", optarg, NULL);
			break;
		}
}

static void
run(const struct strv *argv, int *code)
{
	struct why why;
	int got = run_quiet(-1, argv->v, &why);

	if (got < 0)
		die_why(&why);
	*code = *code ? *code : got;
}

int
main(int argc, char **argv)
{
	struct why why;
	int code;

	begin();
	options(argc, argv);
	if (each_open(&vms, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	strv_add(&stop, "--");
	strv_add(&start, "--");
	code = each_vm(&vms, add_alive, warn_why);
	if (alive)
		run(&stop, &code);
	/* one that did not stop goes on as it is; the others come back */
	if (!code || alive > 1)
		(void)each_vm(&vms, add_off, warn_why);
	if (off)
		run(&start, &code);
	(void)say_done();
	return code;
}
