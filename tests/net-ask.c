/* SPDX-License-Identifier: ISC */
/* gate and inquiry: what no rule says, a person does. */
#include <sys/socket.h>
#include <unistd.h>

#include "inquiry.h"
#include "net-name.h"

static struct inquiry inq;
static int person = -1; /* the other end of its connection */

static enum rule_verdict
call_ask(const struct target *to, char *why, void *arg)
{
	(void)arg;
	return inquiry_ask(&inq, to, gate.now, why);
}

/* A gate in mode ask; with somebody to be asked. */
static void
begin_asking(int attached)
{
	int p[2];

	begin(GATE_FILTERED);
	gate.policy.mode = MODE_ASK;
	gate.call.ask = call_ask;
	if (person >= 0)
		close(person);
	person = -1;
	inquiry_init(&inq);
	if (!attached)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0)
		abort();
	inquiry_attach(&inq, p[0]);
	person = p[1];
}

/* What the person has been asked, all of it. */
static const char *
heard(void)
{
	static char text[65536];
	ssize_t n = recv(person, text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* What he says, as xray-ask sends it. */
static int
say_it(const char *lines)
{
	int r;

	if (send(person, lines, strlen(lines), 0) < 0)
		abort();
	forget();
	r = inquiry_serve(&inq, gate.now);
	if (r)
		gate_answered(&gate);
	return r;
}

static void
test_question(void)
{
	uint32_t a;

	begin_asking(1);
	a = ask_for("example.com", 1);
	call(40000, a, 443);
	ok(out() == DROP && !nasked && gate.flows.n == 1,
	    "the SYN is held, no name leaves");
	ok(strcmp(heard(), "ask 0 tcp example.com 443\n") == 0,
	    "the question has the name");
	call(40000, a, 443);
	ok(out() == DROP && !*heard(), "its repetition is no question");
	call(40001, a, 443);
	ok(out() == DROP && !*heard() && gate.flows.n == 2,
	    "nor another connection there");
	call(40002, a, 80);
	ok(out() == DROP && strcmp(heard(), "ask 1 tcp example.com 80\n") == 0,
	    "another port is");
	ok(say_it("answer 0 allow 30\n") && nasked == 2 && gate.flows.n == 3,
	    "yes: both wait for what the name leads to");
	leads_to(REAL, 0, 0);
	ok(to_stack.count == 2 &&
		strcmp(logged,
		    "allow asked tcp example.com 93.184.216.34 443 - -") == 0,
	    "and go there: %s", logged);
	ok(say_it("answer 1 deny 60\n") && to_guest.count == 1 &&
		(to_guest.p[0][47] & RST) && gate.flows.n == 2 &&
		strcmp(logged, "deny asked tcp example.com - 80 - -") == 0,
	    "no: RST: %s", logged);
	call(40003, a, 80);
	ok(out() == REPLY && !*heard(), "which holds for a while");
	gate.now += 61000;
	call(40004, a, 80);
	ok(out() == DROP && strcmp(heard(), "ask 2 tcp example.com 80\n") == 0,
	    "and no longer");
	ok(!say_it("answer 7 allow 30\n") && !say_it("nonsense\n"),
	    "what nobody asked is no answer");
	ok(!say_it("answer 2 al") && say_it("low 30\nanswer 2 deny 1\n"),
	    "a line may come in parts, and is the answer once");
}

static void
test_nobody(void)
{
	uint32_t a;

	begin_asking(0);
	a = ask_for("example.com", 1);
	call(40000, a, 443);
	ok(out() == REPLY && !gate.flows.n &&
		strcmp(logged, "deny nobody tcp example.com - 443 - -") == 0,
	    "nobody there: denied at once: %s", logged);
	begin_asking(1);
	a = ask_for("example.com", 1);
	call(40000, a, 443);
	ok(out() == DROP && gate.flows.n == 1, "one who was there");
	close(person);
	person = -1;
	forget();
	ok(inquiry_serve(&inq, gate.now) == 1 && inq.fd < 0,
	    "is gone, which is seen");
	gate_answered(&gate);
	ok(to_guest.count == 1 && !gate.flows.n, "and what waited is denied");
}

static int ncalls;

static int
call_somebody(void *arg)
{
	(void)arg;
	ncalls++;
	return 0;
}

static void
test_called(void)
{
	begin_asking(0);
	inq.call = call_somebody;
	ncalls = 0;
	call(40000, ADDR(1, 1, 1, 1), 443);
	ok(out() == DROP && ncalls == 1, "somebody is called");
	inquiry_attach(&inq, -1);
	gate_answered(&gate);
	call(40001, ADDR(1, 1, 1, 1), 444);
	ok(out() == REPLY && ncalls == 1, "in vain: not again at once");
	gate.now += INQUIRY_MOST_MS;
	call(40002, ADDR(1, 1, 1, 1), 445);
	ok(out() == DROP && ncalls == 2, "but later");
}

static void
test_only_misses(void)
{
	uint32_t a;

	begin_asking(1);
	rule_lines("deny tcp .evil.example *\nask tcp .ask.example 22\n");
	a = ask_for("www.evil.example", 1);
	call(40000, a, 443);
	ok(out() == REPLY && !*heard(), "an explicit deny is no question");
	call(40001, ADDR(169, 254, 169, 254), 80);
	ok(out() == REPLY && !*heard(), "nor a forbidden range");
	call(40002, ADDR(10, 1, 2, 3), 80);
	ok(out() == REPLY && !*heard(), "nor a private one");
	a = ask_for("x.ask.example", 1);
	call(40003, a, 22);
	ok(out() == DROP &&
		strcmp(heard(), "ask 0 tcp x.ask.example 22\n") == 0,
	    "a rule may ask");
	call(40004, ADDR(1, 1, 1, 1), 443);
	ok(out() == DROP && strcmp(heard(), "ask 1 tcp 1.1.1.1 443\n") == 0,
	    "an address is asked by itself");
	forget();
	rule_lines("allow tcp 1.1.1.1 443\n");
	gate_answered(&gate);
	ok(nasked == 1, "a rule that comes meanwhile answers");
	from(40005, ADDR(1, 1, 1, 2), 443);
	by.seq = by.ack = 0;
	put16(f.p + 34, by.sport);
	put16(f.p + 36, by.dport);
	put16(f.p + 38, 12);
	put16(f.p + 40, 0);
	ip(FRAME_UDP, 12);
	ok(out() == REPLY && !*heard(), "a datagram cannot wait");
}

/* As a gateway that was started without one. */
static void
test_no_way(void)
{
	begin(GATE_FILTERED);
	gate.policy.mode = MODE_ASK;
	gate.call.ask = NULL;
	call(40000, ADDR(1, 1, 1, 1), 443);
	ok(out() == REPLY && is_rst() && !gate.flows.n,
	    "no way to ask anybody: no");
}

static void
test_flood(void)
{
	size_t asked_for = 0, denied = 0;

	begin_asking(1);
	for (uint16_t i = 0; i < 400; i++) {
		call((uint16_t)(20000 + i), ADDR(1, 1, 1, 1),
		    (uint16_t)(1000 + i));
		if (out() == REPLY)
			denied++;
	}
	for (const char *p = heard(); (p = strchr(p, '\n')); p++)
		asked_for++;
	ok(asked_for == INQUIRY_OPEN && denied == 400 - INQUIRY_OPEN,
	    "a flood: %zu questions, the rest denied", asked_for);
	ok(strstr(logged, " full ") != NULL, "and told: %s", logged);
	gate.now += 311000;
	forget();
	gate_tick(&gate);
	ok(!gate.flows.n, "what got no answer ends");
	gate.now += 10000;
	call(30000, ADDR(1, 1, 1, 1), 2000);
	ok(out() == DROP && *heard(), "and there is room for questions again");
}

int
main(void)
{
	test_question();
	test_nobody();
	test_no_way();
	test_called();
	test_only_misses();
	test_flood();
	return tap_end();
}
