/* SPDX-License-Identifier: ISC */
#include "dialog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

static const struct {
	uint8_t proto;
	const char *word;
} protos[] = { { RULE_TCP, "tcp" }, { RULE_UDP, "udp" },
	{ RULE_ICMP, "icmp" } };

static const struct {
	uint16_t port;
	const char *service;
} services[] = { { 21, "FTP" }, { 22, "SSH" }, { 23, "TELNET" }, { 25, "SMTP" },
	{ 53, "DNS" }, { 80, "HTTP" }, { 110, "POP3" }, { 123, "NTP" },
	{ 143, "IMAP" }, { 389, "LDAP" }, { 443, "HTTPS" }, { 445, "SMB" },
	{ 465, "SMTPS" }, { 587, "SMTP" }, { 636, "LDAPS" }, { 853, "DNS-TLS" },
	{ 873, "RSYNC" }, { 989, "FTPS" }, { 993, "IMAPS" }, { 995, "POP3S" },
	{ 1433, "MSSQL" }, { 3306, "MYSQL" }, { 3389, "RDP" }, { 5222, "XMPP" },
	{ 5432, "POSTGRESQL" }, { 6379, "REDIS" }, { 6667, "IRC" },
	{ 6697, "IRC" }, { 8080, "HTTP" }, { 8333, "BITCOIN" },
	{ 8443, "HTTPS" }, { 9418, "GIT" }, { 27017, "MONGODB" } };

static const char *const lasts[] = { [ASK_NEVER] = "never",
	[ASK_ALLOWED] = "allowed",
	[ASK_DENIED] = "denied",
	[ASK_UNANSWERED] = "unanswered" };

static const char *const states[] = { [ASK_FREE] = "-",
	[ASK_WAITS] = "waits",
	[ASK_SHOWING] = "shown",
	[ASK_IS_LATE] = "late" };

static const char *const scopes[] = { [DIALOG_HOST] = "host",
	[DIALOG_DOMAIN] = "domain",
	[DIALOG_ADDRESS] = "address" };

/* Places in which anybody may have a name. */
static const char *const shared[] = { "amazonaws.com", "appspot.com",
	"azureedge.net", "azurewebsites.net", "blogspot.com", "cloudfront.net",
	"deno.dev", "fastly.net", "firebaseapp.com", "fly.dev", "github.io",
	"githubusercontent.com", "gitlab.io", "glitch.me", "herokuapp.com",
	"netlify.app", "ngrok-free.app", "ngrok.io", "onrender.com",
	"pages.dev", "r2.dev", "replit.app", "run.app", "supabase.co",
	"surge.sh", "trycloudflare.com", "vercel.app", "web.app", "windows.net",
	"wordpress.com", "workers.dev" };

int
dialog_to(
    struct ask_to *to, const char *proto, const char *host, const char *port)
{
	long long n;
	struct addr a;

	*to = (struct ask_to){ 0 };
	for (size_t i = 0; i < LEN(protos); i++)
		if (strcmp(proto, protos[i].word) == 0)
			to->proto = protos[i].proto;
	if (!to->proto || num_int(port, 0, 65535, &n) < 0)
		return -1;
	to->port = (uint16_t)n;
	if (addr_parse(&a, host) == 0) {
		addr_print(&a, to->host);
		return 0;
	}
	return name_canon(to->host, host, strlen(host));
}

const char *
dialog_proto(const struct ask_to *to)
{
	size_t i = 0;

	while (protos[i].proto != to->proto)
		i++;
	return protos[i].word;
}

const char *
dialog_service(const struct ask_to *to)
{
	for (size_t i = 0; to->proto == RULE_TCP && i < LEN(services); i++)
		if (services[i].port == to->port)
			return services[i].service;
	return "-";
}

const char *
dialog_kind(const struct ask_to *to)
{
	struct addr a;

	if (strcmp(to->host, "host") == 0)
		return "host";
	return addr_parse(&a, to->host) == 0 ? "address" : "name";
}

void
dialog_print(const struct dialog *d, struct buf *out)
{
	char domain[ASK_HOST];

	dialog_domain(d->to.host, domain);
	buf_fmt(out, "question %s %u %s %s %u %s %s %u %s %u %s", d->vm, d->id,
	    dialog_proto(&d->to), d->to.host, d->to.port,
	    dialog_service(&d->to), dialog_kind(&d->to), d->tries,
	    lasts[d->last], d->waiting, *domain ? domain : "-");
}

static int
is_vm(const char *s)
{
	return *s && *s != '-' && strlen(s) < DIALOG_VM &&
	    s[strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-")] == '\0';
}

/* Cut line at its blanks into at most most words; how many, most + 1 when there
 * are more. */
static size_t
cut(char *line, char **words, size_t most)
{
	size_t n = 0;
	char *save = NULL;

	for (char *s = strtok_r(line, " ", &save); s;
	     s = strtok_r(NULL, " ", &save)) {
		if (n == most)
			return most + 1;
		words[n++] = s;
	}
	return n;
}

static int
number(const char *s, unsigned *out)
{
	long long n;

	if (num_int(s, 0, UINT32_MAX, &n) < 0)
		return -1;
	*out = (unsigned)n;
	return 0;
}

/* Which of n words it is, n: none. */
static size_t
which(const char *const *words, size_t n, const char *word)
{
	size_t i = 0;

	while (i < n && strcmp(words[i], word) != 0)
		i++;
	return i;
}

int
dialog_parse(struct dialog *d, const char *line)
{
	enum { QUESTION, VM, ID, PROTO, HOST, PORT, SERVICE, KIND };
	enum { TRIES = KIND + 1, LAST, WAITING, DOMAIN, WORDS };
	autofree char *copy = xstrdup(line);
	char *w[WORDS];
	size_t last;

	*d = (struct dialog){ 0 };
	if (cut(copy, w, WORDS) != WORDS ||
	    strcmp(w[QUESTION], "question") != 0 || !is_vm(w[VM]) ||
	    number(w[ID], &d->id) < 0 || !d->id ||
	    dialog_to(&d->to, w[PROTO], w[HOST], w[PORT]) < 0 ||
	    number(w[TRIES], &d->tries) < 0 ||
	    number(w[WAITING], &d->waiting) < 0)
		return -1;
	last = which(lasts, LEN(lasts), w[LAST]);
	if (last == LEN(lasts))
		return -1;
	d->last = (enum ask_last)last;
	(void)snprintf(d->vm, sizeof d->vm, "%s", w[VM]);
	return 0;
}

void
listed_print(const struct listed *l, struct buf *out)
{
	const struct ask_to *to = &l->d.to;

	buf_fmt(out, "pending %s %u %s %u %s %s %u %s %u %s", l->d.vm, l->d.id,
	    states[l->state], l->seconds, dialog_proto(to), to->host, to->port,
	    dialog_kind(to), l->d.tries, lasts[l->d.last]);
}

int
listed_parse(struct listed *l, const char *line)
{
	enum { PENDING, VM, ID, STATE, SECONDS, PROTO, HOST, PORT, KIND };
	enum { TRIES = KIND + 1, LAST, WORDS };
	autofree char *copy = xstrdup(line);
	size_t state, last;
	char *w[WORDS];

	*l = (struct listed){ 0 };
	if (cut(copy, w, WORDS) != WORDS ||
	    strcmp(w[PENDING], "pending") != 0 || !is_vm(w[VM]) ||
	    number(w[ID], &l->d.id) < 0 || !l->d.id ||
	    number(w[SECONDS], &l->seconds) < 0 ||
	    dialog_to(&l->d.to, w[PROTO], w[HOST], w[PORT]) < 0 ||
	    number(w[TRIES], &l->d.tries) < 0)
		return -1;
	state = which(states, LEN(states), w[STATE]);
	last = which(lasts, LEN(lasts), w[LAST]);
	if (state == LEN(states) || last == LEN(lasts))
		return -1;
	l->state = (enum ask_state)state;
	l->d.last = (enum ask_last)last;
	(void)snprintf(l->d.vm, sizeof l->d.vm, "%s", w[VM]);
	return 0;
}

/* ---- how far ---- */

/* Whether anybody may have a name there: a last label alone, two short ones as
 * co.uk and com.au have, and the places we know. */
static int
is_public(const char *name)
{
	const char *dot = strchr(name, '.');

	if (!dot)
		return 1;
	if (!strchr(dot + 1, '.') && strlen(dot + 1) == 2 && dot - name <= 3)
		return 1;
	for (size_t i = 0; i < LEN(shared); i++)
		if (name_under(name, shared[i]))
			return 1;
	return 0;
}

void
dialog_domain(const char *host, char *out)
{
	const char *dot = strchr(host, '.');
	struct addr a;

	*out = '\0';
	if (!dot || addr_parse(&a, host) == 0)
		return;
	(void)snprintf(
	    out, ASK_HOST, "%s", is_public(dot + 1) ? host : dot + 1);
}

int
dialog_dest(const struct ask_to *to, enum dialog_scope scope, char *out,
    struct why *why)
{
	int v6 = strchr(to->host, ':') != NULL, wide = scope == DIALOG_DOMAIN;
	const char *kind = dialog_kind(to);
	char domain[ASK_HOST];

	if (scope == DIALOG_ADDRESS && *kind != 'a')
		return why_set(why, EX_USAGE,
		    "%s: its address is not known before it is allowed",
		    to->host);
	dialog_domain(to->host, domain);
	if (wide && !*domain)
		return why_set(
		    why, EX_USAGE, "%s: nothing wider than that", to->host);
	(void)snprintf(out, DIALOG_DEST, "%s%s%s%s", wide ? "." : "",
	    v6 ? "[" : "", wide ? domain : to->host, v6 ? "]" : "");
	if (to->proto != RULE_ICMP)
		(void)snprintf(out + strlen(out), DIALOG_DEST - strlen(out),
		    ":%u", to->port);
	(void)snprintf(out + strlen(out), DIALOG_DEST - strlen(out), "/%s",
	    dialog_proto(to));
	return 0;
}

/* ---- answers ---- */

int
decree_life(const char *life, struct why *why)
{
	long long ms;

	if (strlen(life) < DIALOG_LIFE &&
	    (strcmp(life, "once") == 0 || strcmp(life, "session") == 0 ||
		strcmp(life, "always") == 0 ||
		(num_duration(life, &ms) == 0 && ms >= 1000)))
		return 0;
	return why_set(why, EX_USAGE,
	    "%s: once, session, always, or as long as 15m", life);
}

int
decree_scope(const char *word, enum dialog_scope *scope, struct why *why)
{
	for (size_t i = 0; i < LEN(scopes); i++)
		if (strcmp(word, scopes[i]) == 0) {
			*scope = (enum dialog_scope)i;
			return 0;
		}
	return why_set(why, EX_USAGE, "%s: host, domain or address", word);
}

int
decree_parse(struct decree *d, const char *text, struct why *why)
{
	enum { VM, ID, VERDICT, LIFE, SCOPE, WORDS };
	autofree char *copy = xstrdup(text);
	char *w[WORDS];
	size_t n = cut(copy, w, WORDS);

	*d = (struct decree){ 0 };
	if (n < LIFE || n > WORDS || !is_vm(w[VM]))
		return why_set(
		    why, EX_USAGE, "not VM ID allow|deny [LIFE [SCOPE]]");
	if (strcmp(w[ID], "all") != 0 && (number(w[ID], &d->id) < 0 || !d->id))
		return why_set(
		    why, EX_USAGE, "%s: no number of a question", w[ID]);
	d->verdict = *w[VERDICT] == 'a' ? RULE_ALLOW : RULE_DENY;
	if (strcmp(w[VERDICT], "allow") != 0 && strcmp(w[VERDICT], "deny") != 0)
		return why_set(
		    why, EX_USAGE, "%s: not allow or deny", w[VERDICT]);
	if ((n > LIFE && decree_life(w[LIFE], why) < 0) ||
	    (n > SCOPE && decree_scope(w[SCOPE], &d->scope, why) < 0))
		return -1;
	(void)snprintf(d->vm, sizeof d->vm, "%s", w[VM]);
	(void)snprintf(
	    d->life, sizeof d->life, "%s", n > LIFE ? w[LIFE] : "once");
	return 0;
}

void
decree_print(const struct decree *d, struct buf *out)
{
	buf_fmt(out, "answer %s %u %s %s %s", d->vm, d->id,
	    d->verdict == RULE_ALLOW ? "allow" : "deny", d->life,
	    scopes[d->scope]);
}
