/* SPDX-License-Identifier: ISC */
/* tally: what the log of a firewall comes to, by destination. */
#ifndef XRAY_TALLY_H
#define XRAY_TALLY_H

#include "netlog.h"

/* What was said of one destination. */
struct tally_row {
	size_t who; /* the caller's: of whose log */
	char *dest; /* as netlog_dest has it */
	char *host; /* the name, else the address */
	int named; /* it is a name */
	uint8_t proto;
	uint16_t port;
	uint64_t begun, ended, denied, out, in;
	/* Whether it was allowed in the end: a person's no, or a rule's, counts
	 * against what came before; that nobody was there, or nothing was
	 * known, does not. */
	int allowed;
	size_t nr; /* of its first line */
};

/* Start with { 0 }. */
struct tally {
	struct tally_row *v;
	size_t n, cap;
};

void tally_add(struct tally *t, size_t who, const struct netlog *l);
/* After the last: one row for each destination of each, by their text. */
void tally_sum(struct tally *t);
/* Of a flow from before the log begins its end alone is told. */
uint64_t tally_flows(const struct tally_row *r);
void tally_free(struct tally *t);

#endif
