/* SPDX-License-Identifier: ISC */
/*
 * fuzz-front: the bytes are lines of an xray-ask, as those hear it who put
 * questions before a person; a line that begins with a tab is keys that are
 * typed.
 */
#include <sys/socket.h>

#include "front.h"
#include "fuzz.h"
#include "page.h"

enum { FDS = 1 + FRONT_VMS, COLS = 60 };

static struct front *front;
static struct page page;
static long long now;
static int peer;

static void
check_screen(struct buf *b)
{
	for (size_t i = 0; i < b->n; i++)
		must((b->p[i] >= ' ' && b->p[i] <= '~') || b->p[i] == '\n');
	buf_free(b);
}

static const struct dialog *
shown(void)
{
	return front->nopen ? &front->open[0] : NULL;
}

static void
heard(const char *vm, const char *line, void *arg)
{
	struct buf b = { 0 };

	(void)arg;
	must(*vm);
	fuzz_plain(line);
	page_heard(&page, shown(), line, now, &b);
	check_screen(&b);
}

static void
look(void)
{
	struct buf b = { 0 };

	(void)page_look(&page, shown(), now, &b);
	check_screen(&b);
}

/* What a person answers is a line that xray-ask understands. */
static void
check_decree(const struct decree *d)
{
	struct buf line = { 0 };
	struct decree again;
	struct why why;

	decree_print(d, &line);
	fuzz_plain(line.p);
	must(str_starts(line.p, "answer "));
	must(decree_parse(&again, line.p + 7, &why) == 0 && again.id == d->id);
	must(front_decree(front, d) == 0);
	buf_free(&line);
}

static void
type(const char *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf b = { 0 };
		struct decree d;

		now += keys[i] == ' ' ? 2000 : 100;
		if (page_key(&page, shown(), keys[i], now, &d, &b))
			check_decree(&d);
		check_screen(&b);
	}
}

static void
hear(const char *line, size_t n)
{
	static char answers[1 << 16];
	static struct pollfd p[FDS];

	(void)send(peer, line, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	talk_poll(&front->talk, p);
	fuzz_poll(p, FDS);
	talk_serve(&front->talk, p, now);
	while (recv(peer, answers, sizeof answers, MSG_DONTWAIT) > 0)
		;
	must(front->nopen <= FRONT_OPEN);
	for (size_t i = 0; i < front->nopen; i++)
		must(front->open[i].id && *front->open[i].vm);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int s[2];
	char *text;

	if (!n)
		return 0;
	front = calloc(1, sizeof *front);
	must(front);
	front_init(front, "fuzz");
	front->line = heard;
	page = (struct page){ .cols = COLS };
	now = 1000;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	peer = s[1];
	must(front_join(front, *p % 2 ? "web" : FRONT_ANY, s[0]) == 0);
	must(front_has(front, "web"));
	text = fuzz_text(p + 1, n - 1);
	for (char *at = text; at < text + n - 1;) {
		size_t left = (size_t)(text + n - 1 - at);
		char *nl = memchr(at, '\n', left);
		size_t len = nl ? (size_t)(nl - at) + 1 : left;

		if (*at == '\t')
			type(at + 1, len - 1);
		else
			hear(at, len);
		look();
		at += len;
	}
	close(peer);
	hear("", 0);
	must(!front_has(front, "web") && !front->nopen);
	look();
	free(front->talk.v);
	free(front);
	free(text);
	return 0;
}
