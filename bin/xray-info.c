/* SPDX-License-Identifier: ISC */
/* xray-info: all about a VM, one fact a line. */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "opt.h"
#include "table.h"
#include "vm.h"

static const struct opt opts[] = {
	OUT_OPTS,
	{ 'q', "quiet", NULL, "print nothing; 0 when it runs, else 1" },
	{ 0 },
};
static const struct usage use = { "xray-info", "VM ...", opts, 0 };

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

int
main(int argc, char **argv)
{
	const struct col *cols = all_cols();
	struct home home;
	struct out out = { 0 };
	struct table *t;
	struct why why;
	int c, quiet = 0, alive = 1;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (!out_opt(&out, c, optarg))
			quiet = 1;
	t = table_new(&out, cols, facts_ncols);
	if (optind == argc)
		die_usage(&use, "no VM named");
	if (home_open(&home, &why) < 0)
		die_why(&why);
	for (int i = optind; i < argc; i++) {
		struct vm vm;

		if (vm_open(&home, argv[i], &vm, &why) < 0)
			die_why(&why);
		alive &= vm_alive(&vm);
		facts_row(t, &home, vm.name, &vm);
		vm_close(&vm);
	}
	if (!quiet)
		table_print_facts(t);
	(void)say_done();
	return quiet && !alive ? EX_NO : 0;
}
