/* SPDX-License-Identifier: ISC */
/*
 * qemu-img (7.2) ends with 0 although its last flush failed, which it tells in
 * words alone, and says nothing of an fsync that fails as it closes an image.
 * The system tells of a write that it lost each descriptor that was open then,
 * and no later one: so ours are opened before qemu-img is.
 */
#include "snap_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "qcow2.h"
#include "run.h"
#include "say.h"
#include "snap.h"
#include "sys.h"

enum { WORDS = 4096, LEAKS = 3 };

/* One qemu-img for each image, 0: none; what they say comes from out. */
struct shift {
	pid_t pid[VM_DISKS];
	int out, in;
	struct buf words;
};

int
snap_images_open(const struct vm *vm, struct snap_images *m, struct why *why)
{
	int n;

	*m = (struct snap_images){ .vm = vm };
	for (n = vm_disks(vm, m->d); m->n < n; m->n++) {
		const char *file = m->d[m->n].file;

		m->fd[m->n] = openat(vm->dir, file, O_RDONLY | O_CLOEXEC);
		if (m->fd[m->n] >= 0)
			continue;
		why_sys(why, EX_IOERR, "%s: %s", vm->name, file);
		snap_images_close(m);
		return -1;
	}
	return 0;
}

void
snap_images_close(struct snap_images *m)
{
	while (m->n > 0)
		close(m->fd[--m->n]);
}

int
snap_images_sync(const struct snap_images *m, struct why *why)
{
	for (int i = 0; i < m->n; i++)
		if (sys_fsync(m->fd[i]) < 0)
			return why_sys(
			    why, EX_IOERR, "%s: %s", m->vm->name, m->d[i].file);
	return 0;
}

/* One of the images for qemu-img --image-opts, the caller's.  The chain is
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

static int
begin(struct shift *s, struct why *why)
{
	int p[2];

	*s = (struct shift){ 0 };
	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "pipe");
	s->out = p[0];
	s->in = p[1];
	return 0;
}

static int
start(const struct snap_images *m, struct shift *s, int i, char *const argv[],
    struct why *why)
{
	struct run r = RUN_PLAIN;

	r.in = RUN_NULL;
	r.out = RUN_NULL;
	r.err = s->in;
	r.keep = &m->vm->hold;
	r.nkeep = m->vm->hold >= 0;
	r.dir = m->vm->dir;
	s->pid[i] = run_spawn(&r, argv, why);
	if (s->pid[i] > 0)
		return 0;
	s->pid[i] = 0;
	return -1;
}

/* Hear them all out; the codes they ended with. */
static void
end(struct shift *s, int code[VM_DISKS])
{
	char chunk[1024];
	ssize_t n;

	close(s->in);
	while ((n = read(s->out, chunk, sizeof chunk)) > 0 ||
	    (n < 0 && errno == EINTR))
		if (n > 0 && s->words.n < WORDS)
			buf_add(&s->words, chunk, (size_t)n);
	close(s->out);
	buf_add(&s->words, "", 0);
	for (int i = 0; i < VM_DISKS; i++)
		code[i] = s->pid[i] ? run_wait(s->pid[i], -1) : 0;
}

/* The first line with which qemu-img says that something failed, masked, the
 * caller's; NULL: it does not. */
static char *
complaint(const struct buf *words)
{
	static const char mark[] = "qemu-img: ";

	for (const char *s = words->p; *s; s += strcspn(s, "\n")) {
		struct buf b = { 0 };

		s += *s == '\n';
		if (!str_starts(s, mark) ||
		    str_starts(s + strlen(mark), "warning: "))
			continue;
		s += strlen(mark);
		buf_vis(&b, s, strcspn(s, "\n"));
		return buf_take(&b);
	}
	return NULL;
}

/* Whether all of it was done; what is called that in why. */
static int
finish(const struct snap_images *m, struct shift *s, const char *what,
    struct why *why)
{
	autofree char *said = NULL;
	int code[VM_DISKS], bad = 0, at = 0;

	end(s, code);
	said = complaint(&s->words);
	for (int i = m->n - 1; i >= 0; i--)
		if (code[i] != 0) {
			bad = 1;
			at = i;
		}
	buf_free(&s->words);
	if (!bad && !said)
		return 0;
	return why_set(why, EX_IOERR, "%s: qemu-img %s failed on %s%s%s",
	    m->vm->name, what, m->d[at].file, said ? ": " : "",
	    said ? said : "");
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
has_tag(int fd, const char *tag, struct why *why)
{
	struct has h = { tag, 0 };
	struct qcow2 q;

	if (qcow2_read(fd, &q, why) < 0 ||
	    qcow2_snapshots(fd, &q, match, &h, why) < 0)
		return -1;
	return h.yes;
}

int
snap_images_have(const struct snap_images *m, const char *tag, struct why *why)
{
	int has = 1;

	for (int i = 0; i < m->n && has == 1; i++)
		has = has_tag(m->fd[i], tag, why);
	return has;
}

/* Start one qemu-img for each image whose having the tag is `having`, -1: for
 * all. */
static int
start_all(const struct snap_images *m, struct shift *s, const char *letter,
    const char *tag, int having, struct why *why)
{
	for (int i = 0; i < m->n; i++) {
		int has = having < 0 ? having : has_tag(m->fd[i], tag, why);
		autofree char *opts = image_opts(m->vm, &m->d[i]);
		autostrv struct strv argv = { 0 };

		strv_words(&argv, "qemu-img", "snapshot", "--image-opts",
		    letter, tag, opts, NULL);
		if (having >= 0 && has < 0)
			return -1;
		if (has == having && start(m, s, i, argv.v, why) < 0)
			return -1;
	}
	return 0;
}

/* record may be NULL. */
static int
work(const struct snap_images *m, const char *letter, const char *tag,
    int having, const struct conf *record, struct why *why)
{
	autofree char *what = xasprintf("snapshot %s %s", letter, tag);
	struct shift s;
	int bad;

	if (begin(&s, why) < 0)
		return -1;
	bad = start_all(m, &s, letter, tag, having, why) < 0 ||
	    (record && snap_record(m->vm, record, why) < 0);
	return finish(m, &s, what, bad ? NULL : why) < 0 || bad ? -1 : 0;
}

int
snap_images_each(const struct snap_images *m, const char *letter,
    const char *tag, int having, struct why *why)
{
	return work(m, letter, tag, having, NULL, why);
}

int
snap_images_create(const struct snap_images *m, const char *tag,
    const struct conf *record, struct why *why)
{
	return work(m, "-c", tag, -1, record, why);
}

int
snap_images_grow(const struct snap_images *m, uint64_t size, struct why *why)
{
	autofree char *opts = image_opts(m->vm, &m->d[0]);
	autostrv struct strv argv = { 0 };
	struct shift s;
	int bad;

	strv_words(
	    &argv, "qemu-img", "resize", "-q", "--image-opts", opts, NULL);
	strv_fmt(&argv, "%" PRIu64, size);
	if (begin(&s, why) < 0)
		return -1;
	bad = start(m, &s, 0, argv.v, why) < 0;
	return finish(m, &s, "resize", bad ? NULL : why) < 0 || bad ? -1 : 0;
}

/* It says what it mends. */
static int
mend(const struct snap_images *m, int i, struct why *why)
{
	autofree char *opts = image_opts(m->vm, &m->d[i]);
	autostrv struct strv argv = { 0 };
	int code[VM_DISKS];
	struct shift s;
	int bad;

	strv_words(&argv, "qemu-img", "check", "-q", "-r", "leaks",
	    "--image-opts", opts, NULL);
	if (begin(&s, why) < 0)
		return -1;
	bad = start(m, &s, i, argv.v, why) < 0;
	end(&s, code);
	buf_free(&s.words);
	if (bad || code[i] == 0 || code[i] == LEAKS)
		return bad ? -1 : 0;
	return why_set(why, EX_IOERR, "%s: qemu-img check finds %s damaged",
	    m->vm->name, m->d[i].file);
}

int
snap_images_mend(const struct snap_images *m, struct why *why)
{
	for (int i = 0; i < m->n; i++)
		if (mend(m, i, why) < 0)
			return -1;
	return 0;
}
