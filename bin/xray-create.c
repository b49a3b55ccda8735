/* SPDX-License-Identifier: ISC */
/* xray-create: a new VM, a thin overlay on a sealed base. */
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "opt.h"
#include "ssh.h"
#include "vm.h"

enum {
	OPT_DISK = OPT_OWN,
	OPT_SSH_PORT,
	OPT_SSH_USER,
	OPT_FIRMWARE,
	OPT_NET,
	OPT_LABEL,
	OPT_ACCEL,
	OPT_GENERATION,
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
	{ OPT_FIRMWARE, "firmware", "F", "bios or uefi" },
	{ OPT_NET, "net", "N", "filtered, open or none" },
	{ OPT_ACCEL, "accel", "A", "auto, kvm, hvf or tcg" },
	{ OPT_LABEL, "label", "TEXT", "a remark" },
	{ OPT_START, "start", NULL, "start it" },
	{ OPT_NO_START, "no-start", NULL, "do not, whatever autostart says" },
	{ 'w', "wait", NULL, "start it and wait for ssh" },
	{ OPT_JSON, "json", NULL, "print JSON" },
	{ 0 },
};
static const struct usage use = { "xray-create", "NAME ...", opts, 0 };

static struct home home;
static struct vm_spec spec;
static int start = -1, wait_guest, json;

static const char *
one_of(const char *name, const char *arg, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(arg, words[i]) == 0)
			return words[i];
	die_usage(&use, "%s: %s: not known", name, arg);
}

static void
add_port(const char *arg)
{
	struct forward f;
	struct why why;

	if (forward_parse(arg, &f, &why) < 0)
		die_usage(&use, "--port: %s", why.text);
	strv_add(&spec.ports, arg);
}

static void
option(int c)
{
	switch (c) {
	case 'b':
		spec.base = optarg;
		break;
	case OPT_GENERATION:
		spec.generation =
		    opt_int(&use, "--generation", optarg, 1, 1 << 30);
		break;
	case 'm':
		spec.memory = opt_size(&use, "--memory", optarg, 1 << 20);
		if (spec.memory < (16 << 20) || spec.memory % (1 << 20))
			die_usage(&use,
			    "--memory: %s: whole MiB, at least "
			    "16",
			    optarg);
		break;
	case 'c':
		spec.cpus = opt_int(&use, "--cpus", optarg, 1, 255);
		break;
	case OPT_DISK:
		spec.disk = opt_size(&use, "--disk", optarg, 1 << 30);
		break;
	case 'p':
		add_port(optarg);
		break;
	case OPT_SSH_PORT:
		spec.ssh_port =
		    (int)opt_int(&use, "--ssh-port", optarg, 1, 65535);
		break;
	case OPT_SSH_USER:
		spec.ssh_user = optarg;
		break;
	case OPT_FIRMWARE:
		spec.firmware = one_of("--firmware", optarg, vm_firmwares);
		break;
	case OPT_NET:
		spec.net = one_of("--net", optarg, vm_nets);
		break;
	case OPT_ACCEL:
		spec.accel = one_of("--accel", optarg, vm_accels);
		break;
	case OPT_LABEL:
		spec.label = optarg;
		break;
	case OPT_START:
	case OPT_NO_START:
		start = c == OPT_START;
		break;
	case 'w':
		start = wait_guest = 1;
		break;
	case OPT_JSON:
		json = 1;
		break;
	}
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

/* All are made before the first is started. */
static _Noreturn void
start_all(int argc, char **argv)
{
	autofree char *bin = home_bin_dir(NULL);
	struct strv words = { 0 };

	strv_fmt(&words, "%s/xray-start", bin ? bin : ".");
	if (wait_guest)
		strv_add(&words, "--wait");
	strv_add(&words, "--");
	for (int i = optind; i < argc; i++)
		strv_add(&words, argv[i]);
	execv(words.v[0], words.v);
	die_sys(EX_CANTEXEC, "%s", words.v[0]);
}

int
main(int argc, char **argv)
{
	struct why why;
	int c, autostart = 0, code = 0;

	while ((c = opt_next(argc, argv, &use)) != -1)
		option(c);
	if (optind == argc)
		die_usage(&use, "no name given");
	for (int i = optind; i < argc; i++)
		if (name_check(argv[i], &why) < 0)
			die_why(&why);
	if (argc - optind > 1 && (spec.ssh_port || spec.ports.n))
		die_usage(&use, "a port goes to one VM");
	if (home_open(&home, &why) < 0 ||
	    conf_bool(home.conf, "autostart", &autostart, &why) < 0)
		die_why(&why);
	choose_base();
	start = start < 0 ? autostart : start;
	for (int i = optind; i < argc; i++) {
		struct vm vm;

		spec.name = argv[i];
		if (vm_make(&home, &spec, &vm, &why) < 0) {
			warn(why.code == EX_CANTCREAT ?
				"%s; xray remove it, or choose another name" :
				"%s",
			    why.text);
			code = code ? code : why.code;
			continue;
		}
		tell(&vm);
		vm_close(&vm);
	}
	(void)say_done();
	if (start == 1 && !code)
		start_all(argc, argv);
	return code;
}
