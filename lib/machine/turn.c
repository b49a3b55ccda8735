/* SPDX-License-Identifier: ISC */
#include "turn.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "sys.h"

int
turn_open(struct turn *t, const struct home *h, const char *vm, struct why *why)
{
	*t = (struct turn){ .vm = vm, .home = h->fd, .place = -1, .lock = -1 };
	t->line = io_mkdir(h->fd, "ask");
	if (t->line < 0)
		return why_sys(why, EX_IOERR, "%s/ask", h->path);
	(void)unlinkat(t->line, vm, 0); /* of one before us that was killed */
	return 0;
}

static void
let_go(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What our file says: the kind, and since when we wait. */
enum { NEW, SHOWN, PLACE_TEXT = 24 };
static void
stand(struct turn *t, int kind, long long since)
{
	char text[PLACE_TEXT + 1];

	(void)snprintf(
	    text, sizeof text, "%d %*lld\n", kind, PLACE_TEXT - 3, since);
	/* what cannot be written costs a place, no more */
	(void)!pwrite(t->place, text, PLACE_TEXT, 0);
	t->mine = (struct turn_place){ kind, since };
}

/* Stand in line, if we do not yet: 1 when we do.  Whoever found our file
 * before it was locked may have taken it away. */
static int
join(struct turn *t, long long now)
{
	struct stat st;
	int fd;

	if (t->place >= 0 && fstat(t->place, &st) == 0 && st.st_nlink)
		return 1;
	let_go(&t->place);
	fd = openat(
	    t->line, t->vm, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return 0;
	if (sys_lock(fd) < 0) {
		close(fd);
		return 0;
	}
	t->place = fd;
	stand(t, NEW, now);
	return 1;
}

static void
leave(struct turn *t)
{
	let_go(&t->lock);
	if (t->place >= 0)
		(void)unlinkat(t->line, t->vm, 0);
	let_go(&t->place);
}

static int
before(const struct turn_place *a, const char *name_a,
    const struct turn_place *b, const char *name_b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->since != b->since)
		return a->since < b->since;
	return strcmp(name_a, name_b) < 0;
}

struct look {
	const struct turn *t;
	int first; /* nobody is before us */
	int others, new; /* how many wait besides */
};

static int
look_at(const char *name, void *arg)
{
	struct turn_place p = { .kind = SHOWN };
	struct look *l = arg;
	char text[PLACE_TEXT + 1] = "";
	autoclose int fd = -1;

	if (strcmp(name, l->t->vm) == 0)
		return 0;
	fd = openat(l->t->line, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (sys_locked(fd) == 0) { /* of one that was killed */
		(void)unlinkat(l->t->line, name, 0);
		return 0;
	}
	if (pread(fd, text, PLACE_TEXT, 0) < 0 ||
	    sscanf(text, "%d %lld", &p.kind, &p.since) != 2)
		return 0; /* he has only come */
	l->others++;
	l->new += p.kind == NEW;
	if (before(&p, name, &l->t->mine, l->t->vm))
		l->first = 0;
	return 0;
}

/* Whether our turn is over. */
static int
is_over(const struct turn *t, const struct look *l, long long now)
{
	long long had = now - t->since;

	return (l->new &&had >= TURN_FIRST_MS) ||
	    (l->others && had >= TURN_REST_MS);
}

static void
begin(struct turn *t, long long now)
{
	int fd = openat(t->home, "ask.lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0 && sys_lock(fd) < 0)
		let_go(&fd);
	t->lock = fd;
	t->since = now;
	if (fd >= 0)
		stand(t, SHOWN, t->mine.since);
}

int
turn_take(struct turn *t, int wants, long long now)
{
	struct look l = { .t = t, .first = 1 };

	if (!wants) {
		leave(t);
		return 0;
	}
	if (!join(t, now) || io_walk(t->line, look_at, &l) < 0)
		return t->lock >= 0;
	if (t->lock >= 0 && is_over(t, &l, now))
		turn_done(t, now);
	else if (t->lock < 0 && l.first)
		begin(t, now);
	return t->lock >= 0;
}

void
turn_done(struct turn *t, long long now)
{
	let_go(&t->lock);
	if (t->place >= 0)
		stand(t, SHOWN, now);
}
