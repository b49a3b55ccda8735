/* SPDX-License-Identifier: ISC */
/* xray-wait: until a guest answers ssh, or has stopped. */
#include "say.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "sel.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_FOR = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_FOR, "for", "COND", "ssh (the default) or stopped" },
	{ OPT_TIMEOUT, "timeout", "S", "give up after S seconds" },
	{ 'a', "all", NULL, "every VM that runs" },
	{ 0 },
};
static const struct usage use = { "xray-wait", "(-a | - | VM ...)", opts, 0 };

/* begin: when the command began; all VMs are waited for from then on. */
static int
wait_one(struct home *home, const char *name, int stopped, long long begin,
    long long arg)
{
	struct why why = { 0 };
	struct vm vm;
	long long ms;
	int fd = -1;

	if (vm_open(home, name, &vm, &why) < 0)
		die_why(&why);
	if ((ms = ssh_wait_ms(home, &vm, arg, &why)) < 0)
		die_why(&why);
	if (!stopped)
		fd = ssh_await(
		    &vm, begin + ms, say_chatty() ? progress_text : NULL, &why);
	else if (!vm_wait_end(&vm, begin + ms))
		why_set(&why, EX_TEMPFAIL, "%s: still runs after %lld s", name,
		    ms / 1000);
	progress_end();
	if (fd >= 0)
		close(fd);
	vm_close(&vm);
	if (fd < 0 && why.code)
		warn_why(&why);
	return fd < 0 ? why.code : 0;
}

int
main(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	struct home home;
	struct why why;
	long long ms = -1, begin = io_now();
	int c, all = 0, stopped = 0, code = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case OPT_FOR:
			stopped = strcmp(optarg, "stopped") == 0;
			if (!stopped && strcmp(optarg, "ssh") != 0)
				die_usage(
				    &use, "--for: %s: ssh or stopped", optarg);
			break;
		case OPT_TIMEOUT:
			ms = opt_ms(&use, "--timeout", optarg);
			break;
		case 'a':
			all = 1;
			break;
		}
	if (home_open(&home, &why) < 0 ||
	    sel_names(&home, argc, argv, optind, all ? SEL_RUNNING : SEL_NONE,
		&names, &why) < 0)
		die_selection(&use, &why);
	for (size_t i = 0; i < names.n; i++) {
		int got = wait_one(&home, names.v[i], stopped, begin, ms);

		code = code ? code : got;
	}
	return code;
}
