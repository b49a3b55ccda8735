/* SPDX-License-Identifier: ISC */
/* num: numbers with a range, sizes, durations. */
#include "mem.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* Digits only, no sign, no blanks; *end is the first byte after them. */
static int
digits(const char *s, const char **end, uint64_t *out)
{
	uint64_t n = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n)) {
			errno = ERANGE;
			return -1;
		}
	if (p == s) {
		errno = EINVAL;
		return -1;
	}
	*end = p;
	*out = n;
	return 0;
}

int
num_int(const char *s, long long lo, long long hi, long long *out)
{
	int minus = *s == '-';
	const char *end;
	uint64_t n;
	long long v;

	if (digits(s + minus, &end, &n) < 0)
		return -1;
	if (*end) {
		errno = EINVAL;
		return -1;
	}
	if (n > LLONG_MAX) {
		errno = ERANGE;
		return -1;
	}
	v = minus ? -(long long)n : (long long)n;
	if (v < lo || v > hi) {
		errno = ERANGE;
		return -1;
	}
	*out = v;
	return 0;
}

int
num_size(const char *s, uint64_t unit, uint64_t *out)
{
	static const char letters[] = "KMGTP";
	const char *end, *l;
	uint64_t n;

	if (digits(s, &end, &n) < 0)
		return -1;
	if (*end) {
		l = strchr(letters, *end >= 'a' ? *end - 32 : *end);
		if (l) {
			unit = (uint64_t)1024 << (10 * (l - letters));
			end++;
			if (*end == 'i')
				end++;
		} else
			unit = 1;
		if (*end == 'B')
			end++;
		if (*end) {
			errno = EINVAL;
			return -1;
		}
	}
	if (__builtin_mul_overflow(n, unit, &n) || n > INT64_MAX) {
		errno = ERANGE;
		return -1;
	}
	*out = n;
	return 0;
}

int
num_duration(const char *s, long long *ms)
{
	static const struct {
		char c;
		long ms;
	} units[] = {
		{ '\0', 1000 },
		{ 's', 1000 },
		{ 'm', 60000 },
		{ 'h', 3600000 },
		{ 'd', 86400000 },
	};
	const char *end;
	uint64_t n;

	if (digits(s, &end, &n) < 0)
		return -1;
	if (n > INT_MAX) {
		errno = ERANGE;
		return -1;
	}
	for (size_t i = 0; i < LEN(units); i++)
		if (*end == units[i].c && (!*end || !end[1])) {
			*ms = (long long)n * units[i].ms;
			return 0;
		}
	errno = EINVAL;
	return -1;
}

char *
num_put(char *out, uint64_t n)
{
	char text[20];
	size_t at = sizeof text;

	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	memcpy(out, text + at, sizeof text - at);
	out += sizeof text - at;
	*out = '\0';
	return out;
}

char *
num_text(uint64_t n)
{
	char text[21];

	(void)num_put(text, n);
	return xstrdup(text);
}

char *
num_size_text(uint64_t bytes)
{
	static const char letters[] = "KMGT";
	int unit = -1;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	if (unit < 0)
		return xasprintf("%" PRIu64 "%s", bytes, bytes ? "B" : "");
	return xasprintf("%" PRIu64 "%c", bytes, letters[unit]);
}

char *
num_human(uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t u = 0;

	while (n >= 999.5 && u + 1 < LEN(units)) {
		n /= 1000;
		u++;
	}
	return xasprintf(u && n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[u]);
}

char *
num_binary(uint64_t n)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double d = (double)n;
	size_t u = 0;

	while (d >= 1024 && u + 1 < LEN(units)) {
		d /= 1024;
		u++;
	}
	if (d < 10 && d != (double)(int)d)
		return xasprintf("%.1f %s", d, units[u]);
	return xasprintf("%.0f %s", d, units[u]);
}
