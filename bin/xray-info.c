/* SPDX-License-Identifier: ISC */
/* xray-info: all about a VM, one fact a line; and what takes the disk. */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "each.h"
#include "facts.h"
#include "opt.h"
#include "room.h"
#include "table.h"
#include "usage.h"

enum { OPT_DISK = OPT_OWN };

static const struct opt opts[] = {
	OUT_OPTS,
	{ OPT_DISK, "disk", NULL, "what takes how much of the disk" },
	{ 'q', "quiet", NULL, "print nothing; 0 when it runs, else 1" },
	{ 0 },
};
static const struct usage use = { "xray-info", "VM ...", opts, 0 };

static struct each e = EACH_INIT;
static struct out out;
static struct table *table;

/* Everything is shown, where list shows a few columns. */
static const struct col *
all_cols(void)
{
	struct col *cols = xcalloc(facts_ncols, sizeof *cols);

	for (size_t i = 0; i < facts_ncols; i++) {
		cols[i] = facts_cols[i];
		cols[i].shown = 1;
	}
	return cols;
}

/* ---- facts ---- */

static int quiet, alive = 1, facts;

/* The value alone, of one VM: without a value there is nothing to print. */
static int
one_value(const struct vm *vm)
{
	autofree char *v = facts_value(&e.home, vm, out.fields);

	if (v && !quiet)
		say("%s\n", v);
	return v != NULL;
}

static int
fact(struct each *unused, struct vm *vm, struct why *why)
{
	(void)unused;
	/* what is wrong with a broken one, its second opening tells */
	if (vm->broken) {
		struct vm again;

		alive = 0;
		if (vm_open(&e.home, vm->name, &again, why) == 0)
			vm_close(&again);
		facts_row(table, &e.home, vm->name, NULL, why);
		return -1;
	}
	alive &= vm_alive(vm);
	facts_row(table, &e.home, vm->name, vm, NULL);
	if (e.names.n == 1 && out.bare && out.fields && !out.json &&
	    !strchr(out.fields, ','))
		facts = one_value(vm);
	else
		facts = -1;
	return 0;
}

static int
tell_facts(int argc, char **argv)
{
	struct why why;
	int code;

	table = table_new(&out, all_cols(), facts_ncols);
	e.all = SEL_BROKEN;
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	facts = -1;
	code = each_vm(&e, fact, warn_why);
	if (!quiet && facts < 0)
		table_print_facts(table);
	(void)say_done();
	if (code)
		return code;
	return (quiet && !alive) || facts == 0 ? EX_NO : 0;
}

/* ---- disk ---- */

static struct most most;

static int
vm_usage(struct each *unused, struct vm *vm, struct why *why)
{
	(void)unused;
	return usage_vm(table, &e.home, vm, &most, why);
}

static int
base_usage(void)
{
	autostrv struct strv names = { 0 };
	int code = 0;
	struct why why;

	if (name_list(e.home.bases, &names, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < names.n; i++)
		if (usage_base(table, &e.home, names.v[i], &most, &why) < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		}
	return code;
}

static void
tell_room(void)
{
	autofree char *is = NULL, *frees = num_human(most.bytes);
	struct room room;

	if (room_look(&e.home, &room, NULL) < 0)
		return;
	is = num_human(room.free);
	if (most.command)
		hint("%s free on %s; frees most: %s (%s)", is, room.mount,
		    most.command, frees);
	else
		hint("%s free on %s", is, room.mount);
	room_free(&room);
}

static int
tell_disk(int argc, char **argv)
{
	struct why why;
	int code, all = optind == argc, got;

	table = usage_table(&out, argc - optind != 1);
	if (all)
		e.all = SEL_ALL;
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	code = each_vm(&e, vm_usage, warn_why);
	if (all) {
		got = base_usage();
		code = code ? code : got;
	}
	table_print(table);
	if (all)
		tell_room();
	(void)say_done();
	return code;
}

int
main(int argc, char **argv)
{
	int c, disk = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_DISK)
			disk = 1;
		else if (!out_opt(&out, c, optarg))
			quiet = 1;
	return disk ? tell_disk(argc, argv) : tell_facts(argc, argv);
}
