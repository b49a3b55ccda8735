/* SPDX-License-Identifier: ISC */
/* Written for macOS 12 and later; not run by the authors.  What macOS has of
 * the kind is not for programs of others. */
#ifdef __APPLE__
#include "confine.h"

#include <sys/resource.h>

#include "say.h"

int
confine_proxy(unsigned *in_force, struct why *why)
{
	static const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return why_sys(why, EX_OSERR, "RLIMIT_CORE");
	*in_force |= CONFINED_LIMITS;
	return 0;
}

int
confine_gateway(const struct confine *c, unsigned *in_force, struct why *why)
{
	(void)c;
	return confine_proxy(in_force, why);
}

int
confine_connections(unsigned *in_force, struct why *why)
{
	(void)in_force;
	(void)why;
	return 0;
}
#endif
