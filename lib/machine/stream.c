/* SPDX-License-Identifier: ISC */
#include "stream.h"

static void
give_memory(uv_handle_t *h, size_t n, uv_buf_t *b)
{
	static char chunk[65536];

	(void)h, (void)n;
	*b = uv_buf_init(chunk, sizeof chunk);
}

static void
came(uv_stream_t *h, ssize_t n, const uv_buf_t *b)
{
	struct stream *st = h->data;

	if (n > 0 && st->ring)
		ring_write(st->ring, b->base, (size_t)n);
	if (n > 0)
		st->came(st, b->base, (size_t)n);
	if (n < 0) {
		st->open = 0;
		uv_close((uv_handle_t *)h, NULL);
		st->came(st, "", 0);
	}
}

void
stream_follow(struct stream *st, int fd)
{
	if (fd < 0 || uv_pipe_init(uv_default_loop(), &st->pipe, 0) != 0)
		return;
	st->pipe.data = st;
	if (uv_pipe_open(&st->pipe, fd) != 0 ||
	    uv_read_start((uv_stream_t *)&st->pipe, give_memory, came) != 0) {
		uv_close((uv_handle_t *)&st->pipe, NULL);
		return;
	}
	st->open = 1;
}

int
stream_fd(const struct stream *st)
{
	uv_os_fd_t fd = -1;

	(void)uv_fileno((const uv_handle_t *)&st->pipe, &fd); /* or closed */
	return fd;
}

void
stream_drain(struct stream *st)
{
	while (st->open)
		(void)uv_run(uv_default_loop(), UV_RUN_ONCE);
}
