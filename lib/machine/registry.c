/* SPDX-License-Identifier: ISC */
#include "registry.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "home.h"
#include "io.h"
#include "say.h"

enum { FILE_MAX = 1 << 20 };

static void
take_line(struct registry *r, char *line)
{
	struct entry e = { .name = strsep(&line, "\t") };

	e.class = line ? strsep(&line, "\t") : NULL;
	e.text = line;
	if (!e.text || *e.name == '#' || !*e.name)
		return;
	r->v = xreallocarray(r->v, r->n + 1, sizeof *r->v);
	r->v[r->n++] = e;
}

int
registry_read(struct registry *r, struct why *why)
{
	autofree char *share = home_share_dir(why);
	autoclose int dir = share ? io_opendir(AT_FDCWD, share) : -1;

	if (!share)
		return -1;
	if (dir < 0 || io_read_file(dir, "commands", &r->file, FILE_MAX) < 0)
		return why_sys(why, EX_UNAVAILABLE, "%s/commands", share);
	registry_parse(r);
	return 0;
}

void
registry_parse(struct registry *r)
{
	char *line, *rest;

	for (rest = r->file.p; (line = strsep(&rest, "\n"));)
		take_line(r, line);
}

void
registry_free(struct registry *r)
{
	free(r->v);
	buf_free(&r->file);
	*r = (struct registry){ 0 };
}

const struct entry *
registry_find(const struct registry *r, const char *name, int alias)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].name, name) == 0 &&
		    (strcmp(r->v[i].class, "=") == 0) == alias)
			return &r->v[i];
	return NULL;
}
