/* SPDX-License-Identifier: ISC */
/*
 * The names file is appended to, so that a new name costs a line; when it has
 * four times the lines it needs, it is replaced by what they amount to.
 */
#include "clerk_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

struct book {
	int fd, dir;
	char *name; /* in dir */
	size_t lines;
	int torn; /* it ends in half a line: not to be written to */
};

/* A plain file, or -1 with errno. */
static int
open_file(const struct book *b)
{
	int fd = openat(b->dir, b->name,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

struct book *
book_open(const char *path)
{
	struct book *b = xcalloc(1, sizeof *b);
	const char *slash = strrchr(path, '/');
	autofree char *dir =
	    slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	b->name = xstrdup(slash ? slash + 1 : path);
	b->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b->fd = b->dir < 0 ? -1 : open_file(b);
	if (b->fd >= 0)
		return b;
	book_free(b);
	return NULL;
}

void
book_fds(const struct book *b, int fds[BOOK_FDS])
{
	fds[0] = b->fd;
	fds[1] = b->dir;
}

void
book_free(struct book *b)
{
	int err = errno;

	if (!b)
		return;
	if (b->fd >= 0)
		close(b->fd);
	if (b->dir >= 0)
		close(b->dir);
	free(b->name);
	free(b);
	errno = err;
}

static int
read_book(struct book *b, struct buf *text)
{
	if (lseek(b->fd, 0, SEEK_SET) < 0)
		return -1;
	return io_read(b->fd, text, NAMES_FILE);
}

/* Half a line is what a kill or a full disk left: with the next line behind
 * it, it would be a wrong one.  A file that cannot be ours begins anew. */
void
book_begin(struct book *b)
{
	autobuf struct buf text = { 0 };
	size_t whole = 0;

	b->lines = 0;
	if (read_book(b, &text) < 0)
		text.n = 0;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n') {
			b->lines++;
			whole = i + 1;
		}
	b->torn = ftruncate(b->fd, (off_t)whole) < 0;
}

/* Without room on the disk the old file stays, until a quarter more is in it
 * that could go. */
static void
renew(struct book *b)
{
	autobuf struct buf text = { 0 }, lines = { 0 };
	struct names *t = names_new();
	int fd = -1;

	if (read_book(b, &text) == 0) {
		names_read(t, text.p, text.n);
		names_print(t, &lines);
		buf_add(&lines, "", 0);
		if (io_replace(b->dir, b->name, 0600, lines.p, lines.n) == 0)
			fd = open_file(b);
	}
	names_free(t);
	b->lines = NAMES_LINES - NAMES_MAX;
	if (fd < 0)
		return;
	close(b->fd);
	b->fd = fd;
	book_begin(b);
}

/* Somebody who puts another file in its place means that one. */
static void
follow(struct book *b)
{
	struct stat ours, now;
	int fd;

	if (fstat(b->fd, &ours) == 0 &&
	    fstatat(b->dir, b->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_dev == now.st_dev && ours.st_ino == now.st_ino)
		return;
	fd = open_file(b);
	if (fd < 0)
		return;
	close(b->fd);
	b->fd = fd;
	book_begin(b);
}

void
book_add(struct book *b, const struct buf *lines, size_t n)
{
	off_t end;

	follow(b);
	end = lseek(b->fd, 0, SEEK_END);
	if (end < 0 || b->torn)
		return;
	if (io_write(b->fd, lines->p, lines->n) < 0) {
		b->torn = ftruncate(b->fd, end) < 0;
		return;
	}
	b->lines += n;
	if (b->lines > NAMES_LINES)
		renew(b);
}
