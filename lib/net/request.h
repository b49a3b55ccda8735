/* SPDX-License-Identifier: ISC */
/*
 * request: what a gateway is asked on its control socket, a line each.
 *
 *	cut			end all connections; "ok N": there were N
 *	status			"ok net=filtered flows=3 ..."
 *	reload			read the rules anew: "ok"
 *	mode MODE		what becomes of a miss: "ok"
 *	ask			"ok", and then questions: see inquiry.h
 *	socks			"ok", and then what it is to do: see porter.h
 *	defaults on|off		whether they are in force: "ok"
 *	forward PORT		publish a port, [ADDR:]HOST:GUEST[/udp]: "ok"
 *	unix NAME:GUEST		publish a port as unix socket NAME: "ok"
 *	unforward PORT		publish it no longer: "ok"
 *
 * An answer begins with "ok" or "error"; what is so already is ok.
 */
#ifndef XRAY_REQUEST_H
#define XRAY_REQUEST_H

#include "wall.h"
#include "publish.h"

/* Who is asked: what it knows, and what it can do: add and drop are 0 or -1
 * with errno. */
struct requests {
	struct wall *wall;
	struct published *published;
	int (*add)(const struct publish *p);
	int (*drop)(const struct publish *p);
};

/* Answer a line, as control_serve wants it; arg is a struct requests. */
int request_answer(const char *line, int fd, struct buf *out, void *arg);

#endif
