/* SPDX-License-Identifier: ISC */
/*
 * story: the events of one run of a VM, out of its logs and of what starting,
 * hooks and the end left in its folder.
 *
 * A source is believed for what it alone writes: a guest fills the console and
 * can have lines written into the gateway's log, but none of another source,
 * and what is kept of each has a bound.
 */
#ifndef XRAY_STORY_H
#define XRAY_STORY_H

#include "sign.h"
#include "tail.h"
#include "vm.h"

enum story_source {
	STORY_START, /* what it was started as, or why it was not */
	STORY_CONSOLE,
	STORY_QMP, /* events */
	STORY_QEMU, /* QEMU's own words, and its end */
	STORY_SSH,
	STORY_HOOK,
	STORY_NET, /* what the firewall denied */
	STORY_GATEWAY,
	STORY_SOURCES
};
const char *story_word(enum story_source source);

struct event {
	char stamp[TAIL_STAMP + 1]; /* "": nobody knows when */
	enum story_source source;
	char *text; /* printable ASCII */
	unsigned long times; /* so often, one after the other */
	size_t nr;
};

struct sighting {
	unsigned long n;
	unsigned long last; /* the number of the line it was last */
	char *text; /* the first; NULL: none */
};

/* Destinations that were denied, those that come last in one. */
struct denial {
	char *to; /* tcp example.com:443 */
	char why[80];
	int ruled; /* by a rule that names it, not for want of one */
	unsigned long n;
};
enum { DENIALS = 8 };

struct story {
	struct event *v; /* by time */
	size_t n;
	int failed; /* it is a start that failed, and never was a run */
	char from[TAIL_STAMP + 1], to[TAIL_STAMP + 1]; /* "": till now */
	int code; /* what a start that failed had said */
	char *trouble; /* NULL: it did not fail */
	char *end; /* "signal 9", "exit 0"; NULL: nobody saw it end */
	char *reason; /* guest-shutdown, host-qmp-quit, crash ...; NULL */
	unsigned long lines; /* of its console */
	char *line; /* the last of them; NULL: none */
	struct sighting sign[SIGNS];
	char *answered, *gave_up; /* what waiting for ssh came to, last */
	char *hook; /* a script that failed, and how */
	struct denial denial[DENIALS];
	size_t denials;
	unsigned long denied, ruled; /* all, and those by rules */
	char *gateway; /* why it ended, last; NULL: it did not */
};

/*
 * Read run number boot of the VM, 0 the latest, 1 that before; a start that
 * failed is a run too.  0, 1 when it was never started, -1 with why:
 * EX_NOINPUT when there are not so many runs, EX_IOERR.
 */
int story_read(
    const struct vm *vm, long long boot, struct story *s, struct why *why);
void story_free(struct story *s);

/* Add an event; text is masked. */
void story_add(struct story *s, const char *stamp, enum story_source source,
    unsigned long times, const char *text);

#endif
