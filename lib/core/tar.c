/* SPDX-License-Identifier: ISC */
#include "tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

enum {
	CHUNK = 64 << 10,
	META_MAX = 1 << 20, /* of a long name or a pax header */
	REST_MAX = 1 << 20,
	PATIENCE = 5 * 60 * 1000
};

/* The header of ustar; GNU's differs only behind what is read here. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8];
	char type, link[100], magic[6], version[2], user[32], group[32];
	char major[8], minor[8], prefix[155], spare[12];
};
_Static_assert(sizeof(struct header) == TAR_BLOCK, "header");

static int
nonsense(struct why *why, const char *what)
{
	return why_set(
	    why, EX_PROTOCOL, "the stream is no sound tar: %s", what);
}

/* More into the buffer: 1, 0 at the end of the stream, -1. */
static int
fill(struct tar *t, struct why *why)
{
	ssize_t n;

	if (!t->buf)
		t->buf = xmalloc(CHUNK);
	do {
		int r = io_wait_readable(t->in, io_now() + PATIENCE);

		if (r == 0)
			return why_set(why, EX_TEMPFAIL,
			    "the guest has sent nothing for 5 minutes");
		n = r < 0 ? -1 : read(t->in, t->buf, CHUNK);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return why_sys(why, EX_IOERR, "read");
	t->at = 0;
	t->end = (size_t)n;
	return n > 0;
}

/* At most n bytes that are there, at least one; 0 at the end of the stream. */
static ssize_t
some(struct tar *t, const char **p, uint64_t n, struct why *why)
{
	int r = 1;

	if (t->at == t->end && (r = fill(t, why)) <= 0)
		return r;
	if (n > t->end - t->at)
		n = t->end - t->at;
	*p = t->buf + t->at;
	t->at += (size_t)n;
	return (ssize_t)n;
}

/* Exactly n bytes to `to`, or away with NULL. */
static int
take(struct tar *t, char *to, uint64_t n, struct why *why)
{
	while (n) {
		const char *p;
		ssize_t r = some(t, &p, n, why);

		if (r < 0)
			return -1;
		if (r == 0)
			return why_set(
			    why, EX_PROTOCOL, "the stream is cut short");
		if (to) {
			memcpy(to, p, (size_t)r);
			to += r;
		}
		n -= (uint64_t)r;
	}
	return 0;
}

/* A number of a header: octal digits, or GNU's base 256 (top bit set). */
static int
number(const char *f, size_t n, uint64_t max, uint64_t *out)
{
	const unsigned char *p = (const unsigned char *)f;
	uint64_t v = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		if (p[0] != 0x80)
			return -1; /* negative, or beyond 2^88 */
		for (i = 1; i < n; i++) {
			if (v > max >> 8)
				return -1;
			v = v << 8 | p[i];
		}
	} else {
		while (i < n && p[i] == ' ')
			i++;
		for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
			if (v > max >> 3)
				return -1;
			v = v << 3 | (p[i] - '0');
		}
		if (i < n && p[i] != ' ' && p[i] != '\0')
			return -1;
	}
	if (v > max)
		return -1;
	*out = v;
	return 0;
}

/* The sum of all bytes with spaces for the sum itself; some tars of old took
 * them for signed. */
static int
sum_is_right(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	uint64_t want, sum = 0;
	int64_t sign = 0;

	if (number(h->sum, sizeof h->sum, 1 << 20, &want) < 0)
		return 0;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		int inside = i >= offsetof(struct header, sum) &&
		    i < offsetof(struct header, type);
		unsigned char c = inside ? ' ' : p[i];

		sum += c;
		sign += (signed char)c;
	}
	return sum == want || sign == (int64_t)want;
}

static char *
header_path(const struct header *h)
{
	int ustar = memcmp(h->magic, "ustar\0", 6) == 0;

	if (ustar && h->prefix[0])
		return xasprintf("%.*s/%.*s", (int)sizeof h->prefix, h->prefix,
		    (int)sizeof h->name, h->name);
	return xstrndup(h->name, sizeof h->name);
}

/* One record of a pax header: "key=value" of n bytes. */
static int
record(struct tar *t, const char *p, size_t n, struct why *why)
{
	const char *eq = memchr(p, '=', n);
	size_t key = eq ? (size_t)(eq - p) : 0, left = n - key - 1;

	if (!eq)
		return nonsense(why, "a record without a value");
	if (key >= 11 && memcmp(p, "GNU.sparse.", 11) == 0)
		return nonsense(why, "a sparse file");
	if (key == 4 && memcmp(p, "path", 4) == 0) {
		if (memchr(eq + 1, '\0', left))
			return nonsense(why, "a name with a NUL");
		free(t->longname);
		t->longname = xstrndup(eq + 1, left);
	} else if (key == 4 && memcmp(p, "size", 4) == 0) {
		autofree char *digits = xstrndup(eq + 1, left);
		long long v;

		if (num_int(digits, 0, INT64_MAX, &v) < 0)
			return nonsense(why, "a size that is none");
		t->size = (uint64_t)v;
		t->has_size = 1;
	}
	return 0;
}

/* "LENGTH key=value\n", LENGTH counting all of it. */
static int
pax(struct tar *t, const char *p, size_t n, struct why *why)
{
	while (n) {
		size_t len = 0, i = 0;

		for (; i < n && i < 8 && p[i] >= '0' && p[i] <= '9'; i++)
			len = len * 10 + (size_t)(p[i] - '0');
		if (!i || i == n || p[i] != ' ' || len > n || len < i + 3 ||
		    p[len - 1] != '\n')
			return nonsense(why, "a pax header");
		if (record(t, p + i + 1, len - i - 2, why) < 0)
			return -1;
		p += len;
		n -= len;
	}
	return 0;
}

/* A header that tells of the next one: L, x; others are passed over. */
static int
meta(struct tar *t, char type, struct why *why)
{
	autofree char *text = NULL;
	size_t n = (size_t)t->left;
	int r = 0;

	if (t->left > META_MAX)
		return nonsense(why, "a header past 1 MiB");
	text = xmalloc(n + 1);
	if (take(t, text, n, why) < 0 || take(t, NULL, t->pad, why) < 0)
		return -1;
	text[n] = '\0';
	t->left = t->pad = 0;
	if (type == 'L') {
		free(t->longname);
		t->longname = xstrdup(text);
	} else if (type == 'x')
		r = pax(t, text, n, why);
	return r;
}

/* An entry from its header and what came before. */
static int
entry(
    struct tar *t, const struct header *h, struct tar_entry *e, struct why *why)
{
	uint64_t mode, mtime;
	size_t n;

	if (number(h->mode, sizeof h->mode, UINT32_MAX, &mode) < 0)
		return nonsense(why, "a mode that is none");
	if (number(h->mtime, sizeof h->mtime, INT64_MAX, &mtime) < 0)
		mtime = 0; /* before 1970 */
	t->path = t->longname ? t->longname : header_path(h);
	t->longname = NULL;
	if (t->has_size) {
		t->left = t->size;
		t->pad = -t->left % TAR_BLOCK;
	}
	t->has_size = 0;
	*e = (struct tar_entry){ t->path, h->type, mode & 07777, (int64_t)mtime,
		t->left };
	if (e->type == '\0' || e->type == '7')
		e->type = '0';
	n = strlen(e->path);
	if (e->type == '0' && n && e->path[n - 1] == '/')
		e->type = '5'; /* how the seventh edition had it */
	return 1;
}

static int
is_zero(const struct header *h)
{
	const char *p = (const char *)h;

	return p[0] == '\0' && memcmp(p, p + 1, TAR_BLOCK - 1) == 0;
}

int
tar_next(struct tar *t, struct tar_entry *e, struct why *why)
{
	struct header h;

	free(t->path);
	t->path = NULL;
	if (take(t, NULL, t->left, why) < 0 || take(t, NULL, t->pad, why) < 0)
		return -1;
	t->left = t->pad = 0;
	for (int metas = 0;; metas++) {
		if (take(t, (char *)&h, sizeof h, why) < 0)
			return -1;
		if (is_zero(&h))
			return 0;
		if (!sum_is_right(&h))
			return nonsense(why, "a header's sum is wrong");
		if (number(h.size, sizeof h.size, INT64_MAX, &t->left) < 0)
			return nonsense(why, "a size that is none");
		t->pad = -t->left % TAR_BLOCK;
		if (h.type == 'S')
			return nonsense(why, "a sparse file");
		if (!h.type || !strchr("LKxgV", h.type))
			return entry(t, &h, e, why);
		if (metas > 16)
			return nonsense(why, "headers without an entry");
		if (meta(t, h.type, why) < 0)
			return -1;
	}
}

ssize_t
tar_data(struct tar *t, const char **p, struct why *why)
{
	ssize_t n;

	if (!t->left)
		return 0;
	n = some(t, p, t->left, why);
	if (n == 0)
		return why_set(why, EX_PROTOCOL, "the stream is cut short");
	if (n > 0)
		t->left -= (uint64_t)n;
	return n;
}

int
tar_rest(struct tar *t, const char *last, struct why *why)
{
	size_t want = strlen(last), all = 0;
	char tail[16] = { 0 };
	const char *p;
	ssize_t n;

	while ((n = some(t, &p, 1, why)) > 0) {
		if (++all > REST_MAX)
			return nonsense(why, "more behind its end");
		memmove(tail, tail + 1, sizeof tail - 1);
		tail[sizeof tail - 1] = *p;
	}
	if (n < 0)
		return -1;
	return want <= sizeof tail &&
	    memcmp(tail + sizeof tail - want, last, want) == 0;
}

void
tar_free(struct tar *t)
{
	free(t->buf);
	free(t->path);
	free(t->longname);
	*t = (struct tar){ 0 };
}
