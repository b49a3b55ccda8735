/* SPDX-License-Identifier: ISC */
/* xray-snap: snapshots of running and stopped VMs. */
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "each.h"
#include "gateway.h"
#include "io.h"
#include "opt.h"
#include "power.h"
#include "qemu.h"
#include "qmp.h"
#include "room.h"
#include "snap.h"
#include "snap_table.h"
#include "vm.h"

enum { OPT_DISK_ONLY = OPT_OWN, OPT_NOTE, OPT_SAVE, OPT_RESTART };
enum { QMP_MS = 10000 };

static struct each e = EACH_INIT;
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

/* Open the VM to look at it. */
static void
open_vm(char *name)
{
	struct why why;

	if (each_open(&e, 1, &name, 0, &why) < 0 ||
	    vm_open(&e.home, name, &vm, &why) < 0)
		die_why(&why);
}

/* And to change it, as it is now: the person may have thought for long. */
static void
lock_vm(void)
{
	struct why why;

	lock = vm_lock(&e.home, &vm, e.lock_ms, &why);
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
	struct snapshot s;
	struct why why;

	if (snap_look(&vm, tag, want, &s, &why) < 0)
		die_why(&why);
	return s;
}

/* ---- create ---- */

static const struct opt create_opts[] = {
	{ OPT_DISK_ONLY, "disk-only", NULL,
	    "leave the memory of a running VM out" },
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

	if (snap_live_create(&vm, q, tag, text, &ran, &stood, &why) < 0)
		die_why(&why);
	s = look(tag, 1);
	size = num_human(s.size);
	say_result("Created snapshot: %s\n", tag);
	hint("live, %s, the guest stood %.1f s", size, (double)stood / 1000);
}

/* Of the disks alone. */
static void
create_disk(const char *tag, const char *text)
{
	autoqmp struct qmp *q = vm.hold < 0 ? monitor() : NULL;
	struct why why;

	if (q ? snap_live_disks(&vm, q, tag, text, &why) < 0 :
		snap_cold_create(&vm, tag, text, &why) < 0)
		die_why(&why);
	say_result("Created snapshot: %s\n", tag);
	if (q)
		hint("the disk as a power cut would leave it");
}

/* Live or not, as the VM is. */
static void
take(const char *tag, const char *text, int disk_only, int force)
{
	struct why why;

	(void)look(tag, 0);
	if (!force && room_check(&e.home, vm.dir, 0, vm.name, &why) < 0)
		die_why(&why);
	if (vm.hold < 0 && !disk_only)
		create_live(tag, text);
	else
		create_disk(tag, text);
}

static int
create(int argc, char **argv)
{
	const char *text = NULL;
	autofree char *tag = NULL;
	struct why why;
	int c, force = 0, disk_only = 0;

	while ((c = opt_next(argc, argv, &create_use)) != -1)
		if (c == OPT_NOTE)
			text = optarg;
		else if (c == OPT_DISK_ONLY)
			disk_only = 1;
		else if (c == 'f')
			force = 1;
		else
			e.lock_ms = opt_ms(&create_use, "--lock-wait", optarg);
	if (argc - optind < 1 || argc - optind > 2)
		die_usage(&create_use, "a VM, and perhaps a tag");
	tag = argc - optind == 2 ? xstrdup(argv[optind + 1]) : snap_time_tag();
	if (text && conf_check("--note", "note", text, &why) < 0)
		die_why(&why);
	open_vm(argv[optind]);
	lock_vm();
	take(tag, text, disk_only, force);
	return say_done();
}

/* ---- list ---- */

static const struct opt list_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct usage list_use = { "xray-snap list", "VM ...", list_opts,
	0 };

static struct table *table;

static int
list_one(struct each *unused, struct vm *v, struct why *why)
{
	(void)unused;
	return snap_rows(table, v, why);
}

static int
list(int argc, char **argv)
{
	struct out out = { 0 };
	struct why why;
	int c, code;

	while ((c = opt_next(argc, argv, &list_use)) != -1)
		(void)out_opt(&out, c, optarg);
	table = snap_table(&out, argc - optind > 1, isatty(1));
	e.all = SEL_BROKEN;
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&list_use, &why);
	code = each_vm(&e, list_one, warn_why);
	table_print(table);
	(void)say_done();
	return code;
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
	by = snap_clock(&e.home, &vm);
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
revert_cold(const struct snapshot *s, int disk_only)
{
	int resumes = s->live && !disk_only;
	struct why why;

	if (snap_cold_back(&vm, s->tag, resumes, &why) < 0)
		die_why(&why);
	say_result("Reverted to snapshot: %s\n", s->tag);
	if (resumes)
		hint("xray start %s resumes it; --cold boots", vm.name);
}

static void
run_tool(const char *tool, const char *option, const char *value)
{
	struct why why;
	int code = power_tool(&vm, tool, option, value, &why);

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

static struct {
	char *vm, *tag;
	char *save; /* the tag for the present, or NULL */
	int disk_only, restart, yes, force;
} want;

static void
revert_options(int argc, char **argv)
{
	int c;

	while ((c = opt_next(argc, argv, &revert_use)) != -1)
		switch (c) {
		case OPT_SAVE:
			free(want.save);
			want.save = optarg ? xstrdup(optarg) : snap_time_tag();
			break;
		case OPT_RESTART:
			want.restart = 1;
			break;
		case OPT_DISK_ONLY:
			want.disk_only = 1;
			break;
		case 'f':
			want.force = want.yes = 1;
			break;
		case 'y':
			want.yes = 1;
			break;
		case OPT_LOCK_WAIT:
			e.lock_ms = opt_ms(&revert_use, "--lock-wait", optarg);
			break;
		}
	if (argc - optind != 2)
		die_usage(&revert_use, "a VM and a tag");
	want.vm = argv[optind];
	want.tag = argv[optind + 1];
}

/* The snapshot, when the VM as it is can go back to it. */
static struct snapshot
revertible(void)
{
	autobuf struct buf accel = { 0 };
	struct snapshot s = look(want.tag, 1);
	struct why why;

	(void)io_read_file(vm.dir, "accel", &accel, 16); /* not running */
	if (s.live && !want.disk_only &&
	    snap_loads(&vm, s.tag, accel.n ? accel.p : NULL, &why) < 0)
		die_why(&why);
	if (want.save)
		(void)look(want.save, 0);
	return s;
}

static int
revert(int argc, char **argv)
{
	struct snapshot s;
	int boots, asked;

	revert_options(argc, argv);
	/* nobody shall wait for the answer, so there is no lock yet */
	open_vm(want.vm);
	s = revertible();
	boots = !s.live || want.disk_only;
	asked = boots && vm_alive(&vm);
	if (asked)
		agree_restart(&s, want.yes, want.restart);
	lock_vm();
	s = revertible();
	boots = !s.live || want.disk_only;
	if (boots && vm.hold < 0 && !asked)
		die(EX_TEMPFAIL, "%s: was started just now", vm.name);
	if (want.save)
		take(want.save, NULL, 0, want.force);
	if (vm.hold >= 0)
		revert_cold(&s, want.disk_only);
	else if (!boots)
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

/* 0 or the exit code, said already. */
static int
delete_one(struct qmp *q, const char *tag)
{
	struct why why;
	int r = q ? snap_live_delete(&vm, q, tag, &why) :
		    snap_cold_delete(&vm, tag, &why);

	if (r < 0) {
		warn_why(&why);
		return why.code;
	}
	say_result("Deleted snapshot: %s\n", tag);
	return 0;
}

/* Try all.  What one leaves in the journal is not the next one's to lose. */
static int
delete_all(const struct strv *tags)
{
	autoqmp struct qmp *q = vm.hold < 0 ? monitor() : NULL;
	autofree char *told = NULL;
	struct why why;
	int code = 0;

	for (size_t i = 0; i < tags->n; i++) {
		int bad = delete_one(q, tags->v[i]);

		code = code ? code : bad;
		if (bad && !q && snap_recover(&vm, &told, &why) < 0) {
			warn_why(&why);
			break;
		}
	}
	return code;
}

static int delete (int argc, char **argv)
{
	autostrv struct strv tags = { 0 };
	int c, code, yes = 0;

	while ((c = opt_next(argc, argv, &delete_use)) != -1)
		if (c == 'y')
			yes = 1;
		else
			e.lock_ms = opt_ms(&delete_use, "--lock-wait", optarg);
	if (argc - optind < 2)
		die_usage(&delete_use, "a VM and a tag");
	for (int i = optind + 1; i < argc; i++)
		if (!strv_has(&tags, argv[i]))
			strv_add(&tags, argv[i]);
	/* nobody shall wait for the answer, so there is no lock yet */
	open_vm(argv[optind]);
	for (size_t i = 0; i < tags.n; i++)
		(void)look(tags.v[i], 1);
	if (!agreed((int)tags.n, tags.v, yes))
		return EX_NO;
	lock_vm();
	for (size_t i = 0; i < tags.n; i++)
		(void)look(tags.v[i], 1);
	code = delete_all(&tags);
	(void)say_done();
	return code;
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
