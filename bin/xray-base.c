/* SPDX-License-Identifier: ISC */
/* xray-base: sealed images that VMs stand on. */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "base_facts.h"
#include "guess.h"
#include "image.h"
#include "import.h"
#include "opt.h"
#include "vm.h"

enum {
	OPT_COPY = OPT_OWN,
	OPT_LINK,
	OPT_FORMAT,
	OPT_SHA256,
	OPT_ARCH,
	OPT_USER,
	OPT_FIRMWARE,
	OPT_FULL
};

static struct home home;

static void
open_home(void)
{
	struct why why;

	if (home_open(&home, &why) < 0)
		die_why(&why);
}

static void
tell_sealed(const char *name)
{
	autofree char *text = NULL;
	struct why why;

	if (!(text = base_summary(&home, name, &why)))
		die_why(&why);
	note("%s: %s", name, text);
}

/* A name that is free, or a message; checked before the long work. */
static void
check_free(const char *name)
{
	struct why why;

	if (name_check(name, &why) < 0 ||
	    name_taken(home.bases, "base", name, &why) < 0)
		die(why.code, "%s; --name another", why.text);
}

/* ---- import ---- */

static const struct opt import_opts[] = {
	{ 'n', "name", "NAME", "the base's name (the file's)" },
	{ OPT_LINK, "link", NULL, "stand on the file itself, do not copy it" },
	{ OPT_COPY, "copy", NULL, "copy the file (the default)" },
	{ OPT_FORMAT, "format", "F",
	    "qcow2, raw, vmdk, vdi, vhd or vhdx (told by the content)" },
	{ OPT_SHA256, "sha256", "SUM", "what the file has to be" },
	{ OPT_USER, "user", "U", "the user in the image (by its name)" },
	{ OPT_ARCH, "arch", "A", "x86_64 or aarch64 (by its content)" },
	{ OPT_FIRMWARE, "firmware", "F", "bios or uefi (by its content)" },
	{ 'f', "force", NULL, "also when min_free is not left" },
	{ 0 },
};
static const struct usage import_use = { "xray-base import", "FILE|URL",
	import_opts, 0 };

static void
import_options(int argc, char **argv, struct import *im)
{
	int c;

	while ((c = opt_next(argc, argv, &import_use)) != -1)
		switch (c) {
		case 'n':
			im->name = optarg;
			break;
		case 'f':
			im->force = 1;
			break;
		case OPT_LINK:
		case OPT_COPY:
			im->link = c == OPT_LINK;
			break;
		case OPT_FORMAT:
			if (!(im->format = image_format(optarg)))
				die_usage(&import_use,
				    "--format: %s: qcow2, raw, vmdk, vdi, vhd "
				    "or vhdx",
				    optarg);
			break;
		case OPT_SHA256:
			im->sha256 = optarg;
			break;
		case OPT_ARCH:
			im->arch =
			    opt_word(&import_use, "--arch", optarg, vm_archs);
			break;
		case OPT_USER:
			im->user = optarg;
			break;
		case OPT_FIRMWARE:
			im->firmware = opt_word(
			    &import_use, "--firmware", optarg, vm_firmwares);
			break;
		}
	if (argc - optind != 1)
		die_usage(&import_use, "one file or URL");
	im->from = argv[optind];
}

static int
import(int argc, char **argv)
{
	struct import im = { .tell = progress_text };
	autofree char *name = NULL, *user = NULL;
	struct why why;

	import_options(argc, argv, &im);
	name = im.name ? xstrdup(im.name) : import_stem(im.from);
	im.name = name;
	if (import_check(&im, &why) < 0)
		die_why(&why);
	open_home();
	check_free(name);
	if (!im.user)
		im.user = guess_user(im.from);
	if (!im.user) { /* asked before the long work */
		user = ask_line("ubuntu", "User in the image");
		if (user && base_label_check("user", user, &why) < 0)
			die_why(&why);
		im.user = user;
	}
	if (import_run(&home, &im, &why) < 0)
		die_why(&why);
	progress_end();
	say_result(
	    "%s base image: %s\n", im.link ? "Linked" : "Imported", name);
	tell_sealed(name);
	for (size_t i = 0; i < im.notes.n; i++)
		note("%s", im.notes.v[i]);
	strv_free(&im.notes);
	return say_done();
}

/* ---- build, seal ---- */

static const struct usage build_use = { "xray-base build", "", NULL, 0 };
static const struct usage seal_use = { "xray-base seal", "", NULL, 0 };

/* What takes long and starts machines is a program of its own. */
static int
make(int argc, char **argv)
{
	autofree char *bin = home_bin_dir(NULL);
	autofree char *path = xasprintf("%s/xray-build", bin ? bin : ".");
	autostrv struct strv words = { 0 };

	strv_add(&words, path);
	for (int i = 0; i < argc; i++)
		strv_add(&words, argv[i]);
	execv(path, words.v);
	die_sys(EX_CANTEXEC, "%s", path);
}

/* ---- list, info ---- */

static const struct opt list_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct usage list_use = { "xray-base list", "", list_opts, 0 };

/* The bases named from argv[optind] on, or all of them. */
static void
operands(int argc, char **argv, struct strv *names)
{
	struct why why;

	open_home();
	for (int i = optind; i < argc; i++)
		strv_add(names, argv[i]);
	if (optind == argc && name_list(home.bases, names, &why) < 0)
		die_why(&why);
}

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
	t = table_new(&out, base_cols, base_ncols);
	operands(argc, argv, &names);
	if (!names.n && say_chatty())
		hint("No bases found. Build one: xray base build tiny");
	for (size_t i = 0; i < names.n; i++)
		if (base_row(t, &home, names.v[i], 0, &why) < 0)
			warn_why(&why); /* the others are worth a line */
	table_print(t);
	return say_done();
}

static const struct usage info_use = { "xray-base info", "BASE", list_opts, 0 };

static int
info(int argc, char **argv)
{
	struct out out = { 0 };
	struct table *t;
	struct why why;
	int c;

	while ((c = opt_next(argc, argv, &info_use)) != -1)
		(void)out_opt(&out, c, optarg);
	if (argc - optind != 1)
		die_usage(&info_use, "one base");
	t = table_new(&out, base_cols_one, base_ncols);
	open_home();
	if (base_row(t, &home, argv[optind], 1, &why) < 0)
		die_why(&why);
	table_print_facts(t);
	return say_done();
}

/* ---- verify ---- */

static const struct opt verify_opts[] = {
	{ OPT_FULL, "full", NULL, "hash all, also where nothing changed" },
	OUT_OPTS,
	{ 0 },
};
static const struct usage verify_use = { "xray-base verify", "[BASE ...]",
	verify_opts, 0 };
static int
verify(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	struct out out = { 0 };
	struct table *t;
	int c, full = 0, code = 0;

	while ((c = opt_next(argc, argv, &verify_use)) != -1)
		if (!out_opt(&out, c, optarg))
			full = 1;
	t = table_new(&out, base_verify_cols, base_verify_ncols);
	operands(argc, argv, &names);
	for (size_t i = 0; i < names.n; i++) {
		int r;

		progress("%s: hashing", names.v[i]);
		r = base_verify(t, &home, names.v[i], full, warn_why);
		code = code ? code : r;
	}
	progress_end();
	table_print(t);
	(void)say_done();
	return code;
}

/* ---- use, label ---- */

static const struct opt no_opts[] = { { 0 } };
static const struct usage use_use = { "xray-base use", "BASE GEN", no_opts, 0 };

static int
use(int argc, char **argv)
{
	const char *name;
	long long gen;
	struct why why;

	while (opt_next(argc, argv, &use_use) != -1)
		;
	if (argc - optind != 2)
		die_usage(&use_use, "a base and a generation");
	name = argv[optind];
	gen = opt_int(&use_use, "GEN", argv[optind + 1], 1, 1 << 30);
	open_home();
	if (base_use(&home, name, gen, &why) < 0)
		die_why(&why);
	hint("%s: new VMs take generation %lld", name, gen);
	return say_done();
}

static const struct usage label_use = { "xray-base label", "BASE KEY=VALUE ...",
	no_opts, 0 };

static int
label(int argc, char **argv)
{
	struct why why;

	while (opt_next(argc, argv, &label_use) != -1)
		;
	if (argc - optind < 2)
		die_usage(&label_use, "a base, and KEY=VALUE");
	open_home();
	if (base_label(&home, argv[optind], argv + optind + 1, &why) < 0)
		die_why(&why);
	return say_done();
}

/* ---- gc, remove ---- */

static const struct opt remove_opts[] = {
	{ 'y', "yes", NULL, "do not ask" },
	{ OPT_DRY_RUN, "dry-run", NULL, "say what would go" },
	{ 0 },
};
static const struct usage remove_use = { "xray-base remove", "BASE ...",
	remove_opts, 0 };
static const struct usage gc_use = { "xray-base gc", "[BASE ...]", remove_opts,
	0 };

/* -y and --dry-run, neither of which asks: 1 for a dry run. */
static int
remove_options(int argc, char **argv, const struct usage *u, int *yes)
{
	int c, dry = 0;

	*yes = 0;
	while ((c = opt_next(argc, argv, u)) != -1) {
		*yes = 1;
		dry |= c == OPT_DRY_RUN;
	}
	return dry;
}

static void
tell_line(const char *text)
{
	hint("%s", text);
}

static int
gc(int argc, char **argv)
{
	autostrv struct strv names = { 0 }, gens = { 0 };
	int yes, dry = remove_options(argc, argv, &gc_use, &yes), code = 0;
	struct why why;

	operands(argc, argv, &names);
	home_sweep(home.bases);
	for (size_t i = 0; i < names.n; i++)
		(void)base_garbage(&home, names.v[i], &gens, NULL);
	if (gens.n && !confirm(yes, "Remove %zu old generation(s)?", gens.n))
		return EX_NO;
	for (size_t i = 0; i < names.n; i++)
		if (base_gc(&home, names.v[i], dry, tell_line, &why) < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		}
	if (!gens.n && !code)
		hint("No generation to remove.");
	(void)say_done();
	return code;
}

static int
drop(int argc, char **argv)
{
	int yes, dry = remove_options(argc, argv, &remove_use, &yes), code = 0;
	struct why why;

	if (optind == argc)
		die_usage(&remove_use, "no base named");
	open_home();
	for (int i = optind; i < argc; i++)
		if (base_removable(&home, argv[i], &why) < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		}
	if (code)
		return code;
	if (!confirm(yes, "Delete %s%s?",
		argc - optind > 1 ? "these bases, the first being " : "base ",
		argv[optind]))
		return EX_NO;
	for (int i = optind; i < argc; i++)
		if (dry)
			hint("would remove %s/bases/%s", home.path, argv[i]);
		else if (base_remove(&home, argv[i], &why) < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		} else
			say_result("Removed base image: %s\n", argv[i]);
	(void)say_done();
	return code;
}

static const struct verb verbs[] = {
	{ &build_use, make, "make a base by a recipe or an installer" },
	{ &seal_use, make, "make a base of what was installed" },
	{ &import_use, import, "make a base of an image from elsewhere" },
	{ &list_use, list, "list the bases" },
	{ &info_use, info, "all about one" },
	{ &verify_use, verify, "are they what was sealed" },
	{ &use_use, use, "choose the generation that new VMs take" },
	{ &label_use, label, "set what new VMs begin with" },
	{ &gc_use, gc, "remove generations that nothing needs" },
	{ &remove_use, drop, "remove bases that no VM stands on" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
