/* SPDX-License-Identifier: ISC */
#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"

enum { REST_MAX = 64 << 20 };

/* All of it is looked at: a ring that turned in the middle of a line begins
 * with bytes of who wrote that line. */
static int
is_stamp(const char *p, size_t n)
{
	static const char form[] = "0000-00-00T00:00:00.000Z ";

	if (n <= TAIL_STAMP)
		return 0;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? p[i] < '0' || p[i] > '9' : p[i] != form[i])
			return 0;
	return 1;
}

static void
give(struct tail *t, const char *p, size_t n, tail_line *fn, void *arg)
{
	if (is_stamp(p, n)) {
		memcpy(t->stamp, p, TAIL_STAMP);
		p += TAIL_STAMP + 1;
		n -= TAIL_STAMP + 1;
	}
	fn(t->stamp, p, n, arg);
}

/* What can be read of fd now, line by line. */
static int
read_on(struct tail *t, int fd, tail_line *fn, void *arg)
{
	char chunk[65536], *nl;
	ssize_t n;
	size_t from = 0;

	while ((n = read(fd, chunk, sizeof chunk)) > 0 && t->rest.n < REST_MAX)
		buf_add(&t->rest, chunk, (size_t)n);
	if (n < 0)
		return -1;
	while (t->rest.n > from &&
	    (nl = memchr(t->rest.p + from, '\n', t->rest.n - from))) {
		give(t, t->rest.p + from, (size_t)(nl - t->rest.p) - from, fn,
		    arg);
		from = (size_t)(nl - t->rest.p) + 1;
	}
	buf_drop(&t->rest, from);
	return 0;
}

/* The i-th file of the ring, 0 the newest.  A descriptor; -1 with errno 0
 * when there is none. */
static int
open_nth(const struct tail *t, int i, ino_t *inode)
{
	autofree char *name =
	    i ? xasprintf("%s.%d", t->file, i) : xstrdup(t->file);
	int fd = openat(t->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		*inode = st.st_ino;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	else if (errno == ENOENT)
		errno = 0;
	return -1;
}

static void
close_all(const int *fd, int n)
{
	int err = errno;

	while (n-- > 0)
		if (fd[n] >= 0)
			close(fd[n]);
	errno = err;
}

/* The newest is opened first: if the ring turns meanwhile, it comes by a
 * second name, and is the same file. */
int
tail_open(struct tail *t, int dir, const char *file, tail_line *fn, void *arg)
{
	int fd[RING_FILES];
	ino_t inode[RING_FILES] = { 0 };

	*t = (struct tail){ .dir = dir, .file = file, .fd = -1 };
	for (int i = 0; i < RING_FILES; i++) {
		fd[i] = open_nth(t, i, &inode[i]);
		if (fd[i] < 0 && errno) {
			close_all(fd, i);
			return -1;
		}
		if (i && fd[i] >= 0 && inode[i] == inode[i - 1]) {
			close(fd[i]);
			fd[i] = -1;
		}
	}
	for (int i = RING_FILES - 1; i >= 0; i--)
		if (fd[i] >= 0 && read_on(t, fd[i], fn, arg) < 0) {
			close_all(fd, RING_FILES);
			return -1;
		}
	close_all(fd + 1, RING_FILES - 1);
	t->fd = fd[0];
	t->inode = inode[0];
	return 0;
}

/* The ring may have turned more than once: read what stands between the file
 * we have and `newest`, oldest first.  When ours is not among them it was
 * removed, and the others are older. */
static int
read_between(struct tail *t, ino_t newest, tail_line *fn, void *arg)
{
	int fd[RING_FILES], n = 0, found = 0, r = 0;
	ino_t before = newest, inode;

	for (int i = 1; i < RING_FILES && !found; i++) {
		fd[n] = open_nth(t, i, &inode);
		if (fd[n] < 0)
			break;
		found = inode == t->inode;
		if (found || inode == before) /* it turned while we look */
			close(fd[n]);
		else
			n++;
		before = inode;
	}
	for (int i = n; found && i-- > 0 && r == 0;)
		r = read_on(t, fd[i], fn, arg);
	close_all(fd, n);
	return r;
}

/* When the name stands for another file, the one we have is at its end. */
int
tail_more(struct tail *t, tail_line *fn, void *arg)
{
	struct stat st;
	ino_t inode = 0;
	int fd;

	if (t->fd >= 0 && read_on(t, t->fd, fn, arg) < 0)
		return -1;
	if (fstatat(t->dir, t->file, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (t->fd >= 0 && st.st_ino == t->inode))
		return 0;
	fd = open_nth(t, 0, &inode);
	if (fd < 0)
		return errno ? -1 : 0;
	if (t->fd >= 0) {
		/* it was written until it was turned */
		if (read_on(t, t->fd, fn, arg) < 0 ||
		    read_between(t, inode, fn, arg) < 0) {
			close(fd);
			return -1;
		}
		close(t->fd);
	}
	t->fd = fd;
	t->inode = inode;
	return read_on(t, fd, fn, arg);
}

void
tail_end(struct tail *t, tail_line *fn, void *arg)
{
	if (t->rest.n)
		give(t, t->rest.p, t->rest.n, fn, arg);
	t->rest.n = 0;
}

char *
tail_local(const char *stamp, int ms)
{
	struct tm tm = { 0 }, here, today;
	time_t now = time(NULL), then;
	const char *rest = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	char text[32];

	then = rest ? timegm(&tm) : 0;
	if (!rest || !localtime_r(&then, &here) || !localtime_r(&now, &today) ||
	    !strftime(text, sizeof text,
		here.tm_yday == today.tm_yday && here.tm_year == today.tm_year ?
		    "%H:%M:%S" :
		    "%Y-%m-%d %H:%M:%S",
		&here))
		return xstrdup(stamp);
	return xasprintf("%s%.*s", text, ms ? 4 : 0, rest);
}
