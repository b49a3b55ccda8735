/* SPDX-License-Identifier: ISC */
/* xray-autostart: VMs that start when their user logs in. */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>

#include "each.h"
#include "login.h"
#include "opt.h"

enum { OPT_OFF = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_OFF, "off", NULL, "start them at login no longer; else all" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-autostart", "[- | VM ...]", opts, 0 };

static int off;

static int
change(struct each *e, struct vm *vm, struct why *why)
{
	if (login_wanted(vm) == !off) {
		if (!e->listed)
			note(off ? "%s: not started at login already" :
				   "%s: started at login already",
			    vm->name);
		return 0;
	}
	if (conf_set(vm->conf, "start_at_login", off ? NULL : "yes", why) < 0)
		return -1;
	return vm_save(vm, why);
}

static int
list(struct home *h)
{
	autostrv struct strv names = { 0 };
	struct why why;

	if (login_names(h, &names, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < names.n; i++)
		say("%s\n", names.v[i]);
	return say_done();
}

/* What to do where nobody starts things at login. */
static void
tell_cron(void)
{
	autofree char *bin = home_bin_dir(NULL);
	const char *home = getenv("XRAY_HOME");
	autofree char *set =
	    home && *home ? xasprintf("XRAY_HOME=%s ", home) : xstrdup("");

	note("no service manager here; with cron, by crontab -e:");
	hint("@reboot %s%s/xray autostart -q | %s%s/xray start -", set,
	    bin ? bin : "", set, bin ? bin : "");
}

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct why why;
	int c, code, told;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_OFF)
			off = 1;
		else
			e.lock_ms = opt_ms(&use, "--lock-wait", optarg);
	if (optind == argc && !off) {
		if (home_open(&e.home, &why) < 0)
			die_why(&why);
		return list(&e.home);
	}
	if (optind == argc)
		e.all = SEL_ALL;
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	code = each_locked(&e, change, warn_why);
	told = login_sync(&e.home, &why);
	if (told < 0)
		die_why(&why);
	if (told == LOGIN_NOBODY && !off)
		tell_cron();
	(void)say_done();
	return code;
}
