/* SPDX-License-Identifier: ISC */
#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"
#include "sys.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

/* LAST: what is heard of one who has ended; a socket has no more. */
enum { BACKLOG = 128, LAST = 256 };

/* Descriptors are never 0: that one is the process's input. */
struct talker {
	int fd; /* 0: free */
	int known; /* he has said something, or was handed in */
	int bad; /* he is to be let go */
	long long since; /* 0: of this turn */
	char in[TALK_LINE];
	size_t n;
	struct buf out;
};

static struct talker *
talkers(struct talk *t)
{
	if (!t->v)
		t->v = xcalloc(t->most, sizeof *t->v);
	return t->v;
}

int
talk_open(struct talk *t, int dir, const char *name)
{
	t->fd = io_listen(dir, name, BACKLOG);
	return t->fd < 0 ? -1 : fcntl(t->fd, F_SETFL, O_NONBLOCK);
}

static size_t
find_free(const struct talk *t)
{
	size_t i = 0;

	while (t->v && i < t->most && t->v[i].fd)
		i++;
	return i;
}

static long
take_in(struct talk *t, int fd, int known)
{
	size_t i = find_free(t);

	if (fd <= 0 || i == t->most || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		if (fd > 0)
			close(fd);
		return -1;
	}
	talkers(t)[i] = (struct talker){ .fd = fd, .known = known };
	return (long)i;
}

long
talk_add(struct talk *t, int fd)
{
	return take_in(t, fd, 1);
}

void
talk_drop(struct talk *t, size_t who)
{
	if (!t->v || !t->v[who].fd)
		return;
	close(t->v[who].fd);
	buf_free(&t->v[who].out);
	t->v[who].fd = 0;
}

/* He is found gone in the next turn: whoever says something is in the middle
 * of something. */
static void
flush(struct talker *k)
{
	ssize_t n;

	while (k->out.n &&
	    (n = send(k->fd, k->out.p, k->out.n, MSG_NOSIGNAL)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			k->bad |= errno != EAGAIN && errno != EWOULDBLOCK;
			return;
		}
		buf_drop(&k->out, (size_t)n);
	}
}

void
talk_say(struct talk *t, size_t who, const char *fmt, ...)
{
	struct talker *k = t->v ? &t->v[who] : NULL;
	autofree char *text = NULL;
	va_list ap;

	if (!k || !k->fd || k->bad)
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	buf_str(&k->out, text);
	buf_str(&k->out, "\n");
	if (k->out.n > TALK_OUT)
		k->bad = 1;
	else
		flush(k);
}

void
talk_poll(const struct talk *t, struct pollfd *p)
{
	p[0] = (struct pollfd){ .fd = find_free(t) == t->most ? -1 : t->fd,
		.events = POLLIN };
	for (size_t i = 0; i < t->most; i++) {
		const struct talker *k = t->v ? &t->v[i] : NULL;

		p[1 + i] = (struct pollfd){ .fd = k && k->fd ? k->fd : -1,
			.events = POLLIN };
		if (k && k->fd && k->out.n)
			p[1 + i].events |= POLLOUT;
	}
}

static void
let_in(struct talk *t)
{
	int fd = accept(t->fd, NULL, NULL);

	if (fd > 0 && !sys_peer_is_us(fd))
		close(fd);
	else
		(void)take_in(t, fd, 0); /* gone again: he may come again */
}

static void
lose(struct talk *t, size_t who)
{
	talk_drop(t, who);
	t->gone(who, t->arg);
}

/* The whole lines of what has come; who may be let go meanwhile. */
static void
split(struct talk *t, size_t who)
{
	struct talker *k = &t->v[who];
	char line[TALK_LINE], *end;

	while (k->fd && (end = memchr(k->in, '\n', k->n))) {
		size_t n = (size_t)(end - k->in);

		memcpy(line, k->in, n);
		line[n] = '\0';
		k->n -= n + 1;
		memmove(k->in, end + 1, k->n);
		k->known = 1;
		t->line(who, line, t->arg);
	}
}

/* 1 when something came. */
static int
hear(struct talk *t, size_t who)
{
	struct talker *k = &t->v[who];
	ssize_t n = recv(k->fd, k->in + k->n, sizeof k->in - k->n, 0);

	if (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	if (n <= 0) {
		lose(t, who);
		return 0;
	}
	k->n += (size_t)n;
	split(t, who);
	if (k->fd && k->n == sizeof k->in)
		lose(t, who);
	return 1;
}

void
talk_end(struct talk *t, size_t who)
{
	for (int i = 0; i < LAST && t->v[who].fd && hear(t, who); i++)
		continue;
	if (t->v[who].fd)
		lose(t, who);
}

void
talk_serve(struct talk *t, const struct pollfd *p, long long now)
{
	for (size_t i = 0; t->v && i < t->most; i++) {
		struct talker *k = &t->v[i];

		if (k->fd && p[1 + i].fd == k->fd &&
		    (p[1 + i].revents & ~POLLOUT))
			(void)hear(t, i);
		if (k->fd && k->out.n)
			flush(k);
		if (k->fd && !k->known && !k->since)
			k->since = now;
		if (k->fd &&
		    (k->bad || (!k->known && now - k->since >= TALK_MS)))
			lose(t, i);
	}
	if (p[0].fd >= 0 && p[0].revents && find_free(t) < t->most)
		let_in(t);
}

int
talk_wait(const struct talk *t, long long now)
{
	int least = -1;

	for (size_t i = 0; t->v && i < t->most; i++) {
		const struct talker *k = &t->v[i];
		long long left = k->since ? k->since + TALK_MS - now : 0;

		if (!k->fd || (k->known && !k->bad))
			continue;
		if (left < 0 || k->bad)
			left = 0;
		if (least < 0 || left < least)
			least = (int)left;
	}
	return least;
}

int
talk_sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}
