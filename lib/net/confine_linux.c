/* SPDX-License-Identifier: ISC */
#ifdef __linux__
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine_priv.h"
#include "say.h"

/* A log that goes into a file, when somebody runs a gateway by hand, has to
 * grow. */
static int
writes_file(void)
{
	struct stat st;

	for (int fd = 1; fd <= 2; fd++)
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			return 1;
	return 0;
}

static int
limit(void)
{
	static const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0 ||
	    setrlimit(RLIMIT_NPROC, &none) < 0)
		return -1;
	return writes_file() ? 0 : setrlimit(RLIMIT_FSIZE, &none);
}

/* The first of the two words holds it. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
		0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -1;
	data[0].permitted &= 1U << CAP_NET_BIND_SERVICE;
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){ 0 };
	return (int)syscall(SYS_capset, &head, data);
}

static int
add(int bits, unsigned *in_force, const char *what, struct why *why)
{
	if (bits < 0)
		return why_sys(why, EX_OSERR, "%s", what);
	*in_force |= (unsigned)bits;
	return 0;
}

/* Seccomp last: it forbids the rest. */
static int
confine(const struct confine *c, enum confine_who who, unsigned *in_force,
    struct why *why)
{
	if (limit() < 0)
		return why_sys(why, EX_OSERR, "limits");
	if (drop_capabilities() < 0)
		return why_sys(why, EX_OSERR, "capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return why_sys(why, EX_OSERR, "no_new_privs");
	*in_force |= CONFINED_LIMITS | CONFINED_CAPS | CONFINED_PRIVS;
	if (add(confine_paths(c), in_force, "landlock", why) < 0)
		return -1;
	return add(confine_calls(who), in_force, "seccomp", why);
}

int
confine_gateway(const struct confine *c, unsigned *in_force, struct why *why)
{
	return confine(
	    c, c->reads ? CONFINE_READER : CONFINE_GATEWAY, in_force, why);
}

int
confine_proxy(unsigned *in_force, struct why *why)
{
	static const struct confine nowhere = { .dir = -1 };

	return confine(&nowhere, CONFINE_PROXY, in_force, why);
}

int
confine_connections(unsigned *in_force, struct why *why)
{
	if (add(confine_unix(), in_force, "landlock", why) < 0)
		return -1;
	return add(confine_connect(), in_force, "seccomp", why);
}
#endif
