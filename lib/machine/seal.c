/* SPDX-License-Identifier: ISC */
/*
 * seal: how an image becomes a base.  All is prepared in a staging directory
 * beside the bases; one rename is the commit.
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

static int
inspect(int dir, const char *name, struct qcow2 *q, struct why *why)
{
	autoclose int fd =
	    openat(dir, "disk.qcow2", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct why w = { 0 };

	if (fd < 0)
		return why_sys(why, EX_NOINPUT, "%s: disk.qcow2", name);
	if (qcow2_read(fd, q, &w) == 0 && qcow2_sealable(q, &w) == 0)
		return 0;
	return why_set(why, w.code, "%s: %s", name, w.text);
}

/* The variables the firmware begins with, as a qcow2 image: raw pflash could
 * not be snapshotted.  A host without UEFI firmware makes a base without. */
static int
make_efivars(int dir, const char *arch, int *made, struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct firmware fw;
	int code;

	*made = 0;
	if (firmware_find(arch, &fw, NULL) < 0)
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

static int
seal_file(int dir, const char *name, struct stat *st, struct why *why)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0444) < 0 || sys_fsync(fd) < 0 ||
	    fstat(fd, st) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}

static int
add_facts(struct conf *c, const char *facts, struct why *why)
{
	static const char *const known[] = { "arch", "firmware", "user",
		"memory", "disk", "key", "link", "origin", "cloud_init",
		"kernel", "uefi" };

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
write_ini(int dir, const struct qcow2 *q, const struct stat *st,
    const char *sha, int efivars, const char *facts, struct why *why)
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
	    conf_set(c, "made", now, why) < 0 || add_facts(c, facts, why) < 0)
		return -1;
	text = conf_text(c, &n);
	buf_str(&b, "# base image; keys in xray.ini(5)\n");
	buf_add(&b, text, n);
	buf_fmt(&b,
	    "\n[generation 1]\nsize = %lld\nmtime = %lld\n"
	    "sha256 = %s\nvirtual = %" PRIu64 "\nefivars = %s\n",
	    (long long)st->st_size, base_mtime(st), sha, q->size,
	    efivars ? "yes" : "no");
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

static const char *
fact(const char *facts, const char *key, char *out, size_t size)
{
	size_t k = strlen(key);

	for (size_t n; facts && *facts; facts += n + (facts[n] == '\n')) {
		n = strcspn(facts, "\n");
		if (strncmp(facts, key, k) == 0 && facts[k] == '=') {
			(void)snprintf(
			    out, size, "%.*s", (int)(n - k - 1), facts + k + 1);
			return out;
		}
	}
	return NULL;
}

static int
prepare(int dir, const char *name, const char *facts, struct why *why)
{
	char sha[65], arch[32];
	struct qcow2 q;
	struct stat st, st2;
	int efivars;

	if (inspect(dir, name, &q, why) < 0)
		return -1;
	if (!fact(facts, "arch", arch, sizeof arch))
		(void)snprintf(arch, sizeof arch, "%s", sys_arch());
	if (make_efivars(dir, arch, &efivars, why) < 0 ||
	    base_hash(dir, "disk.qcow2", sha, why) < 0 ||
	    seal_file(dir, "disk.qcow2", &st, why) < 0 ||
	    (efivars && seal_file(dir, "efivars.qcow2", &st2, why) < 0))
		return -1;
	if (write_ini(dir, &q, &st, sha, efivars, facts, why) < 0)
		return -1;
	return arrange(dir, efivars, why);
}

int
base_make(struct home *h, const char *stage, const char *name,
    const char *facts, struct why *why)
{
	autoclose int dir = io_opendir(h->bases, stage);
	autoclose int lock = -1;

	if (dir < 0)
		return why_sys(why, EX_IOERR, "%s", stage);
	if (prepare(dir, name, facts, why) < 0)
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

int
base_remove(struct home *h, const char *name, struct why *why)
{
	autofree char *gone = xasprintf(".gone-%ld", (long)getpid());

	if (name_check(name, why) < 0)
		return -1;
	if (io_remove_tree(h->bases, gone) < 0 ||
	    renameat(h->bases, name, h->bases, gone) < 0 ||
	    sys_fsync(h->bases) < 0 || io_remove_tree(h->bases, gone) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}
