/* SPDX-License-Identifier: ISC */
#include "img.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "io.h"
#include "run.h"
#include "room.h"
#include "say.h"

enum {
	STALL = 600000, /* ms without progress; a check tells of none */
	TICK = 500, /* ms between looks at the disk's room */
	WORDS = 4096, /* bytes of its last words that are kept */
	FLOOD = 65536, /* bytes of other words than progress: no sound image */
	WINDOW = 1 << 20,
	WINDOWS = 32
};

/* Enough for any sound image; a thread's stack and arena count as memory. */
static const struct run_limits limits = { (unsigned long long)16 << 30, 3600 };

/* What it says: "    (12.34/100%)\r" now and then, and last words. */
struct ear {
	char line[512];
	size_t n;
	size_t said; /* bytes that were no progress */
	long long stall; /* when to give up, io_now's clock */
	struct buf words;
};

static void
end_line(const struct img_job *j, struct ear *e)
{
	const char *open;

	e->line[e->n] = '\0';
	open = strstr(e->line, "/100%)") ? strchr(e->line, '(') : NULL;
	if (open)
		e->stall = io_now() + STALL;
	else
		e->said += e->n + 1;
	if (open && j->tell) {
		autofree char *t = xasprintf("%s: converting %.*s%%", j->who,
		    (int)strspn(open + 1, "0123456789."), open + 1);

		j->tell(t);
	} else if (!open && e->n && e->words.n < WORDS)
		buf_fmt(&e->words, "%s\n", e->line);
	e->n = 0;
}

static void
listen(const struct img_job *j, struct ear *e, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\r' || p[i] == '\n')
			end_line(j, e);
		else if (e->n < sizeof e->line - 1)
			e->line[e->n++] = p[i];
		else
			e->said++;
}

/* Read what it says until it ends.  0, or -1 with why when it has to: a small
 * image can make it talk for hours. */
static int
attend(
    const struct img_job *j, int out, int room, struct ear *e, struct why *why)
{
	char chunk[4096];

	e->stall = io_now() + STALL;
	for (;;) {
		int ready = io_wait_readable(out, io_now() + TICK);
		ssize_t n;

		if (ready < 0)
			return why_sys(why, EX_OSERR, "poll");
		if (room >= 0 && !j->force &&
		    room_check(j->home, room, 0, j->who, why) < 0)
			return -1;
		if (io_left(e->stall) == 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: qemu-img does not get on", j->who);
		if (!ready)
			continue;
		n = read(out, chunk, sizeof chunk);
		if (n <= 0)
			break;
		listen(j, e, chunk, (size_t)n);
		if (e->said > FLOOD)
			return why_set(why, EX_NOPERM,
			    "%s: is damaged: qemu-img finds errors without end",
			    j->who);
	}
	end_line(j, e);
	return 0;
}

/* Its code, its last words in words (empty before); -1 with why. */
static int
img_run(const struct img_job *j, int dir, char *const argv[], int keep,
    int room, struct buf *words, struct why *why)
{
	struct run r = RUN_PLAIN;
	struct ear e = { 0 };
	int out, code, bad;
	pid_t pid;

	r.in = RUN_NULL;
	r.dir = dir;
	r.keep = &keep;
	r.nkeep = keep >= 0;
	r.tied = 1;
	r.limits = &limits;
	pid = run_piped(&r, argv, &out, why);
	if (pid < 0)
		return -1;
	bad = attend(j, out, room, &e, why);
	close(out);
	if (bad)
		kill(pid, SIGKILL); /* our own child, not yet waited for */
	code = run_wait(pid, -1);
	*words = e.words;
	buf_add(words, "", 0);
	return bad ? -1 : code;
}

static int
failed(const struct img_job *j, const char *what, const struct buf *words,
    int code, struct why *why)
{
	autobuf struct buf b = { 0 };
	const char *text = words->p;

	if (str_starts(text, "qemu-img: "))
		text += strlen("qemu-img: ");
	buf_vis(&b, text, strcspn(text, "\n"));
	if (strstr(text, strerror(ENOSPC)))
		return why_set(
		    why, EX_IOERR, "%s: %s", j->who, strerror(ENOSPC));
	if (strstr(text, " lock"))
		return why_set(why, EX_TEMPFAIL,
		    "%s: in use by another program; stop it first", j->who);
	return why_set(why, EX_DATAERR, "%s: %s (qemu-img: %s, %d)", j->who,
	    what, b.p ? b.p : "", code);
}

int
img_convert(const struct img_job *j, int stage, int fd, const char *format,
    struct why *why)
{
	autobuf struct buf words = { 0 };
	autostrv struct strv argv = { 0 };
	int code;

	strv_words(&argv, "qemu-img", "convert", "-p", "-O", "qcow2", NULL);
	/* the descriptor, so that the path cannot be another file by now */
	strv_fmt(&argv,
	    "json:{\"driver\":\"%s\",\"file\":{\"driver\":\"file\","
	    "\"filename\":\"/dev/fd/%d\"}%s}",
	    format, fd, strcmp(format, "vmdk") == 0 ? ",\"backing\":null" : "");
	strv_add(&argv, "disk.qcow2");
	code = img_run(j, stage, argv.v, fd, stage, &words, why);
	if (code <= 0)
		return code;
	return failed(j, "could not be converted", &words, code, why);
}

int
img_check(const struct img_job *j, int stage, struct why *why)
{
	enum { DAMAGED = 2, LEAKS = 3 };
	static const char *const argv[] = { "qemu-img", "check", "-q", "-f",
		"qcow2", "disk.qcow2", NULL };
	autobuf struct buf words = { 0 };
	autostrv struct strv v = { 0 };
	int code;

	for (size_t i = 0; argv[i]; i++)
		strv_add(&v, argv[i]);
	code = img_run(j, stage, v.v, -1, -1, &words, why);
	if (code <= 0 || code == LEAKS)
		return code < 0 ? -1 : 0;
	(void)failed(j, code == DAMAGED ? "is damaged" : "cannot be opened",
	    &words, code, why);
	if (why && why->code == EX_DATAERR)
		why->code = EX_NOPERM;
	return -1;
}

struct img_disk {
	int stage;
	uint64_t size;
	int bad; /* a part of it could not be read */
	struct {
		uint64_t number;
		unsigned char *bytes;
	} windows[WINDOWS];
	size_t n;
};

/* One MiB of the disk through qemu-img: compressed clusters are its affair. */
static unsigned char *
fetch(struct img_disk *i, uint64_t number)
{
	autobuf struct buf words = { 0 };
	autostrv struct strv argv = { 0 };
	struct img_job j = { .who = "" };
	unsigned char *bytes = xcalloc(1, WINDOW);
	uint64_t at = number * WINDOW;
	int fd, code;
	ssize_t n = -1;

	/* a view of the disk: qemu-img dd counts differently from version to
	 * version */
	strv_words(&argv, "qemu-img", "convert", "-O", "raw", NULL);
	strv_fmt(&argv,
	    "json:{\"driver\":\"raw\",\"offset\":%" PRIu64 ",\"size\":%" PRIu64
	    ",\"file\":{\"driver\":\"qcow2\",\"backing\":null,\"file\":"
	    "{\"driver\":\"file\",\"filename\":\"disk.qcow2\"}}}",
	    at, i->size - at < WINDOW ? i->size - at : WINDOW);
	strv_add(&argv, "window");
	code = img_run(&j, i->stage, argv.v, -1, -1, &words, NULL);
	fd = openat(i->stage, "window", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		n = pread(fd, bytes, WINDOW, 0);
		close(fd);
		if (unlinkat(i->stage, "window", 0) < 0)
			n = -1; /* it would be sealed in */
	}
	if (code == 0 && n >= 0)
		return bytes;
	free(bytes);
	return NULL;
}

static const unsigned char *
window(struct img_disk *i, uint64_t number)
{
	unsigned char *bytes;

	for (size_t k = 0; k < i->n; k++)
		if (i->windows[k].number == number)
			return i->windows[k].bytes;
	if (i->n == WINDOWS)
		return NULL;
	if (!(bytes = fetch(i, number))) {
		i->bad = 1;
		return NULL;
	}
	i->windows[i->n].number = number;
	i->windows[i->n++].bytes = bytes;
	return bytes;
}

static int
get(void *arg, uint64_t at, void *buf, size_t n)
{
	struct img_disk *i = arg;
	unsigned char *out = buf;

	if (at > i->size || n > i->size - at)
		return -1;
	while (n) {
		size_t in = (size_t)(at % WINDOW);
		size_t some = n < WINDOW - in ? n : WINDOW - in;
		const unsigned char *w = window(i, at / WINDOW);

		if (!w)
			return -1;
		memcpy(out, w + in, some);
		out += some;
		at += some;
		n -= some;
	}
	return 0;
}

struct img_disk *
img_open(int stage, uint64_t size, struct disk *d)
{
	struct img_disk *i = xcalloc(1, sizeof *i);

	i->stage = stage;
	i->size = size;
	*d = (struct disk){ get, i, size };
	return i;
}

int
img_shut(struct img_disk *i)
{
	int bad = i->bad;

	for (size_t k = 0; k < i->n; k++)
		free(i->windows[k].bytes);
	free(i);
	return bad ? -1 : 0;
}
