/* SPDX-License-Identifier: ISC */
/*
 * Of two rules of Little Snitch's the one with priority counts, then the one
 * that says more exactly where to, then a deny.
 */
#include <stdlib.h>
#include <string.h>

#include "carry_priv.h"
#include "say.h"

/* By how exactly a place is named. */
enum { HOST, ADDRESS, BLOCK, DOMAIN, ANY, KINDS };
enum { LABELS = 128, PRIORITY = KINDS * LABELS * 2 };

static const char *const where[] = { "remote-hosts", "remote-addresses",
	"remote-domains" };
static const char *const denied[] = { "denied-remote-hosts",
	"denied-remote-addresses", "denied-remote-domains" };
static const char *const every[] = { "remote-hosts of a list",
	"remote-addresses of a list", "remote-domains of a list" };

static int
rank(const struct carried *c, int kind)
{
	int labels = 0;

	if (kind == DOMAIN) /* the longer, the more exact */
		for (const char *p = c->host; *p && labels < LABELS - 1; p++)
			labels += *p == '.';
	return (kind * LABELS + (LABELS - 1 - labels)) * 2 +
	    (strcmp(c->action, "deny") != 0);
}

/* One place in the words of a key. */
static void
place(struct carry_lines *l, struct carried c, size_t key, const char *text,
    int priority, carry_left *left)
{
	static const int kinds[] = { HOST, ADDRESS, DOMAIN };
	autofree char *name = xasprintf("%s %s", c.action, text);
	autofree char *host =
	    key == 2 && *text != '.' ? xasprintf(".%s", text) : xstrdup(text);
	int kind = key == 1 && strchr(text, '/') ? BLOCK : kinds[key];

	c.host = host;
	if (key == 1 && strchr(text, '-'))
		left(name, "a range of addresses; blocks are");
	else
		carry_add(l, &c, rank(&c, kind) - priority, name, left);
}

/* All places of a value, a string or an array of them; whether it is there. */
static int
places(struct carry_lines *l, const struct json *doc, int v,
    const struct carried *c, size_t key, int priority, carry_left *left)
{
	autofree char *one = json_str(doc, v);

	if (one)
		place(l, *c, key, one, priority, left);
	else
		json_each (doc, v, i) {
			autofree char *text = json_str(doc, i);

			if (text)
				place(l, *c, key, text, priority, left);
			else
				left(every[key], "not text");
		}
	return v >= 0;
}

/* "80, 443" as "80,443"; NULL for "any". */
static char *
ports_of(const char *text)
{
	struct buf b = { 0 };

	if (!text || strcmp(text, "any") == 0)
		return NULL;
	buf_str(&b, "");
	for (; *text; text++)
		if (*text != ' ')
			buf_add(&b, text, 1);
	return buf_take(&b);
}

static int
is_or_none(const struct json *doc, int rule, const char *key, const char *want)
{
	int v = json_get(doc, rule, key);

	return v < 0 || json_is(doc, v, want);
}

/* Why the rule is none of ours; NULL: it is. */
static const char *
foreign(const struct json *doc, int rule, const char *action)
{
	if (!action ||
	    (strcmp(action, "allow") != 0 && strcmp(action, "deny") != 0 &&
		strcmp(action, "ask") != 0))
		return "neither allow, deny nor ask";
	if (json_bool(doc, json_get(doc, rule, "disabled")) == 1)
		return "it is disabled";
	if (!is_or_none(doc, rule, "process", "any"))
		return "it is about one program";
	if (!is_or_none(doc, rule, "direction", "outgoing"))
		return "it is about what comes in";
	return NULL;
}

static void
read_rule(
    const struct json *doc, int rule, struct carry_lines *l, carry_left *left)
{
	autofree char *action = carry_str(doc, rule, "action");
	autofree char *proto = carry_str(doc, rule, "protocol");
	autofree char *text = carry_str(doc, rule, "ports");
	autofree char *note = carry_str(doc, rule, "notes");
	autofree char *ports = ports_of(text);
	struct carried c = { action, proto, NULL, ports, note };
	const char *bad = foreign(doc, rule, action);
	int high = json_is(doc, json_get(doc, rule, "priority"), "high");
	int found = 0, first = high ? PRIORITY : 0;

	if (proto && strcmp(proto, "any") == 0)
		c.proto = NULL;
	if (bad) {
		left(note ? note : "a rule", bad);
		return;
	}
	for (size_t k = 0; k < LEN(where); k++)
		found += places(
		    l, doc, json_get(doc, rule, where[k]), &c, k, first, left);
	if (found)
		return;
	if (is_or_none(doc, rule, "remote", "any"))
		carry_add(l, &c, rank(&c, ANY) - first, "any", left);
	else
		left(note ? note : "a rule",
		    "a destination that no rule here can name");
}

int
carry_lsrules(const struct json *doc, struct carry_lines *l, carry_left *left,
    struct why *why)
{
	const struct carried deny = { .action = "deny" };
	int found = json_get(doc, 0, "rules") >= 0;

	for (size_t k = 0; k < LEN(denied); k++)
		found |= places(
		    l, doc, json_get(doc, 0, denied[k]), &deny, k, 0, left);
	if (!found)
		return why_set(why, EX_DATAERR,
		    "no .lsrules: neither rules nor denied-remote-...");
	json_each (doc, json_get(doc, 0, "rules"), rule)
		read_rule(doc, rule, l, left);
	return 0;
}
