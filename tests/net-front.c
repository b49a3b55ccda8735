/* SPDX-License-Identifier: ISC */
/* front, press and page: questions before a person, without an xray-ask. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front.h"
#include "page.h"
#include "tap.h"

static struct page page;
static struct buf out;
static struct decree decree;

static struct dialog
question(unsigned id, const char *host)
{
	struct dialog d = { .vm = "web", .id = id };

	(void)dialog_to(&d.to, "tcp", host, "443");
	return d;
}

static int
key(const struct dialog *d, int c, long long now)
{
	return page_key(&page, d, c, now, &decree, &out);
}

/* What was printed since has text in it. */
static int
printed(const char *text)
{
	int r = out.n && strstr(out.p, text);

	if (!r)
		printf("# printed: %s\n", out.n ? out.p : "");
	buf_free(&out);
	return r;
}

/* ---- keys ---- */

static void
test_early(void)
{
	struct dialog d = question(1, "a.example");

	page = (struct page){ .cols = 80 };
	ok(page_look(&page, &d, 1000, &out), "a question");
	ok(!key(&d, 'o', 1900), "a yes before its second");
	ok(!key(&d, 'o', 2100), "nor in the second behind that");
	ok(!key(&d, 'x', 3000), "nor where any key was");
	ok(!key(&d, 'a', 3900), "it begins again");
	ok(!key(&d, 'v', 4901), "a key that is none, behind that second");
	ok(!key(&d, 'm', 5001), "begins it, too: it is a word");
	ok(key(&d, 'o', 6001) && decree.verdict == RULE_ALLOW,
	    "then it counts");
	page_look(&page, NULL, 7000, &out);
	page_look(&page, &d, 7000, &out);
	ok(key(&d, 'd', 7001) && decree.verdict == RULE_DENY,
	    "a no does at once");
	buf_free(&out);
}

static void
test_refused(void)
{
	struct dialog d = question(2, "b.example"),
		      e = question(3, "c.example");

	page_look(&page, &d, 10000, &out);
	ok(key(&d, 'd', 10001), "an answer");
	ok(!key(&d, 'd', 10002), "is one");
	buf_free(&out);
	page_heard(&page, &d, "error web 7 too many at once", 10010, &out);
	ok(!page_open(&page), "of another's error it knows nothing");
	buf_free(&out);
	page_heard(&page, &d, "error web 2 too many at once", 10020, &out);
	ok(printed("too many at once\n[d]eny"), "refused: the keys again");
	ok(!key(&d, 'o', 10030), "a yes has its second");
	ok(key(&d, 'd', 10040), "it can be given again");
	buf_free(&out);
	page_heard(&page, &e, "error web 3 none", 10050, &out);
	ok(!strstr(out.p, "[d]eny"), "no keys for what is not shown yet");
	buf_free(&out);
}

static void
test_withdrawn(void)
{
	struct dialog d = question(4, "d.example");

	page_look(&page, &d, 20000, &out);
	buf_free(&out);
	page_look(&page, NULL, 20001, &out);
	ok(printed("asked no more\n"), "what is withdrawn was not answered");
	page_look(&page, &d, 20002, &out);
	buf_free(&out);
	page_heard(&page, NULL, "written web 4 no more", 20003, &out);
	ok(printed("asked no more\n  no more\n"), "before what came of it");
	page_look(&page, NULL, 20004, &out);
	ok(!out.n, "once");
}

/* ---- lines ---- */

static struct front front;
static struct buf told;
static int other; /* end of its connection */

static void
heard(const char *vm, const char *line, void *arg)
{
	(void)vm;
	(void)arg;
	buf_fmt(&told, "%s\n", line);
}

static void
begin(const char *vm)
{
	int p[2];

	if (!front.name)
		front_init(&front, "test");
	front.line = heard;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0)
		return;
	(void)front_join(&front, vm, p[0]);
	other = p[1];
}

/* The lines are what is said; these are passed on. */
static int
passes(const char *lines, const char *want)
{
	struct pollfd p[FRONT_FDS];
	int r;

	buf_free(&told);
	if (write(other, lines, strlen(lines)) < 0)
		return 0;
	talk_poll(&front.talk, p);
	if (poll(p, FRONT_FDS, 1000) < 1)
		return 0;
	talk_serve(&front.talk, p, 1000);
	r = strcmp(told.n ? told.p : "", want) == 0;
	if (!r)
		printf("# passed on: %s\n", told.n ? told.p : "");
	return r;
}

#define QUESTION(VM, HOST) \
	"question " VM " 1 tcp " HOST " 443 HTTPS name 1 never 0 " HOST "\n"

static void
test_lines(void)
{
	begin("web");
	ok(passes(QUESTION("web", "a.example"), QUESTION("web", "a.example")),
	    "a question");
	ok(front.nopen == 1, "is open");
	ok(passes(QUESTION("web", "$(id)"), ""), "one that is none is not");
	ok(passes(QUESTION("db", "b.example"), ""), "nor one of another VM");
	ok(front.nopen == 1, "which it knows nothing of");
	ok(passes("withdraw web\nwaiting web x\nhello\n\nanswer web 1 allow\n",
	       ""),
	    "nor any other line");
	ok(passes("withdraw db 1\nwritten db 1 x\nok db 1\n", ""),
	    "not about another VM either");
	ok(passes("waiting web 3\nok web 1\nwritten web 1 a b\nend web\n",
	       "waiting web 3\nok web 1\nwritten web 1 a b\nend web\n"),
	    "what xray-ask says is");
	ok(front.open[0].waiting == 3, "and understood");
	ok(passes("withdraw web 1\n", "withdraw web 1\n") && !front.nopen,
	    "withdrawn");
	close(other);
	(void)passes("", "");
	begin(FRONT_ANY);
	ok(passes(QUESTION("db", "b.example") "ok - 0\n",
	       QUESTION("db", "b.example") "ok - 0\n"),
	    "somewhere else are all VMs");
	close(other);
}

int
main(void)
{
	test_early();
	test_refused();
	test_withdrawn();
	test_lines();
	return tap_end();
}
