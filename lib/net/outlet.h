/* SPDX-License-Identifier: ISC */
/*
 * outlet: whom a proxy hears besides its clients: a person, through an xray-ask
 * (see inquiry.h), to whose socket a dialer connects.
 */
#ifndef XRAY_OUTLET_H
#define XRAY_OUTLET_H

#include "dialer.h"
#include "inquiry.h"
#include "proxy.h"

/* Start with { 0 }, and fill in what is the caller's; proxy is started. */
struct outlet {
	struct proxy *proxy;
	const char *ask; /* the path of xray-ask's socket, NULL: none */
	struct dialer dialer;
	struct inquiry inquiry;
	struct proxy_other asker, dialled;
};

/* Before the proxy is confined.  -1 with why. */
int outlet_start(struct outlet *o, struct why *why);
/* 0 when what it works by has ended. */
int outlet_is_whole(const struct outlet *o);

#endif
