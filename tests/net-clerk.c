/* SPDX-License-Identifier: ISC */
/* clerk: rule files watched and handed over, names written down. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clerk.h"
#include "frame.h"
#include "io.h"
#include "say.h"
#include "tap.h"

/* What is to come within half a second is waited for so long; that nothing
 * comes is believed after two looks. */
enum { SOON = 10000, TWO_LOOKS = 1300 };

static struct sources s = {
	.v = { { .path = "rules", .origin = "rules" },
	    { .path = "rules.session", .origin = "rules.session" },
	    { .path = "domains", .origin = "domains", .form = RULES_DOMAINS },
	    { .text = "deny * .last.test *\n", .origin = "own" } },
	.n = 4,
	.lists = { "mine", "theirs" },
};
static struct clerk *c;
static struct rules *rules;
static struct why why;

static void
put(const char *name, const char *text)
{
	const char *new = ".new";
	int fd = open(new, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || io_write(fd, text, strlen(text)) < 0 || close(fd) < 0 ||
	    rename(new, name) < 0)
		printf("# %s: %s\n", name, strerror(errno));
}

/* What comes within ms: 1 rules, -1 they are refused, 0 nothing. */
static int
next(int ms)
{
	long long deadline = io_now() + ms;

	rules_free(rules);
	rules = NULL;
	*why.text = '\0';
	for (;;) {
		struct pollfd p = { .fd = clerk_fd(c), .events = POLLIN };
		int rc = clerk_next(c, &rules, &why);

		if (rc != 0 || io_now() >= deadline)
			return rc;
		(void)poll(&p, 1, io_left(deadline));
	}
}

/* Where the rule that a name meets stands: "rules:2", "" none. */
static const char *
met(const char *name)
{
	static char at[64];
	struct target to = { .proto = RULE_TCP, .port = 443, .name = name };
	const struct rule *r = rules ? rules_match(rules, &to) : NULL;

	*at = '\0';
	if (r)
		(void)snprintf(at, sizeof at, "%s:%u", r->origin, r->line);
	return at;
}

static int
meets(const char *name, const char *want)
{
	const char *got = met(name);

	if (strcmp(got, want) == 0)
		return 1;
	printf("# %s: %s\n", name, got);
	return 0;
}

static int
refused(int code, const char *text)
{
	if (next(SOON) == -1 && why.code == code &&
	    strncmp(why.text, text, strlen(text)) == 0)
		return 1;
	printf("# %d %s\n", why.code, why.text);
	return 0;
}

static void
test_first(void)
{
	put("rules", "# mine\nallow tcp a.test 443\n");
	put("domains", "b.test\n");
	c = clerk_start(&s, NULL, &why);
	ok(c && next(SOON) == 1, "the first rules come unasked");
	ok(meets("a.test", "rules:2") && meets("x.b.test", "domains:1") &&
		meets("x.last.test", "own:1") && meets("c.test", ""),
	    "of all files and texts");
	ok(next(TWO_LOOKS) == 0, "and not again while nothing changes");
}

static void
test_changes(void)
{
	put("rules.session", "deny * c.test *\n");
	ok(next(SOON) == 1 && meets("c.test", "rules.session:1"),
	    "a file that comes");
	put("rules", "# mine\nallow tcp d.test 443\n");
	ok(next(SOON) == 1 && meets("d.test", "rules:2") && meets("a.test", ""),
	    "one that is replaced by another of its size");
	(void)unlink("rules.session");
	ok(next(SOON) == 1 && meets("c.test", ""), "one that goes");
	ok(chmod("rules", 0602) == 0 &&
		refused(EX_NOPERM,
		    "rules: others may write to it; chmod go-w rules"),
	    "rules that others may write are none");
	ok(next(TWO_LOOKS) == 0, "which is said once");
	ok(chmod("rules", 0600) == 0 && next(SOON) == 1 &&
		meets("d.test", "rules:2"),
	    "until that is mended");
	put("rules", "allow tcp d.test 443\n\nalow tcp e.test 443\n");
	ok(refused(EX_DATAERR, "rules:3: "), "a line that cannot be read");
	clerk_look(c);
	ok(refused(EX_DATAERR, "rules:3: "), "it is told again when asked");
	put("rules", "allow tcp d.test 443\n");
	ok(next(SOON) == 1 && meets("d.test", "rules:1"), "and mended");
}

static void
test_kinds(void)
{
	(void)unlink("rules");
	(void)mkfifo("rules", 0600);
	ok(refused(EX_DATAERR, "rules: not a plain file"), "a fifo");
	(void)unlink("rules");
	(void)mkdir("rules", 0700);
	ok(refused(EX_DATAERR, "rules: not a plain file"), "a directory");
	(void)rmdir("rules");
	put("elsewhere", "allow tcp f.test 443\n");
	ok(symlink("elsewhere", "rules") == 0 && next(SOON) == 1 &&
		meets("f.test", "rules:1"),
	    "a link is followed");
	put("elsewhere", "allow tcp f.test 443\nallow tcp g.test 443\n");
	ok(next(SOON) == 1 && meets("g.test", "rules:2"),
	    "what it leads to is watched");
	if (geteuid() == 0) {
		ok(chown("elsewhere", 12345, 0) == 0 &&
			refused(EX_NOPERM, "rules: owned by somebody else"),
		    "another's file");
		ok(chown("elsewhere", 0, 0) == 0 && next(SOON) == 1,
		    "until it is ours");
	}
	(void)unlink("rules");
	ok(next(SOON) == 1 && meets("f.test", ""), "no file is an empty one");
}

static void
test_asked(void)
{
	clerk_look(c);
	ok(next(SOON) == 1, "an answer to who asks");
	clerk_switch(c, 2, 1);
	ok(next(SOON) == 1 && meets("b.test", ""), "a source is off");
	put("domains", "b.test\nh.test\n");
	ok(next(TWO_LOOKS) == 0, "and not looked at");
	clerk_switch(c, 2, 0);
	ok(next(SOON) == 1 && meets("h.test", "domains:2"), "it is on");
	clerk_switch(c, 77, 0);
	ok(next(SOON) == 1, "another number switches nothing");
}

static void
test_lists(void)
{
	put("rules", "deny * @ads *\nallow * @good *\n");
	ok(refused(EX_NOINPUT, "@ads: no such list; it would be mine/ads"),
	    "a list that is nowhere");
	put("theirs/ads", "0.0.0.0 ad.test\n.ads.test\n");
	ok(refused(EX_NOINPUT, "@good: "), "it comes; the next is missing");
	put("theirs/good", "good.test\n");
	ok(next(SOON) == 1 && meets("ad.test", "rules:1") &&
		meets("x.ads.test", "rules:1") && meets("good.test", "rules:2"),
	    "both are there");
	put("theirs/ads", "ad2.test\n");
	ok(next(SOON) == 1 && meets("ad.test", "") &&
		meets("ad2.test", "rules:1"),
	    "a list that changes");
	put("mine/ads", "ad3.test\n");
	ok(next(SOON) == 1 && meets("ad2.test", "") &&
		meets("ad3.test", "rules:1"),
	    "the first folder wins");
	put("mine/ads", "ad3.test\nno no\n");
	ok(refused(EX_DATAERR, "lists/ads:2: "), "a bad line of a list");
	ok(chmod("mine/ads", 0602) == 0 &&
		refused(EX_NOPERM,
		    "lists/ads: others may write to it; chmod go-w mine/ads"),
	    "one that others may write to");
	put("rules", "deny * ad3.test *\n");
	ok(next(SOON) == 1, "nobody names it any more");
	put("mine/ads", "ad4.test\n");
	ok(next(TWO_LOOKS) == 0, "so nobody looks at it");
}

static void
test_large(void)
{
	struct buf b = { 0 };
	long long began, took;
	int rc;

	for (int i = 0; i < 100000; i++)
		buf_fmt(&b, "name%d.example%d.test\n", i, i % 977);
	put("mine/many", b.p);
	buf_free(&b);
	put("rules", "deny * @many *\n");
	rc = next(SOON);
	ok(rc == 1 && rules_list_size(rules, "many") == 100000 &&
		meets("name99999.example345.test", "rules:1"),
	    "100,000 names");
	clerk_look(c);
	began = io_now();
	ok(next(SOON) == 1, "again");
	took = io_now() - began;
	printf("# %lld ms\n", took);
	if (truncate("mine/many", RULES_TEXT_MAX + 1LL) == 0)
		ok(refused(EX_DATAERR, "lists/many: larger than 64 MiB"),
		    "a file that is too large");
	put("rules", "deny * ad3.test *\n");
	ok(next(SOON) == 1, "is in nobody's way");
}

static void
test_load(void)
{
	struct rules *t;

	put("rules", "deny * @ads *\n");
	put("mine/ads", "ad.test\n");
	t = sources_load(&s, &why);
	rules_free(rules);
	rules = t;
	ok(t && meets("ad.test", "rules:1") && meets("h.test", "domains:2") &&
		meets("last.test", "own:1"),
	    "who may open files has the same rules");
	s.v[3].off = 1;
	rules_free(rules);
	rules = sources_load(&s, &why);
	ok(rules && meets("last.test", ""), "without what is off");
	s.v[3].off = 0;
	put("rules", "deny * @none *\n");
	ok(!sources_load(&s, &why) && why.code == EX_NOINPUT &&
		strcmp(why.text,
		    "@none: no such list; it would be mine/none") == 0,
	    "and the same errors: %s", why.text);
	put("rules", "deny\n");
	ok(!sources_load(&s, &why) && why.code == EX_DATAERR &&
		strncmp(why.text, "rules:1: ", 9) == 0,
	    "of lines, too: %s", why.text);
	(void)unlink("rules");
	(void)mkdir("rules", 0700);
	ok(!sources_load(&s, &why) && why.code == EX_DATAERR, "and files");
	(void)rmdir("rules");
}

/* ---- names ---- */

static char text[32 << 20];

static size_t
slurp(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* The file is, within 10 s, this. */
static int
holds(const char *name, const char *want)
{
	long long deadline = io_now() + SOON;

	for (;;) {
		(void)slurp(name);
		if (strcmp(text, want) == 0)
			return 1;
		if (io_now() > deadline)
			break;
		(void)next(20);
	}
	printf("# %s", text);
	return 0;
}

static void
start(void)
{
	clerk_free(c);
	c = clerk_start(&s, "log/names", &why);
	(void)next(SOON);
}

static void
test_names(void)
{
	const uint32_t net = FRAME_ADDR(198, 18, 1, 0);
	struct stat st;

	start();
	ok(stat("log/names", &st) == 0 && (st.st_mode & 07777) == 0600 &&
		!st.st_size,
	    "the file is made");
	clerk_name(c, net + 1, "a.test");
	clerk_name(c, net + 2, "b.test");
	ok(holds("log/names", "198.18.1.1 a.test\n198.18.1.2 b.test\n"),
	    "a line for each");
	clerk_name(c, FRAME_ADDR(10, 0, 0, 1), "c.test");
	clerk_name(c, net + 3, "a\nb");
	clerk_name(c, net + 3, "127.1");
	clerk_name(c, net + 3, "C.test");
	ok(holds("log/names",
	       "198.18.1.1 a.test\n198.18.1.2 b.test\n198.18.1.3 c.test\n"),
	    "what is no name is not written");
	put("log/names", "198.18.1.1 a.test\n198.18.1.2 b.te");
	clerk_name(c, net + 4, "d.test");
	ok(holds("log/names", "198.18.1.1 a.test\n198.18.1.4 d.test\n"),
	    "another file in its place, half a line cut off");
	put("log/names", "198.18.1.1 a.test\n198.18.1.2 b.te");
	start();
	ok(holds("log/names", "198.18.1.1 a.test\n"), "so at the start");
	(void)unlink("log/names");
	clerk_name(c, net + 5, "e.test");
	ok(holds("log/names", "198.18.1.5 e.test\n"), "removed, it is made");
	ok(!clerk_start(&s, "nowhere/names", &why) && why.code == EX_CANTCREAT,
	    "no folder for it: %s", why.text);
	ok(!clerk_start(&s, "log", &why) && why.code == EX_CANTCREAT,
	    "a folder in its place: %s", why.text);
}

/* The file ends, within 10 s, in this line. */
static int
ends_in(const char *line)
{
	size_t len = strlen(line);

	for (int i = 0; i < SOON / 20; i++) {
		size_t n = slurp("log/names");

		if (n >= len && strcmp(text + n - len, line) == 0)
			return 1;
		(void)next(20);
	}
	return 0;
}

/* Five tables full, no more at once than may wait. */
static void
test_many_names(void)
{
	struct names *t = names_new(), *back = names_new();
	int fresh, bad = 0;
	size_t lines = 0;
	char name[32], line[NAMES_LINE];

	for (unsigned i = 0; i < 5 * NAMES_MAX && !bad; i++) {
		uint32_t a;

		(void)snprintf(name, sizeof name, "n%u.test", i);
		a = names_get(t, name, &fresh, NULL, NULL);
		clerk_name(c, a, name);
		(void)names_line(line, a, name);
		if (i % 1024 == 1023)
			bad = !ends_in(line);
	}
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	ok(!bad && lines > NAMES_MAX && lines < 3 * NAMES_MAX,
	    "the file is written anew: %zu lines", lines);
	names_read(back, text, strlen(text));
	for (unsigned i = 4 * NAMES_MAX; i < 5 * NAMES_MAX; i++) {
		(void)snprintf(name, sizeof name, "n%u.test", i);
		bad += names_get(t, name, &fresh, NULL, NULL) !=
		    names_get(back, name, &fresh, NULL, NULL);
	}
	ok(!bad, "it brings all names back: %d are lost", bad);
	names_free(t);
	names_free(back);
}

/* The clerk stands still: what does not go is kept, and lost in the end. */
static void
test_busy(void)
{
	pid_t pid = -1, only = getpid();
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children",
	    (int)only, (int)only);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &pid) != 1)
		pid = -1;
	if (f)
		fclose(f);
	if (pid < 0)
		return;
	(void)kill(pid, SIGSTOP);
	for (unsigned i = 0; i < 20000; i++)
		clerk_name(c, FRAME_ADDR(198, 18, 2, 2), "busy.test");
	clerk_look(c);
	ok(next(100) == 0, "a clerk that stands still holds up nobody");
	(void)kill(pid, SIGCONT);
	ok(next(SOON) == 1, "what it was asked for comes when it goes on");
	clerk_name(c, FRAME_ADDR(198, 18, 2, 3), "after.test");
	ok(ends_in("198.18.2.3 after.test\n"), "and so do names");
	(void)kill(pid, SIGKILL);
	ok(next(SOON) == -1 && why.code == EX_OSERR && clerk_fd(c) == -1,
	    "its end is told");
	clerk_look(c);
	clerk_name(c, FRAME_ADDR(198, 18, 2, 3), "after.test");
	ok(next(50) == 0, "once");
}

static void
test_limits(void)
{
	int p[2], bad = pipe(p);
	char b;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(p[1], 2);
		close(p[0]);
		c = clerk_start(&s, NULL, NULL);
		kill(getpid(), SIGKILL);
	}
	close(p[1]);
	(void)waitpid(pid, NULL, 0);
	ok(!bad && io_wait_readable(p[0], io_now() + 5000) == 1 &&
		read(p[0], &b, 1) == 0,
	    "it ends with who started it");
	close(p[0]);
}

int
main(void)
{
	char dir[] = "/tmp/xray-clerk.XXXXXX";

	(void)signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("mine", 0700) < 0 ||
	    mkdir("theirs", 0700) < 0 || mkdir("log", 0700) < 0)
		return 1;
	test_first();
	test_changes();
	test_kinds();
	test_asked();
	test_lists();
	test_large();
	test_load();
	test_names();
	test_many_names();
	test_busy();
	clerk_free(c);
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "no child is left");
	test_limits();
	rules_free(rules);
	(void)io_remove_tree(AT_FDCWD, dir);
	return tap_end();
}
