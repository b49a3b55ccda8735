/* SPDX-License-Identifier: ISC */
/*
 * xray-ask: the questions of one VM, and who answers them.
 *
 * Those who ask are the VM's gateway, to which we connect, and whoever comes to
 * ask.sock and does; those who answer come there too.  What a person says goes
 * to the askers at once, and then into the files of rules.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asker.h"
#include "desk.h"
#include "io.h"
#include "keep.h"
#include "loop.h"
#include "opt.h"
#include "plugin.h"
#include "qemu.h"
#include "turn.h"

static const struct opt opts[] = {
	{ 0 },
};
static const struct usage use = { "xray-ask", "VM", opts, 0 };

enum { GATEWAY_MS = 200, LOOK_MS = 2000, CONF_MS = 1000, TIMEOUT_MS = 300000 };

static struct {
	struct home home;
	struct vm vm;
	struct desk desk;
	struct turn turn;
	struct keep keep;
	struct loop loop;
	long long try_gateway, look, look_turn, read_conf; /* ms, when next */
	int wanted; /* something to show, when we looked */
	int asks; /* the file that tells how many are open */
	unsigned told; /* what it says */
	char *share, *said; /* what is wrong with ask, when we looked */
	ino_t sock; /* ask.sock, while it is ours */
} s;

static void
unable(const char *text, void *arg)
{
	(void)arg;
	if (s.said && strcmp(s.said, text) == 0)
		return;
	free(s.said);
	s.said = xstrdup(text);
	warn("%s", text);
}

static void
choose(const char *ask)
{
	struct why why;

	s.desk.nobody = strcmp(ask, "none") == 0;
	if (usher_choose(&s.desk.usher, s.share, ask, &why) < 0)
		unable(why.text, NULL);
}

/* What config.ini says now; one that is broken says nothing. */
static void
policy(void *arg)
{
	autoconf struct conf *c = NULL;
	const char *ask, *nobody;

	(void)arg;
	if (s.loop.ms < s.read_conf)
		return;
	c = conf_read(s.home.fd, "config.ini", "config.ini", NULL);
	ask = c ? conf_get(c, NULL, "ask") : NULL;
	nobody = c ? conf_get(c, NULL, "ask_nobody") : NULL;
	s.read_conf = s.loop.ms + CONF_MS;
	s.desk.ask.timeout = TIMEOUT_MS;
	if (c)
		(void)conf_ms(c, "ask_timeout", &s.desk.ask.timeout, NULL);
	choose(ask ? ask : "auto");
	s.desk.hold = nobody && strcmp(nobody, "hold") == 0;
}

/* The next question is another VM's, if there is one. */
static void
over(void *arg)
{
	(void)arg;
	turn_done(&s.turn, s.loop.ms);
	s.look_turn = 0;
}

static void
failed(const char *dest, const char *text, void *arg)
{
	(void)arg;
	warn("%s: %s: not written down: %s", s.vm.name, dest, text);
}

static void
find_gateway(void)
{
	int fd;

	if (s.desk.gateway >= 0 || s.loop.ms < s.try_gateway)
		return;
	s.try_gateway = s.loop.ms + GATEWAY_MS;
	fd = io_connect(s.vm.dir, VM_CONTROL);
	if (fd >= 0)
		desk_gateway(&s.desk, fd);
}

static int
is_ours(void)
{
	struct stat st;

	return fstatat(s.vm.dir, VM_ASK, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == s.sock;
}

/* The VM has ended, or another of us serves it. */
static void
look(void)
{
	if (s.loop.ms < s.look)
		return;
	s.look = s.loop.ms + LOOK_MS;
	if (!vm_alive(&s.vm) || !is_ours())
		loop_end();
}

static void
take_turn(void)
{
	int wants = ask_wants(&s.desk.ask, s.loop.ms);

	if (wants != s.wanted || s.loop.ms >= s.look_turn) {
		s.look_turn = wants ? s.loop.ms + TURN_MS : INT64_MAX;
		s.wanted = wants;
		s.desk.ask.turn = turn_take(&s.turn, wants, s.loop.ms);
	}
	desk_turn(&s.desk, s.desk.ask.turn);
}

static void
tell_open(void)
{
	unsigned n = (unsigned)ask_waiting(&s.desk.ask) +
	    (ask_showing(&s.desk.ask) != NULL);

	if (n != s.told)
		asks_tell(s.asks, n);
	s.told = n;
}

static int
patience(int desk)
{
	int wait = s.desk.gateway < 0 ? GATEWAY_MS : LOOK_MS;

	if (s.wanted && wait > TURN_MS)
		wait = TURN_MS;
	return desk >= 0 && desk < wait ? desk : wait;
}

static void
turn(void)
{
	int wait;

	take_turn();
	take_turn(); /* what was over may have made room for another */
	keep_write(&s.keep, &s.desk.ask, &s.desk.scribe, s.loop.ms);
	tell_open();
	wait = patience(desk_poll(&s.desk, s.loop.p));
	s.loop.n = DESK_FDS;
	if (loop_wait(&s.loop, wait) < 0)
		die_sys(EX_OSERR, "poll");
	desk_serve(&s.desk, s.loop.p, s.loop.ms);
	look();
	if (!loop_over())
		find_gateway();
}

static void
open_all(const char *name)
{
	struct stat st;
	struct why why;

	if (home_open_within(&s.home, &why) < 0 ||
	    vm_open(&s.home, name, &s.vm, &why) < 0)
		die_why(&why);
	if (!vm_alive(&s.vm))
		die(EX_UNAVAILABLE, "%s: stopped", s.vm.name);
	s.asks = asks_begin(&s.vm);
	if (s.asks < 0 && errno == EWOULDBLOCK)
		die(EX_TEMPFAIL,
		    "%s: another xray-ask serves it; to answer: xray fw prompt "
		    "%s",
		    s.vm.name, s.vm.name);
	if (turn_open(&s.turn, &s.home, s.vm.name, &why) < 0)
		die_why(&why);
	if (talk_open(&s.desk.talk, s.vm.dir, VM_ASK) < 0 ||
	    fstatat(s.vm.dir, VM_ASK, &st, AT_SYMLINK_NOFOLLOW) < 0)
		die_sys(EX_OSERR, "%s: " VM_ASK, s.vm.name);
	s.sock = st.st_ino;
}

/* What the programs find: our commands, the home, and where others that they
 * start are told the same questions. */
static void
environment(const char *bin)
{
	autofree char *sock =
	    xasprintf("%s/vms/%s/" VM_ASK, s.home.path, s.vm.name);

	plugin_environment(bin);
	(void)setenv("XRAY_ASK_SOCK", sock, 1);
}

static void
end(void)
{
	(void)turn_take(&s.turn, 0, s.loop.ms);
	if (is_ours())
		(void)unlinkat(s.vm.dir, VM_ASK, 0);
	asks_end(&s.vm, s.asks);
	scribe_leave(&s.desk.scribe);
	usher_end(&s.desk.usher, s.loop.ms);
}

int
main(int argc, char **argv)
{
	autofree char *bin = NULL, *fw = NULL;
	struct why why;

	while (opt_next(argc, argv, &use) != -1)
		continue;
	if (argc - optind != 1)
		die_usage(&use, "one VM");
	if (!(bin = home_bin_dir(&why)) || !(s.share = home_share_dir(&why)))
		die_why(&why);
	fw = xasprintf("%s/xray-fw", bin);
	loop_start(&s.loop);
	desk_init(&s.desk, argv[optind], fw);
	s.desk.policy = policy;
	s.desk.over = over;
	s.desk.failed = failed;
	s.desk.unable = unable;
	s.desk.now = s.loop.ms;
	open_all(argv[optind]);
	s.desk.vm = s.desk.scribe.vm = s.vm.name;
	keep_open(
	    &s.keep, s.vm.dir, VM_ASKED, s.vm.name, &s.desk.ask, s.loop.ms);
	environment(bin);
	policy(NULL);
	while (!loop_over())
		turn();
	end();
	return 0;
}
