/* SPDX-License-Identifier: ISC */
/*
 * edges: sockets of which each change is told once (epoll's EPOLLET, kqueue's
 * EV_CLEAR): who is told reads, or writes, until there is no more.  One call
 * for each socket, for its life.
 *
 * The set's descriptor is readable while there is something to tell, so that
 * all of it is one descriptor to an event loop.  Sockets leave it when they
 * are closed.
 */
#ifndef XRAY_EDGES_H
#define XRAY_EDGES_H

enum {
	EDGE_IN = 1,
	EDGE_OUT = 2,
	EDGE_END = 4, /* the other side sends no more */
	EDGE_BROKEN = 8, /* nothing more goes either way */
	EDGE_URGENT = 16, /* a short read says nothing about what follows */
	EDGE_CLOSED = 32 /* nor does any more, since both sides have ended; a
			  * unix socket whose other side is closed */
};

struct edge {
	void *what;
	int is; /* bits of the above */
};

/* A new set, close-on-exec; -1 with errno. */
int edges_new(void);
/* Add socket fd, of which `what` is told.  0, or -1 with errno. */
int edges_add(int set, int fd, void *what);
/* A connection of listener's, and a new TCP socket of AF_INET or AF_INET6: not
 * blocking, close-on-exec; -1 with errno. */
int edges_accept(int listener);
int edges_socket(int family);
/* What there is to tell now, at most n; how many. */
int edges_next(int set, struct edge *v, int n);

#endif
