/* SPDX-License-Identifier: ISC */
#include "untar.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "sys.h"
#include "tar.h"
#include "untar_priv.h"

/* Looked at anew whether there is room, others write too. */
enum { LOOK_AGAIN = 16 << 20, NAMES_MAX = 256 << 20 };

/* Say path of a message, which a guest has named. */
static char *
shown(const char *path)
{
	struct buf b = { 0 };
	size_t n = strlen(path);

	buf_vis(&b, path, n > 300 ? 300 : n);
	return buf_take(&b);
}

static int
fails(struct why *why, int code, const char *path, const char *what)
{
	autofree char *s = shown(path);

	return why_set(why, code, "%s: %s", s, what);
}

int
untar_fails(struct why *why, const char *path)
{
	int e = errno;
	autofree char *s = shown(path);
	int in_the_way = e == ELOOP || e == ENOTDIR || e == EISDIR ||
	    e == EEXIST || e == ENOTEMPTY;

	if (in_the_way)
		return why_set(why, EX_CANTCREAT,
		    "%s: a link, a file or a folder is in the way", s);
	errno = e;
	return why_sys(why, EX_IOERR, "%s", s);
}

static int
not_asked_for(const char *path, struct why *why)
{
	return fails(
	    why, EX_PROTOCOL, path, "the guest sent what was not asked for");
}

/*
 * The path without "." and empty components, the caller's; "" for the folder
 * itself.  NULL with why for one that is absolute, has a "..", or is not what
 * was asked for.
 */
static char *
asked_for(const struct untar_work *w, const char *path, struct why *why)
{
	struct buf b = { 0 };
	const char *want = w->u->want, *p = path;
	int depth = 0, bad = *path == '/' || strlen(path) >= PATH_MAX;

	buf_str(&b, "");
	while (*p && !bad) {
		size_t n = strcspn(p, "/");
		int dot = n == 1 && *p == '.';

		bad =
		    (n == 2 && memcmp(p, "..", 2) == 0) || depth == UNTAR_DEPTH;
		if (n && !dot && !bad) {
			if (depth++)
				buf_str(&b, "/");
			buf_add(&b, p, n);
		}
		p += n + (p[n] == '/');
	}
	if (!bad && strcmp(want, ".") != 0) {
		size_t n = strlen(want);

		bad = strncmp(b.p, want, n) != 0 || (b.p[n] && b.p[n] != '/');
	}
	if (!bad)
		return buf_take(&b);
	buf_free(&b);
	not_asked_for(path, why);
	return NULL;
}

/* The folder that path is in, made where it is not there; *name is path's
 * last component.  A descriptor to close, or -1 with why. */
static int
open_above(const struct untar_work *w, const char *path, const char **name,
    struct why *why)
{
	int fd = openat(w->root, ".", UNTAR_FOLDER);
	const char *slash;

	for (; fd >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		autofree char *part = xstrndup(path, (size_t)(slash - path));
		int next = -1;

		if (mkdirat(fd, part, 0777) == 0 || errno == EEXIST)
			next = openat(fd, part, UNTAR_FOLDER);
		if (next < 0)
			untar_fails(why, part);
		close(fd);
		if (next < 0)
			return -1;
		fd = next;
	}
	if (fd < 0)
		return untar_fails(why, path);
	*name = path;
	return fd;
}

/* The entry's data into fd, while there is room. */
static int
fill(struct untar_work *w, int fd, uint64_t size, struct why *why)
{
	struct untar *u = w->u;
	uint64_t since = 0;
	const char *p;
	ssize_t n;

	while ((n = tar_data(&w->tar, &p, why)) > 0) {
		if (since >= LOOK_AGAIN) {
			if (u->room && u->room(u->dir, size, u->arg, why) < 0)
				return -1;
			since = 0;
		}
		if (io_write(fd, p, (size_t)n) < 0)
			return why_sys(why, EX_IOERR, "write");
		since += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return (int)n;
}

/* What a file is to have: without archive, that of the one it replaces. */
static mode_t
file_mode(const struct untar_work *w, const struct tar_entry *e,
    const struct stat *st)
{
	if (w->u->archive) /* others write where the umask would let them */
		return e->mode & 0777 & ~(w->umask & 022);
	if (st)
		return st->st_mode & 0777;
	return e->mode & 0777 & ~w->umask;
}

/* Write, then rename to name over a file or a link; messages are of path. */
static int
put_file(struct untar_work *w, int dir, const char *name, const char *path,
    const struct tar_entry *e, struct why *why)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)e->mtime } };
	struct untar *u = w->u;
	autoclose int fd = -1;
	struct stat st;
	uint64_t random;
	int there = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0, r;

	if (there && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return errno = EEXIST, untar_fails(why, path);
	sys_random(&random, sizeof random);
	(void)snprintf(u->half, sizeof u->half, ".xray-%016llx",
	    (unsigned long long)random);
	fd = openat(dir, u->half,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return untar_fails(why, path);
	u->half_dir = dir;
	r = fill(w, fd, e->size, why);
	if (r == 0 &&
	    (fchmod(fd,
		 file_mode(w, e, there && S_ISREG(st.st_mode) ? &st : NULL)) <
		    0 ||
		(u->archive && futimens(fd, times) < 0) ||
		renameat(dir, u->half, dir, name) < 0))
		r = untar_fails(why, path);
	if (r < 0)
		unlinkat(dir, u->half, 0);
	u->half_dir = -1;
	if (r == 0) {
		u->files++;
		u->bytes += e->size;
	}
	return r;
}

static void
remember(struct untar_work *w, const char *path, const struct tar_entry *e)
{
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->folders =
		    xreallocarray(w->folders, w->cap, sizeof *w->folders);
	}
	w->folders[w->n++] = (struct untar_folder_of){ xstrdup(path),
		(e->mode & 0777 & ~(w->umask & 022)) | 0700, e->mtime };
}

int
untar_folder(const struct untar_work *w, const char *path, struct why *why)
{
	const char *name;
	autoclose int above = open_above(w, path, &name, why);
	int fd;

	if (above < 0)
		return -1;
	if (!*name)
		name = ".";
	fd = openat(above, name, UNTAR_FOLDER);
	return fd < 0 ? untar_fails(why, path) : fd;
}

static int
put_folder(struct untar_work *w, int dir, const char *name, const char *path,
    const struct tar_entry *e, struct why *why)
{
	autoclose int fd = -1;

	if (*name) {
		mode_t mode = (e->mode & 0777) | 0700;

		if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
			return untar_fails(why, path);
		if ((fd = openat(dir, name, UNTAR_FOLDER)) < 0)
			return untar_fails(why, path);
	}
	/* The folder that contents go to keeps what it has. */
	if (*name && (w->u->archive || w->u->prune))
		remember(w, path, e);
	return 0;
}

/* The first entry tells whether `as` is a file's name or a folder. */
static int
open_root(struct untar_work *w, int file, struct why *why)
{
	const char *as = w->u->as;

	if (w->root >= 0)
		return 0;
	w->lone = as && file;
	if (!as || file)
		w->root = openat(w->u->dir, ".", UNTAR_FOLDER);
	else if (mkdirat(w->u->dir, as, 0777) == 0 || errno == EEXIST)
		w->root = openat(w->u->dir, as, UNTAR_FOLDER);
	return w->root < 0 ? untar_fails(why, as ? as : ".") : 0;
}

static int
put(struct untar_work *w, const struct tar_entry *e, struct why *why)
{
	autofree char *path = asked_for(w, e->path, why);
	int file = e->type == '0' && path && strcmp(path, w->u->want) == 0;
	autoclose int dir = -1;
	const char *name;

	if (!path)
		return -1;
	w->names += w->u->prune || w->u->archive ? strlen(path) : 0;
	if (w->names > NAMES_MAX)
		return why_set(why, EX_PROTOCOL, "names past 256 MiB");
	if (++w->entries > UNTAR_ENTRIES)
		return why_set(why, EX_PROTOCOL, "more than a million files");
	if (w->u->prune)
		strv_add(&w->seen, path);
	if (e->type != '0' && e->type != '5') {
		*(e->type == '1' || e->type == '2' ? &w->u->links :
						     &w->u->others) += 1;
		return 0;
	}
	if (w->u->room && w->u->room(w->u->dir, e->size, w->u->arg, why) < 0)
		return -1;
	if (open_root(w, file, why) < 0)
		return -1;
	if (w->lone && !file)
		return not_asked_for(e->path, why);
	if ((dir = open_above(w, path, &name, why)) < 0)
		return -1;
	if (e->type == '5')
		return put_folder(w, dir, name, path, e, why);
	if (!*name)
		return fails(why, EX_PROTOCOL, e->path, "a file of no name");
	if (w->lone)
		return put_file(w, dir, w->u->as, w->u->as, e, why);
	return put_file(w, dir, name, path, e, why);
}

static int
nothing(const struct untar *u, struct why *why)
{
	return fails(why, EX_PROTOCOL, u->want,
	    u->links ? "a link; name what it leads to" :
		       "the guest sent nothing of it that can be copied");
}

int
untar(int in, struct untar *u, struct why *why)
{
	struct untar_work w = { .u = u, .tar.in = in, .root = -1 };
	struct tar_entry e;
	int r;

	u->half_dir = -1;
	w.umask = umask(0);
	umask(w.umask);
	while ((r = tar_next(&w.tar, &e, why)) == 1)
		if ((r = put(&w, &e, why)) < 0)
			break;
	if (r == 0 && w.root < 0)
		r = nothing(u, why);
	if (r == 0 && (r = tar_rest(&w.tar, UNTAR_WHOLE, why)) >= 0)
		r = untar_finish(&w, r, why);
	if (w.root >= 0)
		close(w.root);
	tar_free(&w.tar);
	strv_free(&w.seen);
	for (size_t i = 0; i < w.n; i++)
		free(w.folders[i].path);
	free(w.folders);
	return r;
}
