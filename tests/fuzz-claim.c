/* SPDX-License-Identifier: ISC */
/* fuzz-claim: the bytes are the first that a client sends. */
#include <string.h>

#include "claim.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	char name[RULE_NAME_MAX], again[RULE_NAME_MAX];
	struct buf line = { 0 };
	const struct addr at = addr_v4(0xc0000201);
	enum claim c;

	must(exact);
	if (n)
		memcpy(exact, p, n);
	c = claim_parse(exact, n, name);
	if (c != CLAIM_NONE) {
		must(name_canon(again, name, strlen(name)) == 0);
		must(strcmp(name, again) == 0);
		must(!claim_line(exact, n, name, &at, 443, &line));
		must(claim_line(exact, n, "", &at, 443, &line));
		for (size_t i = 0; i < line.n; i++)
			must(line.p[i] >= ' ' && line.p[i] <= '~');
	} else
		must(!claim_line(exact, n, "", &at, 443, &line));
	/* less of it claims the same, or nothing */
	if (n && claim_parse(exact, n / 2, again) != CLAIM_NONE)
		must(c != CLAIM_NONE && strcmp(name, again) == 0);
	buf_free(&line);
	free(exact);
	return 0;
}
