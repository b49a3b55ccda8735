/* SPDX-License-Identifier: ISC */
/* xray-provision: a script, sent into a guest and run there. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "opt.h"
#include "script.h"
#include "ssh.h"
#include "vm.h"

enum { TIMEOUT_S = 300 };

static const struct opt opts[] = {
	{ OPT_TIMEOUT, "timeout", "S", "end the script after S seconds" },
	{ 0 },
};
static const struct usage use = { "xray-provision", "VM [FILE]", opts, 0 };

static struct home home;
static struct vm vm;
static volatile sig_atomic_t stop; /* the signal that ends the script */
static char *label; /* of its lines in the log */

static void
on_signal(int sig)
{
	stop = sig;
}

static void
catch_signals(void)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction a = { .sa_handler = on_signal };

	for (size_t i = 0; i < LEN(sigs); i++)
		(void)sigaction(sigs[i], &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* As it comes, and without the label that the log has.  Nobody there is no
 * reason to end what provisions a machine. */
static void
show(const char *line)
{
	if (str_starts(line, label))
		line += strlen(label) + strlen(": ");
	(void)(printf("%s\n", line) < 0 || fflush(stdout) != 0);
}

/* The VM's own, else its project's. */
static char *
find(void)
{
	char *path = xasprintf("%s/vms/%s/" VM_PROVISION, home.path, vm.name);
	char *other = xasprintf(
	    "%s/config/projects/%s/" VM_PROVISION, home.path, vm.name);

	if (access(path, F_OK) == 0)
		return path;
	if (access(other, F_OK) == 0)
		return other;
	die(EX_NOINPUT, "%s: no FILE, and neither %s nor %s", vm.name, path,
	    other);
}

/* A script on standard input becomes a file, of a name that home_sweep knows
 * should we be killed. */
static char *
from_input(const char **name)
{
	autobuf struct buf b = { 0 };

	home_sweep(home.fd);
	if (io_read(0, &b, VM_PROVISION_MAX) < 0)
		die_sys(EX_IOERR, "standard input");
	*name = xasprintf(".edit-%ld.sh", (long)getpid());
	if (io_create(home.fd, *name, 0700, b.n ? b.p : "", b.n) < 0)
		die_sys(EX_IOERR, "%s/%s", home.path, *name);
	return xasprintf("%s/%s", home.path, *name);
}

static void
await_guest(void)
{
	struct why why;
	long long ms = ssh_wait_ms(&home, &vm, -1, &why);
	int fd = ms < 0 ? -1 :
			  ssh_await(&vm, io_now() + ms,
			      say_chatty() ? progress_text : NULL, &why);

	progress_end();
	if (fd < 0)
		die_why(&why);
	close(fd);
}

/* What became of it, for the log alone. */
static void
tell_end(struct scripts *s, int code, const struct why *why, long long took)
{
	s->show = NULL;
	if (code < 0)
		scripts_tell(s, "%s", why->text);
	else if (code)
		scripts_tell(s, "%s: failed (exit %d), %lld.%lld s", label,
		    code, took / 1000, took % 1000 / 100);
	else
		scripts_tell(s, "%s: ok, %lld.%lld s", label, took / 1000,
		    took % 1000 / 100);
}

static int
run(const char *path, long long ms)
{
	struct scripts s = SCRIPTS_NONE;
	struct script script = { path, label, 1, ms };
	long long from = io_now();
	struct why why;
	int code;

	s.home = &home;
	s.vm = &vm;
	s.hook = "provision";
	s.stop = &stop;
	s.show = show;
	catch_signals();
	if (scripts_begin(&s, &why) < 0)
		die_why(&why);
	code = scripts_run(&s, &script, &why);
	tell_end(&s, code, &why, io_now() - from);
	scripts_end(&s);
	if (stop)
		return 128 + stop;
	if (code < 0)
		warn("%s: %s", vm.name, why.text);
	return code < 0 ? why.code : code;
}

int
main(int argc, char **argv)
{
	autofree char *path = NULL;
	const char *name = NULL; /* of a file of ours */
	long long ms = -1;
	struct why why;
	int code;

	while (opt_next(argc, argv, &use) != -1)
		ms = opt_ms(&use, "--timeout", optarg);
	if (argc - optind < 1 || argc - optind > 2)
		die_usage(&use, "one VM and one script");
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0)
		die_why(&why);
	if (ms < 0) {
		ms = TIMEOUT_S * 1000;
		if (vm_ms(&home, &vm, "XRAY_HOOK_TIMEOUT", "hook_timeout", &ms,
			&why) < 0)
			die_why(&why);
	}
	if (optind + 1 == argc)
		path = find();
	else if (strcmp(argv[optind + 1], "-") != 0)
		path = xstrdup(argv[optind + 1]);
	if (path && access(path, R_OK) < 0)
		die_sys(EX_NOINPUT, "%s", path);
	await_guest();
	label = xasprintf("[provision] %s",
	    !path		   ? "-" :
		strrchr(path, '/') ? strrchr(path, '/') + 1 :
				     path);
	if (!path)
		path = from_input(&name);
	code = run(path, ms);
	if (name)
		(void)unlinkat(home.fd, name, 0); /* or home_sweep does */
	(void)say_done();
	return code;
}
