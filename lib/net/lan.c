/* SPDX-License-Identifier: ISC */
#include "lan.h"

#include <string.h>

enum { DHCP_HEAD = 236 }; /* RFC 2131 section 2, up to the options */
enum { ECHO_REQUEST = 8 };
enum { GATEWAY_SAME = 5 }; /* the name server's MAC ends otherwise */

const uint8_t lan_gateway[FRAME_MAC] = { 0x52, 0x55, 10, 0, 2, 2 };
static const uint8_t broadcast[FRAME_MAC] = { 255, 255, 255, 255, 255, 255 };

/* Requests by, and replies about, the guest as it was told to us: libslirp
 * puts the sender of each into a table of 16. */
static int
arp_is_honest(const struct frame *f, const uint8_t *mac)
{
	if (memcmp(f->data, mac, FRAME_MAC) != 0)
		return 0;
	if (f->op == 1)
		return f->src == LAN_LEASE || f->src == 0;
	return f->op == 2 && f->src == LAN_LEASE;
}

int
lan_is_dhcp(const struct frame *f)
{
	return f->proto == FRAME_UDP && !f->part &&
	    f->dport == LAN_DHCP_SERVER &&
	    (f->dst == UINT32_MAX || f->dst == LAN_HOST);
}

/* libslirp leases to whatever chaddr says, and notes it as a neighbour. */
static int
dhcp_is_honest(const struct frame *f, const uint8_t *mac)
{
	static const uint8_t request[] = { 1, 1, 6 };

	if (f->sport != LAN_DHCP_CLIENT || f->ndata < DHCP_HEAD)
		return 0;
	if (f->src != LAN_LEASE && (f->src != 0 || f->dst != UINT32_MAX))
		return 0;
	return memcmp(f->data, request, sizeof request) == 0 &&
	    memcmp(f->data + 28, mac, FRAME_MAC) == 0;
}

/* Loopback and "this" network, multicast, class E and broadcasts: libslirp
 * would take some of them to the host's own loopback. */
static int
is_nowhere(uint32_t addr)
{
	return addr >> 24 == 127 || addr >> 24 == 0 || addr >> 29 == 7 ||
	    addr == FRAME_ADDR(10, 0, 2, 255);
}

static int
tcp_is_honest(const struct frame *f)
{
	if (!(f->flags & FRAME_SYN))
		return (f->flags & (FRAME_RST | FRAME_ACK)) != 0;
	return !f->ndata && !(f->flags & (FRAME_FIN | FRAME_RST | FRAME_URG));
}

static int
payload_is_honest(const struct frame *f)
{
	if (f->proto == FRAME_TCP)
		return tcp_is_honest(f);
	/* libslirp answers TFTP even without files to give. */
	if (f->proto == FRAME_UDP)
		return f->dport != LAN_TFTP || f->dst != LAN_HOST;
	return f->icmp == ECHO_REQUEST && f->code == 0;
}

int
lan_is_honest(const struct frame *f, const uint8_t *mac)
{
	int everybody = memcmp(f->p, broadcast, FRAME_MAC) == 0;

	if (memcmp(f->p + FRAME_MAC, mac, FRAME_MAC) != 0 ||
	    (!everybody && memcmp(f->p, lan_gateway, GATEWAY_SAME) != 0))
		return 0;
	if (f->type == FRAME_ARP)
		return arp_is_honest(f, mac);
	if (f->part || !f->ttl)
		return 0;
	if (lan_is_dhcp(f))
		return dhcp_is_honest(f, mac);
	return f->src == LAN_LEASE && !is_nowhere(f->dst) && !everybody &&
	    payload_is_honest(f);
}
