/* SPDX-License-Identifier: ISC */
/*
 * ssh_await: until sshd greets.  The gateway accepts at once, whether the
 * guest is up or not, so only words from it count; and only the right ones:
 * an sshd with too many clients says so and hangs up.
 *
 * A connection from before the guest was up may never be answered, so new ones
 * are made while the old ones stay: a guest that is slow must not get more of
 * them the slower it is, or it will never answer one.
 */
#include "ssh.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "io.h"
#include "qemu.h"
#include "say.h"

/* How many at once, below OpenSSH's MaxStartups of 10; and a new one so often:
 * a tenth of the time we have waited. */
enum { PROBES = 8, OFTEN_MS = 700, SELDOM_MS = 4000, LOOK_MS = 200 };
enum { GIVES_UP_MS = 900, SHOWN = 80 };

struct probes {
	int fd[PROBES]; /* oldest first */
	int n;
	int tries, shut; /* how many in all; that were closed without a word */
	char *odd; /* what another than sshd says, last; NULL: nothing */
};

static int
gone(const struct vm *vm, struct why *why)
{
	autofree char *line = ssh_last_line(vm);

	return why_set(why, EX_UNAVAILABLE,
	    "%s: stopped while we waited%s%s; see xray why %s", vm->name,
	    line ? "; console: " : "", line ? line : "", vm->name);
}

/* Who waits for parts of a second only looks now and then, and has not given
 * up. */
static void
record(const struct vm *vm, const struct probes *p, long long waited)
{
	autobuf struct buf b = { 0 };

	if (waited < GIVES_UP_MS)
		return;
	buf_fmt(&b, "no ssh after %lld s: %d tries, ", (waited + 500) / 1000,
	    p->tries);
	if (!p->tries)
		buf_str(&b, "no gateway");
	else if (p->odd)
		buf_fmt(&b, "no ssh server on port 22: %s", p->odd);
	else
		buf_str(
		    &b, p->shut ? "nothing listens on port 22" : "no answer");
	ssh_note(vm, b.p);
}

static int
late(const struct vm *vm, const struct probes *p, long long waited,
    struct why *why)
{
	autofree char *line = ssh_last_line(vm);

	record(vm, p, waited);
	return why_set(why, EX_TEMPFAIL,
	    "%s: no ssh after %lld s%s%s; see xray why %s", vm->name,
	    (waited + 500) / 1000, line ? "; console: " : "", line ? line : "",
	    vm->name);
}

static void
show(const struct vm *vm, long long since, void (*tell)(const char *text))
{
	autofree char *line = ssh_last_line(vm);
	autofree char *text = xasprintf("%s: booting, %lld s%s%s", vm->name,
	    (io_now() - since) / 1000, line ? ": " : "", line ? line : "");

	tell(text);
}

/* Take probe i out, without closing it. */
static int
take(struct probes *p, int i)
{
	int fd = p->fd[i];

	p->n--;
	memmove(p->fd + i, p->fd + i + 1, (size_t)(p->n - i) * sizeof p->fd[0]);
	return fd;
}

static void
add(const struct vm *vm, struct probes *p)
{
	int fd = dial_once(vm, 22);

	if (fd < 0)
		return;
	if (p->n == PROBES)
		close(take(p, 0));
	p->tries++;
	p->fd[p->n++] = fd;
}

int
ssh_greets(const char *text)
{
	return str_starts(text, "SSH-") || strstr(text, "\nSSH-");
}

/* What stands on fd, unread: 1 a greeting, 0 not yet, -1 it will be none. */
static int
greeting(struct probes *p, int fd)
{
	char text[512];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		p->shut++;
		return -1;
	}
	text[n] = '\0';
	if (ssh_greets(text))
		return 1;
	if (!strchr(text, '\n') && n <= 255)
		return 0;
	free(p->odd);
	text[strcspn(text, "\r\n")] = '\0';
	p->odd = xstrndup(text, SHOWN);
	return -1;
}

/* Listen to all of them for a while; the one that was greeted, or -1. */
static int
listen_to(struct probes *p, long long until)
{
	struct pollfd set[PROBES];

	for (int i = 0; i < p->n; i++)
		set[i] = (struct pollfd){ .fd = p->fd[i], .events = POLLIN };
	if (poll(set, (nfds_t)p->n, io_left(until)) <= 0)
		return -1;
	for (int i = p->n - 1; i >= 0; i--) {
		int r = set[i].revents ? greeting(p, p->fd[i]) : 0;

		if (r > 0)
			return take(p, i);
		if (r < 0)
			close(take(p, i));
	}
	io_nap(); /* part of a greeting stays readable */
	return -1;
}

static long long
interval(long long waited)
{
	long long ms = waited / 10;

	return ms < OFTEN_MS ? OFTEN_MS : ms > SELDOM_MS ? SELDOM_MS : ms;
}

static int
await(const struct vm *vm, struct probes *p, long long deadline,
    void (*tell)(const char *text), struct why *why)
{
	long long start = io_now(), next = start, now, until;
	int fd;

	for (;;) {
		now = io_now();
		if (now >= next) {
			add(vm, p);
			next = now + interval(now - start);
		}
		until = now + LOOK_MS < next ? now + LOOK_MS : next;
		fd = listen_to(p, until < deadline ? until : deadline);
		if (fd >= 0)
			return fd;
		if (!vm_alive(vm))
			return gone(vm, why);
		if (dial_live(vm, why) < 0)
			return -1;
		if (io_left(deadline) == 0)
			return late(vm, p, io_now() - start, why);
		if (tell)
			show(vm, start, tell);
	}
}

int
ssh_await(const struct vm *vm, long long deadline,
    void (*tell)(const char *text), struct why *why)
{
	struct probes p = { .n = 0 };
	int fd;

	if (dial_network(vm, why) < 0 || dial_live(vm, why) < 0)
		return -1;
	fd = await(vm, &p, deadline, tell, why);
	while (p.n)
		close(take(&p, 0));
	free(p.odd);
	if (fd >= 0 && !ssh_is_up(vm)) {
		ssh_mark_up(vm);
		ssh_note(vm, "the guest answers");
	}
	return fd;
}
