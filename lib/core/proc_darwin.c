/* SPDX-License-Identifier: ISC */
#ifdef __APPLE__
#include "proc.h"

#include <errno.h>

static int
unknown(void)
{
	errno = ENOTSUP;
	return -1;
}

int
proc_look(pid_t pid, struct proc *p)
{
	(void)pid, (void)p;
	return unknown();
}

int
proc_words(pid_t pid, struct strv *argv)
{
	(void)pid, (void)argv;
	return unknown();
}

int
proc_files(
    pid_t pid, void (*fn)(const struct proc_file *f, void *arg), void *arg)
{
	(void)pid, (void)fn, (void)arg;
	return unknown();
}

int
proc_listeners(
    pid_t pid, void (*fn)(const struct proc_listener *l, void *arg), void *arg)
{
	(void)pid, (void)fn, (void)arg;
	return unknown();
}
#endif
