/* SPDX-License-Identifier: ISC */
/* xray-base: sealed images that VMs stand on. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "io.h"
#include "opt.h"
#include "recipe.h"
#include "sys.h"
#include "table.h"

enum { OPT_COPY = OPT_OWN, OPT_ARCH, OPT_USER, OPT_FIRMWARE, OPT_SIZE };

static struct home home;

static void
open_home(void)
{
	struct why why;

	if (home_open(&home, &why) < 0)
		die_why(&why);
}

/* "noble.qcow2" -> "noble" */
static char *
stem(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return xstrndup(
	    name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static void
tell_sealed(const char *name)
{
	struct base b;
	struct seal s;
	struct why why;

	if (base_open(&home, name, &b, &why) < 0 ||
	    base_seal_of(&b, b.current, &s, &why) < 0)
		die_why(&why);
	{
		const char *arch = conf_get(b.conf, NULL, "arch");
		const char *fw = conf_get(b.conf, NULL, "firmware");
		autofree char *size = num_human(s.size);

		note("%s: qcow2, %s (%.1f GiB virtual), %s, %s, generation "
		     "%lld, sha256 %.12s",
		    name, size, (double)s.virtual_size / (1 << 30),
		    arch ? arch : sys_arch(), fw ? fw : "bios", b.current,
		    s.sha256 ? s.sha256 : "?");
	}
	base_close(&b);
}

/* ---- import ---- */

static const struct opt import_opts[] = {
	{ 'n', "name", "NAME", "the base's name (the file's)" },
	{ OPT_COPY, "copy", NULL, "copy the file (the default)" },
	{ OPT_ARCH, "arch", "A", "x86_64 or aarch64 (this host's)" },
	{ OPT_USER, "user", "U", "the user in the image" },
	{ OPT_FIRMWARE, "firmware", "F", "bios or uefi (bios)" },
	{ 0 },
};
static const struct usage import_use = { "xray-base import", "FILE",
	import_opts, 0 };

static void
tick(uint64_t done, uint64_t all)
{
	autofree char *d = num_human(done), *a = num_human(all);

	progress("%s / %s", d, a);
}

static void
copy_in(int stage, const char *file)
{
	autoclose int from = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	autoclose int to = openat(
	    stage, "disk.qcow2", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		die_sys(EX_NOINPUT, "%s", file);
	if (!S_ISREG(st.st_mode))
		die(EX_NOINPUT, "%s: not a file", file);
	if (to < 0 || io_copy(from, to, tick) < 0)
		die_sys(EX_IOERR, "%s", file);
	progress_end();
}

static void
check_word(const struct usage *u, const char *option, const char *arg,
    const char *a, const char *b)
{
	if (strcmp(arg, a) != 0 && strcmp(arg, b) != 0)
		die_usage(u, "%s: %s: %s or %s", option, arg, a, b);
}

/* A name that is free, or a message; checked before the long work. */
static void
check_free(const char *name)
{
	struct why why;

	if (name_check(name, &why) < 0)
		die_why(&why);
	if (name_taken(home.bases, "base", name, &why) < 0)
		die(why.code, "%s; --name another", why.text);
}

static char *stage_name; /* removed at exit */

static void
drop_stage(void)
{
	if (stage_name)
		(void)io_remove_tree(home.bases, stage_name);
}

/* A staging directory that goes when we die. */
static int
open_stage(void)
{
	struct why why;
	int dir = base_stage(&home, &stage_name, &why);

	if (dir < 0)
		die_why(&why);
	atexit(drop_stage);
	return dir;
}

/* Seal the stage. */
static void
seal(const char *name, const char *facts)
{
	struct why why;

	if (base_make(&home, stage_name, name, facts, &why) < 0)
		die_why(&why);
	free(stage_name);
	stage_name = NULL;
}

static int
import(int argc, char **argv)
{
	const char *arg_name = NULL, *arch = NULL, *user = NULL, *fw = NULL;
	autofree char *name = NULL;
	autobuf struct buf facts = { 0 };
	int c, dir;

	while ((c = opt_next(argc, argv, &import_use)) != -1)
		switch (c) {
		case 'n':
			arg_name = optarg;
			break;
		case OPT_ARCH:
			arch = optarg;
			check_word(
			    &import_use, "--arch", arch, "x86_64", "aarch64");
			break;
		case OPT_USER:
			user = optarg;
			break;
		case OPT_FIRMWARE:
			fw = optarg;
			check_word(
			    &import_use, "--firmware", fw, "bios", "uefi");
			break;
		}
	if (argc - optind != 1)
		die_usage(&import_use, "one file");
	name = arg_name ? xstrdup(arg_name) : stem(argv[optind]);
	open_home();
	check_free(name);
	dir = open_stage();
	copy_in(dir, argv[optind]);
	buf_fmt(&facts, "arch=%s\nfirmware=%s\norigin=import\n",
	    arch ? arch : sys_arch(), fw ? fw : "bios");
	if (user)
		buf_fmt(&facts, "user=%s\n", user);
	seal(name, facts.p);
	say_result("Imported base image: %s\n", name);
	tell_sealed(name);
	return say_done();
}

/* ---- build ---- */

static const struct opt build_opts[] = {
	{ 'n', "name", "NAME", "the base's name (the recipe's)" },
	{ 'l', "list", NULL, "list the recipes" },
	{ OPT_ARCH, "arch", "A", "x86_64 or aarch64 (this host's)" },
	{ OPT_USER, "user", "U", "the user in the image (the recipe's)" },
	{ 0 },
};
static const struct usage build_use = { "xray-base build",
	"RECIPE [-- ARG ...]", build_opts, 0 };

static int
list_recipes(void)
{
	autostrv struct strv names = { 0 };
	struct why why;

	if (recipe_list(&names, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < names.n; i++)
		say("%s\n", names.v[i]);
	return say_done();
}

static int
build(int argc, char **argv)
{
	const char *name = NULL, *recipe, *arch = sys_arch();
	const char *user = NULL;
	autofree char *facts = NULL;
	struct why why;
	int c, dir, list = 0;

	while ((c = opt_next(argc, argv, &build_use)) != -1)
		switch (c) {
		case 'n':
			name = optarg;
			break;
		case 'l':
			list = 1;
			break;
		case OPT_USER:
			user = optarg;
			break;
		case OPT_ARCH:
			arch = optarg;
			check_word(
			    &build_use, "--arch", arch, "x86_64", "aarch64");
			break;
		}
	if (list)
		return list_recipes();
	if (optind == argc)
		die_usage(&build_use, "no recipe named");
	recipe = argv[optind++];
	if (recipe_check(recipe, &why) < 0)
		die_why(&why);
	open_home();
	name = name ? name : recipe;
	check_free(name);
	dir = open_stage();
	facts = recipe_run(&home, recipe, arch, user, dir, argv + optind, &why);
	if (!facts)
		die_why(&why);
	seal(name, facts);
	say_result("Built base image: %s\n", name);
	tell_sealed(name);
	return say_done();
}

/* ---- list, info ---- */

enum {
	NAME,
	FORMAT,
	SIZE,
	VIRTUAL,
	GEN,
	VMS,
	LINK,
	SHA,
	MADE,
	USER,
	ARCH,
	FIRMWARE,
	ORIGIN,
	NCOLS
};

static const struct col cols[] = {
	[NAME] = { "name", COL_TEXT, 1, NULL },
	[FORMAT] = { "format", COL_TEXT, 1, NULL },
	[SIZE] = { "size", COL_SIZE, 1, NULL },
	[VIRTUAL] = { "virtual", COL_MEM, 1, NULL },
	[GEN] = { "generation", COL_INT, 1, "GEN" },
	[VMS] = { "vms", COL_INT, 1, NULL },
	[LINK] = { "link", COL_TEXT, 1, NULL },
	[SHA] = { "sha256", COL_TEXT, 0, NULL },
	[MADE] = { "made", COL_TIME, 0, NULL },
	[USER] = { "user", COL_TEXT, 0, NULL },
	[ARCH] = { "arch", COL_TEXT, 0, NULL },
	[FIRMWARE] = { "firmware", COL_TEXT, 0, NULL },
	[ORIGIN] = { "origin", COL_TEXT, 0, NULL },
};

/* The row of a base; in a list VMS is a count, for one base the names. */
static void
row(struct table *t, const char *name, int one)
{
	autofree char *size = NULL, *virt = NULL, *gen = NULL;
	autobuf struct buf vms = { 0 };
	autostrv struct strv users = { 0 };
	const char *cells[NCOLS] = { 0 };
	struct base b;
	struct seal s;
	struct why why;

	if (base_open(&home, name, &b, &why) < 0 ||
	    base_seal_of(&b, b.current, &s, &why) < 0 ||
	    base_users(&home, name, &users, &why) < 0) {
		if (one)
			die_why(&why);
		warn_why(&why); /* the others are worth a line all the same */
		return;
	}
	size = xasprintf("%" PRIu64, s.size);
	virt = xasprintf("%" PRIu64, s.virtual_size);
	gen = xasprintf("%lld", b.current);
	if (!one)
		buf_fmt(&vms, "%zu", users.n);
	for (size_t i = 0; one && i < users.n; i++)
		buf_fmt(&vms, "%s%s", i ? "," : "", users.v[i]);
	for (size_t i = 0; i < NCOLS; i++)
		cells[i] = conf_get(b.conf, NULL, cols[i].name);
	cells[NAME] = name;
	cells[SIZE] = size;
	cells[VIRTUAL] = virt;
	cells[GEN] = gen;
	cells[VMS] = vms.p ? vms.p : "";
	cells[SHA] = s.sha256;
	table_row(t, cells);
	base_close(&b);
}

static const struct opt list_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct usage list_use = { "xray-base list", "", list_opts, 0 };

static int
list(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	struct out out = { 0 };
	struct table *t;
	struct why why;
	int c;

	while ((c = opt_next(argc, argv, &list_use)) != -1)
		(void)out_opt(&out, c, optarg);
	if (optind < argc)
		die_usage(&list_use, "no operands");
	open_home();
	t = table_new(&out, cols, NCOLS);
	if (name_list(home.bases, &names, &why) < 0)
		die_why(&why);
	if (!names.n && say_chatty())
		hint("No bases found. Build one: xray base build tiny");
	for (size_t i = 0; i < names.n; i++)
		row(t, names.v[i], 0);
	table_print(t);
	return say_done();
}

static const struct usage info_use = { "xray-base info", "BASE", list_opts, 0 };

static int
info(int argc, char **argv)
{
	struct col shown[NCOLS];
	struct out out = { 0 };
	struct table *t;
	int c;

	while ((c = opt_next(argc, argv, &info_use)) != -1)
		(void)out_opt(&out, c, optarg);
	if (argc - optind != 1)
		die_usage(&info_use, "one base");
	memcpy(shown, cols, sizeof shown);
	shown[VMS].kind = COL_TEXT; /* their names, here */
	for (size_t i = 0; i < NCOLS; i++)
		shown[i].shown = 1;
	open_home();
	t = table_new(&out, shown, NCOLS);
	row(t, argv[optind], 1);
	table_print_facts(t);
	return say_done();
}

/* ---- remove ---- */

static const struct opt remove_opts[] = {
	{ 'y', "yes", NULL, "do not ask" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would go" },
	{ 0 },
};
static const struct usage remove_use = { "xray-base remove", "BASE ...",
	remove_opts, 0 };

static void
check_unused(const char *name)
{
	autostrv struct strv users = { 0 };
	autobuf struct buf b = { 0 };
	struct why why;

	if (base_users(&home, name, &users, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < users.n; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", users.v[i]);
	if (users.n)
		die(EX_TEMPFAIL, "%s: in use by %s; remove them first", name,
		    b.p);
}

static int
drop(int argc, char **argv)
{
	int c, yes = 0, dry = 0, lock;
	struct base b;
	struct why why;

	while ((c = opt_next(argc, argv, &remove_use)) != -1)
		if (c == 'y')
			yes = 1;
		else
			yes = dry = 1;
	if (optind == argc)
		die_usage(&remove_use, "no base named");
	open_home();
	for (int i = optind; i < argc; i++) {
		if (name_check(argv[i], &why) < 0)
			die_why(&why);
		/* a broken one can go too */
		if (base_open(&home, argv[i], &b, &why) == 0)
			base_close(&b);
		else if (why.code == EX_NOINPUT &&
		    faccessat(home.bases, argv[i], F_OK, 0) < 0)
			die_why(&why);
		check_unused(argv[i]);
	}
	if (!confirm(yes, "Delete %s%s?",
		argc - optind > 1 ? "these bases, the first being " : "base ",
		argv[optind]))
		return EX_NO;
	if ((lock = home_lock(&home, &why)) < 0)
		die_why(&why);
	for (int i = optind; i < argc; i++) {
		check_unused(argv[i]); /* now that no VM can be made */
		if (dry)
			hint("would remove %s/bases/%s", home.path, argv[i]);
		else if (base_remove(&home, argv[i], &why) < 0)
			die_why(&why);
		else
			say_result("Removed base image: %s\n", argv[i]);
	}
	close(lock);
	return say_done();
}

static const struct verb verbs[] = {
	{ &build_use, build, "make a base by a recipe" },
	{ &import_use, import, "make a base of a qcow2 image" },
	{ &list_use, list, "list the bases" },
	{ &info_use, info, "all about one" },
	{ &remove_use, drop, "remove bases that no VM stands on" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
