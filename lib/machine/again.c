/* SPDX-License-Identifier: ISC */
#include "again.h"

#include "io.h"

void
again_runs(struct again *a)
{
	a->since = io_now();
}

int
again_ended(struct again *a)
{
	if (!a->ms || io_now() - a->since >= 10LL * a->ms)
		a->ms = AGAIN_MS;
	else
		a->ms = 2 * a->ms < AGAIN_MOST_MS ? 2 * a->ms : AGAIN_MOST_MS;
	return a->ms;
}
