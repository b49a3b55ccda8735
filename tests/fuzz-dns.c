/* SPDX-License-Identifier: ISC */
/* fuzz-dns: the bytes are a query. */
#include <string.h>

#include "dns.h"
#include "fuzz.h"

static void
check_answer(const struct dns_query *q, enum dns_code code, size_t naddrs)
{
	static const uint32_t addrs[16] = { 1, 2, 3 };
	struct dns_query back;
	uint8_t out[DNS_MAX];
	size_t n = dns_answer(out, q, code, addrs, naddrs, DNS_TTL);

	must(n >= 12 + q->nquestion && n <= DNS_MAX);
	must(out[0] == q->id >> 8 && out[1] == (q->id & 255));
	must(memcmp(out + 12, q->question, q->nquestion) == 0);
	must(dns_parse(&back, out, n) == -1);
	if (!q->nquestion || q->opcode)
		return;
	/* As a query, it has the same question. */
	out[2] &= 1;
	must(dns_parse(&back, out, n) == 0 && back.code == q->code &&
	    back.type == q->type && strcmp(back.name, q->name) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char canon[RULE_NAME_MAX];
	struct dns_query q;

	if (dns_parse(&q, p, n) < 0)
		return 0;
	must(q.nquestion <= 259 && q.nquestion + 12 <= n + !q.nquestion * 12);
	must(q.code != DNS_SERVFAIL);
	if (q.code == DNS_ADDRESS)
		must(*q.name);
	if (*q.name)
		must(name_canon(canon, q.name, strlen(q.name)) == 0 &&
		    strcmp(canon, q.name) == 0);
	for (enum dns_code code = DNS_ADDRESS; code <= DNS_SERVFAIL; code++)
		check_answer(&q, code, p[0] % 17);
	return 0;
}
