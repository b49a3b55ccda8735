/* SPDX-License-Identifier: ISC */
#include "snap_table.h"

#include <string.h>
#include <time.h>

enum { VM, CURRENT, TAG, KIND, SIZE, TIME, PARENT, NOTE, NCOLS };

static struct col cols[] = {
	[VM] = { "vm", COL_TEXT, 0, NULL },
	[CURRENT] = { "current", COL_BOOL, 0, NULL },
	[TAG] = { "tag", COL_TEXT, 1, NULL },
	[KIND] = { "kind", COL_TEXT, 1, NULL },
	[SIZE] = { "size", COL_SIZE, 1, NULL },
	[TIME] = { "time", COL_TIME, 1, NULL },
	[PARENT] = { "parent", COL_TEXT, 1, NULL },
	[NOTE] = { "note", COL_TEXT, 0, NULL },
};

struct table *
snap_table(const struct out *out, int several, int people)
{
	cols[VM].shown = several;
	if (people && !out->fields && !out->json)
		cols[CURRENT] = (struct col){ "current", COL_MARK, 1, "" };
	return table_new(out, cols, NCOLS);
}

static void
row(struct table *t, const struct vm *vm, const struct snaps *all,
    const struct snapshot *s)
{
	const char *current = conf_get(all->conf, NULL, "current");
	const char *cells[NCOLS] = { 0 };
	autofree char *size = num_text(s->size);
	time_t when = (time_t)s->seconds;
	char time_text[32] = "";
	struct tm tm;

	if (gmtime_r(&when, &tm))
		(void)strftime(
		    time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	cells[VM] = vm->name;
	cells[TAG] = s->tag;
	cells[KIND] = s->live ? "live" : "disk";
	cells[SIZE] = size;
	cells[TIME] = time_text;
	cells[PARENT] = conf_get(all->conf, s->tag, "parent");
	cells[CURRENT] = current && strcmp(current, s->tag) == 0 ? "yes" : "no";
	cells[NOTE] = conf_get(all->conf, s->tag, "note");
	table_row(t, cells);
}

int
snap_rows(struct table *t, const struct vm *vm, struct why *why)
{
	struct snaps all;

	if (snaps_read(vm, &all, why) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		row(t, vm, &all, &all.v[i]);
	snaps_free(&all);
	return 0;
}
