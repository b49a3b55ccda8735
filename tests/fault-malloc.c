/* SPDX-License-Identifier: ISC */
/*
 * fault-malloc: for LD_PRELOAD.  In each process whose name begins with
 * FAULT_WHO the FAULT_MALLOC-th piece of memory, and each behind it, is not to
 * be had; FAULT_LOG, a file, gets a line when that comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static long left = -1; /* pieces that are to be had; -1: all */

__attribute__((constructor)) static void
begin(void)
{
	const char *who = getenv("FAULT_WHO"), *n = getenv("FAULT_MALLOC");

	if (who && n &&
	    strncmp(program_invocation_short_name, who, strlen(who)) == 0)
		left = strtol(n, NULL, 10);
}

static void
tell(void)
{
	const char *log = getenv("FAULT_LOG");
	int fd = log ? open(log, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

	if (fd < 0 || write(fd, "no memory\n", 10) < 0)
		_exit(98);
	close(fd);
}

/* 1 when there is none. */
static int
none(void)
{
	if (left < 0 || __atomic_load_n(&left, __ATOMIC_RELAXED) > 1) {
		if (left > 0)
			__atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED);
		return 0;
	}
	if (__atomic_exchange_n(&left, 0, __ATOMIC_RELAXED))
		tell();
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	return none() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return none() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return none() ? NULL : __libc_realloc(p, n);
}
#else
typedef int nothing_to_wrap;
#endif
