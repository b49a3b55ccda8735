/* SPDX-License-Identifier: ISC */
/* xray-build: bases made by a recipe or by an installer; run by xray-base. */
#include "say.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_facts.h"
#include "io.h"
#include "keys.h"
#include "opt.h"
#include "recipe.h"
#include "run.h"
#include "sys.h"
#include "workshop.h"

enum {
	OPT_ARCH = OPT_OWN,
	OPT_USER,
	OPT_ISO,
	OPT_SIZE,
	OPT_DISPLAY,
	OPT_FIRMWARE
};

static const struct opt build_opts[] = {
	{ 'n', "name", "NAME", "the base's name (the recipe's)" },
	{ 'l', "list", NULL, "list the recipes" },
	{ OPT_ARCH, "arch", "A", "x86_64 or aarch64 (this host's)" },
	{ OPT_USER, "user", "U", "the user in the image (the recipe's)" },
	{ OPT_ISO, "iso", "FILE", "install from this image, by hand" },
	{ OPT_SIZE, "size", "SIZE", "the disk, with --iso; a number is GiB" },
	{ OPT_DISPLAY, "display", "D", "the installer's screen (none)" },
	{ OPT_FIRMWARE, "firmware", "F", "bios or uefi, with --iso (bios)" },
	{ 'm', "memory", "SIZE", "memory, with --iso; a number is MiB" },
	{ 'c', "cpus", "N", "processors, with --iso" },
	{ 0 },
};
static const struct usage build_use = { "xray-base build",
	"(RECIPE [-- ARG ...] | NAME)", build_opts, 0 };

static const struct opt seal_opts[] = {
	{ OPT_USER, "user", "U", "the user in the image" },
	{ 0 },
};
static const struct usage seal_use = { "xray-base seal", "[NAME]", seal_opts,
	0 };

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

/* ---- an installer ---- */

static char *
program(const char *name)
{
	autofree char *bin = home_bin_dir(NULL);

	return xasprintf("%s/%s", bin ? bin : ".", name);
}

/* Run one of ours on our terminal, and wait; its exit code. */
static int
tool(const char *name, const char *arg)
{
	autofree char *path = program(name);
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	struct why why;
	pid_t pid;

	strv_words(&argv, path, WORKSHOP, arg, NULL);
	pid = run_spawn(&r, argv.v, &why);
	if (pid < 0)
		die_why(&why);
	return run_wait(pid, -1);
}

/* Until it is off; the person may be at its console, or here. */
static void
await_off(const struct vm *vm)
{
	if (strcmp(vm->display, "none") == 0 && isatty(STDIN_FILENO) &&
	    isatty(STDOUT_FILENO))
		(void)tool("xray-console", NULL); /* it tells why itself */
	if (vm_alive(vm))
		hint("%s: runs; elsewhere: xray console %s, xray screenshot "
		     "%s. Sealed when it is switched off; after Ctrl-C by "
		     "xray base seal",
		    vm->name, vm->name, vm->name);
	while (!vm_wait_end(vm, io_now() + 3600000))
		continue;
}

static int
finish(const char *name, const char *user)
{
	autofree char *sealed = NULL;
	struct why why;

	if (workshop_seal(&home, name, user, &sealed, &why) < 0)
		die_why(&why);
	say_result("Sealed: %s generation 1\n", sealed);
	tell_sealed(sealed);
	return say_done();
}

static int
install(struct vm_spec *spec)
{
	autofree char *ended = NULL;
	struct vm vm;
	struct why why;
	int code;

	if (workshop_make(&home, spec, &vm, &why) < 0)
		die_why(&why);
	code = tool("xray-start", NULL);
	if (code) {
		int lock = vm_lock(&home, &vm, 0, &why);

		if (lock >= 0)
			(void)vm_remove(&home, &vm, &why); /* or it stays */
		return code;
	}
	await_off(&vm);
	ended = workshop_ended(&vm);
	if (!ended || strcmp(ended, "guest-shutdown") != 0)
		die(EX_UNAVAILABLE,
		    "%s: not switched off by the guest (%s), so not sealed; "
		    "xray start %s goes on, xray base seal takes it as it is, "
		    "xray remove %s drops it",
		    vm.name, ended ? ended : "it did not run", vm.name,
		    vm.name);
	return finish(NULL, spec->ssh_user);
}

/* ---- build, seal ---- */

static struct vm_spec spec;
static const char *recipe_name;
static int names;

static void
build_option(int c)
{
	switch (c) {
	case 'n':
		recipe_name = optarg;
		break;
	case 'l':
		names = 1;
		break;
	case OPT_USER:
		spec.ssh_user = optarg;
		break;
	case OPT_ARCH:
		spec.arch = opt_word(&build_use, "--arch", optarg, vm_archs);
		break;
	case OPT_ISO:
		spec.cdrom = realpath(optarg, NULL);
		if (!spec.cdrom || access(spec.cdrom, R_OK) < 0)
			die_sys(EX_NOINPUT, "%s", optarg);
		break;
	case OPT_SIZE:
		spec.disk = opt_size(&build_use, "--size", optarg, 1 << 30);
		break;
	case OPT_DISPLAY:
		spec.display =
		    opt_word(&build_use, "--display", optarg, vm_displays);
		break;
	case OPT_FIRMWARE:
		spec.firmware =
		    opt_word(&build_use, "--firmware", optarg, vm_firmwares);
		break;
	case 'm':
		spec.memory = opt_size(&build_use, "--memory", optarg, 1 << 20);
		break;
	case 'c':
		spec.cpus = opt_int(&build_use, "--cpus", optarg, 1, 255);
		break;
	}
}

static int
by_recipe(const char *recipe, char **args)
{
	const char *name = recipe_name ? recipe_name : recipe;
	struct why why;

	if (recipe_check(recipe, &why) < 0)
		die_why(&why);
	open_home();
	if (name_check(name, &why) < 0)
		die_why(&why);
	if (name_taken(home.bases, "base", name, &why) < 0)
		die(why.code, "%s; --name another", why.text);
	if (recipe_base(&home, recipe, name, spec.arch ? spec.arch : sys_arch(),
		spec.ssh_user, args, &why) < 0)
		die_why(&why);
	say_result("Built base image: %s\n", name);
	tell_sealed(name);
	return say_done();
}

/* Of a disk that is installed on. */
static uint64_t
usual_size(void)
{
	const struct key *k = key_find("system_disk_size", NULL);
	char *origin, *value = key_value(&home, NULL, k, 0, &origin);
	struct why why;
	uint64_t n;

	if (key_check(k, value, &why) < 0 || num_size(value, 1 << 30, &n) < 0)
		die(EX_CONFIG, "%s: %s", origin, why.text);
	free(value);
	free(origin);
	return n;
}

static int
build(int argc, char **argv)
{
	int c, iso;

	while ((c = opt_next(argc, argv, &build_use)) != -1)
		build_option(c);
	iso = spec.cdrom != NULL;
	if (names)
		return list_recipes();
	if (optind == argc)
		die_usage(&build_use,
		    iso ? "no name given" : "no recipe named; -l lists them");
	if (!iso && (spec.disk || spec.display || spec.firmware || spec.memory))
		die_usage(&build_use, "--size and such go with --iso");
	if (!iso)
		return by_recipe(argv[optind], argv + optind + 1);
	if (argc - optind > 1 || recipe_name)
		die_usage(&build_use, "--iso FILE NAME");
	spec.becomes = argv[optind];
	open_home();
	if (!spec.disk)
		spec.disk = usual_size();
	return install(&spec);
}

static int
seal(int argc, char **argv)
{
	const char *user = NULL;

	while (opt_next(argc, argv, &seal_use) != -1)
		user = optarg;
	if (argc - optind > 1)
		die_usage(&seal_use, "one base");
	open_home();
	return finish(argv[optind], user);
}

static const struct verb verbs[] = {
	{ &build_use, build, "make a base by a recipe or an installer" },
	{ &seal_use, seal, "make a base of what was installed" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
