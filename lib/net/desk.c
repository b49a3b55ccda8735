/* SPDX-License-Identifier: ISC */
#include "desk_priv.h"

/* ms: between two looks who has come while a question is open, and after the
 * last question until programs are let go. */
enum { CALL_MS = 10000, REST_MS = 60000 };

/* ---- those who answer ---- */

void
desk_count_people(struct desk *d)
{
	d->ask.people = !d->nobody && (fronts_count(&d->fronts) || d->hold);
	d->ask.expected = !d->nobody && usher_expects(&d->usher, d->now);
}

void
desk_call_people(struct desk *d)
{
	d->policy(d->arg);
	if (!d->nobody) {
		d->called = d->now;
		usher_call(&d->usher, d->now);
	}
	desk_count_people(d);
}

/* ---- the calls of the queue ---- */

void
desk_reply(int who, unsigned id, enum rule_verdict v, unsigned seconds,
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

	desk_question(d, q, &line);
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
	desk_count_people(d);
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
	d->talk.line = desk_heard;
	d->talk.gone = gone;
	d->scribe.program = program;
	d->scribe.vm = vm;
	d->scribe.told = told;
	d->ask.call = (struct ask_calls){ desk_reply, show, withdraw, d };
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
		desk_call_people(d);
	if (!open && d->now - d->called >= REST_MS)
		usher_rest(&d->usher, d->now);
	desk_count_people(d);
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
