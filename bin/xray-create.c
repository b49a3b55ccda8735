/* SPDX-License-Identifier: ISC */
/* xray-create: a new VM, a thin overlay on a sealed base. */
#include "say.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "firewall.h"
#include "forward.h"
#include "hook.h"
#include "io.h"
#include "json.h"
#include "keys.h"
#include "opt.h"
#include "rulefile.h"
#include "run.h"
#include "settings.h"
#include "ssh.h"
#include "sys.h"
#include "vm.h"

enum {
	OPT_DISK = OPT_OWN,
	OPT_SSH_PORT,
	OPT_SSH_USER,
	OPT_FIRMWARE,
	OPT_NET,
	OPT_MODE,
	OPT_NO_DEFAULTS,
	OPT_RULES,
	OPT_ALLOW,
	OPT_DENY,
	OPT_LABEL,
	OPT_ACCEL,
	OPT_GENERATION,
	OPT_ARCH,
	OPT_DISPLAY,
	OPT_SSH_KEY,
	OPT_USER_DATA,
	OPT_CONFIG,
	OPT_PROVISION,
	OPT_START,
	OPT_NO_START
};

static const struct opt opts[] = {
	{ 'b', "base", "BASE", "the base to stand on" },
	{ OPT_GENERATION, "generation", "N", "one of its generations" },
	{ 'm', "memory", "SIZE", "memory; a bare number is MiB" },
	{ 'c', "cpus", "N", "processors" },
	{ OPT_DISK, "disk", "SIZE", "disk size; a bare number is GiB" },
	{ 'p', "port", "[ADDR:]HOST:GUEST[/udp]", "forward a port" },
	{ OPT_SSH_PORT, "ssh-port", "N", "ssh's port on 127.0.0.1" },
	{ OPT_SSH_USER, "ssh-user", "U", "the user in the guest" },
	{ OPT_SSH_KEY, "ssh-key", "FILE.pub", "let in by this key too" },
	{ OPT_USER_DATA, "user-data", "FILE", "give this to cloud-init" },
	{ OPT_PROVISION, "provision", "FILE", "run this in the guest once" },
	{ OPT_ARCH, "arch", "A", "the base's, x86_64 or aarch64" },
	{ OPT_FIRMWARE, "firmware", "F", "bios or uefi" },
	{ OPT_DISPLAY, "display", "D",
	    "none, gtk, sdl, cocoa, curses, vnc or spice" },
	{ OPT_NET, "net", "N", "filtered, proxy, open or none" },
	{ OPT_MODE, "mode", "M",
	    "ask, deny, allow or learn: no rule names it" },
	{ OPT_NO_DEFAULTS, "no-defaults", NULL, "not the trusted domains" },
	{ OPT_RULES, "rules", "FILE", "begin with these firewall rules" },
	{ OPT_ALLOW, "allow", "DEST", "and let it reach that" },
	{ OPT_DENY, "deny", "DEST", "or not" },
	{ OPT_ACCEL, "accel", "A", "auto, kvm, hvf or tcg" },
	{ OPT_LABEL, "label", "TEXT", "a remark" },
	{ OPT_CONFIG, "config", "FILE", "an ini of such settings" },
	{ 'f', "force", NULL, "more memory than this host has" },
	{ OPT_START, "start", NULL, "start it" },
	{ OPT_NO_START, "no-start", NULL, "do not, whatever autostart says" },
	{ 'w', "wait", NULL, "start it and wait for ssh" },
	{ OPT_JSON, "json", NULL, "print JSON" },
	{ 0 },
};
static const struct usage use = { "xray-create", "NAME ...", opts, 0 };

static struct home home;
static struct vm_spec spec;
static int start = -1, wait_guest, json, force;
static struct strv names; /* of the VMs to be */

/* Options as they were given: a file's settings come before them. */
static struct {
	int c;
	char *arg;
} given[256];
static size_t ngiven;

static void
add_port(const char *arg)
{
	struct forward f;
	struct why why;

	if (forward_parse(arg, &f, &why) < 0)
		die_usage(&use, "--port: %s", why.text);
	strv_add(&spec.ports, arg);
}

/* The guest is told of it at each start, wherever that is typed. */
static void
add_key(const char *file)
{
	autofree char *path = realpath(file, NULL);

	if (!path || access(path, R_OK) < 0)
		die_sys(EX_NOINPUT, "%s", file);
	if (conf_check("vm.ini", "ssh_keys", path, NULL) < 0)
		die(EX_USAGE, "%s: path too long for vm.ini", path);
	strv_add(&spec.ssh_keys, path);
}

/* Options that are a text, and those that are one of some words. */
static const struct {
	int c;
	const char **to, *name;
	const char *const *words;
} texts[] = {
	{ 'b', &spec.base, NULL, NULL },
	{ OPT_SSH_USER, &spec.ssh_user, NULL, NULL },
	{ OPT_USER_DATA, &spec.user_data, NULL, NULL },
	{ OPT_PROVISION, &spec.provision, NULL, NULL },
	{ OPT_ARCH, &spec.arch, NULL, NULL },
	{ OPT_LABEL, &spec.label, NULL, NULL },
	{ OPT_FIRMWARE, &spec.firmware, "--firmware", vm_firmwares },
	{ OPT_DISPLAY, &spec.display, "--display", vm_displays },
	{ OPT_NET, &spec.net, "--net", vm_nets },
	{ OPT_MODE, &spec.mode, "--mode", firewall_modes },
	{ OPT_ACCEL, &spec.accel, "--accel", vm_accels },
};

/* 1 when it was one of those. */
static int
text(int c, char *arg)
{
	for (size_t i = 0; i < LEN(texts); i++)
		if (texts[i].c == c) {
			*texts[i].to = texts[i].words ?
			    opt_word(&use, texts[i].name, arg, texts[i].words) :
			    arg;
			return 1;
		}
	return 0;
}

/* Rules are checked here; their file has them as they come. */
static void
add_rule(enum rule_verdict verdict, const char *dest)
{
	struct rule r;
	struct why why;

	if (rule_dest(&r, verdict, dest, &why) < 0)
		die_usage(&use, "%s", why.text);
	rule_print(&r, &spec.rules);
	buf_str(&spec.rules, "\n");
	rule_free(&r);
}

static void
add_rules(const char *file)
{
	autobuf struct buf b = { 0 };
	struct rulefile f = { 0 };
	struct why why;

	if (io_read_file(AT_FDCWD, file, &b, BASE_RULES_MAX) < 0)
		die_sys(EX_NOINPUT, "%s", file);
	if (rulefile_read(&f, file, b.n ? b.p : "", b.n, &why) < 0)
		die_why(&why);
	rulefile_print(&f, &spec.rules);
	rulefile_free(&f);
}

static void
set_memory(const char *arg)
{
	spec.memory = opt_size(&use, "--memory", arg, 1 << 20);
	if (spec.memory < (16 << 20) || spec.memory % (1 << 20))
		die_usage(&use, "--memory: %s: whole MiB, at least 16", arg);
}

static void
option(int c, char *arg)
{
	if (text(c, arg))
		return;
	switch (c) {
	case OPT_GENERATION:
		spec.generation =
		    opt_int(&use, "--generation", arg, 1, 1 << 30);
		break;
	case 'm':
		set_memory(arg);
		break;
	case 'c':
		spec.cpus = opt_int(&use, "--cpus", arg, 1, 255);
		break;
	case OPT_DISK:
		spec.disk = opt_size(&use, "--disk", arg, 1 << 30);
		break;
	case 'p':
		add_port(arg);
		break;
	case OPT_SSH_PORT:
		spec.ssh_port = (int)opt_int(
		    &use, "--ssh-port", arg, FORWARD_SSH_MIN, 65535);
		break;
	case OPT_SSH_KEY:
		add_key(arg);
		break;
	case OPT_ALLOW:
	case OPT_DENY:
		add_rule(c == OPT_ALLOW ? RULE_ALLOW : RULE_DENY, arg);
		break;
	case OPT_RULES:
		add_rules(arg);
		break;
	case OPT_NO_DEFAULTS:
		spec.no_defaults = 1;
		break;
	case OPT_START:
	case OPT_NO_START:
		start = c == OPT_START;
		break;
	case 'w':
		start = wait_guest = 1;
		break;
	case 'f':
		force = 1;
		break;
	case OPT_JSON:
		json = 1;
		break;
	}
}

/* A setting of a file, as if its option was given. */
static void
set(const char *name, char *value)
{
	if (strcmp(name, "name") == 0 && !names.n)
		strv_add(&names, value);
	for (const struct opt *o = opts; o->c; o++)
		if (strcmp(o->name, name) == 0)
			option(o->c, value);
}

static void
take_file(const char *file)
{
	autostrv struct strv told = { 0 };
	struct why why;

	if (settings_read(file, set, &told, &why) < 0)
		die_why(&why);
	for (size_t i = 0; i < told.n; i++)
		warn("%s", told.v[i]);
}

/* All options are taken, those of files first. */
static void
take_options(int argc, char **argv)
{
	int c;

	while ((c = opt_next(argc, argv, &use)) != -1) {
		if (ngiven == LEN(given))
			die_usage(&use, "too many options");
		given[ngiven].c = c;
		given[ngiven++].arg = optarg;
	}
	for (int i = optind; i < argc; i++)
		strv_add(&names, argv[i]);
	for (size_t i = 0; i < ngiven; i++)
		if (given[i].c == OPT_CONFIG)
			take_file(given[i].arg);
	for (size_t i = 0; i < ngiven; i++)
		option(given[i].c, given[i].arg);
}

/* --base omitted: config.ini's, else the only one there is. */
static void
choose_base(void)
{
	static struct strv bases; /* its names are spec's */
	autobuf struct buf b = { 0 };
	struct why why;

	if (!spec.base)
		spec.base = conf_get(home.conf, NULL, "base");
	if (spec.base)
		return;
	if (name_list(home.bases, &bases, &why) < 0)
		die_why(&why);
	if (bases.n == 0)
		die(EX_NOINPUT,
		    "no base image; xray base build tiny, or "
		    "xray base import FILE");
	for (size_t i = 0; i < bases.n; i++)
		buf_fmt(&b, " %s", bases.v[i]);
	if (bases.n > 1)
		die_usage(&use, "--base: which of%s?", b.p);
	spec.base = bases.v[0];
}

/* A guest that cannot fit is a slip of the finger. */
static void
check_memory(void)
{
	uint64_t have = spec.memory && !force ? sys_memory_size() : 0;

	if (have && spec.memory > have) {
		autofree char *want = num_size_text(spec.memory);
		autofree char *all = num_size_text(have >> 20 << 20);

		die(EX_CONFIG,
		    "--memory: %s is more than this host has (%s); "
		    "less, or -f",
		    want, all);
	}
}

static void
tell(const struct vm *vm)
{
	autofree char *key = ssh_key(&home);
	autobuf struct buf b = { 0 };

	if (json) {
		buf_str(&b, "{\"name\":");
		json_quote(&b, vm->name);
		buf_str(&b, ",\"base\":");
		json_quote(&b, vm->base);
		buf_fmt(&b,
		    ",\"generation\":%lld,\"ssh_port\":%lld,"
		    "\"ssh_user\":",
		    vm->generation, vm->ssh_port);
		json_quote(&b, vm->ssh_user);
		say("%s}\n", b.p);
		return;
	}
	say_result("Created VM: %s (base: %s)\n", vm->name, vm->base);
	say_result("SSH port: %lld (ssh -p %lld %s@localhost -i %s)\n",
	    vm->ssh_port, vm->ssh_port, vm->ssh_user, key);
	if (say_chatty() && start != 1)
		hint("next: xray start %s; xray ssh %s", vm->name, vm->name);
}

/* Its create hooks, by the program that knows how, when there are any: 0, or
 * an exit code, and the VM stays. */
static int
run_hooks(const struct vm *vm)
{
	autofree char *bin = home_bin_dir(NULL);
	struct strv words = { 0 };
	struct hooks hooks;
	struct why why;
	int any, code;

	if (hooks_collect(&home, vm, HOOK_CREATE, &hooks, &why) < 0) {
		warn_why(&why);
		return EX_NO;
	}
	any = hooks.n > 0;
	hooks_free(&hooks);
	if (!any)
		return 0;
	strv_fmt(&words, "%s/xray-hooks", bin ? bin : ".");
	strv_words(&words, "run", say_quiet ? "--quiet" : "--", NULL);
	strv_words(&words, vm->name, HOOK_CREATE, NULL);
	code = run_quiet(-1, words.v, &why);
	strv_free(&words);
	if (code < 0)
		warn_why(&why);
	if (code)
		warn("%s: is there, and a create hook failed; xray hooks run "
		     "%s create",
		    vm->name, vm->name);
	return code ? EX_NO : 0;
}

/* All are made before the first is started. */
static _Noreturn void
start_all(void)
{
	autofree char *bin = home_bin_dir(NULL);
	struct strv words = { 0 };

	strv_fmt(&words, "%s/xray-start", bin ? bin : ".");
	if (wait_guest)
		strv_add(&words, "--wait");
	if (say_quiet)
		strv_add(&words, "--quiet");
	strv_add(&words, "--");
	for (size_t i = 0; i < names.n; i++)
		strv_add(&words, names.v[i]);
	execv(words.v[0], words.v);
	die_sys(EX_CANTEXEC, "%s", words.v[0]);
}

/* Why a VM was not made; a name that is taken comes with its mend. */
static int
refused(const char *name, const struct why *why)
{
	if (why->code == EX_CANTCREAT)
		warn("%s; xray remove %s, or choose another name", why->text,
		    name);
	else
		warn_why(why);
	return why->code;
}

/* All names are looked at before the first VM is made; one alone is looked at
 * when it is made. */
static int
check_names(void)
{
	int code = 0, got;
	struct why why;

	for (size_t i = 0; names.n > 1 && i < names.n; i++)
		if (name_taken(home.vms, "VM", names.v[i], &why) < 0) {
			got = refused(names.v[i], &why);
			code = code ? code : got;
		}
	return code;
}

int
main(int argc, char **argv)
{
	struct why why;
	int autostart = 0, code = 0;

	take_options(argc, argv);
	if (!names.n)
		die_usage(&use, "no name given");
	for (size_t i = 0; i < names.n; i++)
		if (name_check(names.v[i], &why) < 0)
			die_why(&why);
	if (names.n > 1 && (spec.ssh_port || spec.ports.n))
		die_usage(&use, "a port goes to one VM");
	if (home_open(&home, &why) < 0 ||
	    conf_bool(home.conf, "autostart", &autostart, &why) < 0)
		die_why(&why);
	choose_base();
	start = start < 0 ? autostart : start;
	if (!start) /* else xray start tells */
		keys_unknown(home.conf, NULL, warn_why);
	check_memory();
	if ((code = check_names()) != 0)
		return code;
	for (size_t i = 0; i < names.n; i++) {
		struct vm vm;
		int got;

		spec.name = names.v[i];
		if (vm_make(&home, &spec, &vm, &why) < 0) {
			got = refused(names.v[i], &why);
			code = code ? code : got;
			continue;
		}
		tell(&vm);
		got = run_hooks(&vm);
		code = code ? code : got;
		vm_close(&vm);
	}
	(void)say_done();
	if (start == 1 && !code)
		start_all();
	return code;
}
