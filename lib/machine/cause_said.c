/* SPDX-License-Identifier: ISC */
/* cause_said: what a guest answers, which may be anything. */
#include "cause_priv.h"

#include <string.h>
#include <time.h>

#include "json.h"
#include "sign.h"
#include "ssh.h"

static char *
cut_line(char **text)
{
	char *line = *text, *nl = strchr(line, '\n');

	if (nl)
		*nl = '\0';
	*text = nl ? nl + 1 : line + strlen(line);
	return line;
}

/* {"v1": {"errors": ["..."]}} */
static char *
cloud_error(const char *text)
{
	autojson struct json *r = json_parse(text, strlen(text), NULL);
	autofree char *said = NULL;
	struct buf b = { 0 };

	if (!r)
		return NULL;
	said = json_str(r, json_first(r, json_get(r, 0, "v1.errors")));
	if (!said)
		return NULL;
	sign_clean(&b, said, strcspn(said, "\n"));
	return buf_take(&b);
}

void
cause_take_greeting(struct look *l, const char *text)
{
	struct buf b = { 0 };

	l->door = ssh_greets(text) ? DOOR_SSH : DOOR_ODD;
	if (l->door == DOOR_SSH)
		return;
	sign_clean(&b, text, strcspn(text, "\r\n"));
	l->login_says = buf_take(&b);
}

char *
cause_last_line(char *text)
{
	size_t n = strlen(text);
	struct buf b = { 0 };
	char *end;

	while (n && strchr("\r\n", text[n - 1]))
		n--;
	text[n] = '\0';
	end = strrchr(text, '\n');
	end = end ? end + 1 : text;
	sign_clean(&b, end, strlen(end));
	if (b.n)
		return buf_take(&b);
	buf_free(&b);
	return NULL;
}

void
cause_take_answers(struct look *l, char *text)
{
	long long there, now = (long long)time(NULL);
	char *line = cut_line(&text);

	if (num_int(line, 0, INT64_MAX / 2, &there) == 0) {
		l->clock_known = 1;
		l->behind = now - there;
	}
	line = cut_line(&text);
	l->read_only = str_starts(line, "ro,") || strcmp(line, "ro") == 0;
	line = cut_line(&text);
	if (*line && line[strlen(line) - 1] == '%') {
		line[strlen(line) - 1] = '\0';
		if (num_int(line, 0, 100, &there) == 0)
			l->full = (int)there;
	}
	l->cloud = cloud_error(text);
}
