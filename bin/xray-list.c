/* SPDX-License-Identifier: ISC */
/* xray-list: the VMs and what they do. */
#include "say.h"

#include <fnmatch.h>
#include <getopt.h>
#include <string.h>

#include "facts.h"
#include "opt.h"
#include "table.h"
#include "vm.h"

enum { OPT_RUNNING = OPT_OWN, OPT_STOPPED, OPT_STALE };

static const struct opt opts[] = {
	{ 'q', "quiet", NULL, "names only" },
	{ OPT_RUNNING, "running", NULL, "those that run" },
	{ OPT_STOPPED, "stopped", NULL, "those that do not" },
	{ OPT_STALE, "stale", NULL, "those whose base has gone on" },
	OUT_OPTS,
	{ 0 },
};
static const struct usage use = { "xray-list", "[PATTERN ...]", opts, 0 };

static int
wanted(const char *name, int n, char **patterns)
{
	for (int i = 0; i < n; i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return 1;
	return n == 0;
}

/* Whether the VM is one of those that were asked for. */
static int
matches(struct home *home, const struct vm *vm, int state)
{
	autofree char *stale = NULL;

	if (!state)
		return 1;
	if (state != OPT_STALE)
		return vm_alive(vm) == (state == OPT_RUNNING);
	stale = facts_value(home, vm, "stale");
	return stale && strcmp(stale, "yes") == 0;
}

static void
row(struct home *home, const char *name, int state, int names_only,
    struct table *t, enum facts_need need)
{
	struct vm vm;
	struct why why;
	int broken;

	if (names_only && !state) { /* nothing is asked that is in it */
		say("%s\n", name);
		return;
	}
	if (need == FACTS_FOLDER)
		broken = vm_open(home, name, &vm, &why) < 0;
	else
		broken =
		    vm_glance(home, name, need == FACTS_BRIEF, &vm, &why) < 0;
	if (broken)
		warn_why(&why);
	if (broken ? !state : matches(home, &vm, state)) {
		if (names_only)
			say("%s\n", name);
		else
			facts_row(t, home, name, &vm, broken ? &why : NULL);
	}
	vm_close(&vm);
}

int
main(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	struct home home;
	struct out out = { 0 };
	struct table *t;
	enum facts_need need;
	struct why why;
	int c, quiet = 0, state = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == 'q')
			quiet = 1;
		else if (!out_opt(&out, c, optarg))
			state = c;
	if (home_open(&home, &why) < 0)
		die_why(&why);
	t = table_new(&out, facts_cols, facts_ncols);
	need = facts_need(t);
	if (need == FACTS_BRIEF && state == OPT_STALE)
		need = FACTS_RECORD;
	if (name_list(home.vms, &names, &why) < 0)
		die_why(&why);
	if (!names.n && !quiet)
		hint("No VMs found. Create one: xray create NAME");
	for (size_t i = 0; i < names.n; i++)
		if (wanted(names.v[i], argc - optind, argv + optind))
			row(&home, names.v[i], state, quiet, t, need);
	if (!quiet)
		table_print(t);
	return say_done();
}
