/* SPDX-License-Identifier: ISC */
/* xray-isolate: run a program without a network and without privileges. */
#include "say.h"

#include <errno.h>
#include <unistd.h>

#include "isolate.h"
#include "opt.h"
#include "run.h"

enum { OPT_TRY = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_TRY, "try", NULL, "where that cannot be, run it all the same" },
	{ 0 },
};
static const struct usage use = { "xray-isolate", "COMMAND [ARG ...]", opts,
	1 };

int
main(int argc, char **argv)
{
	autofree char *path = NULL;
	int attempt = 0;
	struct why why = { 0 };

	while (opt_next(argc, argv, &use) != -1)
		attempt = 1;
	if (optind == argc)
		die_usage(&use, "a command");
	argv += optind;
	path = run_find(argv[0]);
	if (!path)
		die(EX_NOTFOUND, "%s: not found", argv[0]);
	if (isolate(&why) < 0 && !attempt)
		die_why(&why);
	else if (why.code)
		warn("%s; it runs all the same", why.text);
	execv(path, argv);
	die_sys(EX_CANTEXEC, "%s", path);
}
