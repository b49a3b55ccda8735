/* SPDX-License-Identifier: ISC */
/*
 * outlet: whom a proxy hears besides its clients: a person, through an xray-ask
 * (see inquiry.h), to whose socket a dialer connects; and a gateway (see
 * porter.h), to whose stack the dialer connects for each client that a guest
 * is; and whoever asks something of the proxy itself, a line each:
 *
 *	cut			end all connections; "ok N": there were N
 *	status			"ok net=proxy mode=deny flows=3 ..."
 *	reload, mode MODE, defaults on|off, ask
 *				as a gateway takes them (see request.h)
 */
#ifndef XRAY_OUTLET_H
#define XRAY_OUTLET_H

#include "control.h"
#include "dialer.h"
#include "inquiry.h"
#include "mind.h"
#include "porter.h"
#include "proxy.h"

/* Start with { 0 }, and fill in what is the caller's; proxy is started. */
struct outlet {
	struct proxy *proxy;
	struct mind *mind;
	const char *ask; /* the path of xray-ask's socket, NULL: none */
	/* Those of a gateway's control socket and of where the guest's proxy
	 * calls, NULL: none. */
	const char *control, *calls;
	const char *requests; /* where it is asked itself, NULL: nowhere */
	unsigned confined; /* what confine says of this process */
	int defaults_off; /* now; -1: neither for certain */
	int over; /* the gateway is gone */
	uint64_t told; /* verdicts that it was told of */
	struct dialer dialer;
	unsigned due; /* calls for which the dialer had no ear */
	struct inquiry inquiry;
	struct proxy_other asker, gateway, dialled, asked;
	struct control own;
	char line[PORTER_LINE]; /* of the gateway's */
	size_t n;
};

/* Before the proxy is confined.  -1 with why. */
int outlet_start(struct outlet *o, struct why *why);
/* Now and then: tell the gateway how many verdicts there were, and let go who
 * asks nothing. */
void outlet_tick(struct outlet *o);
/* 0 when what it works by has ended. */
int outlet_is_whole(const struct outlet *o);

#endif
