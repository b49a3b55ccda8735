/* SPDX-License-Identifier: ISC */
#include "sift.h"

#include <string.h>

/* How many bytes a character has that begins so; 0: none does. */
static size_t
length(unsigned char c)
{
	if (c < 0xc2 || c > 0xf4)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static void
octal(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "\\%03o", (unsigned char)p[i]);
}

/* Whether a whole character may stand: none that controls, nor one that is
 * written longer than it is, which some would read as such. */
static int
may_stand(const struct sift *s)
{
	unsigned char a = (unsigned char)s->part[0];
	unsigned char b = (unsigned char)s->part[1];

	return !(a == 0xc2 && b < 0xa0) && !(a == 0xe0 && b < 0xa0) &&
	    !(a == 0xf0 && b < 0x90);
}

/* A byte that begins something. */
static void
first(struct sift *s, char c, struct buf *out)
{
	unsigned char u = (unsigned char)c;

	s->want = length(u);
	if (s->want)
		s->part[s->n++] = c;
	else if ((u >= ' ' && u <= '~') || (u && strchr("\n\r\t\b", c)))
		buf_add(out, &c, 1);
	else
		octal(out, &c, 1);
}

void
sift_end(struct sift *s, struct buf *out)
{
	octal(out, s->part, s->n);
	s->n = 0;
}

void
sift(struct sift *s, const char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (s->n && ((unsigned char)p[i] & 0xc0) != 0x80)
			sift_end(s, out);
		if (!s->n) {
			first(s, p[i], out);
			continue;
		}
		s->part[s->n++] = p[i];
		if (s->n < s->want)
			continue;
		if (may_stand(s))
			buf_add(out, s->part, s->n);
		else
			octal(out, s->part, s->n);
		s->n = 0;
	}
}
