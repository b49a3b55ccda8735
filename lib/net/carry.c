/* SPDX-License-Identifier: ISC */
#include "carry.h"

#include <stdlib.h>
#include <string.h>

#include "carry_priv.h"
#include "say.h"

enum { PORTS_MAX = 1000 }; /* of a range that is spelt out */

static const char *const forms[] = {
	[CARRY_OPENSNITCH] = "opensnitch", [CARRY_LSRULES] = "lsrules"
};
static const char *const verdicts[] = {
	[RULE_ALLOW] = "allow", [RULE_DENY] = "deny", [RULE_ASK] = "ask"
};
static const char *const protos[] = {
	[RULE_TCP] = "tcp", [RULE_UDP] = "udp", [RULE_ICMP] = "icmp"
};

int
carry_form(const char *name)
{
	for (int i = 0; i < (int)LEN(forms); i++)
		if (strcmp(forms[i], name) == 0)
			return i;
	return -1;
}

/* ---- out ---- */

/* Why a rule cannot go there; NULL: it can. */
static const char *
refusal(enum carry_form form, const struct rule *r)
{
	size_t ports = 0;

	for (size_t i = 0; i < r->ports.n; i++)
		ports += r->ports.v[i].hi - r->ports.v[i].lo + 1U;
	if (r->until)
		return "it ends";
	if (r->host == RULE_LIST)
		return "a list is not carried";
	if (r->host == RULE_HOST)
		return "there is no such host there";
	if (r->nto)
		return "there is no to= there";
	if (form == CARRY_OPENSNITCH && r->verdict == RULE_ASK)
		return "there is no ask there";
	if (form == CARRY_OPENSNITCH && ports > PORTS_MAX)
		return "too many ports to spell out";
	return NULL;
}

static void
operator(struct buf *b, const char *type, const char *operand, const char *data)
{
	if (b->n)
		buf_str(b, ", ");
	buf_fmt(b, "{\"type\": \"%s\", \"operand\": \"%s\", ", type, operand);
	buf_str(b, "\"sensitive\": false, \"data\": ");
	json_quote(b, data);
	buf_str(b, "}");
}

/* A pattern that matches name and all under it. */
static void
suffix_operator(struct buf *b, const char *name)
{
	autobuf struct buf re = { 0 };

	buf_str(&re, "^(.*\\.)?");
	for (; *name; name++)
		buf_fmt(&re, *name == '.' ? "\\%c" : "%c", *name);
	buf_str(&re, "$");
	operator(b, "regexp", "dest.host", re.p);
}

static void
ports_operator(struct buf *b, const struct rule_ports *p)
{
	autobuf struct buf re = { 0 };
	unsigned n = 0;

	for (size_t i = 0; i < p->n; i++)
		for (unsigned k = p->v[i].lo; k <= p->v[i].hi; k++)
			buf_fmt(&re, "%s%u", n++ ? "|" : "^(", k);
	buf_str(&re, ")$");
	if (n > 1) {
		operator(b, "regexp", "dest.port", re.p);
		return;
	}
	re.n = 0;
	buf_fmt(&re, "%u", p->v[0].lo);
	operator(b, "simple", "dest.port", re.p);
}

static void
host_operator(struct buf *b, const struct rule *r)
{
	char text[CIDR_TEXT];

	if (r->host == RULE_NAME)
		operator(b, "simple", "dest.host", r->name);
	else if (r->host == RULE_SUFFIX)
		suffix_operator(b, r->name);
	else if (r->host == RULE_CIDR) {
		cidr_print(&r->cidr, text);
		operator(b, strchr(text, '/') ? "network" : "simple",
		    strchr(text, '/') ? "dest.network" : "dest.ip", text);
	}
}

/* The names sort as the rules stand, and each is final where it matches: so
 * the first that matches counts. */
static void
out_opensnitch(
    struct buf *out, const char *name, const struct rule *r, size_t nr)
{
	autobuf struct buf ops = { 0 }, title = { 0 };

	if (r->protos != RULE_ALL)
		operator(&ops, "simple", "protocol", protos[r->protos]);
	host_operator(&ops, r);
	if (r->ports.n)
		ports_operator(&ops, &r->ports);
	buf_fmt(&title, "%06zu-%s-%s", nr, name, verdicts[r->verdict]);
	buf_str(out, "{\"name\": ");
	json_quote(out, title.p);
	buf_fmt(out,
	    ", \"enabled\": true, \"precedence\": true,\n  "
	    "\"action\": \"%s\", \"duration\": \"always\", \"description\": ",
	    verdicts[r->verdict]);
	json_quote(out, r->note ? r->note : "");
	if (ops.n)
		buf_fmt(out,
		    ",\n  \"operator\": {\"type\": \"list\", \"operand\": "
		    "\"list\", \"list\": [%s]}}",
		    ops.p);
	else
		buf_str(out,
		    ",\n  \"operator\": {\"type\": \"simple\", \"operand\": "
		    "\"true\", \"sensitive\": false, \"data\": \"\"}}");
}

static void
out_lsrules(struct buf *out, const struct rule *r)
{
	static const char *const keys[] = { [RULE_NAME] = "remote-hosts",
		[RULE_SUFFIX] = "remote-domains",
		[RULE_CIDR] = "remote-addresses",
		[RULE_ANY] = "remote" };
	char text[CIDR_TEXT];

	if (r->host == RULE_CIDR)
		cidr_print(&r->cidr, text);
	buf_fmt(out, "{\"action\": \"%s\", \"process\": \"any\", ",
	    verdicts[r->verdict]);
	buf_fmt(out, "\"direction\": \"outgoing\", \"%s\": ", keys[r->host]);
	json_quote(out,
	    r->host == RULE_CIDR    ? text :
		r->host == RULE_ANY ? "any" :
				      r->name);
	buf_fmt(out, ", \"protocol\": \"%s\", \"ports\": \"",
	    r->protos == RULE_ALL ? "any" : protos[r->protos]);
	for (size_t i = 0; i < r->ports.n; i++) {
		unsigned lo = r->ports.v[i].lo, hi = r->ports.v[i].hi;

		buf_fmt(out, "%s%u", i ? ", " : "", lo);
		if (hi > lo)
			buf_fmt(out, "-%u", hi);
	}
	buf_str(out, r->ports.n ? "\"" : "any\"");
	if (r->note) {
		buf_str(out, ", \"notes\": ");
		json_quote(out, r->note);
	}
	buf_str(out, "}");
}

void
carry_out(enum carry_form form, const char *name, const struct rule *const *v,
    size_t n, struct buf *out, carry_left *left)
{
	size_t put = 0;

	if (form == CARRY_LSRULES) {
		buf_str(out, "{\"name\": ");
		json_quote(out, name);
		buf_str(out, ",\n\"rules\": ");
	}
	buf_str(out, "[");
	for (size_t i = 0; i < n; i++) {
		const char *why = refusal(form, v[i]);

		if (why) {
			autobuf struct buf b = { 0 };

			rule_print(v[i], &b);
			left(b.p, why);
			continue;
		}
		buf_str(out, put++ ? ",\n" : "\n");
		if (form == CARRY_OPENSNITCH)
			out_opensnitch(out, name, v[i], i + 1);
		else
			out_lsrules(out, v[i]);
	}
	buf_str(out, form == CARRY_LSRULES ? "\n]}\n" : "\n]\n");
}

/* ---- in ---- */

char *
carry_str(const struct json *doc, int v, const char *key)
{
	return json_str(doc, json_get(doc, v, key));
}

/* Whether it is one word of a line, whoever wrote it. */
static int
is_word(const char *s)
{
	for (const char *p = s; *p; p++)
		if (*p <= ' ' || *p == '#' || (*p & 0x80))
			return 0;
	return *s != '\0';
}

/* A remark on the line, if it can stand there. */
static void
add_note(struct buf *b, const char *note)
{
	size_t n = note ? strlen(note) : 0;

	for (size_t i = 0; i < n; i++)
		if (note[i] < ' ' || note[i] == 0x7f)
			return;
	if (n && b->n + n + 3 < RULE_LINE)
		buf_fmt(b, " # %s", note);
}

void
carry_add(struct carry_lines *l, const struct carried *c, int rank,
    const char *name, carry_left *left)
{
	const char *words[] = { c->action, c->proto, c->host, c->ports };
	struct buf b = { 0 };
	struct rule r;
	struct why why;

	for (size_t i = 0; i < LEN(words); i++) {
		const char *w = words[i] ? words[i] : "*";

		if (!is_word(w)) {
			left(name, "its destination is none");
			buf_free(&b);
			return;
		}
		buf_fmt(&b, "%s%s", i ? " " : "", w);
	}
	if (rule_parse(&r, b.p, b.n, &why) != 1) {
		left(name, why.text);
		buf_free(&b);
		return;
	}
	rule_free(&r);
	add_note(&b, c->note);
	l->v = xreallocarray(l->v, l->n + 1, sizeof *l->v);
	l->v[l->n] =
	    (struct carry_line){ buf_take(&b), xstrdup(name), rank, l->n };
	l->n++;
}

static int
by_rank(const void *a, const void *b)
{
	const struct carry_line *x = a, *y = b;
	int r = (x->rank > y->rank) - (x->rank < y->rank);

	if (!r)
		r = strcmp(x->name, y->name);
	return r ? r : (x->nr > y->nr) - (x->nr < y->nr);
}

/* Add them all to out, sorted, and free them. */
static void
print(struct carry_lines *l, struct buf *out)
{
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_rank);
	for (size_t i = 0; i < l->n; i++) {
		buf_fmt(out, "%s\n", l->v[i].text);
		free(l->v[i].text);
		free(l->v[i].name);
	}
	free(l->v);
	*l = (struct carry_lines){ 0 };
}

int
carry_in(enum carry_form form, const char *text, size_t n, struct buf *out,
    carry_left *left, struct why *why)
{
	struct why w;
	autojson struct json *doc = json_parse(text, n, &w);
	struct carry_lines l = { 0 };
	int r;

	if (!doc)
		return why_set(why, EX_DATAERR, "not JSON: %s", w.text);
	r = (form == CARRY_OPENSNITCH ? carry_opensnitch : carry_lsrules)(
	    doc, &l, left, why);
	print(&l, out);
	return r;
}
