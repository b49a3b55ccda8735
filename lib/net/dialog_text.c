/* SPDX-License-Identifier: ISC */
/* What a person reads of a question. */
#include <string.h>

#include "dialog.h"

/* At the end it says whose it is, at the beginning what it likes to be. */
enum { HEAD = 16, TAIL = DIALOG_NAME - HEAD - 3 };

char *
dialog_short(const char *name)
{
	size_t n = strlen(name);

	return n <= DIALOG_NAME ?
	    xstrdup(name) :
	    xasprintf("%.*s...%s", HEAD, name, name + n - TAIL);
}

static char *
place(const struct ask_to *to, const char *host)
{
	int v6 = strchr(host, ':') != NULL;
	struct buf b = { 0 };

	buf_fmt(&b, "%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
	if (to->proto != RULE_ICMP)
		buf_fmt(&b, ":%u", to->port);
	if (to->proto != RULE_TCP)
		buf_fmt(&b, "/%s", dialog_proto(to));
	return buf_take(&b);
}

char *
dialog_where(const struct ask_to *to)
{
	return place(to, to->host);
}

char *
dialog_where_short(const struct ask_to *to)
{
	autofree char *host = dialog_short(to->host);

	return place(to, host);
}

void
dialog_want(const struct dialog *d, struct buf *out)
{
	const char *service = dialog_service(&d->to);
	autofree char *where = dialog_where_short(&d->to);

	buf_fmt(out, "%s wants  %s", d->vm, where);
	if (*service != '-')
		buf_fmt(out, "  (%s)", service);
}

void
dialog_facts(const struct dialog *d, struct buf *out)
{
	static const char *const before[] = { [ASK_NEVER] =
						  "never asked before",
		[ASK_ALLOWED] = "allowed before",
		[ASK_DENIED] = "denied before",
		[ASK_UNANSWERED] = "nobody answered before" };
	char kind = *dialog_kind(&d->to);

	buf_fmt(out, "verified: %s; %s",
	    kind == 'n'	    ? "our resolver gave this name" :
		kind == 'h' ? "this machine itself" :
			      "this address; it was asked for by no name",
	    before[d->last]);
	if (d->tries > 1)
		buf_fmt(out, "; tried %u times", d->tries);
	if (kind == 'n')
		buf_str(out, "; not yet resolved");
}

int
dialog_is_line(const char *line)
{
	while (*line >= ' ' && *line <= '~')
		line++;
	return !*line;
}
