/* SPDX-License-Identifier: ISC */
#include "plugin.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "home.h"
#include "io.h"
#include "run.h"
#include "say.h"
#include "trust.h"

/* How large a program may be that is looked through for the option's name, how
 * long it may take to answer, and how much that may be. */
enum { LOOK_MAX = 16 << 20, TEXT_MS = 1000, TEXT_MAX = 4096 };

static const char option[] = "--xray-describe";
static const char prefix[] = "xray-";

static char *
folder(void)
{
	autofree char *home = home_path(NULL);

	return home ? xasprintf("%s/plugins", home) : NULL;
}

static char *
in_folder(const char *name)
{
	autofree char *dir = folder();
	char *path = dir ? xasprintf("%s/%s%s", dir, prefix, name) : NULL;

	if (path && access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *
plugin_find(const char *name, struct why *why)
{
	autofree char *program = xasprintf("%s%s", prefix, name);
	char *path = in_folder(name);

	if (!path)
		path = run_find(program);
	if (!path)
		why_set(why, EX_NOINPUT, "%s: no such plug-in", name);
	else if (trust_path(path, why) == 0)
		return path;
	free(path);
	return NULL;
}

void
plugin_environment(const char *bin)
{
	const char *path = getenv("PATH");
	autofree char *home = home_path(NULL);
	autofree char *ours = NULL;
	size_t n = strlen(bin);

	if (home)
		(void)setenv("XRAY_HOME", home, 1);
	if (path && strncmp(path, bin, n) == 0 && (!path[n] || path[n] == ':'))
		return;
	ours = xasprintf("%s:%s", bin, path ? path : "/usr/bin:/bin");
	(void)setenv("PATH", ours, 1);
}

struct walk {
	int dir;
	struct strv *names;
};

static int
keep(const char *file, void *arg)
{
	struct walk *w = arg;

	if (str_starts(file, prefix) && name_valid(file) &&
	    faccessat(w->dir, file, X_OK, 0) == 0)
		strv_add(w->names, file + sizeof prefix - 1);
	return 0;
}

void
plugin_names(struct strv *names)
{
	autofree char *path = folder();
	autoclose int dir = path ? io_opendir(AT_FDCWD, path) : -1;
	struct walk w = { dir, names };

	if (dir >= 0)
		(void)io_walk(dir, keep, &w); /* or fewer */
	strv_sort(names);
}

/* Whether the option's name stands in the file. */
static int
knows(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	autobuf struct buf b = { 0 };

	return fd >= 0 && io_read(fd, &b, LOOK_MAX) == 0 &&
	    memmem(b.p, b.n, option + 2, sizeof option - 3) != NULL;
}

char *
plugin_text(const char *name)
{
	autofree char *path = in_folder(name);
	char *argv[] = { path, NULL, NULL };
	autofree char *word = xstrdup(option);
	autobuf struct buf out = { 0 };
	struct why why;

	argv[1] = word;
	if (!path || trust_path(path, &why) < 0 || !knows(path) ||
	    run_capture(argv, &out, TEXT_MAX, TEXT_MS, &why) != 0)
		return NULL;
	return plugin_said(out.p);
}

char *
plugin_said(const char *out)
{
	struct buf text = { 0 };

	buf_vis(&text, out, strcspn(out, "\n"));
	if (text.n)
		return buf_take(&text);
	buf_free(&text);
	return NULL;
}
