/* SPDX-License-Identifier: ISC */
/*
 * xray-watch: what VMs reach, what waits for an answer and what was denied, on
 * the whole screen; run by xray-fw.
 */
#include "say.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "asker.h"
#include "front.h"
#include "io.h"
#include "opt.h"
#include "press.h"
#include "qemu.h"
#include "recent.h"
#include "tail.h"
#include "term.h"

static const struct opt opts[] = {
	{ 0 },
};
static const struct usage use = { "xray-fw watch", "[VM ...]", opts, 0 };

enum { LOOK_MS = 1000, LOG_MS = 250, DRAW_MS = 100 };
enum { ROWS = 512, GATEWAYS = 64 };
enum { AT_IN, AT_SIGNAL, AT_FRONT, AT_GATEWAY = AT_FRONT + FRONT_FDS };
enum { FDS = AT_GATEWAY + 1 + GATEWAYS };

/* A VM that is watched, or was. */
struct seen {
	char name[DIALOG_VM];
	int dir, log;
	struct tail tail;
	int stale; /* its rows are of the last look */
	unsigned long long flows, out, in, denied;
};

static struct {
	struct home home;
	struct strv names; /* of VMs; none: all */
	struct front front;
	struct talk gateways; /* a request each */
	char asked[GATEWAYS][DIALOG_VM];
	struct press press;
	struct seen *v;
	size_t n;
	struct listed rows[ROWS];
	size_t nrows;
	struct {
		char vm[DIALOG_VM];
		unsigned id; /* 0: what is shown */
	} chosen;
	struct recent recent; /* of the logs */
	char *said; /* what became of an answer */
	int help;
	struct pollfd p[FDS];
	long long look, log, drawn; /* ms, when next */
	int changed;
} s = { .changed = 1 };

/* ---- the logs ---- */

static void
add_line(const char *stamp, const char *p, size_t n, void *arg)
{
	const struct seen *vm = arg;

	s.changed |= recent_add(&s.recent, vm->name, stamp, p, n);
}

static void
read_logs(void)
{
	if (io_now() < s.log)
		return;
	s.log = io_now() + LOG_MS;
	for (size_t i = 0; i < s.n; i++)
		if (s.v[i].log >= 0) /* what cannot be read says nothing */
			(void)tail_more(&s.v[i].tail, add_line, &s.v[i]);
}

/* ---- VMs ---- */

static struct seen *
find(const char *vm)
{
	for (size_t i = 0; i < s.n; i++)
		if (strcmp(s.v[i].name, vm) == 0)
			return &s.v[i];
	return NULL;
}

/* One more, or one that runs again. */
static void
joined(const char *vm, int dir)
{
	struct seen *v = find(vm);

	if (!v) {
		/* tails point at their names: the array never moves */
		if (s.n == FRONT_VMS)
			return;
		v = &s.v[s.n++];
		(void)snprintf(v->name, sizeof v->name, "%s", vm);
		v->dir = v->log = -1;
	}
	if (v->dir >= 0)
		close(v->dir);
	v->dir = io_opendir(dir, ".");
	if (v->log < 0) {
		v->log = io_opendir(dir, "log");
		if (v->log >= 0)
			(void)tail_open(
			    &v->tail, v->log, "net.log", add_line, v);
	}
}

static unsigned long long
number(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

/* ok net=filtered flows=3 in=1234 out=987 denied=12 ... */
static void
gateway_said(size_t who, char *line, void *arg)
{
	struct seen *v = find(s.asked[who]);

	(void)arg;
	if (!v)
		return;
	v->flows = number(line, " flows=");
	v->out = number(line, " out=");
	v->in = number(line, " in=");
	v->denied = number(line, " denied=");
	s.changed = 1;
}

static void
gateway_gone(size_t who, void *arg)
{
	(void)arg;
	*s.asked[who] = '\0';
}

static void
ask_gateway(struct seen *v)
{
	int fd = io_connect(v->dir, VM_CONTROL);
	long who = fd < 0 ? -1 : talk_add(&s.gateways, fd);

	for (size_t i = 0; i < GATEWAYS; i++)
		if (strcmp(s.asked[i], v->name) == 0 && who >= 0 &&
		    (size_t)who != i)
			talk_drop(&s.gateways, i); /* it is stopped, or slow */
	if (who < 0)
		return;
	memcpy(s.asked[who], v->name, sizeof v->name);
	talk_say(&s.gateways, (size_t)who, "status");
}

static void
look(void)
{
	autostrv struct strv all = { 0 };
	struct why why;

	if (io_now() < s.look)
		return;
	s.look = io_now() + LOOK_MS;
	s.changed = 1; /* the clock */
	if (!s.names.n && name_list(s.home.vms, &all, &why) < 0)
		die_why(&why);
	front_find(
	    &s.front, s.home.vms, s.names.n ? &s.names : &all, VM_ASK, joined);
	for (size_t i = 0; i < s.n; i++) {
		if (!front_has(&s.front, s.v[i].name))
			continue;
		s.v[i].stale = 1;
		(void)front_say(&s.front, s.v[i].name, "pending");
		ask_gateway(&s.v[i]);
	}
}

/* ---- questions ---- */

static void
forget_rows(const char *vm)
{
	size_t n = 0;

	for (size_t i = 0; i < s.nrows; i++)
		if (strcmp(s.rows[i].d.vm, vm) != 0)
			s.rows[n++] = s.rows[i];
	s.nrows = n;
}

static void
heard(const char *vm, const char *line, void *arg)
{
	struct seen *v = find(vm);
	struct listed l;
	char *text = NULL;
	int at = 0;

	(void)arg;
	s.changed = 1;
	press_refused(&s.press, line, io_now());
	if (v && v->stale &&
	    (str_starts(line, "pending ") || str_starts(line, "end "))) {
		forget_rows(vm);
		v->stale = 0;
	}
	if (listed_parse(&l, line) == 0 && s.nrows < ROWS)
		s.rows[s.nrows++] = l;
	(void)sscanf(line, "written %*s %*u %n", &at);
	if (at)
		text = xasprintf("%s: %s", vm, line + at);
	else if (str_starts(line, "delayed ") || str_starts(line, "error "))
		text = xstrdup(line);
	if (!text)
		return;
	free(s.said);
	s.said = text;
}

static const struct listed *
chosen(void)
{
	for (size_t i = 0; s.chosen.id && i < s.nrows; i++)
		if (s.rows[i].d.id == s.chosen.id &&
		    strcmp(s.rows[i].d.vm, s.chosen.vm) == 0)
			return &s.rows[i];
	return NULL;
}

/* What the keys are about: the row that was chosen, else what is shown. */
static const struct dialog *
target(void)
{
	const struct listed *l = chosen();

	return l ? &l->d : s.front.nopen ? &s.front.open[0] : NULL;
}

static void
choose(int step)
{
	const struct listed *l = chosen();
	long i = l ? l - s.rows + step : step > 0 ? 0 : (long)s.nrows - 1;

	s.chosen.id = 0;
	if (i < 0 || i >= (long)s.nrows)
		return;
	s.chosen.id = s.rows[i].d.id;
	memcpy(s.chosen.vm, s.rows[i].d.vm, sizeof s.chosen.vm);
}

static void
key(int c)
{
	const struct dialog *d = target();
	struct decree decree;

	s.changed = 1;
	if (c == 'q' || c == TERM_END)
		exit(EX_OK);
	if (c == 'j' || c == TERM_DOWN)
		choose(1);
	else if (c == 'k' || c == TERM_UP)
		choose(-1);
	else if (c == '?')
		s.help = !s.help;
	else if (d && press_is_about(&s.press, d) &&
	    press_key(&s.press, d, c, io_now(), &decree) == PRESS_DONE) {
		s.chosen.id = 0;
		(void)front_decree(&s.front, &decree); /* gone: so is it */
	}
}

/* ---- the screen ---- */

static void
put_question(struct strv *out, int cols)
{
	const struct dialog *d = target();
	autobuf struct buf b = { 0 };

	if (!press_is_about(&s.press, d))
		press_begin(&s.press, d, io_now());
	if (!d || !press_open(&s.press)) {
		strv_add(out, s.said ? s.said : "");
		return;
	}
	press_want(d, cols, &b);
	term_fold(out, b.p, cols);
	b.n = 0;
	buf_str(&b, "  ");
	dialog_facts(d, &b);
	term_fold(out, b.p, cols);
	b.n = 0;
	press_keys(&s.press, d, cols, &b);
	term_fold(out, b.p, cols);
}

static void
put_vms(struct strv *out, int most)
{
	size_t shown = 0, there = 0;

	strv_fmt(out, "%c%-20s %6s %9s %9s %7s", TERM_STRONG, "VM", "FLOWS",
	    "OUT", "IN", "DENIED");
	for (size_t i = 0; i < s.n; i++) {
		const struct seen *v = &s.v[i];
		autofree char *to = num_human(v->out), *from = num_human(v->in);

		if (!front_has(&s.front, v->name))
			continue;
		there++;
		if (shown < (size_t)most && ++shown)
			strv_fmt(out, "%-20s %6llu %9s %9s %7llu", v->name,
			    v->flows, to, from, v->denied);
	}
	if (there > shown)
		strv_fmt(out, "(%zu more)", there - shown);
	if (!there)
		strv_add(out, "no VM runs that asks");
}

static void
put_rows(struct strv *out, int most)
{
	const struct listed *l = chosen();
	size_t from = 0;

	if (l && l - s.rows >= most)
		from = (size_t)(l - s.rows - most + 1);
	if (s.nrows)
		strv_fmt(out, "%cWAITS (%zu)", TERM_STRONG, s.nrows);
	for (size_t i = from; i < s.nrows && i < from + (size_t)most; i++) {
		const struct listed *r = &s.rows[i];
		autofree char *where = dialog_where_short(&r->d.to);
		autofree char *waits = r->state == ASK_IS_LATE ?
		    xstrdup("late") :
		    xasprintf("%u s", r->seconds);

		strv_fmt(out, "%c %-10s %4u %6s  %s  (%u)", r == l ? '>' : ' ',
		    r->d.vm, r->d.id, waits, where, r->d.tries);
	}
}

static void
put_log(struct strv *out, int room)
{
	size_t n = room > 1 ? (size_t)room - 1 : 0;

	if (!n)
		return;
	strv_fmt(out, "%cLOG", TERM_STRONG);
	for (size_t i = s.recent.n > n ? s.recent.n - n : 0; i < s.recent.n;
	     i++)
		strv_add(out, s.recent.v[i].text);
	for (size_t i = s.recent.n; i < n; i++)
		strv_add(out, "");
}

static void
put_help(struct strv *out)
{
	autofree char *text = xstrdup(press_help);
	char *save = NULL;

	strv_add(out, "Keys, for the question below:");
	for (char *p = strtok_r(text, "\n", &save); p;
	     p = strtok_r(NULL, "\n", &save))
		strv_add(out, p);
	strv_add(out, "  j, k      choose another one of those that wait");
	strv_add(out, "  ?         back");
}

static void
draw(void)
{
	autostrv struct strv top = { 0 }, bottom = { 0 };
	autofree char *at = NULL;
	char stamp[32];
	int rows, cols;

	if (!s.changed || io_now() < s.drawn)
		return;
	s.changed = 0;
	s.drawn = io_now() + DRAW_MS;
	term_size(&rows, &cols);
	io_timestamp(stamp, 0);
	at = tail_local(stamp, 0);
	strv_fmt(
	    &top, "%cxray fw watch   %s   [?] help  [q]uit", TERM_STRONG, at);
	put_question(&bottom, cols);
	if (s.help)
		put_help(&top);
	else {
		put_vms(&top, rows / 4);
		put_rows(&top, rows / 4);
		put_log(&top, rows - (int)top.n - (int)bottom.n);
	}
	while ((int)(top.n + bottom.n) < rows)
		strv_add(&top, "");
	while (top.n && (int)(top.n + bottom.n) > rows)
		free(top.v[--top.n]);
	for (size_t i = 0; i < bottom.n; i++)
		strv_add(&top, bottom.v[i]);
	term_draw(&top);
}

static void
turn(void)
{
	long long next;
	int c;

	look();
	read_logs();
	draw();
	next = s.changed ? s.drawn : s.log < s.look ? s.log : s.look;
	s.p[AT_IN] = (struct pollfd){ .fd = 0, .events = POLLIN };
	s.p[AT_SIGNAL] = (struct pollfd){ .fd = term_fd(), .events = POLLIN };
	talk_poll(&s.front.talk, s.p + AT_FRONT);
	talk_poll(&s.gateways, s.p + AT_GATEWAY);
	if (poll(s.p, FDS, io_left(next)) < 0) {
		if (errno != EINTR)
			die_sys(EX_OSERR, "poll");
		return; /* the signal is looked at in the next turn */
	}
	talk_serve(&s.front.talk, s.p + AT_FRONT, io_now());
	talk_serve(&s.gateways, s.p + AT_GATEWAY, io_now());
	s.changed |= term_obey();
	while (s.p[AT_IN].revents && (c = term_key()) != TERM_NONE)
		key(c);
}

static void
parse(int argc, char **argv)
{
	struct why why;

	while (opt_next(argc, argv, &use) != -1)
		continue;
	if (!isatty(0) || !isatty(1))
		die_usage(&use, "no terminal; xray fw log -f, xray fw pending");
	if (home_open(&s.home, &why) < 0 ||
	    askers_names(&s.home, argv + optind, &s.names, &why) < 0)
		die_why(&why);
}

static int
watch(int argc, char **argv)
{
	parse(argc, argv);
	front_init(&s.front, "watch");
	s.front.line = heard;
	s.gateways = (struct talk)TALK_INIT;
	s.gateways.most = GATEWAYS;
	s.gateways.line = gateway_said;
	s.gateways.gone = gateway_gone;
	s.v = xcalloc(FRONT_VMS, sizeof *s.v);
	if (term_open(1) < 0)
		die_sys(EX_IOERR, "terminal");
	for (;;)
		turn();
}

static const struct verb verbs[] = {
	{ &use, watch, "all that goes on, on the whole screen" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
