/* SPDX-License-Identifier: ISC */
#include "snap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "once.h"
#include "qemu.h"
#include "qcow2.h"
#include "say.h"
#include "sys.h"
#include "usernet.h"

static int
record_read(const struct vm *vm, struct conf **c, struct why *why)
{
	autofree char *label = xasprintf("vms/%s/snapshots.ini", vm->name);
	struct why w;

	*c = conf_read(vm->dir, "snapshots.ini", label, &w);
	if (*c)
		return 0;
	if (w.code != EX_NOINPUT)
		return why_set(why, w.code, "%s", w.text);
	*c = conf_new(label);
	conf_set(*c, "version", "1", NULL);
	return 0;
}

int
snap_record(const struct vm *vm, const struct conf *c, struct why *why)
{
	size_t n;
	const char *text = conf_text(c, &n);

	if (io_rewrite(vm->dir, "snapshots.ini", 0600, text, n) < 0)
		return why_sys(why, EX_IOERR, "%s: snapshots.ini", vm->name);
	return 0;
}

static void
collect(const struct qcow2_snapshot *q, void *arg)
{
	struct snaps *s = arg;
	struct snapshot *new;

	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].tag, q->name) == 0)
			return;
	s->v = xreallocarray(s->v, s->n + 1, sizeof *s->v);
	new = &s->v[s->n++];
	*new = (struct snapshot){ .live = q->state_size != 0,
		.size = q->state_size,
		.seconds = q->seconds };
	(void)snprintf(new->tag, sizeof new->tag, "%s", q->name);
}

int
snaps_read(const struct vm *vm, struct snaps *s, struct why *why)
{
	autoclose int fd = openat(vm->dir, "disk.qcow2", O_RDONLY | O_CLOEXEC);
	struct qcow2 q;
	struct why w;

	*s = (struct snaps){ 0 };
	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s: disk.qcow2", vm->name);
	if (qcow2_read(fd, &q, &w) < 0 ||
	    qcow2_snapshots(fd, &q, collect, s, &w) < 0) {
		snaps_free(s);
		return why_set(
		    why, w.code, "%s: disk.qcow2: %s", vm->name, w.text);
	}
	if (record_read(vm, &s->conf, why) == 0)
		return 0;
	snaps_free(s);
	return -1;
}

void
snaps_free(struct snaps *s)
{
	free(s->v);
	conf_free(s->conf);
	*s = (struct snaps){ 0 };
}

/* The one called tag; NULL with why: EX_NOINPUT and the nearest. */
static const struct snapshot *
find(const struct snaps *s, const char *tag, const struct vm *vm,
    struct why *why)
{
	const char *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		str_nearest(&best, tag, s->v[i].tag);
		if (strcmp(s->v[i].tag, tag) == 0)
			return &s->v[i];
	}
	why_set(why, EX_NOINPUT, "%s: no snapshot %s%s%s%s", vm->name, tag,
	    best ? " (" : "", best ? best : "", best ? "?)" : "");
	return NULL;
}

int
snap_look(const struct vm *vm, const char *tag, int want, struct snapshot *s,
    struct why *why)
{
	const struct snapshot *found;
	struct snaps all;

	*s = (struct snapshot){ 0 };
	if (tag_check(tag, why) < 0 || snaps_read(vm, &all, why) < 0)
		return -1;
	found = find(&all, tag, vm, want ? why : NULL);
	if (found)
		*s = *found;
	snaps_free(&all);
	if (!s->tag[0] == !want)
		return 0;
	if (!want)
		why_set(why, EX_CANTCREAT,
		    "%s: snapshot %s exists; xray snap delete %s %s", vm->name,
		    tag, vm->name, tag);
	return -1;
}

char *
snap_time_tag(void)
{
	char text[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(text, sizeof text, "%Y-%m-%d-%H%M%S", &tm);
	return xstrdup(text); /* tag_check refuses none */
}

static int
differs(const struct vm *vm, const char *tag, const char *what,
    const char *then, const char *now, struct why *why)
{
	if (!then || strcmp(then, now) == 0)
		return 0;
	return why_set(why, EX_CONFIG,
	    "%s: snapshot %s was taken with %s %s, "
	    "the VM has %s now; set it back, or boot by start --cold",
	    vm->name, tag, what, then, now);
}

/* What a snapshot is taken with, and loads with alone: the devices, whatever
 * they are connected to. */
struct hardware {
	char memory[32], cpus[8];
};
struct fact {
	const char *key, *now; /* NULL: not known */
};
enum { FACTS = 8 };

/* Of the VM as it runs, or would run.  The texts are the vm's and hw's. */
static void
facts(const struct vm *vm, const char *accel, struct hardware *hw,
    struct fact f[FACTS])
{
	autofree char *memory = NULL;
	autobuf struct buf text = { 0 };
	struct vm now = *vm;
	size_t n = 0;

	once_recall(&now, &text);
	memory = num_size_text(now.memory);
	(void)snprintf(hw->memory, sizeof hw->memory, "%s", memory);
	(void)snprintf(hw->cpus, sizeof hw->cpus, "%lld", now.cpus);
	f[n++] = (struct fact){ "memory", hw->memory };
	f[n++] = (struct fact){ "cpus", hw->cpus };
	f[n++] = (struct fact){ "accel", accel };
	f[n++] = (struct fact){ "machine", vm->machine };
	f[n++] = (struct fact){ "firmware", vm->firmware };
	/* QEMU's own network has a state that is in the snapshot */
	f[n++] = (struct fact){ "nic",
		usernet_is(&now)		 ? "proxy" :
		    strcmp(now.net, "none") == 0 ? "no" :
						   "yes" };
	f[n++] = (struct fact){ "screen", qemu_screen(&now) ? "yes" : "no" };
	f[n++] = (struct fact){ "kernel", now.kernel ? "yes" : "no" };
}

char *
snap_accel(const struct vm *vm, const char *tag)
{
	struct conf *c = NULL;
	const char *accel;
	char *copy = NULL;

	if (record_read(vm, &c, NULL) < 0)
		return NULL;
	accel = conf_get(c, tag, "accel");
	if (accel)
		copy = xstrdup(accel);
	conf_free(c);
	return copy;
}

int
snap_loads(
    const struct vm *vm, const char *tag, const char *accel, struct why *why)
{
	struct fact f[FACTS];
	struct hardware hw;
	struct conf *c;
	int bad = 0;

	if (record_read(vm, &c, why) < 0)
		return -1;
	facts(vm, accel, &hw, f);
	for (size_t i = 0; i < FACTS && !bad; i++)
		if (f[i].now)
			bad = differs(vm, tag, f[i].key,
			    conf_get(c, tag, f[i].key), f[i].now, why);
	conf_free(c);
	return bad;
}

static int
note_facts(
    struct conf *c, const struct vm *vm, const char *tag, struct why *why)
{
	autobuf struct buf accel = { 0 };
	struct fact f[FACTS];
	struct hardware hw;

	(void)io_read_file(vm->dir, "accel", &accel, 16); /* not running */
	facts(vm, accel.n ? accel.p : NULL, &hw, f);
	for (size_t i = 0; i < FACTS; i++)
		if (f[i].now &&
		    conf_set_in(c, tag, f[i].key, f[i].now, why) < 0)
			return -1;
	return 0;
}

struct conf *
snap_noted(const struct vm *vm, const char *tag, const char *state,
    const char *text, struct why *why)
{
	struct conf *c;
	autofree char *parent = NULL;
	char now[32];

	if (record_read(vm, &c, why) < 0)
		return NULL;
	if (conf_get(c, NULL, "current"))
		parent = xstrdup(conf_get(c, NULL, "current"));
	io_timestamp(now, 0);
	conf_drop_section(c, tag);
	if (conf_set_in(c, tag, "kind", state ? "live" : "disk", why) == 0 &&
	    conf_set_in(c, tag, "state", state, why) == 0 &&
	    conf_set_in(c, tag, "time", now, why) == 0 &&
	    conf_set_in(c, tag, "parent", parent, why) == 0 &&
	    conf_set_in(c, tag, "note", text, why) == 0 &&
	    (!state || note_facts(c, vm, tag, why) == 0) &&
	    conf_set(c, "current", tag, why) == 0)
		return c;
	conf_free(c);
	return NULL;
}

int
snap_note(const struct vm *vm, const char *tag, const char *state,
    const char *text, struct why *why)
{
	autoconf struct conf *c = snap_noted(vm, tag, state, text, why);

	return c ? snap_record(vm, c, why) : -1;
}

int
snap_current(struct vm *vm, const char *tag, struct why *why)
{
	autoconf struct conf *c = NULL;

	if (record_read(vm, &c, why) < 0 ||
	    conf_set(c, "current", tag, why) < 0 || snap_record(vm, c, why) < 0)
		return -1;
	return sys_fsync(vm->dir) < 0 ? why_sys(why, EX_IOERR, "%s", vm->name) :
					0;
}

/* The children of a snapshot that goes become its parent's. */
static int
reparent(const struct vm *vm, struct conf *c, const char *tag,
    const char *parent, struct why *why)
{
	struct snaps all;
	int bad = 0;

	if (snaps_read(vm, &all, why) < 0)
		return -1;
	for (size_t i = 0; i < all.n && !bad; i++) {
		const char *p = conf_get(c, all.v[i].tag, "parent");

		if (p && strcmp(p, tag) == 0)
			bad = conf_set_in(
				  c, all.v[i].tag, "parent", parent, why) < 0;
	}
	snaps_free(&all);
	return bad ? -1 : 0;
}

int
snap_forget(struct vm *vm, const char *tag, struct why *why)
{
	autoconf struct conf *c = NULL;
	autofree char *parent = NULL;
	const char *current;

	if (record_read(vm, &c, why) < 0)
		return -1;
	if (conf_get(c, tag, "parent"))
		parent = xstrdup(conf_get(c, tag, "parent"));
	if (reparent(vm, c, tag, parent, why) < 0)
		return -1;
	current = conf_get(c, NULL, "current");
	if (current && strcmp(current, tag) == 0 &&
	    conf_set(c, "current", parent, why) < 0)
		return -1;
	conf_drop_section(c, tag);
	if (snap_record(vm, c, why) < 0)
		return -1;
	if (!vm->resume || strcmp(vm->resume, tag) != 0)
		return 0;
	if (conf_set(vm->conf, "resume", NULL, why) < 0)
		return -1;
	return vm_save(vm, why);
}
