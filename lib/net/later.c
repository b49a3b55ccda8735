/* SPDX-License-Identifier: ISC */
#include "later.h"

#include <string.h>

void
later_add(struct later *l, int fd, const uint8_t *p, size_t n)
{
	if (l->n == FLOW_MAX || fd >= FDS_MAX || n > LATER_FRAME)
		return;
	l->v[l->n].fd = fd;
	l->v[l->n].asked = 0;
	l->v[l->n].n = n;
	memcpy(l->v[l->n++].p, p, n);
}

void
later_ask(struct later *l)
{
	if (!l->n)
		return;
	memset(l->busy, 0, sizeof l->busy);
	for (size_t i = 0; i < l->n; i++)
		l->v[i].asked = 1;
}

void
later_busy(struct later *l, int fd)
{
	if (fd >= 0 && fd < FDS_MAX)
		l->busy[fd] = 1;
}

void
later_gone(struct later *l, int fd)
{
	for (size_t i = l->n; fd >= 0 && i-- > 0;)
		if (l->v[i].fd == fd)
			l->v[i] = l->v[--l->n];
}

size_t
later_take(struct later *l, uint8_t *p)
{
	for (size_t i = l->n; i-- > 0;) {
		int fd = l->v[i].fd;
		size_t n = l->v[i].n;

		if (fd >= 0 && (!l->v[i].asked || l->busy[fd]))
			continue;
		memcpy(p, l->v[i].p, n);
		l->v[i] = l->v[--l->n];
		return n;
	}
	return 0;
}
