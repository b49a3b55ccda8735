/* SPDX-License-Identifier: ISC */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "rulefile.h"
#include "say.h"

enum { SESSION_MAX = 16 << 20 };

static int
ends(const struct rule *r, long long now)
{
	return !r->until || rule_over(r, now);
}

int
session_begin(const char *vm, int dir, const char *name, struct why *why)
{
	autobuf struct buf text = { 0 }, kept = { 0 };
	struct rulefile f = { 0 };
	int r = io_read_file(dir, name, &text, SESSION_MAX);

	if (r < 0 && errno == ENOENT)
		return 0;
	if (r == 0 &&
	    rulefile_read(&f, name, text.n ? text.p : "", text.n, NULL) < 0)
		return 0;
	if (r == 0 && rulefile_remove_if(&f, ends, time(NULL)) > 0) {
		rulefile_print(&f, &kept);
		r = io_replace(dir, name, 0600, kept.n ? kept.p : "", kept.n);
		if (r < 0) /* a full disk: no answer rather than old ones */
			r = unlinkat(dir, name, 0);
	}
	rulefile_free(&f);
	return r < 0 ? why_set(why, EX_IOERR,
			   "%s: %s: %s; it has what was allowed until the last "
			   "run ended: remove it",
			   vm, name, strerror(errno)) :
		       0;
}
