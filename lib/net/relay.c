/* SPDX-License-Identifier: ISC */
/*
 * One way is OPEN until its side sends no more: ENDED; DONE once that is
 * passed on.  It is DEAD when the other side takes no more, which its side
 * need not know before the way back is over: what that still brings may be why.
 *
 * Little at once is copied, through a buffer that all share; what follows a
 * full buffer is moved through a pipe, until little comes again.  A way reads
 * only while it holds nothing, so that what read(2) says is about its socket.
 */
#include "relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"
#include "relay_pipe.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

enum { OPEN, ENDED, DONE, DEAD };
enum { COPY = 64 << 10 };
/* When so much was read and could not be passed on, in all relays together,
 * less is read at once. */
enum { HELD = 32 << 20, COPY_LESS = 4096 };

static size_t held_by_all;

void
relay_told(struct relay_end *e, int is)
{
	if (is & ~EDGE_OUT)
		e->can |= EDGE_IN;
	if (is & (EDGE_OUT | EDGE_BROKEN))
		e->can |= EDGE_OUT;
	e->is |=
	    (uint8_t)is & (EDGE_END | EDGE_BROKEN | EDGE_URGENT | EDGE_CLOSED);
}

/* ---- what is held ---- */

static void
hold(struct relay_way *w, const uint8_t *p, size_t n)
{
	w->rest = xmalloc(n);
	memcpy(w->rest, p, n);
	w->at = 0;
	w->held = (uint32_t)n;
	held_by_all += n;
}

/* The pipe goes back, and what was held is gone. */
static void
let_go(struct relay_way *w)
{
	if (w->rest)
		held_by_all -= w->at + w->held;
	free(w->rest);
	w->rest = NULL;
	if (w->pipe)
		relay_pipe_give(w->pipe, !w->held);
	w->pipe = NULL;
	w->held = w->at = 0;
}

/* The socket takes no pipe: what is in it is held as copied bytes are. */
static int
unpipe(struct relay_way *w)
{
	size_t n = w->held, got = 0;
	uint8_t *p = xmalloc(n);

	while (got < n) {
		ssize_t r = relay_pipe_read(w->pipe, p + got, n - got);

		if (r <= 0) {
			free(p);
			return -1;
		}
		got += (size_t)r;
	}
	w->held = 0;
	let_go(w);
	w->rest = p;
	w->held = (uint32_t)n;
	held_by_all += n;
	return 0;
}

static void
give_up(struct relay_way *w)
{
	let_go(w);
	w->state = DEAD;
}

/* Pass on what is held. */
static void
flush(struct relay_way *w, struct relay_end *out)
{
	while (w->held && (out->can & EDGE_OUT)) {
		ssize_t n = w->pipe ?
		    relay_pipe_drain(w->pipe, out->fd, w->held) :
		    send(out->fd, w->rest + w->at, w->held, MSG_NOSIGNAL);

		if (n > 0) {
			w->n += (uint64_t)n;
			w->at += (uint32_t)n;
			w->held -= (uint32_t)n;
		} else if (n < 0 && errno == EAGAIN)
			out->can &= ~EDGE_OUT;
		else if (n < 0 && errno == EINVAL && w->pipe) {
			if (unpipe(w) < 0)
				give_up(w);
		} else if (n == 0 || errno != EINTR)
			give_up(w);
	}
	if (!w->held && w->rest)
		let_go(w);
}

/* ---- what comes ---- */

/* Nothing more comes now: 0; it is broken: -1. */
static int
nothing(struct relay_end *in)
{
	if (errno == EAGAIN)
		in->can &= ~EDGE_IN;
	else if (errno != EINTR)
		return -1;
	return 0;
}

static void
ended(struct relay_way *w, struct relay_end *in)
{
	in->can &= ~EDGE_IN;
	if (w->state == OPEN)
		w->state = ENDED;
}

/* Whether a read that got less than it could has got all there was: what comes
 * later is told. */
static int
is_all(const struct relay_end *in)
{
	return !(in->is & (EDGE_END | EDGE_BROKEN | EDGE_URGENT));
}

/* Read once, and pass it on.  How much, or -1: the socket is broken. */
static ssize_t
copy(struct relay_way *w, struct relay_end *in, struct relay_end *out)
{
	static uint8_t shared[COPY];
	size_t most = held_by_all > HELD ? COPY_LESS : sizeof shared;
	ssize_t n = recv(in->fd, shared, most, 0), m = 0;

	if (n < 0)
		return nothing(in);
	if (n == 0) {
		ended(w, in);
		return 0;
	}
	if (w->look) {
		w->look(w, shared, (size_t)n);
		w->look = NULL;
	}
	w->bulk = n == sizeof shared;
	if ((size_t)n < most && is_all(in))
		in->can &= ~EDGE_IN;
	if (w->state == DEAD)
		return n;
	m = send(out->fd, shared, (size_t)n, MSG_NOSIGNAL);
	if (m < 0 && errno != EAGAIN && errno != EINTR)
		give_up(w);
	else if (m < 0)
		m = 0;
	if (w->state == DEAD)
		return n;
	w->n += (uint64_t)m;
	if (m < n)
		hold(w, shared + m, (size_t)(n - m));
	return n;
}

/* The same through a pipe; what it holds then is not passed on yet. */
static ssize_t
move(struct relay_way *w, struct relay_end *in, struct relay_end *out)
{
	ssize_t n;

	if (!w->pipe) {
		w->pipe = relay_pipe_take();
		w->burst = 0;
	}
	if (!w->pipe)
		return copy(w, in, out);
	n = relay_pipe_fill(w->pipe, in->fd);
	if (n < 0 && errno == EINVAL) {
		let_go(w);
		return copy(w, in, out);
	}
	if (n < 0) {
		w->bulk = w->burst >= COPY;
		return nothing(in);
	}
	if (n == 0)
		ended(w, in);
	w->held = (uint32_t)n;
	w->at = 0;
	w->burst += (uint32_t)n;
	return n;
}

/* ---- both ---- */

static int
is_over(const struct relay_way *w)
{
	return w->state == DONE || w->state == DEAD;
}

/* 1: it could go on; 0; -1: it is broken. */
static int
run_way(struct relay *r, int i)
{
	struct relay_end *in = &r->end[i], *out = &r->end[!i];
	struct relay_way *w = &r->way[i];
	const struct relay_way *back = &r->way[!i];
	ssize_t moved = 0, n;

	for (;;) {
		flush(w, out);
		if (w->held)
			return 0;
		if (w->state == ENDED) {
			/* Who is gone already is found so by reading.  When
			 * that was the last word, close(2) says it too. */
			if (!is_over(back))
				(void)shutdown(out->fd, SHUT_WR);
			w->state = DONE;
		}
		if (w->state == DONE || !(in->can & EDGE_IN))
			return 0;
		if (w->state == OPEN && !(out->can & EDGE_OUT))
			return 0;
		if (moved >= RELAY_TURN)
			return 1;
		n = w->bulk && w->state == OPEN ? move(w, in, out) :
						  copy(w, in, out);
		if (n < 0)
			return -1;
		moved += n;
	}
}

enum relay_said
relay_run(struct relay *r)
{
	int more = 0;

	for (int i = 0; i < 2; i++) {
		struct relay_way *w = &r->way[i];
		int n = run_way(r, i);

		if (w->pipe && !w->held)
			let_go(w);
		if (n < 0)
			return RELAY_BROKEN;
		more |= n;
	}
	for (int i = 0; i < 2; i++)
		if (is_over(&r->way[i]) &&
		    (is_over(&r->way[!i]) || (r->end[i].is & EDGE_CLOSED)))
			return RELAY_DONE;
	return more ? RELAY_MORE : RELAY_WAITS;
}

void
relay_early(struct relay *r, int side, const uint8_t *p, size_t n)
{
	hold(&r->way[side], p, n);
}

void
relay_reset(int fd)
{
	static const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	/* where it is none of TCP's it just ends */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

void
relay_close(struct relay *r, int reset)
{
	for (int i = 0; i < 2; i++) {
		let_go(&r->way[i]);
		if (r->end[i].fd < 0)
			continue;
		if (reset)
			relay_reset(r->end[i].fd);
		else
			close(r->end[i].fd);
		r->end[i].fd = -1;
	}
}
