/* SPDX-License-Identifier: ISC */
/*
 * netlog: the lines of a firewall's log, one for each verdict, and one with
 * the bytes both ways for each end of what was allowed:
 *
 *	VERDICT WHY PROTO NAME ADDRESS PORT OUT IN
 *	allow rules:3 tcp example.com - 443 - -
 *	allow rules:3 tcp example.com 93.184.216.34 443 512 8812
 *	deny mode udp - 1.1.1.1 123 - -
 *
 * What is not known is "-".  The ring puts the time before it.  Other lines of
 * the same log begin with other words.
 */
#ifndef XRAY_NETLOG_H
#define XRAY_NETLOG_H

#include <stddef.h>
#include <stdint.h>

#include "decide.h"
#include "mem.h"

enum { NETLOG_LINE = 512 };

struct netlog {
	uint8_t verdict; /* enum rule_verdict */
	char why[WHY_TEXT];
	uint8_t proto; /* RULE_TCP, RULE_UDP, RULE_ICMP */
	char name[RULE_NAME_MAX]; /* "": none */
	char address[ADDR_TEXT]; /* "": none, or not yet */
	uint16_t port; /* 0: none */
	int ended; /* 1: out and in are known */
	uint64_t out, in; /* bytes from and to the guest, without headers */
};

/* Write a line without its end. */
void netlog_print(const struct netlog *l, struct buf *out);
/* Read the n bytes of a line that netlog_print wrote: 0, -1 for others. */
int netlog_parse(struct netlog *l, const char *line, size_t n);
/* Its protocol: tcp, udp, icmp. */
const char *netlog_proto(const struct netlog *l);
/* Where to, in one word, as a destination of a rule; the caller's. */
char *netlog_dest(const struct netlog *l);

/*
 * What the log net.log in folder log says was not let through since then (a
 * time as it has them, NULL: ever), by destination and how often, the most
 * often first: "sentry.io:443 (2), 10.0.0.1:53/udp (1)".  At most `most` of
 * them, fewer when names are long, then how many more; the caller's, printable.
 * NULL: nothing was denied.
 */
char *netlog_denied(int log, const char *since, size_t most);

#endif
