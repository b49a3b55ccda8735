/* SPDX-License-Identifier: ISC */
#include "rule.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rule_priv.h"
#include "say.h"

static const char *const verdicts[] = { "allow", "deny", "ask" };

static int
read_verdict(struct rule *r, const struct word *w, struct why *why)
{
	for (uint8_t i = 0; i < LEN(verdicts); i++)
		if (word_is(w, verdicts[i])) {
			r->verdict = i;
			return 0;
		}
	return why_set(why, EX_DATAERR,
	    "%.*s: no verdict; allow, deny and ask are", SHOWN(w));
}

/* The blocks of to=, with commas between. */
static int
read_to(struct rule *r, const struct word *w, struct why *why)
{
	const char *s = w->p, *end = w->p + w->n;
	char text[CIDR_TEXT];

	for (;; s++) {
		size_t n = 0;

		while (s + n < end && s[n] != ',')
			n++;
		if (r->nto == RULE_TO)
			return why_set(why, EX_DATAERR,
			    "to=%.*s: more than %d blocks", SHOWN(w), RULE_TO);
		if (n >= sizeof text)
			return why_set(why, EX_DATAERR,
			    "to=%.*s: no address; to=192.0.2.1,10.0.0.0/8 has "
			    "two",
			    SHOWN(w));
		memcpy(text, s, n);
		text[n] = '\0';
		if (cidr_parse(&r->to[r->nto++], text, why) < 0)
			return -1;
		s += n;
		if (s == end)
			return 0;
	}
}

static int
read_option(struct rule *r, const struct word *w, struct why *why)
{
	struct word v;

	if (w->n >= 6 && memcmp(w->p, "until=", 6) == 0) {
		v = (struct word){ w->p + 6, w->n - 6 };
		if (r->until)
			return why_set(why, EX_DATAERR, "until= stands twice");
		return rule_read_until(r, &v, why);
	}
	if (w->n >= 3 && memcmp(w->p, "to=", 3) == 0) {
		v = (struct word){ w->p + 3, w->n - 3 };
		if (r->nto)
			return why_set(why, EX_DATAERR,
			    "to= stands twice; commas go between blocks");
		if (r->verdict == RULE_DENY)
			return why_set(why, EX_DATAERR,
			    "to= says where an allowed name may lead; a deny "
			    "has none");
		return read_to(r, &v, why);
	}
	return why_set(why, EX_DATAERR,
	    "%.*s: nothing that stands behind the ports; until=TIME, to=CIDR "
	    "and # note do",
	    SHOWN(w));
}

/* Nothing that a terminal, or another reader of the file, could take for more
 * than text; in a line that is all comment other letters may stand. */
static int
check_bytes(const char *line, size_t n, int comment, struct why *why)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c >= 0x20 && c < 0x7f) || c == '\t' ||
		    (comment && c >= 0x80))
			continue;
		return c < 0x80 ?
		    why_set(why, EX_DATAERR,
			"control byte \\%03o in column %zu", c, i + 1) :
		    why_set(why, EX_DATAERR,
			"byte \\%03o in column %zu: names beyond ASCII are "
			"given in their xn-- form, notes in ASCII",
			c, i + 1);
	}
	return 0;
}

static void
trim(struct word *w)
{
	while (w->n && (*w->p == ' ' || *w->p == '\t')) {
		w->p++;
		w->n--;
	}
	while (w->n && (w->p[w->n - 1] == ' ' || w->p[w->n - 1] == '\t'))
		w->n--;
}

static int
read_options(struct rule *r, struct word *note, const char *at, const char *end,
    struct why *why)
{
	struct word w;

	*note = (struct word){ "", 0 };
	while (word_next(&w, &at, end)) {
		if (*w.p == '#') {
			*note =
			    (struct word){ w.p + 1, (size_t)(end - w.p) - 1 };
			trim(note);
			for (size_t i = 0; i < note->n; i++)
				if (note->p[i] == '\t')
					return why_set(why, EX_DATAERR,
					    "a tab in the note; spaces may "
					    "stand there");
			return 0;
		}
		if (read_option(r, &w, why) < 0)
			return -1;
	}
	return 0;
}

int
rule_read(struct rule *r, char *name, struct word *note, const char *line,
    size_t n, struct why *why)
{
	const char *at = line, *end;
	struct word w[4];
	int i;

	if (n && line[n - 1] == '\r')
		n--;
	end = line + n;
	memset(r, 0, sizeof *r);
	if (n > RULE_LINE)
		return why_set(
		    why, EX_DATAERR, "a line of more than %d bytes", RULE_LINE);
	i = word_next(&w[0], &at, end);
	if (check_bytes(line, n, i && *w[0].p == '#', why) < 0)
		return -1;
	if (!i || *w[0].p == '#')
		return 0;
	for (i = 1; i < 4; i++)
		if (!word_next(&w[i], &at, end) || *w[i].p == '#')
			return why_set(why, EX_DATAERR,
			    "%.*s ...: a rule is VERDICT PROTO HOST PORTS: "
			    "allow tcp example.com 443",
			    SHOWN(&w[0]));
	if (read_verdict(r, &w[0], why) < 0 ||
	    rule_read_proto(r, &w[1], why) < 0 ||
	    rule_read_host(r, name, &w[2], why) < 0 ||
	    rule_read_ports(r, &w[3], why) < 0 ||
	    read_options(r, note, at, end, why) < 0)
		return -1;
	return 1;
}

int
rule_parse(struct rule *r, const char *line, size_t n, struct why *why)
{
	char name[RULE_NAME_MAX];
	struct word note;
	int got = rule_read(r, name, &note, line, n, why);

	if (got != 1)
		return got;
	rule_keep_name(r, name);
	if (note.n)
		r->note = xstrndup(note.p, note.n);
	return 1;
}

static void
print_host(const struct rule *r, struct buf *out)
{
	char text[CIDR_TEXT];

	switch (r->host) {
	case RULE_CIDR:
		cidr_print(&r->cidr, text);
		buf_str(out, text);
		return;
	case RULE_ANY:
		buf_str(out, "*");
		return;
	case RULE_HOST:
		buf_str(out, "host");
		return;
	case RULE_SUFFIX:
		buf_str(out, ".");
		break;
	case RULE_LIST:
		buf_str(out, "@");
		break;
	}
	buf_str(out, r->name);
}

static void
print_until(long long until, struct buf *out)
{
	time_t t = (time_t)until;
	char text[32];
	struct tm tm;

	if (gmtime_r(&t, &tm) &&
	    strftime(text, sizeof text, " until=%Y-%m-%dT%H:%M:%SZ", &tm))
		buf_str(out, text);
}

void
rule_print(const struct rule *r, struct buf *out)
{
	static const char *const protos[] = { [RULE_TCP] = "tcp",
		[RULE_UDP] = "udp",
		[RULE_ICMP] = "icmp",
		[RULE_ALL] = "*" };
	char text[CIDR_TEXT];

	buf_fmt(out, "%s %s ", verdicts[r->verdict], protos[r->protos]);
	print_host(r, out);
	buf_str(out, " ");
	rule_print_ports(&r->ports, out);
	if (r->until)
		print_until(r->until, out);
	for (size_t i = 0; i < r->nto; i++) {
		cidr_print(&r->to[i], text);
		buf_fmt(out, "%s%s", i ? "," : " to=", text);
	}
	if (r->note)
		buf_fmt(out, " # %s", r->note);
}

void
rule_free(struct rule *r)
{
	free(r->name);
	free(r->note);
	r->name = r->note = NULL;
}
