/* SPDX-License-Identifier: ISC */
#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

enum { WORDS = 4, CALL_MS = 10000 };

static void
join(struct hub *h, size_t who, const char *name, const char *seconds)
{
	if (fronts_join(&h->fronts, who, name, seconds) < 0) {
		talk_say(&h->talk, who, "error - 0 front: no name");
		return;
	}
	usher_here(&h->usher, who);
	talk_say(&h->talk, who, "ok - 0");
	for (size_t i = 0; i < h->front->nopen; i++) {
		autobuf struct buf line = { 0 };

		dialog_print(&h->front->open[i], &line);
		fronts_show(&h->fronts, who, line.p, h->now);
	}
}

static const struct dialog *
find(const struct hub *h, const struct decree *c)
{
	for (size_t i = 0; i < h->front->nopen; i++) {
		const struct dialog *d = &h->front->open[i];

		if (d->id == c->id && strcmp(d->vm, c->vm) == 0)
			return d;
	}
	return NULL;
}

static void
answered(struct hub *h, size_t who, const char *text)
{
	const struct dialog *d;
	struct decree c;
	struct why why;

	if (decree_parse(&c, text, &why) == 0) {
		d = find(h, &c);
		if (d &&
		    (fronts_hasty(&h->fronts, who, d, &c, h->now) ||
			front_decree(h->front, &c) == 0))
			return;
		why_set(&why, 0, "no such question");
	}
	talk_say(&h->talk, who, "error %s %u %s", *c.vm ? c.vm : "-", c.id,
	    why.text);
}

static void
heard(size_t who, char *line, void *arg)
{
	static const char answer[] = "answer ";
	char *w[WORDS], *save = NULL;
	struct hub *h = arg;
	size_t n = 0;

	if (!dialog_is_line(line)) {
		talk_say(&h->talk, who, "error - 0 not printable");
		return;
	}
	if (str_starts(line, answer)) {
		answered(h, who, line + sizeof answer - 1);
		return;
	}
	for (char *p = strtok_r(line, " ", &save); p && n < WORDS;
	     p = strtok_r(NULL, " ", &save))
		w[n++] = p;
	if ((n == 2 || n == 3) && strcmp(w[0], "front") == 0)
		join(h, who, w[1], n == 3 ? w[2] : NULL);
	else
		talk_say(&h->talk, who, "error - 0 unknown request");
}

static void
gone(size_t who, void *arg)
{
	struct hub *h = arg;

	fronts_leave(&h->fronts, who);
	usher_lost(&h->usher, who, h->now);
}

void
hub_init(struct hub *h, struct front *front, long long now)
{
	h->front = front;
	h->now = now;
	h->talk = (struct talk)TALK_INIT;
	h->talk.most = FRONTS_MOST;
	h->talk.line = heard;
	h->talk.gone = gone;
	h->usher.gone = gone;
	h->fronts.talk = h->usher.talk = &h->talk;
	h->talk.arg = h->usher.arg = h;
}

/* Nobody listens there any more. */
static int
sweep(const char *name, void *arg)
{
	const int *dir = arg;
	int fd = io_connect(*dir, name);

	if (fd >= 0)
		close(fd);
	else if (errno == ECONNREFUSED)
		(void)unlinkat(*dir, name, 0);
	return 0;
}

int
hub_listen(struct hub *h, int home, const char *path)
{
	autofree char *name = xasprintf("%ld.sock", (long)getpid());
	autofree char *sock = xasprintf("%s/prompt/%s", path, name);
	autoclose int dir = io_mkdir(home, "prompt");

	if (dir < 0 || io_walk(dir, sweep, &dir) < 0 ||
	    talk_open(&h->talk, dir, name) < 0)
		return -1;
	return setenv("XRAY_ASK_SOCK", sock, 1);
}

void
hub_tell(struct hub *h, const char *line)
{
	fronts_tell(&h->fronts, line, h->now);
}

int
hub_has(const struct hub *h)
{
	return fronts_count(&h->fronts) || usher_expects(&h->usher, h->now);
}

int
hub_poll(const struct hub *h, struct pollfd *p)
{
	talk_poll(&h->talk, p);
	return talk_sooner(
	    talk_wait(&h->talk, h->now), usher_wait(&h->usher, h->now));
}

/* People come and go. */
void
hub_serve(struct hub *h, const struct pollfd *p, long long now)
{
	h->now = now;
	talk_serve(&h->talk, p, now);
	usher_serve(&h->usher, now);
	if (now - h->called >= CALL_MS) {
		h->called = now;
		usher_call(&h->usher, now);
	}
}
