/* SPDX-License-Identifier: ISC */
#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { OTHERS = 128 }; /* the process's own, and listeners */

int
fds_limit(struct fds *t)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return -1;
	if (l.rlim_cur < FDS_MAX) {
		l.rlim_cur = l.rlim_max < FDS_MAX ? l.rlim_max : FDS_MAX;
		if (setrlimit(RLIMIT_NOFILE, &l) < 0)
			return -1;
	}
	t->max =
	    l.rlim_cur < FDS_MAX ? ((int)l.rlim_cur - OTHERS) / 2 : FDS_LIVE;
	if (t->max < 1) {
		errno = ERANGE;
		return -1;
	}
	return 0;
}

void
fds_note(struct fds *t, int fd, enum fds_kind kind)
{
	if (fd < 0 || fd >= FDS_MAX || t->kind[fd] != FDS_NONE)
		return;
	t->kind[fd] = (unsigned char)kind;
	t->rest[fd] = 0;
	t->live += kind == FDS_CONNECTION;
}

int
fds_note_listener(struct fds *t, int fd, int backlog)
{
	int is = 0;
	socklen_t n = sizeof is;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &n) < 0 || !is)
		return 0;
	if (listen(fd, backlog) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	fds_note(t, fd, FDS_LISTENER);
	return 1;
}

void
fds_forget(struct fds *t, int fd)
{
	if (fd < 0 || fd >= FDS_MAX)
		return;
	t->live -= t->kind[fd] == FDS_CONNECTION;
	t->kind[fd] = FDS_NONE;
	t->rest[fd] = 0;
}

int
fds_is_listener(const struct fds *t, int fd)
{
	return fd >= 0 && fd < FDS_MAX && t->kind[fd] == FDS_LISTENER;
}

void
fds_rest(struct fds *t, int fd, long long now)
{
	if (fd >= 0 && fd < FDS_MAX)
		t->rest[fd] = now + FDS_REST_MS;
}

int
fds_rests(const struct fds *t, int fd, long long now)
{
	return fd >= 0 && fd < FDS_MAX && t->rest[fd] > now;
}

int
fds_full(const struct fds *t)
{
	return t->live >= t->max;
}

int
fds_crowded(const struct fds *t)
{
	return t->live >= t->max - t->max / 16;
}
