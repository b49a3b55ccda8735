/* SPDX-License-Identifier: ISC */
/* xray-start: start VMs, each under a supervisor of its own. */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "hook.h"
#include "io.h"
#include "keys.h"
#include "launch.h"
#include "once.h"
#include "opt.h"
#include "run.h"
#include "sel.h"
#include "ssh.h"
#include "sys.h"

enum {
	OPT_ACCEL = OPT_OWN,
	OPT_COLD,
	OPT_DISPLAY,
	OPT_KERNEL,
	OPT_INITRD,
	OPT_APPEND,
	OPT_NO_HOOKS,
	OPT_SYSTEMD
};

static const struct opt opts[] = {
	{ 'F', "foreground", NULL,
	    "stay in the foreground; Ctrl-C is the "
	    "power button" },
	{ 'w', "wait", NULL, "wait until the guest is ready" },
	{ OPT_TIMEOUT, "timeout", "S", "give up waiting after S seconds" },
	{ OPT_ACCEL, "accel", "A", "auto, kvm, hvf or tcg" },
	{ OPT_DISPLAY, "display", "D",
	    "none, gtk, sdl, cocoa, curses, vnc or spice" },
	{ 'm', "memory", "SIZE", "memory of this run; a bare number is MiB" },
	{ 'c', "cpus", "N", "processors of this run" },
	{ OPT_KERNEL, "kernel", "FILE", "boot this kernel, no boot loader" },
	{ OPT_INITRD, "initrd", "FILE", "its initial file system" },
	{ OPT_APPEND, "append", "TEXT", "its command line" },
	{ OPT_COLD, "cold", NULL, "boot, whatever was reverted to" },
	{ OPT_NO_HOOKS, "no-hooks", NULL, "run no hooks" },
	{ OPT_SYSTEMD, "systemd", NULL, "as the user's service xray-VM" },
	{ 'f', "force", NULL, "although memory is short" },
	{ 'o', NULL, "FIELD", "print that of each VM; -o help lists them" },
	{ 'j', "jobs", "N", "so many at a time (4)" },
	{ 'a', "all", NULL, "every VM that is stopped" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for a VM's lock" },
	{ 0 },
};
static const struct usage use = { "xray-start", "(-a | - | VM PORT | VM ...)",
	opts, 0 };

static struct home home;
static struct boot_how how;
static struct launch launch = { .how = &how };
static int foreground, wait_guest, jobs = 4;
static struct out out = { .bare = 1 };
static struct table *table; /* with -o */
static long long timeout_ms = -1, lock_ms = -1;

/* 1 it runs already, 0 it does not, or -1 with why. */
static int
runs(const struct vm *vm, struct why *why)
{
	autofree char *status = vm_status(vm);

	/* else it is being started, stopped or changed: its lock is taken */
	if (!str_starts(status, "running") && !str_starts(status, "paused"))
		return 0;
	if (how.cold || launch.port || how.set.n)
		return why_set(why, EX_TEMPFAIL,
		    "%s: runs already, and not as asked", vm->name);
	if (str_starts(status, "paused"))
		note("%s: is there, %s; xray resume %s", vm->name, status,
		    vm->name);
	else
		note("%s: runs already", vm->name);
	return 1;
}

/* 1 under way, 0 it runs already, -1 with why. */
static int
begin(const char *name, struct vm *vm, struct job *job, struct why *why)
{
	int r;

	if (vm_open(&home, name, vm, why) < 0)
		return -1;
	keys_unknown(vm->conf, vm, warn_why);
	if (vm_alive(vm) && (r = runs(vm, why)) != 0)
		return r < 0 ? -1 : 0;
	return launch_begin(&home, vm, &launch, lock_ms, job, why) < 0 ? -1 : 1;
}

static void
told(const struct vm *vm)
{
	static const struct {
		const char *name, *viewer;
	} socket[] = {
		{ VM_VNC, "vncviewer " },
		{ VM_SPICE, "remote-viewer spice+unix://" },
	};
	autobuf struct buf b = { 0 };

	if (!say_chatty() || io_read_file(vm->dir, "accel", &b, 16) < 0)
		return;
	note("%s: booting (%s); xray ssh %s waits for it", vm->name, b.p,
	    vm->name);
	for (size_t i = 0; i < LEN(socket); i++)
		if (faccessat(vm->dir, socket[i].name, F_OK, 0) == 0)
			note("%s: its screen: %s%s/vms/%s/%s", vm->name,
			    socket[i].viewer, home.path, vm->name,
			    socket[i].name);
}

/* A guest that answers, and whose hooks have all been run. */
static int
await_guest(const struct vm *vm)
{
	void (*tell)(const char *text) = say_chatty() ? progress_text : NULL;
	struct why why;
	long long ms = ssh_wait_ms(&home, vm, timeout_ms, &why);
	long long deadline = io_now() + ms;
	int fd = ms < 0 ? -1 : ssh_await(vm, deadline, tell, &why), r = fd;

	if (fd >= 0)
		close(fd);
	if (timeout_ms < 0) /* the hooks' own time, then */
		deadline = io_now() + ms;
	if (fd >= 0 && !launch.no_hooks)
		r = hooks_await(vm, deadline, tell, &why);
	progress_end();
	if (r < 0)
		warn_why(&why);
	return r < 0 ? why.code : 0;
}

/* One of the VMs that are started at once. */
struct one {
	struct vm vm;
	struct job job;
	int begun, code;
};

/* Wait until it runs, and let go of its lock. */
static void
finish(struct one *o)
{
	struct why why;

	if (o->begun > 0) {
		o->code = launch_await(&o->vm, &launch, &o->job, &why);
		if (o->code && why.code)
			warn_why(&why);
		if (!o->code)
			told(&o->vm);
	}
	launch_end(&o->job);
}

/* What was asked of it beyond: its guest's answer, its field. */
static void
serve(struct one *o)
{
	struct why why;
	struct vm now; /* its ssh port may have moved */

	if (o->begun < 0 || o->code)
		return;
	if (wait_guest)
		o->code = await_guest(&o->vm);
	if (o->code || !table)
		return;
	if (vm_open(&home, o->vm.name, &now, &why) < 0) {
		warn_why(&why);
		o->code = why.code;
		return;
	}
	facts_row(table, &home, now.name, &now, NULL);
	vm_close(&now);
}

/* Start names[from..to) at once; the first exit code that is not 0. */
static int
batch(const struct strv *names, size_t from, size_t to)
{
	struct one *one = xcalloc(to - from, sizeof *one);
	size_t n = to - from;
	int code = 0;

	for (size_t i = 0; i < n; i++) {
		struct why why = { .code = EX_OSERR, .text = "start" };

		one[i].job = (struct job)JOB_NONE;
		one[i].vm.dir = -1;
		one[i].begun =
		    begin(names->v[from + i], &one[i].vm, &one[i].job, &why);
		if (one[i].begun < 0) {
			warn_why(&why);
			one[i].code = why.code;
		}
	}
	for (size_t i = 0; i < n; i++)
		finish(&one[i]);
	for (size_t i = 0; i < n; i++) {
		serve(&one[i]);
		code = code ? code : one[i].code;
		vm_close(&one[i].vm);
	}
	free(one);
	return code;
}

/* -F: become the supervisor. */
static _Noreturn void
become(const char *name)
{
	struct vm vm;
	struct why why;

	if (vm_open(&home, name, &vm, &why) < 0)
		die_why(&why);
	keys_unknown(vm.conf, &vm, warn_why);
	if (vm_alive(&vm))
		die(EX_TEMPFAIL, "%s: runs already", name);
	(void)launch_become(&home, &vm, &launch, lock_ms, &why);
	die_why(&why);
}

/* A setting of this run; a file by its whole path. */
static void
set(const char *key, const char *value, int file)
{
	autofree char *path = file ? realpath(value, NULL) : NULL;
	struct once o = { 0 };
	struct why why;

	if (file && !path)
		die_sys(EX_NOINPUT, "%s", value);
	strv_fmt(&how.set, "%s=%s", key, file ? path : value);
	if (once_set(&o, how.set.v[how.set.n - 1], &why) < 0)
		die_usage(&use, "--%s", why.text);
}

static void
options(int argc, char **argv, int *all)
{
	int c;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'F':
			foreground = 1;
			break;
		case 'w':
			wait_guest = 1;
			break;
		case 'a':
			*all = 1;
			break;
		case 'j':
			jobs = (int)opt_int(&use, "-j", optarg, 1, 1000);
			break;
		case OPT_TIMEOUT:
			timeout_ms = opt_ms(&use, "--timeout", optarg);
			break;
		case OPT_LOCK_WAIT:
			lock_ms = opt_ms(&use, "--lock-wait", optarg);
			break;
		case OPT_ACCEL:
			set("accel", optarg, 0);
			break;
		case OPT_DISPLAY:
			set("display", optarg, 0);
			break;
		case 'm':
			set("memory", optarg, 0);
			break;
		case 'c':
			set("cpus", optarg, 0);
			break;
		case OPT_KERNEL:
			set("kernel", optarg, 1);
			break;
		case OPT_INITRD:
			set("initrd", optarg, 1);
			break;
		case OPT_APPEND:
			set("append", optarg, 0);
			break;
		case OPT_NO_HOOKS:
			launch.no_hooks = 1;
			break;
		case OPT_SYSTEMD:
			launch.systemd = 1;
			break;
		case 'f':
			launch.force = 1;
			break;
		case 'o':
			out.fields = optarg;
			break;
		case OPT_COLD:
			how.cold = 1;
			break;
		}
}

static int
digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

/* start VM PORT: no VM's name is all digits. */
static int
take_port(const char *vm, const char *arg)
{
	if (digits(vm) || !digits(arg))
		return 0;
	launch.port = (int)opt_int(&use, "PORT", arg, 1024, 65535);
	return 1;
}

int
main(int argc, char **argv)
{
	autostrv struct strv names = { 0 };
	struct why why;
	int all = 0, code = 0;

	run_fill_streams();
	options(argc, argv, &all);
	if (home_open(&home, &why) < 0)
		die_why(&why);
	keys_unknown(home.conf, NULL, warn_why);
	if (out.fields)
		table = table_new(&out, facts_cols, facts_ncols);
	if (!all && argc - optind == 2)
		argc -= take_port(argv[optind], argv[optind + 1]);
	if (sel_names(&home, argc, argv, optind, all ? SEL_STOPPED : SEL_NONE,
		&names, &why) < 0)
		die_selection(&use, &why);
	if (lock_ms < 0) {
		lock_ms = 0;
		if (home_ms(&home, "XRAY_LOCK_WAIT", "lock_wait", &lock_ms,
			&why) < 0)
			die_why(&why);
	}
	if (foreground && names.n != 1)
		die_usage(&use, "-F takes one VM");
	if (foreground && (launch.systemd || table))
		die_usage(&use, "-F goes with neither --systemd nor -o");
	if (foreground)
		become(names.v[0]);
	for (size_t i = 0; i < names.n; i += (size_t)jobs) {
		size_t end = i + (size_t)jobs;
		int got = batch(&names, i, end < names.n ? end : names.n);

		code = code ? code : got;
	}
	if (table)
		table_print_facts(table);
	(void)say_done();
	return code;
}
