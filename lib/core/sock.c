/* SPDX-License-Identifier: ISC */
/* sock: unix sockets by names that are short enough. */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys.h"

static int
unix_socket(int dir, const char *name,
    int (*act)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, err, back = -1;

	if (sys_fd_path(dir, name, sun.sun_path, sizeof sun.sun_path, &back) <
	    0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SYS_SOCK_CLOEXEC, 0);
	if (fd >= 0 && act(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
		err = errno;
		close(fd);
		errno = err;
		fd = -1;
	}
	err = errno;
	sys_fd_path_end(back);
	errno = err;
	return fd;
}

int
io_listen(int dir, const char *name, int backlog)
{
	mode_t mask = umask(0177);
	int fd, err;

	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT) {
		umask(mask);
		return -1;
	}
	fd = unix_socket(dir, name, bind);
	umask(mask);
	if (fd >= 0 && listen(fd, backlog) < 0) {
		err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* A full backlog makes a blocking connect wait for ever, so it is EAGAIN. */
static int
connect_now(int fd, const struct sockaddr *sa, socklen_t n)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    connect(fd, sa, n) < 0)
		return -1;
	return fcntl(fd, F_SETFL, flags);
}

int
io_connect(int dir, const char *name)
{
	return unix_socket(dir, name, connect_now);
}
