/* SPDX-License-Identifier: ISC */
/* Written for macOS 12 and later; not run by the authors.  It has no
 * splice(2). */
#ifdef __APPLE__
#include "relay_pipe.h"

#include <errno.h>

struct relay_pipe *
relay_pipe_take(void)
{
	return NULL;
}

void
relay_pipe_give(struct relay_pipe *p, int empty)
{
	(void)p, (void)empty;
}

ssize_t
relay_pipe_fill(struct relay_pipe *p, int fd)
{
	(void)p, (void)fd;
	errno = EINVAL;
	return -1;
}

ssize_t
relay_pipe_drain(struct relay_pipe *p, int fd, size_t n)
{
	(void)p, (void)fd, (void)n;
	errno = EINVAL;
	return -1;
}

ssize_t
relay_pipe_read(struct relay_pipe *p, void *to, size_t n)
{
	(void)p, (void)to, (void)n;
	errno = EINVAL;
	return -1;
}
#endif
