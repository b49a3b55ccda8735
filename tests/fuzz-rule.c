/* SPDX-License-Identifier: ISC */
/*
 * fuzz-rule: the first byte says what the others are: a rule, a destination,
 * a name, an address, a block, a file of rules, of domains, or a list.
 */
#include <string.h>

#include "fuzz.h"
#include "rules.h"

static char *text;
static size_t len;
static struct why why;

/* What is said of a refusal may quote a strange file, but moves no cursor. */
static void
check_why(void)
{
	must(*why.text && why.code);
	for (const char *p = why.text; *p; p++)
		must((unsigned char)*p >= ' ' || strchr("\t\n", *p));
}

static void
fuzz_rule(void)
{
	struct buf one = { 0 }, two = { 0 };
	struct rule r, again;
	int rc = rule_parse(&r, text, len, &why);

	if (rc < 0)
		check_why();
	if (rc <= 0)
		return;
	rule_print(&r, &one);
	must(rule_parse(&again, one.p, one.n, &why) == 1);
	rule_print(&again, &two);
	must(strcmp(one.p, two.p) == 0 && !strchr(one.p, '\n'));
	must(rule_same(&r, &again) && rule_meets(&r, &again));
	rule_free(&r);
	rule_free(&again);
	buf_free(&one);
	buf_free(&two);
}

static void
fuzz_dest(void)
{
	for (enum rule_verdict v = RULE_ALLOW; v <= RULE_ASK; v++) {
		struct buf b = { 0 };
		struct rule r, again;

		if (rule_dest(&r, v, text, &why) < 0) {
			check_why();
			continue;
		}
		rule_dest_print(&r, &b);
		must(rule_dest(&again, v, b.p, &why) == 0);
		must(rule_same(&r, &again));
		rule_free(&r);
		rule_free(&again);
		buf_free(&b);
	}
}

static void
fuzz_name(void)
{
	char out[RULE_NAME_MAX], again[RULE_NAME_MAX];
	struct addr a;

	if (name_canon(out, text, len) < 0)
		return;
	must(name_canon(again, out, strlen(out)) == 0 &&
	    strcmp(out, again) == 0 && strlen(out) <= len);
	must(name_under(out, out) && addr_parse(&a, out) < 0);
}

static void
fuzz_addr(void)
{
	char out[ADDR_TEXT];
	struct addr a, again;

	if (addr_parse(&a, text) < 0)
		return;
	addr_print(&a, out);
	must(addr_parse(&again, out) == 0 && memcmp(&a, &again, 16) == 0);
	must(*addr_kind_text(addr_kind(&a)));
	if (addr_is_v4(&a)) {
		again = addr_v4(addr_to_v4(&a));
		must(memcmp(&a, &again, 16) == 0);
	}
}

static void
fuzz_cidr(void)
{
	char out[CIDR_TEXT];
	struct cidr c, again;

	if (cidr_parse(&c, text, &why) < 0) {
		check_why();
		return;
	}
	cidr_print(&c, out);
	must(cidr_parse(&again, out, &why) == 0 && again.bits == c.bits &&
	    memcmp(&c.addr, &again.addr, 16) == 0);
	must(cidr_has(&c, &c.addr));
}

/* Each rule that was read is found by who is just that. */
static void
check_rules(const struct rules *t)
{
	const struct rule *r;

	for (size_t i = 0; (r = rules_nth(t, i)); i++) {
		struct target to = { .proto = RULE_TCP,
			.port = r->ports.n ? r->ports.v[0].lo : 1,
			.name = r->name,
			.addr = r->cidr.addr,
			.host = r->host == RULE_HOST };
		const struct rule *hit = NULL;

		if (r->host == RULE_LIST || !(r->protos & RULE_TCP))
			continue;
		if (r->host == RULE_ANY)
			to.name = "a.test";
		do
			hit = rules_next(t, &to, hit);
		while (hit && hit != r);
		must(hit == r);
	}
}

static void
fuzz_rules(enum rules_form form)
{
	struct rules *t = rules_new();
	const char *list;

	if (rules_add(t, "fuzz", form, text, len, &why) < 0)
		check_why();
	while ((list = rules_wants(t))) {
		char *name = xstrdup(list);

		must(rules_add_list(t, name, "list", "a.test\n", 7, &why) == 0);
		free(name);
	}
	check_rules(t);
	rules_free(t);
}

static void
fuzz_list(void)
{
	static const char line[] = "deny * @l *\n";
	struct rules *t = rules_new();

	must(rules_add(t, "r", RULES_LINES, line, sizeof line - 1, &why) == 0);
	if (rules_add_list(t, "l", "lists/l", text, len, &why) < 0)
		check_why();
	check_rules(t);
	rules_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (!n)
		return 0;
	len = n - 1;
	text = malloc(n);
	must(text);
	memcpy(text, p + 1, len);
	text[len] = '\0';
	memset(&why, 0, sizeof why);
	switch (*p) {
	case 'r':
		fuzz_rule();
		break;
	case 'd':
		fuzz_dest();
		break;
	case 'n':
		fuzz_name();
		break;
	case 'a':
		fuzz_addr();
		break;
	case 'c':
		fuzz_cidr();
		break;
	case 'f':
		fuzz_rules(RULES_LINES);
		break;
	case 't':
		fuzz_rules(RULES_DOMAINS);
		break;
	case 'l':
		fuzz_list();
		break;
	}
	free(text);
	return 0;
}
