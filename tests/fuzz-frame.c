/* SPDX-License-Identifier: ISC */
/*
 * fuzz-frame: the first byte is how, then come frames of a guest, each behind
 * its length in two bytes.  With bit 0 of the first byte lengths and the
 * checksum of IP are made right, so that what is behind them is reached.
 */
#include <string.h>

#include "fuzz.h"
#include "gate.h"

enum { MEND = 1, OPEN = 2, CROWDED = 4 };

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

static void
check_judged(struct gate *g, uint8_t *p, size_t n)
{
	struct gate_answer a;
	size_t left = n;
	enum gate_verdict v = gate_from_guest(g, p, &left, &a);

	must(left <= n && a.n <= sizeof a.frame);
	must(memchr(a.log, '\0', sizeof a.log));
	if (v == GATE_PASS)
		gate_passed(g);
	must(g->flows.n <= FLOW_MAX);
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
	memset(&g, 0, sizeof g);
	memcpy(g.mac, mac, sizeof mac);
	g.net = how & OPEN ? GATE_OPEN : GATE_FILTERED;
	g.crowded = how & CROWDED;
	g.fd = -1;
	g.now = 1000;
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
		check_judged(&g, frame, len);
		free(frame);
		p += len;
		g.now += 500;
		(void)gate_tick(&g);
	}
	return 0;
}
