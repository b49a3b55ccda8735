/* SPDX-License-Identifier: ISC */
/*
 * Each child has a pipe of its own for queries and is given one at a time;
 * the others wait here, so that one that has failed meanwhile is never asked.
 * All children share a pipe for answers, whose end says that none is left.
 */
#include "resolve_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "say.h"
#include "sys.h"

enum { KEPT = 256, KEEP_MS = 30000, KEEP_NONE_MS = 5000 };

enum state { FREE, QUEUED, ASKED, READY };

struct asked {
	enum state state;
	unsigned long long turn; /* the order in which they were asked */
	long long deadline;
	struct resolved r;
};

struct worker {
	pid_t pid;
	int fd; /* -1: gone */
	int busy; /* with this: */
	uint32_t number;
	char name[RULE_NAME_MAX];
};

struct resolver {
	int fd; /* answers; -1: no worker is left */
	struct worker worker[RESOLVE_WORKERS];
	uint32_t number; /* of the last query */
	struct asked asked[RESOLVE_WAITING];
	unsigned long long turn;
	struct {
		struct resolved r;
		long long until;
		uint16_t same; /* the next of those that hash alike */
	} kept[KEPT]; /* counted from 1, 0: none */
	uint16_t hashed[KEPT];
	size_t next; /* where the next is kept: the oldest's place */
};

/* ---- start and end ---- */

static int
start_worker(struct worker *w, const int answers[2])
{
	int p[2], keep[2];

	if (sys_pipe(p) < 0)
		return -1;
	keep[0] = p[0];
	keep[1] = answers[1];
	w->pid = child_fork(keep, 2);
	if (w->pid == 0)
		_exit(resolve_serve(p[0], answers[1]));
	close(p[0]);
	w->fd = p[1];
	return w->pid < 0 ? -1 : 0;
}

struct resolver *
resolver_start(struct why *why)
{
	struct resolver *r = xcalloc(1, sizeof *r);
	int answers[2], bad = 0;

	for (int i = 0; i < RESOLVE_WORKERS; i++)
		r->worker[i] = (struct worker){ .pid = -1, .fd = -1 };
	r->fd = -1;
	if (sys_pipe(answers) < 0) {
		(void)why_sys(why, EX_OSERR, "name lookup");
		free(r);
		return NULL;
	}
	r->fd = answers[0];
	for (int i = 0; i < RESOLVE_WORKERS && !bad; i++)
		bad = start_worker(&r->worker[i], answers) < 0;
	if (bad || fcntl(r->fd, F_SETFL, O_NONBLOCK) < 0) {
		(void)why_sys(why, EX_OSERR, "name lookup");
		bad = 1;
	}
	close(answers[1]);
	if (!bad)
		return r;
	resolver_free(r);
	return NULL;
}

void
resolver_free(struct resolver *r)
{
	if (!r)
		return;
	for (int i = 0; i < RESOLVE_WORKERS; i++) {
		if (r->worker[i].fd >= 0)
			close(r->worker[i].fd);
		child_end(r->worker[i].pid);
	}
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

int
resolver_fd(const struct resolver *r)
{
	return r->fd;
}

/* ---- what is kept ---- */

/* Where the chain of name begins: FNV-1a. */
static size_t
hash(const char *name)
{
	uint32_t h = 2166136261U;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619U;
	return (h ^ h >> 16) % KEPT;
}

/* Its place, KEPT: none. */
static size_t
find_kept(const struct resolver *r, const char *name)
{
	for (size_t i = r->hashed[hash(name)]; i; i = r->kept[i - 1].same)
		if (strcmp(r->kept[i - 1].r.name, name) == 0)
			return i - 1;
	return KEPT;
}

/* The oldest leaves. */
static size_t
make_place(struct resolver *r)
{
	size_t i = r->next;
	uint16_t *at = &r->hashed[hash(r->kept[i].r.name)];

	while (*at && *at != i + 1)
		at = &r->kept[*at - 1].same;
	if (*at)
		*at = r->kept[i].same;
	r->next = (i + 1) % KEPT;
	return i;
}

static void
keep(struct resolver *r, const struct resolved *res, long long now)
{
	size_t i = find_kept(r, res->name);

	if (i == KEPT) {
		uint16_t *at = &r->hashed[hash(res->name)];

		i = make_place(r);
		r->kept[i].same = *at;
		*at = (uint16_t)(i + 1);
	}
	r->kept[i].r = *res;
	r->kept[i].until = now + (res->n ? KEEP_MS : KEEP_NONE_MS);
}

const struct resolved *
resolver_kept(const struct resolver *r, const char *name, long long now)
{
	size_t i = find_kept(r, name);

	return i < KEPT && r->kept[i].until > now ? &r->kept[i].r : NULL;
}

/* ---- to the workers and back ---- */

static struct asked *
find_asked(struct resolver *r, const char *name)
{
	for (size_t i = 0; i < RESOLVE_WAITING; i++)
		if (r->asked[i].state && strcmp(r->asked[i].r.name, name) == 0)
			return &r->asked[i];
	return NULL;
}

/* The first one asked that is in that state. */
static struct asked *
first_asked(struct resolver *r, enum state state)
{
	struct asked *first = NULL;

	for (size_t i = 0; i < RESOLVE_WAITING; i++)
		if (r->asked[i].state == state &&
		    (!first || r->asked[i].turn < first->turn))
			first = &r->asked[i];
	return first;
}

static int
hand_over(struct resolver *r, struct worker *w, const char *name)
{
	struct resolve_query q = { .number = ++r->number };

	memcpy(q.name, name, strlen(name) + 1);
	if (write(w->fd, &q, sizeof q) != sizeof q) {
		close(w->fd);
		w->fd = -1;
		return -1;
	}
	w->busy = 1;
	w->number = q.number;
	memcpy(w->name, q.name, sizeof w->name);
	return 0;
}

static void
hand_out(struct resolver *r)
{
	struct asked *a = first_asked(r, QUEUED);

	for (int i = 0; i < RESOLVE_WORKERS && a; i++) {
		struct worker *w = &r->worker[i];

		if (w->fd < 0 || w->busy || hand_over(r, w, a->r.name) < 0)
			continue;
		a->state = ASKED;
		a = first_asked(r, QUEUED);
	}
}

/* An answer that nobody waits for any more is good for who asks next. */
static void
take_answer(struct resolver *r, const struct resolve_answer *got, long long now)
{
	struct resolved res = { .n = 0 };
	struct worker *w = r->worker;
	struct asked *a;

	while (w < r->worker + RESOLVE_WORKERS &&
	    !(w->busy && w->number == got->number))
		w++;
	if (w == r->worker + RESOLVE_WORKERS || got->n > RESOLVE_ADDRS)
		return;
	w->busy = 0;
	memcpy(res.name, w->name, sizeof res.name);
	for (; res.n < got->n; res.n++) {
		res.v[res.n].addr = got->v[res.n].addr;
		res.v[res.n].own = got->v[res.n].own;
	}
	keep(r, &res, now);
	a = find_asked(r, res.name);
	if (a) {
		a->r = res;
		a->state = READY;
	}
}

static void
take_answers(struct resolver *r, long long now)
{
	while (r->fd >= 0) {
		struct resolve_answer got;
		ssize_t n = read(r->fd, &got, sizeof got);

		if (n == sizeof got)
			take_answer(r, &got, now);
		else if (n < 0 && errno == EAGAIN)
			return;
		else if (n >= 0 || errno != EINTR) {
			close(r->fd);
			r->fd = -1;
		}
	}
}

/* ---- for who asks ---- */

int
resolver_ask(struct resolver *r, const char *name, long long now)
{
	const struct resolved *known;
	struct asked *a = find_asked(r, name);

	if (a)
		return 0;
	for (a = r->asked; a->state; a++)
		if (a == &r->asked[RESOLVE_WAITING - 1])
			return -1;
	if (r->fd < 0 || strlen(name) >= RULE_NAME_MAX)
		return -1;
	known = resolver_kept(r, name, now);
	memset(&a->r, 0, sizeof a->r);
	memcpy(a->r.name, name, strlen(name) + 1);
	if (known)
		a->r = *known;
	a->state = known ? READY : QUEUED;
	a->turn = ++r->turn;
	a->deadline = now + RESOLVE_MS;
	/* One that failed, and is asked for again while a worker still is at
	 * it, has its answer from there. */
	for (int i = 0; i < RESOLVE_WORKERS && !known; i++)
		if (r->worker[i].busy && strcmp(r->worker[i].name, name) == 0)
			a->state = ASKED;
	hand_out(r);
	return 0;
}

static struct asked *
find_failed(struct resolver *r, long long now)
{
	for (size_t i = 0; i < RESOLVE_WAITING; i++)
		if (r->asked[i].state &&
		    (r->fd < 0 || r->asked[i].deadline <= now))
			return &r->asked[i];
	return NULL;
}

int
resolver_next(struct resolver *r, struct resolved *out, long long now)
{
	struct asked *a;

	take_answers(r, now);
	hand_out(r);
	a = first_asked(r, READY);
	if (!a)
		a = find_failed(r, now);
	if (!a)
		return 0;
	*out = a->r;
	a->state = FREE;
	return 1;
}

int
resolver_wait(const struct resolver *r, long long now)
{
	long long least = -1;

	for (size_t i = 0; i < RESOLVE_WAITING; i++) {
		const struct asked *a = &r->asked[i];
		long long left = a->deadline - now;

		if (!a->state)
			continue;
		if (left < 0 || a->state == READY || r->fd < 0)
			left = 0;
		if (least < 0 || left < least)
			least = left;
	}
	return (int)least;
}
