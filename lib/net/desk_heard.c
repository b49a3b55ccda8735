/* SPDX-License-Identifier: ISC */
/* What is said at a desk. */
#include <stdio.h>
#include <string.h>

#include "desk_priv.h"

enum { WORDS = 6, RULE_MS = 300000 };
/* s that an answer counts by itself, until its rule does: whoever asks asks
 * again then. */
enum { BRIDGE_S = 5, ONCE_DENY_S = 60, DENY_MOST_S = 600 };

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

void
desk_question(const struct desk *d, const struct question *q, struct buf *out)
{
	struct dialog g = dialog_of(d, q);

	dialog_print(&g, out);
}

static void
asked(struct desk *d, size_t who, char *const *w, size_t n)
{
	const struct deed *deed;
	struct ask_to to;
	long long id;

	if (n != 5 || num_int(w[1], 0, UINT32_MAX, &id) < 0)
		return;
	if (dialog_to(&to, w[2], w[3], w[4]) < 0) {
		desk_reply((int)who, (unsigned)id, RULE_DENY, 1, "nobody", d);
		return;
	}
	if ((deed = scribe_owes(&d->scribe, &to))) { /* its rule is coming */
		desk_reply((int)who, (unsigned)id, deed->verdict, BRIDGE_S,
		    "asked", d);
		return;
	}
	desk_call_people(d);
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
	desk_count_people(d);
	talk_say(&d->talk, who, "ok %s 0", d->vm);
	if (!q)
		return;
	desk_question(d, q, &line);
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
	const struct question *q = ask_showing(&d->ask);
	struct dialog shown = { 0 };
	struct decree c;
	struct why why;

	if (q)
		shown = dialog_of(d, q);
	if (decree_parse(&c, text, &why) == 0) {
		if (q && fronts_hasty(&d->fronts, who, &shown, &c, d->now))
			return;
		if (take_answer(d, &c, who, &why) == 0)
			return;
	}
	talk_say(&d->talk, who, "error %s %u %s", *c.vm ? c.vm : d->vm, c.id,
	    why.text);
}

void
desk_heard(size_t who, char *line, void *arg)
{
	static const char answer[] = "answer ";
	char *w[WORDS], *save = NULL;
	struct desk *d = arg;
	size_t n = 0;

	if (!dialog_is_line(line)) {
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
		desk_call_people(d);
	} else
		talk_say(&d->talk, who, "error %s 0 unknown request", d->vm);
}
