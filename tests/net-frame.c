/* SPDX-License-Identifier: ISC */
/*
 * frame: reading within bounds, patching, forging.  The frames below were made
 * by another program than ours, checksums and all.
 */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "mem.h"
#include "tap.h"

static const char arp[] =
    "ffffffffffff525400123456080600010800060400015254001234560a00020f"
    "0000000000000a000202";
static const char syn[] =
    "52550a00020252540012345608004500003c00000000400638d30a00020f5db8"
    "d8229c4001bbfffffffe00000000a002faf06d210000020405b40402080a0000"
    "000a0000000001030307";
static const char data[] =
    "52550a00020252540012345608004500002d00000000400638e20a00020f5db8"
    "d8229c4001bb000003e8000007d05018faf08567000068656c6c6f";
static const char urgent[] =
    "52550a00020252540012345608004500002d00000000400638e20a00020f5db8"
    "d8229c4001bb000003e8000007d05038faf08544000368656c6c6f";
static const char calm[] =
    "52550a00020252540012345608004500002d00000000400638e20a00020f5db8"
    "d8229c4001bb000003e8000007d05018faf08567000068656c6c6f";
static const char udp[] =
    "52550a0002025254001234560800450000210000000040115eae0a00020f0808"
    "080813880035000d80107175657279";
static const char echo[] =
    "52550a00020252540012345608004500002400000000400138f00a00020f5db8"
    "d82208006667000100026162636465666768";
static const char syn_rst[] =
    "52540012345652550a00020208004500002800000000400638e75db8d8220a00"
    "020f01bb9c4000000000ffffffff50140000cfeb0000";
static const char data_rst[] =
    "52540012345652550a00020208004500002800000000400638e75db8d8220a00"
    "020f01bb9c40000007d00000000050040000c82b0000";
static const char udp_icmp[] =
    "52540012345652550a00020208004500003800000000400162b50a0002020a00"
    "020f0303692200000000450000210000000040115eae0a00020f080808081388"
    "0035000d8010";
static const char echo_icmp[] =
    "52540012345652550a00020208004500003800000000400162b50a0002020a00"
    "020f030d8e88000000004500002400000000400138f00a00020f5db8d8220800"
    "666700010002";
static const char intro[] =
    "52550a000202525400123456080600010800060400025254001234560a00020f"
    "52550a0002020a000202";

/* The bytes of text, in memory of exactly that size, so that a sanitizer
 * sees a read past them. */
static uint8_t *
bytes(const char *text, size_t *n)
{
	uint8_t *p;

	*n = strlen(text) / 2;
	p = xmalloc(*n);
	for (size_t i = 0; i < *n; i++) {
		char two[3] = { text[2 * i], text[2 * i + 1], '\0' };

		p[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return p;
}

/* Make the IPv4 header's checksum right again. */
static void
resum(uint8_t *p)
{
	uint32_t s = 0;

	p[24] = p[25] = 0;
	for (int i = 14; i < 34; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	s = (s & 0xffff) + (s >> 16);
	s = ~((s & 0xffff) + (s >> 16));
	p[24] = (uint8_t)(s >> 8);
	p[25] = (uint8_t)s;
}

/* Parse the first n bytes of text, changed at `at` unless that is behind; the
 * header's checksum, when it is not what is changed, is right. */
static int
parse(struct frame *f, const char *text, size_t n, size_t at, uint8_t value)
{
	size_t all;
	autofree uint8_t *p = bytes(text, &all);
	autofree uint8_t *cut = xmalloc(n ? n : 1);
	int r;

	if (at < all)
		p[at] = value;
	if (at < all && p[12] == 8 && p[13] == 0 && at != 24)
		resum(p);
	memcpy(cut, p, n < all ? n : all);
	r = frame_parse(f, cut, n);
	f->p = f->data = NULL;
	return r;
}

static void
test_truncations(void)
{
	static const char *const good[] = { arp, syn, data, urgent, udp, echo };
	int whole = 0, cut = 0, all = 0;
	struct frame f;

	for (size_t i = 0; i < LEN(good); i++) {
		size_t n = strlen(good[i]) / 2;

		whole += parse(&f, good[i], n, n, 0) == 0 && f.n == n;
		for (size_t k = 0; k < n; k++, all++)
			cut += parse(&f, good[i], k, n, 0) < 0;
	}
	ok(whole == LEN(good), "good frames are read");
	ok(cut == all, "every truncation of them is refused");
}

static void
test_fields(void)
{
	struct frame f;
	size_t n;
	autofree uint8_t *p = bytes(syn, &n);

	ok(frame_parse(&f, p, n) == 0 && f.type == FRAME_IP4 &&
		f.proto == FRAME_TCP && f.src == FRAME_ADDR(10, 0, 2, 15) &&
		f.dst == FRAME_ADDR(93, 184, 216, 34) && f.sport == 40000 &&
		f.dport == 443 && f.seq == 0xfffffffe && f.flags == FRAME_SYN &&
		f.ndata == 0 && f.ttl == 64 && f.part == FRAME_WHOLE,
	    "fields of a SYN with options");
	ok(parse(&f, data, strlen(data) / 2, 999, 0) == 0 && f.ndata == 5 &&
		f.ack == 2000,
	    "fields of a segment with data");
	ok(parse(&f, arp, strlen(arp) / 2, 999, 0) == 0 && f.op == 1 &&
		f.dst == FRAME_ADDR(10, 0, 2, 2),
	    "fields of an ARP request");
	ok(parse(&f, echo, strlen(echo) / 2, 999, 0) == 0 && f.icmp == 8,
	    "fields of a ping");
}

/* One byte that makes the frame another one. */
static void
test_refused(void)
{
	static const struct {
		const char *frame;
		size_t at;
		uint8_t value;
		const char *name;
	} bad[] = {
		{ syn, 12, 0x86, "another ethertype" },
		{ syn, 14, 0x46, "IP options" },
		{ syn, 14, 0x44, "a header too short" },
		{ syn, 14, 0x65, "version 6" },
		{ syn, 16, 0x01, "a length past the frame" },
		{ syn, 17, 19, "a length below the header" },
		{ syn, 20, 0x80, "the reserved bit" },
		{ syn, 24, 0, "a wrong header checksum" },
		{ syn, 23, 47, "another protocol" },
		{ syn, 46, 0x40, "a TCP header too short" },
		{ syn, 46, 0xf0, "a TCP header past the end" },
		{ udp, 39, 12, "UDP shorter than IP says" },
		{ udp, 39, 14, "UDP longer than IP says" },
		{ udp, 39, 7, "UDP shorter than its header" },
		{ udp, 17, 27, "UDP in 7 bytes" },
		{ echo, 17, 27, "ICMP in 7 bytes" },
		{ syn, 17, 39, "TCP in 19 bytes" },
		{ arp, 15, 6, "ARP for other hardware" },
		{ arp, 16, 9, "ARP for another protocol" },
		{ arp, 18, 7, "ARP with longer addresses" },
		{ arp, 19, 200, "ARP with even longer ones" },
	};
	struct frame f;

	for (size_t i = 0; i < LEN(bad); i++)
		ok(parse(&f, bad[i].frame, strlen(bad[i].frame) / 2, bad[i].at,
		       bad[i].value) < 0,
		    "%s", bad[i].name);
}

static void
test_trailer(void)
{
	struct frame f;
	size_t n = strlen(syn) / 2;

	ok(parse(&f, syn, n + 20, 999, 0) == 0 && f.n == n,
	    "what trails the packet does not count");
	n = strlen(arp) / 2;
	ok(parse(&f, arp, n + 18, 999, 0) == 0 && f.n == n, "nor behind ARP");
}

static void
test_fragments(void)
{
	struct frame f;
	size_t n = strlen(udp) / 2;

	ok(parse(&f, udp, n, 20, 0x20) == 0 && f.part == FRAME_FIRST &&
		f.sport == 5000 && f.dport == 53,
	    "a first fragment has ports");
	ok(parse(&f, udp, n, 21, 1) == 0 && f.part == FRAME_LATER && !f.sport,
	    "a later one has none");
	ok(parse(&f, echo, 34 + 8, 20, 0x20) < 0, "a fragment cut short");
}

static int
same(const uint8_t *p, size_t n, const char *text)
{
	size_t want;
	autofree uint8_t *w = bytes(text, &want);

	return n == want && memcmp(p, w, n) == 0;
}

static void
test_forged(void)
{
	static const struct {
		const char *frame, *answer;
		int code; /* of ICMP; 0: TCP */
		const char *name;
	} t[] = {
		{ syn, syn_rst, 0, "RST for a SYN acknowledges it" },
		{ data, data_rst, 0, "RST for a segment takes its ACK" },
		{ udp, udp_icmp, FRAME_UNREACH_PORT, "port unreachable" },
		{ echo, echo_icmp, FRAME_UNREACH_ADMIN, "prohibited" },
	};
	uint8_t out[FRAME_FORGED];

	for (size_t i = 0; i < LEN(t); i++) {
		size_t n;
		autofree uint8_t *p = bytes(t[i].frame, &n);
		struct frame f;

		if (frame_parse(&f, p, n) < 0)
			abort();
		n = t[i].code ? frame_unreachable(out, &f, (uint8_t)t[i].code,
				    FRAME_ADDR(10, 0, 2, 2)) :
				frame_refuse(out, &f);
		ok(same(out, n, t[i].answer), "%s", t[i].name);
	}
	{
		size_t n;
		autofree uint8_t *p = bytes(intro, &n);

		n = frame_arp_reply(out, p + 6, FRAME_ADDR(10, 0, 2, 15), p,
		    FRAME_ADDR(10, 0, 2, 2));
		ok(same(out, n, intro), "an ARP reply");
	}
}

static void
test_urgent(void)
{
	size_t n;
	autofree uint8_t *p = bytes(urgent, &n);
	autofree uint8_t *q = bytes(urgent, &n);
	struct frame f;

	if (frame_parse(&f, p, n) < 0)
		abort();
	frame_strip_urgent(&f, p);
	ok(same(p, n, calm) && !(f.flags & FRAME_URG),
	    "URG and its pointer are taken out");
	q[50] ^= 0x10;
	frame_strip_urgent(&f, q);
	ok(!same(q, n, calm), "a wrong checksum stays wrong");
}

static void
test_mac(void)
{
	static const char *const bad[] = { "", "52:54:00:12:34",
		"52:54:00:12:34:56:78", "52:54:00:12:34:5g",
		"52-54-00-12-34-56", "5:54:00:12:34:56", "52:54:00:12:34:5",
		"53:54:00:12:34:56", "525400123456" };
	uint8_t mac[FRAME_MAC];
	int refused = 0;

	for (size_t i = 0; i < LEN(bad); i++)
		refused += frame_parse_mac(mac, bad[i]) < 0;
	ok(refused == LEN(bad), "what is no MAC of one machine");
	ok(frame_parse_mac(mac, "52:54:00:aB:Cd:eF") == 0 &&
		memcmp(mac, "\x52\x54\x00\xab\xcd\xef", FRAME_MAC) == 0,
	    "a MAC");
}

int
main(void)
{
	test_truncations();
	test_fields();
	test_refused();
	test_trailer();
	test_fragments();
	test_forged();
	test_urgent();
	test_mac();
	return tap_end();
}
