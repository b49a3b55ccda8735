/* SPDX-License-Identifier: ISC */
#include "recent.h"

#include <stdlib.h>
#include <string.h>

#include "netlog.h"
#include "show.h"

static char *
text_of(const char *vm, const char *stamp, const struct netlog *l)
{
	autofree char *dest = netlog_dest(l), *at = tail_local(stamp, 0);

	return xasprintf("%s  %-10s %-5s %-12s %s%s", at, vm,
	    show_verdict(l->verdict), l->why, dest,
	    l->ended ? "  (ended)" : "");
}

int
recent_add(struct recent *r, const char *vm, const char *stamp, const char *p,
    size_t n)
{
	struct netlog l;
	size_t i = r->n;

	if (netlog_parse(&l, p, n) < 0 ||
	    (r->n == RECENT_LINES && strcmp(stamp, r->v[0].stamp) < 0))
		return 0;
	if (r->n == RECENT_LINES) {
		free(r->v[0].text);
		memmove(r->v, r->v + 1, --i * sizeof *r->v);
	} else
		r->n++;
	for (; i && strcmp(stamp, r->v[i - 1].stamp) < 0; i--)
		r->v[i] = r->v[i - 1];
	memcpy(r->v[i].stamp, stamp, sizeof r->v[i].stamp);
	r->v[i].text = text_of(vm, stamp, &l);
	return 1;
}
