/* SPDX-License-Identifier: ISC */
#include "deny.h"

int
deny_line(struct deny *d, long long now)
{
	if (now - d->second >= 1000) {
		d->second = now;
		d->lines = 0;
	}
	if (d->lines < DENY_LINES) {
		d->lines++;
		return 1;
	}
	d->missed++;
	return 0;
}

int
deny_first(
    struct deny *d, uint8_t proto, uint32_t addr, uint16_t port, long long now)
{
	size_t i;

	for (i = 0; i < DENY_SEEN; i++)
		if (d->seen[i].at && d->seen[i].addr == addr &&
		    d->seen[i].port == port && d->seen[i].proto == proto)
			break;
	if (i < DENY_SEEN && now - d->seen[i].at < DENY_AGAIN)
		return 0;
	/* What there was no room to name is not seen: it may be named later. */
	if (!deny_line(d, now))
		return 0;
	if (i == DENY_SEEN) {
		i = d->next;
		d->next = (d->next + 1) % DENY_SEEN;
	}
	d->seen[i].addr = addr;
	d->seen[i].port = port;
	d->seen[i].proto = proto;
	d->seen[i].at = now;
	return 1;
}

unsigned long
deny_missed(struct deny *d, long long now)
{
	unsigned long n = d->missed;

	if (!n || now - d->second < 1000)
		return 0;
	d->missed = 0;
	return n;
}
