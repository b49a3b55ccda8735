/* SPDX-License-Identifier: ISC */
/* wall: what is in force when the rule files are bad, or change. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "order.h"
#include "tap.h"
#include "wall.h"

/* What a gateway waits for by itself, with a look of the clerk's in it. */
enum { SOON = 10000, A_LOOK = 600 };

static char *files[] = { (char[]){ "rules" } };
static char *lists[] = { (char[]){ "lists" } };
static int told_none, told_kept, here;
static const char *with_names;
static struct why why;

static void
call_guest(const uint8_t *p, size_t n, void *arg)
{
	(void)p, (void)n, (void)arg;
}

static void
call_stack(const uint8_t *p, size_t n, int fd, void *arg)
{
	(void)p, (void)n, (void)fd, (void)arg;
}

static void
call_log(const char *line, void *arg)
{
	(void)arg;
	told_none += strstr(line, "nothing is allowed until they can") != NULL;
	told_kept += strstr(line, "the rules stay as they were") != NULL;
}

static void
put(const char *name, const char *text)
{
	if (io_replace(here, name, 0600, text, strlen(text)) < 0)
		ok(0, "%s is written", name);
}

static struct wall *
start(enum mode mode, const char *domains)
{
	struct wall *w = xcalloc(1, sizeof *w);

	gate_init(&w->gate);
	w->gate.call = (struct gate_calls){
		.guest = call_guest, .stack = call_stack, .log = call_log
	};
	w->gate.policy.mode = mode;
	w->mind.names = with_names;
	w->gate.now = io_now();
	w->gate.wall = 1000000;
	ok(order_fill(&w->mind.sources, files, 1, domains, lists, 1, &why) ==
		    0 &&
		wall_start(w, &why) == 0,
	    "it starts");
	return w;
}

/* All that has come within ms. */
static void
serve(struct wall *w, int ms)
{
	long long deadline = io_now() + ms;

	while (io_now() < deadline) {
		struct pollfd p[WALL_FDS];

		(void)wall_poll(w, p);
		(void)poll(p, WALL_FDS, io_left(deadline));
		w->gate.now = io_now();
		wall_serve(w, p);
	}
}

static enum rule_verdict
verdict(const struct wall *w, const char *name)
{
	struct target to = { .proto = RULE_TCP, .port = 443, .name = name };
	struct decision d;

	decide(&w->gate.policy, &to, &d);
	return (enum rule_verdict)d.verdict;
}

static void
end(struct wall *w)
{
	mind_free(&w->mind);
	names_free(w->gate.names);
	free(w);
}

static void
test_unread(void)
{
	struct wall *w;

	put("rules", "deny * .bad.test *\nno rule at all\n");
	told_none = told_kept = 0;
	w = start(MODE_ALLOW, "domains");
	ok(told_none && verdict(w, "www.bad.test") == RULE_DENY &&
		verdict(w, "good.test") == RULE_DENY,
	    "rules that cannot be read: nothing is allowed, in any mode");
	serve(w, A_LOOK);
	ok(told_kept == 0, "and it is not said that others stay");
	put("rules", "deny * .bad.test *\n");
	serve(w, A_LOOK);
	ok(verdict(w, "www.bad.test") == RULE_DENY &&
		verdict(w, "good.test") == RULE_ALLOW,
	    "once they are good, the mode counts");
	put("rules", "no rule at all\n");
	serve(w, A_LOOK);
	ok(told_kept == 1 && verdict(w, "www.bad.test") == RULE_DENY &&
		verdict(w, "good.test") == RULE_ALLOW,
	    "bad ones after good ones: it is said, and the good ones stay");
	end(w);
}

static void
test_defaults(void)
{
	struct wall *w;

	put("rules", "allow tcp one.test 443\n");
	w = start(MODE_DENY, "domains");
	ok(verdict(w, "domain.test") == RULE_ALLOW, "a default domain");
	put("rules", "no rule at all\n");
	ok(mind_defaults(&w->mind, 0, &why) < 0,
	    "off, while a line is bad: no");
	put("rules", "allow tcp two.test 443\n");
	ok(mind_reload(&w->mind, &why) == 0 &&
		verdict(w, "two.test") == RULE_ALLOW &&
		verdict(w, "domain.test") == RULE_DENY,
	    "once it is good, all of them are off");
	end(w);
}

/* Before the request the clerk has sent what it found by itself, when the file
 * was another one. */
static void
test_older(void)
{
	struct wall *w;
	int wrong = 0;

	put("rules", "allow tcp one.test 443\n");
	w = start(MODE_DENY, NULL);
	for (int i = 0; i < 3; i++) {
		serve(w, A_LOOK);
		put("rules", "allow tcp one.test 443\n# touched\n");
		(void)usleep(A_LOOK * 1000);
		put("rules", "deny tcp one.test 443\n");
		if (mind_reload(&w->mind, &why) < 0 ||
		    verdict(w, "one.test") != RULE_DENY)
			wrong++;
		put("rules", "allow tcp one.test 443\n");
	}
	ok(!wrong, "a reload goes by what is there when it is asked for");
	end(w);
}

/* As many long ones as the clerk lets a guest have written down. */
static void
test_names(void)
{
	static const uint32_t first = FRAME_ADDR(198, 18, 1, 1);
	autobuf struct buf b = { 0 };
	char line[NAMES_LINE], name[RULE_NAME_MAX];
	struct wall *w;

	for (unsigned i = 0; i < NAMES_LINES; i++) {
		memset(name, 'a', 250);
		name[250] = '\0';
		for (int k = 50; k < 250; k += 50)
			name[k] = '.';
		(void)snprintf(line, sizeof line, "n%u", i % 2);
		memcpy(name, line, 2);
		buf_add(&b, line, names_line(line, first + i % 2, name));
	}
	buf_str(&b, "");
	put("names", b.p);
	put("rules", "");
	with_names = "names";
	w = start(MODE_DENY, NULL);
	ok(names_at(w->gate.names, first) != NULL,
	    "the longest file of names is read: %zu bytes", b.n);
	end(w);
}

static void
too_many(void)
{
	char name[] = "rules", *many[ORDER_RULES + 1];
	struct sources so;

	for (size_t i = 0; i < LEN(many); i++)
		many[i] = name;
	ok(order_fill(&so, many, LEN(many), NULL, NULL, 0, &why) < 0 &&
		strcmp(why.text, "too many files of rules") == 0,
	    "more files than there is room for");
}

int
main(void)
{
	char dir[] = "/tmp/xray-reload.XXXXXX";

	(void)signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("lists", 0700) < 0)
		return 1;
	here = io_opendir(AT_FDCWD, "lists");
	put("quiet", "quiet.test\n");
	here = io_opendir(AT_FDCWD, ".");
	put("domains", "domain.test\n");
	test_unread();
	test_defaults();
	test_older();
	test_names();
	ok(waitpid(-1, NULL, WNOHANG) < 0, "no child is left");
	(void)io_remove_tree(AT_FDCWD, dir);
	too_many();
	return tap_end();
}
