/* SPDX-License-Identifier: ISC */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "cache.h"
#include "curl.h"
#include "io.h"
#include "say.h"
#include "sys.h"

enum { LOCK_WAIT = 3000 /* ms */, URL_MAX = 8192 /* bytes */ };

int
fetch_is_url(const char *text)
{
	size_t n = strspn(text,
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return n && strncmp(text + n, "://", 3) == 0;
}

char *
fetch_origin(const char *url)
{
	const char *rest = strstr(url, "://") + 3;
	size_t host = strcspn(rest, "/?#"), end = strcspn(rest, "?#");
	size_t user = host;

	while (user && rest[user - 1] != '@')
		user--;
	return xasprintf(
	    "%.*s%.*s", (int)(rest - url), url, (int)(end - user), rest + user);
}

int
fetch_check(const char *url, const char *sha256, struct why *why)
{
	autofree char *origin = fetch_origin(url);

	if (strlen(url) > URL_MAX)
		return why_set(why, EX_USAGE, "a URL of %zu bytes; at most %d",
		    strlen(url), URL_MAX);
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 127)
			return why_set(why, EX_USAGE,
			    "a URL with a blank or control character in it");
	if (strncasecmp(url, "https://", 8) == 0)
		return 0;
	if (strncasecmp(url, "http://", 7) != 0)
		return why_set(why, EX_USAGE,
		    "%s: only https is fetched, and http with --sha256",
		    origin);
	return sha256 ? 0 :
			why_set(why, EX_USAGE,
			    "%s: nobody vouches for what comes by http; "
			    "--sha256 SUM",
			    origin);
}

static uint64_t
size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The tag that the server gave the part we have, beside it. */
static void
load_tag(const struct fetch *f, char tag[CURL_TAG])
{
	autofree char *name = xasprintf("%s.etag", f->name);
	autobuf struct buf b = { 0 };

	*tag = '\0';
	if (io_read_file(f->dir, name, &b, CURL_TAG - 1) == 0 && b.n &&
	    !memchr(b.p, '\n', b.n))
		(void)snprintf(tag, CURL_TAG, "%s", b.p);
}

/* A part without its tag is fetched anew, so a failure does no harm. */
static void
keep_tag(const struct fetch *f, const char *tag)
{
	autofree char *name = xasprintf("%s.etag", f->name);

	if (*tag)
		(void)io_put(f->dir, name, 0600, tag, strlen(tag));
	else
		(void)unlinkat(f->dir, name, 0);
}

/* The same URL has the same name; 64-bit FNV-1a. */
static char *
part_name(const char *url)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *url; url++)
		h = (h ^ (unsigned char)*url) * 0x100000001b3;
	return xasprintf("%016" PRIx64 ".part", h);
}

/* A URL of the same name can be made up, and an answer to it that has the
 * other's tag.  So the URL is kept beside the tag, as its hash alone, since
 * there may be a password in it; it is hashed where only we can read. */
static int
url_hash(const struct fetch *f, const char *url, char sha[65], struct why *why)
{
	if (ftruncate(f->lock, 0) < 0 || lseek(f->lock, 0, SEEK_SET) < 0 ||
	    io_write(f->lock, url, strlen(url)) < 0)
		return why_sys(why, EX_IOERR, "%s", f->name);
	if (base_hash(f->lock, sha, why) < 0)
		return -1;
	if (ftruncate(f->lock, 0) < 0)
		return why_sys(why, EX_IOERR, "%s", f->name);
	return 0;
}

/* What is there of another URL goes. */
static int
same_url(const struct fetch *f, const char *url, struct why *why)
{
	autofree char *name = xasprintf("%s.url", f->name);
	autobuf struct buf b = { 0 };
	char sha[65];

	if (url_hash(f, url, sha, why) < 0)
		return -1;
	if (io_read_file(f->dir, name, &b, sizeof sha) == 0 &&
	    b.n == strlen(sha) && memcmp(b.p, sha, b.n) == 0)
		return 0;
	if (ftruncate(f->fd, 0) < 0 ||
	    io_put(f->dir, name, 0600, sha, strlen(sha)) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}

/* The lock is a file of its own, since QEMU locks what it reads, and curl has
 * it too: that of a killed import lives on for a moment.  One that was removed
 * by who had it is no lock any more. */
static int
lock(struct fetch *f, struct why *why)
{
	autofree char *name = xasprintf("%s.lock", f->name);
	long long deadline = io_now() + LOCK_WAIT;
	struct stat st;

	while (io_left(deadline)) {
		f->lock = openat(f->dir, name,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (f->lock < 0)
			return why_sys(why, EX_IOERR, "%s", name);
		if (sys_lock(f->lock) < 0)
			io_sleep(20);
		else if (fstat(f->lock, &st) == 0 && st.st_nlink == 1)
			return 0;
		close(f->lock);
		f->lock = -1;
	}
	return why_set(
	    why, EX_TEMPFAIL, "%s: another import fetches it", f->origin);
}

static int
open_part(struct fetch *f, const char *url, struct why *why)
{
	struct stat st;

	if (lock(f, why) < 0)
		return -1;
	f->fd = openat(f->dir, f->name,
	    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return why_sys(why, EX_IOERR, "%s", f->name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_nlink != 1 || st.st_mode & 077)
		return why_set(why, EX_NOPERM,
		    "%s: in the cache, and not yours alone; remove it",
		    f->name);
	return same_url(f, url, why);
}

static int
get(const struct img_job *j, struct fetch *f, struct curl *c, int summed,
    struct answer *a, struct why *why)
{
	int code = CURL_RANGE;

	for (int tries = 0; tries < 2 && code == CURL_RANGE; tries++) {
		c->begin = size_of(f->fd);
		load_tag(f, c->tag);
		/* with neither tag nor sum nothing says it is the same file */
		if (tries || (!summed && !*c->tag)) {
			c->begin = 0;
			if (ftruncate(f->fd, 0) < 0)
				return why_sys(why, EX_IOERR, "%s", f->name);
		}
		code = curl_get(j, c, a, why);
		if (c->begin && a->status == 200)
			code = CURL_RANGE; /* not the file it was */
		else if (a->status == 200)
			keep_tag(f, a->tag);
	}
	return code;
}

int
fetch_url(const struct img_job *j, const char *url, const char *sha256,
    struct fetch *f, struct why *why)
{
	struct answer a = { 0 };
	struct curl c = { .url = url, .http = sha256 != NULL };
	int code;

	*f = (struct fetch){ .fd = -1,
		.lock = -1,
		.name = part_name(url),
		.origin = fetch_origin(url) };
	f->dir = cache_open(j->home, "fetch", why);
	if (f->dir < 0 || open_part(f, url, why) < 0) {
		fetch_end(f, 1);
		return -1;
	}
	c.fd = f->fd;
	c.dir = f->dir;
	c.lock = f->lock;
	code = get(j, f, &c, sha256 != NULL, &a, why);
	if (code == 0 && size_of(f->fd))
		return 0;
	if (code == 0)
		(void)why_set(why, EX_DATAERR, "%s: nothing came", f->origin);
	else if (code > 0)
		(void)curl_explain(f->origin, size_of(f->fd), code, &a, why);
	fetch_end(f, size_of(f->fd) > 0);
	return -1;
}

/* All of the part, also what a killed writer left; a cache may stay. */
static void
forget(const struct fetch *f)
{
	static const char *const all[][2] = { { "", "" }, { "", ".etag" },
		{ "", ".url" }, { ".", ".etag.new" }, { ".", ".url.new" } };

	for (size_t i = 0; i < LEN(all); i++) {
		autofree char *name =
		    xasprintf("%s%s%s", all[i][0], f->name, all[i][1]);

		(void)unlinkat(f->dir, name, 0);
	}
}

void
fetch_end(struct fetch *f, int keep)
{
	autofree char *lock_name = xasprintf("%s.lock", f->name);

	if (!keep && f->dir >= 0)
		forget(f);
	if (f->fd >= 0)
		close(f->fd);
	if (f->lock >= 0) {
		(void)unlinkat(f->dir, lock_name, 0); /* while it is ours */
		close(f->lock);
	}
	if (f->dir >= 0)
		close(f->dir);
	free(f->name);
	free(f->origin);
	*f = (struct fetch){ .fd = -1, .dir = -1, .lock = -1 };
}
