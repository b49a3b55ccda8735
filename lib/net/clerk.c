/* SPDX-License-Identifier: ISC */
#include "clerk_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "io.h"
#include "say.h"
#include "sys.h"

/* On macOS neither is there: callers ignore SIGPIPE, and descriptors are made
 * close-on-exec a moment later. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

/* Names that wait to be sent. */
enum { NAMES_WAITING = 1024 };

struct clerk {
	int fd; /* -1: the child has ended, and that was said */
	pid_t pid;
	struct sources s;
	struct buf out; /* notes that did not go yet */
	struct clerk_note in; /* the note that comes in, so much of it, */
	size_t nin;
	int infd; /* and its descriptor; -1: none */
	uint32_t asks; /* how often it was asked to look */
	/* The batch that comes in. */
	uint32_t batch, answers; /* so many of those */
	struct rules *rules; /* NULL: none */
	int complete; /* but for lists */
	int bad; /* it is refused: why */
	struct why why;
};

/* ---- start and end ---- */

static int
start_child(struct clerk *c, struct book *book, int p[2])
{
	int keep[1 + BOOK_FDS];

	if (socketpair(AF_UNIX, SOCK_STREAM | SYS_SOCK_CLOEXEC, 0, p) < 0)
		return -1;
	if (fcntl(p[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(p[1], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(p[0], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	keep[0] = p[1];
	if (book)
		book_fds(book, keep + 1);
	c->pid = child_fork(keep, book ? 1 + BOOK_FDS : 1);
	if (c->pid == 0) {
		clerk_serve(p[1], &c->s, book);
		_exit(0);
	}
	return c->pid < 0 ? -1 : 0;
}

struct clerk *
clerk_start(const struct sources *s, const char *names, struct why *why)
{
	struct clerk *c;
	struct book *book = NULL;
	int p[2] = { -1, -1 };

	if (names && !(book = book_open(names))) {
		(void)why_sys(why, EX_CANTCREAT, "%s", names);
		return NULL;
	}
	c = xcalloc(1, sizeof *c);
	c->s = *s;
	c->infd = c->fd = -1;
	if (start_child(c, book, p) < 0) {
		(void)why_sys(why, EX_OSERR, "rule files");
		if (p[0] >= 0)
			close(p[0]);
		free(c);
		c = NULL;
	} else
		c->fd = p[0];
	if (p[1] >= 0)
		close(p[1]);
	book_free(book);
	return c;
}

void
clerk_free(struct clerk *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	if (c->infd >= 0)
		close(c->infd);
	child_end(c->pid);
	rules_free(c->rules);
	buf_free(&c->out);
	free(c);
}

int
clerk_fd(const struct clerk *c)
{
	return c->fd;
}

/* ---- to the child ---- */

static void
flush(struct clerk *c)
{
	while (c->fd >= 0 && c->out.n) {
		ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* full, or its end, which is read */
		buf_drop(&c->out, (size_t)n);
	}
}

static void
send_note(struct clerk *c, enum clerk_kind kind, uint32_t batch, uint32_t i,
    int fault, const char *text)
{
	struct clerk_note note = {
		.kind = kind, .batch = batch, .i = i, .fault = fault
	};
	size_t n = strlen(text);

	if (n >= sizeof note.text)
		return;
	memcpy(note.text, text, n + 1);
	buf_add(&c->out, &note, sizeof note);
	flush(c);
}

void
clerk_name(struct clerk *c, uint32_t addr, const char *name)
{
	if (c->fd >= 0 && c->out.n < NAMES_WAITING * sizeof(struct clerk_note))
		send_note(c, CLERK_NAME, 0, addr, 0, name);
}

void
clerk_switch(struct clerk *c, size_t i, int off)
{
	send_note(c, CLERK_SWITCH, ++c->asks, (uint32_t)i, off != 0, "");
}

void
clerk_look(struct clerk *c)
{
	send_note(c, CLERK_LOOK, ++c->asks, 0, 0, "");
}

int
clerk_is_current(const struct clerk *c)
{
	return c->fd < 0 || c->answers == c->asks;
}

/* ---- from the child ---- */

static void
keep_fd(struct clerk *c, const struct cmsghdr *m)
{
	int fd;

	if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(m), sizeof fd);
	if (c->infd >= 0)
		close(c->infd);
	c->infd = fd;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A whole note has come into c->in: 1; 0 none yet; -1 the child has ended.
 * There is room for one descriptor: CMSG_SPACE has it for two, and the second
 * would stay open. */
static int
receive(struct clerk *c)
{
	struct iovec iov = { .iov_base = (char *)&c->in + c->nin,
		.iov_len = sizeof c->in - c->nin };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)) };
	ssize_t n;

	do
		n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	if (CMSG_FIRSTHDR(&m))
		keep_fd(c, CMSG_FIRSTHDR(&m));
	c->nin += (size_t)n;
	if (c->nin < sizeof c->in)
		return 0;
	c->nin = 0;
	c->in.text[sizeof c->in.text - 1] = '\0';
	return 1;
}

/* The note's descriptor, for who closes it. */
static int
take_fd(struct clerk *c)
{
	int fd = c->infd;

	c->infd = -1;
	return fd;
}

/* A child that was taken over may send what does not end. */
static void
check_fd(struct clerk *c)
{
	struct stat st;

	if (c->infd < 0 || (fstat(c->infd, &st) == 0 && S_ISREG(st.st_mode)))
		return;
	close(take_fd(c));
	c->in.fault = SOURCE_NOT_PLAIN;
}

static void
begin(struct clerk *c)
{
	rules_free(c->rules);
	c->rules = rules_new();
	c->batch = c->in.batch;
	c->answers = c->in.i;
	c->complete = 0;
	c->bad = 0;
}

static int
add_source(struct clerk *c)
{
	size_t i = c->in.i;

	if (i >= c->s.n)
		return 0;
	if (c->infd < 0 && c->in.fault && !source_absent(c->in.fault))
		return source_refuse(
		    &c->why, c->s.v[i].origin, c->s.v[i].path, c->in.fault);
	return source_add(c->rules, &c->s, i, take_fd(c), &c->why);
}

static int
add_list(struct clerk *c)
{
	if (c->infd >= 0)
		return source_add_list(
		    c->rules, c->in.text, take_fd(c), &c->why);
	return source_refuse_list(
	    &c->why, &c->s, c->in.text, c->in.i, c->in.fault);
}

static void
take(struct clerk *c)
{
	int ours = c->rules && c->in.batch == c->batch && !c->bad;

	check_fd(c);
	if (c->in.kind == CLERK_BEGIN)
		begin(c);
	else if (ours && c->in.kind == CLERK_SOURCE)
		c->bad = add_source(c) < 0;
	else if (ours && c->in.kind == CLERK_LIST)
		c->bad = add_list(c) < 0;
	else if (c->rules && c->in.kind == CLERK_END)
		c->complete = 1;
	if (c->infd >= 0)
		close(take_fd(c));
}

/* What the batch has come to: 1 rules; -1 they are refused; 0 not yet. */
static int
settle(struct clerk *c, struct rules **rules, struct why *why)
{
	const char *list;

	if (!c->rules || !c->complete)
		return 0;
	list = c->bad ? NULL : rules_wants(c->rules);
	if (list) {
		send_note(c, CLERK_WANT, c->batch, 0, 0, list);
		return 0;
	}
	*rules = c->rules;
	c->rules = NULL;
	if (!c->bad)
		return 1;
	rules_free(*rules);
	*rules = NULL;
	*why = c->why;
	return -1;
}

int
clerk_next(struct clerk *c, struct rules **rules, struct why *why)
{
	flush(c);
	while (c->fd >= 0) {
		int got = receive(c), rc;

		if (got == 0)
			return 0;
		if (got < 0) {
			close(c->fd);
			c->fd = -1;
			return why_set(why, EX_OSERR,
			    "the process that reads rule files has ended: "
			    "they stay as they are");
		}
		flush(c);
		take(c);
		rc = c->in.kind == CLERK_DONE ? 0 : settle(c, rules, why);
		if (rc != 0)
			return rc;
	}
	return 0;
}
