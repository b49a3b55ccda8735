/* SPDX-License-Identifier: ISC */
#include "story_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "io.h"
#include "say.h"

static const char *const words[STORY_SOURCES] = {
	[STORY_START] = "start",
	[STORY_CONSOLE] = "console",
	[STORY_QMP] = "qmp",
	[STORY_QEMU] = "qemu",
	[STORY_SSH] = "ssh",
	[STORY_HOOK] = "hook",
	[STORY_NET] = "net",
	[STORY_GATEWAY] = "gateway",
};

const char *
story_word(enum story_source source)
{
	return words[source];
}

char *
story_text(const char *p, size_t n)
{
	struct buf b = { 0 };

	buf_vis(&b, p, n < SIGN_LINE ? n : SIGN_LINE);
	return buf_take(&b);
}

struct event
story_event(const char *stamp, enum story_source source, char *text)
{
	struct event e = { .source = source, .text = text, .times = 1 };

	memcpy(e.stamp, stamp, sizeof e.stamp);
	return e;
}

void
story_take(struct story *s, struct event e)
{
	s->v = xreallocarray(s->v, s->n + 1, sizeof *s->v);
	e.nr = s->n;
	s->v[s->n++] = e;
}

void
story_add(struct story *s, const char *stamp, enum story_source source,
    unsigned long times, const char *text)
{
	char at[TAIL_STAMP + 1] = "";
	struct event e;

	(void)snprintf(at, sizeof at, "%s", stamp);
	e = story_event(at, source, story_text(text, strlen(text)));
	e.times = times;
	story_take(s, e);
}

static int
by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	int r = strcmp(x->stamp, y->stamp);

	return r ? r : (x->nr > y->nr) - (x->nr < y->nr);
}

static void
sort(struct story *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof *s->v, by_time);
}

/* 1 when the file was written in the run. */
static int
of_run(const struct vm *vm, const char *file, const struct story *s)
{
	struct stat st;
	struct tm tm;
	char text[32];

	/* The clock of files may be some milliseconds behind the one that is
	 * asked; to the second they agree. */
	if (vm_stat(vm, file, &st) < 0 || !gmtime_r(&st.st_mtime, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm))
		return 0;
	return strncmp(text, s->from, 19) >= 0;
}

/* "CODE TIME TEXT" of a start that failed; 0 when there is one. */
static int
read_trouble(const struct vm *vm, struct story *s, char at[TAIL_STAMP + 1])
{
	autobuf struct buf b = { 0 };
	int skip = 0;

	if (io_read_file(vm->dir, VM_TROUBLE, &b, 4096) < 0 || !b.n)
		return -1;
	b.p[strcspn(b.p, "\n")] = '\0';
	if (sscanf(b.p, "%d %24s %n", &s->code, at, &skip) != 2 || !skip)
		return -1;
	s->trouble = story_text(b.p + skip, strlen(b.p + skip));
	return 0;
}

static void
read_reason(const struct vm *vm, struct story *s)
{
	autobuf struct buf b = { 0 };

	if (of_run(vm, VM_ENDED, s) &&
	    io_read_file(vm->dir, VM_ENDED, &b, 64) == 0 && b.n)
		s->reason = story_text(b.p, strcspn(b.p, "\n"));
}

/* The first script of the last hooks that came to grief: TYPE, SOURCE, SCRIPT
 * and STATE, tabs between. */
static void
read_hooks(const struct vm *vm, struct story *s)
{
	static const char *const bad[] = { "failed", "timed out", "refused" };
	autobuf struct buf b = { 0 };
	char *line, *next;

	if (!of_run(vm, "hooks", s) ||
	    io_read_file(vm->dir, "hooks", &b, 1 << 20) < 0 || !b.n)
		return;
	for (line = b.p; line && !s->hook; line = next) {
		char *f[4] = { line };
		int n = 1;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		for (char *p = line; n < 4 && (p = strchr(p, '\t')); n++) {
			*p++ = '\0';
			f[n] = p;
		}
		for (size_t i = 0; n == 4 && i < LEN(bad); i++)
			if (str_starts(f[3], bad[i])) {
				autofree char *t = xasprintf(
				    "%s %s/%s %s", f[0], f[1], f[2], f[3]);

				s->hook = story_text(t, strlen(t));
			}
	}
}

static void
forget_trouble(struct story *s)
{
	free(s->trouble);
	s->trouble = NULL;
}

/* What only the latest run can have left. */
static void
read_rest(const struct vm *vm, struct story *s, const char *at)
{
	if (s->trouble)
		story_add(s, at, STORY_START, 1, s->trouble);
	read_reason(vm, s);
	read_hooks(vm, s);
}

static int
read_logs(int log, struct story *s, struct why *why)
{
	if (log >= 0 && story_logs(log, s) < 0)
		return why_sys(why, EX_IOERR, "log");
	return 0;
}

static int
read_run(const struct vm *vm, int log, long long boot, struct story *s,
    struct why *why)
{
	autostrv struct strv starts = { 0 };
	char at[TAIL_STAMP + 1] = "";
	int ended = 1, apart;
	size_t n = (size_t)boot;

	if (log >= 0 && story_starts(log, n + 2, &starts, &ended) < 0)
		return why_sys(why, EX_IOERR, "%s: qemu.log", vm->name);
	if (!vm_alive(vm) && read_trouble(vm, s, at) == 0 && starts.n &&
	    strcmp(at, starts.v[starts.n - 1]) < 0)
		forget_trouble(s);
	if (!s->trouble && !starts.n)
		return 1;
	/* a run of its own, or one whose QEMU was there for a moment */
	apart = s->trouble && (!starts.n || ended);
	if (apart && n == 0) {
		s->failed = 1;
		memcpy(s->from, at, sizeof s->from);
		story_add(s, at, STORY_START, 1, s->trouble);
		return 0;
	}
	n -= (size_t)apart;
	if (n >= starts.n)
		return why_set(why, EX_NOINPUT, "%s: the log has %zu runs",
		    vm->name, starts.n + (size_t)apart);
	n = starts.n - 1 - n;
	(void)snprintf(s->from, sizeof s->from, "%s", starts.v[n]);
	if (n + 1 < starts.n || apart)
		(void)snprintf(s->to, sizeof s->to, "%s",
		    n + 1 < starts.n ? starts.v[n + 1] : at);
	if (*s->to && s->trouble)
		forget_trouble(s);
	if (!*s->to)
		read_rest(vm, s, at);
	return read_logs(log, s, why);
}

int
story_read(
    const struct vm *vm, long long boot, struct story *s, struct why *why)
{
	autoclose int log = io_opendir(vm->dir, "log");
	int r;

	*s = (struct story){ 0 };
	r = read_run(vm, log, boot, s, why);
	if (r)
		story_free(s);
	else
		sort(s);
	return r;
}

void
story_free(struct story *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].text);
	for (size_t i = 0; i < SIGNS; i++)
		free(s->sign[i].text);
	for (size_t i = 0; i < s->denials; i++)
		free(s->denial[i].to);
	free(s->v);
	free(s->line);
	free(s->trouble);
	free(s->end);
	free(s->reason);
	free(s->answered);
	free(s->gave_up);
	free(s->hook);
	free(s->gateway);
	*s = (struct story){ 0 };
}
