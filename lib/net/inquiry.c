/* SPDX-License-Identifier: ISC */
#include "inquiry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "decide.h"
#include "mem.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; callers ignore SIGPIPE anyway */
#endif

enum { MOST_S = 86400 };

void
inquiry_init(struct inquiry *q)
{
	*q = (struct inquiry){ .fd = -1 };
}

static void
hang_up(struct inquiry *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
	q->n = 0;
	q->calling = 0;
	for (size_t i = 0; i < INQUIRY_OPEN; i++)
		*q->open[i].key.text = '\0';
}

/* Send it as a whole or not at all: 0; 1 he does not read; -1 he is gone. */
static int
send_question(struct inquiry *q, size_t i)
{
	autobuf struct buf line = { 0 };
	ssize_t n;

	buf_fmt(&line, "ask %u %s\n", q->open[i].id, q->open[i].key.text);
	n = send(q->fd, line.p, line.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 1;
	q->open[i].sent = 1;
	return n == (ssize_t)line.n ? 0 : -1;
}

/* What was asked while he was called is sent now. */
void
inquiry_attach(struct inquiry *q, int fd)
{
	int bad = fd < 0;

	if (q->fd >= 0 || bad)
		hang_up(q);
	q->fd = fd;
	q->calling = 0;
	for (size_t i = 0; i < INQUIRY_OPEN && !bad; i++)
		if (*q->open[i].key.text && !q->open[i].sent)
			bad = send_question(q, i) != 0;
	if (bad)
		hang_up(q);
}

static void
key_of(struct inquiry_key *key, const struct target *to)
{
	char addr[ADDR_TEXT];
	const char *host = to->host ? "host" : to->name;

	if (!host) {
		addr_print(&to->addr, addr);
		host = addr;
	}
	(void)snprintf(
	    key->text, sizeof key->text, "tcp %s %u", host, to->port);
}

static int
same(const struct inquiry_key *a, const struct inquiry_key *b)
{
	return strcmp(a->text, b->text) == 0;
}

static enum rule_verdict
denied(char *why, const char *text)
{
	(void)snprintf(why, WHY_TEXT, "%s", text);
	return RULE_DENY;
}

static enum rule_verdict
put(struct inquiry *q, size_t i, const struct inquiry_key *key, long long now,
    char *why)
{
	int bad;

	q->open[i].key = *key;
	q->open[i].id = q->id++;
	q->open[i].sent = 0;
	q->open[i].until = now + INQUIRY_MS;
	bad = q->fd < 0 ? 0 : send_question(q, i);
	if (!bad)
		return RULE_ASK;
	*q->open[i].key.text = '\0';
	if (bad > 0)
		return denied(why, "full");
	/* Its end is told by the socket, so that those who wait hear of it. */
	(void)shutdown(q->fd, SHUT_RDWR);
	return denied(why, "nobody");
}

/* 1 when somebody is there, or called. */
static int
somebody(struct inquiry *q, long long now)
{
	if (q->fd >= 0 || q->calling)
		return 1;
	if (!q->call || now < q->again || q->call(q->arg) < 0)
		return 0;
	q->calling = 1;
	q->backoff = q->backoff ? 2 * q->backoff : INQUIRY_AGAIN_MS;
	if (q->backoff > INQUIRY_MOST_MS)
		q->backoff = INQUIRY_MOST_MS;
	q->again = now + q->backoff;
	return 1;
}

enum rule_verdict
inquiry_ask(
    struct inquiry *q, const struct target *to, long long now, char *why)
{
	size_t free = INQUIRY_OPEN;
	struct inquiry_key key;

	key_of(&key, to);
	for (size_t i = 0; i < INQUIRY_KNOWN; i++)
		if (now < q->known[i].until && same(&q->known[i].key, &key)) {
			(void)snprintf(why, WHY_TEXT, "%s", q->known[i].why);
			return q->known[i].verdict;
		}
	/* nobody can tell a name `host` from this machine */
	if ((!to->host && to->name && !strcmp(to->name, "host")) ||
	    !somebody(q, now))
		return denied(why, "nobody");
	for (size_t i = 0; i < INQUIRY_OPEN; i++) {
		if (*q->open[i].key.text && now >= q->open[i].until)
			*q->open[i].key.text = '\0';
		if (same(&q->open[i].key, &key))
			return RULE_ASK;
		if (!*q->open[i].key.text)
			free = i;
	}
	return free == INQUIRY_OPEN ? denied(why, "full") :
				      put(q, free, &key, now, why);
}

/* The words for the log; what is none of them was asked. */
static const char *
word(const char *why)
{
	static const char *const words[] = { "nobody", "full", "silence" };

	for (size_t i = 0; i < LEN(words); i++)
		if (strcmp(why, words[i]) == 0)
			return words[i];
	return "asked";
}

/* answer ID VERDICT SECONDS WHY: 1 when it answers an open question. */
static int
take(struct inquiry *q, const char *line, long long now)
{
	char verdict[8], why[8] = "";
	unsigned id, seconds;

	if (sscanf(line, "answer %u %7s %u %7s", &id, verdict, &seconds, why) <
		3 ||
	    seconds > MOST_S)
		return 0;
	for (size_t i = 0; i < INQUIRY_OPEN; i++) {
		size_t k = q->next % INQUIRY_KNOWN;

		if (!*q->open[i].key.text || q->open[i].id != id)
			continue;
		q->known[k].key = q->open[i].key;
		q->known[k].verdict =
		    strcmp(verdict, "allow") == 0 ? RULE_ALLOW : RULE_DENY;
		q->known[k].why = word(why);
		/* who waits asks again, a moment from now */
		q->known[k].until = now + (seconds ? seconds : 1) * 1000LL;
		q->next++;
		*q->open[i].key.text = '\0';
		q->backoff = 0;
		q->again = 0;
		return 1;
	}
	return 0;
}

/* Take the whole lines: 1 when one of them answers. */
static int
split(struct inquiry *q, long long now)
{
	int some = 0;
	char *end;

	while ((end = memchr(q->line, '\n', q->n))) {
		size_t used = (size_t)(end - q->line) + 1;

		*end = '\0';
		some |= take(q, q->line, now);
		q->n -= used;
		memmove(q->line, q->line + used, q->n + 1);
	}
	return some;
}

int
inquiry_serve(struct inquiry *q, long long now)
{
	int some = 0;

	/* a line without an end is none of ours */
	while (q->fd >= 0 && q->n < sizeof q->line - 1) {
		ssize_t n = recv(q->fd, q->line + q->n,
		    sizeof q->line - 1 - q->n, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return some;
		if (n <= 0)
			break;
		q->n += (size_t)n;
		q->line[q->n] = '\0';
		some |= split(q, now);
	}
	hang_up(q);
	return 1;
}
