/* SPDX-License-Identifier: ISC */
/* xray-path: where things are kept. */
#include "say.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "opt.h"
#include "qemu.h"
#include "sel.h"

static const struct opt opts[] = {
	{ 0 },
};
static const struct usage use = { "xray-path", "VM|base[:NAME] [THING]", opts,
	0 };

/* Things below a VM's directory, "" itself; backups stand elsewhere. */
static const struct thing {
	const char *name, *file;
	int base; /* a base has it too */
} things[] = {
	{ "data", "", 1 },
	{ "backups", NULL, 0 },
	{ "manifest", "/manifest", 0 },
	{ "system-image", "/disk.qcow2", 1 },
	{ "home-image", "/home.qcow2", 1 },
	{ "conf", "/vm.ini", 1 },
	{ "rules", "/rules", 0 },
	{ "log", "/log", 0 },
	{ "qmp", "/" VM_QMP, 0 },
	{ "console", "/" VM_CONSOLE, 0 },
	{ "disk", "/disk.qcow2", 1 },
};

static struct home home;

static const struct thing *
find(const char *name)
{
	autobuf struct buf b = { 0 };

	for (size_t i = 0; i < LEN(things); i++) {
		if (strcmp(things[i].name, name) == 0)
			return &things[i];
		buf_fmt(&b, " %s", things[i].name);
	}
	die(EX_NOINPUT, "%s: no such thing; there are%s", name, b.p);
}

static void
of_vm(const char *name, const struct thing *t)
{
	struct why why;
	struct vm vm;

	if (strcmp(name, "maintenance") == 0) { /* no name a user may give */
		if (faccessat(home.vms, name, F_OK, 0) < 0)
			die(EX_NOINPUT, "no base is being maintained");
		vm.name = xstrdup(name);
	} else if (sel_open(&home, SEL_BROKEN, name, &vm, &why) < 0)
		die_why(&why);
	if (t->file)
		say("%s/vms/%s%s\n", home.path, vm.name, t->file);
	else
		say("%s/backups/%s\n", home.path, vm.name);
}

/* base:NAME, or the one that create would take. */
static void
of_base(const char *name, const struct thing *t)
{
	autostrv struct strv names = { 0 };
	struct base b;
	struct why why;

	if (!name)
		name = conf_get(home.conf, NULL, "base");
	if (!name && name_list(home.bases, &names, &why) < 0)
		die_why(&why);
	if (!name && names.n != 1)
		die_usage(&use, "which base? base:NAME");
	if (base_open(&home, name ? name : names.v[0], &b, &why) < 0)
		die_why(&why);
	if (!t->base)
		die(EX_NOINPUT, "%s: a base has no %s", b.name, t->name);
	if (!*t->file)
		say("%s/bases/%s\n", home.path, b.name);
	else if (strcmp(t->name, "conf") == 0)
		say("%s/bases/%s/base.ini\n", home.path, b.name);
	else
		say("%s/bases/%s/%lld%s\n", home.path, b.name, b.current,
		    t->file);
}

int
main(int argc, char **argv)
{
	const struct thing *t;
	const char *what;
	struct why why;

	while (opt_next(argc, argv, &use) != -1)
		;
	if (argc - optind < 1 || argc - optind > 2)
		die_usage(&use, "a VM or base, and perhaps a thing");
	what = argv[optind];
	t = find(argc - optind == 2 ? argv[optind + 1] : "data");
	if (home_open(&home, &why) < 0)
		die_why(&why);
	if (strcmp(what, "base") == 0)
		of_base(NULL, t);
	else if (str_starts(what, "base:"))
		of_base(what + strlen("base:"), t);
	else
		of_vm(what, t);
	return say_done();
}
