/* SPDX-License-Identifier: ISC */
/* A byte each way: the place of a path; with the descriptor, or with FAILED. */
#include "dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
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

enum { FAILED = 0x80 };

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

/* ---- the child ---- */

static int
answer(int to, uint8_t i, int fd)
{
	union control control = { .room = { 0 } };
	struct iovec iov = { .iov_base = &i, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd < 0)
		i |= FAILED;
	else {
		m.msg_control = &control;
		m.msg_controllen = sizeof control.room;
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	}
	return sendmsg(to, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static _Noreturn void
serve(int fd, const char *const *paths, size_t n)
{
	uint8_t i;

	while (read(fd, &i, 1) == 1 && i < n) {
		autoclose int to = io_connect(AT_FDCWD, paths[i]);

		if (to >= 0 && fcntl(to, F_SETFL, O_NONBLOCK) < 0)
			_exit(1);
		if (answer(fd, i, to) < 0)
			_exit(1);
	}
	_exit(0);
}

/* ---- us ---- */

int
dialer_start(
    struct dialer *d, const char *const *paths, size_t n, struct why *why)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SYS_SOCK_CLOEXEC, 0, p) < 0)
		return why_sys(why, EX_OSERR, "socketpair");
	if (fcntl(p[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(p[1], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(p[0], F_SETFL, O_NONBLOCK) < 0)
		return why_sys(why, EX_OSERR, "socketpair");
	d->pid = child_fork(p + 1, 1);
	if (d->pid == 0)
		serve(p[1], paths, n);
	close(p[1]);
	d->fd = p[0];
	return d->pid < 0 ? why_sys(why, EX_OSERR, "fork") : 0;
}

int
dialer_ask(struct dialer *d, size_t i)
{
	uint8_t c = (uint8_t)i;

	return d->fd >= 0 && send(d->fd, &c, 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int
descriptor(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof fd);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

int
dialer_next(struct dialer *d, size_t *i, int *fd)
{
	uint8_t c;
	union control control;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof *fd) }; /* one, not two */
	ssize_t n;

	if (d->fd < 0)
		return -1;
	do
		n = recvmsg(d->fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		close(d->fd);
		d->fd = -1;
		return -1;
	}
	*i = c & ~(unsigned)FAILED;
	*fd = descriptor(&m);
	return 1;
}
