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
#include "run.h"
#include "say.h"
#include "sys.h"

int
base_open(struct home *h, const char *name, struct base *b, struct why *why)
{
	autofree char *label = xasprintf("bases/%s/base.ini", name);

	*b = (struct base){ .dir = -1 };
	if (name_check(name, NULL) < 0)
		return name_missing(h->bases, "base", name, why);
	b->dir = io_opendir(h->bases, name);
	if (b->dir < 0)
		return errno == ENOENT || errno == ENOTDIR ?
		    name_missing(h->bases, "base", name, why) :
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
	const char *efivars = conf_get(b->conf, section, "efivars");

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
	s->efivars = efivars && strcmp(efivars, "yes") == 0;
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

/* sha256sum is coreutils', shasum is macOS's. */
int
base_hash(int dir, const char *file, char out[65], struct why *why)
{
	autobuf struct buf b = { 0 };
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int p[2], code;
	autofree char *tool = run_find("sha256sum");
	pid_t pid;

	if (tool)
		strv_words(&argv, "sha256sum", file, NULL);
	else
		strv_words(&argv, "shasum", "-a", "256", file, NULL);
	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "pipe");
	r.in = RUN_NULL;
	r.out = p[1];
	r.dir = dir;
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

/* Write the new time down, under the home's lock: several VMs may start. */
static int
restamp(struct home *h, struct base *b, const char *section, long long mtime,
    struct why *why)
{
	autofree char *label = xasprintf("bases/%s/base.ini", b->name);
	autoclose int lock = home_lock(h, why);
	autoconf struct conf *c = NULL;
	const char *ini;
	char text[32];
	size_t n;

	if (lock < 0 || !(c = conf_read(b->dir, "base.ini", label, why)))
		return -1;
	(void)snprintf(text, sizeof text, "%lld", mtime);
	if (conf_set_in(c, section, "mtime", text, why) < 0)
		return -1;
	ini = conf_text(c, &n);
	if (io_replace(b->dir, "base.ini", 0600, ini, n) < 0)
		return why_sys(why, EX_IOERR, "%s", label);
	return 0;
}

/* The file's time changed, as after cp -r or a restored backup: what counts
 * is its hash. */
static int
rehash(struct home *h, struct base *b, long long generation, const char *disk,
    const struct seal *seal, long long mtime, struct why *why)
{
	autofree char *section = xasprintf("generation %lld", generation);
	char sha[65];

	if (base_hash(b->dir, disk, sha, why) < 0)
		return -1;
	if (seal->sha256 && strcmp(sha, seal->sha256) == 0)
		return restamp(h, b, section, mtime, why);
	return why_set(why, EX_NOPERM,
	    "%s: generation %lld is not what was "
	    "sealed: its content changed",
	    b->name, generation);
}

int
base_check(
    struct home *h, struct base *b, long long generation, struct why *why)
{
	autofree char *disk = xasprintf("%lld/disk.qcow2", generation);
	struct seal seal;
	struct stat st;

	if (base_seal_of(b, generation, &seal, why) < 0)
		return -1;
	if (fstatat(b->dir, disk, &st, 0) < 0)
		return why_sys(why, EX_NOINPUT, "bases/%s/%s", b->name, disk);
	if ((uint64_t)st.st_size != seal.size)
		return why_set(why, EX_NOPERM,
		    "%s: generation %lld is not "
		    "what was sealed: its size changed",
		    b->name, generation);
	if (base_mtime(&st) == seal.mtime)
		return 0;
	return rehash(h, b, generation, disk, &seal, base_mtime(&st), why);
}

struct users {
	struct home *h;
	const char *base;
	struct strv *out;
};

static int
collect_user(const char *name, void *arg)
{
	struct users *u = arg;
	autofree char *file = xasprintf("%s/vm.ini", name);
	autoconf struct conf *c = NULL;
	const char *base;
	struct why why = { 0 };

	if (name_check(name, NULL) < 0)
		return 0;
	c = conf_read(u->h->vms, file, file, &why);
	base = c ? conf_get(c, NULL, "base") : NULL;
	/* one that cannot be read may stand on any base */
	if (c ? base && strcmp(base, u->base) == 0 : why.code != EX_NOINPUT)
		strv_add(u->out, name);
	return 0;
}

int
base_users(struct home *h, const char *name, struct strv *out, struct why *why)
{
	struct users u = { h, name, out };

	if (io_walk(h->vms, collect_user, &u) < 0)
		return why_sys(why, EX_IOERR, "%s/vms", h->path);
	strv_sort(out);
	return 0;
}
