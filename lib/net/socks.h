/* SPDX-License-Identifier: ISC */
/*
 * socks: the server's side of SOCKS5 (RFC 1928), fed with bytes as they come.
 * No I/O; what it keeps is one message, of at most SOCKS_MESSAGE bytes.
 *
 * CONNECT is what it knows, to IPv4, IPv6 and names, without authentication
 * (method 0).
 */
#ifndef XRAY_SOCKS_H
#define XRAY_SOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/* A request with a name of 255 bytes; a reply. */
enum { SOCKS_MESSAGE = 262, SOCKS_REPLY = 10 };

/* RFC 1928 section 6. */
enum socks_code {
	SOCKS_OK,
	SOCKS_FAILED,
	SOCKS_DENIED, /* by a rule */
	SOCKS_NO_NET,
	SOCKS_NO_HOST,
	SOCKS_REFUSED, /* by where it was to go */
	SOCKS_TIMEOUT,
	SOCKS_COMMAND, /* what is asked for is not known here */
	SOCKS_ADDRESS /* this kind of address neither */
};

/* Start with { 0 }. */
struct socks {
	uint8_t requests; /* the methods are settled */
	uint8_t over; /* asked or refused: nothing more is fed */
	uint8_t nout, out[SOCKS_REPLY]; /* for the client */
	uint16_t n; /* bytes of the message that comes in */
	uint8_t in[SOCKS_MESSAGE];
	/* What was asked for: a name of nname bytes, whatever they are, in
	 * `in`; or, when that is NULL, an address. */
	const char *name;
	size_t nname;
	struct addr addr;
	uint16_t port; /* host byte order, not 0 */
};

enum socks_said {
	SOCKS_MORE, /* all was used, and more is to come */
	SOCKS_ANSWER, /* nout bytes at out are to be sent; then go on */
	SOCKS_ASKS, /* decide, and socks_reply; what follows is not for us */
	SOCKS_ENDS /* send nout bytes (or none), then end the connection */
};

/* Take bytes from the n at p; *used is how many. */
enum socks_said socks_feed(
    struct socks *s, const uint8_t *p, size_t n, size_t *used);
/* Write the reply to what was asked for into out (SOCKS_REPLY bytes).  The
 * address it has is 0.0.0.0:0: who asks is not told ours. */
void socks_reply(uint8_t *out, enum socks_code code);
/* What the errno of connect(2) is called. */
enum socks_code socks_code(int err);

#endif
