/* SPDX-License-Identifier: ISC */
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "mem.h"

static volatile sig_atomic_t over;

static void
on_signal(int sig)
{
	(void)sig;
	over = 1;
}

static void
read_clock(struct loop *l)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail with this clock */
	l->ns = ts.tv_sec * 1000000000LL + ts.tv_nsec;
	l->ms = l->ns / 1000000 + 1;
}

/* libslirp takes 2 x 128 KiB for each connection: without these the heap
 * grows and shrinks, page by page, with every one. */
static void
steady_heap(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 32 << 20);
	(void)mallopt(M_TOP_PAD, 4 << 20);
#endif
}

void
loop_start(struct loop *l)
{
	struct sigaction sa = { .sa_handler = on_signal };

	steady_heap();
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL); /* cannot fail with these signals */
	sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	read_clock(l);
}

int
loop_wait(struct loop *l, int ms)
{
	int n = poll(l->p, (nfds_t)l->n, ms);

	if (n < 0 && errno != EINTR)
		return -1;
	for (int i = 0; n < 0 && i < l->n; i++)
		l->p[i].revents = 0;
	read_clock(l);
	return 0;
}

static const struct {
	int loop;
	short poll;
} names[] = { { LOOP_IN, POLLIN }, { LOOP_OUT, POLLOUT }, { LOOP_PRI, POLLPRI },
	{ LOOP_ERR, POLLERR }, { LOOP_HUP, POLLHUP } };

int
loop_add(struct loop *l, int fd, int events)
{
	if (l->n == LOOP_MAX)
		return -1;
	l->p[l->n] = (struct pollfd){ .fd = fd };
	for (size_t i = 0; i < LEN(names); i++)
		if (events & names[i].loop)
			l->p[l->n].events |= names[i].poll;
	return l->n++;
}

int
loop_found(const struct loop *l, int i)
{
	int found = 0;

	for (size_t k = 0; k < LEN(names); k++)
		if (l->p[i].revents & names[k].poll)
			found |= names[k].loop;
	return found;
}

int
loop_over(void)
{
	return over;
}

void
loop_end(void)
{
	over = 1;
}
