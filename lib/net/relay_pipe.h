/* SPDX-License-Identifier: ISC */
/*
 * relay_pipe: pipes that take bytes from a socket and give them to another
 * within the kernel.  Those that are given back are used again.
 */
#ifndef XRAY_RELAY_PIPE_H
#define XRAY_RELAY_PIPE_H

#include <stddef.h>
#include <sys/types.h>

/* Out at one time, at most; descriptors for them. */
enum { RELAY_PIPES = 128, RELAY_PIPE_FDS = 2 * RELAY_PIPES };

struct relay_pipe;

/* An empty pipe; NULL when there is none, or this system moves nothing. */
struct relay_pipe *relay_pipe_take(void);
/* Give it back; one that is not empty is closed. */
void relay_pipe_give(struct relay_pipe *p, int empty);
/* Move from socket fd into the empty pipe, as much as it takes; from the pipe
 * to fd, at most n.  As read(2) and write(2); EINVAL when fd cannot. */
ssize_t relay_pipe_fill(struct relay_pipe *p, int fd);
ssize_t relay_pipe_drain(struct relay_pipe *p, int fd, size_t n);
/* Read from the pipe. */
ssize_t relay_pipe_read(struct relay_pipe *p, void *to, size_t n);

#endif
