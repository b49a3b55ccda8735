/* SPDX-License-Identifier: ISC */
#include "netlog.h"

#include <stdio.h>
#include <string.h>

static const char *const verdicts[] = {
	[RULE_ALLOW] = "allow", [RULE_DENY] = "deny", [RULE_ASK] = "ask"
};
static const char *const protos[] = {
	[RULE_TCP] = "tcp", [RULE_UDP] = "udp", [RULE_ICMP] = "icmp"
};

static void
number(struct buf *out, uint64_t n, int known)
{
	if (known)
		buf_fmt(out, " %llu", (unsigned long long)n);
	else
		buf_str(out, " -");
}

void
netlog_print(const struct netlog *l, struct buf *out)
{
	buf_fmt(out, "%s %s %s %s %s", verdicts[l->verdict], l->why,
	    protos[l->proto], *l->name ? l->name : "-",
	    *l->address ? l->address : "-");
	number(out, l->port, l->port != 0);
	number(out, l->out, l->ended);
	number(out, l->in, l->ended);
}

/* The next word of *s into out (size bytes); -1 when there is none that
 * fits. */
static int
word(const char **s, const char *end, char *out, size_t size)
{
	const char *stop = memchr(*s, ' ', (size_t)(end - *s));
	size_t n = (size_t)((stop ? stop : end) - *s);

	if (!n || n >= size || memchr(*s, '\0', n))
		return -1;
	memcpy(out, *s, n);
	out[n] = '\0';
	*s = stop ? stop + 1 : end;
	return 0;
}

static int
pick(const char *const *table, size_t n, const char *text, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		if (table[i] && strcmp(table[i], text) == 0) {
			*out = (uint8_t)i;
			return 0;
		}
	return -1;
}

/* A word that "-" leaves empty. */
static int
maybe(const char **s, const char *end, char *out, size_t size)
{
	if (word(s, end, out, size) < 0)
		return -1;
	if (strcmp(out, "-") == 0)
		*out = '\0';
	return 0;
}

static int
count(const char **s, const char *end, long long hi, long long *out)
{
	char text[24];

	*out = -1;
	if (maybe(s, end, text, sizeof text) < 0)
		return -1;
	return *text ? num_int(text, 0, hi, out) : 0;
}

int
netlog_parse(struct netlog *l, const char *line, size_t n)
{
	const char *s = line, *end = line + n;
	long long port, out, in;
	char text[16];

	*l = (struct netlog){ 0 };
	if (word(&s, end, text, sizeof text) < 0 ||
	    pick(verdicts, LEN(verdicts), text, &l->verdict) < 0 ||
	    word(&s, end, l->why, sizeof l->why) < 0 ||
	    word(&s, end, text, sizeof text) < 0 ||
	    pick(protos, LEN(protos), text, &l->proto) < 0 ||
	    maybe(&s, end, l->name, sizeof l->name) < 0 ||
	    maybe(&s, end, l->address, sizeof l->address) < 0 ||
	    count(&s, end, 65535, &port) < 0 ||
	    count(&s, end, INT64_MAX, &out) < 0 ||
	    count(&s, end, INT64_MAX, &in) < 0 || s != end ||
	    (out < 0) != (in < 0))
		return -1;
	l->port = port > 0 ? (uint16_t)port : 0;
	l->ended = out >= 0;
	l->out = l->ended ? (uint64_t)out : 0;
	l->in = l->ended ? (uint64_t)in : 0;
	return 0;
}

const char *
netlog_proto(const struct netlog *l)
{
	return protos[l->proto];
}

char *
netlog_dest(const struct netlog *l)
{
	const char *host = *l->name ? l->name : l->address;
	int v6 = strchr(host, ':') != NULL;
	struct buf b = { 0 };

	buf_fmt(&b, v6 ? "[%s]" : "%s", host);
	if (l->port)
		buf_fmt(&b, ":%u", (unsigned)l->port);
	if (l->proto != RULE_TCP)
		buf_fmt(&b, "/%s", netlog_proto(l));
	return buf_take(&b);
}
