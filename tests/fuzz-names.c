/* SPDX-License-Identifier: ISC */
/* fuzz-names: the bytes are a names file. */
#include <string.h>

#include "fuzz.h"
#include "names.h"

/* Read what was printed, it is printed again.  A new table is a matter of 1 ms
 * here: not for every input. */
static void
check_again(const struct buf *a)
{
	struct names *t = names_new();
	struct buf b = { 0 };

	buf_add(&b, "", 0);
	names_read(t, a->p, a->n);
	names_print(t, &b);
	must(a->n == b.n && memcmp(a->p, b.p, a->n) == 0);
	buf_free(&b);
	names_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct names *t = names_new();
	struct buf a = { 0 };
	uint32_t addr;
	int fresh;

	buf_add(&a, "", 0);
	names_read(t, (const char *)p, n);
	names_print(t, &a);
	must(a.n <= n);
	if (n % 8 == 0)
		check_again(&a);
	addr = names_get(t, "new.test", &fresh, NULL, NULL);
	must(names_has(addr) && strcmp(names_at(t, addr), "new.test") == 0);
	must(fresh == !strstr(a.p, " new.test\n"));
	buf_free(&a);
	names_free(t);
	return 0;
}
