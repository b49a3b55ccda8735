/* SPDX-License-Identifier: ISC */
#include "table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "mem.h"
#include "say.h"

struct table {
	const struct col *cols;
	size_t ncols;
	size_t *pick; /* the columns printed, in order */
	size_t npick;
	unsigned char *wanted; /* by column */
	struct out out;
	struct buf text; /* all cells, each ended by NUL, behind an empty one */
	size_t *cells; /* nrows x npick: where in text, 0 for none */
	size_t nrows, cap;
};

int
out_opt(struct out *out, int c, const char *arg)
{
	switch (c) {
	case 'H':
		out->bare = 1;
		return 1;
	case 'o':
		out->fields = arg;
		return 1;
	case OPT_JSON:
		out->json = 1;
		return 1;
	default:
		return 0;
	}
}

static _Noreturn void
list_fields(const struct table *t)
{
	for (size_t i = 0; i < t->ncols; i++)
		say("%s\n", t->cols[i].name);
	exit(say_done());
}

static size_t
field(const struct table *t, const char *name, size_t n)
{
	for (size_t i = 0; i < t->ncols; i++)
		if (strlen(t->cols[i].name) == n &&
		    strncmp(t->cols[i].name, name, n) == 0)
			return i;
	die(EX_USAGE, "-o: %.*s: no such field; -o help lists them", (int)n,
	    name);
}

static void
pick(struct table *t)
{
	const char *f = t->out.fields;
	size_t n;

	if (!f) {
		for (size_t i = 0; i < t->ncols; i++)
			if (t->cols[i].shown || t->out.json)
				t->pick[t->npick++] = i;
		return;
	}
	if (strcmp(f, "help") == 0)
		list_fields(t);
	for (;; f += n + 1) {
		n = strcspn(f, ",");
		t->pick = xreallocarray(t->pick, t->npick + 1, sizeof *t->pick);
		t->pick[t->npick++] = field(t, f, n);
		if (!f[n])
			return;
	}
}

struct table *
table_new(const struct out *out, const struct col *cols, size_t n)
{
	struct table *t = xcalloc(1, sizeof *t);

	t->cols = cols;
	t->ncols = n;
	t->out = *out;
	t->pick = xcalloc(n, sizeof *t->pick);
	pick(t);
	t->wanted = xcalloc(n, 1);
	for (size_t k = 0; k < t->npick; k++)
		t->wanted[t->pick[k]] = 1;
	return t;
}

int
table_wants(const struct table *t, size_t i)
{
	return t->wanted[i];
}

int
table_for_people(const struct table *t)
{
	return isatty(1) && !t->out.json && !t->out.bare;
}

void
table_row(struct table *t, const char *const *cells)
{
	if (t->nrows == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->cells = xreallocarray(
		    t->cells, t->cap, t->npick * sizeof *t->cells);
	}
	if (!t->text.n)
		buf_add(&t->text, "", 1);
	for (size_t k = 0; k < t->npick; k++) {
		const char *s = cells[t->pick[k]];

		t->cells[t->nrows * t->npick + k] = s ? t->text.n : 0;
		if (s)
			buf_add(&t->text, s, strlen(s) + 1);
	}
	t->nrows++;
}

void
table_take(struct table *t, char *const *cells)
{
	table_row(t, (const char *const *)cells);
	for (size_t i = 0; i < t->ncols; i++)
		free(cells[i]);
}

static const char *
cell(const struct table *t, size_t row, size_t k)
{
	size_t at = t->cells[row * t->npick + k];

	return at ? t->text.p + at : NULL;
}

static char *
local_time(const char *utc)
{
	struct tm tm = { 0 };
	char text[32];
	time_t when;

	if (!strptime(utc, "%Y-%m-%dT%H:%M:%S", &tm))
		return xstrdup(utc);
	when = timegm(&tm);
	if (!localtime_r(&when, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
		return xstrdup(utc);
	return xstrdup(text);
}

/* What comes from a file or a guest does not talk to the terminal. */
static char *
masked(char *text)
{
	struct buf b = { 0 };

	say_mask(&b, text);
	buf_str(&b, "");
	free(text);
	return buf_take(&b);
}

/* The columns a text takes, or nearly: bytes that begin a character. */
static int
columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* A cell as people read it; the caller's. */
static char *
human(const struct col *col, const char *text)
{
	uint64_t n;

	if (!text)
		return xstrdup("");
	switch (col->kind) {
	case COL_SIZE:
		return num_size(text, 1, &n) < 0 ? xstrdup(text) : num_human(n);
	case COL_MEM:
		return num_size(text, 1, &n) < 0 ? xstrdup(text) :
						   num_binary(n);
	case COL_TIME:
		return local_time(text);
	case COL_MARK:
		return xstrdup(strcmp(text, "yes") == 0 ? "*" : "");
	default:
		return xstrdup(text);
	}
}

static char *
head(const struct col *col)
{
	char *h = xstrdup(col->head ? col->head : col->name);

	for (char *p = h; !col->head && *p; p++)
		*p = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
	return h;
}

static const char *
color_of(const struct col *col, const char *text)
{
	if (col->kind != COL_STATUS)
		return "";
	if (str_starts(text, "running") || strcmp(text, "ok") == 0)
		return "\033[32m";
	if (str_starts(text, "paused") || str_starts(text, "st") ||
	    strcmp(text, "note") == 0)
		return "\033[33m";
	return "\033[31m";
}

static void
print_aligned(const struct table *t)
{
	int *width = xcalloc(t->npick, sizeof *width);
	size_t rows = t->nrows + 1;
	char **text = xcalloc(rows * t->npick, sizeof *text);
	int color = say_colored(1);

	for (size_t k = 0; k < t->npick; k++) {
		const struct col *col = &t->cols[t->pick[k]];

		text[k] = head(col);
		for (size_t r = 0; r < t->nrows; r++)
			text[(r + 1) * t->npick + k] =
			    masked(human(col, cell(t, r, k)));
		for (size_t r = t->out.bare; r < rows; r++)
			if (columns(text[r * t->npick + k]) > width[k])
				width[k] = columns(text[r * t->npick + k]);
	}
	for (size_t r = t->out.bare; r < rows; r++)
		for (size_t k = 0; k < t->npick; k++) {
			const char *s = text[r * t->npick + k], *c = "";
			int pad =
			    k + 1 < t->npick ? width[k] + 2 - columns(s) : 0;

			if (color)
				c = r ? color_of(&t->cols[t->pick[k]], s) :
					"\033[1m";
			say("%s%s%*s%s%s", c, s, pad, "", *c ? "\033[0m" : "",
			    pad ? "" : "\n");
		}
	for (size_t i = 0; i < rows * t->npick; i++)
		free(text[i]);
	free(text);
	free(width);
}

/* A tab or newline inside a cell would make two of it. */
static void
print_field(const char *s)
{
	if (s)
		say_masked(s);
}

static void
print_tabs(const struct table *t)
{
	for (size_t k = 0; !t->out.bare && k < t->npick; k++) {
		autofree char *h = head(&t->cols[t->pick[k]]);

		say("%s%s", h, k + 1 < t->npick ? "\t" : "\n");
	}
	for (size_t r = 0; r < t->nrows; r++)
		for (size_t k = 0; k < t->npick; k++) {
			print_field(cell(t, r, k));
			(void)putc_unlocked(
			    k + 1 < t->npick ? '\t' : '\n', stdout);
		}
}

static void
json_cell(struct buf *b, const struct col *col, const char *text)
{
	int number = col->kind == COL_INT || col->kind == COL_SIZE ||
	    col->kind == COL_MEM;

	if (!text || (number && !*text))
		buf_str(b, "null");
	else if (number)
		buf_str(b, text);
	else if (col->kind == COL_BOOL || col->kind == COL_MARK)
		buf_str(b, strcmp(text, "yes") == 0 ? "true" : "false");
	else
		json_quote(b, text);
}

static void
json_object(struct buf *b, const struct table *t, size_t row)
{
	buf_str(b, "{");
	for (size_t k = 0; k < t->npick; k++) {
		const struct col *col = &t->cols[t->pick[k]];

		buf_fmt(b, "%s\"%s\":", k ? "," : "", col->name);
		json_cell(b, col, cell(t, row, k));
	}
	buf_str(b, "}");
}

static void
print_json(const struct table *t)
{
	autobuf struct buf b = { 0 };

	buf_str(&b, "[");
	for (size_t r = 0; r < t->nrows; r++) {
		buf_str(&b, r ? ",\n " : "");
		json_object(&b, t, r);
	}
	say("%s]\n", b.p);
}

static void
table_free(struct table *t)
{
	buf_free(&t->text);
	free(t->cells);
	free(t->wanted);
	free(t->pick);
	free(t);
}

void
table_print(struct table *t)
{
	if (t->out.json)
		print_json(t);
	else if (isatty(1))
		print_aligned(t);
	else
		print_tabs(t);
	table_free(t);
}

static void
print_facts(const struct table *t, size_t row)
{
	for (size_t k = 0; k < t->npick; k++) {
		if (!cell(t, row, k) && !t->out.fields)
			continue;
		if (!t->out.bare)
			say("%s=", t->cols[t->pick[k]].name);
		print_field(cell(t, row, k));
		say("\n");
	}
}

void
table_print_facts(struct table *t)
{
	autobuf struct buf b = { 0 };

	if (t->out.json && t->nrows == 1) {
		json_object(&b, t, 0);
		say("%s\n", b.p);
	} else if (t->out.json)
		print_json(t);
	for (size_t r = 0; !t->out.json && r < t->nrows; r++) {
		if (r && !t->out.fields)
			say("\n");
		print_facts(t, r);
	}
	table_free(t);
}
