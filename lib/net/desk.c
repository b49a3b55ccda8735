/* SPDX-License-Identifier: ISC */
#include "desk.h"

#include <stdio.h>
#include <string.h>

#include "dialog.h"

enum { WORDS = 6, RULE_MS = 300000 };
/* s that an answer counts by itself, until its rule does: whoever asks asks
 * again then. */
enum { BRIDGE_S = 5, ONCE_DENY_S = 60, DENY_MOST_S = 600 };

/* ---- those who answer ---- */

static void
tell_fronts(struct desk *d, const char *line)
{
	for (size_t i = 0; i < DESK_CLIENTS; i++)
		if (*d->front[i])
			talk_say(&d->talk, i, "%s", line);
}

static void
count_people(struct desk *d)
{
	int n = 0;

	for (size_t i = 0; i < DESK_CLIENTS; i++)
		n += *d->front[i] != '\0';
	d->ask.people = !d->nobody && (n || d->hold);
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
	tell_fronts(d, line.p);
}

/* The next question is another VM's, if there is one. */
static void
withdraw(const struct question *q, void *arg)
{
	struct desk *d = arg;
	autofree char *line = xasprintf("withdraw %s %u", d->vm, q->id);

	tell_fronts(d, line);
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
	d->policy(d->arg);
	count_people(d);
	ask_request(&d->ask, (int)who, (unsigned)id, &to, d->now);
}

static void
front(struct desk *d, size_t who, const char *name)
{
	const struct question *q = ask_showing(&d->ask);
	autobuf struct buf line = { 0 };

	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
		strlen(name) ||
	    strlen(name) >= DESK_FRONT) {
		talk_say(&d->talk, who, "error %s 0 front: no name", d->vm);
		return;
	}
	memcpy(d->front[who], name, strlen(name) + 1);
	d->policy(d->arg);
	count_people(d);
	talk_say(&d->talk, who, "ok %s 0", d->vm);
	if (!q)
		return;
	question_line(d, q, &line);
	talk_say(&d->talk, who, "%s", line.p);
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

static void
status(struct desk *d, size_t who)
{
	autobuf struct buf names = { 0 };
	unsigned n = 0;

	d->policy(d->arg);
	for (const struct question *q = NULL; (q = ask_next(&d->ask, q));)
		n++;
	for (size_t i = 0; i < DESK_CLIENTS; i++)
		if (*d->front[i])
			buf_fmt(
			    &names, "%s%s", names.n ? "," : "", d->front[i]);
	talk_say(&d->talk, who, "ok pending=%u answerers=%s", n,
	    d->nobody || !names.n ? "none" : names.p);
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
	struct decree c;
	struct why why;

	if (decree_parse(&c, text, &why) < 0 ||
	    take_answer(d, &c, who, &why) < 0)
		talk_say(
		    &d->talk, who, "error %s %u %s", d->vm, c.id, why.text);
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
	else if (n == 2 && strcmp(w[0], "front") == 0)
		front(d, who, w[1]);
	else if (n == 1 && strcmp(w[0], "pending") == 0)
		pending(d, who);
	else if (n == 1 && strcmp(w[0], "status") == 0)
		status(d, who);
	else
		talk_say(&d->talk, who, "error %s 0 unknown request", d->vm);
}

static void
gone(size_t who, void *arg)
{
	struct desk *d = arg;

	if ((long)who == d->gateway)
		d->gateway = -1;
	*d->front[who] = '\0';
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
	d->talk.arg = d->scribe.arg = d;
}

void
desk_gateway(struct desk *d, int fd)
{
	d->gateway = talk_add(&d->talk, fd);
	if (d->gateway >= 0)
		talk_say(&d->talk, (size_t)d->gateway, "ask");
}

static int
sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int
desk_poll(const struct desk *d, struct pollfd *p)
{
	int wait = sooner(
	    talk_wait(&d->talk, d->now), scribe_wait(&d->scribe, d->now));

	talk_poll(&d->talk, p);
	p[DESK_FDS - 1] =
	    (struct pollfd){ .fd = scribe_fd(&d->scribe), .events = POLLIN };
	return sooner(wait, ask_wait(&d->ask, d->now));
}

void
desk_serve(struct desk *d, const struct pollfd *p, long long now)
{
	d->now = now;
	talk_serve(&d->talk, p, now);
	scribe_serve(&d->scribe, p[DESK_FDS - 1].revents != 0, now);
}

void
desk_turn(struct desk *d, int ours)
{
	autofree char *line = NULL;
	size_t n;

	d->ask.turn = ours;
	ask_tick(&d->ask, d->now);
	n = ask_waiting(&d->ask);
	if (n == d->waiting || !ask_showing(&d->ask))
		return;
	d->waiting = n;
	line = xasprintf("waiting %s %zu", d->vm, n);
	tell_fronts(d, line);
}
