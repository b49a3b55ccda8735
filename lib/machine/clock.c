/* SPDX-License-Identifier: ISC */
#include "clock.h"

#include "ssh.h"
#include "stream.h"
#include "sys.h"

/* ms: between two looks, and what counts as sleep. */
enum { LOOK_MS = 5000, SLEEP_MS = 1000 };

static struct {
	struct home *home;
	const struct vm *vm;
	const int *paused;
	struct ring *log;
	pid_t pid;
	long long slept; /* ms that the host has, when we looked last */
} k;

void
clock_set(void)
{
	struct why why;

	k.pid = ssh_clock_spawn(k.home, k.vm, &why);
}

static void
look(void)
{
	long long slept = sys_slept();

	if (slept - k.slept > SLEEP_MS && !*k.paused)
		clock_set();
	k.slept = slept;
}

void
clock_keep(
    struct home *h, const struct vm *vm, const int *paused, struct ring *log)
{
	k.home = h;
	k.vm = vm;
	k.paused = paused;
	k.log = log;
	k.slept = sys_slept();
	stream_every(LOOK_MS, look);
}

int
clock_reap(pid_t pid, int status)
{
	if (pid != k.pid)
		return 0;
	if (status)
		ring_line(k.log, "clock not set");
	k.pid = 0;
	return 1;
}
