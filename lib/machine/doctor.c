/* SPDX-License-Identifier: ISC */
#include "doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "say.h"

enum { DEPS_MS = 30000, DEPS_MAX = 8192 };

void
doctor_add(struct doctor *d, enum doctor_state state, const char *what,
    const char *vm, const char *fmt, ...)
{
	struct doctor_row *row;
	va_list ap;

	d->rows = xreallocarray(d->rows, d->n + 1, sizeof *d->rows);
	row = &d->rows[d->n++];
	va_start(ap, fmt);
	*row = (struct doctor_row){ state, what, vm ? xstrdup(vm) : NULL,
		xvasprintf(fmt, ap) };
	va_end(ap);
	d->bad += state == DOCTOR_BAD;
}

void
doctor_why(struct doctor *d, enum doctor_state state, const char *what,
    const char *vm, const struct why *why, const char *mend)
{
	autobuf struct buf b = { 0 };

	buf_vis(&b, why->text, strlen(why->text));
	doctor_add(d, state, what, vm, "%s%s%s", b.n ? b.p : "",
	    mend ? ": " : "", mend ? mend : "");
}

/* What share/deps says, its lines joined; NULL when it says nothing. */
static char *
deps(const char *action, const char *group)
{
	autofree char *share = home_share_dir(NULL);
	autofree char *program = xasprintf("%s/deps", share ? share : "");
	autostrv struct strv argv = { 0 };
	autobuf struct buf out = { 0 };
	struct run r = RUN_PLAIN;

	r.in = r.err = RUN_NULL;
	strv_words(&argv, program, action, group, NULL);
	if (!share || /* 69: of some it knows no package */
	    run_capture_as(&r, argv.v, &out, DEPS_MAX, DEPS_MS, NULL) < 0)
		return NULL;
	while (out.n && out.p[out.n - 1] == '\n')
		out.p[--out.n] = '\0';
	for (char *p = out.p; p && *p; p++)
		if (*p == '\n')
			*p = ' ';
	return out.n ? buf_take(&out) : NULL;
}

char *
doctor_install(const char *group)
{
	char *line = deps("--print", group);
	autofree char *share = line ? NULL : home_share_dir(NULL);

	if (!line)
		line = xasprintf("%s/deps %s", share ? share : "share", group);
	return line;
}

char *
doctor_missing(const char *group)
{
	return deps("--check", group);
}
