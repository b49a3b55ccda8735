/* SPDX-License-Identifier: ISC */
/*
 * xray-prompt: answer the questions of VMs, on a terminal, as lines or by
 * programs; run by xray-fw.
 *
 * Questions come from the xray-ask of each VM, or through ssh from an
 * xray-prompt elsewhere; the terminal or standard output shows them, and a hub
 * hands them on.
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
#include "hub.h"
#include "io.h"
#include "opt.h"
#include "page.h"
#include "plugin.h"
#include "run.h"
#include "term.h"

enum { OPT_STDIO = OPT_OWN, OPT_PROGRAM, OPT_VIA };
enum { FIND_MS = 1000, LINE = 1024, END_MS = 2000 };

static const struct opt opts[] = {
	{ OPT_STDIO, "stdio", NULL, "questions and answers as lines" },
	{ OPT_PROGRAM, "program", "PROGRAM", "this one asks, as ask = does" },
	{ OPT_VIA, "via", "HOST", "the questions of another machine" },
	{ 0 },
};
static const struct usage use = { "xray-fw prompt", "[VM ...]", opts, 0 };
static const struct usage one_use = { "xray-prompt one", "VM ID",
	opts + LEN(opts) - 1, 0 };

enum { AT_IN, AT_SIGNAL, AT_HUB, AT_FRONT = AT_HUB + HUB_FDS };
enum { FDS = AT_FRONT + FRONT_FDS };

static struct {
	struct home home;
	struct strv names; /* of VMs; none: all */
	struct front front;
	struct page page;
	struct hub hub;
	struct pollfd p[FDS];
	long long find; /* ms, when next */
	const char *program, *via; /* NULL: none */
	unsigned one; /* 0: all */
	int oks; /* how often we were told what is shown */
	int stdio, terminal, hubs;
	int begun, keys; /* those of the terminal are ours */
	pid_t ssh;
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

static void
find(void)
{
	autostrv struct strv all = { 0 };
	struct why why;

	if (io_now() < s.find)
		return;
	s.find = io_now() + FIND_MS;
	if (!s.names.n && name_list(s.home.vms, &all, &why) < 0)
		die_why(&why);
	front_find(
	    &s.front, s.home.vms, s.names.n ? &s.names : &all, VM_ASK, NULL);
}

/* ---- elsewhere ---- */

static void
start_ssh(void)
{
	struct why why;
	int fd;

	if ((s.ssh = asker_elsewhere(s.via, &s.names, &fd, &why)) < 0)
		die_why(&why);
	(void)front_join(&s.front, FRONT_ANY, fd);
}

/* It has ended, and has said why. */
static void
ssh_ended(void)
{
	int code = run_wait(s.ssh, io_now() + END_MS);

	if (code == 0 || code > 128 || code < 0)
		code = EX_UNAVAILABLE;
	die(code, "%s: no more questions from there", s.via);
}

static void
unable(const char *text, void *arg)
{
	(void)arg;
	if (s.program)
		die(EX_UNAVAILABLE, "%s", text);
	warn("%s", text);
}

/* ---- on a terminal ---- */

/* What is to be shown here, NULL: nothing. */
static const struct dialog *
shown(void)
{
	for (size_t i = 0; i < s.front.nopen; i++)
		if (!s.one || s.front.open[i].id == s.one)
			return &s.front.open[i];
	return NULL;
}

/* We may be spoken to: the keys are ours, or who speaks lines is told. */
static void
begin(void)
{
	if (s.begun)
		return;
	s.begun = 1;
	if (s.stdio)
		say("ok - 0\n");
	if (s.terminal && term_open(0) < 0)
		die_sys(EX_IOERR, "terminal");
	s.keys = s.terminal;
	if (s.keys && !s.one)
		note("questions come here; q leaves");
}

static _Noreturn void
leave(void)
{
	(void)say_done();
	exit(s.one ? EX_NO : EX_OK);
}

/* Print what the page has to say. */
static void
put(const struct buf *b)
{
	if (b->n)
		say("%s", b->p);
	flush();
}

/* Show what is to be shown now, if it is not what is. */
static void
look(void)
{
	autobuf struct buf b = { 0 };
	int rows;

	term_size(&rows, &s.page.cols);
	if (page_look(&s.page, shown(), io_now(), &b))
		term_forget(); /* typed before it was there */
	put(&b);
}

static void
key(int c)
{
	autobuf struct buf b = { 0 };
	struct decree decree;

	if (c == 'q' || c == TERM_END || (s.one && c == TERM_ESCAPE))
		leave();
	if (page_key(&s.page, shown(), c, io_now(), &decree, &b))
		(void)front_decree(&s.front, &decree); /* gone: so is it */
	put(&b);
}

/* What became of an answer; the next question may be there already. */
static void
heard_result(const char *line)
{
	autobuf struct buf b = { 0 };

	page_heard(&s.page, shown(), line, io_now(), &b);
	put(&b);
}

static void
heard(const char *vm, const char *line, void *arg)
{
	unsigned id;

	(void)vm;
	(void)arg;
	begin();
	if (sscanf(line, "ok %*s %u", &id) == 1 && id == 0) {
		s.oks++;
		flush();
		return;
	}
	if (s.hubs)
		hub_tell(&s.hub, line);
	if (s.keys)
		heard_result(line);
	if (s.stdio)
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
	if (n <= 0)
		exit(say_done());
	s.n += (size_t)n;
	while ((end = memchr(s.in, '\n', s.n))) {
		size_t used = (size_t)(end - s.in) + 1;

		*end = '\0';
		take_line(s.in);
		s.n -= used;
		memmove(s.in, end + 1, s.n);
	}
	if (s.n == sizeof s.in) /* no line of ours */
		exit(say_done());
}

/* ---- all ---- */

/* Ask for questions while there is somebody who can be asked. */
static void
seek(void)
{
	int some = s.terminal || s.stdio || fronts_count(&s.hub.fronts);

	if (!some && !hub_has(&s.hub))
		die(EX_UNAVAILABLE, "%s: nobody is there to be asked",
		    s.program ? s.program : "here");
	if (s.one) {
		if ((s.oks > 1 && !shown()) ||
		    !front_has(&s.front, s.names.v[0]))
			exit(say_done());
	} else if (!s.via) {
		if (some)
			find();
	} else if (s.ssh && !front_has(&s.front, FRONT_ANY)) {
		ssh_ended();
	} else if (some && !s.ssh)
		start_ssh();
}

/* The question comes from where a program that shows it has it.  It comes
 * behind an "ok": with a second one it has come, if it is there. */
static void
join_one(void)
{
	const char *sock = getenv("XRAY_ASK_SOCK");
	struct why why;
	int fd = asker_connect(&s.home, s.names.v[0], sock, &why);

	if (fd < 0)
		die_why(&why);
	(void)front_join(&s.front, s.names.v[0], fd);
	(void)front_say(&s.front, s.names.v[0], "front popup");
}

static void
turn(void)
{
	int c, wait;

	seek();
	if (s.keys)
		look();
	s.p[AT_IN] = (struct pollfd){ .fd = s.stdio || s.keys ? 0 : -1,
		.events = POLLIN };
	s.p[AT_SIGNAL] =
	    (struct pollfd){ .fd = s.keys ? term_fd() : -1, .events = POLLIN };
	wait = talk_sooner(hub_poll(&s.hub, s.p + AT_HUB), FIND_MS);
	talk_poll(&s.front.talk, s.p + AT_FRONT);
	if (poll(s.p, FDS, wait) < 0) {
		if (errno != EINTR)
			die_sys(EX_OSERR, "poll");
		return; /* the signal is looked at in the next turn */
	}
	talk_serve(&s.front.talk, s.p + AT_FRONT, io_now());
	hub_serve(&s.hub, s.p + AT_HUB, io_now());
	if (s.p[AT_SIGNAL].fd >= 0)
		(void)term_obey();
	if (s.p[AT_IN].revents && s.stdio)
		take_lines();
	while (s.keys && s.p[AT_IN].revents && (c = term_key()) != TERM_NONE)
		key(c);
}

static void
take_option(int c)
{
	switch (c) {
	case OPT_STDIO:
		s.stdio = 1;
		break;
	case OPT_PROGRAM:
		s.program = optarg;
		break;
	case OPT_VIA:
		s.via = optarg;
		break;
	}
}

static void
parse(int argc, char **argv)
{
	struct why why;
	int c;

	while ((c = opt_next(argc, argv, &use)) != -1)
		take_option(c);
	argv += optind;
	if (s.stdio && s.program)
		die_usage(&use, "--stdio or --program");
	if (s.via && (!*s.via || *s.via == '-'))
		die_usage(&use, "--via: %s: no host", s.via);
	s.hubs = s.program || (s.via && !s.stdio);
	s.terminal = !s.stdio && !s.program && isatty(0) && isatty(1);
	if (!s.stdio && !s.terminal && !s.hubs)
		die_usage(&use, "no terminal; --stdio is for programs");
	if (home_open(&s.home, &why) < 0)
		die_why(&why);
	if (!s.via) {
		if (askers_names(&s.home, argv, &s.names, &why) < 0)
			die_why(&why);
		return;
	}
	for (; *argv; argv++) {
		if (name_check(*argv, &why) < 0)
			die_why(&why);
		strv_add(&s.names, *argv);
	}
}

/* Those that come to the socket are started by the programs. */
static void
open_hub(void)
{
	autofree char *bin = NULL, *share = NULL, *path = NULL, *ours = NULL;
	const char *ask = s.program;
	struct why why;

	if (!ask)
		ask = s.terminal ? "desktop" : "auto";
	else if (strchr(ask, '/') && !(ask = path = realpath(ask, NULL)))
		die_sys(EX_NOINPUT, "%s", s.program);
	if (!(bin = home_bin_dir(&why)) || !(share = home_share_dir(&why)))
		die_why(&why);
	ours = xasprintf("%s/ask/%s", share, ask);
	if (!path && strcmp(ask, "auto") != 0 && access(ours, X_OK) < 0)
		die(EX_NOINPUT,
		    "--program: %s: not auto, desktop, tmux, zenity, kdialog, "
		    "osascript or webhook, or a path",
		    ask);
	plugin_environment(bin);
	if (hub_listen(&s.hub, s.home.fd, s.home.path) < 0)
		die_sys(EX_IOERR, "%s/prompt", s.home.path);
	if (usher_choose(&s.hub.usher, share, ask, &why) < 0)
		die_why(&why);
	s.hub.usher.failed = unable;
	usher_call(&s.hub.usher, s.hub.called = io_now());
}

static _Noreturn void
go_on(const char *name)
{
	front_init(&s.front, name);
	s.front.line = heard;
	hub_init(&s.hub, &s.front, io_now());
	signal(SIGPIPE, SIG_IGN);
	if (!s.via) /* else ssh may have to ask for a password first */
		begin();
	if (s.hubs)
		open_hub();
	if (s.one)
		join_one();
	flush();
	for (;;)
		turn();
}

static int
prompt(int argc, char **argv)
{
	parse(argc, argv);
	go_on(s.stdio ? "stdio" : s.terminal ? "prompt" : "program");
}

/* What a popup shows: it goes when the question does. */
static int
one(int argc, char **argv)
{
	struct why why;

	while (opt_next(argc, argv, &one_use) != -1)
		continue;
	if (argc - optind != 2)
		die_usage(&one_use, "one VM and the number of its question");
	if (!isatty(0) || !isatty(1))
		die_usage(&one_use, "no terminal");
	if (home_open(&s.home, &why) < 0 || name_check(argv[optind], &why) < 0)
		die_why(&why);
	strv_add(&s.names, argv[optind]);
	s.one = (unsigned)opt_int(&one_use, "ID", argv[optind + 1], 1, 1 << 30);
	s.terminal = 1;
	go_on("popup");
}

static const struct verb verbs[] = {
	{ &use, prompt, "answer questions here" },
	{ &one_use, one, "answer this one on the terminal" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
