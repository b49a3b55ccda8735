/* SPDX-License-Identifier: ISC */
/*
 * nameserver: tells a guest that reaches nothing but a proxy the addresses of
 * names, over a stream socket (RFC 1035 section 4.2.2: each message behind its
 * length).  Each name has one of its own out of 198.18.0.0/15, by which the
 * proxy knows it again; nothing is asked of anybody.
 *
 * It waits for nothing: who has the event loop calls nameserver_turn when the
 * set of edges is readable, and nameserver_tick now and then.
 */
#ifndef XRAY_NAMESERVER_H
#define XRAY_NAMESERVER_H

#include "names.h"

/* Clients at once, the one heard of longest ago leaves; how long one may be
 * silent. */
enum { NAMESERVER_MAX = 64, NAMESERVER_IDLE_MS = 60000 };
/* A question has at most so many bytes. */
enum { NAMESERVER_ASKED = 1024 };

struct nameclient;

/* Start with { 0 }; fill in what is called for a name that is new. */
struct nameserver {
	struct names *names;
	int listener, edges; /* readable: nameserver_turn */
	void (*named)(uint32_t addr, const char *name, void *arg);
	void *arg;
	long long now; /* ms, to be set before each call */
	struct nameclient *first,
	    *last; /* who was heard of longest ago first */
	struct nameclient *freed;
	size_t n;
};

/* Take clients of our own user's from listener, a unix socket that does not
 * block.  Names that are in file, when it is there, have their addresses
 * already; NULL: none.  -1 with errno. */
int nameserver_start(struct nameserver *s, int listener, const char *file);
/* Which name has that address, which is of use now; NULL: none. */
const char *nameserver_name(struct nameserver *s, uint32_t addr);
/* 1 when it could go on at once: call it again when others had their turn. */
int nameserver_turn(struct nameserver *s);
void nameserver_tick(struct nameserver *s);
/* Hang up on all, and forget all names; the listener stays the caller's. */
void nameserver_end(struct nameserver *s);

#endif
