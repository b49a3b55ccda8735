/* SPDX-License-Identifier: ISC */
/* xray-list: the VMs and what they do. */
#include "say.h"

#include <fnmatch.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "opt.h"
#include "sys.h"
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

/* What was seen of a VM. */
struct seen {
	const char *name;
	int broken, shown;
	struct why *why; /* of broken */
	char **cells; /* of a table, when one is wanted */
};

/* A part of the VMs, looked at by one thread. */
struct part {
	struct home *home;
	const struct table *t; /* NULL: names alone */
	int state;
	struct seen *v;
	size_t n;
};

static void
look(const struct part *p, struct seen *s)
{
	int (*const open)(
	    struct home *, const char *, struct vm *, struct why *) =
	    p->t && facts_want_folder(p->t) ? vm_open : vm_glance;
	struct vm vm;
	struct why why;

	if (!p->t && !p->state) { /* nothing is asked that is in it */
		s->shown = 1;
		return;
	}
	s->broken = open(p->home, s->name, &vm, &why) < 0;
	s->shown = s->broken ? !p->state : matches(p->home, &vm, p->state);
	if (s->broken) {
		s->why = xmalloc(sizeof why);
		*s->why = why;
	}
	if (s->shown && p->t) {
		s->cells = xcalloc(facts_ncols, sizeof *s->cells);
		facts_cells(p->t, p->home, s->name, &vm,
		    s->broken ? &why : NULL, s->cells);
	}
	vm_close(&vm);
}

static void *
look_at(void *arg)
{
	const struct part *p = arg;

	for (size_t i = 0; i < p->n; i++)
		look(p, &p->v[i]);
	return NULL;
}

/* Most of the time goes into opening a file in each folder, which processors
 * do side by side: from EACH VMs a thread on. */
static void
look_at_all(const struct part *all)
{
	enum { EACH = 100, THREADS = 8 };
	struct part part[THREADS];
	pthread_t id[THREADS];
	int is_there[THREADS] = { 0 };
	size_t cpus = (size_t)sys_cpus(), n = all->n / EACH, from = 0;

	n = n > cpus ? cpus : n;
	n = n < 1 ? 1 : n > THREADS ? THREADS : n;
	for (size_t i = 0; i < n; i++) {
		part[i] = *all;
		part[i].v += from;
		part[i].n = all->n * (i + 1) / n - from;
		from += part[i].n;
		if (i < n - 1)
			is_there[i] = pthread_create(
					  &id[i], NULL, look_at, &part[i]) == 0;
		if (!is_there[i])
			(void)look_at(&part[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (is_there[i])
			(void)pthread_join(id[i], NULL);
}

static void
show(const struct seen *s, struct table *t)
{
	if (s->broken)
		warn_why(s->why);
	if (s->shown && s->cells)
		table_take(t, s->cells);
	else if (s->shown)
		say("%s\n", s->name);
	free(s->cells);
	free(s->why);
}

int
main(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	struct home home;
	struct out out = { 0 };
	struct part all;
	struct table *t;
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
	if (name_list(home.vms, &names, &why) < 0)
		die_why(&why);
	if (!names.n && !quiet)
		hint("No VMs found. Create one: xray create NAME");
	all = (struct part){ &home, quiet ? NULL : t, state,
		xcalloc(names.n + 1, sizeof *all.v), 0 };
	for (size_t i = 0; i < names.n; i++)
		if (wanted(names.v[i], argc - optind, argv + optind))
			all.v[all.n++].name = names.v[i];
	look_at_all(&all);
	for (size_t i = 0; i < all.n; i++)
		show(&all.v[i], t);
	free(all.v);
	if (!quiet)
		table_print(t);
	return say_done();
}
