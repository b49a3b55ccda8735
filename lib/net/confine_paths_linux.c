/* SPDX-License-Identifier: ISC */
/*
 * landlock(7), by numbers of our own: the headers of a system may be older
 * than its kernel.  A right that the kernel knows and we do not handle stays:
 * networks, above all.
 */
#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"
#include "confine_priv.h"

#ifndef SYS_landlock_create_ruleset /* the same everywhere */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { ASK_VERSION = 1, PATH_BENEATH = 1 };
enum { READ_FILE = 1 << 2, READ_DIR = 1 << 3, MAKE_SOCK = 1 << 9 };
enum { RESOLVE_UNIX = 1 << 16, RESOLVE_UNIX_SINCE = 9 };
enum { SCOPE_ABSTRACT_AND_SIGNALS = 3, SCOPE_SINCE = 6 };

struct ruleset {
	uint64_t paths, net, scoped;
};

struct beneath {
	uint64_t allowed;
	int32_t dir;
} __attribute__((packed));

/* 0: the kernel has it not, or not now. */
static int
version(void)
{
	long v =
	    syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);

	if (v < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 0;
	return (int)v;
}

/* The rights to paths that a version handles, but that to connect. */
static uint64_t
all_rights(int v)
{
	return ((uint64_t)1 << (v >= 5 ? 16 :
			v >= 3	       ? 15 :
			v >= 2	       ? 14 :
					 13)) -
	    1;
}

static int
ruleset(int v, uint64_t paths, uint64_t scoped)
{
	struct ruleset r = { .paths = paths, .scoped = scoped };
	size_t n = v >= SCOPE_SINCE ? sizeof r : sizeof r.paths;

	return (int)syscall(SYS_landlock_create_ruleset, &r, n, 0);
}

static int
allow(int rules, int dir, uint64_t rights)
{
	struct beneath b = { rights, dir };

	return (int)syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &b, 0);
}

/* What is not there needs no rule. */
static int
allow_reading(int rules, const char *path)
{
	autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? 0 : allow(rules, dir, READ_FILE | READ_DIR);
}

/* resolv.conf is a link, on many systems, into a folder in which it is made
 * anew. */
static int
allow_resolver(int rules)
{
	autofree char *real = realpath("/etc/resolv.conf", NULL);

	if (allow_reading(rules, "/etc") < 0)
		return -1;
	return real ? allow_reading(rules, dirname(real)) : 0;
}

int
confine_paths(const struct confine *c)
{
	int v = version(), scoped = v >= SCOPE_SINCE;
	autoclose int rules = -1;

	if (v <= 0)
		return v;
	rules =
	    ruleset(v, all_rights(v), scoped ? SCOPE_ABSTRACT_AND_SIGNALS : 0);
	if (rules < 0 || (c->dir >= 0 && allow(rules, c->dir, MAKE_SOCK) < 0) ||
	    (c->reads && allow_resolver(rules) < 0) ||
	    syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return -1;
	return CONFINED_FILES | (scoped ? CONFINED_SCOPE : 0);
}

int
confine_unix(void)
{
	int v = version();
	autoclose int rules = -1;

	if (v < RESOLVE_UNIX_SINCE)
		return v < 0 ? -1 : 0;
	rules = ruleset(v, RESOLVE_UNIX, 0);
	if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return -1;
	return CONFINED_UNIX;
}
#endif
