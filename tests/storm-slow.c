/* SPDX-License-Identifier: ISC */
/* A disk that takes its time, for storm.t: to be preloaded.  What is done
 * between the reading and the writing of a file lasts up to 20 ms then, so that
 * commands which do it at once are seen to. */
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
fsync(int fd)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec = 0;
	t.tv_nsec = (t.tv_nsec / 1000 + getpid() * 7919L) % 20000 * 1000;
	(void)nanosleep(&t, NULL);
	return (int)syscall(SYS_fsync, fd);
}
