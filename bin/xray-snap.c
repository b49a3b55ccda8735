/* SPDX-License-Identifier: ISC */
/* xray-snap: snapshots of running and stopped VMs. */
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway.h"
#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "qmp.h"
#include "room.h"
#include "run.h"
#include "snap.h"
#include "snap_table.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_DISK_ONLY = OPT_OWN, OPT_NOTE, OPT_SAVE, OPT_RESTART };
enum { QMP_MS = 10000, CLOCK_MS = 20000 };

static struct home home;
static struct vm vm;
static int lock = -1;

/* Unless it runs, hold it still: vm.hold. */
static void
hold(void)
{
	autofree char *told = NULL;
	struct why why;

	if (snap_hold(&vm, &told, &why) < 0)
		die_why(&why);
	if (told)
		note("%s", told);
}

/* Open the VM, and lock it when something will change. */
static void
open_vm(const char *name, long long lock_ms)
{
	struct why why;

	if (home_open(&home, &why) < 0 || vm_open(&home, name, &vm, &why) < 0)
		die_why(&why);
	if (lock_ms == -2)
		return;
	if (lock_ms < 0) {
		lock_ms = 0;
		if (home_ms(&home, "XRAY_LOCK_WAIT", "lock_wait", &lock_ms,
			&why) < 0)
			die_why(&why);
	}
	lock = vm_lock(&home, &vm, lock_ms, &why);
	if (lock < 0)
		die_why(&why);
	hold();
}

static struct qmp *
monitor(void)
{
	struct why why;
	struct qmp *q =
	    qmp_open(vm.dir, VM_QMP, vm.name, io_now() + QMP_MS, &why);

	if (!q)
		die_why(&why);
	return q;
}

/* Die unless there is (want) or is no such tag. */
static struct snapshot
look(const char *tag, int want)
{
	const struct snapshot *found;
	struct snapshot s = { 0 };
	struct snaps all;
	struct why why;

	if (tag_check(tag, &why) < 0 || snaps_read(&vm, &all, &why) < 0)
		die_why(&why);
	found = snaps_find(&all, tag, &vm, &why);
	if (!found && want)
		die_why(&why);
	if (found && !want)
		die(EX_CANTCREAT,
		    "%s: snapshot %s exists; xray snap delete "
		    "%s %s",
		    vm.name, tag, vm.name, tag);
	if (found)
		s = *found;
	snaps_free(&all);
	return s;
}

/* ---- create ---- */

static const struct opt create_opts[] = {
	{ OPT_NOTE, "note", "TEXT", "a remark, shown by list -o note" },
	{ 'f', "force", NULL, "although the disk is nearly full" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage create_use = { "xray-snap create", "VM [TAG]",
	create_opts, 0 };

static void
create_live(const char *tag, const char *text)
{
	autoqmp struct qmp *q = monitor();
	autofree char *size = NULL;
	struct snapshot s;
	long long stood;
	struct why why;
	int ran;

	if (snap_live_create(&vm, q, tag, &ran, &stood, &why) < 0 ||
	    snap_note(&vm, tag, ran ? "running" : "paused", text, &why) < 0)
		die_why(&why);
	s = look(tag, 1);
	size = num_human(s.size);
	say_result("Created snapshot: %s\n", tag);
	hint("live, %s, the guest stood %.1f s", size, (double)stood / 1000);
}

static void
create_cold(const char *tag, const char *text)
{
	struct why why;

	if (snap_cold_create(&vm, tag, &why) < 0 ||
	    snap_note(&vm, tag, NULL, text, &why) < 0)
		die_why(&why);
	say_result("Created snapshot: %s\n", tag);
}

static char *
time_tag(void)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	if (!localtime_r(&now, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%d-%H%M%S", &tm))
		die(EX_OSERR, "the time");
	return xstrdup(text);
}

/* Live or not, as the VM is. */
static void
take(const char *tag, const char *text, int force)
{
	struct why why;

	(void)look(tag, 0);
	if (!force && room_check(&home, vm.dir, 0, vm.name, &why) < 0)
		die_why(&why);
	if (vm.hold < 0)
		create_live(tag, text);
	else
		create_cold(tag, text);
}

static int
create(int argc, char **argv)
{
	const char *text = NULL;
	autofree char *tag = NULL;
	long long lock_ms = -1;
	struct why why;
	int c, force = 0;

	while ((c = opt_next(argc, argv, &create_use)) != -1)
		if (c == OPT_NOTE)
			text = optarg;
		else if (c == 'f')
			force = 1;
		else
			lock_ms = opt_ms(&create_use, "--lock-wait", optarg);
	if (argc - optind < 1 || argc - optind > 2)
		die_usage(&create_use, "a VM, and perhaps a tag");
	tag = argc - optind == 2 ? xstrdup(argv[optind + 1]) : time_tag();
	if (text && conf_check("--note", "note", text, &why) < 0)
		die_why(&why);
	open_vm(argv[optind], lock_ms);
	take(tag, text, force);
	return say_done();
}

/* ---- list ---- */

static const struct opt list_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct usage list_use = { "xray-snap list", "VM ...", list_opts,
	0 };

static int
list(int argc, char **argv)
{
	struct out out = { 0 };
	struct table *t;
	struct why why;
	int c;

	while ((c = opt_next(argc, argv, &list_use)) != -1)
		(void)out_opt(&out, c, optarg);
	t = snap_table(&out, argc - optind > 1, isatty(1));
	if (optind == argc)
		die_usage(&list_use, "no VM named");
	for (int i = optind; i < argc; i++) {
		open_vm(argv[i], -2);
		if (snap_rows(t, &vm, &why) < 0)
			die_why(&why);
		vm_close(&vm);
	}
	table_print(t);
	return say_done();
}

/* ---- revert ---- */

static const struct opt revert_opts[] = {
	{ OPT_SAVE, "save", "[=TAG]", "take a snapshot of the present first" },
	{ OPT_RESTART, "restart", NULL,
	    "a disk snapshot of a running VM: "
	    "switch off, revert, start" },
	{ OPT_DISK_ONLY, "disk-only", NULL, "leave the memory out: boot" },
	{ 'f', "force", NULL, "with --save: although the disk is nearly full" },
	{ 'y', "yes", NULL, "do not ask" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage revert_use = { "xray-snap revert", "VM TAG",
	revert_opts, 0 };

/* Set the guest's clock over ssh; by how many seconds, -1 when it could not
 * be done. */
static long long
set_clock(void)
{
	autostrv struct strv argv = { 0 };
	autobuf struct buf b = { 0 };
	struct why why;
	long long by;

	if (ssh_clock_argv(&home, &vm, &argv, &why) < 0 ||
	    run_capture(argv.v, &b, 256, CLOCK_MS, &why) != 0)
		return -1;
	b.p[strcspn(b.p, "\n")] = '\0';
	return num_int(b.p, -INT32_MAX, INT32_MAX, &by) < 0 ? -1 : by;
}

static void
revert_live(const char *tag)
{
	struct qmp *q = monitor();
	autobuf struct buf b = { 0 };
	long long by;
	struct why why;
	int n;

	if (snap_live_load(&vm, q, tag, &why) < 0)
		die_why(&why);
	qmp_close(q);
	n = gateway_cut(&vm);
	if (snap_current(&vm, tag, &why) < 0)
		die_why(&why);
	say_result("Reverted to snapshot: %s\n", tag);
	fflush(stdout); /* the rest takes a moment; say_done checks */
	close(lock); /* nobody shall wait for a guest */
	by = set_clock();
	if (by >= 0)
		buf_fmt(&b, "clock set (%+lld s)", by);
	else
		buf_str(&b, "clock not set: no ssh");
	if (n >= 0)
		buf_fmt(&b, "; %d connection%s cut", n, n == 1 ? "" : "s");
	else
		buf_str(&b, "; connections not cut: no gateway");
	hint("%s; rules unchanged", b.p);
}

static void
set_resume(const char *tag)
{
	struct why why;

	if (conf_set(vm.conf, "resume", tag, &why) < 0 ||
	    vm_save(&vm, &why) < 0)
		die_why(&why);
}

/* The order matters to who is killed between: without `resume` a reverted
 * disk boots, with it a disk not yet reverted would be resumed wrongly. */
static void
revert_cold(const struct snapshot *s, int disk_only)
{
	int resumes = s->live && !disk_only;
	struct why why;

	set_resume(NULL);
	if (snap_cold_revert(&vm, s->tag, &why) < 0)
		die_why(&why);
	if (resumes)
		set_resume(s->tag);
	say_result("Reverted to snapshot: %s\n", s->tag);
	if (resumes)
		hint("xray start %s resumes it; --cold boots", vm.name);
}

static void
run_tool(const char *tool, const char *option, const char *value)
{
	autofree char *bin = home_bin_dir(NULL);
	autostrv struct strv argv = { 0 };
	struct why why;
	int code;

	strv_fmt(&argv, "%s/%s", bin ? bin : ".", tool);
	if (option)
		strv_add(&argv, option);
	if (value)
		strv_add(&argv, value);
	strv_add(&argv, vm.name);
	code = run_quiet(-1, argv.v, &why);
	if (code < 0)
		die_why(&why);
	if (code > 0)
		exit(code);
}

/* What has no memory in it cannot be loaded into a VM that runs. */
static void
agree_restart(const struct snapshot *s, int yes, int restart)
{
	if (!restart && !yes && !isatty(0))
		die(EX_UNAVAILABLE,
		    "%s: runs, and %s is to be booted from; "
		    "--restart switches it off and on",
		    vm.name, s->tag);
	if (!confirm(yes || restart, "%s: switch off, revert to %s, start?",
		vm.name, s->tag))
		exit(EX_NO);
}

static void
revert_restarting(const struct snapshot *s)
{
	autobuf struct buf accel = { 0 };

	/* what runs is thrown away: no need to ask the guest */
	(void)io_read_file(vm.dir, "accel", &accel, 16);
	run_tool("xray-stop", "--force", NULL);
	hold();
	revert_cold(s, 1);
	close(vm.hold);
	close(lock);
	run_tool(
	    "xray-start", accel.n ? "--accel" : NULL, accel.n ? accel.p : NULL);
}

static int
revert(int argc, char **argv)
{
	int c, disk_only = 0, restart = 0, yes = 0, force = 0;
	autobuf struct buf accel = { 0 };
	autofree char *save = NULL;
	long long lock_ms = -1;
	struct snapshot s;
	struct why why;

	while ((c = opt_next(argc, argv, &revert_use)) != -1)
		switch (c) {
		case OPT_SAVE:
			free(save);
			save = optarg ? xstrdup(optarg) : time_tag();
			break;
		case OPT_RESTART:
			restart = 1;
			break;
		case OPT_DISK_ONLY:
			disk_only = 1;
			break;
		case 'f':
			force = yes = 1;
			break;
		case 'y':
			yes = 1;
			break;
		case OPT_LOCK_WAIT:
			lock_ms = opt_ms(&revert_use, "--lock-wait", optarg);
			break;
		}
	if (argc - optind != 2)
		die_usage(&revert_use, "a VM and a tag");
	open_vm(argv[optind], lock_ms);
	s = look(argv[optind + 1], 1);
	(void)io_read_file(vm.dir, "accel", &accel, 16); /* not running */
	if (s.live && !disk_only &&
	    snap_loads(&vm, s.tag, accel.n ? accel.p : NULL, &why) < 0)
		die_why(&why);
	if (vm.hold < 0 && (!s.live || disk_only))
		agree_restart(&s, yes, restart);
	if (save)
		take(save, NULL, force);
	if (vm.hold >= 0)
		revert_cold(&s, disk_only);
	else if (s.live && !disk_only)
		revert_live(s.tag);
	else
		revert_restarting(&s);
	return say_done();
}

/* ---- delete ---- */

static const struct opt delete_opts[] = {
	{ 'y', "yes", NULL, "do not ask" },
	{ OPT_LOCK_WAIT, "lock-wait", "S", "wait for the VM's lock" },
	{ 0 },
};
static const struct usage delete_use = { "xray-snap delete", "VM TAG ...",
	delete_opts, 0 };

static int
agreed(int n, char **tags, int yes)
{
	if (n == 1)
		return confirm(
		    yes, "Delete snapshot '%s' of '%s'?", tags[0], vm.name);
	return confirm(yes, "Delete %d snapshots of '%s'?", n, vm.name);
}

static int delete (int argc, char **argv)
{
	long long lock_ms = -1;
	struct qmp *q = NULL;
	struct why why;
	int c, yes = 0;

	while ((c = opt_next(argc, argv, &delete_use)) != -1)
		if (c == 'y')
			yes = 1;
		else
			lock_ms = opt_ms(&delete_use, "--lock-wait", optarg);
	if (argc - optind < 2)
		die_usage(&delete_use, "a VM and a tag");
	/* nobody shall wait for the answer, so there is no lock yet */
	open_vm(argv[optind], -2);
	for (int i = optind + 1; i < argc; i++)
		(void)look(argv[i], 1);
	if (!agreed(argc - optind - 1, argv + optind + 1, yes))
		return EX_NO;
	vm_close(&vm);
	open_vm(argv[optind], lock_ms);
	for (int i = optind + 1; i < argc; i++)
		(void)look(argv[i], 1);
	if (vm.hold < 0)
		q = monitor();
	for (int i = optind + 1; i < argc; i++) {
		int r = q ? snap_live_delete(&vm, q, argv[i], &why) :
			    snap_cold_delete(&vm, argv[i], &why);

		if (r < 0 || (q && snap_forget(&vm, argv[i], &why) < 0))
			die_why(&why);
		say_result("Deleted snapshot: %s\n", argv[i]);
	}
	qmp_close(q);
	return say_done();
}

static const struct verb verbs[] = {
	{ &create_use, create, "take a snapshot, live when the VM runs" },
	{ &list_use, list, "list a VM's snapshots" },
	{ &revert_use, revert, "go back to one" },
	{ &delete_use, delete, "delete some" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
