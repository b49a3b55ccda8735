/* SPDX-License-Identifier: ISC */
/* sys: what Linux and macOS do alike, though POSIX does not say so. */
#include "sys.h"

#include <unistd.h>

int
sys_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (int)n;
}

uint64_t
sys_memory_size(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages < 1 || size < 1 ? 0 : (uint64_t)pages * (uint64_t)size;
}
