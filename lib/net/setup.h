/* SPDX-License-Identifier: ISC */
/*
 * setup: what a gateway is told on its command line.
 */
#ifndef XRAY_SETUP_H
#define XRAY_SETUP_H

#include "wall.h"
#include "opt.h"
#include "publish.h"

extern const struct opt setup_opts[];

enum { SETUP_PATHS = 8 };

struct setup {
	struct wall wall;
	struct {
		char *v[SETUP_PATHS];
		size_t n;
	} rules, lists; /* files, folders */
	const char *defaults; /* a file, NULL: none */
	struct published published;
	const char *socket; /* QEMU's */
	const char *control; /* NULL: none */
	int ready; /* a descriptor, -1 */
	int given; /* bits: --net, --mac */
};

void setup_init(struct setup *s);
/* Take option c, one of setup_opts, whose value arg stays the caller's; then
 * the n operands.  -1 with why (EX_USAGE). */
int setup_set(struct setup *s, int c, char *arg, struct why *why);
int setup_done(struct setup *s, int n, char **operands, struct why *why);

#endif
