/* SPDX-License-Identifier: ISC */
/*
 * fuzz-hub: the bytes are lines.  Those that begin with < are of an xray-ask,
 * the others of three, in turn, who have come to a hub to put its questions
 * before a person.
 */
#include <sys/socket.h>

#include "fuzz.h"
#include "hub.h"

enum { PEOPLE = 3, STEP_MS = 700 };

static struct hub *hub;
static struct front *front;
static int asker, person[PEOPLE];
static long long now;

static void
heard(const char *vm, const char *line, void *arg)
{
	(void)vm, (void)arg;
	hub_tell(hub, line);
}

static int
is_open(const struct decree *d)
{
	for (size_t i = 0; i < front->nopen; i++)
		if (front->open[i].id == d->id &&
		    strcmp(front->open[i].vm, d->vm) == 0)
			return 1;
	return 0;
}

/* Nothing but answers goes on, to what is asked. */
static void
check_answers(char *text)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) && *line) {
		struct decree d;
		struct why why;

		must(str_starts(line, "answer "));
		must(decree_parse(&d, line + 7, &why) == 0 && is_open(&d));
	}
}

/* What came to fd, which is printable. */
static char *
take(int fd)
{
	static char text[1 << 17];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof text - 1 &&
	    (got = recv(fd, text + n, sizeof text - 1 - n, MSG_DONTWAIT)) > 0)
		n += (size_t)got;
	for (size_t i = 0; i < n; i++)
		must(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	text[n] = '\0';
	return text;
}

static void
turn(void)
{
	static struct pollfd p[FRONT_FDS + HUB_FDS];

	now += STEP_MS;
	talk_poll(&front->talk, p);
	must(hub_poll(hub, p + FRONT_FDS) >= -1);
	fuzz_poll(p, FRONT_FDS + HUB_FDS);
	hub_serve(hub, p + FRONT_FDS, now);
	check_answers(take(asker));
	talk_serve(&front->talk, p, now);
	for (int i = 0; i < PEOPLE; i++)
		(void)take(person[i]);
	must(fronts_count(&hub->fronts) <= PEOPLE);
	must(!fronts_count(&hub->fronts) || hub_has(hub));
}

static void
begin(void)
{
	int s[2];

	must((front = calloc(1, sizeof *front)));
	must((hub = calloc(1, sizeof *hub)));
	now = 1000;
	front_init(front, "fuzz");
	front->line = heard;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	must(front_join(front, FRONT_ANY, s[0]) == 0);
	asker = s[1];
	hub_init(hub, front, now);
	for (int i = 0; i < PEOPLE; i++) {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
		must(talk_add(&hub->talk, s[0]) == i);
		person[i] = s[1];
	}
}

/* All go, and nobody shows questions. */
static void
end(void)
{
	shutdown(asker, SHUT_WR);
	for (int i = 0; i < PEOPLE; i++)
		shutdown(person[i], SHUT_WR);
	turn();
	turn();
	must(!fronts_count(&hub->fronts) && !hub_has(hub));
	must(!front->nopen);
	close(asker);
	for (int i = 0; i < PEOPLE; i++)
		close(person[i]);
	for (size_t i = 0; i < FRONTS_MOST; i++)
		talk_drop(&hub->talk, i);
	free(hub->talk.v);
	free(front->talk.v);
	free(hub);
	free(front);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int who = 0;

	if (n > 1024)
		return 0;
	begin();
	while (n) {
		const uint8_t *nl = memchr(p, '\n', n);
		size_t m = nl ? (size_t)(nl - p) + 1 : n;
		int of_asker = *p == '<';
		int fd = of_asker ? asker : person[who];

		(void)send(fd, p + of_asker, m - (size_t)of_asker,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (!of_asker)
			who = (who + 1) % PEOPLE;
		turn();
		p += m;
		n -= m;
	}
	end();
	return 0;
}
