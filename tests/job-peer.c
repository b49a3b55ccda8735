/* SPDX-License-Identifier: ISC */
/*
 * job-peer DIR SOCKET COMMAND JOB ARGUMENTS: what a job of QEMU's takes by
 * itself, in ms: from the command on a connection that stands to its end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "io.h"
#include "qmp.h"
#include "say.h"

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int
main(int argc, char **argv)
{
	int dir = argc == 6 ? open(argv[1], O_DIRECTORY | O_CLOEXEC) : -1;
	long long deadline = io_now() + 60000;
	struct why why;
	autoqmp struct qmp *q = NULL;
	double from;

	say_name("job-peer");
	if (dir < 0)
		die(EX_USAGE,
		    "usage: job-peer DIR SOCKET COMMAND JOB ARGUMENTS");
	q = qmp_open(dir, argv[2], "it", deadline, &why);
	if (!q)
		die_why(&why);
	from = now();
	if (qmp_job(q, argv[3], argv[5], argv[4], deadline, &why) < 0)
		die_why(&why);
	printf("%.3f\n", now() - from);
	return 0;
}
