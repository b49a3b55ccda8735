/* SPDX-License-Identifier: ISC */
#include "qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "home.h"
#include "io.h"
#include "say.h"

enum { LINE_MAX_BYTES = JSON_MAX };

struct qmp {
	char *what;
	int fd, lock;
	long long id;
	struct buf in;
	size_t scanned; /* no newline in the first so many bytes */
	char *events[QMP_EVENTS]; /* a ring of lines */
	unsigned first, count;
};

void
qmp_close(struct qmp *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	if (q->lock >= 0)
		close(q->lock);
	for (unsigned i = 0; i < q->count; i++)
		free(q->events[(q->first + i) % QMP_EVENTS]);
	buf_free(&q->in);
	free(q->what);
	free(q);
}

void
qmp_autoclose(struct qmp **q)
{
	qmp_close(*q);
}

const char *
qmp_what(const struct qmp *q)
{
	return q->what;
}

static void *
late(const struct qmp *q, struct why *why)
{
	why_set(why, EX_TEMPFAIL, "%s: QEMU does not answer", q->what);
	return NULL;
}

/* The next line without its end, the caller's. */
static char *
next_line(struct qmp *q, long long deadline, struct why *why)
{
	char chunk[16384], *nl, *line;
	ssize_t n;

	for (;;) {
		nl = q->in.n > q->scanned ?
		    memchr(q->in.p + q->scanned, '\n', q->in.n - q->scanned) :
		    NULL;
		if (nl) {
			size_t len = (size_t)(nl - q->in.p);

			line = xstrndup(q->in.p, len);
			buf_drop(&q->in, len + 1);
			q->scanned = 0;
			return line;
		}
		q->scanned = q->in.n;
		if (q->in.n > LINE_MAX_BYTES) {
			why_set(
			    why, EX_PROTOCOL, "%s: QMP line too long", q->what);
			return NULL;
		}
		if (io_wait_readable(q->fd, deadline) <= 0)
			return late(q, why);
		n = recv(q->fd, chunk, sizeof chunk, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			why_set(
			    why, EX_UNAVAILABLE, "%s: QEMU went away", q->what);
			return NULL;
		}
		buf_add(&q->in, chunk, (size_t)n);
	}
}

static void
keep_event(struct qmp *q, char *line)
{
	unsigned at = (q->first + q->count) % QMP_EVENTS;

	if (q->count == QMP_EVENTS) {
		free(q->events[at]);
		q->first = (q->first + 1) % QMP_EVENTS;
		q->count--;
	}
	q->events[at] = line;
	q->count++;
}

static int
send_line(struct qmp *q, const char *text, size_t n, long long deadline,
    struct why *why)
{
	while (n) {
		struct pollfd pfd = { .fd = q->fd, .events = POLLOUT };
		ssize_t w = send(q->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0 && errno != EINTR && errno != EAGAIN)
			return why_set(
			    why, EX_UNAVAILABLE, "%s: QEMU went away", q->what);
		if (w > 0) {
			text += w;
			n -= (size_t)w;
		} else if (poll(&pfd, 1, io_left(deadline)) == 0)
			return why_set(why, EX_TEMPFAIL,
			    "%s: QEMU does not read", q->what);
	}
	return 0;
}

static int
is_reply(const struct json *doc, long long id)
{
	long long got;

	return json_int(doc, json_get(doc, 0, "id"), &got) == 0 && got == id;
}

/* Read until the reply with this id; other lines are events or, like replies
 * to somebody's raw lines, nothing to us, however many there are. */
static char *
await(struct qmp *q, long long id, struct json **doc, long long deadline,
    struct why *why)
{
	for (;;) {
		char *line = next_line(q, deadline, why);
		struct why w;

		if (!line)
			return NULL;
		*doc = json_parse(line, strlen(line), &w);
		if (!*doc || !json_is_object(*doc, 0)) {
			json_free(*doc);
			free(line);
			why_set(why, EX_PROTOCOL, "%s: QMP: %s", q->what,
			    *doc ? "not an object" : w.text);
			return NULL;
		}
		if (is_reply(*doc, id))
			return line;
		if (json_get(*doc, 0, "event") >= 0)
			keep_event(q, line);
		else
			free(line);
		json_free(*doc);
		if (io_left(deadline) == 0)
			return late(q, why);
	}
}

int
qmp_begin(struct qmp *q, const char *command, const char *args,
    long long deadline, struct why *why)
{
	autobuf struct buf b = { 0 };

	buf_str(&b, "{\"execute\":");
	json_quote(&b, command);
	if (args)
		buf_fmt(&b, ",\"arguments\":%s", args);
	buf_fmt(&b, ",\"id\":%lld}\n", ++q->id);
	return send_line(q, b.p, b.n, deadline, why);
}

/* The answer to the last command. */
static struct json *
answer(struct qmp *q, long long deadline, struct why *why)
{
	struct json *doc;
	char *line = await(q, q->id, &doc, deadline, why);

	if (!line)
		return NULL;
	free(line);
	return doc;
}

static struct json *
execute(struct qmp *q, const char *command, const char *args,
    long long deadline, struct why *why)
{
	if (qmp_begin(q, command, args, deadline, why) < 0)
		return NULL;
	return answer(q, deadline, why);
}

/* doc when QEMU did it, else NULL with its reason. */
static struct json *
result(
    const struct qmp *q, struct json *doc, const char *command, struct why *why)
{
	autofree char *text = NULL;
	autobuf struct buf b = { 0 };

	if (!doc || json_get(doc, 0, "return") >= 0)
		return doc;
	text = json_str(doc, json_get(doc, 0, "error.desc"));
	if (!text)
		text = xstrdup("an answer without return or error");
	buf_vis(&b, text, strlen(text));
	why_set(why, EX_PROTOCOL, "%s: %s: %s", q->what, command, b.p);
	json_free(doc);
	return NULL;
}

struct json *
qmp_call(struct qmp *q, const char *command, const char *args,
    long long deadline, struct why *why)
{
	return result(
	    q, execute(q, command, args, deadline, why), command, why);
}

int
qmp_end(struct qmp *q, const char *command, long long deadline, struct why *why)
{
	autojson struct json *doc =
	    result(q, answer(q, deadline, why), command, why);

	return doc ? 0 : -1;
}

int
qmp_do(struct qmp *q, const char *command, const char *args, long long deadline,
    struct why *why)
{
	autojson struct json *doc = qmp_call(q, command, args, deadline, why);

	return doc ? 0 : -1;
}

/* The line goes out with an id of ours in place of its own. */
char *
qmp_raw(struct qmp *q, const char *line, long long deadline, struct why *why)
{
	autojson struct json *doc = json_parse(line, strlen(line), why);
	autofree char *command = NULL;
	struct json *reply;
	autobuf struct buf b = { 0 };
	const char *args;
	size_t n;

	if (!doc)
		return NULL;
	command = json_str(doc, json_get(doc, 0, "execute"));
	if (!command) {
		why_set(why, EX_DATAERR, "no \"execute\" in it");
		return NULL;
	}
	args = json_text(doc, json_get(doc, 0, "arguments"), &n);
	if (args)
		buf_add(&b, args, n);
	reply = execute(q, command, args ? b.p : NULL, deadline, why);
	if (!reply)
		return NULL;
	buf_free(&b);
	for (int i = 0; i < 2; i++) {
		static const char *const keys[] = { "return", "error" };
		int v = json_get(reply, 0, keys[i]);
		const char *text = json_raw(reply, v, &n);

		if (v < 0)
			continue;
		buf_fmt(&b, "{\"%s\":", keys[i]);
		buf_add(&b, text, n);
		buf_str(&b, "}");
	}
	json_free(reply);
	return buf_take(&b);
}

struct json *
qmp_event(struct qmp *q, long long deadline, struct why *why)
{
	for (;;) {
		char *line;
		struct json *doc;

		if (q->count) {
			line = q->events[q->first];
			q->first = (q->first + 1) % QMP_EVENTS;
			q->count--;
		} else if (!(line = next_line(q, deadline, why)))
			return NULL;
		doc = json_parse(line, strlen(line), why);
		free(line);
		if (!doc)
			return NULL;
		if (json_get(doc, 0, "event") >= 0)
			return doc;
		json_free(doc);
		if (io_left(deadline) == 0)
			return late(q, why);
	}
}

/* What QEMU had for the client before us, an event or a late reply, comes to
 * us when we are connected before it knows. */
static int
for_another(const struct json *doc)
{
	return json_get(doc, 0, "event") >= 0 ||
	    json_get(doc, 0, "return") >= 0 || json_get(doc, 0, "error") >= 0;
}

static int
greet(struct qmp *q, long long deadline, struct why *why)
{
	for (;;) {
		autofree char *line = next_line(q, deadline, why);
		autojson struct json *doc = NULL;

		if (!line)
			return -1;
		doc = json_parse(line, strlen(line), NULL);
		if (doc && json_get(doc, 0, "QMP") >= 0)
			break;
		if (!doc || !for_another(doc))
			return why_set(
			    why, EX_PROTOCOL, "%s: no QMP greeting", q->what);
		if (io_left(deadline) == 0) {
			late(q, why);
			return -1;
		}
	}
	return qmp_do(q, "qmp_capabilities", NULL, deadline, why);
}

struct qmp *
qmp_open(int dir, const char *name, const char *what, long long deadline,
    struct why *why)
{
	struct qmp *q = xcalloc(1, sizeof *q);
	autofree char *lock = xasprintf("%s.lock", name);

	q->what = xstrdup(what);
	q->fd = -1;
	q->lock = lock_take(dir, lock, what, io_left(deadline), why);
	if (q->lock < 0)
		goto fail;
	while ((q->fd = io_connect(dir, name)) < 0 && errno == EAGAIN &&
	    io_left(deadline))
		io_sleep(10);
	if (q->fd < 0) {
		why_set(why, errno == EAGAIN ? EX_TEMPFAIL : EX_UNAVAILABLE,
		    "%s: QEMU does not listen on %s (%s)", what, name,
		    strerror(errno));
		goto fail;
	}
	if (greet(q, deadline, why) == 0)
		return q;
fail:
	qmp_close(q);
	return NULL;
}

int
qmp_once(int dir, const char *name, const char *what, const char *command,
    int ms, struct why *why)
{
	long long deadline = io_now() + ms;
	autoqmp struct qmp *q = qmp_open(dir, name, what, deadline, why);

	return q ? qmp_do(q, command, NULL, deadline, why) : -1;
}
