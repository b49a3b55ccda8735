/* SPDX-License-Identifier: ISC */
/*
 * Written for macOS 12 and later; not run by the authors.
 *
 * launchd reads the property lists in ~/Library/LaunchAgents at login, one for
 * each VM.  Which of them are ours is told by the home that stands in them.
 */
#ifdef __APPLE__
#include "login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

enum { PLIST_MAX = 65536 };

static char *
escaped(const char *s)
{
	struct buf b = { 0 };

	for (; *s; s++)
		buf_str(&b,
		    *s == '&'	  ? "&amp;" :
			*s == '<' ? "&lt;" :
			*s == '>' ? "&gt;" :
				    (char[2]){ *s, '\0' });
	return buf_take(&b);
}

static char *
file_of(const char *name)
{
	return xasprintf("xray.%s.plist", name);
}

struct walk {
	const struct home *home;
	const struct strv *names;
	struct why *why;
	int dir;
};

static int
drop(const char *file, void *arg)
{
	struct walk *w = arg;
	autofree char *home = escaped(w->home->path);
	autofree char *value = xasprintf("<string>%s</string>", home);
	autobuf struct buf text = { 0 };

	for (size_t i = 0; i < w->names->n; i++) {
		autofree char *kept = file_of(w->names->v[i]);

		if (strcmp(file, kept) == 0)
			return 0;
	}
	if (!str_starts(file, "xray.") ||
	    io_read_file(w->dir, file, &text, PLIST_MAX) < 0 ||
	    !strstr(text.p, value))
		return 0;
	if (unlinkat(w->dir, file, 0) < 0 && errno != ENOENT)
		return why_sys(w->why, EX_IOERR, "%s", file);
	return 0;
}

static int
put(const struct walk *w, const char *name)
{
	static const char *const names[] = { "vm", "bin", "home", "path",
		NULL };
	const char *path = getenv("PATH");
	autofree char *bin = home_bin_dir(w->why);
	autofree char *programs = bin ? escaped(bin) : NULL;
	autofree char *home = escaped(w->home->path);
	autofree char *search = escaped(path ? path : "/usr/bin:/bin");
	const char *const values[] = { name, programs, home, search, NULL };
	autofree char *file = file_of(name);
	autobuf struct buf text = { 0 };

	if (!bin ||
	    login_fill("launchd/xray.plist", names, values, &text, w->why) < 0)
		return -1;
	if (io_replace(w->dir, file, 0644, text.p, text.n) < 0)
		return why_sys(w->why, EX_IOERR, "%s", file);
	return 0;
}

/* It reads them at login. */
enum login_manager
login_manager(void)
{
	return LOGIN_LATER;
}

int
login_reload(struct why *why)
{
	(void)why;
	return 0;
}

int
login_files(const struct home *h, const struct strv *names, struct why *why)
{
	const char *user = getenv("HOME");
	autofree char *path =
	    xasprintf("%s/Library/LaunchAgents", user ? user : "");
	autoclose int dir = io_mkdir(AT_FDCWD, path);
	struct walk w = { h, names, why, dir };

	if (dir < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	if (io_walk(dir, drop, &w) < 0)
		return -1;
	for (size_t i = 0; i < names->n; i++)
		if (put(&w, names->v[i]) < 0)
			return -1;
	return 0;
}
#endif
