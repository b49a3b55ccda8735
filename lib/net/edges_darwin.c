/* SPDX-License-Identifier: ISC */
/* Written for macOS 12 and later; not run by the authors. */
#ifdef __APPLE__
#include "edges.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 256 };

int
edges_new(void)
{
	int fd = kqueue();

	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* not inherited anyway */
	return fd;
}

int
edges_add(int set, int fd, void *what)
{
	struct kevent ev[2];

	EV_SET(&ev[0], fd, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, what);
	EV_SET(&ev[1], fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0, what);
	return kevent(set, ev, 2, NULL, 0, NULL);
}

static int
ready(int fd)
{
	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
edges_accept(int listener)
{
	return ready(accept(listener, NULL, NULL));
}

int
edges_socket(int family)
{
	return ready(socket(family, SOCK_STREAM, 0));
}

/* EV_EOF of the side that is read is an end; of the other, that nobody reads
 * any more; fflags then has the error. */
static int
is(const struct kevent *ev)
{
	/* that there is urgent data is not told */
	int e = EDGE_URGENT | (ev->filter == EVFILT_READ ? EDGE_IN : EDGE_OUT);

	if ((ev->flags & EV_EOF) && ev->filter == EVFILT_READ)
		e |= EDGE_END;
	if ((ev->flags & EV_ERROR) || ((ev->flags & EV_EOF) && ev->fflags))
		e |= EDGE_BROKEN;
	return e;
}

int
edges_next(int set, struct edge *v, int n)
{
	const struct timespec now = { 0, 0 };
	struct kevent ev[AT_ONCE];
	int got = kevent(set, NULL, 0, ev, n < AT_ONCE ? n : AT_ONCE, &now);

	for (int i = 0; i < got; i++)
		v[i] = (struct edge){ ev[i].udata, is(&ev[i]) };
	return got < 0 ? 0 : got;
}
#endif
