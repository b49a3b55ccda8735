/* SPDX-License-Identifier: ISC */
#include "base_facts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "say.h"
#include "sys.h"

enum {
	NAME,
	FORMAT,
	SIZE,
	VIRTUAL,
	GEN,
	VMS,
	LINK,
	SHA,
	MADE,
	USER,
	ARCH,
	FIRMWARE,
	ORIGIN,
	GENERATIONS,
	MEMORY,
	DISK,
	RULES,
	NCOLS
};

/* name, kind; both tables have the same but for what is shown, and vms. */
#define COLS(shown, vms)                                                  \
	{                                                                 \
		[NAME] = { "name", COL_TEXT, 1, NULL },                   \
		[FORMAT] = { "format", COL_TEXT, 1, NULL },               \
		[SIZE] = { "size", COL_SIZE, 1, NULL },                   \
		[VIRTUAL] = { "virtual", COL_MEM, 1, NULL },              \
		[GEN] = { "generation", COL_INT, 1, "GEN" },              \
		[VMS] = { "vms", vms, 1, NULL },                          \
		[LINK] = { "link", COL_TEXT, 1, NULL },                   \
		[SHA] = { "sha256", COL_TEXT, shown, NULL },              \
		[MADE] = { "made", COL_TIME, shown, NULL },               \
		[USER] = { "user", COL_TEXT, shown, NULL },               \
		[ARCH] = { "arch", COL_TEXT, shown, NULL },               \
		[FIRMWARE] = { "firmware", COL_TEXT, shown, NULL },       \
		[ORIGIN] = { "origin", COL_TEXT, shown, NULL },           \
		[GENERATIONS] = { "generations", COL_TEXT, shown, NULL }, \
		[MEMORY] = { "memory", COL_TEXT, shown, NULL },           \
		[DISK] = { "disk", COL_TEXT, shown, NULL },               \
		[RULES] = { "rules", COL_BOOL, shown, NULL },             \
	}

const struct col base_cols[] = COLS(0, COL_INT);
const struct col base_cols_one[] = COLS(1, COL_TEXT);
const size_t base_ncols = NCOLS;

static char *
joined(const struct strv *v)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < v->n; i++)
		buf_fmt(&b, "%s%s", i ? "," : "", v->v[i]);
	return buf_take(&b);
}

static void
fill(struct table *t, const struct base *b, const struct seal *s,
    const char *vms)
{
	autofree char *size = xasprintf("%" PRIu64, s->size);
	autofree char *virt = xasprintf("%" PRIu64, s->virtual_size);
	autofree char *gen = xasprintf("%lld", b->current);
	autofree char *all = NULL;
	autostrv struct strv gens = { 0 };
	const char *cells[NCOLS];

	base_generations(b, &gens);
	all = joined(&gens);
	for (size_t i = 0; i < NCOLS; i++)
		cells[i] = conf_get(b->conf, NULL, base_cols[i].name);
	cells[NAME] = b->name;
	cells[SIZE] = size;
	cells[VIRTUAL] = virt;
	cells[GEN] = gen;
	cells[VMS] = vms;
	cells[LINK] = s->link;
	cells[SHA] = s->sha256;
	cells[GENERATIONS] = all;
	cells[RULES] = faccessat(b->dir, "rules", F_OK, 0) == 0 ? "yes" : "no";
	table_row(t, cells);
}

int
base_row(
    struct table *t, struct home *h, const char *name, int one, struct why *why)
{
	autostrv struct strv users = { 0 };
	autofree char *vms = NULL;
	struct base b;
	struct seal s;
	int r = -1;

	if (base_open(h, name, &b, why) < 0)
		return -1;
	if (base_seal_of(&b, b.current, &s, why) == 0 &&
	    base_users(h, name, 0, &users, why) == 0) {
		vms = one ? joined(&users) : xasprintf("%zu", users.n);
		fill(t, &b, &s, vms);
		r = 0;
	}
	base_close(&b);
	return r;
}

char *
base_summary(struct home *h, const char *name, struct why *why)
{
	autofree char *size = NULL;
	const char *arch, *fw;
	char *text = NULL;
	struct base b;
	struct seal s;

	if (base_open(h, name, &b, why) < 0)
		return NULL;
	if (base_seal_of(&b, b.current, &s, why) == 0) {
		arch = conf_get(b.conf, NULL, "arch");
		fw = conf_get(b.conf, NULL, "firmware");
		size = num_human(s.size);
		text = xasprintf("qcow2, %s (%.1f GiB virtual), %s, %s, "
				 "generation %lld, sha256 %.12s",
		    size, (double)s.virtual_size / (1 << 30),
		    arch ? arch : sys_arch(), fw ? fw : "bios", b.current,
		    s.sha256 ? s.sha256 : "?");
	}
	base_close(&b);
	return text;
}

const struct col base_verify_cols[] = {
	{ "name", COL_TEXT, 1, NULL },
	{ "gen", COL_INT, 1, NULL },
	{ "result", COL_TEXT, 1, NULL },
};
const size_t base_verify_ncols = LEN(base_verify_cols);

static const char *
result(int code)
{
	return code == EX_OK   ? "ok" :
	    code == EX_NOINPUT ? "missing" :
	    code == EX_NOPERM  ? "changed" :
				 "unknown";
}

int
base_verify(struct table *t, struct home *h, const char *name, int full,
    void (*tell)(const struct why *why))
{
	autostrv struct strv gens = { 0 };
	struct base b;
	struct why why;
	int code = 0;

	if (base_open(h, name, &b, &why) < 0) {
		tell(&why);
		return why.code;
	}
	base_generations(&b, &gens);
	for (size_t i = 0; i < gens.n; i++) {
		long long gen = strtoll(gens.v[i], NULL, 10);
		const char *cells[] = { name, gens.v[i], NULL };

		why.code = EX_OK;
		if ((full ? base_check_full : base_check)(h, &b, gen, &why) <
		    0) {
			tell(&why);
			code = EX_NO;
		}
		cells[2] = result(why.code);
		table_row(t, cells);
	}
	base_close(&b);
	return code;
}
