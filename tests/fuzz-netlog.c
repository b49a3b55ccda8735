/* SPDX-License-Identifier: ISC */
/* fuzz-netlog: the bytes are the log of a firewall, in which a guest has a
 * hand. */
#include "fuzz.h"
#include "io.h"
#include "netlog.h"
#include "rulefile.h"
#include "rules.h"
#include "suggest.h"

/* What was read is printed so that it is read again as the same. */
static void
check_line(const struct netlog *l)
{
	struct buf a = { 0 }, b = { 0 };
	struct netlog again;

	netlog_print(l, &a);
	must(netlog_parse(&again, a.p, a.n) == 0);
	netlog_print(&again, &b);
	must(strcmp(a.p, b.p) == 0);
	must(strcmp(netlog_proto(l), netlog_proto(&again)) == 0);
	buf_free(&a);
	buf_free(&b);
}

/* Rules that are suggested are rules, about names and addresses alone. */
static void
check_suggested(const struct tally *t)
{
	static const char some[] = "allow tcp .known.test 443\n";
	static struct rules *rules;
	struct policy p = { .mode = MODE_LEARN };
	struct rulefile f = { 0 };
	struct buf b = { 0 };
	struct why why;
	size_t n;

	if (!rules) {
		rules = rules_new();
		must(rules_add(rules, "rules", RULES_LINES, some,
			 sizeof some - 1, &why) == 0);
	}
	p.rules = rules;
	n = suggest(t, &p, 1, 1000, &b);
	must(rulefile_read(&f, "suggested", b.p ? b.p : "", b.n, &why) == 0);
	must(f.n == n);
	for (size_t i = 0; i < f.n; i++) {
		const struct rule *r = &f.v[i].rule;

		fuzz_plain(f.v[i].text);
		must(f.v[i].is_rule || *f.v[i].text == '#');
		must(!f.v[i].is_rule || r->host == RULE_NAME ||
		    (r->host == RULE_CIDR && r->cidr.bits == 128));
	}
	rulefile_free(&f);
	buf_free(&b);
}

static void
check_denied(const char *p, size_t n)
{
	static int dir = -1;
	static char path[96];
	char *text;

	if (dir < 0) {
		(void)snprintf(path, sizeof path, "%s/net.log", fuzz_folder());
		must((dir = io_opendir(AT_FDCWD, fuzz_folder())) >= 0);
	}
	fuzz_file(path, p, n);
	text = netlog_denied(dir, n % 2 ? "2026-01-01T00:00:00.000Z" : NULL, 3);
	if (text) {
		fuzz_plain(text);
		must(strlen(text) < 4096);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = fuzz_text(p, n);
	struct tally t = { 0 };
	size_t lines = 0;

	for (const char *at = text; at < text + n; lines++) {
		size_t len = (size_t)(text + n - at);
		const char *nl = memchr(at, '\n', len);
		struct netlog l;

		len = nl ? (size_t)(nl - at) : len;
		if (netlog_parse(&l, at, len) == 0) {
			check_line(&l);
			tally_add(&t, lines % 2, &l);
		}
		at += len + 1;
	}
	tally_sum(&t);
	must(t.n <= lines);
	for (size_t i = 0; i < t.n; i++)
		must(tally_flows(&t.v[i]) <= lines);
	check_suggested(&t);
	tally_free(&t);
	check_denied(text, n);
	free(text);
	return 0;
}
