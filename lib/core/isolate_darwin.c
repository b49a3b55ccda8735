/* SPDX-License-Identifier: ISC */
/* Written for macOS 12 and later; not run by the authors. */
#ifdef __APPLE__
#include "isolate.h"

#include <errno.h>

#include "say.h"

int
isolate(struct why *why)
{
	return why_set(why, EX_UNAVAILABLE, "macOS has no network namespaces");
}

int
isolate_plan(struct isolate_ids *ids)
{
	(void)ids;
	return -1;
}

int
isolate_enter(const struct isolate_ids *ids)
{
	(void)ids;
	return -1;
}

int
isolate_can(struct why *why)
{
	return isolate(why);
}

const char *
isolate_mend(void)
{
	return NULL;
}

int
isolate_is(pid_t pid)
{
	(void)pid;
	errno = ENOTSUP;
	return -1;
}
#endif
