/* SPDX-License-Identifier: ISC */
/*
 * Snapshots of a running VM by QMP's snapshot-save, -load and -delete
 * (QEMU 6.0).  QEMU 7.2 has its ways: a failed load leaves the VM stopped, a
 * delete of a tag that is not there succeeds, a job stays until it is
 * dismissed.  So the tag's existence is checked before, and the state of the
 * VM after.
 */
#include "snap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "ssh.h"

enum { SLOW = 600000 }; /* ms: gigabytes of memory to a slow disk */
enum { CLOCK_MS = 20000 };

/* {"job-id":..., "tag":..., "vmstate":"disk0", "devices":[...]} */
static char *
arguments(const struct vm *vm, const char *tag, const char *job, int vmstate)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d);
	struct buf b = { 0 };

	buf_fmt(&b, "{\"job-id\":\"%s\",\"tag\":", job);
	json_quote(&b, tag);
	if (vmstate)
		buf_fmt(&b, ",\"vmstate\":\"%s\"", d[0].node);
	buf_str(&b, ",\"devices\":[");
	for (int i = 0; i < n; i++)
		buf_fmt(&b, "%s\"%s\"", i ? "," : "", d[i].node);
	buf_str(&b, "]}");
	return buf_take(&b);
}

/* Without others at the same moment; the caller's. */
static char *
job_id(void)
{
	return xasprintf("xray-%ld-%lld", (long)getpid(), io_now());
}

static int
job(const struct vm *vm, struct qmp *q, const char *command, const char *tag,
    int vmstate, struct why *why)
{
	autofree char *id = job_id(), *args = arguments(vm, tag, id, vmstate);

	return qmp_job(q, command, args, id, io_now() + SLOW, why);
}

/* What QEMU refused is not half done. */
static int
refused(const struct vm *vm, const struct why *w, struct why *why)
{
	if (w->code == EX_PROTOCOL)
		(void)snap_journal_end(vm, NULL); /* or the next does */
	return why_set(why, w->code, "%s", w->text);
}

/* QEMU's word for what the VM does: running, paused, ...; the caller's. */
static char *
run_state(struct qmp *q, struct why *why)
{
	autojson struct json *doc =
	    qmp_call(q, "query-status", NULL, io_now() + 10000, why);

	return doc ? json_str(doc, json_get(doc, 0, "return.status")) : NULL;
}

/* Whatever happened, a VM that ran goes on. */
static void
go_on(struct qmp *q, const char *before)
{
	autofree char *now = NULL;
	struct why w;

	if (!before || strcmp(before, "running") != 0)
		return;
	now = run_state(q, &w);
	if (now && strcmp(now, "running") != 0)
		(void)qmp_do(q, "cont", NULL, io_now() + 10000, &w);
}

/* QEMU answers when it is as good as done.  Meanwhile the snapshot is written
 * down: the journal tells of it.  0, or -1 with why. */
static int
save(const struct vm *vm, struct qmp *q, const char *tag, const char *state,
    const char *note, struct why *why)
{
	static const char command[] = "snapshot-save";
	autofree char *id = job_id(), *args = arguments(vm, tag, id, 1);
	autoconf struct conf *record = snap_noted(vm, tag, state, note, why);
	long long deadline = io_now() + SLOW;
	struct why w = { 0 };
	int noted;

	if (!record || qmp_begin(q, command, args, deadline, why) < 0)
		return -1;
	noted = snap_record(vm, record, &w);
	if (qmp_end(q, command, deadline, why) < 0 ||
	    qmp_job_wait(q, id, deadline, why) < 0)
		return -1;
	return noted < 0 ? why_set(why, w.code, "%s", w.text) : 0;
}

int
snap_live_create(struct vm *vm, struct qmp *q, const char *tag,
    const char *note, int *ran, long long *stood, struct why *why)
{
	autofree char *before = run_state(q, why);
	long long start;
	struct why w = { 0 };
	int r;

	if (!before || snap_journal(vm, "save", tag, why) < 0)
		return -1;
	*ran = strcmp(before, "running") == 0;
	start = io_now();
	r = save(vm, q, tag, *ran ? "running" : "paused", note, &w);
	*stood = io_now() - start;
	go_on(q, before);
	if (r < 0 && w.code == EX_PROTOCOL && snap_forget(vm, tag, why) < 0)
		return -1; /* the journal stays */
	return r ? refused(vm, &w, why) : snap_journal_end(vm, why);
}

/*
 * One transaction: all images get it or none.  Each is drained from its own
 * snapshot until all have theirs, and QEMU serves nobody meanwhile, so the
 * guest cannot write between.
 */
int
snap_live_disks(const struct vm *vm, struct qmp *q, const char *tag,
    const char *note, struct why *why)
{
	struct vm_disk d[VM_DISKS];
	autobuf struct buf b = { 0 };
	int n = vm_disks(vm, d);
	struct why w = { 0 };

	if (snap_journal(vm, "save", tag, why) < 0)
		return -1;
	buf_str(&b, "{\"actions\":[");
	for (int i = 0; i < n; i++) {
		buf_fmt(&b,
		    "%s{\"type\":\"blockdev-snapshot-internal-sync\","
		    "\"data\":{\"device\":\"%s\",\"name\":",
		    i ? "," : "", d[i].node);
		json_quote(&b, tag);
		buf_str(&b, "}}");
	}
	buf_str(&b, "]}");
	if (qmp_do(q, "transaction", b.p, io_now() + SLOW, &w) < 0)
		return refused(vm, &w, why);
	if (snap_note(vm, tag, NULL, note, why) < 0)
		return -1;
	return snap_journal_end(vm, why);
}

int
snap_live_delete(struct vm *vm, struct qmp *q, const char *tag, struct why *why)
{
	struct why w = { 0 };

	if (snap_journal(vm, "delete", tag, why) < 0)
		return -1;
	if (job(vm, q, "snapshot-delete", tag, 0, &w) < 0)
		return refused(vm, &w, why);
	if (snap_forget(vm, tag, why) < 0)
		return -1;
	return snap_journal_end(vm, why);
}

static int
ran_then(const struct vm *vm, const char *tag)
{
	const char *state;
	struct snaps s;
	struct why w;
	int ran;

	if (snaps_read(vm, &s, &w) < 0)
		return 1;
	state = conf_get(s.conf, tag, "state");
	ran = !state || strcmp(state, "running") == 0;
	snaps_free(&s);
	return ran;
}

/* Load, and leave it as QEMU does. */
static int
load(const struct vm *vm, struct qmp *q, const char *tag, struct why *why)
{
	autofree char *before = run_state(q, why);
	struct why w;

	if (!before)
		return -1;
	if (job(vm, q, "snapshot-load", tag, 1, &w) == 0)
		return 0;
	/* Refused before anything was touched: it goes on.  Else disks and
	 * memory may be of two times, and it must not. */
	if (strstr(w.text, "does not exist") || strstr(w.text, "disabled")) {
		go_on(q, before);
		return why_set(why, w.code, "%s", w.text);
	}
	return why_set(why, w.code,
	    "%s; it is left paused: xray stop -f %s, "
	    "then start",
	    w.text, vm->name);
}

int
snap_live_load(
    const struct vm *vm, struct qmp *q, const char *tag, struct why *why)
{
	autofree char *now = NULL;
	int ran = ran_then(vm, tag);

	/* what a killed command was at is nobody's wish any more */
	if (snap_journal_end(vm, why) < 0)
		return -1;
	if (load(vm, q, tag, why) < 0 || !(now = run_state(q, why)))
		return -1;
	if (ran && strcmp(now, "running") != 0)
		return qmp_do(q, "cont", NULL, io_now() + 10000, why);
	if (!ran && strcmp(now, "running") == 0)
		return qmp_do(q, "stop", NULL, io_now() + 10000, why);
	return 0;
}

/* vm.ini forgets the snapshot before the guest runs on: whoever is killed
 * then, the next start boots what the disk holds. */
int
snap_resume(struct vm *vm, struct qmp *q, int *ran, struct why *why)
{
	*ran = ran_then(vm, vm->resume);
	if (load(vm, q, vm->resume, why) < 0 ||
	    conf_set(vm->conf, "resume", NULL, why) < 0 || vm_save(vm, why) < 0)
		return -1;
	return *ran ? qmp_do(q, "cont", NULL, io_now() + 10000, why) : 0;
}

long long
snap_clock(struct home *h, const struct vm *vm)
{
	autostrv struct strv argv = { 0 };
	autobuf struct buf b = { 0 };
	long long by;

	/* one that has never answered is hardly about to */
	if (ssh_clock_argv(h, vm, ssh_is_up(vm) ? 10000 : 1000, &argv, NULL) <
		0 ||
	    run_capture(argv.v, &b, 256, CLOCK_MS, NULL) != 0)
		return -1;
	b.p[strcspn(b.p, "\n")] = '\0';
	return num_int(b.p, -INT32_MAX, INT32_MAX, &by) < 0 ? -1 : by;
}
