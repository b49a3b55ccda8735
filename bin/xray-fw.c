/* SPDX-License-Identifier: ISC */
/*
 * xray-fw: the firewall of a VM.  What looks at it is here; what changes its
 * rules, and what reads its log, are programs of their own.
 */
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "asker.h"
#include "each.h"
#include "firewall.h"
#include "gateway.h"
#include "inforce.h"
#include "io.h"
#include "opt.h"
#include "order.h"
#include "probe.h"
#include "rulefile.h"
#include "run.h"
#include "show.h"
#include "table.h"

enum { OPT_OWN_RULES = OPT_OWN };

static const struct opt no_opts[] = {
	{ 0 },
};
static const struct opt status_opts[] = {
	OUT_OPTS,
	{ 0 },
};
static const struct opt list_opts[] = {
	{ OPT_OWN_RULES, "own", NULL, "those of the VM alone" },
	OUT_OPTS,
	{ 0 },
};
static const struct opt check_opts[] = {
	{ 'v', "verbose", NULL, "and why" },
	{ 0 },
};
static const struct usage status_use = { "xray-fw status", "VM", status_opts,
	0 };
static const struct usage list_use = { "xray-fw list", "VM", list_opts, 0 };
static const struct usage check_use = { "xray-fw check", "VM DEST ...",
	check_opts, 0 };
static const struct usage why_use = { "xray-fw why", "VM DEST ...", no_opts,
	0 };
static const struct usage test_use = { "xray-fw test", "VM|FILE [CASES|-]",
	no_opts, 0 };
/* ---- what counts ---- */

static struct {
	struct home home;
	struct vm vm;
	struct firewall fw;
	struct inforce in;
} on;

static void
open_home(void)
{
	struct why why;

	if (home_open(&on.home, &why) < 0)
		die_why(&why);
}

/* Read the rules of these files, and what comes behind them. */
static void
load(const char *name, char *const *files, size_t n, const char *domains)
{
	const struct inforce_from from = { files, n, domains, on.fw.lists,
		FIREWALL_LISTS, !on.fw.defaults_on, on.fw.mode,
		on.fw.private_ok.v, on.fw.private_ok.n };
	struct why why;

	if (inforce_load(&on.in, name, &from, &why) < 0)
		die_why(&why);
}

static void
load_vm(const char *name)
{
	struct why why;

	open_home();
	if (vm_open(&on.home, name, &on.vm, &why) < 0 ||
	    firewall_open(&on.home, &on.vm, &on.fw, &why) < 0)
		die_why(&why);
	load(on.vm.name, (char *[]){ on.fw.session, on.fw.rules }, 2,
	    on.fw.defaults);
	if (!asker_wanted(&on.vm))
		note("%s: net = %s; rules do not count until that changes",
		    on.vm.name, on.vm.net);
}

/* ---- status ---- */

enum {
	MODE,
	DEFAULTS,
	RULES,
	ALLOW,
	DENY,
	PENDING,
	DENIED,
	BYTES_OUT,
	BYTES_IN,
	ANSWERERS,
	STATUS_COLS
};

static const struct col status_cols[] = {
	[MODE] = { "mode", COL_TEXT, 1, NULL },
	[DEFAULTS] = { "defaults", COL_TEXT, 1, NULL },
	[RULES] = { "rules", COL_INT, 1, NULL },
	[ALLOW] = { "allow", COL_INT, 1, NULL },
	[DENY] = { "deny", COL_INT, 1, NULL },
	[PENDING] = { "pending", COL_INT, 1, NULL },
	[DENIED] = { "denied", COL_INT, 1, NULL },
	[BYTES_OUT] = { "bytes_out", COL_SIZE, 1, NULL },
	[BYTES_IN] = { "bytes_in", COL_SIZE, 1, NULL },
	[ANSWERERS] = { "answerers", COL_TEXT, 1, NULL },
};

/* The word behind key in what a process says; NULL: it does not. */
static char *
said(const char *text, const char *key)
{
	const char *p = text ? strstr(text, key) : NULL;

	return p ? xstrndup(p + strlen(key), strcspn(p + strlen(key), " ")) :
		   NULL;
}

static int
status(int argc, char **argv)
{
	autofree char *text = NULL, *asker = NULL;
	char *cells[STATUS_COLS] = { 0 };
	size_t n[RULE_ASK + 1] = { 0 }, all = 0;
	struct out out = { 0 };
	const struct rule *r;
	struct table *t;
	int c;

	while ((c = opt_next(argc, argv, &status_use)) != -1)
		(void)out_opt(&out, c, optarg);
	t = table_new(&out, status_cols, STATUS_COLS);
	if (argc - optind != 1)
		die_usage(&status_use, "one VM");
	load_vm(argv[optind]);
	for (size_t i = 0; (r = rules_nth(on.in.rules, i)); i++)
		if (order_own(&on.in.sources, r) &&
		    !rule_over(r, (long long)time(NULL))) {
			n[r->verdict]++;
			all++;
		}
	if (vm_alive(&on.vm) && gateway_wanted(&on.vm))
		text = gateway_ask(&on.vm, "status", NULL);
	asker = asker_status(&on.vm);
	cells[MODE] = xstrdup(on.fw.mode);
	cells[DEFAULTS] = xstrdup(on.fw.defaults_on ? "on" : "off");
	cells[RULES] = num_text(all);
	cells[ALLOW] = num_text(n[RULE_ALLOW]);
	cells[DENY] = num_text(n[RULE_DENY]);
	cells[PENDING] = said(asker, "pending=");
	cells[ANSWERERS] = said(asker, "answerers=");
	cells[DENIED] = said(text, " denied=");
	cells[BYTES_OUT] = said(text, " out=");
	cells[BYTES_IN] = said(text, " in=");
	table_take(t, cells);
	table_print_facts(t);
	return say_done();
}

/* ---- list ---- */

enum { VERDICT, PROTO, HOST, PORT, UNTIL, ORIGIN, TO, NOTE, LIST_COLS };

static const struct col list_cols[] = {
	[VERDICT] = { "verdict", COL_TEXT, 1, NULL },
	[PROTO] = { "proto", COL_TEXT, 1, NULL },
	[HOST] = { "host", COL_TEXT, 1, NULL },
	[PORT] = { "port", COL_TEXT, 1, NULL },
	[UNTIL] = { "until", COL_TIME, 1, NULL },
	[ORIGIN] = { "origin", COL_TEXT, 1, NULL },
	[TO] = { "to", COL_TEXT, 0, NULL },
	[NOTE] = { "note", COL_TEXT, 0, NULL },
};

/* How many a list has, for a person. */
static char *
with_size(const struct rule *r, char *host)
{
	autofree char *name = host;
	autofree char *n = show_count(rules_list_size(on.in.rules, r->name));

	return isatty(1) ? xasprintf("%s (%s)", name, n) : xstrdup(name);
}

static void
row(struct table *t, const struct rule *r)
{
	char *cells[LIST_COLS] = { 0 };

	for (int i = VERDICT; i <= PORT; i++)
		cells[i] = show_word(r, i);
	if (r->host == RULE_LIST)
		cells[HOST] = with_size(r, cells[HOST]);
	cells[UNTIL] = show_until(r);
	cells[ORIGIN] = show_origin(r);
	cells[TO] = show_to(r);
	cells[NOTE] = r->note ? xstrdup(r->note) : NULL;
	table_take(t, cells);
}

static int
list(int argc, char **argv)
{
	static const char *const verdicts[] = { [MODE_ASK] = "ask",
		[MODE_DENY] = "deny",
		[MODE_ALLOW] = "allow",
		[MODE_LEARN] = "allow" };
	struct out out = { 0 };
	const struct rule *r;
	struct table *t;
	int c, own = 0;

	while ((c = opt_next(argc, argv, &list_use)) != -1)
		if (!out_opt(&out, c, optarg))
			own = 1;
	t = table_new(&out, list_cols, LIST_COLS);
	if (argc - optind != 1)
		die_usage(&list_use, "one VM");
	load_vm(argv[optind]);
	for (size_t i = 0; (r = rules_nth(on.in.rules, i)); i++)
		if ((!own || order_own(&on.in.sources, r)) &&
		    !rule_over(r, (long long)time(NULL)))
			row(t, r);
	if (!own)
		table_row(t,
		    (const char *[LIST_COLS]){ verdicts[on.in.policy.mode], "*",
			"*", "*", NULL, "mode" });
	table_print(t);
	return say_done();
}

/* ---- check, why, test ---- */

static const char *const protos[] = {
	[RULE_TCP] = "tcp", [RULE_UDP] = "udp", [RULE_ICMP] = "icmp"
};

/* Of what is looked at: its name, and for a test what should come of it. */
struct look {
	char *host;
	int tells; /* each run of ports */
	const struct rule *want;
	const char *cases; /* the file it stands in */
	int bad;
};

static void
tell(uint8_t proto, uint16_t port, const struct decision *d, void *arg)
{
	autofree char *reason = probe_reason(&on.in.policy, d);
	const struct look *l = arg;

	if (l->tells && port)
		say("%s\t%s\t%s\t%u\t%s\n", show_verdict(d->verdict),
		    protos[proto], l->host, (unsigned)port, reason);
	else if (l->tells)
		say("%s\t%s\t%s\t\t%s\n", show_verdict(d->verdict),
		    protos[proto], l->host, reason);
}

/* The strictest verdict on a destination. */
static enum rule_verdict
look_at(const char *dest, int tells)
{
	struct look l = { .tells = tells };
	enum rule_verdict worst;
	struct why why;
	struct rule r;

	if (rule_dest(&r, RULE_ALLOW, dest, &why) < 0)
		die_why(&why);
	l.host = show_word(&r, SHOW_HOST);
	if (probe(&on.in.policy, &r, (long long)time(NULL), tell, &l, &worst,
		&why) < 0)
		die_why(&why);
	free(l.host);
	rule_free(&r);
	return worst;
}

static int
look_at_all(int argc, char **argv, const struct usage *use, int tells)
{
	int code = EX_OK;

	if (argc - optind < 2)
		die_usage(use, "a VM, and where to");
	load_vm(argv[optind]);
	for (int i = optind + 1; i < argc; i++) {
		enum rule_verdict v = look_at(argv[i], tells);

		if (!tells)
			say_result("%s\n", show_verdict(v));
		if (v != RULE_ALLOW)
			code = EX_NO;
	}
	(void)say_done();
	return code;
}

static int
check(int argc, char **argv)
{
	int tells = strcmp(argv[0], "why") == 0;
	const struct usage *use = tells ? &why_use : &check_use;

	while (opt_next(argc, argv, use) != -1)
		tells = 1;
	return look_at_all(argc, argv, use, tells);
}

static void
compare(uint8_t proto, uint16_t port, const struct decision *d, void *arg)
{
	autofree char *reason = NULL;
	struct look *l = arg;

	if (d->verdict == l->want->verdict)
		return;
	l->bad = 1;
	reason = probe_reason(&on.in.policy, d);
	say("%s:%u: %s %s %s %u: got %s (%s)\n", l->cases, l->want->line,
	    show_verdict(l->want->verdict), protos[proto], l->host,
	    (unsigned)port, show_verdict(d->verdict), reason);
}

/* A file of rules that no VM has yet, when it is no VM's name. */
static void
load_any(const char *what)
{
	struct why why;

	open_home();
	if (!strchr(what, '/') &&
	    (access(what, F_OK) < 0 ||
		vm_open(&on.home, what, &on.vm, NULL) == 0)) {
		load_vm(what);
		return;
	}
	if (access(what, R_OK) < 0)
		die_sys(EX_NOINPUT, "%s", what);
	on.fw.lists[0] = firewall_lists(&on.home);
	on.fw.mode = firewall_modes[0];
	if (!(on.fw.lists[1] = firewall_presets(&why)))
		die_why(&why);
	load(what, (char *[]){ xstrdup(what) }, 1, NULL);
}

static void
read_cases(struct rulefile *f, const char *name)
{
	int is_stdin = strcmp(name, "-") == 0;
	autobuf struct buf b = { 0 };
	struct why why;
	int r = is_stdin ? io_read(0, &b, RULES_TEXT_MAX) :
			   io_read_file(AT_FDCWD, name, &b, RULES_TEXT_MAX);

	if (r < 0)
		die_sys(errno == ENOENT ? EX_NOINPUT : EX_IOERR, "%s", name);
	if (rulefile_read(f, is_stdin ? "standard input" : name, b.n ? b.p : "",
		b.n, &why) < 0)
		die_why(&why);
}

static int
test(int argc, char **argv)
{
	const char *cases = "-";
	size_t all = 0, good = 0;
	enum rule_verdict worst;
	struct rulefile f;
	struct why why;

	while (opt_next(argc, argv, &test_use) != -1)
		continue;
	if (argc - optind < 1 || argc - optind > 2)
		die_usage(&test_use, "a VM or a file of rules, and cases");
	if (argc - optind == 2)
		cases = argv[optind + 1];
	load_any(argv[optind]);
	read_cases(&f, cases);
	for (size_t i = 0; i < f.n; i++) {
		const struct rule *want = &f.v[i].rule;
		struct look l = { .want = want, .cases = cases };

		if (!f.v[i].is_rule)
			continue;
		l.host = show_word(want, SHOW_HOST);
		if (probe(&on.in.policy, want, (long long)time(NULL), compare,
			&l, &worst, &why) < 0)
			die(EX_DATAERR, "%s:%u: %s", cases, want->line,
			    why.text);
		free(l.host);
		all++;
		good += !l.bad;
	}
	say("%zu of %zu\n", good, all);
	(void)say_done();
	return good == all ? EX_OK : EX_NO;
}

/* ---- what others do ---- */

static const struct {
	const char *program, *verbs;
} others[] = {
	{ "xray-rule", " add allow deny remove " },
	{ "xray-ruleset", " clear edit mode defaults learn " },
	{ "xray-carry", " presets import export " },
	{ "xray-netlog", " log top suggest " },
	{ "xray-answer", " pending answer " },
	{ "xray-prompt", " prompt " },
	{ "xray-watch", " watch " },
};

/* Become the program that has the verb argv[0]. */
static int
other(int argc, char **argv)
{
	autofree char *verb = xasprintf(" %s ", argv[0]);
	struct why why;
	size_t k = 0;

	while (!strstr(others[k].verbs, verb))
		k++;
	(void)run_become(others[k].program, argc, argv, &why);
	die_why(&why);
}

/* Their --help is their own. */
#define ELSEWHERE(verb)                      \
	&(const struct usage)                \
	{                                    \
		"xray-fw " verb, "", NULL, 0 \
	}

static const struct verb verbs[] = {
	{ &status_use, status, "what is in force, and what it did" },
	{ &list_use, list, "the rules, in the order in which they count" },
	{ ELSEWHERE("add"), other, "say what becomes of a destination" },
	{ ELSEWHERE("allow"), other, "allow destinations" },
	{ ELSEWHERE("deny"), other, "deny them" },
	{ ELSEWHERE("remove"), other, "take rules out" },
	{ ELSEWHERE("clear"), other, "take all rules out" },
	{ ELSEWHERE("edit"), other, "change the rules in an editor" },
	{ &check_use, check, "is a destination allowed?" },
	{ &why_use, check, "and why, or why not" },
	{ &test_use, test, "do the rules say what they should?" },
	{ ELSEWHERE("mode"), other, "what becomes of what no rule names" },
	{ ELSEWHERE("defaults"), other, "do the default domains count?" },
	{ ELSEWHERE("learn"), other, "let it pass, and take note" },
	{ ELSEWHERE("presets"), other, "the lists that are shipped" },
	{ ELSEWHERE("pending"), other, "the questions that wait" },
	{ ELSEWHERE("answer"), other, "answer them" },
	{ ELSEWHERE("prompt"), other, "answer questions as they come" },
	{ ELSEWHERE("watch"), other, "all that goes on, on the whole screen" },
	{ ELSEWHERE("log"), other, "what was allowed and denied" },
	{ ELSEWHERE("top"), other, "the same, by destination" },
	{ ELSEWHERE("suggest"), other, "rules for what the log tells" },
	{ ELSEWHERE("import"), other, "take over rules, or domains" },
	{ ELSEWHERE("export"), other, "print rules for other firewalls" },
};

int
main(int argc, char **argv)
{
	return opt_verb(argc, argv, verbs, LEN(verbs));
}
