/* SPDX-License-Identifier: ISC */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "publish.h"
#include "say.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

enum { BACKLOG = 128 };

int
control_open(struct control *c, const char *name, struct why *why)
{
	if (publish_make_way(name, why) < 0)
		return -1;
	c->fd = io_listen(AT_FDCWD, name, BACKLOG);
	if (c->fd < 0 || fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0)
		return why_sys(why, EX_TEMPFAIL, "%s", name);
	return 0;
}

/* Descriptors of clients are never 0: that one is the process's input. */
static int
find_free(const struct control *c)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (!c->client[i].fd)
			return i;
	return -1;
}

void
control_poll(const struct control *c, struct pollfd *p)
{
	p[0] = (struct pollfd){ .fd = find_free(c) < 0 ? -1 : c->fd,
		.events = POLLIN };
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		p[1 + i] =
		    (struct pollfd){ .fd =
					 c->client[i].fd ? c->client[i].fd : -1,
			    .events = POLLIN };
}

static void
let_in(struct control *c, long long now)
{
	int i = find_free(c), fd = accept(c->fd, NULL, NULL);

	if (fd <= 0)
		return; /* gone again, or no descriptors: it may come again */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		close(fd);
		return;
	}
	c->client[i].fd = fd;
	c->client[i].n = 0;
	c->client[i].since = now;
}

static void
drop(struct control *c, int i)
{
	close(c->client[i].fd);
	c->client[i].fd = 0;
}

static void
reply(struct control *c, int i, control_answer *answer, void *arg)
{
	autobuf struct buf out = { 0 };
	int fd = c->client[i].fd;
	int taken = answer(c->client[i].line, fd, &out, arg);

	buf_str(&out, "\n");
	/* A new socket has room for a line; if not, the client sees an end. */
	(void)send(fd, out.p, out.n, MSG_NOSIGNAL);
	if (taken)
		c->client[i].fd = 0;
	else
		drop(c, i);
}

/* Read on; 1 when the line is whole, or too long to be one we know. */
static int
take(struct control *c, int i)
{
	char *line = c->client[i].line, *end;
	size_t had = c->client[i].n;
	ssize_t n = recv(
	    c->client[i].fd, line + had, sizeof c->client[i].line - 1 - had, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		drop(c, i);
		return 0;
	}
	c->client[i].n += (size_t)n;
	line[c->client[i].n] = '\0';
	end = memchr(line, '\n', c->client[i].n);
	if (end)
		*end = '\0';
	return end || c->client[i].n == sizeof c->client[i].line - 1;
}

void
control_serve(struct control *c, const struct pollfd *p, long long now,
    control_answer *answer, void *arg)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		if (!c->client[i].fd)
			continue;
		if (p[1 + i].revents && take(c, i))
			reply(c, i, answer, arg);
		else if (c->client[i].fd &&
		    now - c->client[i].since >= CONTROL_MS)
			drop(c, i);
	}
	if (p[0].revents && find_free(c) >= 0)
		let_in(c, now);
}

int
control_wait(const struct control *c, long long now)
{
	int least = -1;

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		long long left = c->client[i].since + CONTROL_MS - now;

		if (!c->client[i].fd)
			continue;
		if (left < 0)
			left = 0;
		if (least < 0 || left < least)
			least = (int)left;
	}
	return least;
}
