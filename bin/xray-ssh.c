/* SPDX-License-Identifier: ISC */
/*
 * xray-ssh: ssh(1) into a guest.  Shaped as rsh, so that rsync -e 'xray ssh'
 * and GIT_SSH_COMMAND='xray ssh' work.
 */
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "io.h"
#include "opt.h"
#include "run.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_PASSWORD = OPT_OWN, OPT_CLEAN };

static const struct opt opts[] = {
	{ 'l', NULL, "USER", "log in as USER" },
	{ 'S', "start", NULL, "start the VM when it is stopped" },
	{ OPT_PASSWORD, "password", NULL, "ask for the guest's password" },
	{ OPT_CLEAN, "clean", NULL, "no configuration of yours for ssh" },
	{ OPT_TIMEOUT, "timeout", "S", "wait S seconds for the guest" },
	{ 0 },
};
static const struct usage use = { "xray-ssh",
	"VM [SSH-OPTION ...] [--] [COMMAND ...]", opts, 1 };

static struct home home;

static void
start(const char *name)
{
	autofree char *bin = home_bin_dir(NULL);
	autostrv struct strv argv = { 0 };
	struct why why;
	int code;

	strv_fmt(&argv, "%s/xray-start", bin ? bin : ".");
	strv_words(&argv, "--", name, NULL);
	code = run_quiet(-1, argv.v, &why);
	if (code < 0)
		die_why(&why);
	if (code > 0)
		exit(code);
}

/* Whether a stopped VM is to be started: -S, or what ssh_start says. */
static int
shall_start(const struct vm *vm, int given)
{
	const char *v = conf_get(vm->conf, NULL, "ssh_start");

	if (!v)
		v = conf_get(home.conf, NULL, "ssh_start");
	if (given || (v && strcmp(v, "yes") == 0))
		return 1;
	if (!v || strcmp(v, "no") == 0)
		return 0;
	if (strcmp(v, "ask") != 0)
		die(EX_CONFIG, "%s: ssh_start = %s: no, ask or yes", vm->name,
		    v);
	return isatty(0) && confirm(0, "%s is stopped; start it?", vm->name);
}

static void
make_sure_it_runs(const struct vm *vm, int given)
{
	struct why why;

	if (dial_network(vm, &why) < 0)
		die_why(&why);
	if (vm_alive(vm) && dial_live(vm, &why) < 0)
		die_why(&why);
	if (vm_alive(vm))
		return;
	if (!shall_start(vm, given))
		die(EX_UNAVAILABLE,
		    "%s: stopped; xray start %s, or "
		    "xray ssh -S %s",
		    vm->name, vm->name, vm->name);
	start(vm->name);
}

/* The guest has answered once since it was started: the file `up`. */
static void
await(const struct vm *vm, long long ms)
{
	struct why why;
	int fd;

	if (vm_alive(vm) && ssh_is_up(vm))
		return;
	if ((ms = ssh_wait_ms(&home, vm, ms, &why)) < 0)
		die_why(&why);
	fd = ssh_await(
	    vm, io_now() + ms, say_chatty() ? progress_text : NULL, &why);
	progress_end();
	if (fd < 0)
		die_why(&why);
	close(fd);
}

/* Whether the argument of word's last option is the next word: -L, -NL. */
static int
wants_next(const char *word)
{
	static const char with_arg[] = "BbcDEeFIiJLlmOopQRSWw";

	for (word++; *word; word++)
		if (strchr(with_arg, *word))
			return !word[1];
	return 0;
}

/* What follows the first word that is neither option nor argument of one is
 * the command. */
static int
ssh_options(int argc, char **argv, int i, struct strv *words)
{
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		strv_add(words, argv[i]);
		if (wants_next(argv[i]) && i + 1 < argc)
			strv_add(words, argv[++i]);
	}
	return i;
}

int
main(int argc, char **argv)
{
	struct strv words = { 0 }, theirs = { 0 };
	const char *user = NULL, *at;
	autofree char *name = NULL;
	int c, wants_start = 0, password = 0;
	long long ms = -1;
	struct vm vm;
	struct why why;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'l':
			user = optarg;
			break;
		case 'S':
			wants_start = 1;
			break;
		case OPT_PASSWORD:
			password = 1;
			break;
		case OPT_CLEAN:
			break; /* none is read */
		case OPT_TIMEOUT:
			ms = opt_ms(&use, "--timeout", optarg);
			break;
		}
	if (optind == argc)
		die_usage(&use, "no VM named");
	at = strchr(argv[optind], '@');
	if (at && !user)
		user = xstrndup(argv[optind], (size_t)(at - argv[optind]));
	name = xstrdup(at ? at + 1 : argv[optind]);
	optind = ssh_options(argc, argv, optind + 1, &theirs);
	if (home_open(&home, &why) < 0 || vm_open(&home, name, &vm, &why) < 0)
		die_why(&why);
	make_sure_it_runs(&vm, wants_start);
	await(&vm, ms);
	if (ssh_argv(
		&home, &vm, user, isatty(0) || password, ms, &words, &why) < 0)
		die_why(&why);
	if (password)
		ssh_with_password(&words);
	for (size_t i = 0; i < theirs.n; i++)
		strv_add(&words, theirs.v[i]);
	strv_take(&words, ssh_host(&vm));
	for (int i = optind; i < argc; i++)
		strv_add(&words, argv[i]);
	execvp(words.v[0], words.v);
	die_sys(EX_UNAVAILABLE, "ssh");
}
