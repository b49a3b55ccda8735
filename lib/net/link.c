/* SPDX-License-Identifier: ISC */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

enum { HEAD = 4, SOCKET_BUFFER = 1 << 20 };

void
link_down(struct link *l, long long now)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->at = l->end = l->first = l->last = 0;
	l->alone = l->next_try = now;
	l->retry = LINK_RETRY_MIN;
}

/* Not io_connect: with a full backlog that one waits. */
int
link_dial(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int size = SOCKET_BUFFER, err, fd;

	if (strlen(path) >= sizeof sun.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SYS_SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
		err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	/* Bigger buffers are for speed: less will do. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	return fd;
}

int
link_try(struct link *l, int dir, const char *name, long long now)
{
	struct sockaddr_un sun;
	int back;

	if (now < l->next_try)
		return 0;
	if (sys_fd_path(dir, name, sun.sun_path, sizeof sun.sun_path, &back) ==
	    0) {
		l->fd = link_dial(sun.sun_path);
		sys_fd_path_end(back);
	}
	if (l->fd >= 0)
		return 1;
	if (now - l->alone >= LINK_PATIENCE)
		return -1;
	l->next_try = now + l->retry;
	l->retry =
	    l->retry * 2 < LINK_RETRY_MAX ? l->retry * 2 : LINK_RETRY_MAX;
	return 0;
}

int
link_wait(const struct link *l, long long now)
{
	return l->next_try > now ? (int)(l->next_try - now) : 0;
}

int
link_fill(struct link *l)
{
	ssize_t n;

	memmove(l->in, l->in + l->at, l->end - l->at);
	l->end -= l->at;
	l->at = 0;
	n = recv(l->fd, l->in + l->end, sizeof l->in - l->end, 0);
	if (n > 0)
		l->end += (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n > 0 ? 0 : -1;
}

int
link_next(struct link *l, uint8_t **p, size_t *n)
{
	const uint8_t *h = l->in + l->at;
	size_t have = l->end - l->at, len;

	if (have < HEAD)
		return 0;
	len =
	    (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
	if (len > LINK_FRAME)
		return -1;
	if (have < HEAD + len)
		return 0;
	*p = l->in + l->at + HEAD;
	*n = len;
	l->at += HEAD + len;
	return 1;
}

void
link_put(struct link *l, const uint8_t *p, size_t n)
{
	uint8_t *o;

	if (sizeof l->out - l->last < HEAD + n && l->first) {
		memmove(l->out, l->out + l->first, l->last - l->first);
		l->last -= l->first;
		l->first = 0;
	}
	if (n > LINK_FRAME || sizeof l->out - l->last < HEAD + n) {
		l->dropped++;
		return;
	}
	o = l->out + l->last;
	o[0] = (uint8_t)(n >> 24);
	o[1] = (uint8_t)(n >> 16);
	o[2] = (uint8_t)(n >> 8);
	o[3] = (uint8_t)n;
	memcpy(o + HEAD, p, n);
	l->last += HEAD + n;
}

int
link_pending(const struct link *l)
{
	return l->first < l->last;
}

int
link_flush(struct link *l)
{
	while (link_pending(l)) {
		ssize_t n = send(
		    l->fd, l->out + l->first, l->last - l->first, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		l->first += (size_t)n;
	}
	l->first = l->last = 0;
	return 0;
}
