/* SPDX-License-Identifier: ISC */
#include "stream.h"

#include <stdlib.h>
#include <uv.h>

#include "say.h"

struct stream_pipe {
	uv_pipe_t uv;
};

static void
give_memory(uv_handle_t *h, size_t n, uv_buf_t *b)
{
	static char chunk[65536];

	(void)h, (void)n;
	*b = uv_buf_init(chunk, sizeof chunk);
}

static void
let_go(uv_handle_t *h)
{
	free(h); /* the pipe begins with it */
}

void
stream_close(struct stream *st)
{
	if (!st->pipe)
		return;
	uv_close((uv_handle_t *)&st->pipe->uv, let_go);
	st->pipe = NULL;
	st->open = 0;
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
		stream_close(st);
		st->came(st, "", 0);
	}
}

int
stream_begin(struct why *why)
{
	return uv_default_loop() ? 0 : why_sys(why, EX_OSERR, "event loop");
}

void
stream_to(struct stream *st, struct ring *ring,
    void (*fn)(struct stream *st, const char *p, size_t n))
{
	st->ring = ring;
	st->came = fn;
}

void
stream_follow(struct stream *st, int fd)
{
	uv_stream_t *h;

	if (fd < 0)
		return;
	st->pipe = xcalloc(1, sizeof *st->pipe);
	if (uv_pipe_init(uv_default_loop(), &st->pipe->uv, 0) != 0) {
		free(st->pipe);
		st->pipe = NULL;
		return;
	}
	h = (uv_stream_t *)&st->pipe->uv;
	h->data = st;
	st->open = 1;
	if (uv_pipe_open(&st->pipe->uv, fd) != 0 ||
	    uv_read_start(h, give_memory, came) != 0)
		stream_close(st);
}

pid_t
stream_start(
    struct stream *st, const struct run *r, char *const argv[], struct why *why)
{
	int fd;
	pid_t pid = run_piped(r, argv, &fd, why);

	if (pid > 0)
		stream_follow(st, fd);
	return pid;
}

int
stream_fd(const struct stream *st)
{
	uv_os_fd_t fd = -1;

	if (st->pipe) /* -1 stays when it has none */
		(void)uv_fileno((const uv_handle_t *)&st->pipe->uv, &fd);
	return fd;
}

void
stream_drain(struct stream *st)
{
	while (st->open)
		(void)uv_run(uv_default_loop(), UV_RUN_ONCE);
}

/* They live as long as the program, but for what is called once. */
struct caller {
	union {
		uv_poll_t poll;
		uv_timer_t timer;
		uv_signal_t signal;
	} uv;
	void (*call)(void);
};

static void
ready(uv_poll_t *h, int status, int events)
{
	(void)status, (void)events;
	((struct caller *)h->data)->call();
}

int
stream_watch(int fd, void (*turn)(void))
{
	struct caller *c = xcalloc(1, sizeof *c);

	c->call = turn;
	if (uv_poll_init(uv_default_loop(), &c->uv.poll, fd) != 0)
		return -1;
	c->uv.poll.data = c;
	return uv_poll_start(&c->uv.poll, UV_READABLE, ready) == 0 ? 0 : -1;
}

static void
elapsed(uv_timer_t *h)
{
	((struct caller *)h->data)->call();
}

void
stream_every(int ms, void (*tick)(void))
{
	struct caller *c = xcalloc(1, sizeof *c);

	c->call = tick;
	(void)uv_timer_init(uv_default_loop(), &c->uv.timer); /* never fails */
	c->uv.timer.data = c;
	(void)uv_timer_start(&c->uv.timer, elapsed, (uint64_t)ms, (uint64_t)ms);
}

static void
over(uv_handle_t *h)
{
	free(h->data); /* the timer is in it */
}

static void
elapsed_once(uv_timer_t *h)
{
	((struct caller *)h->data)->call();
	uv_close((uv_handle_t *)h, over);
}

void
stream_once(int ms, void (*then)(void))
{
	struct caller *c = xcalloc(1, sizeof *c);

	c->call = then;
	(void)uv_timer_init(uv_default_loop(), &c->uv.timer); /* never fails */
	c->uv.timer.data = c;
	(void)uv_timer_start(&c->uv.timer, elapsed_once, (uint64_t)ms, 0);
}

static void
signaled(uv_signal_t *h, int sig)
{
	(void)sig;
	((struct caller *)h->data)->call();
}

void
stream_signal(int sig, void (*caught)(void))
{
	struct caller *c = xcalloc(1, sizeof *c);

	c->call = caught;
	if (uv_signal_init(uv_default_loop(), &c->uv.signal) != 0)
		return;
	c->uv.signal.data = c;
	(void)uv_signal_start(&c->uv.signal, signaled, sig); /* a known one */
}

void
stream_run(void)
{
	(void)uv_run(uv_default_loop(), UV_RUN_DEFAULT); /* 0, or stopped */
}

void
stream_stop(void)
{
	uv_stop(uv_default_loop());
}
