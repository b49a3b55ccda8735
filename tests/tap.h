/* SPDX-License-Identifier: ISC */
/* tap: the Test Anything Protocol for module tests. */
#ifndef XRAY_TAP_H
#define XRAY_TAP_H

#include <stdio.h>

static int tap_count, tap_failed;

#define ok(cond, ...)                                                       \
	do {                                                                \
		int ok_ = (cond) != 0;                                      \
		tap_failed += !ok_;                                         \
		printf("%sok %d - ", ok_ ? "" : "not ", ++tap_count);       \
		printf(__VA_ARGS__);                                        \
		printf("\n");                                               \
		if (!ok_)                                                   \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
	} while (0)

/* Ends main: the plan, and 1 when something failed. */
static inline int
tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
