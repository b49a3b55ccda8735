/* SPDX-License-Identifier: ISC */
/*
 * fuzz-desk: the bytes are lines that three who have come say, in turn.  No
 * rule is written: what would do that waits.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "desk.h"
#include "fuzz.h"

enum { PEOPLE = 3, STEP_MS = 700 };

static void
policy(void *arg)
{
	(void)arg;
}

static void
failed(const char *dest, const char *text, void *arg)
{
	(void)dest, (void)text, (void)arg;
}

/* What is said is printable ASCII. */
static void
listen_to(int fd)
{
	static char heard[1 << 16];
	ssize_t n;

	while ((n = recv(fd, heard, sizeof heard, MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++)
			must(heard[i] == '\n' ||
			    (heard[i] >= ' ' && heard[i] <= '~'));
}

static void
turn(struct desk *d, long long now)
{
	struct pollfd p[DESK_FDS];

	d->scribe.next = INT64_MAX;
	(void)desk_poll(d, p);
	fuzz_poll(p, DESK_FDS);
	desk_serve(d, p, now);
	desk_turn(d, 1);
}

static void
tell(const int *fd, struct desk *d, const uint8_t *p, size_t n)
{
	long long now = 1000;

	for (size_t who = 0; n; who = (who + 1) % PEOPLE) {
		const uint8_t *end = memchr(p, '\n', n);
		size_t m = end ? (size_t)(end - p) + 1 : n;

		(void)send(fd[who], p, m, MSG_NOSIGNAL | MSG_DONTWAIT);
		p += m;
		n -= m;
		turn(d, now += STEP_MS);
		for (int i = 0; i < PEOPLE; i++)
			listen_to(fd[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct desk *d = calloc(1, sizeof *d);
	int fd[PEOPLE];

	must(d);
	desk_init(d, "web", "/nowhere/xray-fw");
	d->policy = d->over = policy;
	d->failed = failed;
	d->ask.timeout = 5000;
	d->now = 1000;
	for (int i = 0; i < PEOPLE; i++) {
		int s[2];

		must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
		must(talk_add(&d->talk, s[0]) >= 0);
		fd[i] = s[1];
	}
	tell(fd, d, p, n);
	for (int i = 0; i < PEOPLE; i++)
		close(fd[i]);
	for (size_t i = 0; i < DESK_CLIENTS; i++)
		talk_drop(&d->talk, i);
	free(d->talk.v);
	free(d);
	return 0;
}
