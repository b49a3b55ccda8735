/* SPDX-License-Identifier: ISC */
/* xray-doctor: is all well with this machine, the home and the VMs? */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "opt.h"
#include "table.h"

enum { OPT_SECURITY = OPT_OWN, OPT_HOME, OPT_VM };

static const struct opt opts[] = {
	{ OPT_SECURITY, "security", NULL,
	    "the controls on VMs that run, and no more" },
	{ OPT_HOME, "home", NULL, "the home and what is in it, and no more" },
	{ OPT_VM, "vm", "VM", "of the VMs this one" },
	OUT_OPTS,
	{ 0 },
};
static const struct usage use = { "xray-doctor", "", opts, 0 };

static const struct col cols[] = {
	{ "state", COL_STATUS, 1, NULL },
	{ "what", COL_TEXT, 1, NULL },
	{ "vm", COL_TEXT, 0, NULL },
	{ "text", COL_TEXT, 1, NULL },
};

static const char *const states[] = { "ok", "note", "bad" };

static struct {
	int security, home; /* asked for alone */
	const char *vm;
} in;

/* A home that cannot be opened is a finding, not an end. */
static void
no_home(struct doctor *d, const struct why *why)
{
	const char *env = getenv("XRAY_HOME");
	const char *path = env && *env ? env : "~/.xray";
	autofree char *mend = NULL;

	if (why->code == EX_DATAERR)
		mend = xasprintf("${EDITOR:-vi} %s/config.ini", path);
	else if (strstr(why->text, "belongs to"))
		mend = xasprintf("sudo chown -R \"$(id -u)\" %s, or set "
				 "XRAY_HOME to a folder of your own",
		    path);
	else if (!strstr(why->text, "chmod"))
		mend = xstrdup("set XRAY_HOME to a folder you can write to");
	doctor_why(d, DOCTOR_BAD, "home", NULL, why, mend);
}

/* Every VM that runs, or the one that was named. */
static void
controls(struct doctor *d)
{
	autostrv struct strv names = { 0 };
	struct why why;
	size_t had = d->n;

	if (!d->home)
		return;
	if (in.vm)
		strv_add(&names, in.vm);
	else if (name_list(d->home->vms, &names, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < names.n; i++) {
		struct vm vm;

		if (vm_open(d->home, names.v[i], &vm, &why) < 0)
			continue; /* the home's part tells */
		if (in.vm || vm_alive(&vm))
			doctor_controls(d, &vm);
		vm_close(&vm);
	}
	if (d->n == had)
		doctor_add(d, DOCTOR_NOTE, "vm", NULL,
		    "none runs, so there are no controls to look at");
}

static void
examine(struct doctor *d)
{
	int all = !in.security && !in.home;

	if (all && !in.vm)
		doctor_host(d);
	if (!in.vm && (all || in.home)) {
		doctor_disk(d);
		doctor_home(d);
		doctor_bases(d);
	}
	if (all || in.home)
		doctor_vms(d, in.vm);
	if (all && !in.vm)
		doctor_ssh(d);
	if (in.security || (all && in.vm))
		controls(d);
}

static void
print(const struct doctor *d, struct table *t)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_row *r = &d->rows[i];
		const char *cells[] = { states[r->state], r->what, r->vm,
			r->text };

		table_row(t, cells);
	}
	table_print(t);
}

static void
parse(int argc, char **argv, struct out *out)
{
	int c;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_SECURITY)
			in.security = 1;
		else if (c == OPT_HOME)
			in.home = 1;
		else if (c == OPT_VM)
			in.vm = optarg;
		else
			(void)out_opt(out, c, optarg);
	if (optind != argc)
		die_usage(&use, "%s: no operand; --vm %s?", argv[optind],
		    argv[optind]);
}

/* The VM's own name, for it may be called by its port; it may be broken. */
static char *
name_of(struct home *home, const char *name)
{
	struct why why;
	struct vm vm;
	char *own;

	if (vm_open(home, name, &vm, &why) == 0) {
		own = xstrdup(vm.name);
		vm_close(&vm);
		return own;
	}
	if (why.code == EX_NOINPUT)
		die_why(&why);
	return xstrdup(name);
}

int
main(int argc, char **argv)
{
	struct doctor d = { 0 };
	struct out out = { 0 };
	struct home home;
	struct table *t;
	struct why why;

	parse(argc, argv, &out);
	/* people see at once which column is which */
	out.bare |= isatty(1) && !out.fields && !out.json;
	t = table_new(&out, cols, LEN(cols));
	if (home_open(&home, &why) < 0)
		no_home(&d, &why);
	else
		d.home = &home;
	if (in.vm && d.home)
		in.vm = name_of(&home, in.vm);
	examine(&d);
	print(&d, t);
	(void)say_done();
	return d.bad ? EX_NO : EX_OK;
}
