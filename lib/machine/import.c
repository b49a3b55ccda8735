/* SPDX-License-Identifier: ISC */
/*
 * The steps: open or fetch; in a staging directory: copy, check the sum, look
 * what it is, move, link or convert, inspect, check, see what it boots by;
 * seal.  What is killed in between leaves a stage, which the next command
 * that makes a base removes, and the part of a download.
 */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "cache.h"
#include "fetch.h"
#include "image.h"
#include "img.h"
#include "io.h"
#include "learn.h"
#include "qcow2.h"
#include "room.h"
#include "say.h"
#include "strict.h"
#include "sys.h"

struct work {
	struct home *h;
	struct import *im;
	struct img_job job;
	struct fetch fetch; /* of a URL */
	int url;
	int fd; /* what is imported, by and by our copy; of a URL, fetch's */
	int moved; /* the download itself is in the stage now */
	char *stage;
	int dir; /* the stage */
	struct qcow2 q;
	struct buf facts;
};

char *
import_stem(const char *from)
{
	autofree char *path =
	    fetch_is_url(from) ? fetch_origin(from) : xstrdup(from);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return xstrndup(
	    name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static int
sum_ok(const char *s)
{
	return strlen(s) == 64 && s[strspn(s, "0123456789abcdefABCDEF")] == 0;
}

int
import_check(const struct import *im, struct why *why)
{
	if (im->sha256 && !sum_ok(im->sha256))
		return why_set(why, EX_USAGE,
		    "--sha256: %s: 64 hexadecimal digits", im->sha256);
	if (fetch_is_url(im->from)) {
		if (im->link)
			return why_set(why, EX_USAGE,
			    "--link: a URL is copied; leave out --link");
		if (fetch_check(im->from, im->sha256, why) < 0)
			return -1;
	}
	return im->user ? base_label_check("user", im->user, why) : 0;
}

/* QEMU holds a lock on this byte while it may write to an image
 * (block/file-posix.c: RAW_LOCK_PERM_BASE and BLK_PERM_WRITE). */
enum { QEMU_WRITES = 101 };

static int
open_source(struct work *w, struct why *why)
{
	struct stat st;

	if (w->url) {
		if (fetch_url(&w->job, w->im->from, w->im->sha256, &w->fetch,
			why) < 0)
			return -1;
		w->fd = w->fetch.fd;
		return 0;
	}
	w->fd = open(w->im->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return why_sys(why, EX_NOINPUT, "%s", w->im->from);
	if (!S_ISREG(st.st_mode))
		return why_set(why, EX_NOINPUT, "%s: not a file", w->im->from);
	if (sys_locked_byte(w->fd, QEMU_WRITES) > 0)
		return why_set(why, EX_TEMPFAIL,
		    "%s: in use by a running machine; stop it first",
		    w->im->from);
	return 0;
}

static int
check_sum(struct work *w, struct why *why)
{
	char sha[65];

	if (!w->im->sha256)
		return 0;
	if (w->im->tell)
		w->im->tell("checking the sum");
	if (base_hash(w->fd, sha, why) < 0)
		return -1;
	if (strcasecmp(sha, w->im->sha256) == 0)
		return 0;
	return why_set(why, EX_DATAERR, "%s: its sha256 is %s, not %s%s",
	    w->im->name, sha, w->im->sha256,
	    w->url ? "; the download was removed" : "");
}

/* A disk that others can write to or replace would not stay what it was. */
static int
link_in(struct work *w, const char *format, struct why *why)
{
	autofree char *path = realpath(w->im->from, NULL);
	struct stat st, now;

	if (strcmp(format, "qcow2") != 0)
		return why_set(why, EX_DATAERR,
		    "%s: is %s, and only qcow2 can be linked; --copy",
		    w->im->name, format);
	if (!path || fstat(w->fd, &st) < 0 || stat(path, &now) < 0)
		return why_sys(why, EX_NOINPUT, "%s", w->im->from);
	if (now.st_dev != st.st_dev || now.st_ino != st.st_ino)
		return why_set(
		    why, EX_NOPERM, "%s: changes under us", w->im->from);
	if (strict_file(&st, path, why) < 0 || strict_path(path, why) < 0)
		return -1;
	if (conf_check("base.ini", "link", path, why) < 0)
		return -1;
	if (symlinkat(path, w->dir, "disk.qcow2") < 0)
		return why_sys(why, EX_IOERR, "%s", w->im->name);
	buf_fmt(&w->facts, "link=%s\n", path);
	return 0;
}

/* io_copy calls back without an argument. */
static void (*tell_copy)(const char *);

static void
tick(uint64_t done, uint64_t all)
{
	autofree char *d = num_human(done), *a = num_human(all);
	autofree char *text = xasprintf("%s / %s", d, a);

	if (tell_copy)
		tell_copy(text);
}

/* Room for so many files of the size of the one we hold. */
static int
room_for(struct work *w, uint64_t files, struct why *why)
{
	struct stat st;

	if (fstat(w->fd, &st) < 0)
		return why_sys(why, EX_IOERR, "%s", w->im->name);
	if (w->im->force)
		return 0;
	return room_check(w->h, w->dir, files * (uint64_t)st.st_blocks * 512,
	    w->im->name, why);
}

/* What the file we hold is; NULL with why when it is nothing we take. */
static const char *
consider(struct work *w, struct image *im, struct why *why)
{
	struct why inner = { 0 };
	const char *format = NULL;

	if (image_sniff(w->fd, im, &inner) == 0)
		format = image_choose(im, w->im->format, &inner);
	if (!format)
		(void)why_set(
		    why, inner.code, "%s: %s", w->im->name, inner.text);
	else if (strcmp(format, "qcow2") == 0 &&
	    base_inspect(w->fd, w->im->name, &w->q, why) < 0)
		return NULL;
	return format;
}

/* The owner of a file can change it between two looks of ours.  So all of it
 * is copied first, where nobody else comes, and only the copy is judged; that
 * the file is considered before just saves copying what is refused anyway.
 * Nothing looks into one that has to have a sum before that is known. */
static int
own(struct work *w, struct why *why)
{
	struct image im;
	const char *format = w->im->sha256 ? "" : consider(w, &im, why);
	uint64_t files = format && strcmp(format, "qcow2") == 0 ? 1 : 2;
	int to;

	if (!format)
		return -1;
	to = openat(
	    w->dir, "source", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return why_sys(why, EX_IOERR, "%s", w->im->name);
	tell_copy = w->im->tell;
	if (sys_reflink(w->fd, to) < 0) {
		if (room_for(w, files, why) < 0) {
			close(to);
			return -1;
		}
		if (io_copy(w->fd, to, tick) < 0) {
			(void)why_sys(why, EX_IOERR, "%s", w->im->name);
			close(to);
			return -1;
		}
	}
	close(w->fd);
	w->fd = to;
	return 0;
}

/* Our copy, or a download in the same file system, need not be copied.  It has
 * to be the file we hold. */
static int
move_in(struct work *w, struct why *why)
{
	int from = w->url ? w->fetch.dir : w->dir;
	const char *name = w->url ? w->fetch.name : "source";
	struct stat held, moved;

	/* a download may be elsewhere; ours would stay beside it */
	if (renameat(from, name, w->dir, "disk.qcow2") < 0)
		return w->url ? 0 : why_sys(why, EX_IOERR, "%s", w->im->name);
	if (fstat(w->fd, &held) < 0 ||
	    fstatat(w->dir, "disk.qcow2", &moved, AT_SYMLINK_NOFOLLOW) < 0 ||
	    held.st_dev != moved.st_dev || held.st_ino != moved.st_ino)
		return why_set(why, EX_NOPERM,
		    "%s: another file took the "
		    "download's place",
		    w->im->name);
	w->moved = w->url;
	return 1;
}

static int
copy_in(struct work *w, struct why *why)
{
	autoclose int to = openat(w->dir, "disk.qcow2",
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (to < 0)
		return why_sys(why, EX_IOERR, "%s", w->im->name);
	if (sys_reflink(w->fd, to) == 0)
		return 0;
	if (room_for(w, 1, why) < 0)
		return -1;
	tell_copy = w->im->tell;
	if (io_copy(w->fd, to, tick) < 0)
		return why_sys(why, EX_IOERR, "%s", w->im->name);
	return 0;
}

static int
convert_in(struct work *w, const char *format, struct why *why)
{
	if (room_for(w, 1, why) < 0 ||
	    img_convert(&w->job, w->dir, w->fd, format, why) < 0)
		return -1;
	if (!w->url && unlinkat(w->dir, "source", 0) < 0)
		return why_sys(why, EX_IOERR, "%s", w->im->name);
	return 0;
}

/* The image's bytes, or a link to them, as disk.qcow2 in the stage. */
static int
bring_in(struct work *w, struct why *why)
{
	struct image im;
	const char *format = consider(w, &im, why);
	int r;

	if (!format)
		return -1;
	if (im.format && strcmp(format, "raw") == 0 &&
	    strcmp(im.format, "raw") != 0)
		strv_fmt(&w->im->notes,
		    "%s: looks like %s inside; taken byte for byte",
		    w->im->name, im.format);
	if (w->im->link)
		return link_in(w, format, why);
	if (strcmp(format, "qcow2") != 0)
		return convert_in(w, format, why);
	r = move_in(w, why);
	return r ? r - (r > 0) : copy_in(w, why);
}

static int
inspect(struct work *w, struct why *why)
{
	autoclose int fd = openat(w->dir, "disk.qcow2",
	    O_RDONLY | O_CLOEXEC | (w->im->link ? 0 : O_NOFOLLOW), 0);

	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s", w->im->name);
	if (w->im->tell)
		w->im->tell("checking the image");
	if (base_inspect(fd, w->im->name, &w->q, why) < 0)
		return -1;
	return img_check(&w->job, w->dir, why);
}

static int
steps(struct work *w, struct why *why)
{
	if (open_source(w, why) < 0)
		return -1;
	w->dir = base_stage(w->h, &w->stage, why);
	if (w->dir < 0)
		return -1;
	/* a download is a file of ours alone, a link none that others write */
	if (!w->url && !w->im->link && own(w, why) < 0)
		return -1;
	if (check_sum(w, why) < 0 || bring_in(w, why) < 0 ||
	    inspect(w, why) < 0)
		return -1;
	if (learn(w->im, w->dir, w->q.size, &w->facts, why) < 0)
		return -1;
	return base_make(w->h, w->stage, w->im->name, w->facts.p, why);
}

int
import_run(struct home *h, struct import *im, struct why *why)
{
	struct work w = { .h = h,
		.im = im,
		.job = { h, im->name, im->force, im->tell },
		.fetch = { .fd = -1, .dir = -1, .lock = -1 },
		.url = fetch_is_url(im->from),
		.fd = -1,
		.dir = -1 };
	struct why inner = { 0 };
	int r = steps(&w, &inner);

	/* a download is kept for the next call, unless it is what was wrong */
	if (w.url && w.fetch.name)
		fetch_end(&w.fetch,
		    r < 0 && !w.moved && inner.code != EX_DATAERR &&
			inner.code != EX_NOPERM);
	else if (!w.url && w.fd >= 0)
		close(w.fd);
	if (w.dir >= 0)
		close(w.dir);
	if (r < 0 && w.stage)
		(void)io_remove_tree(h->bases, w.stage); /* or the sweep */
	free(w.stage);
	buf_free(&w.facts);
	if (r < 0 && why)
		*why = inner;
	return r;
}
