/* SPDX-License-Identifier: ISC */
/*
 * OpenSnitch looks at its rules by name: the first that denies, or has
 * precedence, is final; else the last that allows counts.
 */
#include <stdlib.h>
#include <string.h>

#include "carry_priv.h"
#include "say.h"

enum { FINAL, LAST_FIRST };

/* What its operators say, each owned. */
struct parts {
	char *proto, *host, *ports;
	const char *bad; /* why it cannot be carried */
};

/* The name that a pattern of a name and all under it has, as a suffix; NULL
 * for others. */
static char *
suffix_of(const char *re)
{
	static const char *const heads[] = { "^(.*\\.)?", "^(|.*\\.)" };
	struct buf b = { 0 };
	size_t i = 0;

	while (i < LEN(heads) && !str_starts(re, heads[i]))
		i++;
	if (i == LEN(heads))
		return NULL;
	buf_str(&b, ".");
	for (re += strlen(heads[i]); *re && strcmp(re, "$") != 0; re++) {
		if (re[0] == '\\' && re[1] == '.')
			re++;
		else if (!strchr("abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
			     *re))
			break;
		buf_add(&b, re, 1);
	}
	if (strcmp(re, "$") == 0)
		return buf_take(&b);
	buf_free(&b);
	return NULL;
}

/* "^(80|443)$" as "80,443", runs of numbers as ranges; NULL for others. */
static char *
ports_of(const char *re)
{
	autofree unsigned char *has = xcalloc(65537, 1);
	autofree char *copy = NULL;
	struct buf b = { 0 };
	size_t n = strlen(re), bracket;
	char *save = NULL;
	long long k;

	if (n < 3 || re[0] != '^' || re[n - 1] != '$')
		return NULL;
	bracket = re[1] == '(' && re[n - 2] == ')';
	copy = xstrndup(re + 1 + bracket, n - 2 - 2 * bracket);
	for (char *w = strtok_r(copy, "|", &save); w;
	     w = strtok_r(NULL, "|", &save)) {
		if (num_int(w, 1, 65535, &k) < 0)
			return NULL;
		has[k] = 1;
	}
	for (int lo = 1, hi; lo < 65536; lo = hi + 1) {
		for (hi = lo; has[lo] && has[hi + 1]; hi++)
			continue;
		if (has[lo])
			buf_fmt(&b, "%s%d", b.n ? "," : "", lo);
		if (hi > lo)
			buf_fmt(&b, "-%d", hi);
	}
	return buf_take(&b);
}

static void
set(struct parts *p, char **part, char *value, const char *what)
{
	if (!value || *part) {
		free(value);
		p->bad = what;
		return;
	}
	*part = value;
}

static void
read_proto(struct parts *p, char *data)
{
	static const char *const known[] = { "tcp", "udp", "icmp" };

	for (size_t i = 0; i < LEN(known); i++)
		if (str_starts(data, known[i]) &&
		    (!data[strlen(known[i])] ||
			strcmp(data + strlen(known[i]), "6") == 0)) {
			set(p, &p->proto, xstrdup(known[i]), "two protocols");
			return;
		}
	p->bad = "another protocol";
}

static void
read_operator(struct parts *p, const struct json *doc, int op)
{
	static const char host[] = "a destination that no rule here can name";
	autofree char *operand = carry_str(doc, op, "operand");
	autofree char *data = carry_str(doc, op, "data");
	int simple = json_is(doc, json_get(doc, op, "type"), "simple");
	int regexp = json_is(doc, json_get(doc, op, "type"), "regexp");

	if (!operand || !data) {
		p->bad = "no operand";
		return;
	}
	if (strcmp(operand, "true") == 0)
		return;
	if (strcmp(operand, "protocol") == 0 && simple)
		read_proto(p, data);
	else if (strcmp(operand, "dest.host") == 0 && simple)
		set(p, &p->host, xstrdup(data), host);
	else if (strcmp(operand, "dest.host") == 0 && regexp)
		set(p, &p->host, suffix_of(data), host);
	else if (strcmp(operand, "dest.ip") == 0 && simple)
		set(p, &p->host, xstrdup(data), host);
	else if (strcmp(operand, "dest.network") == 0)
		set(p, &p->host, xstrdup(data), host);
	else if (strcmp(operand, "dest.port") == 0)
		set(p, &p->ports, simple ? xstrdup(data) : ports_of(data),
		    "ports that no rule here can name");
	else
		p->bad = "it is about more than the destination";
}

static const char *
read_operators(struct parts *p, const struct json *doc, int rule)
{
	int op = json_get(doc, rule, "operator");

	if (!json_is(doc, json_get(doc, op, "type"), "list")) {
		read_operator(p, doc, op);
		return p->bad;
	}
	if (json_first(doc, json_get(doc, op, "list")) < 0)
		return "an empty list of operators";
	json_each (doc, json_get(doc, op, "list"), one)
		read_operator(p, doc, one);
	return p->bad;
}

static void
read_rule(
    const struct json *doc, int rule, struct carry_lines *l, carry_left *left)
{
	autofree char *name = carry_str(doc, rule, "name");
	autofree char *action = carry_str(doc, rule, "action");
	autofree char *note = carry_str(doc, rule, "description");
	int final = json_bool(doc, json_get(doc, rule, "precedence")) == 1;
	struct parts p = { 0 };
	const char *title = name ? name : "a rule without a name", *bad;

	if (action && strcmp(action, "reject") == 0)
		memcpy(action, "deny\0", 5);
	if (!action ||
	    (strcmp(action, "allow") != 0 && strcmp(action, "deny") != 0))
		bad = "neither allow nor deny";
	else if (json_bool(doc, json_get(doc, rule, "enabled")) == 0)
		bad = "it is not enabled";
	else if (json_get(doc, rule, "duration") >= 0 &&
	    !json_is(doc, json_get(doc, rule, "duration"), "always"))
		bad = "it ends";
	else
		bad = read_operators(&p, doc, rule);
	if (bad)
		left(title, bad);
	else {
		struct carried c = { action, p.proto, p.host, p.ports, note };

		final |= strcmp(action, "deny") == 0;
		carry_add(l, &c, final ? FINAL : LAST_FIRST, title, left);
	}
	free(p.proto);
	free(p.host);
	free(p.ports);
}

static int
by_name_backwards(const void *a, const void *b)
{
	const struct carry_line *x = a, *y = b;
	int r = strcmp(y->name, x->name);

	return r ? r : (x->nr < y->nr) - (x->nr > y->nr);
}

/* Give those that allow, but not at once, the ranks of their order. */
static void
rank_last(struct carry_lines *l)
{
	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof *l->v, by_name_backwards);
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].rank == LAST_FIRST)
			l->v[i].rank += (int)i;
}

int
carry_opensnitch(const struct json *doc, struct carry_lines *l,
    carry_left *left, struct why *why)
{
	if (json_is_object(doc, 0))
		read_rule(doc, 0, l, left);
	else if (*json_raw(doc, 0, &(size_t){ 0 }) == '[')
		json_each (doc, 0, rule)
			read_rule(doc, rule, l, left);
	else
		return why_set(
		    why, EX_DATAERR, "neither a rule of OpenSnitch nor a list");
	rank_last(l);
	return 0;
}
