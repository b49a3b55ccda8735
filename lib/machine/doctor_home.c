/* SPDX-License-Identifier: ISC */
/* doctor_home: the home: who may look into it, config.ini, keys, what killed
 * commands left, claims on ports; and the bases. */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "keys.h"
#include "plugin.h"
#include "registry.h"
#include "say.h"
#include "ssh.h"
#include "sys.h"

/* How many names a folder has. */
static size_t
count(int dir)
{
	autostrv struct strv names = { 0 };
	struct why why;

	return name_list(dir, &names, &why) < 0 ? 0 : names.n;
}

static void
folder(struct doctor *d)
{
	struct home *h = d->home;
	autofree char *real = realpath(h->path, NULL);
	int moved = real && strcmp(real, h->path) != 0;
	struct stat st;

	if (fstat(h->fd, &st) < 0)
		return;
	if (st.st_mode & 077)
		doctor_add(d, DOCTOR_BAD, "home", NULL,
		    "%s: mode %04o, others can look into it: chmod 700 %s",
		    h->path, (unsigned)st.st_mode & 07777, h->path);
	else
		doctor_add(d, DOCTOR_OK, "home", NULL,
		    "%s%s%s, 0700; VMs: %zu, bases: %zu", h->path,
		    moved ? " -> " : "", moved ? real : "", count(h->vms),
		    count(h->bases));
}

/* keys_check takes no argument to its function. */
static struct doctor *telling;

static void
unknown(const struct why *why)
{
	doctor_why(
	    telling, DOCTOR_NOTE, "config", NULL, why, "xray config edit");
}

static void
config(struct doctor *d)
{
	int had = (int)d->n;
	struct why why;

	telling = d;
	if (keys_check(d->home->conf, NULL, NULL, unknown, &why) < 0)
		doctor_why(
		    d, DOCTOR_BAD, "config", NULL, &why, "xray config edit");
	else if ((int)d->n == had)
		doctor_add(d, DOCTOR_OK, "config", NULL,
		    "config.ini: all keys are known");
}

/* A private key that others can read is one that ssh will not use. */
static void
keys_of_ssh(struct doctor *d)
{
	autofree char *path = ssh_key(d->home);
	autofree char *pub = xasprintf("%s.pub", path);
	autofree char *ours = xasprintf("%s/ssh/id", d->home->path);
	int own = strcmp(path, ours) == 0;
	struct stat st;

	if (stat(path, &st) < 0) {
		if (own && errno == ENOENT)
			doctor_add(d, DOCTOR_OK, "key", NULL,
			    "none yet; the first start makes it, or xray key");
		else
			doctor_add(d, DOCTOR_BAD, "key", NULL, "%s: %s: %s",
			    path, strerror(errno),
			    own ? "chmod 700 its folder" :
				  "make it, or xray config unset ssh_key and "
				  "unset XRAY_SSH_KEY");
	} else if (st.st_mode & 077)
		doctor_add(d, DOCTOR_BAD, "key", NULL,
		    "%s: mode %04o, so ssh does not use it: chmod 600 %s", path,
		    (unsigned)st.st_mode & 07777, path);
	else if (access(path, R_OK) < 0)
		doctor_add(d, DOCTOR_BAD, "key", NULL, "%s: %s: chmod 600 %s",
		    path, strerror(errno), path);
	else if (access(pub, R_OK) < 0)
		doctor_add(d, DOCTOR_BAD, "key", NULL,
		    "%s: %s: ssh-keygen -y -f %s >%s", pub, strerror(errno),
		    path, pub);
	else
		doctor_add(d, DOCTOR_OK, "key", NULL, "%s", path);
}

/* ---- what killed commands left ---- */

struct left {
	struct doctor *d;
	const char *folder, *mend;
};

static int
leftover(const char *name, void *arg)
{
	struct left *l = arg;
	const char *pid = str_starts(name, ".stage-") ? name + 7 :
	    str_starts(name, ".gone-")		      ? name + 6 :
							NULL;
	unsigned long long start;
	long long n;

	if (pid && num_int(pid, 1, INT32_MAX, &n) == 0 &&
	    sys_start_time((pid_t)n, &start) < 0)
		doctor_add(l->d, DOCTOR_NOTE, "leftover", NULL,
		    "%s%s: of a command that was killed; the next %s removes "
		    "it",
		    l->folder, name, l->mend);
	return 0;
}

static void
leftovers(struct doctor *d)
{
	struct left own = { d, "", "start" };
	struct left vms = { d, "vms/", "xray create" };
	struct left bases = { d, "bases/", "xray base import" };

	(void)io_walk(d->home->fd, leftover, &own); /* or fewer */
	(void)io_walk(d->home->vms, leftover, &vms);
	(void)io_walk(d->home->bases, leftover, &bases);
}

static int
claim(const char *name, void *arg)
{
	struct doctor *d = arg;
	autofree char *who = NULL;
	long long port;

	if (num_int(name, 1, 65535, &port) < 0)
		return 0;
	who = port_holder(d->home, name);
	if (!who)
		doctor_add(d, DOCTOR_NOTE, "claim", NULL,
		    "port %s: claimed by a VM that is gone, so free: rm "
		    "%s/ports/%s",
		    name, d->home->path, name);
	return 0;
}

static void
claims(struct doctor *d)
{
	autoclose int ports = io_opendir(d->home->fd, "ports");

	if (ports >= 0)
		(void)io_walk(ports, claim, d); /* or fewer */
}

static void
plugins(struct doctor *d)
{
	struct registry r = { 0 };
	autostrv struct strv names = { 0 };
	struct why why;

	plugin_names(&names);
	if (names.n && registry_read(&r, &why) < 0)
		doctor_why(d, DOCTOR_BAD, "plug-in", NULL, &why, NULL);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i];
		int hidden =
		    registry_find(&r, name, 0) || registry_find(&r, name, 1);
		autofree char *path = hidden ? NULL : plugin_find(name, &why);

		if (hidden)
			doctor_add(d, DOCTOR_NOTE, "plug-in", NULL,
			    "%s: hidden by the command of that name: "
			    "mv %s/plugins/xray-%s to another name",
			    name, d->home->path, name);
		else if (!path)
			doctor_why(d, DOCTOR_BAD, "plug-in", NULL, &why, NULL);
	}
	registry_free(&r);
}

void
doctor_home(struct doctor *d)
{
	if (!d->home)
		return;
	folder(d);
	config(d);
	keys_of_ssh(d);
	leftovers(d);
	claims(d);
	plugins(d);
	doctor_hooks(d, NULL);
}

static void
base(struct doctor *d, const char *name)
{
	autostrv struct strv gens = { 0 };
	long long gen;
	struct base b;
	struct why why;

	if (base_open(d->home, name, &b, &why) < 0) {
		autofree char *mend = xasprintf("put it back from a backup, "
						"or xray base remove %s",
		    name);

		doctor_why(d, DOCTOR_BAD, "base", NULL, &why, mend);
		return;
	}
	base_generations(&b, &gens);
	for (size_t i = 0; i < gens.n; i++)
		if (num_int(gens.v[i], 1, INT32_MAX, &gen) == 0 &&
		    base_check(d->home, &b, gen, &why) < 0)
			doctor_why(d, DOCTOR_BAD, "base", NULL, &why,
			    why.code == EX_NOINPUT ?
				"put it back from a backup" :
				NULL);
	base_close(&b);
}

void
doctor_bases(struct doctor *d)
{
	autostrv struct strv names = { 0 };
	size_t had = d->n;
	struct why why;

	if (!d->home)
		return;
	if (name_list(d->home->bases, &names, &why) < 0)
		doctor_why(d, DOCTOR_BAD, "base", NULL, &why, NULL);
	for (size_t i = 0; i < names.n; i++)
		base(d, names.v[i]);
	if (d->n == had && names.n)
		doctor_add(
		    d, DOCTOR_OK, "base", NULL, "all are what was sealed");
}
