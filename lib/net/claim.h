/* SPDX-License-Identifier: ISC */
/*
 * claim: whom the first bytes of a client's say they are for: the server name
 * of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3), or the
 * Host of an HTTP/1 request (RFC 9112 section 3.2).
 *
 * Who sends them can write what he likes: a claim is something to be told, and
 * nothing to be decided by.
 */
#ifndef XRAY_CLAIM_H
#define XRAY_CLAIM_H

#include "mem.h"
#include "rule.h"

enum claim { CLAIM_NONE, CLAIM_TLS, CLAIM_HTTP };

/* What the n bytes at p claim, and the name, as name_canon writes it, into name
 * (RULE_NAME_MAX bytes).  CLAIM_NONE for a name that is none, and for one that
 * is not whole in them. */
enum claim claim_parse(const uint8_t *p, size_t n, char *name);
/*
 * The line for a log, without its end, about what the first n bytes claim of a
 * connection to name ("": none led there) at address addr: 1.  0 when they
 * claim nothing, or that name.
 *
 *	claims tls other.example tcp example.com 93.184.216.34 443
 */
int claim_line(const uint8_t *p, size_t n, const char *name,
    const struct addr *addr, uint16_t port, struct buf *out);

#endif
