/* SPDX-License-Identifier: ISC */
#include "clerk_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"

/* So many notes, then files are looked at all the same. */
enum { NOTES = 1024 };

/* What a file was when it was handed over: it has changed when any of this
 * has.  All 0: it was not there. */
struct mark {
	dev_t dev;
	ino_t ino;
	off_t size;
	long long mtime, ctime; /* ns */
};

struct desk {
	int fd;
	struct sources s;
	struct mark mark[SOURCES_MAX];
	struct {
		char name[SOURCE_LIST_MAX];
		struct mark mark;
	} * list; /* those that the batch at hand was asked for */
	size_t nlist;
	uint32_t batch, asks; /* the last number that came */
	int look; /* hand over all, whether it changed or not */
	struct book *book;
	struct buf lines; /* for the book */
	size_t nlines;
	struct clerk_note in; /* the note that comes in, and so much of it */
	size_t nin;
};

/* ---- what has changed ---- */

#ifdef __APPLE__
#define NS(st, which) ns((st).st_##which##timespec)
#else
#define NS(st, which) ns((st).st_##which##tim)
#endif

static long long
ns(struct timespec t)
{
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct mark
mark_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct mark){ .ino = 0 };
	return (struct mark){ st.st_dev, st.st_ino, st.st_size, NS(st, m),
		NS(st, c) };
}

static int
is_same(const struct mark *a, const struct mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime == b->mtime && a->ctime == b->ctime;
}

/* Of the first folder that has it. */
static struct mark
mark_of_list(const struct desk *d, const char *name)
{
	char path[SOURCE_PATH];
	struct mark m = { .ino = 0 };

	for (size_t i = 0; source_list_path(&d->s, i, name, path) == 0; i++) {
		m = mark_of(path);
		if (m.ino)
			break;
	}
	return m;
}

static int
has_changed(const struct desk *d)
{
	for (size_t i = 0; i < d->s.n; i++) {
		struct mark m;

		if (d->s.v[i].off || !d->s.v[i].path)
			continue;
		m = mark_of(d->s.v[i].path);
		if (!is_same(&m, &d->mark[i]))
			return 1;
	}
	for (size_t i = 0; i < d->nlist; i++) {
		struct mark m = mark_of_list(d, d->list[i].name);

		if (!is_same(&m, &d->list[i].mark))
			return 1;
	}
	return 0;
}

/* ---- handing over ---- */

/* The parent reads all that comes before it waits for us, so this may block.
 * It has ended when it does not take it. */
static void
send_note(struct desk *d, const struct clerk_note *note, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)note,
		.iov_len = sizeof *note };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	memset(&control, 0, sizeof control);
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control.room;
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	}
	do
		n = sendmsg(d->fd, &m, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 ||
	    io_write(d->fd, (const char *)note + n, sizeof *note - (size_t)n) <
		0)
		_exit(0);
	if (fd >= 0)
		close(fd);
}

/* Marks are taken before files are opened: what changes between counts as a
 * change afterwards. */
static void
hand_over(struct desk *d)
{
	struct clerk_note note = {
		.kind = CLERK_BEGIN, .batch = ++d->batch, .i = d->asks
	};

	d->nlist = 0;
	d->look = 0;
	send_note(d, &note, -1);
	note.kind = CLERK_SOURCE;
	for (note.i = 0; note.i < d->s.n; note.i++) {
		const char *path = d->s.v[note.i].path;
		int fd = -1;

		if (d->s.v[note.i].off)
			continue;
		note.fault = 0;
		if (path) {
			d->mark[note.i] = mark_of(path);
			fd = source_open(path, &note.fault);
		}
		send_note(d, &note, fd);
	}
	note.kind = CLERK_END;
	send_note(d, &note, -1);
}

static void
hand_over_list(struct desk *d, const char *name)
{
	struct clerk_note note = { .kind = CLERK_LIST, .batch = d->batch };
	size_t where;
	int fd;

	if (source_is_list(name)) {
		d->list = xreallocarray(d->list, d->nlist + 1, sizeof *d->list);
		memcpy(d->list[d->nlist].name, name, strlen(name) + 1);
		d->list[d->nlist++].mark = mark_of_list(d, name);
	}
	memcpy(note.text, name, strlen(name) + 1);
	fd = source_open_list(&d->s, name, &where, &note.fault);
	note.i = (uint32_t)where;
	send_note(d, &note, fd);
}

/* ---- what the parent wants ---- */

/* The name is the guest's in the end: what is written is checked here again. */
static void
note_name(struct desk *d, uint32_t addr, const char *name)
{
	char canon[RULE_NAME_MAX], line[NAMES_LINE];

	if (!d->book || !names_has(addr) ||
	    name_canon(canon, name, strlen(name)) < 0)
		return;
	buf_add(&d->lines, line, names_line(line, addr, canon));
	d->nlines++;
}

static void
take(struct desk *d)
{
	struct clerk_note *in = &d->in;

	in->text[sizeof in->text - 1] = '\0';
	switch (in->kind) {
	case CLERK_NAME:
		note_name(d, in->i, in->text);
		break;
	case CLERK_SWITCH:
		if (in->i < d->s.n)
			d->s.v[in->i].off = in->fault != 0;
		d->asks = in->batch;
		d->look = 1;
		break;
	case CLERK_LOOK:
		d->asks = in->batch;
		d->look = 1;
		break;
	case CLERK_WANT:
		if (in->batch == d->batch)
			hand_over_list(d, in->text);
		break;
	}
}

/* A whole note has come into d->in: 1; 0 none yet; -1 the parent has ended. */
static int
receive(struct desk *d)
{
	ssize_t n = recv(d->fd, (char *)&d->in + d->nin, sizeof d->in - d->nin,
	    MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return -1;
	d->nin += n > 0 ? (size_t)n : 0;
	if (d->nin < sizeof d->in)
		return 0;
	d->nin = 0;
	return 1;
}

/* -1: the parent has ended; what it sent before counts. */
static int
serve_parent(struct desk *d)
{
	const struct clerk_note done = { .kind = CLERK_DONE };
	int n = 0, got = 0;

	while (n < NOTES && (got = receive(d)) > 0) {
		take(d);
		n++;
	}
	if (d->nlines)
		book_add(d->book, &d->lines, d->nlines);
	d->lines.n = 0;
	d->nlines = 0;
	if (n && got >= 0)
		send_note(d, &done, -1);
	return got < 0 ? -1 : 0;
}

void
clerk_serve(int fd, const struct sources *s, struct book *book)
{
	struct desk d = { .fd = fd, .s = *s, .book = book, .look = 1 };
	long long next = 0;
	int over = 0;

	if (book)
		book_begin(book);
	while (!over) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (d.look || (io_now() >= next && has_changed(&d)))
			hand_over(&d);
		if (io_now() >= next)
			next = io_now() + CLERK_LOOK_MS;
		if (poll(&p, 1, io_left(next)) > 0)
			over = serve_parent(&d) < 0;
	}
	free(d.list);
	buf_free(&d.lines);
}
