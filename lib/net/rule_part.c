/* SPDX-License-Identifier: ISC */
/* The parts of a rule beside its host. */
#include <string.h>
#include <time.h>

#include "rule_priv.h"
#include "say.h"

int
word_next(struct word *w, const char **at, const char *end)
{
	const char *s = *at;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	w->p = s;
	while (s < end && *s != ' ' && *s != '\t')
		s++;
	w->n = (size_t)(s - w->p);
	*at = s;
	return w->n > 0;
}

int
word_is(const struct word *w, const char *text)
{
	return strlen(text) == w->n && memcmp(w->p, text, w->n) == 0;
}

int
rule_read_proto(struct rule *r, const struct word *w, struct why *why)
{
	if (word_is(w, "tcp"))
		r->protos = RULE_TCP;
	else if (word_is(w, "udp"))
		r->protos = RULE_UDP;
	else if (word_is(w, "icmp"))
		r->protos = RULE_ICMP;
	else if (word_is(w, "*"))
		r->protos = RULE_ALL;
	else
		return why_set(why, EX_DATAERR,
		    "%.*s: no protocol; tcp, udp, icmp and * are", SHOWN(w));
	return 0;
}

static int
read_port(const char **s, const char *end, unsigned *out)
{
	const char *from = *s;
	unsigned v = 0;

	while (*s < end && **s >= '0' && **s <= '9' && *s - from < 6)
		v = v * 10 + (unsigned)(*(*s)++ - '0');
	*out = v;
	return *s == from || *from == '0' || v > 65535 ? -1 : 0;
}

/* Put lo to hi among the others, which are ascending and apart, so that they
 * are so again.  -1 when there is no room. */
static int
add_range(struct rule_ports *p, unsigned lo, unsigned hi)
{
	size_t at = 0, last;

	while (at < p->n && p->v[at].hi + 1U < lo)
		at++;
	for (last = at; last < p->n && p->v[last].lo <= hi + 1; last++) {
		lo = p->v[last].lo < lo ? p->v[last].lo : lo;
		hi = p->v[last].hi > hi ? p->v[last].hi : hi;
	}
	if (last == at && p->n == RULE_PORTS)
		return -1;
	memmove(&p->v[at + 1], &p->v[last], (p->n - last) * sizeof p->v[0]);
	p->n -= last - at;
	p->n++;
	p->v[at].lo = (uint16_t)lo;
	p->v[at].hi = (uint16_t)hi;
	return 0;
}

int
rule_read_ports(struct rule *r, const struct word *w, struct why *why)
{
	const char *s = w->p, *end = w->p + w->n;
	unsigned lo, hi;

	memset(&r->ports, 0, sizeof r->ports);
	if (word_is(w, "*"))
		return 0;
	for (;; s++) {
		if (read_port(&s, end, &lo) < 0)
			break;
		hi = lo;
		if (s < end && *s == '-' &&
		    (s++, read_port(&s, end, &hi) < 0 || hi < lo))
			break;
		if (add_range(&r->ports, lo, hi) < 0)
			return why_set(why, EX_DATAERR,
			    "%.*s: more than %d ranges of ports; a second "
			    "rule has room for the rest",
			    SHOWN(w), RULE_PORTS);
		if (s == end && r->protos == RULE_ICMP)
			return why_set(why, EX_DATAERR,
			    "%.*s: icmp has no ports, only *", SHOWN(w));
		if (s == end)
			return 0;
		if (*s != ',')
			break;
	}
	return why_set(why, EX_DATAERR,
	    "%.*s: ports are numbers from 1 to 65535, 80,443 or 8000-8099, "
	    "or *",
	    SHOWN(w));
}

void
rule_print_ports(const struct rule_ports *p, struct buf *out)
{
	if (!p->n)
		buf_str(out, "*");
	for (size_t i = 0; i < p->n; i++) {
		buf_fmt(out, i ? ",%u" : "%u", p->v[i].lo);
		if (p->v[i].hi > p->v[i].lo)
			buf_fmt(out, "-%u", p->v[i].hi);
	}
}

/* The numbers of YYYY-MM-DDTHH:MM:SSZ, -1 for another form. */
static int
read_fields(const struct word *w, int *v)
{
	static const char form[] = "0000-11-22T33:44:55Z";

	if (w->n != sizeof form - 1)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		if (form[i] < '0' || form[i] > '9') {
			if (w->p[i] != form[i])
				return -1;
			continue;
		}
		if (w->p[i] < '0' || w->p[i] > '9')
			return -1;
		v[form[i] - '0'] = v[form[i] - '0'] * 10 + w->p[i] - '0';
	}
	return 0;
}

/* timegm takes the 31st of February for a day in March: what comes back tells
 * whether there was such a time. */
static int
read_date(const struct word *w, long long *out)
{
	int v[6] = { 0 };
	struct tm tm = { 0 }, back;
	time_t t;

	if (read_fields(w, v) < 0)
		return -1;
	tm.tm_year = v[0] - 1900;
	tm.tm_mon = v[1] - 1;
	tm.tm_mday = v[2];
	tm.tm_hour = v[3];
	tm.tm_min = v[4];
	tm.tm_sec = v[5];
	t = timegm(&tm);
	if (t <= 0 || !gmtime_r(&t, &back) || back.tm_year != v[0] - 1900 ||
	    back.tm_mon != v[1] - 1 || back.tm_mday != v[2] ||
	    back.tm_hour != v[3] || back.tm_min != v[4] || back.tm_sec != v[5])
		return -1;
	*out = t;
	return 0;
}

int
rule_read_until(struct rule *r, const struct word *w, struct why *why)
{
	static const long long most = 253402300799; /* the end of 9999 */
	long long v = 0;
	size_t i;

	for (i = 0; i < w->n && w->p[i] >= '0' && w->p[i] <= '9' && v <= most;
	     i++)
		v = v * 10 + w->p[i] - '0';
	if ((i == w->n && v && v <= most) || read_date(w, &v) == 0) {
		r->until = v;
		return 0;
	}
	return why_set(why, EX_DATAERR,
	    "until=%.*s: no time; 2026-11-21T22:14:00Z is one, and seconds "
	    "since 1970 are",
	    SHOWN(w));
}
