/* SPDX-License-Identifier: ISC */
#include "deny.h"

static void
refill(struct deny *d, long long now)
{
	long long back = (now - d->since) * DENY_RATE / 1000;

	if (back <= 0)
		return;
	d->spent = back < d->spent ? d->spent - (long)back : 0;
	d->since = now;
}

int
deny_line(struct deny *d, long long now)
{
	refill(d, now);
	if (d->spent >= DENY_BURST) {
		d->missed++;
		return 0;
	}
	d->spent++;
	return 1;
}

unsigned long
deny_missed(struct deny *d, long long now)
{
	unsigned long n = d->missed;

	refill(d, now);
	if (!n || d->spent >= DENY_BURST)
		return 0;
	d->missed = 0;
	return n;
}
