/* SPDX-License-Identifier: ISC */
/*
 * seal: how an image becomes a base, or the next generation of one.  All is
 * prepared in a staging directory beside the bases.  A new base is committed
 * by one rename; a new generation is renamed into place, where nothing names
 * it yet, and committed by the rename of base.ini.
 */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware.h"
#include "io.h"
#include "qcow2.h"
#include "run.h"
#include "say.h"
#include "sys.h"

/* What was sealed. */
struct sealed {
	struct qcow2 q;
	struct stat st;
	char sha[65];
	int efivars;
	struct stat vars; /* of efivars.qcow2, and its hash */
	char vars_sha[65];
	const char *link; /* NULL: no link */
};

int
base_stage(struct home *h, char **name, struct why *why)
{
	int fd;

	home_sweep(h->bases);
	*name = xasprintf(".stage-%ld", (long)getpid());
	if (io_remove_tree(h->bases, *name) == 0 &&
	    (fd = io_mkdir(h->bases, *name)) >= 0)
		return fd;
	free(*name);
	*name = NULL;
	return why_sys(why, EX_IOERR, "%s/bases", h->path);
}

int
base_inspect(int fd, const char *name, struct qcow2 *q, struct why *why)
{
	struct why w = { 0 };

	if (qcow2_read(fd, q, &w) == 0 && qcow2_sealable(q, &w) == 0 &&
	    qcow2_tables(fd, q, &w) == 0)
		return 0;
	/* a header with our magic that lies is no slip of the hand */
	if (w.code == EX_DATAERR && str_starts(w.text, "qcow2 header"))
		w.code = EX_NOPERM;
	return why_set(why, w.code, "%s: %s", name, w.text);
}

/* A stage may bring its own. */
int
base_efivars(int dir, const char *arch, int *made, struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct firmware fw;
	int code;

	*made = faccessat(dir, "efivars.qcow2", R_OK, 0) == 0;
	if (*made || firmware_find(arch, &fw, NULL) < 0)
		return 0;
	strv_words(&argv, "qemu-img", "convert", "-q", "-f", "raw", "-O",
	    "qcow2", fw.vars, "efivars.qcow2", NULL);
	code = run_quiet(dir, argv.v, why);
	firmware_free(&fw);
	if (code > 0)
		return why_set(why, EX_IOERR, "qemu-img convert failed");
	*made = code == 0;
	return code;
}

/* Its hash goes to sha, unless that is NULL. */
static int
seal_file(
    int dir, const char *name, struct stat *st, char *sha, struct why *why)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fchmod(fd, 0444) < 0 || sys_fsync(fd) < 0 ||
	    fstat(fd, st) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return sha ? base_hash(fd, sha, why) : 0;
}

int
base_add_facts(struct conf *c, const char *facts, struct why *why)
{
	static const char *const known[] = { "arch", "firmware", "user",
		"memory", "disk", "key", "origin", "cloud_init", "kernel",
		"uefi" };

	for (size_t n; facts && *facts; facts += n + (facts[n] == '\n')) {
		autofree char *line = NULL;
		char *eq;

		n = strcspn(facts, "\n");
		line = xstrndup(facts, n);
		eq = strchr(line, '=');
		if (!eq)
			continue;
		*eq = '\0';
		for (size_t i = 0; i < LEN(known); i++)
			if (strcmp(line, known[i]) == 0 &&
			    conf_set(c, line, eq + 1, why) < 0)
				return -1;
	}
	return 0;
}

static int
add_section(
    struct conf *c, long long gen, const struct sealed *s, struct why *why)
{
	autofree char *section = xasprintf("generation %lld", gen);
	autofree char *size = xasprintf("%lld", (long long)s->st.st_size);
	autofree char *mtime = xasprintf("%lld", base_mtime(&s->st));
	autofree char *virt = xasprintf("%" PRIu64, s->q.size);
	autofree char *file = base_file_id(&s->st);
	autofree char *vars = xasprintf("%lld", base_mtime(&s->vars));
	const char *efivars = s->efivars ? "yes" : "no";

	if (conf_set_in(c, section, "size", size, why) < 0 ||
	    conf_set_in(c, section, "mtime", mtime, why) < 0 ||
	    conf_set_in(c, section, "sha256", s->sha, why) < 0 ||
	    conf_set_in(c, section, "virtual", virt, why) < 0 ||
	    conf_set_in(c, section, "efivars", efivars, why) < 0)
		return -1;
	if (s->efivars &&
	    (conf_set_in(c, section, "efivars_sha256", s->vars_sha, why) < 0 ||
		conf_set_in(c, section, "efivars_mtime", vars, why) < 0))
		return -1;
	if (s->link &&
	    (conf_set_in(c, section, "link", s->link, why) < 0 ||
		conf_set_in(c, section, "file", file, why) < 0))
		return -1;
	return 0;
}

static int
write_ini(int dir, const struct sealed *s, const char *facts, struct why *why)
{
	autoconf struct conf *c = conf_new("base.ini");
	autobuf struct buf b = { 0 };
	char now[32];
	const char *text;
	size_t n;

	io_timestamp(now, 0);
	if (conf_set(c, "version", "1", why) < 0 ||
	    conf_set(c, "format", "qcow2", why) < 0 ||
	    conf_set(c, "generation", "1", why) < 0 ||
	    conf_set(c, "current", "1", why) < 0 ||
	    conf_set(c, "made", now, why) < 0 ||
	    base_add_facts(c, facts, why) < 0 || add_section(c, 1, s, why) < 0)
		return -1;
	text = conf_text(c, &n);
	buf_str(&b, "# base image; keys in xray.ini(5)\n");
	buf_add(&b, text, n);
	if (io_create(dir, "base.ini", 0600, b.p, b.n) < 0)
		return why_sys(why, EX_IOERR, "base.ini");
	return 0;
}

/* Move the images into 1/ and make all of it durable. */
static int
arrange(int dir, int efivars, struct why *why)
{
	autoclose int gen = io_mkdir(dir, "1");
	autoclose int ini = openat(dir, "base.ini", O_RDONLY | O_CLOEXEC);

	if (gen < 0 || ini < 0 ||
	    renameat(dir, "disk.qcow2", gen, "disk.qcow2") < 0 ||
	    (efivars &&
		renameat(dir, "efivars.qcow2", gen, "efivars.qcow2") < 0) ||
	    sys_fsync(ini) < 0 || sys_fsync(gen) < 0 || sys_fsync(dir) < 0)
		return why_sys(why, EX_IOERR, "seal");
	return 0;
}

/* The value of a line key=value of facts, the caller's; NULL. */
char *
base_fact(const char *facts, const char *key)
{
	size_t k = strlen(key);

	for (size_t n; facts && *facts; facts += n + (facts[n] == '\n')) {
		n = strcspn(facts, "\n");
		if (n > k && strncmp(facts, key, k) == 0 && facts[k] == '=')
			return xstrndup(facts + k + 1, n - k - 1);
	}
	return NULL;
}

/* The disk is the stage's own file, or with a link what that leads to. */
static int
prepare(int dir, const char *name, const char *arch, struct sealed *s,
    struct why *why)
{
	autoclose int fd = openat(dir, "disk.qcow2",
	    O_RDONLY | O_CLOEXEC | (s->link ? 0 : O_NOFOLLOW), 0);

	if (fd < 0)
		return why_sys(why, EX_NOINPUT, "%s: disk.qcow2", name);
	if (base_inspect(fd, name, &s->q, why) < 0 ||
	    base_efivars(dir, arch, &s->efivars, why) < 0 ||
	    base_hash(fd, s->sha, why) < 0)
		return -1;
	if (s->efivars &&
	    seal_file(dir, "efivars.qcow2", &s->vars, s->vars_sha, why) < 0)
		return -1;
	if (!s->link)
		return seal_file(dir, "disk.qcow2", &s->st, NULL, why);
	/* what was hashed; its owner may have put another one there */
	if (fstat(fd, &s->st) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}

int
base_make(struct home *h, const char *stage, const char *name,
    const char *facts, struct why *why)
{
	autoclose int dir = io_opendir(h->bases, stage);
	autofree char *link = base_fact(facts, "link"),
		      *arch = base_fact(facts, "arch");
	autoclose int lock = -1;
	struct sealed s = { .link = link };

	if (dir < 0)
		return why_sys(why, EX_IOERR, "%s", stage);
	if (prepare(dir, name, arch ? arch : sys_arch(), &s, why) < 0 ||
	    write_ini(dir, &s, facts, why) < 0 ||
	    arrange(dir, s.efivars, why) < 0)
		return -1;
	if ((lock = home_lock(h, why)) < 0)
		return -1;
	if (name_taken(h->bases, "base", name, why) < 0)
		return -1;
	if (renameat(h->bases, stage, h->bases, name) < 0 ||
	    sys_fsync(h->bases) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}

/* Under the home's lock: the directory first, which is open as made, then what
 * names it. */
static int
append(struct home *h, const char *stage, int made, struct base *b,
    const struct sealed *s, const char *facts, struct why *why)
{
	long long gen = b->generation + 1;
	autofree char *dir = xasprintf("%lld", gen);

	if (base_add_facts(b->conf, facts, why) < 0 ||
	    add_section(b->conf, gen, s, why) < 0 ||
	    conf_set(b->conf, "generation", dir, why) < 0 ||
	    conf_set(b->conf, "current", dir, why) < 0)
		return -1;
	if (sys_fsync(made) < 0 || renameat(h->bases, stage, b->dir, dir) < 0 ||
	    sys_fsync(b->dir) < 0 || sys_fsync(h->bases) < 0)
		return why_sys(why, EX_IOERR, "%s/%s", b->name, dir);
	b->generation = b->current = gen;
	return base_write(b, why);
}

int
base_next(struct home *h, const char *stage, const char *name,
    const char *facts, long long *generation, struct why *why)
{
	autoclose int dir = io_opendir(h->bases, stage);
	autofree char *arch = NULL;
	autoclose int lock = -1;
	struct sealed s = { 0 };
	struct base b;
	const char *was;
	int r = -1;

	if (dir < 0)
		return why_sys(why, EX_IOERR, "%s", stage);
	if (base_open(h, name, &b, why) < 0)
		return -1;
	was = conf_get(b.conf, NULL, "arch");
	arch = xstrdup(was ? was : sys_arch());
	base_close(&b);
	if (prepare(dir, name, arch, &s, why) < 0)
		return -1;
	if ((lock = base_change(h, name, &b, why)) < 0)
		return -1;
	r = append(h, stage, dir, &b, &s, facts, why);
	*generation = b.generation;
	base_close(&b);
	return r;
}
