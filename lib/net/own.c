/* SPDX-License-Identifier: ISC */
#include "own.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "rules.h"
#include "say.h"

const char *const own_names[OWN_FILES] = {
	[OWN_SESSION] = "rules.session", [OWN_KEPT] = "rules"
};

static int
read_all(struct own *o, int dir, struct why *why)
{
	*o = (struct own){ .now = (long long)time(NULL) };
	for (int k = 0; k < OWN_FILES; k++) {
		struct buf *b = &o->was[k];

		if (io_read_file(dir, own_names[k], b, RULES_TEXT_MAX) < 0 &&
		    errno != ENOENT)
			return why_sys(why, EX_IOERR, "%s", own_names[k]);
		if (rulefile_read(&o->f[k], own_names[k], b->n ? b->p : "",
			b->n, why) < 0)
			return -1;
	}
	return 0;
}

static int
write_all(struct own *o, int dir, struct why *why)
{
	(void)rulefile_remove_if(&o->f[OWN_SESSION], rule_over, o->now);
	for (int k = OWN_FILES - 1; k >= 0; k--) {
		autobuf struct buf b = { 0 };

		rulefile_print(&o->f[k], &b);
		if (b.n == o->was[k].n &&
		    (!b.n || memcmp(b.p, o->was[k].p, b.n) == 0))
			continue;
		if (io_replace(dir, own_names[k], 0600, b.n ? b.p : "", b.n) <
		    0)
			return why_sys(why, EX_IOERR, "%s", own_names[k]);
	}
	return 0;
}

int
own_change(struct own *o, int dir, const char *vm, own_act *act, void *arg,
    struct why *why)
{
	struct why w;

	if (read_all(o, dir, &w) < 0)
		return why_set(why, w.code,
		    w.code == EX_DATAERR ? "%s: %s; xray fw edit %s mends it" :
					   "%s: %s",
		    vm, w.text, vm);
	if (act(o, arg, why) < 0)
		return -1;
	if (write_all(o, dir, &w) < 0)
		return why_set(why, w.code, "%s: %s", vm, w.text);
	return 0;
}

void
own_free(struct own *o)
{
	for (int k = 0; k < OWN_FILES; k++) {
		rulefile_free(&o->f[k]);
		buf_free(&o->was[k]);
	}
}

static int
add(struct own *o, int file, const struct rule *r, size_t n, long at,
    struct why *why)
{
	if (file == OWN_KEPT &&
	    rulefile_yield(&o->f[OWN_SESSION], r, n, o->now, why) < 0)
		return -1;
	return rulefile_add(&o->f[file], r, n, at, o->now, why);
}

int
own_add(struct own *o, const struct rulein *in, int together, long at,
    struct why *why)
{
	/* the lasting ones first: the session's shall come before them */
	static const int file[] = {
		[RULEIN_KEPT] = OWN_KEPT, [RULEIN_SESSION] = OWN_SESSION
	};

	for (int k = 0; k < RULEIN_KINDS; k++) {
		size_t n = in->of[k].n, step = together ? n : 1;

		for (size_t i = 0; i < n; i += step)
			if (add(o, file[k], in->of[k].v + i, step, at, why) < 0)
				return -1;
	}
	return 0;
}

int
own_check_list(
    const struct rule *r, char *const *lists, size_t n, struct why *why)
{
	if (r->host != RULE_LIST)
		return 0;
	for (size_t i = 0; i < n; i++) {
		autofree char *path = xasprintf("%s/%s", lists[i], r->name);

		if (access(path, R_OK) == 0)
			return 0;
	}
	return why_set(why, EX_NOINPUT,
	    "@%s: no such list; xray fw presets, or xray fw import --list %s",
	    r->name, r->name);
}

int
own_check_lists(
    const struct rulein *in, char *const *lists, size_t n, struct why *why)
{
	for (int k = 0; k < RULEIN_KINDS; k++)
		for (size_t i = 0; i < in->of[k].n; i++)
			if (own_check_list(&in->of[k].v[i], lists, n, why) < 0)
				return -1;
	return 0;
}
