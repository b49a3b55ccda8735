/* SPDX-License-Identifier: ISC */
/*
 * xray-prompt: answer the questions of VMs, on a terminal or as lines; run by
 * xray-fw.
 */
#include "say.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asker.h"
#include "front.h"
#include "io.h"
#include "opt.h"
#include "press.h"
#include "term.h"

enum { OPT_STDIO = OPT_OWN };
enum { FIND_MS = 1000, LINE = 1024 };

static const struct opt opts[] = {
	{ OPT_STDIO, "stdio", NULL, "questions and answers as lines" },
	{ 0 },
};
static const struct usage use = { "xray-fw prompt", "[VM ...]", opts, 0 };

enum { AT_IN, AT_SIGNAL, AT_FRONT, FDS = AT_FRONT + FRONT_FDS };

static struct {
	struct home home;
	struct strv names; /* of VMs; none: all */
	struct front front;
	struct press press;
	struct pollfd p[FDS];
	long long find; /* ms, when next */
	int stdio;
	char in[LINE]; /* of --stdio */
	size_t n;
} s;

static void
flush(void)
{
	if (fflush(stdout) != 0)
		die_sys(EX_IOERR, "standard output");
}

/* ---- VMs ---- */

static int
wanted(const char *vm, void *arg)
{
	(void)arg;
	return !front_has(&s.front, vm);
}

static void
got(const char *vm, int dir, int fd, void *arg)
{
	(void)dir;
	(void)arg;
	front_join(&s.front, vm, fd);
}

static void
find(void)
{
	static const struct asker_calls call = { wanted, got, NULL };
	struct why why;

	if (io_now() < s.find)
		return;
	s.find = io_now() + FIND_MS;
	if (askers_find(&s.home, &s.names, &call, &why) < 0)
		die_why(&why);
}

/* ---- on a terminal ---- */

/* What can be pressed; the cursor stays behind. */
static void
put_keys(const struct dialog *d)
{
	autobuf struct buf b = { 0 };
	int rows, cols;

	term_size(&rows, &cols);
	press_keys(&s.press, d, cols, &b);
	say("%s > ", b.p);
	flush();
}

static void
put_question(const struct dialog *d)
{
	autobuf struct buf b = { 0 };
	int rows, cols;

	term_size(&rows, &cols);
	press_want(d, cols, &b);
	say("\n%s\n", b.p);
	b.n = 0;
	dialog_facts(d, &b);
	say("  %s\n", b.p);
	put_keys(d);
}

/* Show what is to be shown now, if it is not what is. */
static void
look(void)
{
	const struct dialog *d = s.front.nopen ? &s.front.open[0] : NULL;

	if (press_is_about(&s.press, d))
		return;
	if (press_open(&s.press))
		say("answered\n");
	press_begin(&s.press, d, io_now());
	if (!d) {
		flush();
		return;
	}
	term_forget(); /* typed before it was there */
	put_question(d);
}

static void
key(int c)
{
	const struct dialog *d = s.front.nopen ? &s.front.open[0] : NULL;
	struct decree decree;

	if (c == 'q' || c == TERM_END)
		exit(say_done());
	if (!press_is_about(&s.press, d) || !d)
		return;
	switch (press_key(&s.press, d, c, io_now(), &decree)) {
	case PRESS_AGAIN:
		say("\n");
		put_keys(d);
		break;
	case PRESS_HELP:
		say("\n%s\n", press_help);
		put_question(d);
		break;
	case PRESS_DONE:
		say("%s %s\n", decree.verdict == RULE_ALLOW ? "allow" : "deny",
		    decree.life);
		(void)front_decree(&s.front, &decree); /* gone: so is it */
		break;
	case PRESS_NOTHING:
		break;
	}
	flush();
}

/* What became of an answer; the next question may be there already. */
static void
heard_result(const char *line)
{
	const char *next = press_open(&s.press) ? "\n" : "";
	char vm[DIALOG_VM];
	unsigned id;
	int at = 0;

	if (sscanf(line, "written %63s %u %n", vm, &id, &at) == 2 && at)
		say("%s  %s\n", next, line + at);
	else if (sscanf(line, "delayed %63s %u %n", vm, &id, &at) == 2 && at)
		say("%s  %s: answered; the rule waits: %s\n", next, vm,
		    line + at);
	else if (sscanf(line, "error %63s %u %n", vm, &id, &at) == 2 && at)
		say("%s  %s: %s\n", next, vm, line + at);
	if (at && *next)
		put_keys(&s.front.open[0]);
	flush();
}

static void
heard(const char *vm, const char *line, void *arg)
{
	(void)vm;
	(void)arg;
	if (!s.stdio) {
		heard_result(line);
		return;
	}
	if (!str_starts(line, "ok ") || !strstr(line, " 0"))
		say("%s\n", line);
	flush();
}

/* ---- as lines ---- */

static void
take_line(const char *line)
{
	static const char answer[] = "answer ";
	struct decree d;
	struct why why;
	int bad = !str_starts(line, answer);

	if (bad)
		why_set(&why, EX_DATAERR, "not answer VM ID ...");
	else
		bad = decree_parse(&d, line + sizeof answer - 1, &why);
	if (!bad && front_decree(&s.front, &d) < 0)
		say("error %s %u no such question\n", d.vm, d.id);
	if (bad)
		say("error - 0 %s\n", why.text);
	flush();
}

/* What came on standard input; who has closed it has gone. */
static void
take_lines(void)
{
	ssize_t n = read(0, s.in + s.n, sizeof s.in - s.n);
	char *end;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0 || s.n + (size_t)n == sizeof s.in)
		exit(say_done());
	s.n += (size_t)n;
	while ((end = memchr(s.in, '\n', s.n))) {
		size_t used = (size_t)(end - s.in) + 1;

		*end = '\0';
		take_line(s.in);
		s.n -= used;
		memmove(s.in, end + 1, s.n);
	}
}

/* ---- both ---- */

static void
turn(void)
{
	int c;

	find();
	if (!s.stdio)
		look();
	s.p[AT_IN] = (struct pollfd){ .fd = 0, .events = POLLIN };
	s.p[AT_SIGNAL] =
	    (struct pollfd){ .fd = s.stdio ? -1 : term_fd(), .events = POLLIN };
	talk_poll(&s.front.talk, s.p + AT_FRONT);
	if (poll(s.p, FDS, io_left(s.find)) < 0) {
		if (errno != EINTR)
			die_sys(EX_OSERR, "poll");
		return; /* the signal is looked at in the next turn */
	}
	talk_serve(&s.front.talk, s.p + AT_FRONT, io_now());
	if (!s.stdio)
		(void)term_obey();
	if (s.p[AT_IN].revents && s.stdio)
		take_lines();
	while (!s.stdio && s.p[AT_IN].revents && (c = term_key()) != TERM_NONE)
		key(c);
}

static void
parse(int argc, char **argv)
{
	struct why why;

	while (opt_next(argc, argv, &use) != -1)
		s.stdio = 1;
	if (!s.stdio && (!isatty(0) || !isatty(1)))
		die_usage(&use, "no terminal; --stdio is for programs");
	if (home_open(&s.home, &why) < 0 ||
	    askers_names(&s.home, argv + optind, &s.names, &why) < 0)
		die_why(&why);
}

static int
prompt(int argc, char **argv)
{
	parse(argc, argv);
	front_init(&s.front, s.stdio ? "stdio" : "prompt");
	s.front.line = heard;
	signal(SIGPIPE, SIG_IGN);
	if (!s.stdio && term_open(0) < 0)
		die_sys(EX_IOERR, "terminal");
	if (!s.stdio)
		note("questions come here; q leaves");
	for (;;)
		turn();
}

static const struct verb verbs[] = {
	{ &use, prompt, "answer questions here" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
