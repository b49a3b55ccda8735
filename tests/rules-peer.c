/* SPDX-License-Identifier: ISC */
/*
 * rules-peer: what the library makes of rules and targets, to be compared
 * with what others make of them.
 *
 *	rules-peer <CASES	a verdict for each line that asks for one:
 *		R LINE		one more line of the file "rules"
 *		D LINE		one more line of the file "domains"
 *		L NAME LINE	one more line of a list
 *		M MODE		from now on
 *		T PROTO HOST PORT NOW	what becomes of it? HOST as it comes
 *		A ADDR		its name may lead there? of the last T
 *		C LINE		as it is written out again, or "bad"
 *		E VERDICT DEST	the same of a destination
 *		S TEXT		a spelling, of an address perhaps
 *		N		forget all rules
 *	rules-peer time FORM FILE TIMES	load FILE as list, rules or domains
 *		and look for each of its names so many times
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decide.h"
#include "io.h"
#include "say.h"

enum { LISTS = 8 };

static const char *const verdicts[] = { "allow", "deny", "ask" };
static struct buf file, domains, list[LISTS];
static char names[LISTS][80];
static size_t nlists;
static struct rules *rules;
static enum mode mode;
static struct target target;
static char target_name[RULE_NAME_MAX];
static struct decision decision;

static void
forget(void)
{
	rules_free(rules);
	rules = NULL;
}

static void
load(void)
{
	struct why why;
	int bad;

	if (rules)
		return;
	rules = rules_new();
	bad = rules_add(rules, "rules", RULES_LINES, file.p, file.n, &why) < 0;
	bad = bad ||
	    rules_add(rules, "domains", RULES_DOMAINS, domains.p, domains.n,
		&why) < 0;
	for (size_t i = 0; !bad && i < nlists; i++)
		bad = rules_add_list(rules, names[i], names[i], list[i].p,
			  list[i].n, &why) < 0;
	if (bad)
		die_why(&why);
}

static void
add_to_list(char *line)
{
	char *text = strchr(line, ' ');
	size_t i;

	if (!text)
		return;
	*text++ = '\0';
	for (i = 0; i < nlists && strcmp(names[i], line) != 0; i++)
		;
	if (i == LISTS)
		die(EX_USAGE, "too many lists");
	if (i == nlists)
		(void)snprintf(names[nlists++], sizeof names[0], "%s", line);
	buf_fmt(&list[i], "%s\n", text);
}

/* HOST may be host, an address, or what name_canon reads. */
static int
read_target(char *line)
{
	char proto[8], host[600];
	unsigned port;
	long long now;

	memset(&target, 0, sizeof target);
	if (sscanf(line, "%7s %599s %u %lld", proto, host, &port, &now) != 4)
		die(EX_USAGE, "%s: no target", line);
	target.proto = strcmp(proto, "tcp") == 0 ? RULE_TCP :
	    strcmp(proto, "udp") == 0		 ? RULE_UDP :
						   RULE_ICMP;
	target.port = (uint16_t)port;
	target.now = now;
	target.host = strcmp(host, "host") == 0;
	if (target.host || addr_parse(&target.addr, host) == 0)
		return 0;
	target.name = target_name;
	return name_canon(target_name, host, strlen(host));
}

static void
judge(char *line)
{
	struct policy p = { rules, mode, NULL, 0 };

	decision.verdict = RULE_DENY;
	if (read_target(line) < 0) {
		puts("bad");
		return;
	}
	decide(&p, &target, &decision);
	printf("%s %s\n", verdicts[decision.verdict], decision.why);
}

static void
judge_at(const char *text)
{
	struct policy p = { rules, mode, NULL, 0 };
	struct decision d = decision;
	struct addr real;

	if (addr_parse(&real, text) < 0)
		puts("bad");
	else if (d.verdict != RULE_ALLOW)
		puts("-");
	else if (decide_at(&p, &target, &real, 0, &d))
		puts("may");
	else
		printf("not %s\n", d.why);
}

static void
again(const char *line)
{
	struct buf out = { 0 };
	struct rule r;
	int got = rule_parse(&r, line, strlen(line), NULL);

	if (got == 1)
		rule_print(&r, &out);
	puts(got < 0 ? "bad" : got ? out.p : "blank");
	rule_free(&r);
	buf_free(&out);
}

static void
destination(char *line)
{
	char *dest = strchr(line, ' ');
	struct buf out = { 0 };
	struct rule r;
	int v = 0;

	*dest++ = '\0';
	while (strcmp(verdicts[v], line) != 0)
		v++;
	if (rule_dest(&r, v, dest, NULL) < 0) {
		puts("bad");
		return;
	}
	rule_dest_print(&r, &out);
	puts(out.p);
	rule_free(&r);
	buf_free(&out);
}

/* As an address; as a name; as a destination; and what each mode and each
 * kind of rule that does not name it makes of it. */
static void
spelling(const char *s)
{
	static const char *const texts[] = { "", "allow * * *\n", "ask * * *\n",
		"allow * 0.0.0.0/0 *\nallow * ::/0 *\n" };
	char name[RULE_NAME_MAX];
	struct target to = { .proto = RULE_TCP, .port = 80 };
	int public = 0;
	struct rule r;

	if (addr_parse(&to.addr, s) < 0)
		printf("refused");
	else {
		printf("%s", addr_kind_text(addr_kind(&to.addr)));
		for (size_t i = 0; i < LEN(texts) * 4; i++) {
			struct rules *t = rules_new();
			struct policy p = { t, i % 4, NULL, 0 };
			struct decision d;

			(void)rules_add(t, "rules", RULES_LINES, texts[i / 4],
			    strlen(texts[i / 4]), NULL);
			decide(&p, &to, &d);
			public += d.verdict != RULE_DENY;
			rules_free(t);
		}
	}
	printf(" %s", name_canon(name, s, strlen(s)) < 0 ? "refused" : "name");
	if (rule_dest(&r, RULE_ALLOW, s, NULL) < 0)
		printf(" refused");
	else {
		printf(r.host == RULE_CIDR && cidr_special(&r.cidr) ?
			" special" :
			" open");
		rule_free(&r);
	}
	puts(public ? " open" : " denied");
}

static void
line(char *s)
{
	char *text = s + (s[1] == ' ' ? 2 : 1);

	if (*s == 'R' || *s == 'D' || *s == 'L' || *s == 'N')
		forget();
	if (*s == 'T' || *s == 'A')
		load();
	switch (*s) {
	case 'R':
		buf_fmt(&file, "%s\n", text);
		break;
	case 'D':
		buf_fmt(&domains, "%s\n", text);
		break;
	case 'L':
		add_to_list(text);
		break;
	case 'M':
		mode = mode_parse(text);
		break;
	case 'T':
		judge(text);
		break;
	case 'A':
		judge_at(text);
		break;
	case 'C':
		again(text);
		break;
	case 'E':
		destination(text);
		break;
	case 'S':
		spelling(text);
		break;
	case 'N':
		buf_free(&file);
		buf_free(&domains);
		while (nlists)
			buf_free(&list[--nlists]);
		break;
	}
}

static double
us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Names of the file, cut out in the same order. */
static void
look_for(const struct strv *of, int times)
{
	size_t found = 0;
	double from = us();

	for (int i = 0; i < times; i++)
		for (size_t j = 0; j < of->n; j++) {
			target.name = of->v[j];
			found += rules_match(rules, &target) != NULL;
		}
	if (times)
		printf("match %.3f us, %zu of %zu found\n",
		    (us() - from) / (double)of->n / times, found,
		    of->n * (size_t)times);
}

static void
measure(const char *form, const char *path, int times)
{
	struct strv of = { 0 };
	struct buf text = { 0 };
	double from;
	int bad;

	if (io_read_file(AT_FDCWD, path, &text, RULES_TEXT_MAX) < 0)
		die_sys(EX_NOINPUT, "%s", path);
	from = us();
	rules = rules_new();
	if (strcmp(form, "list") == 0)
		bad = rules_add(rules, "rules", RULES_LINES,
			  "allow tcp @list *\n", 18, NULL) < 0 ||
		    rules_add_list(
			rules, "list", "list", text.p, text.n, NULL) < 0;
	else
		bad = rules_add(rules, "rules", *form == 'd', text.p, text.n,
			  NULL) < 0;
	printf("load %.1f ms\n", (us() - from) / 1e3);
	if (bad)
		die(EX_DATAERR, "%s", path);
	target.proto = RULE_TCP;
	target.port = 443;
	for (char *s = text.p, *end; times && (end = strchr(s, '\n'));
	     s = end + 1) {
		*end = '\0';
		if (*form == 'r') {
			s = strchr(strchr(s, ' ') + 1, ' ') + 1;
			*strchr(s, ' ') = '\0';
		}
		strv_add(&of, s);
	}
	look_for(&of, times);
	strv_free(&of);
	buf_free(&text);
}

int
main(int argc, char **argv)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	say_name("rules-peer");
	if (argc == 5)
		measure(argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
	else
		while ((n = getline(&text, &cap, stdin)) > 0) {
			text[strcspn(text, "\n")] = '\0';
			line(text);
		}
	free(text);
	forget();
	return 0;
}
