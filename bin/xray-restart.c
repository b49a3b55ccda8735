/* SPDX-License-Identifier: ISC */
/* xray-restart: stop the VMs that run, then start all of them. */
#include "say.h"

#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#include "each.h"
#include "io.h"
#include "opt.h"
#include "run.h"
#include "sys.h"

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
static struct buf names; /* of those that stop is to end */
static size_t off; /* VMs */

static int
add_alive(struct each *e, struct vm *vm, struct why *why)
{
	(void)e, (void)why;
	if (vm_alive(vm))
		buf_fmt(&names, "%s\n", vm->name);
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

/* The names go by standard input: one that has ended by itself meanwhile is
 * passed over. */
static int
stop_them(void)
{
	struct run r = RUN_PLAIN;
	struct why why;
	int p[2], code;
	pid_t pid;

	strv_add(&stop, "-");
	signal(SIGPIPE, SIG_IGN);
	if (sys_pipe(p) < 0)
		die_sys(EX_OSERR, "pipe");
	r.in = p[0];
	r.out = 2;
	pid = run_spawn(&r, stop.v, &why);
	if (pid < 0)
		die_why(&why);
	close(p[0]);
	(void)io_write(p[1], names.p, names.n); /* its code tells */
	close(p[1]);
	code = run_wait(pid, -1);
	if (code < 0)
		die_sys(EX_OSERR, "%s", stop.v[0]);
	return code;
}

int
main(int argc, char **argv)
{
	struct why why;
	int code, got;

	begin();
	options(argc, argv);
	if (each_open(&vms, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	if (say_quiet) {
		strv_add(&stop, "--quiet");
		strv_add(&start, "--quiet");
	}
	strv_add(&start, "--");
	code = each_vm(&vms, add_alive, warn_why);
	if (names.n && (got = stop_them()) != 0)
		code = code ? code : got;
	/* one that did not stop goes on as it is; the others come back */
	(void)each_vm(&vms, add_off, warn_why);
	if (off && (got = run_quiet(-1, start.v, &why)) != 0) {
		if (got < 0)
			die_why(&why);
		code = code ? code : got;
	}
	(void)say_done();
	return code;
}
