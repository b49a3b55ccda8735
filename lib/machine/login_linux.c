/* SPDX-License-Identifier: ISC */
/*
 * systemd's user manager starts what default.target.wants in the user's
 * folder of units links to: links to a unit of many instances, xray@.service,
 * as systemctl enable makes them.  We make them ourselves, so that it is the
 * same where the manager cannot be reached, as under sudo.
 *
 * The unit that make install has put in place will do for ~/.xray; for another
 * home, or programs in another place, there is a copy of it among the user's.
 */
#ifdef __linux__
#include "login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"

enum { ASK_MS = 10000, RELOAD_MS = 90000, UNIT_MAX = 65536, LINK_MAX = 4096 };

static const char unit[] = "xray@.service";
static const char mark[] = "# Written by xray autostart for ";

struct units {
	const struct home *home;
	char *path; /* the user's folder */
	int dir, wants; /* it, and default.target.wants in it */
	char *bin, *installed, *copy; /* copy, installed: of the unit */
	int usual; /* the home is ~/.xray */
	const char *target; /* installed or copy */
};

static void
units_close(struct units *u)
{
	if (u->dir >= 0)
		close(u->dir);
	if (u->wants >= 0)
		close(u->wants);
	free(u->path);
	free(u->bin);
	free(u->installed);
	free(u->copy);
}

/* Open path/name, made when it is not there; path's descriptor is closed. */
static int
deeper(int dir, const char *name)
{
	int sub = dir < 0 ? -1 : io_mkdir(dir, name);

	if (dir >= 0)
		close(dir);
	return sub;
}

static int
units_open(struct units *u, const struct home *h, struct why *why)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *user = getenv("HOME");
	autofree char *base = config && *config == '/' ?
	    xstrdup(config) :
	    xasprintf("%s/.config", user ? user : "");
	autofree char *usual = xasprintf("%s/.xray", user ? user : "");

	*u = (struct units){ .home = h, .dir = -1, .wants = -1 };
	u->path = xasprintf("%s/systemd/user", base);
	u->bin = home_bin_dir(why);
	if (!u->bin)
		return -1;
	u->installed = xasprintf("%.*s/lib/systemd/user/%s",
	    (int)(strrchr(u->bin, '/') - u->bin), u->bin, unit);
	u->copy = xasprintf("%s/%s", u->path, unit);
	u->usual = strcmp(h->path, usual) == 0;
	u->dir = deeper(deeper(io_mkdir(AT_FDCWD, base), "systemd"), "user");
	if (u->dir < 0 ||
	    (u->wants = io_mkdir(u->dir, "default.target.wants")) < 0)
		return why_sys(why, EX_IOERR, "%s", u->path);
	return 0;
}

/* ---- the manager ---- */

static int
systemctl(const char *verb, int ms)
{
	autostrv struct strv argv = { 0 };
	autobuf struct buf out = { 0 };

	strv_words(&argv, "systemctl", "--user", verb, NULL);
	return run_capture(argv.v, &out, UNIT_MAX, ms, NULL) == 0;
}

enum login_manager
login_manager(void)
{
	if (systemctl("show-environment", ASK_MS))
		return LOGIN_HEARS;
	return access("/run/systemd/system", F_OK) == 0 ? LOGIN_LATER :
							  LOGIN_NOBODY;
}

int
login_reload(struct why *why)
{
	if (systemctl("daemon-reload", RELOAD_MS))
		return 0;
	return why_set(
	    why, EX_UNAVAILABLE, "systemctl --user daemon-reload: failed");
}

/* ---- the unit ---- */

/* Where systemd looks by itself. */
static int
is_searched(const struct units *u)
{
	return str_starts(u->installed, "/usr/lib/") ||
	    str_starts(u->installed, "/usr/local/lib/");
}

/* What the copy begins with; NULL: there is none, or it is not ours. */
static char *
copy_of(const struct units *u)
{
	autobuf struct buf b = { 0 };

	if (io_read_file(u->dir, unit, &b, UNIT_MAX) < 0 ||
	    !str_starts(b.p, mark))
		return NULL;
	return xstrndup(
	    b.p + sizeof mark - 1, strcspn(b.p + sizeof mark - 1, "\n"));
}

static int
of_another_home(const char *path, const char *home, struct why *why)
{
	return why_set(why, EX_CANTCREAT,
	    "%s: starts the VMs of %s at login, and cannot start those of two "
	    "homes; XRAY_HOME=%s xray autostart --off",
	    path, home, home);
}

static int
write_copy(const struct units *u, struct why *why)
{
	static const char *const names[] = { "bin", NULL };
	const char *const values[] = { u->bin, NULL };
	autobuf struct buf text = { 0 }, old = { 0 };

	if (strpbrk(u->bin, "\"\\$%'\n") || strpbrk(u->home->path, "\"\\$%'\n"))
		return why_set(why, EX_CONFIG,
		    "%s, %s: no unit can hold such a path", u->bin,
		    u->home->path);
	buf_fmt(&text, "%s%s\n", mark, u->home->path);
	if (login_fill("systemd/xray@.service", names, values, &text, why) < 0)
		return -1;
	buf_fmt(&text, "\n[Service]\nEnvironment=\"XRAY_HOME=%s\"\n",
	    u->home->path);
	if (io_read_file(u->dir, unit, &old, UNIT_MAX) == 0 &&
	    old.n == text.n && memcmp(old.p, text.p, text.n) == 0)
		return 0;
	if (io_replace(u->dir, unit, 0644, text.p, text.n) < 0)
		return why_sys(why, EX_IOERR, "%s", u->copy);
	return 0;
}

/* A copy that is not ours is the user's own and stays as it is. */
static int
choose(struct units *u, struct why *why)
{
	autofree char *of = copy_of(u);
	int is_there = faccessat(u->dir, unit, F_OK, 0) == 0;

	if (of && strcmp(of, u->home->path) != 0 && access(of, F_OK) == 0)
		return of_another_home(u->copy, of, why);
	u->target = u->copy;
	if (is_there && !of)
		return 0;
	if (u->usual && is_searched(u) && access(u->installed, R_OK) == 0) {
		u->target = u->installed;
		return 0;
	}
	return write_copy(u, why);
}

/* ---- the links ---- */

/* NAME of xray@NAME.service, the caller's; NULL: another unit. */
static char *
instance(const char *link)
{
	static const char head[] = "xray@", tail[] = ".service";
	size_t n = strlen(link), h = sizeof head - 1, t = sizeof tail - 1;

	return str_starts(link, head) && n > h + t &&
		strcmp(link + n - t, tail) == 0 ?
	    xstrndup(link + h, n - h - t) :
	    NULL;
}

struct walk {
	const struct units *u;
	const struct strv *names;
	struct why *why;
};

/* Where a link leads, the caller's. */
static char *
leads_to(const struct units *u, const char *link)
{
	char to[LINK_MAX];
	ssize_t n = readlinkat(u->wants, link, to, sizeof to - 1);

	return n < 0 ? NULL : xstrndup(to, (size_t)n);
}

/* Links to the installed unit start the VMs of ~/.xray. */
static int
check_link(const char *link, void *arg)
{
	struct walk *w = arg;
	autofree char *name = instance(link);
	autofree char *to = name ? leads_to(w->u, link) : NULL;
	const char *user = getenv("HOME");
	autofree char *usual = xasprintf("%s/.xray", user ? user : "");

	if (!to || w->u->usual || strcmp(to, w->u->copy) == 0 ||
	    access(to, F_OK) < 0)
		return 0;
	return of_another_home(to, usual, w->why);
}

static int
drop_link(const char *link, void *arg)
{
	struct walk *w = arg;
	autofree char *name = instance(link);

	if (name && !strv_has(w->names, name) &&
	    unlinkat(w->u->wants, link, 0) < 0 && errno != ENOENT)
		return why_sys(w->why, EX_IOERR, "%s", link);
	return 0;
}

static int
put_link(const struct units *u, const char *name, struct why *why)
{
	autofree char *link = xasprintf("xray@%s.service", name);
	autofree char *new = xasprintf(".%s.new", link);
	autofree char *to = leads_to(u, link);

	if (to && strcmp(to, u->target) == 0)
		return 0;
	(void)unlinkat(u->wants, new, 0);
	if (symlinkat(u->target, u->wants, new) < 0 ||
	    renameat(u->wants, new, u->wants, link) < 0)
		return why_sys(why, EX_IOERR, "%s", link);
	return 0;
}

static int
put_links(struct units *u, const struct strv *names, struct why *why)
{
	struct walk w = { u, names, why };

	if (io_walk(u->wants, check_link, &w) < 0 || choose(u, why) < 0 ||
	    io_walk(u->wants, drop_link, &w) < 0)
		return -1;
	for (size_t i = 0; i < names->n; i++)
		if (put_link(u, names->v[i], why) < 0)
			return -1;
	return 0;
}

/* What we wrote goes when nothing needs it. */
static void
tidy(const struct units *u, const struct strv *names)
{
	autofree char *of = copy_of(u);

	if (of && strcmp(of, u->home->path) == 0 &&
	    (!names->n || u->target == u->installed))
		(void)unlinkat(u->dir, unit, 0); /* or it stays, unused */
}

int
login_files(const struct home *h, const struct strv *names, struct why *why)
{
	struct units u;
	int r = units_open(&u, h, why);

	if (r == 0)
		r = put_links(&u, names, why);
	if (r == 0)
		tidy(&u, names);
	units_close(&u);
	return r;
}
#endif
