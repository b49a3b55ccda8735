/* SPDX-License-Identifier: ISC */
/*
 * frame: Ethernet frames with ARP, or IPv4 with TCP, UDP or ICMP inside: read
 * within their bounds, patched, and forged.  No I/O, no state, no memory of
 * its own.
 *
 * Addresses and ports are in host byte order, lengths in bytes.
 */
#ifndef XRAY_FRAME_H
#define XRAY_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum { FRAME_MAC = 6, FRAME_HEAD = 14, FRAME_MAX = FRAME_HEAD + 65535 };

/* What forged frames take at most, but for datagrams: those take so much
 * more than what they carry. */
enum { FRAME_FORGED = 70, FRAME_UDP_HEAD = 42 };

enum { FRAME_IP4 = 0x0800, FRAME_ARP = 0x0806 }; /* ethertypes */
enum { FRAME_ICMP = 1, FRAME_TCP = 6, FRAME_UDP = 17 }; /* IP protocols */
enum {
	FRAME_FIN = 1,
	FRAME_SYN = 2,
	FRAME_RST = 4,
	FRAME_ACK = 16,
	FRAME_URG = 32
};
enum { FRAME_WHOLE, FRAME_FIRST, FRAME_LATER }; /* of fragments */
enum { FRAME_ECHO_REPLY = 0, FRAME_UNREACHABLE = 3, FRAME_ECHO = 8 };
enum { FRAME_UNREACH_PORT = 3, FRAME_UNREACH_ADMIN = 13 };

/* A dotted quad: FRAME_ADDR(10, 0, 2, 15). */
#define FRAME_ADDR(a, b, c, d)                                            \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | \
	    (uint32_t)(d))

/* A frame taken apart; the pointers are into the caller's bytes. */
struct frame {
	const uint8_t *p; /* destination, source, type */
	size_t n; /* without what trails the packet */
	uint16_t type;
	uint16_t op; /* ARP: 1 request, 2 reply */
	uint32_t src, dst; /* ARP: sender's and target's */
	uint8_t ttl, proto;
	uint8_t part; /* FRAME_FIRST, FRAME_LATER: a fragment */
	uint16_t id; /* of the packet */
	const uint8_t *data; /* TCP, UDP, ICMP: what they carry; ARP: the
				 * sender's MAC */
	size_t ndata;
	uint16_t sport, dport; /* TCP, UDP, and the first of fragments; of an
				* echo the identifier, which is sport in a
				* request, dport in a reply, and 0 */
	uint32_t seq, ack;
	uint8_t flags; /* TCP */
	uint8_t icmp, code;
};

/*
 * Take n bytes apart.  -1 for all that is not exactly an Ethernet ARP packet
 * for IPv4 (RFC 826), or an IPv4 packet (RFC 791) without options, with a good
 * header checksum and none of the reserved bit, whose lengths agree; of its
 * payload TCP, UDP and ICMP headers are read, and other protocols are an
 * error.  Payload checksums are not looked at.  Of a fragment no more is read
 * than the ports, when it is the first.
 */
int frame_parse(struct frame *f, const uint8_t *p, size_t n);

/* Read a unicast MAC, six bytes in hex with colons.  -1 for other text. */
int frame_parse_mac(uint8_t *mac, const char *s);

/* Take URG and its pointer out of TCP segment f, whose bytes p are; its
 * checksum is patched (RFC 1624), so that a wrong one stays wrong. */
void frame_strip_urgent(struct frame *f, uint8_t *p);

/* Make of the bare SYN f, whose bytes p are, one that accepts another: ack is
 * the number behind that one's. */
void frame_accept(struct frame *f, uint8_t *p, uint32_t ack);

/* The two ends of a packet. */
struct frame_ends {
	uint32_t src, dst;
	uint16_t sport, dport;
};

/* Give packet f, whose bytes p are, other ends; what is patched stays wrong
 * where it was (RFC 1624).  Of a later fragment only the addresses change. */
void frame_readdress(struct frame *f, uint8_t *p, const struct frame_ends *e);
/* Write the IPv4 header of packet p anew: no service type, no identifier, a TTL
 * of 64, not to be fragmented. */
void frame_launder(uint8_t *p);
/* What the ICMP error f quotes: proto, src, dst, sport, dport, and no more.
 * -1 when it quotes none of those. */
int frame_quoted(struct frame *q, const struct frame *f);

/* A TCP segment without data or options. */
struct frame_segment {
	const uint8_t *to, *from; /* FRAME_MAC bytes each */
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
};

/*
 * Write a frame to out, which has FRAME_FORGED bytes; its length.
 * frame_refuse answers segment f with the RST of RFC 9293 section 3.10.7.1;
 * frame_unreachable answers packet f with ICMP type 3 (RFC 792) from address
 * `from`; frame_bounce does so for a packet of which only the ends are known;
 * frame_arp_reply tells `to` that addr is at mac.
 */
size_t frame_segment(uint8_t *out, const struct frame_segment *s);
size_t frame_refuse(uint8_t *out, const struct frame *f);
size_t frame_unreachable(
    uint8_t *out, const struct frame *f, uint8_t code, uint32_t from);
size_t frame_bounce(uint8_t *out, const uint8_t *to, const uint8_t *from,
    uint8_t proto, const struct frame_ends *e, uint8_t code, uint32_t by);
size_t frame_arp_reply(uint8_t *out, const uint8_t *mac, uint32_t addr,
    const uint8_t *to, uint32_t to_addr);
/* Write a datagram with n bytes of data behind FRAME_UDP_HEAD of them; its
 * length. */
size_t frame_datagram(uint8_t *out, const uint8_t *to, const uint8_t *from,
    const struct frame_ends *e, const uint8_t *data, size_t n);

#endif
