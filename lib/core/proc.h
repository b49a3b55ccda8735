/* SPDX-License-Identifier: ISC */
/*
 * proc: what the system, not the process itself, says of another process.
 * All return 0, or -1 with errno: ESRCH when it has gone, ENOTSUP where the
 * system does not tell (macOS).  Only of processes of the same user.
 */
#ifndef XRAY_PROC_H
#define XRAY_PROC_H

#include <sys/stat.h>
#include <sys/types.h>

#include "mem.h"

struct proc {
	uid_t uid;
	int threads;
	int filtered; /* each thread has a seccomp filter */
	int no_new_privs; /* each thread */
	/* it is in another namespace than we are */
	int user_ns, net_ns, mount_ns;
	int links; /* network interfaces it has but for lo; -1: unknown */
};

int proc_look(pid_t pid, struct proc *p);
/* The argument vector that it shows. */
int proc_words(pid_t pid, struct strv *argv);

/* An open file. */
struct proc_file {
	const char *path; /* as the system spells it */
	struct stat st;
	int writable;
	int locked; /* a lock of its holds on it */
};
int proc_files(
    pid_t pid, void (*fn)(const struct proc_file *f, void *arg), void *arg);

/* A TCP socket that it listens on. */
struct proc_listener {
	char addr[46];
	int port;
};
int proc_listeners(
    pid_t pid, void (*fn)(const struct proc_listener *l, void *arg), void *arg);

#endif
