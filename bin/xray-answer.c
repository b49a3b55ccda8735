/* SPDX-License-Identifier: ISC */
/*
 * xray-answer: the questions of VMs that wait for an answer, and answers; run
 * by xray-fw.
 */
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asker.h"
#include "dialog.h"
#include "each.h"
#include "io.h"
#include "opt.h"
#include "table.h"

enum { OPT_FOR = OPT_OWN, OPT_AS };
enum { REPLY_MS = 15000 };

static const struct opt pending_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct opt answer_opts[] = {
	{ OPT_FOR, "for", "LIFE", "once, session, always, or 15m" },
	{ OPT_AS, "as", "SCOPE", "host, domain or address" },
	{ 0 },
};
static const struct usage pending_use = { "xray-fw pending", "[VM ...]",
	pending_opts, 0 };
static const struct usage answer_use = { "xray-fw answer",
	"(VM ID|all allow|deny | -)", answer_opts, 0 };

static struct each on = EACH_INIT;

/* ---- what waits ---- */

/* Call fn for each question of a VM; -1 with why. */
static int
each_waiting(const struct vm *vm, void (*fn)(const struct listed *w, void *arg),
    void *arg, struct why *why)
{
	long long deadline = io_now() + REPLY_MS;
	struct asker a;
	char *line;

	if (asker_open(&a, vm, why) < 0)
		return -1;
	(void)asker_say(&a, "pending"); /* or nothing comes */
	while ((line = asker_hear(&a, deadline))) {
		struct listed w;
		int end = str_starts(line, "end ");

		if (!end && listed_parse(&w, line) == 0)
			fn(&w, arg);
		free(line);
		if (end)
			break;
	}
	asker_close(&a);
	return line ?
	    0 :
	    why_set(why, EX_TEMPFAIL, "%s: xray-ask does not answer", vm->name);
}

/* ---- pending ---- */

enum { VM, ID, WAITS, PROTO, DEST, TRIES, VERIFIED, COLS };

static const struct col cols[] = {
	[VM] = { "vm", COL_TEXT, 1, NULL },
	[ID] = { "id", COL_INT, 1, NULL },
	[WAITS] = { "waits", COL_TEXT, 1, NULL },
	[PROTO] = { "proto", COL_TEXT, 1, NULL },
	[DEST] = { "dest", COL_TEXT, 1, "DESTINATION" },
	[TRIES] = { "tries", COL_INT, 1, NULL },
	[VERIFIED] = { "verified", COL_TEXT, 0, NULL },
};

static struct table *table;

static void
add_row(const struct listed *w, void *arg)
{
	char *cells[COLS] = { 0 };

	(void)arg;
	cells[VM] = xstrdup(w->d.vm);
	cells[ID] = num_text(w->d.id);
	cells[WAITS] = w->state == ASK_IS_LATE ? xstrdup("late") :
	    isatty(1)			       ? xasprintf("%u s", w->seconds) :
						 num_text(w->seconds);
	cells[PROTO] = xstrdup(dialog_proto(&w->d.to));
	cells[DEST] = dialog_where(&w->d.to);
	cells[TRIES] = num_text(w->d.tries);
	cells[VERIFIED] = xstrdup(dialog_kind(&w->d.to));
	table_take(table, cells);
}

/* Of all VMs, those count that have somebody to ask. */
static int
list_one(struct each *e, struct vm *vm, struct why *why)
{
	if (e->listed && (!vm_alive(vm) || !asker_wanted(vm)))
		return 0;
	return each_waiting(vm, add_row, NULL, why);
}

static int
pending(int argc, char **argv)
{
	struct out out = { 0 };
	struct why why;
	int c, code;

	while ((c = opt_next(argc, argv, &pending_use)) != -1)
		(void)out_opt(&out, c, optarg);
	table = table_new(&out, cols, COLS);
	if (optind == argc)
		on.all = SEL_RUNNING;
	if (each_open(&on, argc, argv, optind, &why) < 0)
		die_selection(&pending_use, &why);
	code = each_vm(&on, list_one, warn_why);
	table_print(table);
	(void)say_done();
	return code;
}

/* ---- answer ---- */

/* Whether line begins with word, VM and id; what follows, else NULL. */
static const char *
is_about(const char *line, const char *word, const struct decree *d)
{
	autofree char *head = xasprintf("%s %s %u ", word, d->vm, d->id);

	return str_starts(line, head) ? line + strlen(head) : NULL;
}

/* What became of an answer: 0, or -1 with why. */
static int
await(struct asker *a, const struct decree *d, struct why *why)
{
	long long deadline = io_now() + REPLY_MS;
	const char *text;
	char *line;

	for (; (line = asker_hear(a, deadline)); free(line)) {
		if ((text = is_about(line, "written", d))) {
			say_result("%s\n", text);
			free(line);
			return 0;
		}
		if ((text = is_about(line, "delayed", d)))
			why_set(why, EX_TEMPFAIL,
			    "%s: %u: answered, and not yet written down: %s",
			    d->vm, d->id, text);
		else if ((text = is_about(line, "error", d)))
			why_set(why,
			    strcmp(text, "no such question") == 0 ?
				EX_NOINPUT :
				EX_UNAVAILABLE,
			    "%s: %u: %s; xray fw pending %s", d->vm, d->id,
			    text, d->vm);
		if (text) {
			free(line);
			return -1;
		}
	}
	return why_set(
	    why, EX_TEMPFAIL, "%s: %u: xray-ask does not answer", d->vm, d->id);
}

static int
give(const struct vm *vm, const struct decree *d, struct why *why)
{
	autobuf struct buf line = { 0 };
	struct asker a;
	int r;

	if (asker_open(&a, vm, why) < 0)
		return -1;
	decree_print(d, &line);
	(void)asker_say(&a, line.p); /* or nothing comes */
	r = await(&a, d, why);
	asker_close(&a);
	return r;
}

static void
note_id(const struct listed *w, void *ids)
{
	strv_fmt(ids, "%u", w->d.id);
}

static int
give_all(const struct vm *vm, struct decree *d, struct why *why)
{
	autostrv struct strv ids = { 0 };
	int r = each_waiting(vm, note_id, &ids, why);

	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		d->id = (unsigned)strtoul(ids.v[i], NULL, 10); /* our own */
		r = give(vm, d, why);
	}
	return r;
}

static int
decide(struct decree *d, struct why *why)
{
	struct vm vm;
	int r;

	if (vm_open(&on.home, d->vm, &vm, why) < 0)
		return -1;
	(void)snprintf(d->vm, sizeof d->vm, "%s", vm.name); /* of a port */
	r = d->id ? give(&vm, d, why) : give_all(&vm, d, why);
	vm_close(&vm);
	return r;
}

/* As they come: who writes them may wait for us. */
static int
from_stdin(void)
{
	char line[1024];
	int code = 0;

	for (unsigned n = 1; fgets(line, sizeof line, stdin); n++) {
		struct decree d;
		struct why why;

		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			continue;
		if (decree_parse(&d, line, &why) < 0) {
			warn("standard input:%u: %s", n, why.text);
			code = code ? code : EX_DATAERR;
		} else if (decide(&d, &why) < 0) {
			warn_why(&why);
			code = code ? code : why.code;
		}
		(void)fflush(stdout); /* say_done tells */
	}
	if (ferror(stdin))
		die_sys(EX_IOERR, "standard input");
	return code;
}

static int
answer(int argc, char **argv)
{
	const char *life = "once", *scope = "host";
	autofree char *text = NULL;
	int c, code = 0, is_stdin;
	struct decree d;
	struct why why;

	while ((c = opt_next(argc, argv, &answer_use)) != -1)
		*(c == OPT_FOR ? &life : &scope) = optarg;
	argv += optind;
	is_stdin = argc - optind == 1 && strcmp(argv[0], "-") == 0;
	if (!is_stdin && argc - optind != 3)
		die_usage(&answer_use,
		    "a VM, the number of a question, and a verdict");
	if (decree_life(life, &why) < 0 ||
	    decree_scope(scope, &d.scope, &why) < 0)
		die_usage(&answer_use, "%s", why.text);
	if (home_open(&on.home, &why) < 0)
		die_why(&why);
	if (is_stdin) {
		code = from_stdin();
		(void)say_done();
		return code;
	}
	text =
	    xasprintf("%s %s %s %s %s", argv[0], argv[1], argv[2], life, scope);
	if (decree_parse(&d, text, &why) < 0)
		die_usage(&answer_use, "%s", why.text);
	if (decide(&d, &why) < 0)
		die_why(&why);
	return say_done();
}

static const struct verb verbs[] = {
	{ &pending_use, pending, "the questions that wait for an answer" },
	{ &answer_use, answer, "answer them" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
