/* SPDX-License-Identifier: ISC */
#include "fronts.h"

#include <string.h>

enum { PAUSE_MOST_S = 60 };

int
fronts_join(struct fronts *f, size_t who, const char *name, const char *seconds)
{
	long long s = 0;

	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] ||
	    !*name || strlen(name) >= FRONTS_NAME ||
	    (seconds && num_int(seconds, 0, PAUSE_MOST_S, &s) < 0))
		return -1;
	memcpy(f->v[who].name, name, strlen(name) + 1);
	f->v[who].pause = s * 1000;
	return 0;
}

void
fronts_leave(struct fronts *f, size_t who)
{
	*f->v[who].name = '\0';
}

size_t
fronts_count(const struct fronts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < FRONTS_MOST; i++)
		n += *f->v[i].name != '\0';
	return n;
}

void
fronts_names(const struct fronts *f, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < FRONTS_MOST; i++)
		if (*f->v[i].name) {
			buf_fmt(out, "%s%s", comma, f->v[i].name);
			comma = ",";
		}
	if (!*comma)
		buf_str(out, "none");
}

void
fronts_show(struct fronts *f, size_t who, const char *question, long long now)
{
	f->v[who].since = now;
	talk_say(f->talk, who, "%s", question);
}

void
fronts_tell(struct fronts *f, const char *line, long long now)
{
	for (size_t i = 0; i < FRONTS_MOST; i++) {
		if (!*f->v[i].name)
			continue;
		if (str_starts(line, "question "))
			f->v[i].since = now;
		talk_say(f->talk, i, "%s", line);
	}
}

int
fronts_hasty(struct fronts *f, size_t who, const struct dialog *shown,
    const struct decree *c, long long now)
{
	autobuf struct buf line = { 0 };

	if (c->verdict != RULE_ALLOW || c->id != shown->id ||
	    !*f->v[who].name || now - f->v[who].since >= f->v[who].pause)
		return 0;
	talk_say(f->talk, who, "error %s %u too early", c->vm, c->id);
	dialog_print(shown, &line);
	fronts_show(f, who, line.p, now);
	return 1;
}
