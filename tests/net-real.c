/* SPDX-License-Identifier: ISC */
/* gate: dns = real, where a guest is told addresses as they are. */
#include "net-name.h"

static void
test_told(void)
{
	begin(GATE_FILTERED);
	gate.dns_real = 1;
	rule_lines("allow tcp a.test 443\nallow tcp b.test 80\n");
	ok(names_has(ask_for("c.test", 1)) && !nasked,
	    "a name that no rule allows never leaves the machine");
	ok(!ask_for("a.test", 1) && nasked == 1 && !to_guest.count,
	    "one that a rule allows is looked up");
	leads_to(OTHER, REAL, 0);
	ok(told() == REAL, "and told as it is");
	ok(ask_for(GATE_HOST_NAME, 1) == LAN_HOST, "the host is 10.0.2.2");
	ask_for("b.test", 1);
	leads_to(0, 0, 0);
	ok(to_guest.count == 1 && !told() && (to_guest.p[0][45] & 15) == 3,
	    "what is nowhere is told so");
}

static void
test_flow(void)
{
	begin(GATE_FILTERED);
	gate.dns_real = 1;
	rule_lines("allow tcp a.test 443\nallow tcp b.test 80\n");
	call(40000, REAL, 443);
	ok(out() == REPLY && is_rst() && strstr(logged, "deny mode tcp - 93"),
	    "an address that was not told is an address");
	ask_for("a.test", 1);
	leads_to(REAL, 0, 0);
	call(40000, REAL, 443);
	ok(out() == DROP && strcmp(asked, "93.184.216.34") == 0,
	    "one that was is known by the name; is it one of ours?");
	leads_to(REAL, 0, 1);
	ok(!to_stack.count && strstr(logged, "deny own tcp a.test 93"),
	    "then it is denied: %s", logged);
	call(40000, REAL, 443);
	(void)out();
	leads_to(REAL, 0, 0);
	ok(to_stack.count == 1 && strstr(logged, "allow rules:1 tcp a.test 93"),
	    "else allowed: %s", logged);
	call(40001, REAL, 80);
	ok(out() == REPLY && is_rst() && strstr(logged, "deny mode tcp a.test"),
	    "by what that name may");
	ask_for("b.test", 1);
	leads_to(REAL, 0, 0);
	call(40001, REAL, 80);
	(void)out();
	leads_to(REAL, 0, 0);
	ok(to_stack.count == 1 && strstr(logged, "allow rules:2 tcp b.test"),
	    "or another one that is there");
	gate.wall += GATE_TOLD_S;
	call(40002, REAL, 443);
	ok(out() == REPLY && is_rst(), "for an hour");
}

static void
test_many(void)
{
	begin(GATE_FILTERED);
	gate.dns_real = 1;
	rule_lines("allow tcp .test 443\n");
	for (int i = 0; i < GATE_QUESTIONS; i++)
		ask_for("a.test", 1);
	ask_for("b.test", 1);
	ok(to_guest.count == 1 && (to_guest.p[0][45] & 15) == 2,
	    "so many questions wait; the next is told to come again");
	gate.now += RESOLVE_MS;
	ok(!ask_for("b.test", 1) && nasked == 1, "until they are given up");
}

int
main(void)
{
	test_told();
	test_flow();
	test_many();
	return tap_end();
}
