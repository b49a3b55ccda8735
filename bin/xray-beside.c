/* SPDX-License-Identifier: ISC */
/*
 * xray-beside: the questions of a VM on our terminal, between what a program
 * prints there; run by xray-ssh and xray-supervise.
 *
 * What is printed waits while a question is there, and never reaches the
 * terminal but as text: whoever answers sees what is asked, not what a guest
 * would like him to see.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asker.h"
#include "front.h"
#include "io.h"
#include "opt.h"
#include "page.h"
#include "run.h"
#include "sift.h"
#include "sys.h"
#include "term.h"

enum { OPT_AS = OPT_OWN, OPT_FROM };
enum { FIND_MS = 1000, CHUNK = 4096 };

static const struct opt opts[] = {
	{ OPT_AS, "as", "NAME", "who asks, for fw status" },
	{ OPT_FROM, "from", "FD", "what is printed comes from there" },
	{ 0 },
};
static const struct usage use = { "xray-beside", "VM [COMMAND ...]", opts, 1 };

/* Of the program: its output and error; or what comes from --from. */
enum { SOURCES = 2 };
enum { AT_KEYS, AT_SIGNAL, AT_CHILD, AT_SOURCE };
enum { AT_FRONT = AT_SOURCE + SOURCES, FDS = AT_FRONT + FRONT_FDS };

static struct {
	struct home home;
	struct strv names; /* of the VM */
	struct front front;
	struct page page;
	struct {
		int from, to; /* from -1: none, or its end */
		struct sift sift;
	} source[SOURCES];
	struct pollfd p[FDS];
	long long find; /* ms, when next */
	int in, tty; /* our own input; to print questions */
	int asks; /* until a person leaves */
	pid_t pid; /* of the program, 0: none */
	int child[2]; /* a byte when it may have ended */
} s = { .source = { { .from = -1 }, { .from = -1 } },
	.tty = -1,
	.asks = 1,
	.child = { -1, -1 } };

/* ---- the terminal ---- */

static void
print(int fd, const struct buf *b)
{
	if (b->n)
		(void)io_write(fd, b->p, b->n); /* nobody there: keys tell */
}

static const struct dialog *
shown(void)
{
	return s.asks && s.front.nopen ? &s.front.open[0] : NULL;
}

static void
look(void)
{
	autobuf struct buf b = { 0 };
	int rows;

	term_size(&rows, &s.page.cols);
	if (page_look(&s.page, shown(), io_now(), &b))
		term_forget(); /* typed before it was there */
	print(s.tty, &b);
}

/* A person has had enough of it: others may answer. */
static void
leave(void)
{
	autobuf struct buf b = { 0 };

	s.asks = 0;
	for (size_t i = 0; i < FRONT_VMS; i++)
		if (*s.front.vm[i])
			talk_drop(&s.front.talk, i);
	buf_str(&b, page_open(&s.page) ? "\n" : "");
	s.page.press.id = 0;
	print(s.tty, &b);
	term_close();
}

static void
key(int c)
{
	autobuf struct buf b = { 0 };
	struct decree decree;

	if (c == TERM_END || (c == 'q' && page_open(&s.page)))
		leave();
	else if (page_key(&s.page, shown(), c, io_now(), &decree, &b))
		(void)front_decree(&s.front, &decree); /* gone: so is it */
	print(s.tty, &b);
}

static void
heard(const char *vm, const char *line, void *arg)
{
	autobuf struct buf b = { 0 };

	(void)vm;
	(void)arg;
	page_heard(&s.page, shown(), line, io_now(), &b);
	print(s.tty, &b);
}

/* ---- the VM ---- */

static void
find(void)
{
	if (!s.asks || io_now() < s.find)
		return;
	s.find = io_now() + FIND_MS;
	front_find(&s.front, s.home.vms, &s.names, VM_ASK, NULL);
}

/* ---- what is printed ---- */

/* 1 when something was there. */
static int
pass_on(int i)
{
	autobuf struct buf b = { 0 };
	char chunk[CHUNK];
	ssize_t n = read(s.source[i].from, chunk, sizeof chunk);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n > 0)
		sift(&s.source[i].sift, chunk, (size_t)n, &b);
	else {
		sift_end(&s.source[i].sift, &b);
		close(s.source[i].from);
		s.source[i].from = -1;
	}
	print(s.source[i].to, &b);
	return 1;
}

/* It is over: what is left. */
static void
drain(void)
{
	for (int i = 0; i < SOURCES; i++)
		while (s.source[i].from >= 0 && pass_on(i))
			continue;
}

static void
follow(int i, int from, int to)
{
	if (fcntl(from, F_SETFL, O_NONBLOCK) < 0)
		die_sys(EX_OSERR, "output");
	s.source[i].from = from;
	s.source[i].to = to;
}

/* ---- the program ---- */

static void
on_child(int sig)
{
	int err = errno;
	char c = (char)sig;

	(void)!write(s.child[1], &c, 1); /* full: one is enough */
	errno = err;
}

/* What it prints on the terminal comes to us, what goes elsewhere does not;
 * from the terminal it reads nothing, for the keys are ours. */
static void
start(char **argv)
{
	struct sigaction sa = { .sa_handler = on_child };
	struct run r = RUN_PLAIN;
	int *const to[SOURCES] = { &r.out, &r.err };
	int p[2];
	struct why why;

	if (sys_pipe(s.child) < 0 ||
	    fcntl(s.child[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(s.child[1], F_SETFL, O_NONBLOCK) < 0)
		die_sys(EX_OSERR, "pipe");
	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL); /* it can be caught */
	for (int i = 0; i < SOURCES; i++)
		if (isatty(1 + i)) {
			if (sys_pipe(p) < 0)
				die_sys(EX_OSERR, "pipe");
			follow(i, p[0], 1 + i);
			*to[i] = p[1];
		}
	r.in = isatty(s.in) ? RUN_NULL : s.in;
	r.tied = 1;
	s.pid = run_spawn(&r, argv, &why);
	if (s.pid < 0)
		die_why(&why);
	for (int i = 0; i < SOURCES; i++)
		if (*to[i] >= 0)
			close(*to[i]);
	if (s.in != 0)
		close(s.in);
}

/* Put the terminal back, and end as the program did. */
static void
maybe_done(void)
{
	char c;
	int status;

	while (s.child[0] >= 0 && read(s.child[0], &c, 1) == 1)
		continue;
	if (s.pid && waitpid(s.pid, &status, WNOHANG) == s.pid) {
		leave();
		drain();
		exit(run_code(status));
	}
	if (!s.pid && s.source[0].from < 0) {
		leave();
		exit(EX_OK);
	}
}

/* ---- all ---- */

static void
turn(void)
{
	int c, held;

	find();
	look();
	held = page_open(&s.page);
	s.p[AT_KEYS] =
	    (struct pollfd){ .fd = s.asks ? 0 : -1, .events = POLLIN };
	s.p[AT_SIGNAL] = (struct pollfd){ .fd = term_fd(), .events = POLLIN };
	s.p[AT_CHILD] = (struct pollfd){ .fd = s.child[0], .events = POLLIN };
	for (int i = 0; i < SOURCES; i++)
		s.p[AT_SOURCE + i] =
		    (struct pollfd){ .fd =
					 held && s.pid ? -1 : s.source[i].from,
			    .events = held ? 0 : POLLIN };
	talk_poll(&s.front.talk, s.p + AT_FRONT);
	if (poll(s.p, FDS, s.asks ? io_left(s.find) : -1) < 0) {
		if (errno != EINTR)
			die_sys(EX_OSERR, "poll");
		return; /* the signal is looked at in the next turn */
	}
	talk_serve(&s.front.talk, s.p + AT_FRONT, io_now());
	(void)term_obey();
	while (s.asks && s.p[AT_KEYS].revents && (c = term_key()) != TERM_NONE)
		key(c);
	for (int i = 0; i < SOURCES; i++)
		if (s.p[AT_SOURCE + i].revents && held)
			leave(); /* who prints has gone */
		else if (s.p[AT_SOURCE + i].revents)
			(void)pass_on(i);
	maybe_done();
}

/* Keys are read from descriptor 0, whatever our input was. */
static void
take_terminal(void)
{
	s.tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (s.tty < 0)
		die_sys(EX_UNAVAILABLE, "terminal");
	if (isatty(0))
		return;
	s.in = fcntl(0, F_DUPFD_CLOEXEC, 3);
	if (s.in < 0 || dup2(s.tty, 0) < 0)
		die_sys(EX_OSERR, "terminal");
}

int
main(int argc, char **argv)
{
	const char *name = "beside";
	int c, from = -1;
	struct why why;

	while ((c = opt_next(argc, argv, &use)) != -1)
		if (c == OPT_AS)
			name = optarg;
		else
			from = opt_fd(&use, "--from", optarg);
	if (optind == argc || (from >= 0) != (optind + 1 == argc))
		die_usage(&use, "a VM, and a command or --from");
	strv_add(&s.names, argv[optind]);
	if (home_open_within(&s.home, &why) < 0)
		die_why(&why);
	take_terminal();
	front_init(&s.front, name);
	s.front.line = heard;
	if (from >= 0)
		follow(0, from, 1);
	else
		start(argv + optind + 1);
	signal(SIGPIPE, SIG_IGN);
	if (term_open(0) < 0)
		die_sys(EX_IOERR, "terminal");
	for (;;)
		turn();
}
