/* SPDX-License-Identifier: ISC */
#include "logger.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "io.h"
#include "ring.h"
#include "say.h"
#include "sys.h"

/* It ends when nobody has the other end of the pipe any more. */
static _Noreturn void
write_log(int fd, struct ring *ring)
{
	char chunk[8192];
	ssize_t n;

	(void)signal(SIGTERM, SIG_IGN);
	while ((n = read(fd, chunk, sizeof chunk)) > 0 ||
	    (n < 0 && errno == EINTR))
		if (n > 0)
			ring_write(ring, chunk, (size_t)n);
	_exit(0);
}

int
logger_open(struct logger *l, const char *path, struct why *why)
{
	autofree char *dir = xstrdup(path), *name = xstrdup(path);
	int p[2], keep[3];
	struct ring ring;
	pid_t pid;

	keep[0] = io_opendir(AT_FDCWD, dirname(dir));
	if (keep[0] < 0 || ring_open(&ring, keep[0], basename(name)) < 0)
		return why_sys(why, EX_CANTCREAT, "%s", path);
	keep[1] = ring.fd;
	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "%s", path);
	keep[2] = p[0];
	pid = child_fork(keep, 3);
	if (pid == 0)
		write_log(p[0], &ring);
	if (pid < 0 || fcntl(p[1], F_SETFL, O_NONBLOCK) < 0)
		return why_sys(why, EX_OSERR, "%s", path);
	ring_close(&ring);
	close(keep[0]);
	close(p[0]);
	l->fd = p[1];
	return 0;
}

int
logger_state(const struct logger *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLOUT };

	if (poll(&p, 1, 0) != 1)
		return 0;
	return p.revents & POLLERR && l->fd != 2 ? -1 : 1;
}

void
logger_line(const struct logger *l, const char *text)
{
	autofree char *line = xasprintf("%s\n", text);

	if (logger_state(l) == 1)
		(void)io_write(l->fd, line, strlen(line));
}
