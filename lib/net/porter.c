/* SPDX-License-Identifier: ISC */
#include "porter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

static void
let_go(struct porter *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->n = 0;
}

void
porter_attach(struct porter *p, int fd)
{
	let_go(p);
	p->fd = fd;
	p->past_allowed = p->allowed;
	p->past_denied = p->denied;
}

int
porter_tell(struct porter *p, const char *line)
{
	autofree char *text = xasprintf("%s\n", line);
	ssize_t n = (ssize_t)strlen(text);

	if (p->fd < 0)
		return 0;
	if (send(p->fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n)
		return 1;
	let_go(p); /* it is gone, or does not read */
	return 0;
}

/* A bell that has been rung and not been heard is full at some time. */
int
porter_call(struct porter *p)
{
	static const char come[] = "come\n";
	const ssize_t n = sizeof come - 1;

	/* One that has so many unread that there is no room will come. */
	if (p->fd >= 0 &&
	    (send(p->fd, come, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n ||
		errno == EAGAIN))
		return 0;
	let_go(p);
	if (p->bell < 0)
		return -1;
	return write(p->bell, "\n", 1) == 1 || errno == EAGAIN ? 0 : -1;
}

/* Read once: 0, or -1 when it is gone. */
static int
fill(struct porter *p)
{
	ssize_t n;

	if (p->n == sizeof p->in) /* no line of ours */
		p->n = 0;
	n = recv(p->fd, p->in + p->n, sizeof p->in - p->n, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		let_go(p);
		return -1;
	}
	p->n += (size_t)n;
	return 0;
}

/* The next whole line, into out; 0 when there is none. */
static int
next(struct porter *p, char out[PORTER_LINE])
{
	char *end = memchr(p->in, '\n', p->n);
	size_t n = end ? (size_t)(end - p->in) : 0;

	if (!end)
		return 0;
	memcpy(out, p->in, n);
	out[n] = '\0';
	p->n -= n + 1;
	memmove(p->in, end + 1, p->n);
	return 1;
}

/* A line that is no answer. */
static void
hear(struct porter *p, const char *line)
{
	static const char who[] = "who ";
	unsigned long long allowed, denied;
	autofree char *answer = NULL;
	const char *name;

	if (sscanf(line, "did %llu %llu", &allowed, &denied) == 2) {
		p->allowed = p->past_allowed + allowed;
		p->denied = p->past_denied + denied;
	}
	if (!str_starts(line, who))
		return;
	line += sizeof who - 1;
	name = p->named(line, p->arg);
	answer = xasprintf("name %s %s", line, name ? name : "-");
	(void)porter_tell(p, answer); /* its end is told */
}

int
porter_await(struct porter *p, const char *line, struct why *why)
{
	long long deadline = io_now() + PORTER_MS;
	char got[PORTER_LINE];

	while (p->fd >= 0) {
		while (next(p, got)) {
			if (str_starts(got, "error "))
				return why_set(
				    why, EX_TEMPFAIL, "proxy: %s", got + 6);
			if (str_starts(got, "ok ") &&
			    strcmp(got + 3, line) == 0)
				return 0;
			hear(p, got);
		}
		if (io_wait_readable(p->fd, deadline) != 1)
			return why_set(why, EX_TEMPFAIL,
			    "the proxy does not answer in time");
		(void)fill(p);
	}
	return 0; /* the next one begins with what is so then */
}

int
porter_serve(struct porter *p)
{
	char line[PORTER_LINE];

	if (p->fd < 0)
		return 0;
	if (fill(p) < 0)
		return 1;
	while (next(p, line))
		hear(p, line); /* or it is an answer that came too late */
	return p->fd < 0;
}
