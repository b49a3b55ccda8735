/* SPDX-License-Identifier: ISC */
#include "show.h"

#include <string.h>
#include <time.h>

#include "order.h"

char *
show_dest(const struct rule *r)
{
	struct buf b = { 0 };
	int allow = r->verdict == RULE_ALLOW;
	int web = r->ports.n == 2 && r->ports.v[0].lo == 80 &&
	    r->ports.v[0].hi == 80 && r->ports.v[1].lo == 443 &&
	    r->ports.v[1].hi == 443;

	rule_dest_print(r, &b);
	if (r->protos == (allow ? RULE_TCP : RULE_ALL) &&
	    !(allow ? web : !r->ports.n))
		*strrchr(b.p, '/') = '\0';
	return buf_take(&b);
}

static const char *const verdicts[] = {
	[RULE_ALLOW] = "allow", [RULE_DENY] = "deny", [RULE_ASK] = "ask"
};

const char *
show_verdict(int verdict)
{
	return verdicts[verdict];
}

int
show_parse_verdict(const char *word)
{
	for (int i = 0; i < (int)LEN(verdicts); i++)
		if (strcmp(word, verdicts[i]) == 0)
			return i;
	return -1;
}

char *
show_origin(const struct rule *r)
{
	if (!r->origin)
		return xstrdup("");
	return strcmp(r->origin, ORDER_QUIET) == 0 ?
	    xstrdup(r->origin) :
	    xasprintf("%s:%u", r->origin, r->line);
}

char *
show_word(const struct rule *r, int n)
{
	autobuf struct buf b = { 0 };
	const char *p;

	rule_print(r, &b);
	for (p = b.p; n > 0; n--)
		p += strcspn(p, " ") + 1;
	return xstrndup(p, strcspn(p, " "));
}

char *
show_to(const struct rule *r)
{
	struct buf b = { 0 };
	char text[CIDR_TEXT];

	for (size_t i = 0; i < r->nto; i++) {
		cidr_print(&r->to[i], text);
		buf_fmt(&b, "%s%s", i ? "," : "", text);
	}
	return r->nto ? buf_take(&b) : NULL;
}

char *
show_until(const struct rule *r)
{
	time_t t = (time_t)r->until;
	char text[32];
	struct tm tm;

	if (!r->until || !gmtime_r(&t, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return xstrdup(text);
}

char *
show_count(size_t n)
{
	autofree char *digits = num_text(n);
	struct buf b = { 0 };
	size_t len = strlen(digits);

	for (size_t i = 0; i < len; i++)
		buf_fmt(
		    &b, "%s%c", i && (len - i) % 3 == 0 ? "," : "", digits[i]);
	return buf_take(&b);
}
