/* SPDX-License-Identifier: ISC */
/* The host of a rule: names as they are compared, and all that may stand in
 * their place. */
#include <string.h>

#include "rule_priv.h"
#include "say.h"

/* Folded to lower case; 0 for what is in no name. */
static char
fold(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	return c == '-' || c == '_' ? c : 0;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* inet_aton(3), and the parser of URLs that browsers have, take a name with
 * such an end for an address: 127.1, 0x7f.1, 2130706433. */
static int
is_number(const char *label, size_t n)
{
	size_t i = 0;
	int hex = n > 1 && label[0] == '0' && label[1] == 'x';

	if (!is_digit(label[0]))
		return 0;
	for (i = hex ? 2 : 0; i < n; i++)
		if (!is_digit(label[i]) &&
		    !(hex && label[i] >= 'a' && label[i] <= 'f'))
			return 0;
	return 1;
}

int
name_canon(char *out, const char *s, size_t n)
{
	size_t from = 0, i;

	if (n && s[n - 1] == '.')
		n--;
	if (!n || n >= RULE_NAME_MAX)
		return -1;
	for (i = 0; i < n; i++) {
		if ((out[i] = fold(s[i])))
			continue;
		if (s[i] != '.' || i == from || i - from > 63 || s[from] == '-')
			return -1;
		out[i] = '.';
		from = i + 1;
	}
	if (i == from || i - from > 63 || s[from] == '-' ||
	    is_number(out + from, i - from))
		return -1;
	out[n] = '\0';
	return 0;
}

int
name_under(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	if (n < m || memcmp(name + n - m, suffix, m) != 0)
		return 0;
	return n == m || name[n - m - 1] == '.';
}

/* What is wrong with a word that name_canon refused. */
static int
bad_name(const struct word *w, struct why *why)
{
	const char *what = "no host name: 1 to 63 letters, digits, hyphens and "
			   "underscores between dots, a hyphen not in front";

	if (!w->n)
		return why_set(why, EX_DATAERR,
		    "no host; example.com, 192.0.2.1 and host are some");
	for (size_t i = 0; i < w->n; i++)
		if (w->p[i] & 0x80)
			what = "a name beyond ASCII is given in its xn-- form";
	if (memchr(w->p, '*', w->n))
		what = "a star is all names, or all under one: "
		       "*.example.com";
	else if (memchr(w->p, '/', w->n))
		what = "a name alone, without a path, is what a rule is about";
	else if (memchr(w->p, '[', w->n))
		what = "an address has no brackets here: 2001:db8::1";
	else if (memchr(w->p, '%', w->n))
		what = "a % is in no name, and no zone in an address here";
	else if (memchr(w->p, ':', w->n))
		what = "a name has no colon; ports stand elsewhere";
	else if (w->n >= RULE_NAME_MAX)
		what = "longer than a name can be, 253 bytes";
	else if (w->n && is_digit(w->p[w->n - 1]))
		what = "a name that ends in a number is an address to some; "
		       "one is four decimal numbers: 192.0.2.1";
	return why_set(why, EX_DATAERR, "%.*s: %s", SHOWN(w), what);
}

/* "@NAME": it is also the name of a file. */
static int
read_list(struct rule *r, char *name, const struct word *w, struct why *why)
{
	size_t i, n = w->n - 1;
	const char *s = w->p + 1;

	for (i = 0; i < n && (fold(s[i]) || (i && s[i] == '.')); i++)
		name[i < 64 ? i : 64] = s[i];
	if (i < n || !n || n > 64 || *s == '-')
		return why_set(why, EX_DATAERR,
		    "%.*s: a list's name is 1 to 64 letters, digits, _ . -",
		    SHOWN(w));
	name[n] = '\0';
	r->host = RULE_LIST;
	return 0;
}

/* What can only be meant as an address; what is wrong with it is then said of
 * addresses. */
static int
is_address(const struct word *w)
{
	char text[ADDR_TEXT];
	struct addr a;
	size_t n = 0;

	while (n < w->n && w->p[n] != '/')
		n++;
	if (n >= sizeof text)
		return 0;
	memcpy(text, w->p, n);
	text[n] = '\0';
	return addr_parse(&a, text) == 0 ||
	    (memchr(w->p, ':', w->n) &&
		strspn(text,
		    "0123456789abcdefABCDEF:"
		    ".") == n) ||
	    (n == w->n && is_digit(*text) && strspn(text, "0123456789.") == n);
}

static int
read_cidr(struct rule *r, const struct word *w, struct why *why)
{
	char text[CIDR_TEXT + 40];

	if (w->n >= sizeof text)
		return bad_name(w, why);
	memcpy(text, w->p, w->n);
	text[w->n] = '\0';
	r->host = RULE_CIDR;
	return cidr_parse(&r->cidr, text, why);
}

int
rule_read_host(
    struct rule *r, char *name, const struct word *w, struct why *why)
{
	size_t dot = 0;

	*name = '\0';
	r->host = RULE_ANY;
	if (word_is(w, "*"))
		return 0;
	r->host = RULE_HOST;
	if (word_is(w, "host"))
		return 0;
	if (w->n && *w->p == '@')
		return read_list(r, name, w, why);
	if (w->n && *w->p == '.')
		dot = 1;
	else if (w->n > 1 && w->p[0] == '*' && w->p[1] == '.')
		dot = 2;
	r->host = dot ? RULE_SUFFIX : RULE_NAME;
	if (name_canon(name, w->p + dot, w->n - dot) < 0)
		return is_address(w) ? read_cidr(r, w, why) : bad_name(w, why);
	/* Written out again it would be another thing. */
	if (!dot && (strcmp(name, "host") == 0 || strcmp(name, "any") == 0))
		return why_set(why, EX_DATAERR,
		    "%.*s: write * for all, host for this machine", SHOWN(w));
	return 0;
}

void
rule_keep_name(struct rule *r, const char *name)
{
	if (r->host == RULE_NAME || r->host == RULE_SUFFIX ||
	    r->host == RULE_LIST)
		r->name = xstrdup(name);
}
