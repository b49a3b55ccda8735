/* SPDX-License-Identifier: ISC */
#include "mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

void
mem_autofree(void *p)
{
	free(*(void **)p);
}

void
mem_autoclose(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void *
must(void *p)
{
	static const char text[] = "xray: out of memory\n";

	if (p)
		return p;
	if (write(2, text, sizeof text - 1) < 0)
		_exit(EX_OSERR);
	_exit(EX_OSERR);
}

void *
xmalloc(size_t n)
{
	return must(malloc(n ? n : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size ? size : 1));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return must(NULL);
	return must(realloc(p, bytes ? bytes : 1));
}

char *
xstrdup(const char *s)
{
	return must(strdup(s));
}

char *
xstrndup(const char *s, size_t n)
{
	return must(strndup(s, n));
}

char *
xvasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return must(s);
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

/* C1 controls are bytes by themselves, or U+0080 to U+009F. */
static int
is_control(unsigned char c, unsigned char before)
{
	return (c < ' ' && c != '\n' && c != '\t') || c == 127 ||
	    (c >= 128 && c < 160 && (before < 128 || before == 0xc2));
}

/* What is quoted may be a stranger's: the terminal shows it as buf_vis would,
 * and does nothing else. */
static void
mask(struct why *why)
{
	char text[sizeof why->text];
	size_t n = 0;

	for (const char *s = why->text; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (n + 5 > sizeof text)
			break;
		if (is_control(c, n ? (unsigned char)text[n - 1] : 0))
			n += (size_t)snprintf(
			    text + n, sizeof text - n, "\\%03o", c);
		else
			text[n++] = *s;
	}
	memcpy(why->text, text, n);
	why->text[n] = '\0';
}

int
why_set(struct why *why, int code, const char *fmt, ...)
{
	va_list ap;

	if (!why)
		return -1;
	why->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof why->text, fmt, ap); /* cut is fine */
	va_end(ap);
	mask(why);
	return -1;
}

int
why_sys(struct why *why, int code, const char *fmt, ...)
{
	const char *err = strerror(errno);
	size_t n;
	va_list ap;

	if (!why)
		return -1;
	why->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
	mask(why);
	n = strlen(why->text);
	(void)snprintf(why->text + n, sizeof why->text - n, ": %s", err);
	return -1;
}

static void
buf_room(struct buf *b, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(b->n + 1, more, &need))
		must(NULL);
	if (need <= b->cap)
		return;
	b->cap = b->cap ? b->cap : 128;
	while (b->cap < need)
		b->cap *= 2;
	b->p = xreallocarray(b->p, b->cap, 1);
}

char *
buf_space(struct buf *b, size_t n)
{
	buf_room(b, n);
	return b->p + b->n;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	buf_room(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	buf_room(b, (size_t)n);
	va_start(ap, fmt);
	b->n += (size_t)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
}

void
buf_vis(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c < 0x7f)
			buf_add(b, &s[i], 1);
		else
			buf_fmt(b, "\\%03o", c);
	}
}

void
buf_word(struct buf *b, const char *s, size_t n)
{
	buf_str(b, "'");
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\'')
			buf_str(b, "'\\''");
		else
			buf_add(b, s + i, 1);
	buf_str(b, "'");
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n >= b->n)
		b->n = 0;
	else {
		memmove(b->p, b->p + n, b->n - n);
		b->n -= n;
	}
	if (b->p)
		b->p[b->n] = '\0';
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

char *
buf_take(struct buf *b)
{
	char *p = b->p ? b->p : xstrdup("");

	*b = (struct buf){ 0 };
	return p;
}

void
strv_take(struct strv *s, char *str)
{
	if (s->n + 2 > s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->v = xreallocarray(s->v, s->cap, sizeof *s->v);
	}
	s->v[s->n++] = str;
	s->v[s->n] = NULL;
}

void
strv_add(struct strv *s, const char *str)
{
	strv_take(s, xstrdup(str));
}

void
strv_fmt(struct strv *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(s, xvasprintf(fmt, ap));
	va_end(ap);
}

void
strv_words(struct strv *s, ...)
{
	const char *word;
	va_list ap;

	va_start(ap, s);
	while ((word = va_arg(ap, const char *)))
		strv_add(s, word);
	va_end(ap);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strv_sort(struct strv *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof *s->v, by_name);
}

int
strv_has(const struct strv *s, const char *str)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], str) == 0)
			return 1;
	return 0;
}

void
strv_free(struct strv *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct strv){ 0 };
}

static int
least(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment: insert, delete, change, swap two neighbours. */
static int
distance(const char *a, const char *b)
{
	enum { MAX = 16 };
	size_t na = strnlen(a, MAX), nb = strnlen(b, MAX);
	int d[MAX + 1][MAX + 1];

	for (size_t i = 0; i <= na; i++)
		d[i][0] = (int)i;
	for (size_t j = 0; j <= nb; j++)
		d[0][j] = (int)j;
	for (size_t i = 1; i <= na; i++)
		for (size_t j = 1; j <= nb; j++) {
			d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1,
			    d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[na][nb];
}

void
str_nearest(const char **best, const char *want, const char *name)
{
	int few = (int)strlen(want) / 3, d = distance(want, name);

	if (d <= (few < 1 ? 1 : few) && (!*best || d < distance(want, *best)))
		*best = name;
}

int
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
