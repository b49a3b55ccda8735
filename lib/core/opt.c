/* SPDX-License-Identifier: ISC */
#include "opt.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "say.h"

enum { OPT_VERSION = 1, OPT_COLOR = 2, MAX_OPTS = 64 };

static const struct opt common[] = {
	{ 'h', "help", NULL, "print this and exit" },
	{ 'q', "quiet", NULL, "no notes, progress or result lines" },
	{ 'v', "verbose", NULL, "more of them" },
	{ OPT_VERSION, "version", NULL, "print the version and exit" },
	{ OPT_COLOR, "color", "yes|no|auto", "colour on a terminal" },
	{ 0 },
};

static const struct opt *
find(const struct opt *opts, int c, const char *name)
{
	for (; opts && opts->c; opts++)
		if (opts->c == c ||
		    (name && opts->name && strcmp(opts->name, name) == 0))
			return opts;
	return NULL;
}

/* 1 when the common option stands in for nothing of the command's own. */
static int
is_free(const struct usage *u, const struct opt *o)
{
	return find(u->opts, o->c, o->name) == NULL;
}

static void
line(struct buf *b, const struct opt *o)
{
	size_t from = b->n;

	if (o->c > ' ' && o->c < 0x7f)
		buf_fmt(b, "  -%c%s", o->c, o->name ? ", " : "");
	else
		buf_str(b, "      ");
	if (o->name)
		buf_fmt(b, "--%s", o->name);
	if (o->arg)
		buf_fmt(b, "%s%s", str_starts(o->arg, "[=") ? "" : " ", o->arg);
	do
		buf_str(b, " ");
	while (b->n - from < 30);
	buf_fmt(b, "%s\n", o->help);
}

static _Noreturn void
help(const struct usage *u)
{
	autobuf struct buf b = { 0 };

	buf_fmt(&b, "usage: %s [options] %s\n", u->name, u->operands);
	for (const struct opt *o = u->opts; o && o->c; o++)
		line(&b, o);
	for (const struct opt *o = common; o->c; o++)
		if (is_free(u, o))
			line(&b, o);
	say("%s", b.p);
	exit(say_done());
}

void
die_usage(const struct usage *u, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	warn("%s", text);
	die(EX_USAGE, "usage: %s [options]%s%s", u->name,
	    *u->operands ? " " : "", u->operands);
}

void
die_selection(const struct usage *u, const struct why *why)
{
	if (why->code == EX_USAGE)
		die_usage(u, "%s", why->text);
	die_why(why);
}

static void
set_color(const struct usage *u, const char *arg)
{
	say_color = say_color_word(arg);
	if (say_color == COLOR_UNSAID)
		die_usage(u, "--color: %s: yes, no or auto", arg);
}

struct parser {
	struct option longs[MAX_OPTS + 1];
	char shorts[2 * MAX_OPTS + 4];
	size_t nlongs, nshorts;
};

static int
kind(const struct opt *o)
{
	if (!o->arg)
		return no_argument;
	return str_starts(o->arg, "[=") ? optional_argument : required_argument;
}

static void
put(struct parser *p, const struct opt *o)
{
	if (o->name && p->nlongs < MAX_OPTS)
		p->longs[p->nlongs++] =
		    (struct option){ o->name, kind(o), NULL, o->c };
	if (o->c > ' ' && o->c < 0x7f && p->nshorts + 3 < sizeof p->shorts) {
		p->shorts[p->nshorts++] = (char)o->c;
		if (o->arg)
			p->shorts[p->nshorts++] = ':';
	}
}

static void
prepare(struct parser *p, const struct usage *u)
{
	*p = (struct parser){ 0 };
	if (u->inorder)
		p->shorts[p->nshorts++] = '+';
	p->shorts[p->nshorts++] = ':';
	for (const struct opt *o = u->opts; o && o->c; o++)
		put(p, o);
	for (const struct opt *o = common; o->c; o++)
		if (is_free(u, o))
			put(p, o);
}

/* word was looked at last, unless there is more in that of an unknown letter:
 * then it is the one before, or what was moved to there.  Of a long option
 * there is a code when it has an argument that it does not take. */
static _Noreturn void
bad(const struct parser *p, const struct usage *u, int c, const char *word)
{
	const char *near = NULL;

	if (c == ':')
		die_usage(u, "%s: needs an argument", word);
	if (optopt && !find(u->opts, optopt, NULL) &&
	    !find(common, optopt, NULL))
		die_usage(u, "-%c: no such option", optopt);
	for (size_t i = 0; str_starts(word, "--") && i < p->nlongs; i++)
		str_nearest(&near, word + 2, p->longs[i].name);
	die_usage(u, "%s: no such option%s%s%s", word, near ? " (--" : "",
	    near ? near : "", near ? "?)" : "");
}

int
opt_next(int argc, char **argv, const struct usage *u)
{
	static struct parser p;
	static const struct usage *ready;
	int c;

	if (ready != u) {
		size_t n = strcspn(u->name, " ");

		say_name(xstrndup(u->name, n)); /* lives as long as we do */
		prepare(&p, u);
		ready = u;
		optind = 0; /* anew, in the order of this one */
		opterr = 0;
	}
	for (;;) {
		c = getopt_long(argc, argv, p.shorts, p.longs, NULL);
		if (c == '?' || c == ':')
			bad(&p, u, c, argv[optind > 1 ? optind - 1 : 1]);
		if (c == -1 || find(u->opts, c, NULL))
			return c;
		switch (c) {
		case 'h':
			help(u);
		case 'q':
			say_quiet = 1;
			break;
		case 'v':
			say_verbose++;
			break;
		case OPT_COLOR:
			set_color(u, optarg);
			break;
		case OPT_VERSION:
			say("xray %s\n", XRAY_VERSION);
			exit(say_done());
		}
	}
}

static const char *
verb_name(const struct verb *v)
{
	const char *space = strrchr(v->usage->name, ' ');

	return space ? space + 1 : v->usage->name;
}

static _Noreturn void
verb_help(const struct verb *verbs, unsigned n, const char *tool)
{
	say("usage: %s VERB [options] ...\n", tool);
	for (unsigned i = 0; i < n; i++)
		say("  %-12s %s\n", verb_name(&verbs[i]), verbs[i].help);
	say("%s VERB --help tells more.\n", tool);
	exit(say_done());
}

int
opt_verb(int argc, char **argv, const struct verb *verbs, unsigned n)
{
	const char *full = verbs[0].usage->name;
	char *tool = xstrndup(full, strcspn(full, " "));
	autobuf struct buf names = { 0 };
	const char *want = argc > 1 ? argv[1] : "", *best = NULL;

	say_name(tool);
	if (strcmp(want, "-h") == 0 || strcmp(want, "--help") == 0)
		verb_help(verbs, n, tool);
	if (strcmp(want, "--version") == 0) {
		say("xray %s\n", XRAY_VERSION);
		return say_done();
	}
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(verb_name(&verbs[i]), want) == 0)
			return verbs[i].run(argc - 1, argv + 1);
		str_nearest(&best, want, verb_name(&verbs[i]));
		buf_fmt(&names, "%s%s", i ? "|" : "", verb_name(&verbs[i]));
	}
	if (*want)
		warn("%s: no such verb%s%s%s", want, best ? " (" : "",
		    best ? best : "", best ? "?)" : "");
	die(EX_USAGE, "usage: %s %s ...", tool, names.p);
}

long long
opt_int(const struct usage *u, const char *name, const char *arg, long long lo,
    long long hi)
{
	long long n;

	if (num_int(arg, lo, hi, &n) < 0)
		die_usage(
		    u, "%s: %s: a number from %lld to %lld", name, arg, lo, hi);
	return n;
}

unsigned long long
opt_size(const struct usage *u, const char *name, const char *arg,
    unsigned long long unit)
{
	uint64_t n;

	if (num_size(arg, unit, &n) < 0)
		die_usage(u, "%s: %s: a size such as 512M or 4G", name, arg);
	return n;
}

long long
opt_ms(const struct usage *u, const char *name, const char *arg)
{
	long long ms;

	if (num_duration(arg, &ms) < 0)
		die_usage(
		    u, "%s: %s: a duration such as 90s, 15m or 1h", name, arg);
	return ms;
}

int
opt_fd(const struct usage *u, const char *name, const char *arg)
{
	int fd = (int)opt_int(u, name, arg, 3, 999);

	(void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* checked when used */
	return fd;
}

const char *
opt_word(const struct usage *u, const char *name, const char *arg,
    const char *const *words)
{
	autobuf struct buf b = { 0 };

	for (; *words; words++) {
		if (strcmp(arg, *words) == 0)
			return *words;
		buf_fmt(&b, "%s%s", b.n ? ", " : "", *words);
	}
	die_usage(u, "%s: %s: not one of %s", name, arg, b.p);
}
