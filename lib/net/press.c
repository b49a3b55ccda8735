/* SPDX-License-Identifier: ISC */
#include "press.h"

#include <stdio.h>
#include <string.h>

const char press_help[] =
    "  d, Enter  no, for a minute; each time in a row twice as long\n"
    "  o         yes, for 30 seconds\n"
    "  s         yes, until the VM stops\n"
    "  m, h      yes, for 15 minutes, for an hour\n"
    "  a         yes, for good: a line of its rules\n"
    "  w         the same keys for all of the domain, and back\n"
    "  q         leave; others may answer";

static const struct {
	char key;
	const char *life;
} lives[] = { { 'o', "once" }, { 's', "session" }, { 'm', "15m" },
	{ 'h', "1h" }, { 'a', "always" } };

void
press_begin(struct press *p, const struct dialog *d, long long now)
{
	*p = (struct press){ .since = now };
	if (!d)
		return;
	p->id = d->id;
	p->to = d->to;
	memcpy(p->vm, d->vm, sizeof p->vm);
}

int
press_is_about(const struct press *p, const struct dialog *d)
{
	/* the next run of a VM counts its questions from 1 again */
	return d ? p->id == d->id && strcmp(p->vm, d->vm) == 0 &&
		p->to.proto == d->to.proto && p->to.port == d->to.port &&
		strcmp(p->to.host, d->to.host) == 0 :
		   !p->id;
}

int
press_open(const struct press *p)
{
	return p->id && !p->done;
}

static const char *
life_of(int key)
{
	for (size_t i = 0; i < LEN(lives); i++)
		if (lives[i].key == key)
			return lives[i].life;
	return NULL;
}

enum press_result
press_key(struct press *p, const struct dialog *d, int key, long long now,
    struct decree *out)
{
	int no = key == 'd' || key == '\n' || key == '\r';
	const char *life = no ? "once" : life_of(key);
	char wide[ASK_HOST];

	if (!press_open(p))
		return PRESS_NOTHING;
	dialog_domain(d->to.host, wide);
	if (key == '?')
		return PRESS_HELP;
	if (key == 'w' && *wide) {
		p->wide = !p->wide;
		p->since = now;
		return PRESS_AGAIN;
	}
	/* in the middle of a word, or at the beginning of one */
	if (!life || (!no && now - p->since < PRESS_MS)) {
		p->since = now;
		return PRESS_NOTHING;
	}
	*out = (struct decree){ .id = d->id,
		.verdict = no ? RULE_DENY : RULE_ALLOW,
		.scope = p->wide ? DIALOG_DOMAIN : DIALOG_HOST };
	memcpy(out->vm, d->vm, sizeof out->vm);
	(void)snprintf(out->life, sizeof out->life, "%s", life);
	p->done = 1;
	return PRESS_DONE;
}

void
press_want(const struct dialog *d, int cols, struct buf *out)
{
	autofree char *count = xasprintf("1 of %u", d->waiting + 1);
	size_t from = out->n, room = (size_t)cols;

	dialog_want(d, out);
	do
		buf_str(out, " ");
	while (out->n - from + strlen(count) < room);
	buf_str(out, count);
}

void
press_keys(
    const struct press *p, const struct dialog *d, int cols, struct buf *out)
{
	static const char keys[] =
	    "[d]eny  [o]nce  [s]ession  15[m]  1[h]  [a]lways";
	autobuf struct buf more = { 0 };
	autofree char *wide = NULL;
	char domain[ASK_HOST];

	dialog_domain(d->to.host, domain);
	wide = dialog_short(domain);
	if (p->wide)
		buf_fmt(&more, "all for *.%s ([w] not)   ", wide);
	else if (*wide)
		buf_fmt(&more, "[w]iden to *.%s   ", wide);
	buf_str(&more, "[?]");
	buf_fmt(out, "%s%s%s", keys,
	    sizeof keys + 5 + more.n > (size_t)cols ? "\n" : "   ", more.p);
}

void
press_refused(struct press *p, const char *line, long long now)
{
	char vm[DIALOG_VM];
	unsigned id;

	if (sscanf(line, "error %63s %u", vm, &id) != 2 || id != p->id ||
	    strcmp(vm, p->vm) != 0)
		return;
	p->done = 0;
	p->since = now;
}

int
press_result(const char *line, struct buf *out)
{
	char word[16], vm[DIALOG_VM];
	unsigned id;
	int at = 0;

	if (sscanf(line, "%15s %63s %u %n", word, vm, &id, &at) != 3 || !at)
		return 0;
	if (strcmp(word, "written") == 0)
		buf_fmt(out, "  %s", line + at);
	else if (strcmp(word, "delayed") == 0)
		buf_fmt(
		    out, "  %s: answered; the rule waits: %s", vm, line + at);
	else if (strcmp(word, "error") == 0)
		buf_fmt(out, "  %s: %s", vm, line + at);
	else
		return 0;
	return 1;
}
