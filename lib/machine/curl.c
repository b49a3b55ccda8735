/* SPDX-License-Identifier: ISC */
#include "curl.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "curl_priv.h"
#include "io.h"
#include "run.h"
#include "room.h"
#include "say.h"
#include "sys.h"

enum { TICK = 300 };

/* curl's exit codes that we tell apart. */
enum {
	CURL_PROTOCOL = 1,
	CURL_URL = 3,
	CURL_NO_HOST = 6,
	CURL_NO_CONNECT = 7,
	CURL_PARTIAL = 18,
	CURL_HTTP = 22,
	CURL_TIMEOUT = 28,
	CURL_TLS = 35,
	CURL_EMPTY = 52,
	CURL_SEND = 55,
	CURL_RECEIVE = 56,
	CURL_CERTIFICATE = 60
};

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

/* Read what it tells until it ends; 0, or -1 with why when it must. */
static int
attend(const struct img_job *j, const struct curl *c, struct curl_wire *w,
    int out, struct why *why)
{
	struct answer *a = w->a;
	long long since = io_now();
	char chunk[4096];

	for (;;) {
		int ready = io_wait_readable(out, io_now() + TICK);
		int comes = a->status / 100 == 2 && a->length;
		uint64_t have = size_of(c->fd), all = a->length;
		uint64_t ms = (uint64_t)(io_now() - since) + 1, need = 0;
		ssize_t n;

		all += all && a->status == 206 ? c->begin : 0;
		if (have > c->begin)
			tell(j, have, all, (have - c->begin) * 1000 / ms);
		if (ready < 0)
			return why_sys(why, EX_OSERR, "poll");
		if (comes && !w->roomy && all > have)
			need = all - have;
		if (!j->force && a->status / 100 == 2 &&
		    room_check(j->home, c->dir, need, j->who, why) < 0)
			return -1;
		w->roomy |= comes;
		if (!ready)
			continue;
		n = read(out, chunk, sizeof chunk);
		if (n <= 0)
			return 0;
		curl_hear(w, chunk, (size_t)n);
	}
}

static void
arguments(struct strv *v, const struct curl *c)
{
	const char *protocols = c->http ? "=https,http" : "=https";

	/* -q: no ~/.curlrc; -g: brackets in a URL are no ranges; a transfer
	 * that stands still for a minute ends */
	strv_words(v, "curl", "-q", "-g", "-f", "-s", "-S", "-L",
	    "--max-redirs", "10", "--proto", protocols, "--proto-redir",
	    protocols, "--connect-timeout", "30", "--speed-limit", "1",
	    "--speed-time", "60", "-D", "/dev/stderr", "-o", "-", NULL);
	if (c->begin) {
		strv_add(v, "-C");
		strv_fmt(v, "%" PRIu64, c->begin);
	}
	if (c->begin && *c->tag) {
		strv_add(v, "-H");
		strv_fmt(v, "If-Range: %s", c->tag);
	}
	strv_words(v, "-K", "-", NULL);
}

/* The URL, on its standard input: all users see its arguments, and there may
 * be a password in it.  A pipe that nobody reads yet holds that much: fetch
 * bounds a URL's length. */
static int
say_url(const struct curl *c, int p[2], struct why *why)
{
	autobuf struct buf b = { 0 };
	int r;

	buf_str(&b, "url = \"");
	for (const char *s = c->url; *s; s++)
		buf_fmt(&b, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	buf_str(&b, "\"\n");
	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "pipe");
	r = io_write(p[1], b.p, b.n);
	close(p[1]);
	if (r == 0)
		return 0;
	close(p[0]);
	return why_sys(why, EX_OSERR, "curl");
}

int
curl_get(const struct img_job *j, const struct curl *c, struct answer *a,
    struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	struct curl_wire w = { .a = a };
	int in[2], p[2], code, bad;
	pid_t pid;

	*a = (struct answer){ 0 };
	arguments(&argv, c);
	if (say_url(c, in, why) < 0)
		return -1;
	if (sys_pipe(p) < 0) {
		close(in[0]);
		return why_sys(why, EX_OSERR, "pipe");
	}
	r.in = in[0];
	r.out = c->fd;
	r.err = p[1];
	r.keep = &c->lock;
	r.nkeep = 1;
	r.tied = 1;
	pid = run_spawn(&r, argv.v, why);
	close(in[0]);
	close(p[1]);
	bad = pid < 0 || attend(j, c, &w, p[0], why) < 0;
	close(p[0]);
	if (pid < 0)
		return -1;
	if (bad)
		kill(pid, SIGKILL); /* our own child, not yet waited for */
	code = run_wait(pid, -1);
	return bad ? -1 : code;
}

int
curl_explain(const char *origin, uint64_t bytes, int code,
    const struct answer *a, struct why *why)
{
	autofree char *have = num_human(bytes);
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
