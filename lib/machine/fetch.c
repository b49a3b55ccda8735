/* SPDX-License-Identifier: ISC */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "io.h"
#include "run.h"
#include "say.h"
#include "sys.h"

enum { TICK = 300, LINE = 1024, TAG = 160 };

/* curl's exit codes that we tell apart. */
enum {
	CURL_PROTOCOL = 1,
	CURL_URL = 3,
	CURL_NO_HOST = 6,
	CURL_NO_CONNECT = 7,
	CURL_PARTIAL = 18,
	CURL_HTTP = 22,
	CURL_TIMEOUT = 28,
	CURL_RANGE = 33,
	CURL_TLS = 35,
	CURL_EMPTY = 52,
	CURL_SEND = 55,
	CURL_RECEIVE = 56,
	CURL_CERTIFICATE = 60
};

/* What curl tells on its standard error: the headers of each answer, and one
 * line when it fails. */
struct answer {
	char line[LINE];
	size_t n;
	int status, roomy; /* the last answer's; its room was looked at */
	uint64_t length; /* of its body, 0: not told */
	char tag[TAG], failure[256];
};

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
	if (strncasecmp(url, "https://", 8) == 0)
		return 0;
	if (strncasecmp(url, "http://", 7) != 0)
		return why_set(why, EX_USAGE,
		    "%s: only https is fetched, and http with --sha256", url);
	return sha256 ? 0 :
			why_set(why, EX_USAGE,
			    "%s: nobody vouches for what comes by http; "
			    "--sha256 SUM",
			    url);
}

static void
header(struct answer *a)
{
	const char *l = a->line, *v = strchr(l, ':');
	long long n;

	if (strncmp(l, "HTTP/", 5) == 0) {
		const char *space = strchr(l, ' ');

		a->status = 0;
		a->length = 0;
		a->roomy = 0;
		*a->tag = '\0';
		for (int i = 1; space && i < 4 && space[i] >= '0'; i++)
			a->status = a->status * 10 + (space[i] - '0');
		return;
	}
	if (!v)
		return;
	v += 1 + strspn(v + 1, " ");
	if (strncmp(l, "curl: ", 6) == 0)
		(void)snprintf(a->failure, sizeof a->failure, "%s", l + 6);
	else if (strncasecmp(l, "content-length:", 15) == 0 &&
	    num_int(v, 0, INT64_MAX, &n) == 0)
		a->length = (uint64_t)n;
	else if (strncasecmp(l, "etag:", 5) == 0 && strlen(v) < TAG &&
	    *v == '"') /* a weak one (W/) does not vouch for bytes */
		(void)snprintf(a->tag, sizeof a->tag, "%s", v);
}

static void
listen(struct answer *a, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\r')
			continue;
		if (p[i] != '\n') {
			if (a->n < LINE - 1)
				a->line[a->n++] = p[i];
			continue;
		}
		a->line[a->n] = '\0';
		header(a);
		a->n = 0;
	}
}

static uint64_t
size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void
tell(const struct img_job *j, uint64_t have, uint64_t all, uint64_t rate)
{
	autofree char *h = num_human(have), *a = num_human(all);
	autofree char *r = num_human(rate), *text = NULL;

	if (!j->tell)
		return;
	text = all ? xasprintf("%s / %s  %s/s", h, a, r) :
		     xasprintf("%s  %s/s", h, r);
	j->tell(text);
}

/* Read what curl tells until it ends; 0, or -1 with why when it must. */
static int
attend(const struct img_job *j, struct fetch *f, struct answer *a, int out,
    uint64_t begin, struct why *why)
{
	long long since = io_now();
	char chunk[4096];

	for (;;) {
		int ready = io_wait_readable(out, io_now() + TICK);
		uint64_t have = size_of(f->fd), all = a->length;
		uint64_t ms = (uint64_t)(io_now() - since) + 1;
		ssize_t n;

		all += all && a->status == 206 ? begin : 0;
		if (have > begin)
			tell(j, have, all, (have - begin) * 1000 / ms);
		if (ready < 0)
			return why_sys(why, EX_OSERR, "poll");
		if (!j->force && a->status / 100 == 2 &&
		    home_room(j->home, f->dir,
			!a->roomy && all > have ? all - have : 0, j->who,
			why) < 0)
			return -1;
		a->roomy = a->status / 100 == 2 && a->length;
		if (!ready)
			continue;
		n = read(out, chunk, sizeof chunk);
		if (n <= 0)
			return 0;
		listen(a, chunk, (size_t)n);
	}
}

static void
arguments(
    struct strv *v, const char *url, int http, uint64_t begin, const char *tag)
{
	const char *protocols = http ? "=https,http" : "=https";

	/* -q: no ~/.curlrc; -g: brackets in a URL are no ranges; a transfer
	 * that stands still for a minute ends */
	strv_words(v, "curl", "-q", "-g", "-f", "-s", "-S", "-L",
	    "--max-redirs", "10", "--proto", protocols, "--proto-redir",
	    protocols, "--connect-timeout", "30", "--speed-limit", "1",
	    "--speed-time", "60", "-D", "/dev/stderr", "-o", "-", NULL);
	if (begin) {
		strv_add(v, "-C");
		strv_fmt(v, "%" PRIu64, begin);
	}
	if (begin && *tag) {
		strv_add(v, "-H");
		strv_fmt(v, "If-Range: %s", tag);
	}
	strv_words(v, "--", url, NULL);
}

/* One run of curl: its exit code, -1 with why when it had to be ended. */
static int
transfer(const struct img_job *j, struct fetch *f, const char *url, int http,
    uint64_t begin, struct answer *a, struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	char tag[TAG];
	int p[2], code, bad;
	pid_t pid;

	(void)snprintf(tag, sizeof tag, "%s", a->tag);
	*a = (struct answer){ 0 };
	arguments(&argv, url, http, begin, tag);
	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "pipe");
	r.in = RUN_NULL;
	r.out = f->fd;
	r.err = p[1];
	r.tied = 1;
	pid = run_spawn(&r, argv.v, why);
	close(p[1]);
	bad = pid < 0 || attend(j, f, a, p[0], begin, why) < 0;
	close(p[0]);
	if (pid < 0)
		return -1;
	if (bad)
		kill(pid, SIGKILL); /* our own child, not yet waited for */
	code = run_wait(pid, -1);
	return bad ? -1 : code;
}

/* The tag that the server gave the part we have, beside it. */
static void
tag_file(struct fetch *f, char tag[TAG], int write)
{
	autofree char *name = xasprintf("%s.etag", f->name);
	autobuf struct buf b = { 0 };

	if (!write) {
		*tag = '\0';
		if (io_read_file(f->dir, name, &b, TAG - 1) == 0 && b.n &&
		    !memchr(b.p, '\n', b.n))
			(void)snprintf(tag, TAG, "%s", b.p);
	} else if (*tag)
		(void)io_put(f->dir, name, 0600, tag, strlen(tag));
	else
		(void)unlinkat(f->dir, name, 0); /* without, it starts anew */
}

static int
explain(const struct fetch *f, const char *url, int code,
    const struct answer *a, struct why *why)
{
	autofree char *origin = fetch_origin(url);
	autofree char *have = num_human(size_of(f->fd));
	autobuf struct buf b = { 0 };

	buf_vis(&b, a->failure, strlen(a->failure));
	switch (code) {
	case CURL_HTTP:
		return why_set(why,
		    a->status / 100 == 5 ? EX_TEMPFAIL : EX_NOINPUT,
		    "%s: the server answers %d", origin, a->status);
	case CURL_PROTOCOL:
	case CURL_URL:
	case CURL_TLS:
	case CURL_CERTIFICATE:
		return why_set(why, EX_NOPERM, "%s: curl: %s", origin, b.p);
	case CURL_PARTIAL:
	case CURL_TIMEOUT:
	case CURL_SEND:
	case CURL_RECEIVE:
		return why_set(why, EX_TEMPFAIL,
		    "%s: cut off at %s; the same command goes on from there",
		    origin, have);
	case CURL_NO_HOST:
	case CURL_NO_CONNECT:
	case CURL_EMPTY:
		return why_set(why, EX_TEMPFAIL, "%s: curl: %s", origin, b.p);
	default:
		return why_set(why, EX_IOERR, "%s: curl: %s (%d)", origin,
		    b.p ? b.p : "failed", code);
	}
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

/* Open and lock the part; one that was finished and removed while we waited
 * for nothing is opened again. */
static int
open_part(struct fetch *f, const char *url, struct why *why)
{
	struct stat st;

	for (int tries = 0; tries < 10; tries++) {
		f->fd = openat(f->dir, f->name,
		    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (f->fd < 0)
			return why_sys(why, EX_IOERR, "%s", f->name);
		if (sys_lock(f->fd) < 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: another import fetches it", url);
		if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_uid == geteuid() && st.st_nlink == 1)
			return 0;
		close(f->fd);
		f->fd = -1;
	}
	return why_set(why, EX_NOPERM, "%s: not a file of yours", f->name);
}

static int
get(const struct img_job *j, struct fetch *f, const char *url, int http,
    struct answer *a, struct why *why)
{
	char tag[TAG];
	int code = CURL_RANGE;

	for (int tries = 0; tries < 2 && code == CURL_RANGE; tries++) {
		uint64_t begin = size_of(f->fd);

		tag_file(f, tag, 0);
		/* with neither tag nor sum nothing says it is the same file */
		if (tries || (!http && !*tag)) {
			begin = 0;
			if (ftruncate(f->fd, 0) < 0)
				return why_sys(why, EX_IOERR, "%s", f->name);
		}
		(void)snprintf(a->tag, sizeof a->tag, "%s", tag);
		code = transfer(j, f, url, http, begin, a, why);
		if (begin && a->status == 200)
			code = CURL_RANGE; /* not the file it was */
		else if (a->status == 200)
			tag_file(f, a->tag, 1);
	}
	return code;
}

int
fetch_url(const struct img_job *j, const char *url, const char *sha256,
    struct fetch *f, struct why *why)
{
	struct answer a = { 0 };
	int code;

	*f = (struct fetch){ .fd = -1, .name = part_name(url) };
	f->dir = cache_open(j->home, "fetch", why);
	if (f->dir < 0 || open_part(f, url, why) < 0) {
		fetch_end(f, 1);
		return -1;
	}
	code = get(j, f, url, sha256 != NULL, &a, why);
	if (code == 0 && size_of(f->fd))
		return 0;
	if (code == 0)
		(void)why_set(why, EX_DATAERR, "%s: nothing came", url);
	else if (code > 0)
		(void)explain(f, url, code, &a, why);
	fetch_end(f, size_of(f->fd) > 0);
	return -1;
}

void
fetch_end(struct fetch *f, int keep)
{
	if (!keep && f->dir >= 0) {
		autofree char *tag = xasprintf("%s.etag", f->name);

		(void)unlinkat(f->dir, f->name, 0); /* the cache may stay */
		(void)unlinkat(f->dir, tag, 0);
	}
	if (f->fd >= 0)
		close(f->fd);
	if (f->dir >= 0)
		close(f->dir);
	free(f->name);
	*f = (struct fetch){ .fd = -1, .dir = -1 };
}
