/* SPDX-License-Identifier: ISC */
/*
 * xray-why: what is wrong with a VM, in one sentence, and the run that led
 * there as a timeline.
 */
#include "say.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cause.h"
#include "io.h"
#include "opt.h"
#include "story.h"
#include "table.h"
#include "vm.h"

enum { OPT_BOOT = OPT_OWN, LOOK_MS = 30000 };

static const struct opt opts[] = {
	{ OPT_BOOT, "boot", "N", "of one run: 0 the latest, 1 that before" },
	OUT_OPTS,
	{ OPT_TIMEOUT, "timeout", "S", "ask a running guest for S seconds" },
	{ 0 },
};
static const struct usage use = { "xray-why", "VM", opts, 0 };

enum { TIME, SOURCE, TEXT, TIMES, WORD };
static const struct col cols[] = {
	[TIME] = { "time", COL_TEXT, 1, NULL },
	[SOURCE] = { "source", COL_TEXT, 1, NULL },
	[TEXT] = { "text", COL_TEXT, 1, NULL },
	[TIMES] = { "times", COL_INT, 0, NULL },
	[WORD] = { "cause", COL_TEXT, 0, NULL },
};

static void
print_event(const struct event *e)
{
	autofree char *local = tail_local(e->stamp, 1);
	autobuf struct buf b = { 0 };

	if (isatty(1))
		buf_fmt(&b, "%-12s  %-7s  %s", local, story_word(e->source),
		    e->text);
	else
		buf_fmt(
		    &b, "%s\t%s\t%s", e->stamp, story_word(e->source), e->text);
	if (e->times > 1)
		buf_fmt(&b, " (%lu times)", e->times);
	say("%s\n", b.p);
}

static void
print_table(struct table *t, const struct story *s, const struct cause *c)
{
	const char *head[] = { NULL, "cause", c->text, "1", c->word };

	table_row(t, head);
	for (size_t i = 0; i < s->n; i++) {
		const struct event *e = &s->v[i];
		autofree char *times = num_text(e->times);
		const char *cells[] = { *e->stamp ? e->stamp : NULL,
			story_word(e->source), e->text, times, NULL };

		table_row(t, cells);
	}
	table_print(t);
}

static void
print_plain(const struct vm *vm, const struct story *s, const struct cause *c)
{
	autobuf struct buf b = { 0 };

	say("%s: %s\n", vm->name, c->text);
	for (size_t i = 0; i < s->n; i++)
		print_event(&s->v[i]);
	for (size_t i = 0; i < c->next.n; i++)
		buf_fmt(&b, "%s%s", i ? "; " : "", c->next.v[i]);
	if (fflush(stdout) == 0 && b.n)
		hint("next: %s", b.p);
}

/* The events that only the look at it tells. */
static void
add_look(struct story *s, const struct look *l)
{
	static const char *const doors[] = {
		[DOOR_SHUT] = "now: nothing listens on port 22",
		[DOOR_SILENT] = "now: no answer on port 22",
		[DOOR_ODD] = "now: no ssh server on port 22: ",
	};
	autofree char *text = NULL;
	char stamp[32];

	io_timestamp(stamp, 1);
	if (l->door == DOOR_SSH && l->login)
		text = xasprintf("now: %s",
		    l->login_says ? l->login_says : "no answer in time");
	else if (l->door == DOOR_SSH)
		text = xstrdup("now: it answers");
	else if (l->door != DOOR_UNKNOWN)
		text = xasprintf(
		    "%s%s", doors[l->door], l->login_says ? l->login_says : "");
	if (text)
		story_add(s, stamp, STORY_SSH, 1, text);
}

int
main(int argc, char **argv)
{
	long long boot = 0, ms = LOOK_MS;
	struct out out = { 0 };
	struct table *table = NULL;
	struct look look = { 0 };
	struct story story;
	struct cause cause;
	struct home home;
	struct vm vm;
	struct why why;
	int c, none;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_BOOT) {
			boot = opt_int(&use, "--boot", optarg, -1000, 1000);
			boot = boot < 0 ? -boot : boot;
		} else if (c == OPT_TIMEOUT)
			ms = opt_ms(&use, "--timeout", optarg);
		else
			(void)out_opt(&out, c, optarg);
	if (out.bare || out.fields || out.json)
		table = table_new(&out, cols, LEN(cols));
	if (argc - optind != 1)
		die_usage(&use, "one VM");
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0 ||
	    (none = story_read(&vm, boot, &story, &why)) < 0)
		die_why(&why);
	if (none && boot)
		die(EX_NOINPUT, "%s: it was never started", vm.name);
	look.name = vm.name;
	if (!boot && !none) {
		cause_look(&home, &vm, &look, io_now() + ms,
		    say_chatty() ? progress_text : NULL);
		progress_end();
		add_look(&story, &look);
	}
	cause_find(none ? NULL : &story, &look, &cause);
	if (table)
		print_table(table, &story, &cause);
	else
		print_plain(&vm, &story, &cause);
	(void)say_done();
	return cause.wrong ? EX_NO : 0;
}
