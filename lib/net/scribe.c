/* SPDX-License-Identifier: ISC */
#include "scribe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"

enum { AGAIN_MS = 1000, END_MS = 10000, SAID_MAX = 4096 };

int
scribe_add(struct scribe *s, const struct deed *d)
{
	if (s->n == SCRIBE_MAX)
		return -1;
	s->v[s->n++] = *d;
	return 0;
}

void
scribe_gone(struct scribe *s, long who)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].who == who)
			s->v[i].who = -1;
}

const struct deed *
scribe_owes(const struct scribe *s, const struct ask_to *to)
{
	for (size_t i = s->n; i-- > 0;) {
		const struct deed *d = &s->v[i];

		if (d->to.proto == to->proto && d->to.port == to->port &&
		    strcmp(d->to.host, to->host) == 0)
			return d;
	}
	return NULL;
}

int
scribe_fd(const struct scribe *s)
{
	return s->pid ? s->out : -1;
}

static void
command(const struct scribe *s, const struct deed *d, const char *patience,
    struct strv *argv)
{
	time_t now = time(NULL);
	char note[32] = "asked";
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(note, sizeof note, "asked %Y-%m-%d", &tm);
	strv_words(argv, s->program,
	    d->verdict == RULE_ALLOW ? "allow" : "deny", "--lock-wait",
	    patience, "--for", d->life, "--note", note, "--", s->vm, d->dest,
	    NULL);
}

/* The first is done with. */
static void
finish(struct scribe *s, enum scribe_end end, const char *text)
{
	struct deed d = s->v[0];

	s->n--;
	memmove(s->v, s->v + 1, s->n * sizeof *s->v);
	s->next = 0;
	s->told(&d, end, text, s->arg);
}

static void
begin(struct scribe *s)
{
	struct run r = RUN_PLAIN;
	autostrv struct strv argv = { 0 };
	struct why why;

	command(s, &s->v[0], "0", &argv);
	r.in = RUN_NULL;
	s->said.n = 0;
	s->pid = run_piped(&r, argv.v, &s->out, &why);
	if (s->pid < 0) {
		s->pid = 0;
		finish(s, SCRIBE_FAILED, why.text);
	}
}

/* Its last line, without the program's name, printable. */
static char *
last_line(const struct buf *said)
{
	size_t n = said->n, from;
	struct buf b = { 0 };

	while (n && said->p[n - 1] == '\n')
		n--;
	for (from = n; from && said->p[from - 1] != '\n'; from--)
		;
	if (n - from > 11 && memcmp(said->p + from, "xray-rule: ", 11) == 0)
		from += 11;
	buf_vis(&b, said->p ? said->p + from : "", n - from);
	return buf_take(&b);
}

static void
ended(struct scribe *s, long long now)
{
	int code = run_wait(s->pid, io_now() + END_MS);
	autofree char *text = last_line(&s->said);
	struct deed *d = &s->v[0];

	close(s->out);
	s->pid = 0;
	if (code == 0) {
		finish(s, SCRIBE_WRITTEN, text);
	} else if ((code == EX_TEMPFAIL || code == EX_UNAVAILABLE) &&
	    now < d->until) {
		s->next = now + AGAIN_MS;
		if (!d->told)
			s->told(d, SCRIBE_LATER, text, s->arg);
		d->told = 1;
	} else
		finish(s, SCRIBE_FAILED, text);
}

void
scribe_serve(struct scribe *s, int ready, long long now)
{
	char *to;
	ssize_t n;

	if (s->pid && ready) {
		to = buf_space(&s->said, SAID_MAX);
		n = read(s->out, to, SAID_MAX);
		if (n < 0 && errno == EINTR)
			return;
		if (n > 0 && s->said.n < SAID_MAX)
			s->said.n += (size_t)n;
		if (n <= 0)
			ended(s, now);
	}
	while (!s->pid && s->n && now >= s->next)
		begin(s);
}

int
scribe_wait(const struct scribe *s, long long now)
{
	if (s->pid || !s->n)
		return -1;
	return s->next > now ? (int)(s->next - now) : 0;
}

void
scribe_leave(struct scribe *s)
{
	struct run r = RUN_PLAIN;

	r.in = r.out = r.err = RUN_NULL;
	r.session = 1;
	for (size_t i = s->pid ? 1 : 0; i < s->n; i++) {
		autostrv struct strv argv = { 0 };

		if (strcmp(s->v[i].life, "always") != 0)
			continue;
		command(s, &s->v[i], "60", &argv);
		(void)run_spawn(&r, argv.v, NULL); /* nobody is left to tell */
	}
}
