/* SPDX-License-Identifier: ISC */
/*
 * fuzz-frame: the first byte is how, then come frames of a guest, each behind
 * its length in two bytes, or those of the stack among them.  With bit 0 of the first byte lengths and the
 * checksum of IP are made right, so that what is behind them is reached.
 */
#include <string.h>

#include "fuzz.h"
#include "gate.h"

enum { MEND = 1, OPEN = 2, CROWDED = 4, STACK = 8, ANSWER = 16, ASKS = 32 };

static const uint8_t mac[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static void
mend(uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	if (n < 34 || n > FRAME_MAX)
		return;
	p[12] = 8;
	p[13] = 0;
	p[14] = 0x45;
	p[16] = (uint8_t)((n - 14) >> 8);
	p[17] = (uint8_t)(n - 14);
	p[24] = p[25] = 0;
	if (p[23] == FRAME_UDP && n >= 42) {
		p[38] = (uint8_t)((n - 34) >> 8);
		p[39] = (uint8_t)(n - 34);
	}
	for (size_t i = 14; i < 34; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	p[24] = (uint8_t)(sum >> 8);
	p[25] = (uint8_t)sum;
}

static void
check_parsed(const uint8_t *p, size_t n)
{
	uint8_t out[FRAME_FORGED];
	struct frame f, forged;

	if (frame_parse(&f, p, n) < 0)
		return;
	must(f.p == p && f.n <= n);
	if (f.data)
		must(f.data >= p && f.data + f.ndata <= p + f.n);
	(void)lan_is_honest(&f, mac);
	(void)lan_is_dhcp(&f);
	if (frame_quoted(&forged, &f) == 0)
		must(forged.proto == FRAME_TCP || forged.proto == FRAME_UDP ||
		    forged.proto == FRAME_ICMP);
	if (f.type != FRAME_IP4 || f.part)
		return;
	if (f.proto == FRAME_TCP)
		n = frame_refuse(out, &f);
	else
		n = frame_unreachable(out, &f, FRAME_UNREACH_PORT, LAN_HOST);
	must(n <= FRAME_FORGED);
	if (n)
		must(frame_parse(&forged, out, n) == 0);
}

/* A person has let it reach this machine itself. */
static int to_host;

/* What the gate gives to either side is a frame that can be read, and what it
 * gives to the stack is nowhere near this machine's loopback, but for that. */
static void
to_guest(const uint8_t *p, size_t n, void *arg)
{
	struct frame f;

	(void)arg;
	must(frame_parse(&f, p, n) == 0);
}

static void
to_stack(const uint8_t *p, size_t n, int fd, void *arg)
{
	struct frame f;

	(void)fd;
	(void)arg;
	must(frame_parse(&f, p, n) == 0);
	must(f.type == FRAME_ARP || f.dst >> 24 != 127 || to_host);
}

static int
resolve(const char *name, void *arg)
{
	char same[RULE_NAME_MAX];
	struct addr a;

	(void)arg;
	must(addr_parse(&a, name) == 0 ||
	    (name_canon(same, name, strlen(name)) == 0 &&
		strcmp(same, name) == 0));
	return 0;
}

/* A person's answer comes, or does not, with the next frame. */
static enum rule_verdict
ask(const struct target *to, char *why, void *arg)
{
	(void)arg;
	must(to->proto == RULE_TCP);
	(void)snprintf(why, WHY_TEXT, "asked");
	to_host |= to->host && to->port % 3 == 1;
	return to->port % 3 == 0 ? RULE_ASK :
	    to->port % 3 == 1	 ? RULE_ALLOW :
				   RULE_DENY;
}

static int
socks(void *arg)
{
	(void)arg;
	return 0;
}

static void
named(uint32_t addr, const char *name, void *arg)
{
	(void)arg;
	must(names_has(addr) && *name);
}

static void
logged(const char *line, void *arg)
{
	(void)arg;
	for (; *line; line++)
		must(*line >= ' ' && *line < 127);
}

static void
check_judged(struct gate *g, int of_stack, const uint8_t *p, size_t n)
{
	if (of_stack)
		gate_from_stack(g, p, n);
	else
		gate_from_guest(g, p, n);
	must(g->flows.n <= FLOW_MAX);
}

static void
begin(struct gate *g, uint8_t how)
{
	static const char some[] = "allow * .a *\nallow udp 8.0.0.0/8 *\n";
	static struct rules *rules;
	struct why why;

	if (!rules) {
		rules = rules_new();
		must(rules_add(rules, "rules", RULES_LINES, some,
			 sizeof some - 1, &why) == 0);
	}
	memset(g, 0, sizeof *g);
	gate_init(g);
	memcpy(g->mac, mac, sizeof mac);
	g->net = how & OPEN ? GATE_OPEN : GATE_FILTERED;
	g->crowded = how & CROWDED;
	g->now = 1000;
	g->names = names_new();
	g->policy.rules = rules;
	g->policy.mode = how & ASKS ? MODE_ASK : MODE_DENY;
	g->call = (struct gate_calls){ .guest = to_guest,
		.stack = to_stack,
		.resolve = resolve,
		.ask = ask,
		.socks = socks,
		.named = named,
		.log = logged };
}

/* All that waits for an answer gets one. */
static void
answer(struct gate *g)
{
	struct resolved r = { .name = "a", .n = 2 };

	r.v[0].addr = addr_v4(FRAME_ADDR(127, 0, 0, 1));
	r.v[1].addr = addr_v4(FRAME_ADDR(8, 8, 8, 8));
	gate_resolved(g, &r);
	gate_answered(g);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct gate g;
	const uint8_t *end = p + n;
	uint8_t how;

	if (!n)
		return 0;
	how = *p++;
	to_host = 0;
	begin(&g, how);
	while (end - p >= 2) {
		size_t len = (size_t)p[0] << 8 | p[1];
		uint8_t *frame;

		p += 2;
		if (len > (size_t)(end - p))
			len = (size_t)(end - p);
		frame = malloc(len ? len : 1);
		must(frame);
		memcpy(frame, p, len);
		if (how & MEND)
			mend(frame, len);
		check_parsed(frame, len);
		check_judged(&g, how & STACK && len % 2, frame, len);
		free(frame);
		p += len;
		g.now += 500;
		if (how & ANSWER)
			answer(&g);
		gate_tick(&g);
	}
	(void)gate_cut(&g);
	must(!g.flows.n);
	names_free(g.names);
	return 0;
}
