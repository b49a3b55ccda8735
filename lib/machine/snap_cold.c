/* SPDX-License-Identifier: ISC */
/*
 * Snapshots of a stopped VM: one qemu-img for each image, all at once.
 *
 * The journal `op` holds "create TAG", "delete TAG" or "revert TAG" from
 * before the first image is touched until the last is done, or "resize to".
 * What a killed command left is then undone (create) or done again (delete,
 * revert); both may be repeated.  A qemu-img that was killed, or failed, leaves
 * clusters that nothing points to; the recovery collects them.  So does a QEMU
 * that was killed, whose "save TAG" is undone unless all images have it.
 */
#include "snap.h"
#include "snap_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "io.h"
#include "say.h"
#include "sys.h"

/* It gets its name before it is synced: then one commit of a file system's own
 * journal has both.  A power cut may leave it empty, when nothing was begun. */
int
snap_journal(
    const struct vm *vm, const char *verb, const char *tag, struct why *why)
{
	autofree char *line = xasprintf("%s %s\n", verb, tag);
	autoclose int fd = -1;

	if (io_put(vm->dir, "op", 0600, line, strlen(line)) < 0 ||
	    (fd = openat(vm->dir, "op", O_RDONLY | O_CLOEXEC)) < 0 ||
	    sys_fsync(fd) < 0 || sys_fsync(vm->dir) < 0)
		return why_sys(why, EX_IOERR, "%s: op", vm->name);
	return 0;
}

int
snap_journal_end(const struct vm *vm, struct why *why)
{
	if ((unlinkat(vm->dir, "op", 0) < 0 && errno != ENOENT) ||
	    sys_fsync(vm->dir) < 0)
		return why_sys(why, EX_IOERR, "%s: op", vm->name);
	return 0;
}

/* All of it is on the disk; only then is there nothing left to do. */
static int
journal_end(const struct vm *vm, const struct snap_images *m, struct why *why)
{
	return snap_images_sync(m, why) < 0 ? -1 : snap_journal_end(vm, why);
}

/* Undo what was begun, or do it again; 1 when it is done after all. */
static int
undo(struct vm *vm, const struct snap_images *m, const char *verb,
    const char *tag, struct why *why)
{
	int done = 1;

	if (snap_images_mend(m, why) < 0)
		return -1;
	if (strcmp(verb, "revert") == 0) {
		if (snap_images_each(m, "-a", tag, 1, why) < 0 ||
		    snap_current(vm, tag, why) < 0)
			return -1;
	} else if (strcmp(verb, "save") == 0)
		done = snap_images_have(m, tag, why);
	else
		done = strcmp(verb, "create") != 0;
	if (done < 0)
		return -1;
	if ((!done || strcmp(verb, "delete") == 0) &&
	    (snap_images_each(m, "-d", tag, 1, why) < 0 ||
		snap_forget(vm, tag, why) < 0))
		return -1;
	return journal_end(vm, m, why) < 0 ? -1 : done;
}

static int
recover(struct vm *vm, const char *verb, const char *tag, struct why *why)
{
	struct snap_images m;
	int r;

	if (snap_images_open(vm, &m, why) < 0)
		return -1;
	r = undo(vm, &m, verb, tag, why);
	snap_images_close(&m);
	return r;
}

static int
is_verb(const char *word)
{
	static const char *const verbs[] = { "create", "save", "delete",
		"revert", "resize" };

	for (size_t i = 0; i < LEN(verbs); i++)
		if (strcmp(word, verbs[i]) == 0)
			return 1;
	return 0;
}

/* 1 when there is one: the verb is in b, *tag behind it. */
static int
journal_read(
    const struct vm *vm, struct buf *b, const char **tag, struct why *why)
{
	char *blank;

	if (io_read_file(vm->dir, "op", b, 256) < 0)
		return errno == ENOENT ?
		    0 :
		    why_sys(why, EX_IOERR, "%s: op", vm->name);
	if (!b->n)
		return snap_journal_end(vm, why) < 0 ? -1 : 0;
	b->p[strcspn(b->p, "\n")] = '\0';
	blank = strchr(b->p, ' ');
	if (blank)
		*blank++ = '\0';
	if (!blank || tag_check(blank, NULL) < 0 || !is_verb(b->p))
		return why_set(
		    why, EX_DATAERR, "%s: op: not understood", vm->name);
	*tag = blank;
	return 1;
}

int
snap_recover(struct vm *vm, char **told, struct why *why)
{
	autobuf struct buf b = { 0 };
	const char *tag = NULL;
	int done = journal_read(vm, &b, &tag, why);

	if (done <= 0)
		return done;
	done = recover(vm, b.p, tag, why);
	if (done < 0)
		return -1;
	free(*told);
	*told = strcmp(b.p, "resize") == 0 ?
	    xasprintf("%s: a resize was broken off", vm->name) :
	    xasprintf("%s: a snapshot %s was broken off; %s", vm->name,
		strcmp(b.p, "save") == 0 ? "create" : b.p,
		done ? "finished" : "undone");
	return 0;
}

/* What is to be done between the two ends of the journal. */
struct change {
	const char *verb, *tag, *note;
	uint64_t size;
};

/* It is in the record before all images have it: the journal tells of it, and
 * what is undone is forgotten too. */
static int
create(struct vm *vm, const struct snap_images *m, const struct change *c,
    struct why *why)
{
	autoconf struct conf *record =
	    snap_noted(vm, c->tag, NULL, c->note, why);

	return record ? snap_images_create(m, c->tag, record, why) : -1;
}

static int
drop(struct vm *vm, const struct snap_images *m, const struct change *c,
    struct why *why)
{
	if (snap_images_each(m, "-d", c->tag, 1, why) < 0)
		return -1;
	return snap_forget(vm, c->tag, why);
}

static int
revert(struct vm *vm, const struct snap_images *m, const struct change *c,
    struct why *why)
{
	if (snap_images_each(m, "-a", c->tag, 1, why) < 0)
		return -1;
	return snap_current(vm, c->tag, why);
}

static int
grow(struct vm *vm, const struct snap_images *m, const struct change *c,
    struct why *why)
{
	(void)vm;
	return snap_images_grow(m, c->size, why);
}

static int
change(struct vm *vm, const struct change *c,
    int (*make)(struct vm *, const struct snap_images *, const struct change *,
	struct why *),
    struct why *why)
{
	struct snap_images m;
	int r;

	if (snap_images_open(vm, &m, why) < 0)
		return -1;
	r = snap_journal(vm, c->verb, c->tag, why);
	if (r == 0 &&
	    (make(vm, &m, c, why) < 0 || journal_end(vm, &m, why) < 0))
		r = 1;
	snap_images_close(&m);
	return r;
}

int
snap_cold_create(
    struct vm *vm, const char *tag, const char *note, struct why *why)
{
	const struct change c = { "create", tag, note, 0 };
	int r = change(vm, &c, create, why);

	if (r > 0)
		(void)recover(vm, "create", tag, NULL); /* or the next does */
	return r ? -1 : 0;
}

int
snap_cold_delete(struct vm *vm, const char *tag, struct why *why)
{
	const struct change c = { "delete", tag, NULL, 0 };

	return change(vm, &c, drop, why) ? -1 : 0;
}

int
snap_cold_resize(struct vm *vm, uint64_t size, struct why *why)
{
	const struct change c = { "resize", "to", NULL, size };
	int r = change(vm, &c, grow, why);

	if (r > 0)
		(void)recover(vm, "resize", "to", NULL); /* or the next does */
	return r ? -1 : 0;
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
	const struct change c = { "revert", tag, NULL, 0 };

	if (set_resume(vm, NULL, why) < 0 || change(vm, &c, revert, why) != 0)
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
