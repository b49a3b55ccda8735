/* SPDX-License-Identifier: ISC */
#ifdef __linux__
#include "edges.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { AT_ONCE = 256 };

int
edges_new(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

int
edges_add(int set, int fd, void *what)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLPRI |
		    EPOLLRDHUP | EPOLLET,
		.data.ptr = what };

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev);
}

int
edges_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int
edges_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int
is(unsigned events)
{
	return (events & EPOLLIN ? EDGE_IN : 0) |
	    (events & EPOLLOUT ? EDGE_OUT : 0) |
	    (events & (EPOLLRDHUP | EPOLLHUP) ? EDGE_END : 0) |
	    (events & EPOLLERR ? EDGE_BROKEN : 0) |
	    (events & EPOLLPRI ? EDGE_URGENT : 0) |
	    (events & EPOLLHUP ? EDGE_CLOSED : 0);
}

int
edges_next(int set, struct edge *v, int n)
{
	struct epoll_event ev[AT_ONCE];
	int got = epoll_wait(set, ev, n < AT_ONCE ? n : AT_ONCE, 0);

	for (int i = 0; i < got; i++)
		v[i] = (struct edge){ ev[i].data.ptr, is(ev[i].events) };
	return got < 0 ? 0 : got;
}
#endif
