/* SPDX-License-Identifier: ISC */
#include "front.h"

#include <stdio.h>
#include <string.h>

#include "io.h"

static void
drop(struct front *f, size_t i)
{
	f->nopen--;
	memmove(f->open + i, f->open + i + 1, (f->nopen - i) * sizeof *f->open);
}

static size_t
find(const struct front *f, const char *vm, unsigned id)
{
	size_t i = 0;

	while (i < f->nopen &&
	    (f->open[i].id != id || strcmp(f->open[i].vm, vm) != 0))
		i++;
	return i;
}

static void
put(struct front *f, const struct dialog *d)
{
	size_t i = find(f, d->vm, d->id);

	if (i == FRONT_OPEN) /* nobody shows so many: no xray-ask does */
		return;
	f->open[i] = *d;
	if (i == f->nopen)
		f->nopen++;
}

/* Whether who speaks for vm does for the one called name. */
static int
is_of(const char *vm, const char *name)
{
	return strcmp(vm, FRONT_ANY) == 0 || strcmp(vm, name) == 0;
}

/* A question; -1: it is none of vm's. */
static int
asked(struct front *f, const char *vm, const char *line)
{
	struct dialog d;

	if (dialog_parse(&d, line) < 0 || !is_of(vm, d.vm))
		return -1;
	put(f, &d);
	return 0;
}

/* What else xray-ask says to who shows questions: WORD VM, and a number or
 * not. */
static const struct {
	const char *word;
	int number;
} words[] = { { "withdraw", 1 }, { "waiting", 1 }, { "ok", 1 },
	{ "written", 1 }, { "delayed", 1 }, { "error", 1 }, { "pending", 1 },
	{ "end", 0 } };

/* What a line says of a VM's questions; -1: it is none that vm says. */
static int
follow(struct front *f, const char *vm, const char *line)
{
	char word[16], name[DIALOG_VM];
	size_t k = 0, i;
	unsigned n = 0;
	int got = sscanf(line, "%15s %63s %u", word, name, &n);

	if (got > 0 && strcmp(word, "question") == 0)
		return asked(f, vm, line);
	while (got > 1 && k < LEN(words) && strcmp(word, words[k].word) != 0)
		k++;
	if (got < 2 || k == LEN(words) || got - 2 < words[k].number ||
	    (!is_of(vm, name) && strcmp(name, "-") != 0))
		return -1;
	if (strcmp(word, "withdraw") == 0 && (i = find(f, name, n)) < f->nopen)
		drop(f, i);
	for (i = 0; i < f->nopen && strcmp(word, "waiting") == 0; i++)
		if (strcmp(f->open[i].vm, name) == 0)
			f->open[i].waiting = n;
	return 0;
}

static void
heard(size_t who, char *line, void *arg)
{
	struct front *f = arg;

	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?'; /* none of ours */
	if (follow(f, f->vm[who], line) == 0)
		f->line(f->vm[who], line, f->arg);
}

static void
gone(size_t who, void *arg)
{
	struct front *f = arg;

	for (size_t i = f->nopen; i-- > 0;)
		if (is_of(f->vm[who], f->open[i].vm)) {
			autofree char *line = xasprintf(
			    "withdraw %s %u", f->open[i].vm, f->open[i].id);

			drop(f, i); /* nobody else will say so */
			f->line(f->vm[who], line, f->arg);
		}
	*f->vm[who] = '\0';
}

void
front_init(struct front *f, const char *name)
{
	f->name = name;
	f->talk = (struct talk)TALK_INIT;
	f->talk.most = FRONT_VMS;
	f->talk.line = heard;
	f->talk.gone = gone;
	f->talk.arg = f;
}

static size_t
place(const struct front *f, const char *vm)
{
	size_t i = 0;

	while (i < FRONT_VMS && (!*f->vm[i] || !is_of(f->vm[i], vm)))
		i++;
	return i;
}

int
front_has(const struct front *f, const char *vm)
{
	return place(f, vm) < FRONT_VMS;
}

int
front_join(struct front *f, const char *vm, int fd)
{
	long who = talk_add(&f->talk, fd);

	if (who < 0)
		return -1;
	(void)snprintf(f->vm[who], sizeof f->vm[who], "%s", vm);
	if (strcmp(vm, FRONT_ANY) != 0)
		talk_say(&f->talk, (size_t)who, "front %s", f->name);
	return 0;
}

static void
find_one(struct front *f, int vms, const char *vm, const char *sock,
    front_joined *joined)
{
	autoclose int dir = io_opendir(vms, vm);
	int fd = dir < 0 ? -1 : io_connect(dir, sock);

	if (fd >= 0 && front_join(f, vm, fd) == 0 && joined)
		joined(vm, dir);
}

void
front_find(struct front *f, int vms, const struct strv *names, const char *sock,
    front_joined *joined)
{
	for (size_t i = 0; i < names->n; i++)
		if (!front_has(f, names->v[i]))
			find_one(f, vms, names->v[i], sock, joined);
}

int
front_say(struct front *f, const char *vm, const char *line)
{
	size_t i = place(f, vm);

	if (i == FRONT_VMS)
		return -1;
	talk_say(&f->talk, i, "%s", line);
	return 0;
}

int
front_decree(struct front *f, const struct decree *d)
{
	autobuf struct buf line = { 0 };

	decree_print(d, &line);
	return front_say(f, d->vm, line.p);
}
