/* SPDX-License-Identifier: ISC */
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"

enum { LEAST = 64 << 10 };
enum { STAMP = 25 }; /* 2026-11-22T01:02:03.456Z and a blank */

static int
reopen(struct ring *r)
{
	struct stat st;

	r->fd = openat(r->dir, r->name,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return -1;
	r->size = (size_t)st.st_size;
	return 0;
}

int
ring_open(struct ring *r, int dir, const char *name)
{
	*r = (struct ring){ .dir = dir, .fd = -1, .name = xstrdup(name) };
	ring_limit(r, RING_TOTAL);
	return reopen(r);
}

void
ring_limit(struct ring *r, uint64_t total)
{
	r->max = (total < LEAST ? LEAST : total) / RING_FILES;
}

void
ring_close(struct ring *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->name);
	*r = (struct ring){ .fd = -1 };
}

static void
turn(struct ring *r)
{
	char from[256], to[256];

	for (int i = RING_FILES - 1; i > 0; i--) {
		(void)snprintf(to, sizeof to, "%s.%d", r->name, i);
		(void)snprintf(
		    from, sizeof from, i > 1 ? "%s.%d" : "%s", r->name, i - 1);
		(void)renameat(r->dir, from, r->dir, to); /* may not exist */
	}
	if (r->fd >= 0)
		close(r->fd);
	(void)reopen(r); /* on failure the log is silent until the next turn */
}

void
ring_write(struct ring *r, const char *p, size_t n)
{
	autobuf struct buf b = { 0 };
	char stamp[32];

	while (n) {
		const char *nl = memchr(p, '\n', n);
		size_t len = nl ? (size_t)(nl - p) + 1 : n;

		if (!r->inside) {
			io_timestamp(stamp, 1);
			buf_fmt(&b, "%s ", stamp);
		}
		for (size_t i = 0; i < len; i++)
			if (p[i] != '\r')
				buf_add(&b, &p[i], 1);
		r->inside = !nl;
		p += len;
		n -= len;
	}
	if (r->size + b.n > r->max)
		turn(r);
	if (r->fd >= 0 && io_write(r->fd, b.p, b.n) == 0)
		r->size += b.n;
}

void
ring_line(struct ring *r, const char *fmt, ...)
{
	autobuf struct buf b = { 0 };
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (r->inside)
		buf_str(&b, "\n");
	buf_vis(&b, text, strlen(text));
	buf_str(&b, "\n");
	ring_write(r, b.p, b.n);
}

static int
blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strchr(" \t\r", s[i]))
			return 0;
	return 1;
}

char *
ring_last(int dir, const char *name, const char *since)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	autobuf struct buf b = { 0 };
	size_t end;
	off_t size;

	if (fd < 0 || (size = lseek(fd, 0, SEEK_END)) < 0)
		return NULL;
	if (lseek(fd, size > 16384 ? size - 16384 : 0, SEEK_SET) < 0 ||
	    io_read(fd, &b, 65536) < 0)
		return NULL;
	for (end = b.n; end; end--) {
		size_t from = end;

		while (from && b.p[from - 1] != '\n')
			from--;
		if (end - from > STAMP &&
		    !blank(b.p + from + STAMP, end - from - STAMP))
			return since &&
				strncmp(b.p + from, since, strlen(since)) < 0 ?
			    NULL :
			    xstrndup(b.p + from + STAMP, end - from - STAMP);
		if (!from)
			break;
		end = from;
	}
	return NULL;
}

char *
ring_last_words(struct ring *r, int fd)
{
	char chunk[4096], *line;
	ssize_t n;

	while (io_wait_readable(fd, io_now()) == 1 &&
	    (n = read(fd, chunk, sizeof chunk)) > 0)
		ring_write(r, chunk, (size_t)n);
	line = ring_last(r->dir, r->name, NULL);
	return line ? line : xstrdup("it said nothing");
}
