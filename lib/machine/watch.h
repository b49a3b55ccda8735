/* SPDX-License-Identifier: ISC */
/*
 * watch: what QMP events say about the state of a VM.  Bytes go in as they
 * come, at any cut; no I/O happens here.
 *
 *	running --STOP--> paused --RESUME--> running
 *	any --SHUTDOWN--> stopping (a POWERDOWN may find deaf ears)
 * A BLOCK_IO_ERROR before the STOP is the reason that is shown.
 */
#ifndef XRAY_WATCH_H
#define XRAY_WATCH_H

#include "mem.h"

/* Start with { 0 }: running. */
struct watch {
	struct buf line;
	int paused, stopping, full, error;
	char ended[32]; /* SHUTDOWN's reason, "" before it */
};

/* Take n bytes of QMP output; event is called with the name of each event
 * that may change the state or is worth a line in a log. */
void watch_feed(struct watch *w, const char *p, size_t n,
    void (*event)(const char *name, void *arg), void *arg);
/* running, paused, paused (disk full), paused (disk error), stopping. */
const char *watch_state(const struct watch *w);

#endif
