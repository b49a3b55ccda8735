/* SPDX-License-Identifier: ISC */
#include "desk.h"

#include <stdio.h>
#include <string.h>

#include "dialog.h"

enum { WORDS = 6, RULE_MS = 300000 };
/* ms: between two looks who has come while a question is open, and after the
 * last question until programs are let go. */
enum { CALL_MS = 10000, REST_MS = 60000 };
/* s that an answer counts by itself, until its rule does: whoever asks asks
 * again then. */
enum { BRIDGE_S = 5, ONCE_DENY_S = 60, DENY_MOST_S = 600 };

/* ---- those who answer ---- */

/* Who is there, and whether somebody may yet come. */
static void
count_people(struct desk *d)
{
	d->ask.people = !d->nobody && (fronts_count(&d->fronts) || d->hold);
	d->ask.expected = !d->nobody && usher_expects(&d->usher, d->now);
}

/* Have those looked for who could be asked. */
static void
call_people(struct desk *d)
{
	d->policy(d->arg);
	if (!d->nobody) {
		d->called = d->now;
		usher_call(&d->usher, d->now);
	}
	count_people(d);
}

static struct dialog
dialog_of(const struct desk *d, const struct question *q)
{
	struct dialog g = { .id = q->id,
		.to = q->to,
		.tries = q->tries,
		.last = q->last,
		.waiting = (unsigned)ask_waiting(&d->ask) };

	(void)snprintf(g.vm, sizeof g.vm, "%s", d->vm);
	return g;
}

static void
question_line(const struct desk *d, const struct question *q, struct buf *out)
{
	struct dialog g = dialog_of(d, q);

	dialog_print(&g, out);
}

/* ---- the calls of the queue ---- */

static void
reply(int who, unsigned id, enum rule_verdict v, unsigned seconds,
    const char *why, void *arg)
{
	struct desk *d = arg;

	talk_say(&d->talk, (size_t)who, "answer %u %s %u %s", id,
	    v == RULE_ALLOW ? "allow" : "deny", seconds, why);
}

static void
show(const struct question *q, void *arg)
{
	autobuf struct buf line = { 0 };
	struct desk *d = arg;

	question_line(d, q, &line);
	d->waiting = ask_waiting(&d->ask);
	fronts_tell(&d->fronts, line.p, d->now);
}

/* The next question is another VM's, if there is one. */
static void
withdraw(const struct question *q, void *arg)
{
	struct desk *d = arg;
	autofree char *line = xasprintf("withdraw %s %u", d->vm, q->id);

	fronts_tell(&d->fronts, line, d->now);
	d->ask.turn = 0;
	d->over(d->arg);
}

/* ---- what comes ---- */

static void
asked(struct desk *d, size_t who, char *const *w, size_t n)
{
	const struct deed *deed;
	struct ask_to to;
	long long id;

	if (n != 5 || num_int(w[1], 0, UINT32_MAX, &id) < 0)
		return;
	if (dialog_to(&to, w[2], w[3], w[4]) < 0) {
		reply((int)who, (unsigned)id, RULE_DENY, 1, "nobody", d);
		return;
	}
	if ((deed = scribe_owes(&d->scribe, &to))) { /* its rule is coming */
		reply((int)who, (unsigned)id, deed->verdict, BRIDGE_S, "asked",
		    d);
		return;
	}
	call_people(d);
	ask_request(&d->ask, (int)who, (unsigned)id, &to, d->now);
}

static void
front(struct desk *d, size_t who, const char *name, const char *seconds)
{
	const struct question *q = ask_showing(&d->ask);
	autobuf struct buf line = { 0 };

	if (fronts_join(&d->fronts, who, name, seconds) < 0) {
		talk_say(&d->talk, who, "error %s 0 front: no name", d->vm);
		return;
	}
	usher_here(&d->usher, who);
	d->policy(d->arg);
	count_people(d);
	talk_say(&d->talk, who, "ok %s 0", d->vm);
	if (!q)
		return;
	question_line(d, q, &line);
	fronts_show(&d->fronts, who, line.p, d->now);
}

static void
pending(struct desk *d, size_t who)
{
	for (const struct question *q = NULL; (q = ask_next(&d->ask, q));) {
		struct listed l = { .state = q->state,
			.seconds = (unsigned)((d->now - q->since) / 1000),
			.d = dialog_of(d, q) };
		autobuf struct buf line = { 0 };

		listed_print(&l, &line);
		talk_say(&d->talk, who, "%s", line.p);
	}
	talk_say(&d->talk, who, "end %s", d->vm);
}

/* Said when it is known who is there. */
static void
status(struct desk *d)
{
	autobuf struct buf names = { 0 };
	unsigned n = 0;

	for (const struct question *q = NULL; (q = ask_next(&d->ask, q));)
		n++;
	if (d->nobody)
		buf_str(&names, "none");
	else
		fronts_names(&d->fronts, &names);
	for (size_t i = 0; i < DESK_CLIENTS; i++) {
		if (d->curious[i])
			talk_say(&d->talk, i, "ok pending=%u answerers=%s", n,
			    names.p);
		d->curious[i] = 0;
	}
}

/* A person's no for once holds longer each time in a row. */
static void
life_of(const struct decree *c, const struct question *q, char *out)
{
	unsigned hold = ONCE_DENY_S;

	for (unsigned i = 0; i < q->denials && hold < DENY_MOST_S; i++)
		hold *= 2;
	if (c->verdict == RULE_DENY && strcmp(c->life, "once") == 0)
		(void)snprintf(out, SCRIBE_LIFE, "%us",
		    hold < DENY_MOST_S ? hold : (unsigned)DENY_MOST_S);
	else
		(void)snprintf(out, SCRIBE_LIFE, "%s", c->life);
}

/* -1 with why when it is no answer. */
static int
take_answer(struct desk *d, const struct decree *c, size_t who, struct why *why)
{
	const struct question *q = ask_find(&d->ask, c->id);
	struct deed deed = { .who = (long)who,
		.id = c->id,
		.verdict = c->verdict,
		.until = d->now + RULE_MS };

	if (!q || strcmp(c->vm, d->vm) != 0)
		return why_set(why, 0, "no such question");
	deed.to = q->to;
	life_of(c, q, deed.life);
	if (dialog_dest(&q->to, c->scope, deed.dest, why) < 0)
		return -1;
	if (scribe_add(&d->scribe, &deed) < 0)
		return why_set(why, 0, "too many at once");
	talk_say(&d->talk, who, "ok %s %u", d->vm, c->id);
	return ask_answer(
	    &d->ask, c->id, c->verdict, BRIDGE_S, &deed.to, d->now);
}

static void
answered(struct desk *d, size_t who, const char *text)
{
	autobuf struct buf line = { 0 };
	const struct question *q;
	struct decree c;
	struct why why;

	if (decree_parse(&c, text, &why) < 0)
		;
	else if (c.verdict == RULE_ALLOW && (q = ask_showing(&d->ask)) &&
	    q->id == c.id && fronts_early(&d->fronts, who, d->now)) {
		why_set(&why, 0, "too early");
		question_line(d, q, &line);
	} else if (take_answer(d, &c, who, &why) == 0)
		return;
	talk_say(&d->talk, who, "error %s %u %s", d->vm, c.id, why.text);
	if (line.n)
		fronts_show(&d->fronts, who, line.p, d->now);
}

/* An error may have a part of it. */
static int
is_text(const char *line)
{
	while (*line >= ' ' && *line <= '~')
		line++;
	return !*line;
}

static void
heard(size_t who, char *line, void *arg)
{
	static const char answer[] = "answer ";
	char *w[WORDS], *save = NULL;
	struct desk *d = arg;
	size_t n = 0;

	if (!is_text(line)) {
		talk_say(&d->talk, who, "error %s 0 not printable", d->vm);
		return;
	}
	if (str_starts(line, answer)) {
		answered(d, who, line + sizeof answer - 1);
		return;
	}
	for (char *p = strtok_r(line, " ", &save); p && n < WORDS;
	     p = strtok_r(NULL, " ", &save))
		w[n++] = p;
	if (n && strcmp(w[0], "ask") == 0)
		asked(d, who, w, n);
	else if ((long)who == d->gateway)
		return; /* its "ok", or an older one's "error" */
	else if ((n == 2 || n == 3) && strcmp(w[0], "front") == 0)
		front(d, who, w[1], n == 3 ? w[2] : NULL);
	else if (n == 1 && strcmp(w[0], "pending") == 0)
		pending(d, who);
	else if (n == 1 && strcmp(w[0], "status") == 0) {
		d->curious[who] = 1;
		call_people(d);
	} else
		talk_say(&d->talk, who, "error %s 0 unknown request", d->vm);
}

static void
gone(size_t who, void *arg)
{
	struct desk *d = arg;

	if ((long)who == d->gateway)
		d->gateway = -1;
	fronts_leave(&d->fronts, who);
	usher_lost(&d->usher, who, d->now);
	d->curious[who] = 0;
	ask_gone(&d->ask, (int)who);
	scribe_gone(&d->scribe, (long)who);
	count_people(d);
}

/* What became of an answer; who gave it may be gone. */
static void
told(const struct deed *deed, enum scribe_end end, const char *text, void *arg)
{
	static const char *const words[] = { [SCRIBE_WRITTEN] = "written",
		[SCRIBE_LATER] = "delayed",
		[SCRIBE_FAILED] = "error" };
	struct desk *d = arg;

	if (deed->who >= 0)
		talk_say(&d->talk, (size_t)deed->who, "%s %s %u %s", words[end],
		    d->vm, deed->id, text);
	if (end == SCRIBE_FAILED)
		d->failed(deed->dest, text, d->arg);
}

static void
unable(const char *text, void *arg)
{
	struct desk *d = arg;

	d->unable(text, d->arg);
}

/* ---- for a loop ---- */

void
desk_init(struct desk *d, const char *vm, const char *program)
{
	d->vm = vm;
	d->gateway = -1;
	d->talk = (struct talk)TALK_INIT;
	d->talk.most = DESK_CLIENTS;
	d->talk.line = heard;
	d->talk.gone = gone;
	d->scribe.program = program;
	d->scribe.vm = vm;
	d->scribe.told = told;
	d->ask.call = (struct ask_calls){ reply, show, withdraw, d };
	d->usher.gone = gone;
	d->usher.failed = unable;
	d->fronts.talk = d->usher.talk = &d->talk;
	d->talk.arg = d->scribe.arg = d->usher.arg = d;
}

void
desk_gateway(struct desk *d, int fd)
{
	d->gateway = talk_add(&d->talk, fd);
	if (d->gateway >= 0)
		talk_say(&d->talk, (size_t)d->gateway, "ask");
}

int
desk_poll(const struct desk *d, struct pollfd *p)
{
	int wait = talk_sooner(
	    talk_wait(&d->talk, d->now), scribe_wait(&d->scribe, d->now));

	wait = talk_sooner(wait, usher_wait(&d->usher, d->now));

	talk_poll(&d->talk, p);
	p[DESK_FDS - 1] =
	    (struct pollfd){ .fd = scribe_fd(&d->scribe), .events = POLLIN };
	return talk_sooner(wait, ask_wait(&d->ask, d->now));
}

void
desk_serve(struct desk *d, const struct pollfd *p, long long now)
{
	d->now = now;
	talk_serve(&d->talk, p, now);
	scribe_serve(&d->scribe, p[DESK_FDS - 1].revents != 0, now);
}

/* While a question is open people who come are found; when there has been none
 * for a while, those who are waited for in vain are let go, so that the next
 * one finds out who is there. */
static void
look_for_people(struct desk *d)
{
	int open = ask_showing(&d->ask) || ask_waiting(&d->ask);

	usher_serve(&d->usher, d->now);
	if (open && d->now - d->called >= CALL_MS)
		call_people(d);
	if (!open && d->now - d->called >= REST_MS)
		usher_rest(&d->usher, d->now);
	count_people(d);
	if (!d->ask.expected)
		status(d);
}

void
desk_turn(struct desk *d, int ours)
{
	autofree char *line = NULL;
	size_t n;

	look_for_people(d);
	d->ask.turn = ours;
	ask_tick(&d->ask, d->now);
	n = ask_waiting(&d->ask);
	if (n == d->waiting || !ask_showing(&d->ask))
		return;
	d->waiting = n;
	line = xasprintf("waiting %s %zu", d->vm, n);
	fronts_tell(&d->fronts, line, d->now);
}
