/* SPDX-License-Identifier: ISC */
/* inotify(7). */
#ifdef __linux__
#include "made.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "io.h"

int
made_watch(int dir)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), err;
	char path[40];

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
	if (fd < 0 || inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO) >= 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

void
made_wait(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char events[4096];

	if (fd < 0)
		io_nap();
	else if (poll(&p, 1, ms) == 1 && read(fd, events, sizeof events) < 0)
		io_nap(); /* a descriptor that is none */
}
#endif
