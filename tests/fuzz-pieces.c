/* SPDX-License-Identifier: ISC */
/*
 * fuzz-pieces: the first byte says how many bytes come at once, the second to
 * whom: to one who hears lines, several of whom talk (t), or to a log (l).  The
 * others are what comes, and it is the same however it comes.
 */
#include <poll.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "io.h"
#include "ring.h"
#include "talk.h"

enum { MOST = 3, FDS = 1 + MOST, PATIENCE = 4 };

/* ---- lines ---- */

static struct {
	struct buf heard;
	size_t lines, gone;
	int answers;
} now;
static struct talk *talk;

static void
heard(size_t who, char *line, void *arg)
{
	must(who < MOST && !arg);
	must(strlen(line) < TALK_LINE && !strchr(line, '\n'));
	buf_fmt(&now.heard, "%s\n", line);
	now.lines++;
	if (now.answers)
		talk_say(talk, who, "%0*d", now.answers * 100, 7);
	if (strcmp(line, "leave") == 0)
		talk_drop(talk, who);
}

static void
gone(size_t who, void *arg)
{
	must(who < MOST && !arg);
	now.gone++;
}

static void
turn(long long ms)
{
	struct pollfd p[FDS];

	talk_poll(talk, p);
	must(p[0].fd == -1);
	(void)poll(p, FDS, 0);
	talk_serve(talk, p, ms);
}

/* What is heard of p: whole lines, up to one that is too long, or to its
 * taking leave. */
static void
expect(const char *p, size_t n, struct buf *out)
{
	const char *nl;

	while (n && (nl = memchr(p, '\n', n)) && nl - p < TALK_LINE) {
		size_t len = strnlen(p, (size_t)(nl - p));

		buf_add(out, p, len);
		buf_str(out, "\n");
		if (len == 5 && memcmp(p, "leave", 5) == 0)
			return;
		n -= (size_t)(nl - p) + 1;
		p = nl + 1;
	}
}

static int
join(void)
{
	int s[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	must(talk_add(talk, s[0]) >= 0);
	return s[1];
}

/* He says it; the rest is heard when he has ended, if it is not too much. */
static void
say(int fd, const char *p, size_t n, size_t piece, int end)
{
	for (size_t i = 0; i < n; i += piece) {
		(void)send(fd, p + i, n - i < piece ? n - i : piece,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (!end ||
		    i / piece % 64 == 63) /* there is room for so many */
			turn(1000);
	}
	if (end)
		talk_end(talk, 0);
	else {
		shutdown(fd, SHUT_WR);
		for (int i = 0; i < 9; i++)
			turn(1000);
	}
}

static void
fuzz_talk(const char *p, size_t n, size_t piece)
{
	struct talk t = TALK_INIT;
	struct buf want = { 0 };
	char lost[4096];
	int fd, other, more[MOST];

	t.most = MOST;
	t.line = heard;
	t.gone = gone;
	talk = &t;
	memset(&now, 0, sizeof now);
	fd = join();
	other = join();
	now.answers = n % 3 == 2 ? (int)(n % 64) : 0;
	say(fd, p, n, piece, n % 2);
	must(now.answers || talk_wait(&t, 1000) == -1);
	expect(p, n, &want);
	must(now.answers || want.n == now.heard.n);
	must(now.heard.n <= want.n &&
	    (!want.n || !now.heard.n ||
		memcmp(want.p, now.heard.p, now.heard.n) == 0));
	while (recv(fd, lost, sizeof lost, MSG_DONTWAIT) > 0)
		;
	close(fd);
	/* there is room for so many, and who is gone has made some */
	for (int i = 0; i < MOST; i++) {
		int s[2];

		must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
		must((talk_add(&t, s[0]) >= 0) == (i < MOST - 1));
		more[i] = s[1];
	}
	close(other);
	for (int i = 0; i < MOST; i++) {
		close(more[i]);
		turn(2000);
		talk_drop(&t, (size_t)i);
	}
	must(talk_wait(&t, 1000) == -1);
	buf_free(&want);
	buf_free(&now.heard);
	free(t.v);
}

/* ---- a log ---- */

/* What stands in the log, without the times. */
static void
read_log(int dir, struct buf *out)
{
	struct buf b = { 0 };

	must(io_read_file(dir, "log", &b, 1 << 20) == 0);
	for (char *p = b.p; *p || p < b.p + b.n;) {
		size_t left = (size_t)(b.p + b.n - p);
		char *nl = memchr(p, '\n', left);
		size_t len = nl ? (size_t)(nl - p) + 1 : left;

		must(len >= 25 && p[24] == ' ' && p[23] == 'Z');
		buf_add(out, p + 25, len - 25);
		p += len;
	}
	buf_free(&b);
}

static void
write_log(int dir, const char *p, size_t n, size_t piece, struct buf *out)
{
	struct ring r;
	char *last;

	(void)unlinkat(dir, "log", 0);
	must(ring_open(&r, dir, "log") == 0);
	for (size_t i = 0; i < n; i += piece)
		ring_write(&r, p + i, n - i < piece ? n - i : piece);
	read_log(dir, out);
	last = ring_last(dir, "log", NULL);
	must(!last || (!strchr(last, '\n') && !strchr(last, '\r')));
	free(last);
	ring_line(&r, "%.*s", (int)(n < 100 ? n : 100), p);
	last = ring_last(dir, "log", "3");
	must(!last);
	ring_close(&r);
}

static void
fuzz_log(const char *p, size_t n, size_t piece)
{
	static int dir = -1;
	struct buf a = { 0 }, b = { 0 };
	size_t k = 0;

	if (dir < 0)
		must((dir = io_opendir(AT_FDCWD, fuzz_folder())) >= 0);
	write_log(dir, p, n, piece, &a);
	write_log(dir, p, n, n ? n : 1, &b);
	must(a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0));
	for (size_t i = 0; i < n; i++)
		if (p[i] != '\r')
			must(k < a.n && a.p[k++] == p[i]);
	must(k == a.n);
	buf_free(&a);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text;

	if (n < 2 || n > 4096)
		return 0;
	text = fuzz_text(p + 2, n - 2);
	if (p[1] == 't')
		fuzz_talk(text, n - 2, 1 + *p * 8U);
	else if (p[1] == 'l')
		fuzz_log(text, n - 2, 1 + *p);
	free(text);
	return 0;
}
