/* SPDX-License-Identifier: ISC */
/*
 * Snapshots of a stopped VM: one qemu-img for each image, all at once.
 *
 * The journal `op` holds "create TAG", "delete TAG" or "revert TAG" from
 * before the first image is touched until the last is done, or "resize to".
 * What a killed command left is then undone (create) or done again (delete,
 * revert); both may be repeated.  A qemu-img that was killed, or failed, leaves
 * clusters that nothing points to; the recovery collects them.
 */
#include "snap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "io.h"
#include "qcow2.h"
#include "run.h"
#include "say.h"
#include "sys.h"

/* One of the VM's images for qemu-img --image-opts, the caller's.  The chain is
 * stated, as for QEMU: no header says what else is opened. */
static char *
image_opts(const struct vm *vm, const struct vm_disk *d)
{
	struct buf b = { 0 };

	buf_fmt(&b, "driver=qcow2,file.driver=file,file.filename=%s", d->file);
	if (*vm->base)
		buf_fmt(&b,
		    ",backing.driver=qcow2,backing.file.driver=file,"
		    "backing.file.filename=../../bases/%s/%lld/%s",
		    vm->base, vm->generation, d->base_file);
	return buf_take(&b);
}

/* It holds the VM still, even without us. */
static pid_t
start(const struct vm *vm, char *const argv[], struct why *why)
{
	struct run r = RUN_PLAIN;

	r.in = RUN_NULL;
	r.out = RUN_NULL;
	r.keep = &vm->hold;
	r.nkeep = vm->hold >= 0;
	r.dir = vm->dir;
	return run_spawn(&r, argv, why);
}

static pid_t
image_start(const struct vm *vm, const struct vm_disk *d, const char *letter,
    const char *tag, struct why *why)
{
	autofree char *opts = image_opts(vm, d);
	autostrv struct strv argv = { 0 };

	strv_words(&argv, "qemu-img", "snapshot", "--image-opts", letter, tag,
	    opts, NULL);
	return start(vm, argv.v, why);
}

struct has {
	const char *tag;
	int yes;
};

static void
match(const struct qcow2_snapshot *s, void *arg)
{
	struct has *h = arg;

	h->yes |= strcmp(s->name, h->tag) == 0;
}

/* 1 when the image holds the tag, 0 when not, -1 with why. */
static int
image_has(const struct vm *vm, const struct vm_disk *d, const char *tag,
    struct why *why)
{
	autoclose int fd = openat(vm->dir, d->file, O_RDONLY | O_CLOEXEC);
	struct has h = { tag, 0 };
	struct qcow2 q;

	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s: %s", vm->name, d->file);
	if (qcow2_read(fd, &q, why) < 0 ||
	    qcow2_snapshots(fd, &q, match, &h, why) < 0)
		return -1;
	return h.yes;
}

/* Run qemu-img with letter on each image whose having the tag is `having`
 * (-1: on all). */
static int
each_image(const struct vm *vm, const char *letter, const char *tag, int having,
    struct why *why)
{
	struct vm_disk d[VM_DISKS];
	pid_t pid[VM_DISKS];
	int n = vm_disks(vm, d), bad = 0;

	for (int i = 0; i < n; i++) {
		int has = having < 0 ? having : image_has(vm, &d[i], tag, why);

		pid[i] = 0;
		if (having >= 0 && has < 0)
			bad = 1;
		else if (has == having)
			pid[i] = image_start(vm, &d[i], letter, tag, why);
		bad |= pid[i] < 0;
	}
	for (int i = 0; i < n; i++) {
		if (pid[i] > 0 && run_wait(pid[i], -1) != 0) {
			bad = 1;
			why_set(why, EX_IOERR,
			    "%s: qemu-img snapshot %s %s "
			    "failed on %s",
			    vm->name, letter, tag, d[i].file);
		}
	}
	return bad ? -1 : 0;
}

static int
journal(const struct vm *vm, const char *verb, const char *tag, struct why *why)
{
	autofree char *line = xasprintf("%s %s\n", verb, tag);

	if (io_replace(vm->dir, "op", 0600, line, strlen(line)) < 0)
		return why_sys(why, EX_IOERR, "%s: op", vm->name);
	return 0;
}

static int
journal_end(const struct vm *vm, struct why *why)
{
	if ((unlinkat(vm->dir, "op", 0) < 0 && errno != ENOENT) ||
	    sys_fsync(vm->dir) < 0)
		return why_sys(why, EX_IOERR, "%s: op", vm->name);
	return 0;
}

static int
collect_leaks(const struct vm *vm, struct why *why)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d);

	for (int i = 0; i < n; i++) {
		autofree char *opts = image_opts(vm, &d[i]);
		autostrv struct strv argv = { 0 };
		pid_t pid;
		int code;

		strv_words(&argv, "qemu-img", "check", "-q", "-r", "leaks",
		    "--image-opts", opts, NULL);
		pid = start(vm, argv.v, why);
		if (pid < 0)
			return -1;
		code = run_wait(pid, -1);
		if (code != 0 && code != 3)
			return why_set(why, EX_IOERR,
			    "%s: qemu-img check "
			    "finds %s damaged",
			    vm->name, d[i].file);
	}
	return 0;
}

static int
recover(struct vm *vm, const char *verb, const char *tag, struct why *why)
{
	if (collect_leaks(vm, why) < 0)
		return -1;
	if (strcmp(verb, "revert") == 0) {
		if (each_image(vm, "-a", tag, 1, why) < 0 ||
		    snap_current(vm, tag, why) < 0)
			return -1;
	} else if (strcmp(verb, "resize") != 0 &&
	    (each_image(vm, "-d", tag, 1, why) < 0 ||
		snap_forget(vm, tag, why) < 0))
		return -1;
	return journal_end(vm, why);
}

int
snap_recover(struct vm *vm, char **told, struct why *why)
{
	autobuf struct buf b = { 0 };
	char *tag;

	if (io_read_file(vm->dir, "op", &b, 256) < 0)
		return errno == ENOENT ?
		    0 :
		    why_sys(why, EX_IOERR, "%s: op", vm->name);
	b.p[strcspn(b.p, "\n")] = '\0';
	tag = strchr(b.p, ' ');
	if (!tag || tag_check(tag + 1, NULL) < 0)
		return why_set(
		    why, EX_DATAERR, "%s: op: not understood", vm->name);
	*tag++ = '\0';
	free(*told);
	*told = strcmp(b.p, "resize") == 0 ?
	    xasprintf("%s: a resize was broken off", vm->name) :
	    xasprintf("%s: a snapshot %s was broken off; %s", vm->name, b.p,
		strcmp(b.p, "create") == 0 ? "undone" : "finished");
	return recover(vm, b.p, tag, why);
}

int
snap_cold_create(
    struct vm *vm, const char *tag, const char *note, struct why *why)
{
	if (journal(vm, "create", tag, why) < 0)
		return -1;
	if (each_image(vm, "-c", tag, -1, why) == 0 &&
	    snap_note(vm, tag, NULL, note, why) == 0)
		return journal_end(vm, why);
	(void)recover(vm, "create", tag, NULL); /* or the next command */
	return -1;
}

int
snap_cold_delete(struct vm *vm, const char *tag, struct why *why)
{
	if (journal(vm, "delete", tag, why) < 0 ||
	    each_image(vm, "-d", tag, 1, why) < 0 ||
	    snap_forget(vm, tag, why) < 0)
		return -1;
	return journal_end(vm, why);
}

static int
revert(struct vm *vm, const char *tag, struct why *why)
{
	if (journal(vm, "revert", tag, why) < 0 ||
	    each_image(vm, "-a", tag, 1, why) < 0 ||
	    snap_current(vm, tag, why) < 0)
		return -1;
	return journal_end(vm, why);
}

static int
grow(const struct vm *vm, const struct vm_disk *d, uint64_t size,
    struct why *why)
{
	autofree char *image = image_opts(vm, d);
	autostrv struct strv argv = { 0 };
	pid_t pid;

	strv_words(
	    &argv, "qemu-img", "resize", "-q", "--image-opts", image, NULL);
	strv_fmt(&argv, "%" PRIu64, size);
	pid = start(vm, argv.v, why);
	if (pid < 0)
		return -1;
	if (run_wait(pid, -1) == 0)
		return 0;
	return why_set(
	    why, EX_IOERR, "%s: qemu-img failed on %s", vm->name, d->file);
}

int
snap_cold_resize(struct vm *vm, uint64_t size, struct why *why)
{
	struct vm_disk d[VM_DISKS];

	(void)vm_disks(vm, d);
	if (journal(vm, "resize", "to", why) < 0)
		return -1;
	if (grow(vm, &d[0], size, why) == 0)
		return journal_end(vm, why);
	(void)recover(vm, "resize", "to", NULL); /* or the next command */
	return -1;
}

static int
set_resume(struct vm *vm, const char *tag, struct why *why)
{
	if (conf_set(vm->conf, "resume", tag, why) < 0)
		return -1;
	return vm_save(vm, why);
}

/* The order matters to who is killed between: without `resume` a reverted
 * disk boots, with it a disk not yet reverted would be resumed wrongly. */
int
snap_cold_back(struct vm *vm, const char *tag, int resumes, struct why *why)
{
	if (set_resume(vm, NULL, why) < 0 || revert(vm, tag, why) < 0)
		return -1;
	return resumes ? set_resume(vm, tag, why) : 0;
}

int
snap_hold(struct vm *vm, char **told, struct why *why)
{
	char *text = NULL;

	if (vm_alive(vm))
		return 1;
	vm->hold = lock_take(vm->dir, "run.lock", vm->name, 0, why);
	if (vm->hold < 0)
		return -1;
	boot_clear(vm); /* what a killed supervisor left */
	if (snap_recover(vm, &text, why) < 0) {
		close(vm->hold);
		vm->hold = -1;
		return -1;
	}
	if (told)
		*told = text;
	else
		free(text);
	return 0;
}
