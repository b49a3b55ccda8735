/* SPDX-License-Identifier: ISC */
/*
 * xray-netlog: what the gateways of VMs have let through and what not, by time
 * or by destination; run by xray-fw.
 */
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "each.h"
#include "io.h"
#include "netlog.h"
#include "opt.h"
#include "show.h"
#include "table.h"
#include "tail.h"

enum { OPT_DENIED = OPT_OWN };
enum { FOLLOWED = 10, LOOK_MS = 200 };

static const struct opt log_opts[] = {
	{ 'f', "follow", NULL, "go on with what comes" },
	{ 'n', "lines", "N", "the last N lines (with -f: 10)" },
	{ OPT_DENIED, "denied", NULL, "what was not let through" },
	OUT_OPTS,
	{ 0 },
};
static const struct opt top_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct usage log_use = { "xray-fw log", "[VM ...]", log_opts, 0 };
static const struct usage top_use = { "xray-fw top", "[VM ...]", top_opts, 0 };

/* A VM, and the lines of all, in the order in which they were read. */
struct source {
	char *name;
	struct tail tail;
	int dir;
};
static struct {
	struct source *v;
	size_t n;
} vms;
static struct line {
	const struct source *vm;
	size_t nr;
	char stamp[TAIL_STAMP + 1];
	struct netlog log;
} * lines;
static size_t nlines, cap;
static int denied;

static void
add_line(const char *stamp, const char *p, size_t n, void *arg)
{
	struct line l = { .vm = arg, .nr = nlines };

	if (netlog_parse(&l.log, p, n) < 0)
		return;
	if (denied && l.log.verdict == RULE_ALLOW)
		return;
	memcpy(l.stamp, stamp, sizeof l.stamp);
	if (nlines == cap)
		lines = xreallocarray(
		    lines, cap = cap ? 2 * cap : 1024, sizeof *lines);
	lines[nlines++] = l;
}

static int
by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int r = strcmp(x->stamp, y->stamp);

	return r ? r : (x->nr > y->nr) - (x->nr < y->nr);
}

static void
sort(void)
{
	if (nlines)
		qsort(lines, nlines, sizeof *lines, by_time);
}

static int
open_one(struct each *e, struct vm *vm, struct why *why)
{
	struct source *s = &vms.v[vms.n];
	int dir = io_opendir(vm->dir, "log");

	(void)e;
	if (dir < 0 && errno != ENOENT)
		return why_sys(why, EX_IOERR, "%s: log", vm->name);
	if (dir < 0) /* it was never started */
		return 0;
	s->name = xstrdup(vm->name);
	s->dir = dir;
	vms.n++;
	if (tail_open(&s->tail, dir, "net.log", add_line, s) < 0)
		return why_sys(why, EX_IOERR, "%s: net.log", vm->name);
	return 0;
}

/* Read what the VMs have to say, those named or all; an exit code. */
static int
open_all(int argc, char **argv, const struct usage *use)
{
	struct each e = EACH_INIT;
	struct why why;

	if (optind == argc)
		e.all = SEL_ALL;
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(use, &why);
	vms.v = xcalloc(e.names.n + 1, sizeof *vms.v);
	return each_vm(&e, open_one, warn_why);
}

/* ---- log ---- */

enum {
	TIME,
	VM,
	VERDICT,
	WHY,
	PROTO,
	NAME,
	ADDRESS,
	PORT,
	OUT,
	IN,
	DEST,
	LOG_COLS
};

static const struct col log_cols[] = {
	[TIME] = { "time", COL_TEXT, 1, NULL },
	[VM] = { "vm", COL_TEXT, 1, NULL },
	[VERDICT] = { "verdict", COL_TEXT, 1, NULL },
	[WHY] = { "why", COL_TEXT, 1, NULL },
	[PROTO] = { "proto", COL_TEXT, 1, NULL },
	[NAME] = { "name", COL_TEXT, 1, NULL },
	[ADDRESS] = { "address", COL_TEXT, 1, NULL },
	[PORT] = { "port", COL_INT, 1, NULL },
	[OUT] = { "out", COL_SIZE, 1, NULL },
	[IN] = { "in", COL_SIZE, 1, NULL },
	[DEST] = { "dest", COL_TEXT, 0, NULL },
};

static void
row(struct table *t, const struct line *l)
{
	const struct netlog *g = &l->log;
	char *cells[LOG_COLS] = { 0 };

	cells[TIME] = isatty(1) ? tail_local(l->stamp, 0) : xstrdup(l->stamp);
	cells[VM] = xstrdup(l->vm->name);
	cells[VERDICT] = xstrdup(show_verdict(g->verdict));
	cells[WHY] = xstrdup(g->why);
	cells[PROTO] = xstrdup(netlog_proto(g));
	cells[NAME] = *g->name ? xstrdup(g->name) : NULL;
	cells[ADDRESS] = *g->address ? xstrdup(g->address) : NULL;
	cells[PORT] = g->port ? num_text(g->port) : NULL;
	cells[OUT] = g->ended ? num_text(g->out) : NULL;
	cells[IN] = g->ended ? num_text(g->in) : NULL;
	cells[DEST] = netlog_dest(g);
	table_take(t, cells);
}

/* Print all but the first `skip` lines, and forget all.  What is followed has
 * a JSON object on each line, for it has no end. */
static void
print_lines(struct out *out, size_t skip, int follows)
{
	struct table *t;

	sort();
	for (size_t i = skip; follows && out->json && i < nlines; i++) {
		t = table_new(out, log_cols, LOG_COLS);
		row(t, &lines[i]);
		table_print_facts(t);
	}
	if (!(follows && out->json)) {
		t = table_new(out, log_cols, LOG_COLS);
		for (size_t i = skip; i < nlines; i++)
			row(t, &lines[i]);
		table_print(t);
	}
	nlines = 0;
}

static _Noreturn void
follow(struct out *out)
{
	out->bare = 1;
	for (;;) {
		if (fflush(stdout) != 0)
			die_sys(EX_IOERR, "standard output");
		io_sleep(LOOK_MS);
		for (size_t i = 0; i < vms.n; i++)
			if (tail_more(&vms.v[i].tail, add_line, &vms.v[i]) < 0)
				die_sys(EX_IOERR, "%s: net.log", vms.v[i].name);
		if (nlines)
			print_lines(out, 0, 1);
	}
}

static int
log_verb(int argc, char **argv)
{
	struct out out = { 0 };
	long long last = -1;
	int c, code, follows = 0;

	while ((c = opt_next(argc, argv, &log_use)) != -1)
		switch (c) {
		case 'f':
			follows = 1;
			break;
		case 'n':
			last = opt_int(&log_use, "-n", optarg, 0, 1000000000);
			break;
		case OPT_DENIED:
			denied = 1;
			break;
		default:
			(void)out_opt(&out, c, optarg);
		}
	(void)table_new(&out, log_cols, LOG_COLS); /* -o is checked first */
	code = open_all(argc, argv, &log_use);
	last = last < 0 && follows ? FOLLOWED : last;
	print_lines(&out,
	    last < 0 || (size_t)last > nlines ? 0 : nlines - (size_t)last,
	    follows);
	if (follows)
		follow(&out);
	(void)say_done();
	return code;
}

/* ---- top ---- */

enum { TOP_DEST, TOP_OUT, TOP_IN, TOP_FLOWS, TOP_DENIED, TOP_VM, TOP_COLS };

static const struct col top_cols[] = {
	[TOP_DEST] = { "destination", COL_TEXT, 1, NULL },
	[TOP_OUT] = { "out", COL_SIZE, 1, NULL },
	[TOP_IN] = { "in", COL_SIZE, 1, NULL },
	[TOP_FLOWS] = { "flows", COL_INT, 1, NULL },
	[TOP_DENIED] = { "denied", COL_INT, 1, NULL },
	[TOP_VM] = { "vm", COL_TEXT, 0, NULL },
};

static struct top {
	char *dest;
	const struct source *vm;
	uint64_t out, in, begun, ended, denied;
} * tops;
static size_t ntops;

static void
count(struct top *t, const struct netlog *l)
{
	if (l->verdict != RULE_ALLOW)
		t->denied++;
	else if (l->ended)
		t->ended++;
	else
		t->begun++;
	t->out += l->out;
	t->in += l->in;
}

static int
by_place(const void *a, const void *b)
{
	const struct top *x = a, *y = b;
	int r = strcmp(x->dest, y->dest);

	return r ? r : (x->vm > y->vm) - (x->vm < y->vm);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct top *x = a, *y = b;
	uint64_t m = x->out + x->in, n = y->out + y->in;

	if (m != n)
		return m < n ? 1 : -1;
	if (x->denied != y->denied)
		return x->denied < y->denied ? 1 : -1;
	return by_place(a, b);
}

/* A line each, then one of each destination. */
static void
sum_up(void)
{
	size_t n = 0;

	tops = xcalloc(nlines + 1, sizeof *tops);
	for (size_t i = 0; i < nlines; i++) {
		tops[i].dest = netlog_dest(&lines[i].log);
		tops[i].vm = lines[i].vm;
		count(&tops[i], &lines[i].log);
	}
	qsort(tops, nlines, sizeof *tops, by_place);
	for (size_t i = 0; i < nlines; i++) {
		struct top *t = n ? &tops[n - 1] : NULL;

		if (!t || by_place(t, &tops[i]) != 0) {
			tops[n++] = tops[i];
			continue;
		}
		t->out += tops[i].out;
		t->in += tops[i].in;
		t->begun += tops[i].begun;
		t->ended += tops[i].ended;
		t->denied += tops[i].denied;
		free(tops[i].dest);
	}
	ntops = n;
	qsort(tops, ntops, sizeof *tops, by_bytes);
}

static int
top(int argc, char **argv)
{
	struct out out = { 0 };
	struct table *t;
	int c, code;

	while ((c = opt_next(argc, argv, &top_use)) != -1)
		(void)out_opt(&out, c, optarg);
	t = table_new(&out, top_cols, TOP_COLS);
	code = open_all(argc, argv, &top_use);
	sum_up();
	for (size_t i = 0; i < ntops; i++) {
		const struct top *p = &tops[i];
		/* of a flow from before the log begins its end alone is told */
		uint64_t flows = p->begun > p->ended ? p->begun : p->ended;
		char *cells[TOP_COLS] = { p->dest, num_text(p->out),
			num_text(p->in), num_text(flows), num_text(p->denied),
			xstrdup(p->vm->name) };

		table_take(t, cells);
	}
	table_print(t);
	(void)say_done();
	return code;
}

static const struct verb verbs[] = {
	{ &log_use, log_verb, "what was allowed and denied" },
	{ &top_use, top, "the same, by destination" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
