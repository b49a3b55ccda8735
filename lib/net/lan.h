/* SPDX-License-Identifier: ISC */
/*
 * lan: the guest's network, and which of its frames can be honest ones.
 */
#ifndef XRAY_LAN_H
#define XRAY_LAN_H

#include <stdint.h>

#include "frame.h"

/* As QEMU's own user network has it. */
#define LAN_HOST FRAME_ADDR(10, 0, 2, 2)
#define LAN_DNS FRAME_ADDR(10, 0, 2, 3)
/* Where the guest finds its proxy, and who calls it there to the stack. */
#define LAN_PROXY FRAME_ADDR(10, 0, 2, 100)
#define LAN_CALLED FRAME_ADDR(10, 0, 2, 13)
/* Who the guest is to the network stack, for what it begins itself. */
#define LAN_INNER FRAME_ADDR(10, 0, 2, 14)
#define LAN_LEASE FRAME_ADDR(10, 0, 2, 15)

enum { LAN_DHCP_SERVER = 67, LAN_DHCP_CLIENT = 68, LAN_TFTP = 69 };
enum { LAN_SOCKS = 1080 };

/* The gateway's MAC: libslirp's, 52:55 and LAN_HOST. */
extern const uint8_t lan_gateway[FRAME_MAC];

/*
 * Whether f, as frame_parse read it, can come from an honest guest whose MAC
 * and lease are known: its own addresses, ARP about itself, DHCP for itself,
 * nothing to loopback, multicast or broadcast addresses, no fragments; TCP
 * flags that mean something.
 */
int lan_is_honest(const struct frame *f, const uint8_t *mac);
/* Whether it is for the DHCP server. */
int lan_is_dhcp(const struct frame *f);

#endif
