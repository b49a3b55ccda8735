/* SPDX-License-Identifier: ISC */
/*
 * xray-ask: the questions of one VM, and who answers them.
 *
 * Those who ask are the VM's gateway, to which we connect, and whoever comes to
 * ask.sock and does; those who answer come there too.  What a person says goes
 * to the askers at once, and then into the files of rules.
 */
#include "say.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asker.h"
#include "dialog.h"
#include "io.h"
#include "keys.h"
#include "loop.h"
#include "opt.h"
#include "qemu.h"
#include "scribe.h"
#include "talk.h"
#include "turn.h"

static const struct opt opts[] = {
	{ 0 },
};
static const struct usage use = { "xray-ask", "VM", opts, 0 };

enum { CLIENTS = 32, NAME_TEXT = 24, WORDS = 6 };
enum { AT_SCRIBE = CLIENTS + 1, FDS };
enum { GATEWAY_MS = 200, LOOK_MS = 2000, RULE_MS = 300000 };
/* s that an answer counts by itself, until its rule does: the gateway asks
 * again then. */
enum { BRIDGE_S = 5, ONCE_DENY_S = 60, DENY_MOST_S = 600 };

static struct {
	struct home home;
	struct vm vm;
	struct talk talk;
	struct ask ask;
	struct scribe scribe;
	struct turn turn;
	struct loop loop;
	struct {
		char front[NAME_TEXT]; /* "": it shows nothing */
	} client[CLIENTS];
	long gateway; /* its connection, -1: none */
	long long try_gateway, look, look_turn; /* ms, when next */
	int wanted; /* something to show, when we looked */
	size_t waiting; /* as told */
	ino_t sock; /* ask.sock, while it is ours */
	enum { AUTO, NONE } who;
	int hold; /* ask_nobody */
	long long read_conf; /* ms, when */
} s = { .talk = TALK_INIT, .gateway = -1 };

/* ---- those who answer ---- */

static int
is_front(size_t i)
{
	return *s.client[i].front != '\0';
}

static void
tell_fronts(const char *line)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (is_front(i))
			talk_say(&s.talk, i, "%s", line);
}

static void
count_people(void)
{
	int n = 0;

	for (size_t i = 0; i < CLIENTS; i++)
		n += is_front(i);
	s.ask.people = s.who != NONE && (n || s.hold);
}

static void
question_line(const struct question *q, struct buf *out)
{
	struct dialog d = { .id = q->id,
		.to = q->to,
		.tries = q->tries,
		.last = q->last,
		.waiting = (unsigned)ask_waiting(&s.ask) };

	(void)snprintf(d.vm, sizeof d.vm, "%s", s.vm.name);
	dialog_print(&d, out);
}

/* ---- the calls of the queue ---- */

static void
reply(int who, unsigned id, enum rule_verdict v, unsigned seconds, void *arg)
{
	(void)arg;
	talk_say(&s.talk, (size_t)who, "answer %u %s %u", id,
	    v == RULE_ALLOW ? "allow" : "deny", seconds);
}

static void
show(const struct question *q, void *arg)
{
	autobuf struct buf line = { 0 };

	(void)arg;
	question_line(q, &line);
	s.waiting = ask_waiting(&s.ask);
	tell_fronts(line.p);
}

/* The next question is another VM's, if there is one. */
static void
withdraw(const struct question *q, void *arg)
{
	autofree char *line = xasprintf("withdraw %s %u", s.vm.name, q->id);

	(void)arg;
	tell_fronts(line);
	turn_done(&s.turn, s.loop.ms);
	s.ask.turn = 0;
	s.look_turn = 0;
}

/* ---- config.ini ---- */

static void
read_conf(void)
{
	autoconf struct conf *c =
	    conf_read(s.home.fd, "config.ini", "config.ini", NULL);
	const char *who = c ? conf_get(c, NULL, "ask") : NULL;
	const char *nobody = c ? conf_get(c, NULL, "ask_nobody") : NULL;

	s.read_conf = s.loop.ms;
	s.ask.timeout = 300000;
	if (c)
		(void)conf_ms(c, "ask_timeout", &s.ask.timeout, NULL);
	s.who = who && strcmp(who, "none") == 0 ? NONE : AUTO;
	s.hold = nobody && strcmp(nobody, "hold") == 0;
	count_people();
}

/* ---- what comes ---- */

static void
asked(size_t who, char *const *w, size_t n)
{
	const struct deed *d;
	struct ask_to to;
	long long id;

	if (n != 5 || num_int(w[1], 0, UINT32_MAX, &id) < 0)
		return;
	if (dialog_to(&to, w[2], w[3], w[4]) < 0) {
		reply((int)who, (unsigned)id, RULE_DENY, 1, NULL);
		return;
	}
	if ((d = scribe_owes(&s.scribe, &to))) { /* its rule is on the way */
		reply((int)who, (unsigned)id, d->verdict, BRIDGE_S, NULL);
		return;
	}
	if (s.loop.ms - s.read_conf >= 1000)
		read_conf();
	ask_request(&s.ask, (int)who, (unsigned)id, &to, s.loop.ms);
}

static void
front(size_t who, const char *name)
{
	const struct question *q = ask_showing(&s.ask);
	autobuf struct buf line = { 0 };

	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
		strlen(name) ||
	    strlen(name) >= NAME_TEXT) {
		talk_say(&s.talk, who, "error %s 0 front: lower-case letters",
		    s.vm.name);
		return;
	}
	memcpy(s.client[who].front, name, strlen(name) + 1);
	read_conf();
	talk_say(&s.talk, who, "ok %s 0", s.vm.name);
	if (!q)
		return;
	question_line(q, &line);
	talk_say(&s.talk, who, "%s", line.p);
}

static void
pending(size_t who)
{
	static const char *const states[] = { [ASK_WAITS] = "waits",
		[ASK_SHOWING] = "shown",
		[ASK_IS_LATE] = "late" };

	for (const struct question *q = NULL; (q = ask_next(&s.ask, q));)
		talk_say(&s.talk, who, "pending %s %u %s %lld %s %s %u %u %s",
		    s.vm.name, q->id, states[q->state],
		    (s.loop.ms - q->since) / 1000, dialog_proto(&q->to),
		    q->to.host, q->to.port, q->tries, dialog_kind(&q->to));
	talk_say(&s.talk, who, "end %s", s.vm.name);
}

/* pending=2 answerers=prompt,watch */
static void
status(size_t who)
{
	autobuf struct buf names = { 0 };
	unsigned n = 0;

	for (const struct question *q = NULL; (q = ask_next(&s.ask, q));)
		n++;
	for (size_t i = 0; i < CLIENTS; i++)
		if (is_front(i))
			buf_fmt(&names, "%s%s", names.n ? "," : "",
			    s.client[i].front);
	talk_say(&s.talk, who, "ok pending=%u answerers=%s", n,
	    s.who == NONE ? "none" :
		names.n	  ? names.p :
			    "");
}

/* A person's no for once holds longer each time in a row. */
static void
life_of(const struct decree *d, const struct question *q, char *out)
{
	unsigned s_ = ONCE_DENY_S;

	if (d->verdict == RULE_ALLOW || strcmp(d->life, "once") != 0) {
		(void)snprintf(out, SCRIBE_LIFE, "%s", d->life);
		return;
	}
	for (unsigned i = 0; i < q->denials && s_ < DENY_MOST_S; i++)
		s_ *= 2;
	(void)snprintf(out, SCRIBE_LIFE, "%us",
	    s_ < DENY_MOST_S ? s_ : (unsigned)DENY_MOST_S);
}

static void
answered(size_t who, const char *text)
{
	struct deed deed = { .who = (long)who };
	const struct question *q;
	struct decree d;
	struct why why;

	if (decree_parse(&d, text, &why) < 0) {
		talk_say(&s.talk, who, "error %s 0 %s", s.vm.name, why.text);
		return;
	}
	q = ask_find(&s.ask, d.id);
	if (!q || strcmp(d.vm, s.vm.name) != 0) {
		talk_say(&s.talk, who, "error %s %u no such question",
		    s.vm.name, d.id);
		return;
	}
	deed.to = q->to;
	deed.verdict = d.verdict;
	deed.id = d.id;
	deed.until = s.loop.ms + RULE_MS;
	life_of(&d, q, deed.life);
	if (dialog_dest(&q->to, d.scope, deed.dest, &why) < 0) {
		talk_say(
		    &s.talk, who, "error %s %u %s", s.vm.name, d.id, why.text);
		return;
	}
	if (scribe_add(&s.scribe, &deed) < 0) {
		talk_say(&s.talk, who, "error %s %u too many at once",
		    s.vm.name, d.id);
		return;
	}
	talk_say(&s.talk, who, "ok %s %u", s.vm.name, d.id);
	(void)ask_answer(
	    &s.ask, d.id, d.verdict, BRIDGE_S, &deed.to, s.loop.ms);
}

static void
heard(size_t who, char *line, void *arg)
{
	static const char answer[] = "answer ";
	char *w[WORDS], *save = NULL;
	size_t n = 0;

	(void)arg;
	if (str_starts(line, answer)) {
		answered(who, line + sizeof answer - 1);
		return;
	}
	for (char *p = strtok_r(line, " ", &save); p && n < WORDS;
	     p = strtok_r(NULL, " ", &save))
		w[n++] = p;
	if (n && strcmp(w[0], "ask") == 0)
		asked(who, w, n);
	else if ((long)who == s.gateway)
		return; /* its "ok", or an older one's "error" */
	else if (n == 2 && strcmp(w[0], "front") == 0)
		front(who, w[1]);
	else if (n == 1 && strcmp(w[0], "pending") == 0)
		pending(who);
	else if (n == 1 && strcmp(w[0], "status") == 0)
		status(who);
	else
		talk_say(&s.talk, who, "error %s 0 unknown request", s.vm.name);
}

static void
gone(size_t who, void *arg)
{
	(void)arg;
	if ((long)who == s.gateway)
		s.gateway = -1;
	*s.client[who].front = '\0';
	ask_gone(&s.ask, (int)who);
	scribe_gone(&s.scribe, (long)who);
	count_people();
}

/* ---- what becomes of answers ---- */

static void
told(const struct deed *d, enum scribe_end end, const char *text, void *arg)
{
	static const char *const words[] = { [SCRIBE_WRITTEN] = "written",
		[SCRIBE_LATER] = "delayed",
		[SCRIBE_FAILED] = "error" };

	(void)arg;
	if (d->who >= 0)
		talk_say(&s.talk, (size_t)d->who, "%s %s %u %s", words[end],
		    s.vm.name, d->id, text);
	if (end == SCRIBE_FAILED)
		warn("%s: %s: not written down: %s", s.vm.name, d->dest, text);
}

/* ---- going on ---- */

static void
find_gateway(void)
{
	int fd;

	if (s.gateway >= 0 || s.loop.ms < s.try_gateway)
		return;
	s.try_gateway = s.loop.ms + GATEWAY_MS;
	fd = io_connect(s.vm.dir, VM_CONTROL);
	if (fd < 0)
		return;
	s.gateway = talk_add(&s.talk, fd);
	if (s.gateway >= 0)
		talk_say(&s.talk, (size_t)s.gateway, "ask");
}

/* The VM has ended, or another of us serves it. */
static void
look(void)
{
	struct stat st;

	if (s.loop.ms < s.look)
		return;
	s.look = s.loop.ms + LOOK_MS;
	if (!vm_alive(&s.vm) ||
	    fstatat(s.vm.dir, VM_ASK, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_ino != s.sock)
		loop_end();
}

static void
take_turn(void)
{
	int wants = ask_wants(&s.ask, s.loop.ms);

	if (wants == s.wanted && s.loop.ms < s.look_turn)
		return;
	s.look_turn = wants ? s.loop.ms + TURN_MS : INT64_MAX;
	s.wanted = wants;
	s.ask.turn = turn_take(&s.turn, wants, s.loop.ms);
}

static void
tell_waiting(void)
{
	autofree char *line = NULL;
	size_t n = ask_waiting(&s.ask);

	if (n == s.waiting || !ask_showing(&s.ask))
		return;
	s.waiting = n;
	line = xasprintf("waiting %s %zu", s.vm.name, n);
	tell_fronts(line);
}

static int
sooner(int wait, long long other)
{
	return other < 0 || other > wait ? wait : (int)other;
}

static int
patience(void)
{
	long long now = s.loop.ms;
	int wait = sooner(LOOK_MS, ask_wait(&s.ask, now));

	wait = sooner(wait, talk_wait(&s.talk, now));
	wait = sooner(wait, scribe_wait(&s.scribe, now));
	if (s.gateway < 0)
		wait = sooner(wait, GATEWAY_MS);
	return s.wanted ? sooner(wait, TURN_MS) : wait;
}

static void
turn(void)
{
	take_turn();
	ask_tick(&s.ask, s.loop.ms);
	take_turn();
	ask_tick(&s.ask, s.loop.ms);
	tell_waiting();
	talk_poll(&s.talk, s.loop.p);
	s.loop.p[AT_SCRIBE] =
	    (struct pollfd){ .fd = scribe_fd(&s.scribe), .events = POLLIN };
	s.loop.n = FDS;
	if (loop_wait(&s.loop, patience()) < 0)
		die_sys(EX_OSERR, "poll");
	look();
	talk_serve(&s.talk, s.loop.p, s.loop.ms);
	scribe_serve(&s.scribe, s.loop.p[AT_SCRIBE].revents != 0, s.loop.ms);
	if (!loop_over())
		find_gateway();
}

static void
open_all(const char *name)
{
	struct stat st;
	struct why why;

	if (home_open_within(&s.home, &why) < 0 ||
	    vm_open(&s.home, name, &s.vm, &why) < 0 ||
	    turn_open(&s.turn, &s.home, s.vm.name, &why) < 0)
		die_why(&why);
	if (!vm_alive(&s.vm))
		die(EX_UNAVAILABLE, "%s: stopped", s.vm.name);
	if (talk_open(&s.talk, s.vm.dir, VM_ASK) < 0 ||
	    fstatat(s.vm.dir, VM_ASK, &st, AT_SYMLINK_NOFOLLOW) < 0)
		die_sys(EX_OSERR, "%s: " VM_ASK, s.vm.name);
	s.sock = st.st_ino;
}

/* Our socket goes, if it is still ours. */
static void
end(void)
{
	struct stat st;

	(void)turn_take(&s.turn, 0, s.loop.ms);
	if (fstatat(s.vm.dir, VM_ASK, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == s.sock)
		(void)unlinkat(s.vm.dir, VM_ASK, 0);
	scribe_leave(&s.scribe);
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
	if (!(bin = home_bin_dir(&why)))
		die_why(&why);
	fw = xasprintf("%s/xray-fw", bin);
	loop_start(&s.loop);
	s.talk.most = CLIENTS;
	s.talk.line = heard;
	s.talk.gone = gone;
	s.ask.call = (struct ask_calls){ reply, show, withdraw, NULL };
	open_all(argv[optind]);
	s.scribe.program = fw;
	s.scribe.vm = s.vm.name;
	s.scribe.told = told;
	read_conf();
	while (!loop_over())
		turn();
	end();
	return 0;
}
