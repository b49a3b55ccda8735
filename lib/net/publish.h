/* SPDX-License-Identifier: ISC */
/*
 * publish: the guest ports that are published, each on a port of the host's
 * or on a unix socket, as they are written on a command line.
 */
#ifndef XRAY_PUBLISH_H
#define XRAY_PUBLISH_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mem.h"

enum { PUBLISH_MAX = 64 };

struct publish {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} host;
	socklen_t n; /* of host */
	int udp;
	int called; /* it leads to LAN_CALLED, not to the guest */
	uint16_t guest; /* its port, host byte order */
	char label[128]; /* for messages: "tcp port 127.0.0.1:2222" */
};

/* Start with { 0 }. */
struct published {
	struct publish v[PUBLISH_MAX];
	size_t n;
};

/* Add what [ADDR:]HOST:GUEST[/udp] says; ADDR is 127.0.0.1 when it is left
 * out.  -1 with why (EX_USAGE). */
int publish_port(struct published *t, const char *arg, struct why *why);
/* Add what NAME:GUEST says. */
int publish_unix(struct published *t, const char *arg, struct why *why);
/* The place of the port that arg names as publish_port does, t->n when it is
 * not there; -1 with why when arg is none. */
int publish_find(const struct published *t, const char *arg, struct why *why);
/* Take out the i-th; the last one takes its place. */
void publish_drop(struct published *t, size_t i);
/* The guest ports of the UDP ones, 0 for the others, at their places. */
void publish_udp(const struct published *t, uint16_t udp[PUBLISH_MAX]);
/* Whether a name fits a socket address, and is one.  -1 with why. */
int publish_name(const char *name, struct why *why);

/* Remove a socket left behind under this name; -1 with why when somebody
 * listens there (EX_TEMPFAIL), or it is no socket. */
int publish_make_way(const char *name, struct why *why);
/* Remove the sockets guest-PORT.sock in the working directory on which nobody
 * listens: those of a gateway that is no more. */
void publish_sweep(void);

#endif
