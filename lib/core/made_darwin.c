/* SPDX-License-Identifier: ISC */
/* Written for macOS 12 and later; not run by the authors. */
#ifdef __APPLE__
#include "made.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#include "io.h"

int
made_watch(int dir)
{
	struct kevent ev;
	int fd = kqueue(), err;

	EV_SET(&ev, dir, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE, 0, NULL);
	if (fd < 0 || kevent(fd, &ev, 1, NULL, 0, NULL) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

void
made_wait(int fd, int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };
	struct kevent ev;

	if (fd < 0)
		io_nap();
	else
		(void)kevent(fd, NULL, 0, &ev, 1, &ts); /* early is fine */
}
#endif
