/* SPDX-License-Identifier: ISC */
/*
 * xray-netlog: what the gateways of VMs have let through and what not, by time,
 * by destination, or as rules; run by xray-fw.
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
#include "firewall.h"
#include "inforce.h"
#include "io.h"
#include "netlog.h"
#include "opt.h"
#include "show.h"
#include "suggest.h"
#include "table.h"
#include "tail.h"

enum { OPT_DENIED = OPT_OWN, OPT_SINCE, OPT_MIN };
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
static const struct opt suggest_opts[] = {
	{ OPT_SINCE, "since", "T", "what was since then; 2h: since so long" },
	{ OPT_MIN, "min", "N", "what was so often, at least" },
	{ 0 },
};
static const struct usage log_use = { "xray-fw log", "[VM ...]", log_opts, 0 };
static const struct usage top_use = { "xray-fw top", "[VM ...]", top_opts, 0 };
static const struct usage suggest_use = { "xray-fw suggest", "VM", suggest_opts,
	0 };

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
static char since[TAIL_STAMP + 1]; /* "": all */

static void
add_line(const char *stamp, const char *p, size_t n, void *arg)
{
	struct line l = { .vm = arg, .nr = nlines };

	if (netlog_parse(&l.log, p, n) < 0)
		return;
	if ((denied && l.log.verdict == RULE_ALLOW) || strcmp(stamp, since) < 0)
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

static int
by_bytes(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;
	uint64_t m = x->out + x->in, n = y->out + y->in;
	int r = strcmp(x->dest, y->dest);

	if (m != n)
		return m < n ? 1 : -1;
	if (x->denied != y->denied)
		return x->denied < y->denied ? 1 : -1;
	return r ? r : (x->who > y->who) - (x->who < y->who);
}

/* All lines, by destination. */
static void
sum_up(struct tally *all)
{
	for (size_t i = 0; i < nlines; i++)
		tally_add(all, (size_t)(lines[i].vm - vms.v), &lines[i].log);
	tally_sum(all);
}

static int
top(int argc, char **argv)
{
	struct tally all = { 0 };
	struct out out = { 0 };
	struct table *t;
	int c, code;

	while ((c = opt_next(argc, argv, &top_use)) != -1)
		(void)out_opt(&out, c, optarg);
	t = table_new(&out, top_cols, TOP_COLS);
	code = open_all(argc, argv, &top_use);
	sum_up(&all);
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_bytes);
	for (size_t i = 0; i < all.n; i++) {
		const struct tally_row *p = &all.v[i];
		char *cells[TOP_COLS] = { xstrdup(p->dest), num_text(p->out),
			num_text(p->in), num_text(tally_flows(p)),
			num_text(p->denied), xstrdup(vms.v[p->who].name) };

		table_take(t, cells);
	}
	table_print(t);
	tally_free(&all);
	(void)say_done();
	return code;
}

/* ---- suggest ---- */

/* A time as logs have it, or so long ago, into since. */
static int
parse_since(const char *arg)
{
	static const char form[] = "0000-00-00T00:00:00";
	size_t n = strlen(arg), i;
	long long ms;
	time_t t;
	struct tm tm;

	if (num_duration(arg, &ms) == 0) {
		t = time(NULL) - (time_t)(ms / 1000);
		return gmtime_r(&t, &tm) &&
			strftime(
			    since, sizeof since, "%Y-%m-%dT%H:%M:%S", &tm) ?
		    0 :
		    -1;
	}
	n -= n == sizeof form && arg[n - 1] == 'Z';
	if (n != 10 && n != 16 && n != sizeof form - 1)
		return -1;
	for (i = 0; i < n; i++)
		if (form[i] == '0' ? arg[i] < '0' || arg[i] > '9' :
				     arg[i] != form[i])
			return -1;
	memcpy(since, arg, n);
	since[n] = '\0';
	return 0;
}

/* What the rules of the VM say for good: those that end do not count. */
static void
load_rules(const char *name, struct inforce *in)
{
	static struct firewall f;
	static char *files[1];
	struct inforce_from from = { .files = files,
		.nfiles = 1,
		.lists = f.lists,
		.nlists = FIREWALL_LISTS };
	struct home h;
	struct vm vm;
	struct why why;

	if (home_open(&h, &why) < 0 || vm_open(&h, name, &vm, &why) < 0 ||
	    firewall_open(&h, &vm, &f, &why) < 0)
		die_why(&why);
	files[0] = f.rules;
	from.domains = f.defaults;
	from.no_defaults = !f.defaults_on;
	from.mode = f.mode;
	from.blocks = f.private_ok.v;
	from.nblocks = f.private_ok.n;
	if (inforce_load(in, vm.name, &from, &why) < 0)
		die_why(&why);
	vm_close(&vm);
}

static int
suggest_verb(int argc, char **argv)
{
	static struct inforce in;
	struct tally all = { 0 };
	autobuf struct buf b = { 0 };
	long long min = 1;
	int c, code;

	while ((c = opt_next(argc, argv, &suggest_use)) != -1)
		if (c == OPT_MIN)
			min = opt_int(
			    &suggest_use, "--min", optarg, 1, 1000000000);
		else if (parse_since(optarg) < 0)
			die_usage(&suggest_use,
			    "--since: %s: as long ago as 2h, or a time such "
			    "as 2026-11-21T14:00",
			    optarg);
	if (argc - optind != 1 || strcmp(argv[optind], "-") == 0)
		die_usage(&suggest_use, "one VM");
	load_rules(argv[optind], &in);
	code = open_all(argc, argv, &suggest_use);
	sort();
	sum_up(&all);
	if (!suggest(
		&all, &in.policy, (uint64_t)min, (long long)time(NULL), &b))
		note("%s: nothing that its rules do not say", argv[optind]);
	else
		say("%s", b.p);
	tally_free(&all);
	(void)say_done();
	return code;
}

static const struct verb verbs[] = {
	{ &log_use, log_verb, "what was allowed and denied" },
	{ &top_use, top, "the same, by destination" },
	{ &suggest_use, suggest_verb, "as rules, where there are none" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
