/* SPDX-License-Identifier: ISC */
/* collect: the end of bases and of their old generations. */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "sys.h"

int
base_write(struct base *b, struct why *why)
{
	size_t n;
	const char *text = conf_text(b->conf, &n);

	if (io_replace(b->dir, "base.ini", 0600, text, n) < 0)
		return why_sys(why, EX_IOERR, "bases/%s/base.ini", b->name);
	return 0;
}

static int
sweep(const char *name, void *arg)
{
	struct base *b = arg;
	autofree char *section = xasprintf("generation %s", name);
	long long n;

	if (num_int(name, 1, 1 << 30, &n) == 0 && !conf_has(b->conf, section))
		(void)io_remove_tree(b->dir, name); /* the next one tries */
	return 0;
}

static void
sweep_base(struct base *b)
{
	(void)io_walk(b->dir, sweep, b);
}

int
base_change(struct home *h, const char *name, struct base *b, struct why *why)
{
	int lock = home_lock(h, why);

	if (lock < 0)
		return -1;
	if (base_open(h, name, b, why) < 0) {
		close(lock);
		return -1;
	}
	sweep_base(b);
	return lock;
}

static char *
joined(const struct strv *v)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < v->n; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", v->v[i]);
	return buf_take(&b);
}

/* 1 when nothing needs the generation; else 0 and who does, in users. */
static int
unneeded(struct home *h, const struct base *b, long long gen,
    struct strv *users, struct why *why)
{
	if (base_users(h, b->name, gen, users, why) < 0)
		return -1;
	if (gen == b->current)
		strv_add(users, "new VMs");
	return users->n == 0;
}

int
base_garbage(
    struct home *h, const char *name, struct strv *gens, struct why *why)
{
	autostrv struct strv all = { 0 };
	struct base b;
	int r = 0;

	if (base_open(h, name, &b, why) < 0)
		return -1;
	base_generations(&b, &all);
	for (size_t i = 0; i < all.n && r >= 0; i++) {
		autostrv struct strv users = { 0 };

		r = unneeded(h, &b, strtoll(all.v[i], NULL, 10), &users, why);
		if (r > 0)
			strv_add(gens, all.v[i]);
	}
	base_close(&b);
	return r < 0 ? -1 : 0;
}

struct sum {
	int dir;
	uint64_t bytes;
};

static int
add_bytes(const char *name, void *arg)
{
	struct sum *sum = arg;
	struct stat st;

	if (fstatat(sum->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		sum->bytes += (uint64_t)st.st_blocks * 512;
	return 0;
}

static uint64_t
bytes_in(int dir, const char *name)
{
	struct sum sum = { io_opendir(dir, name), 0 };

	if (sum.dir < 0)
		return 0;
	(void)io_walk(sum.dir, add_bytes, &sum); /* a figure for people */
	close(sum.dir);
	return sum.bytes;
}

/* The section first: a directory that nothing names is swept. */
static int
forget(struct base *b, const char *gen, struct why *why)
{
	autofree char *section = xasprintf("generation %s", gen);

	if (conf_drop_section(b->conf, section) < 0)
		return why_set(why, EX_DATAERR, "bases/%s/base.ini", b->name);
	if (base_write(b, why) < 0)
		return -1;
	sweep_base(b);
	return 0;
}

/* One generation of b, which is open under the lock. */
static int
collect(struct home *h, struct base *b, const char *gen, int dry,
    void (*tell)(const char *line), struct why *why)
{
	autostrv struct strv users = { 0 };
	autofree char *who = NULL, *size = NULL, *line = NULL;
	long long n = strtoll(gen, NULL, 10);
	int r = unneeded(h, b, n, &users, why);

	if (r < 0 || n == b->current)
		return r < 0 ? -1 : 0;
	size = num_human(bytes_in(b->dir, gen));
	who = joined(&users);
	if (!r)
		line =
		    xasprintf("%s: generation %s stays: %s", b->name, gen, who);
	else if (dry)
		line = xasprintf(
		    "%s: generation %s would go, %s", b->name, gen, size);
	else
		line = xasprintf(
		    "%s: generation %s removed, %s freed", b->name, gen, size);
	if (r && !dry && forget(b, gen, why) < 0)
		return -1;
	tell(line);
	return 0;
}

int
base_gc(struct home *h, const char *name, int dry,
    void (*tell)(const char *line), struct why *why)
{
	autostrv struct strv all = { 0 };
	struct base b;
	int lock = base_change(h, name, &b, why), r = 0;

	if (lock < 0)
		return -1;
	base_generations(&b, &all);
	for (size_t i = 0; i < all.n && r == 0; i++)
		r = collect(h, &b, all.v[i], dry, tell, why);
	base_close(&b);
	close(lock);
	return r;
}

int
base_removable(struct home *h, const char *name, struct why *why)
{
	autostrv struct strv users = { 0 };
	autofree char *who = NULL;

	if (name_check(name, why) < 0)
		return -1;
	if (faccessat(h->bases, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return name_missing(h->bases, "base", name, why);
	if (base_users(h, name, 0, &users, why) < 0)
		return -1;
	if (!users.n)
		return 0;
	who = joined(&users);
	return why_set(why, EX_TEMPFAIL,
	    "%s: in use by %s; remove or detach them first", name, who);
}

int
base_remove(struct home *h, const char *name, struct why *why)
{
	autofree char *gone = xasprintf(".gone-%ld", (long)getpid());
	autoclose int lock = home_lock(h, why);

	if (lock < 0 || base_removable(h, name, why) < 0)
		return -1;
	if (io_remove_tree(h->bases, gone) < 0 ||
	    renameat(h->bases, name, h->bases, gone) < 0 ||
	    sys_fsync(h->bases) < 0 || io_remove_tree(h->bases, gone) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}
