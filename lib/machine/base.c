/* SPDX-License-Identifier: ISC */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "qcow2.h"
#include "recipe.h"
#include "run.h"
#include "say.h"
#include "sys.h"

/* One that only has to be built is what who asks for it wants. */
static int
missing(struct home *h, const char *name, struct why *why)
{
	if (recipe_check(name, NULL) == 0)
		return why_set(why, EX_NOINPUT,
		    "%s: no such base; xray base build %s", name, name);
	return name_missing(h->bases, "base", name, why);
}

int
base_open(struct home *h, const char *name, struct base *b, struct why *why)
{
	autofree char *label = xasprintf("bases/%s/base.ini", name);

	*b = (struct base){ .dir = -1 };
	if (name_check(name, NULL) < 0)
		return missing(h, name, why);
	b->dir = io_opendir(h->bases, name);
	if (b->dir < 0)
		return errno == ENOENT || errno == ENOTDIR ?
		    missing(h, name, why) :
		    why_sys(why, EX_IOERR, "%s", name);
	b->name = xstrdup(name);
	b->conf = conf_read(b->dir, "base.ini", label, why);
	if (!b->conf)
		goto fail;
	b->generation = b->current = 1;
	if (conf_int(b->conf, "generation", 1, 1 << 30, &b->generation, why) <
	    0)
		goto fail;
	b->current = b->generation;
	if (conf_int(b->conf, "current", 1, 1 << 30, &b->current, why) < 0)
		goto fail;
	return 0;
fail:
	base_close(b);
	return -1;
}

void
base_close(struct base *b)
{
	if (b->dir >= 0)
		close(b->dir);
	free(b->name);
	conf_free(b->conf);
	*b = (struct base){ .dir = -1 };
}

static int
sealed_number(const struct base *b, const char *section, const char *key,
    long long *out, struct why *why)
{
	const char *v = conf_get(b->conf, section, key);

	if (v && num_int(v, 0, INT64_MAX, out) == 0)
		return 0;
	return why_set(why, EX_DATAERR, "bases/%s/base.ini: [%s]: no %s",
	    b->name, section, key);
}

int
base_seal_of(
    const struct base *b, long long generation, struct seal *s, struct why *why)
{
	autofree char *section = xasprintf("generation %lld", generation);
	long long size, virtual_size;
	const char *efivars = conf_get(b->conf, section, "efivars"), *mtime;

	if (!conf_has(b->conf, section))
		return why_set(why, EX_NOINPUT, "%s: no generation %lld",
		    b->name, generation);
	if (sealed_number(b, section, "size", &size, why) < 0 ||
	    sealed_number(b, section, "virtual", &virtual_size, why) < 0 ||
	    sealed_number(b, section, "mtime", &s->mtime, why) < 0)
		return -1;
	s->size = (uint64_t)size;
	s->virtual_size = (uint64_t)virtual_size;
	s->sha256 = conf_get(b->conf, section, "sha256");
	s->link = conf_get(b->conf, section, "link");
	s->file = conf_get(b->conf, section, "file");
	s->efivars = efivars && strcmp(efivars, "yes") == 0;
	s->vars_sha = conf_get(b->conf, section, "efivars_sha256");
	mtime = conf_get(b->conf, section, "efivars_mtime");
	if (!mtime || num_int(mtime, 0, INT64_MAX, &s->vars_mtime) < 0)
		s->vars_mtime = -1;
	return 0;
}

long long
base_mtime(const struct stat *st)
{
#ifdef __APPLE__
	return st->st_mtimespec.tv_sec * 1000000000LL +
	    st->st_mtimespec.tv_nsec;
#else
	return st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
#endif
}

char *
base_file_id(const struct stat *st)
{
	return xasprintf("%llu %llu", (unsigned long long)st->st_dev,
	    (unsigned long long)st->st_ino);
}

/* sha256sum is coreutils', shasum is macOS's. */
int
base_hash(int fd, char out[65], struct why *why)
{
	autobuf struct buf b = { 0 };
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int p[2], code;
	autofree char *tool = run_find("sha256sum");
	pid_t pid;

	if (tool)
		strv_words(&argv, "sha256sum", NULL);
	else
		strv_words(&argv, "shasum", "-a", "256", NULL);
	if (lseek(fd, 0, SEEK_SET) < 0 || sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "%s", argv.v[0]);
	r.in = fd;
	r.out = p[1];
	r.tied = 1;
	pid = run_spawn(&r, argv.v, why);
	close(p[1]);
	if (pid >= 0 && io_read(p[0], &b, 4096) < 0)
		b.n = 0;
	close(p[0]);
	if (pid < 0)
		return -1;
	code = run_wait(pid, -1);
	if (code != 0 || b.n < 64)
		return why_set(why, EX_IOERR, "%s failed", argv.v[0]);
	memcpy(out, b.p, 64);
	out[64] = '\0';
	return 0;
}

struct users {
	struct home *h;
	const char *base;
	long long generation; /* 0: any */
	struct strv *out;
};

/* 1 when the conf of a VM names the base and generation. */
static int
names_base(const struct users *u, const struct conf *c)
{
	const char *base = conf_get(c, NULL, "base");
	long long gen;

	if (!base || strcmp(base, u->base) != 0)
		return 0;
	return !u->generation ||
	    conf_int(c, "generation", 1, 1 << 30, &gen, NULL) != 0 ||
	    gen == u->generation;
}

/* 1 when the disk's own header names them: rebased by hand, say. */
static int
stands_on(const struct users *u, const char *vm)
{
	autofree char *file = xasprintf("%s/disk.qcow2", vm);
	autofree char *below = u->generation ?
	    xasprintf("/bases/%s/%lld/", u->base, u->generation) :
	    xasprintf("/bases/%s/", u->base);
	autoclose int fd = openat(
	    u->h->vms, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct qcow2 q;

	return fd >= 0 && qcow2_read(fd, &q, NULL) == 0 &&
	    strstr(q.backing, below);
}

static int
collect_user(const char *name, void *arg)
{
	struct users *u = arg;
	autofree char *file = xasprintf("%s/vm.ini", name);
	autoconf struct conf *c = NULL;
	struct why why = { 0 };

	if (name_check(name, NULL) < 0)
		return 0;
	c = conf_read(u->h->vms, file, file, &why);
	/* one that cannot be read may stand on any base */
	if (c ? names_base(u, c) || stands_on(u, name) : why.code != EX_NOINPUT)
		strv_add(u->out, name);
	return 0;
}

int
base_users(struct home *h, const char *name, long long generation,
    struct strv *out, struct why *why)
{
	struct users u = { h, name, generation, out };

	if (io_walk(h->vms, collect_user, &u) < 0)
		return why_sys(why, EX_IOERR, "%s/vms", h->path);
	strv_sort(out);
	return 0;
}

void
base_generations(const struct base *b, struct strv *out)
{
	for (long long g = 1; g <= b->generation; g++) {
		autofree char *section = xasprintf("generation %lld", g);

		if (conf_has(b->conf, section))
			strv_fmt(out, "%lld", g);
	}
}
