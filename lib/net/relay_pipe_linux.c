/* SPDX-License-Identifier: ISC */
#ifdef __linux__
#include "relay_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mem.h"

/*
 * What a pipe is asked to hold; who may not have that gets 64 KiB.  A third of
 * the time is saved by it, but all pipes of a user have 64 MiB before new ones
 * are made very small: some alone are large.
 */
enum { SIZE = 1 << 20, LARGE = 24, KEPT = 64 };

struct relay_pipe {
	int out, in; /* as pipe(2) has them */
	int large;
	struct relay_pipe *next;
};

static struct relay_pipe *kept;
static int nkept, taken, large;

static struct relay_pipe *
make(void)
{
	struct relay_pipe *p;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return NULL;
	p = xcalloc(1, sizeof *p);
	p->large = large < LARGE && fcntl(fd[1], F_SETPIPE_SZ, SIZE) >= 0;
	large += p->large;
	p->out = fd[0];
	p->in = fd[1];
	return p;
}

struct relay_pipe *
relay_pipe_take(void)
{
	struct relay_pipe *p = kept;

	if (taken == RELAY_PIPES)
		return NULL;
	if (p) {
		kept = p->next;
		nkept--;
	} else
		p = make();
	taken += p != NULL;
	return p;
}

void
relay_pipe_give(struct relay_pipe *p, int empty)
{
	taken--;
	if (empty && nkept < KEPT) {
		p->next = kept;
		kept = p;
		nkept++;
		return;
	}
	large -= p->large;
	close(p->out);
	close(p->in);
	free(p);
}

ssize_t
relay_pipe_fill(struct relay_pipe *p, int fd)
{
	return splice(
	    fd, NULL, p->in, NULL, SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t
relay_pipe_drain(struct relay_pipe *p, int fd, size_t n)
{
	return splice(
	    p->out, NULL, fd, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t
relay_pipe_read(struct relay_pipe *p, void *to, size_t n)
{
	return read(p->out, to, n);
}
#endif
