/* SPDX-License-Identifier: ISC */
/* Destinations as a command line has them, and what two have in common. */
#include <string.h>

#include "rule_priv.h"
#include "say.h"

/* HOST[:PORTS][/PROTO], cut; what is not there is of length 0. */
struct dest {
	struct word host, ports, proto;
};

static int
fails(const struct word *w, const char *what, struct why *why)
{
	return why_set(why, EX_DATAERR, "%.*s: %s", SHOWN(w), what);
}

/* Behind the last slash: not a number, that would be a block's. */
static void
cut_proto(struct word *w, struct word *proto)
{
	const char *end = w->p + w->n, *s = end;

	while (s > w->p && s[-1] != '/' && s[-1] != ':' && s[-1] != ']')
		s--;
	if (s == w->p || s[-1] != '/' || (s < end && *s >= '0' && *s <= '9'))
		return;
	*proto = (struct word){ s, (size_t)(end - s) };
	w->n -= proto->n + 1;
}

/* [ADDR]..., [ADDR/BITS]...; the brackets hold what colons would not. */
static int
cut_brackets(
    struct dest *d, const struct word *all, struct word w, struct why *why)
{
	const char *end = memchr(w.p, ']', w.n);

	if (!end || !memchr(w.p, ':', (size_t)(end - w.p)))
		return fails(all,
		    "brackets are for an address of IPv6: [2001:db8::1]:443",
		    why);
	d->host = (struct word){ w.p + 1, (size_t)(end - w.p) - 1 };
	w.n -= (size_t)(end + 1 - w.p);
	w.p = end + 1;
	if (w.n > 1 && *w.p == ':')
		d->ports = (struct word){ w.p + 1, w.n - 1 };
	else if (w.n)
		return fails(
		    all, "what follows ] is :PORTS: [2001:db8::/32]:443", why);
	return 0;
}

static int
cut(struct dest *d, const struct word *all, struct why *why)
{
	struct word w = *all;
	const char *colon;

	memset(d, 0, sizeof *d);
	cut_proto(&w, &d->proto);
	if (w.n && *w.p == '[')
		return cut_brackets(d, all, w, why);
	d->host = w;
	colon = memchr(w.p, ':', w.n);
	if (!colon || memchr(colon + 1, ':', (size_t)(w.p + w.n - colon) - 1))
		return 0;
	d->host.n = (size_t)(colon - w.p);
	d->ports = (struct word){ colon + 1, w.n - d->host.n - 1 };
	if (!d->ports.n)
		return fails(
		    all, "no ports behind the colon; :443 are, or :*", why);
	return 0;
}

static int
read_proto(struct rule *r, const struct word *all, const struct word *w,
    struct why *why)
{
	if (word_is(w, "any"))
		r->protos = RULE_ALL;
	else if (word_is(w, "*") || rule_read_proto(r, w, NULL) < 0)
		return fails(all,
		    "no protocol behind the slash; /tcp, /udp, /icmp and /any "
		    "are",
		    why);
	return 0;
}

/* 80 and 443, tcp, where an allow does not say. */
static void
fill(struct rule *r, const struct dest *d)
{
	int allow = r->verdict == RULE_ALLOW;

	if (!d->proto.p)
		r->protos = allow ? RULE_TCP : RULE_ALL;
	if (d->ports.p || !allow || r->protos == RULE_ICMP)
		return;
	r->ports.n = 2;
	r->ports.v[0].lo = r->ports.v[0].hi = 80;
	r->ports.v[1].lo = r->ports.v[1].hi = 443;
}

int
rule_read_dest(struct rule *r, char *name, enum rule_verdict verdict,
    const struct word *dest, struct why *why)
{
	static const struct word star = { "*", 1 };
	struct dest d;

	memset(r, 0, sizeof *r);
	r->verdict = (uint8_t)verdict;
	for (size_t i = 0; i < dest->n; i++) {
		if (dest->p[i] <= ' ' && !(dest->p[i] & 0x80))
			return fails(dest,
			    "blanks and control bytes are in no name", why);
		if (i && dest->p[i] == '/' && dest->p[i - 1] == '/')
			return fails(dest,
			    "a name alone, without http:// and path, is what "
			    "a rule is about",
			    why);
	}
	if (cut(&d, dest, why) < 0 ||
	    (d.proto.p && read_proto(r, dest, &d.proto, why) < 0) ||
	    rule_read_host(
		r, name, word_is(&d.host, "any") ? &star : &d.host, why) < 0 ||
	    (d.ports.p && rule_read_ports(r, &d.ports, why) < 0))
		return -1;
	fill(r, &d);
	return 0;
}

int
rule_dest(struct rule *r, enum rule_verdict verdict, const char *dest,
    struct why *why)
{
	struct word w = { dest, strlen(dest) };
	char name[RULE_NAME_MAX];

	if (rule_read_dest(r, name, verdict, &w, why) < 0) {
		if (why)
			why->code = EX_USAGE;
		return -1;
	}
	rule_keep_name(r, name);
	return 0;
}

void
rule_dest_print(const struct rule *r, struct buf *out)
{
	static const char *const protos[] = { [RULE_TCP] = "/tcp",
		[RULE_UDP] = "/udp",
		[RULE_ICMP] = "/icmp",
		[RULE_ALL] = "/any" };
	static const char *const before[] = { [RULE_ANY] = "any",
		[RULE_HOST] = "host",
		[RULE_NAME] = "",
		[RULE_SUFFIX] = ".",
		[RULE_LIST] = "@",
		[RULE_CIDR] = "" };
	char text[CIDR_TEXT];

	buf_str(out, before[r->host]);
	if (r->host == RULE_CIDR) {
		cidr_print(&r->cidr, text);
		buf_fmt(out, strchr(text, ':') ? "[%s]" : "%s", text);
	} else if (r->name)
		buf_str(out, r->name);
	buf_str(out, ":");
	rule_print_ports(&r->ports, out);
	buf_str(out, protos[r->protos]);
}
