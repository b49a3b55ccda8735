/* SPDX-License-Identifier: ISC */
/* check: is a generation's disk still what was sealed? */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "qcow2.h"
#include "say.h"
#include "strict.h"

/* A file that was looked at. */
struct found {
	int fd;
	struct stat st;
	char *file; /* base_file_id */
	char link[4096]; /* what the link says, "" for none */
};

static int
changed(const struct base *b, long long gen, const struct seal *seal,
    const char *what, struct why *why)
{
	if (seal->link)
		return why_set(why, EX_NOPERM,
		    "%s: generation %lld is not what was sealed: %s; put %s "
		    "back, or import it under another name",
		    b->name, gen, what, seal->link);
	return why_set(why, EX_NOPERM,
	    "%s: generation %lld is not what was sealed: %s; put "
	    "bases/%s/%lld/disk.qcow2 back from a backup",
	    b->name, gen, what, b->name, gen);
}

static int
find(const struct base *b, long long gen, const struct seal *seal,
    struct found *f, struct why *why)
{
	autofree char *disk = xasprintf("%lld/disk.qcow2", gen);
	ssize_t n = readlinkat(b->dir, disk, f->link, sizeof f->link - 1);

	f->link[n > 0 ? n : 0] = '\0';
	if (strcmp(f->link, seal->link ? seal->link : "") != 0)
		return changed(b, gen, seal, "its link leads elsewhere", why);
	f->fd = openat(b->dir, disk,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | (seal->link ? 0 : O_NOFOLLOW),
	    0);
	if (f->fd < 0 || fstat(f->fd, &f->st) < 0) {
		if (seal->link)
			return why_sys(why, EX_NOINPUT, "%s: linked to %s",
			    b->name, seal->link);
		return why_sys(why, EX_NOINPUT, "bases/%s/%s", b->name, disk);
	}
	if (!S_ISREG(f->st.st_mode))
		return changed(b, gen, seal, "it is no file", why);
	if ((uint64_t)f->st.st_size != seal->size)
		return changed(b, gen, seal, "its size changed", why);
	f->file = base_file_id(&f->st);
	return 0;
}

/* A linked file is looked at by us and then opened by QEMU, by its path: in
 * between nobody may change it or put another in its place.  Its header is
 * read again, since QEMU opens what that names. */
static int
trusted(const struct base *b, const struct seal *seal, const struct found *f,
    struct why *why)
{
	struct why inner = { 0 };
	struct qcow2 q;

	if (strict_file(&f->st, seal->link, &inner) < 0 ||
	    strict_path(seal->link, &inner) < 0)
		return why_set(
		    why, inner.code, "%s: linked to %s", b->name, inner.text);
	return base_inspect(f->fd, b->name, &q, why);
}

/* Write the new stamp down, under the home's lock: several VMs may start.
 * file: NULL, or which file it is by now. */
static int
restamp(struct home *h, struct base *b, long long gen, const char *key,
    const struct stat *st, const char *file, struct why *why)
{
	autofree char *section = xasprintf("generation %lld", gen);
	autofree char *mtime = xasprintf("%lld", base_mtime(st));
	autoclose int lock = home_lock(h, why);
	struct base now;
	int r = -1;

	if (lock < 0 || base_open(h, b->name, &now, why) < 0)
		return -1;
	if (conf_set_in(now.conf, section, key, mtime, why) == 0 &&
	    (!file || conf_set_in(now.conf, section, "file", file, why) == 0))
		r = base_write(&now, why);
	base_close(&now);
	return r;
}

/* The firmware's variables, which QEMU opens as well. */
static int
check_vars(struct home *h, struct base *b, long long gen, int full,
    const struct seal *seal, struct why *why)
{
	autofree char *name = xasprintf("%lld/efivars.qcow2", gen);
	autoclose int fd = -1;
	struct stat st;
	char sha[65];

	if (!seal->efivars || !seal->vars_sha)
		return 0;
	fd = openat(
	    b->dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return why_sys(why, EX_NOINPUT, "bases/%s/%s", b->name, name);
	if (base_mtime(&st) == seal->vars_mtime && !full)
		return 0;
	if (S_ISREG(st.st_mode) && base_hash(fd, sha, why) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || strcmp(sha, seal->vars_sha) != 0)
		return why_set(why, EX_NOPERM,
		    "%s: generation %lld is not what was sealed: its UEFI "
		    "variables changed; put bases/%s/%s back from a backup",
		    b->name, gen, b->name, name);
	return base_mtime(&st) == seal->vars_mtime ?
	    0 :
	    restamp(h, b, gen, "efivars_mtime", &st, NULL, why);
}

static int
check(struct home *h, struct base *b, long long gen, int full, struct why *why)
{
	struct found f = { .fd = -1 };
	struct seal seal;
	char sha[65];
	int same, r = -1;

	if (base_seal_of(b, gen, &seal, why) < 0)
		return -1;
	if (find(b, gen, &seal, &f, why) < 0)
		goto out;
	same = base_mtime(&f.st) == seal.mtime &&
	    (!seal.link || (seal.file && strcmp(seal.file, f.file) == 0));
	r = 0;
	if (seal.link)
		r = trusted(b, &seal, &f, why);
	if (r == 0)
		r = check_vars(h, b, gen, full, &seal, why);
	if (r < 0 || (same && !full))
		goto out;
	/* as after cp -r or a restored backup: what counts is its hash */
	r = base_hash(f.fd, sha, why);
	if (r == 0 && (!seal.sha256 || strcmp(sha, seal.sha256) != 0))
		r = changed(b, gen, &seal, "its content changed", why);
	else if (r == 0 && !same)
		r = restamp(
		    h, b, gen, "mtime", &f.st, seal.link ? f.file : NULL, why);
out:
	if (f.fd >= 0)
		close(f.fd);
	mem_autofree(&f.file);
	return r;
}

int
base_check(
    struct home *h, struct base *b, long long generation, struct why *why)
{
	return check(h, b, generation, 0, why);
}

int
base_check_full(
    struct home *h, struct base *b, long long generation, struct why *why)
{
	return check(h, b, generation, 1, why);
}
