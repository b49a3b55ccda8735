/* SPDX-License-Identifier: ISC */
/* story_log: the rings of a VM, line by line. */
#include "story_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = SIGN_LINE, LINE = 600 };
enum { FIRST = 4, LAST = 12, CONSOLE_FIRST = 1, CONSOLE_LAST = 3 };

/* Of one source: the first lines and the last ones.  What comes again at once
 * is counted. */
struct lane {
	enum story_source source;
	size_t first, last; /* how many of each are kept */
	struct event v[FIRST + LAST];
	size_t n; /* all that came */
};

struct reader {
	struct story *s;
	struct lane lane[STORY_SOURCES];
	struct strv starts; /* when the last runs were started */
	size_t runs; /* that are of interest */
	int ended; /* the last of them */
	struct event seen[SIGNS]; /* the last of each that differs */
	char *said; /* what a script said last, with its label */
};

static struct event *
newest(struct lane *l)
{
	size_t i = l->n - 1;

	if (!l->n)
		return NULL;
	return i < l->first ? &l->v[i] :
			      &l->v[l->first + (i - l->first) % l->last];
}

/* text is the lane's from now on. */
static void
lane_take(struct lane *l, const char *stamp, char *text)
{
	struct event *e = newest(l);

	if (e && strcmp(e->text, text) == 0) {
		e->times++;
		free(text);
		return;
	}
	l->n++;
	e = newest(l);
	free(e->text);
	*e = story_event(stamp, l->source, text);
}

/* What it kept becomes the story's. */
static void
lane_end(struct lane *l, struct story *s)
{
	size_t kept = l->n < l->first + l->last ? l->n : l->first + l->last;

	for (size_t i = 0; i < kept; i++)
		story_take(s, l->v[i]);
	if (kept < l->n && l->source != STORY_CONSOLE) {
		char text[64];

		(void)snprintf(
		    text, sizeof text, "(%zu more before this)", l->n - kept);
		story_add(s, l->v[l->first + (l->n - l->first) % l->last].stamp,
		    l->source, 1, text);
	}
	memset(l->v, 0, sizeof l->v);
	l->n = 0;
}

static void
say_in(struct reader *r, enum story_source source, const char *stamp,
    const char *p, size_t n)
{
	lane_take(&r->lane[source], stamp, story_text(p, n));
}

static int
in_run(const struct story *s, const char *stamp)
{
	return strcmp(stamp, s->from) >= 0 &&
	    (!*s->to || strcmp(stamp, s->to) < 0);
}

static int
begins(const char *p, size_t n, const char *with)
{
	size_t len = strlen(with);

	return n >= len && memcmp(p, with, len) == 0;
}

static void
replace(char **old, const char *p, size_t n)
{
	free(*old);
	*old = story_text(p, n);
}

static int
read_ring(int log, const char *file, tail_line *fn, struct reader *r)
{
	struct tail t;
	int got = tail_open(&t, log, file, fn, r);

	if (got == 0)
		tail_end(&t, fn, r);
	if (t.fd >= 0)
		close(t.fd);
	buf_free(&t.rest);
	return got;
}

static void
find_starts(const char *stamp, const char *p, size_t n, void *arg)
{
	struct reader *r = arg;

	if (begins(p, n, "QEMU ended ("))
		r->ended = 1;
	if (!begins(p, n, "start: "))
		return;
	r->ended = 0;
	strv_add(&r->starts, stamp);
	if (r->starts.n > r->runs) {
		free(r->starts.v[0]);
		memmove(r->starts.v, r->starts.v + 1,
		    r->starts.n-- * sizeof *r->starts.v);
	}
}

/* Events that say nothing to a person, some of which a guest can cause. */
static int
noise(const char *p, size_t n)
{
	static const char *const names[] = { "event RTC_CHANGE",
		"event NIC_RX_FILTER_CHANGED", "event NETDEV_",
		"event VSERPORT_CHANGE", "event BALLOON_CHANGE",
		"event JOB_STATUS_CHANGE", "event DEVICE_TRAY_MOVED" };

	for (size_t i = 0; i < LEN(names); i++)
		if (begins(p, n, names[i]))
			return 1;
	return 0;
}

static void
qemu_line(const char *stamp, const char *p, size_t n, void *arg)
{
	struct reader *r = arg;
	struct story *s = r->s;

	if (!in_run(s, stamp) || !n || noise(p, n))
		return;
	if (begins(p, n, "start: "))
		say_in(r, STORY_START, stamp, p + 7, n - 7);
	else if (begins(p, n, "event "))
		say_in(r, STORY_QMP, stamp, p + 6, n - 6);
	else
		say_in(r, STORY_QEMU, stamp, p, n);
	if (begins(p, n, "QEMU ended (") && n > 13)
		replace(&s->end, p + 12, n - 13);
}

static void
sight(struct reader *r, enum sign sign, const char *stamp, char *text)
{
	struct sighting *g = &r->s->sign[sign];
	struct event *last = &r->seen[sign];

	g->last = r->s->lines;
	if (g->n++ == 0) {
		g->text = xstrdup(text);
		story_add(r->s, stamp, STORY_CONSOLE, 1, text);
	}
	if (strcmp(text, g->text) == 0) {
		free(text);
		return;
	}
	free(last->text);
	*last = story_event(stamp, STORY_CONSOLE, text);
}

static void
console_line(const char *stamp, const char *p, size_t n, void *arg)
{
	struct reader *r = arg;
	struct buf b = { 0 };
	enum sign sign;

	if (!in_run(r->s, stamp))
		return;
	sign_clean(&b, p, n);
	if (!b.n) {
		buf_free(&b);
		return;
	}
	r->s->lines++;
	free(r->s->line);
	r->s->line = xstrdup(b.p);
	sign = sign_of(b.p);
	if (sign == SIGN_NOTHING)
		lane_take(&r->lane[STORY_CONSOLE], stamp, buf_take(&b));
	else
		sight(r, sign, stamp, buf_take(&b));
}

/* The words of a verdict's line: VERDICT WHY PROTO NAME ADDRESS PORT OUT IN. */
enum { VERDICT, WHY, PROTO, NAME, ADDRESS, PORT, OUT, IN, WORDS };

/* 0 when the n bytes are such a line, each word ended by NUL in line. */
static int
verdict(char line[LINE + 1], char *word[WORDS], const char *p, size_t n)
{
	size_t i = 0;

	if (n > LINE ||
	    (!begins(p, n, "allow ") && !begins(p, n, "deny ") &&
		!begins(p, n, "ask ")))
		return -1;
	memcpy(line, p, n);
	line[n] = '\0';
	for (char *at = line; i < WORDS; i++) {
		word[i] = at;
		at += strcspn(at, " ");
		if (at == word[i])
			return -1;
		if (!*at)
			break;
		*at++ = '\0';
	}
	return i == WORDS - 1 ? 0 : -1;
}

static void
count_denial(struct story *s, char *const *word, const char *to)
{
	int ruled = strchr(word[WHY], ':') != NULL;
	struct denial *d = s->denial;
	size_t i;

	s->denied++;
	s->ruled += (unsigned long)ruled;
	for (i = 0; i < s->denials; i++)
		if (strcmp(d[i].to, to) == 0 && d[i].ruled == ruled)
			break;
	if (i == DENIALS)
		return;
	if (i == s->denials)
		d[s->denials++] =
		    (struct denial){ .to = xstrdup(to), .ruled = ruled };
	d[i].n++;
	(void)snprintf(d[i].why, sizeof d[i].why, "%s", word[WHY]);
}

static void
deny(struct reader *r, const char *stamp, char *const *word)
{
	const char *host = strcmp(word[NAME], "-") ? word[NAME] : word[ADDRESS];
	autofree char *raw = strcmp(word[PORT], "-") ?
	    xasprintf("%s %s:%s", word[PROTO], host, word[PORT]) :
	    xasprintf("%s %s", word[PROTO], host);
	autofree char *to = story_text(raw, strlen(raw));
	autofree char *text = xasprintf("denied %s (%s)", to, word[WHY]);

	count_denial(r->s, word, to);
	say_in(r, STORY_NET, stamp, text, strlen(text));
}

static void
net_line(const char *stamp, const char *p, size_t n, void *arg)
{
	static const char ours[] = "xray-net: ";
	struct reader *r = arg;
	char line[LINE + 1], *word[WORDS];

	if (!in_run(r->s, stamp) || !n)
		return;
	if (verdict(line, word, p, n) == 0) {
		if (strcmp(word[VERDICT], "deny") == 0)
			deny(r, stamp, word);
		return;
	}
	if (begins(p, n, ours)) {
		p += sizeof ours - 1;
		n -= sizeof ours - 1;
	}
	say_in(r, STORY_GATEWAY, stamp, p, n);
	if (begins(p, n, "gateway ended ("))
		replace(&r->s->gateway, p, n);
}

static void
ssh_line(const char *stamp, const char *p, size_t n, void *arg)
{
	struct reader *r = arg;

	if (!in_run(r->s, stamp) || !n)
		return;
	say_in(r, STORY_SSH, stamp, p, n);
	replace(
	    begins(p, n, "no ssh") ? &r->s->gave_up : &r->s->answered, p, n);
}

/* "[boot] user/10-x.sh: failed (exit 3), 1.2 s": what follows the label when
 * the line is one of ours.  A script's own words stand behind a label without
 * a source. */
static const char *
hook_end(const char *text)
{
	static const char *const sources[] = { "builtin/", "plugin:", "user/",
		"vm/" };
	const char *name = strstr(text, "] ");
	const char *end = name ? strstr(name, ": ") : NULL;

	for (size_t i = 0; end && i < LEN(sources); i++)
		if (str_starts(name + 2, sources[i]))
			return end + 2;
	return NULL;
}

static void
hook_line(const char *stamp, const char *p, size_t n, void *arg)
{
	struct reader *r = arg;
	autofree char *text = NULL;
	const char *end;

	if (!in_run(r->s, stamp) || !n)
		return;
	text = story_text(p, n);
	end = *text == '[' ? hook_end(text) : NULL;
	if (!end) {
		replace(&r->said, p, n);
		return;
	}
	if (!str_starts(end, "ok") && r->said)
		say_in(r, STORY_HOOK, stamp, r->said, strlen(r->said));
	say_in(r, STORY_HOOK, stamp, text, strlen(text));
	free(r->said);
	r->said = NULL;
}

int
story_starts(int log, size_t n, struct strv *starts, int *ended)
{
	struct reader r = { .runs = n };
	int got = read_ring(log, "qemu.log", find_starts, &r);

	*starts = r.starts;
	*ended = r.ended;
	return got;
}

int
story_logs(int log, struct story *s)
{
	static const struct {
		const char *file;
		tail_line *line;
	} files[] = {
		{ "qemu.log", qemu_line },
		{ "console.log", console_line },
		{ "net.log", net_line },
		{ "ssh.log", ssh_line },
		{ "hooks.log", hook_line },
	};
	struct reader r = { .s = s };
	int got = 0;

	for (size_t i = 0; i < STORY_SOURCES; i++) {
		r.lane[i].source = (enum story_source)i;
		r.lane[i].first = i == STORY_CONSOLE ? CONSOLE_FIRST : FIRST;
		r.lane[i].last = i == STORY_CONSOLE ? CONSOLE_LAST : LAST;
	}
	for (size_t i = 0; i < LEN(files) && got == 0; i++)
		got = read_ring(log, files[i].file, files[i].line, &r);
	for (size_t i = 0; i < STORY_SOURCES; i++)
		lane_end(&r.lane[i], s);
	for (size_t i = 0; i < SIGNS; i++)
		if (r.seen[i].text)
			story_take(s, r.seen[i]);
	free(r.said);
	return got;
}
