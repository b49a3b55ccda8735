/* SPDX-License-Identifier: ISC */
#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

enum { LIST_ORIGIN = sizeof "lists/" + SOURCE_LIST_MAX };

/* Rules that others can write are others' rules.  A group that is ours alone
 * is the usual one where umask is 002. */
static int
find_fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return SOURCE_NOT_PLAIN;
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return SOURCE_FOREIGN;
	if ((st->st_mode & S_IWOTH) ||
	    ((st->st_mode & S_IWGRP) && st->st_gid != getegid()))
		return SOURCE_WRITABLE;
	return st->st_size > RULES_TEXT_MAX ? SOURCE_LARGE : 0;
}

int
source_open(const char *path, int *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		*fault = errno;
	else
		*fault = find_fault(&st);
	if (!*fault)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int
source_absent(int fault)
{
	return fault == ENOENT || fault == ENOTDIR;
}

int
source_refuse(struct why *why, const char *origin, const char *path, int fault)
{
	switch (fault) {
	case SOURCE_NOT_PLAIN:
		return why_set(why, EX_DATAERR, "%s: not a plain file", origin);
	case SOURCE_FOREIGN:
		return why_set(why, EX_NOPERM,
		    "%s: owned by somebody else; cp it and mv the copy in its "
		    "place: %s",
		    origin, path);
	case SOURCE_WRITABLE:
		return why_set(why, EX_NOPERM,
		    "%s: others may write to it; chmod go-w %s", origin, path);
	case SOURCE_LARGE:
		return why_set(why, EX_DATAERR, "%s: larger than %d MiB",
		    origin, RULES_TEXT_MAX >> 20);
	default:
		errno = fault;
		return why_sys(why, EX_NOINPUT, "%s", origin);
	}
}

/* ---- lists ---- */

int
source_is_list(const char *name)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-";
	size_t n = strspn(name, chars);

	return n && !name[n] && n < SOURCE_LIST_MAX && *name != '.' &&
	    *name != '-';
}

int
source_list_path(const struct sources *s, size_t i, const char *name, char *out)
{
	if (i >= LEN(s->lists) || !s->lists[i])
		return -1;
	if (snprintf(out, SOURCE_PATH, "%s/%s", s->lists[i], name) >=
	    SOURCE_PATH)
		*out = '\0'; /* which is not there */
	return 0;
}

int
source_open_list(
    const struct sources *s, const char *name, size_t *where, int *fault)
{
	char path[SOURCE_PATH];

	for (size_t i = 0;
	     source_is_list(name) && source_list_path(s, i, name, path) == 0;
	     i++) {
		int fd = source_open(path, fault);

		*where = i;
		if (fd >= 0 || !source_absent(*fault))
			return fd;
	}
	*where = 0;
	*fault = SOURCE_NO_LIST;
	return -1;
}

/* What messages call it. */
static void
name_list(char out[LIST_ORIGIN], const char *name)
{
	(void)snprintf(out, LIST_ORIGIN, "lists/%.64s", name);
}

int
source_refuse_list(struct why *why, const struct sources *s, const char *name,
    size_t where, int fault)
{
	char path[SOURCE_PATH] = "", origin[LIST_ORIGIN];

	(void)source_list_path(s, where, name, path);
	if (fault == SOURCE_NO_LIST)
		return why_set(why, EX_NOINPUT,
		    "@%s: no such list; it would be %s", name, path);
	name_list(origin, name);
	return source_refuse(why, origin, path, fault);
}

/* ---- reading ---- */

static int
read_all(int fd, struct buf *b, const char *origin, struct why *why)
{
	int rc = io_read(fd, b, RULES_TEXT_MAX), err = errno;

	close(fd);
	if (rc == 0)
		return 0;
	if (err == EFBIG) /* it grew meanwhile */
		return source_refuse(why, origin, "", SOURCE_LARGE);
	errno = err;
	return why_sys(why, EX_IOERR, "%s", origin);
}

int
source_add(
    struct rules *t, const struct sources *s, size_t i, int fd, struct why *why)
{
	const char *origin = s->v[i].origin, *text = s->v[i].text;
	autobuf struct buf b = { 0 };

	if (fd >= 0) {
		if (read_all(fd, &b, origin, why) < 0)
			return -1;
		return rules_add(t, origin, s->v[i].form, b.p, b.n, why);
	}
	if (s->v[i].path)
		return 0;
	return rules_add(t, origin, s->v[i].form, text, strlen(text), why);
}

int
source_add_list(struct rules *t, const char *name, int fd, struct why *why)
{
	char origin[LIST_ORIGIN];
	autobuf struct buf b = { 0 };

	name_list(origin, name);
	if (read_all(fd, &b, origin, why) < 0)
		return -1;
	return rules_add_list(t, name, origin, b.p, b.n, why);
}

static int
load_file(struct rules *t, const struct sources *s, size_t i, struct why *why)
{
	int fault = 0, fd = -1;

	if (s->v[i].path) {
		fd = source_open(s->v[i].path, &fault);
		if (fd < 0 && !source_absent(fault))
			return source_refuse(
			    why, s->v[i].origin, s->v[i].path, fault);
	}
	return source_add(t, s, i, fd, why);
}

static int
load_list(struct rules *t, const struct sources *s, const char *wanted,
    struct why *why)
{
	autofree char *name = xstrdup(wanted);
	size_t where;
	int fault, fd = source_open_list(s, name, &where, &fault);

	if (fd < 0)
		return source_refuse_list(why, s, name, where, fault);
	return source_add_list(t, name, fd, why);
}

struct rules *
sources_load(const struct sources *s, struct why *why)
{
	struct rules *t = rules_new();
	const char *name;
	int rc = 0;

	for (size_t i = 0; i < s->n && rc == 0; i++)
		if (!s->v[i].off)
			rc = load_file(t, s, i, why);
	while (rc == 0 && (name = rules_wants(t)) != NULL)
		rc = load_list(t, s, name, why);
	if (rc == 0)
		return t;
	rules_free(t);
	return NULL;
}
