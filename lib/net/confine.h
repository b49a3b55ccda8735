/* SPDX-License-Identifier: ISC */
/*
 * confine: a gateway, or a proxy, takes from itself what it does not need,
 * before it hears from the guest.  Nothing gives it back.
 *
 * confine_gateway once all listens and every child is there, and then
 * confine_connections once QEMU is connected, before its first frame is read.
 *
 * What works behind the first:
 *	sockets of AF_INET (TCP, UDP, and ICMP's datagrams) and AF_UNIX streams:
 *	made, bound, connected; a unix one is bound in the folder `dir` alone;
 *	descriptors read, written, sent, received (SCM_RIGHTS too), asked for
 *	size and place, mapped without PROT_EXEC, closed;
 *	memory, poll(2), clocks, random numbers, handlers of signals, abort(3),
 *	exit, and wait4 for children made before.
 * What gets EACCES: all paths, but with `reads` those to be read below /etc
 * and where /etc/resolv.conf leads; other kinds of sockets, and options of
 * theirs but the usual ones.  (Size and times of a file whose path is known
 * are told all the same: fstat(3) looks like that from here.)
 * All else ends the process by SIGSYS: fork, execve, unlink, rename, mkdir,
 * chdir, umask, kill, dup, epoll, ioctl but FIONREAD and FIONBIO; and any
 * system call of another architecture.  Calls are in confine_calls_linux.c.
 *
 * Behind the second connect(2) takes IPv4 addresses alone: no QMP, no D-Bus,
 * no ssh-agent, no second QEMU.  It knows one by its 16 bytes, in which a unix
 * path of up to 14 would fit: a relative one is kept from the VM's sockets by
 * chdir("/") before confine_gateway, sockets being bound as
 * /proc/self/fd/N/NAME then (sys_fd_path).  From Linux 7.1 on Landlock refuses
 * all that we did not bind ourselves.
 *
 * A proxy, which confines itself by confine_proxy when all listens, has less:
 * sockets of AF_INET and AF_INET6 streams alone, none of them bound, so that no
 * unix socket can be connected to; no path.  And what it works by: epoll_wait
 * and epoll_ctl, pipe2, splice, and fcntl for the size of a pipe.
 */
#ifndef XRAY_CONFINE_H
#define XRAY_CONFINE_H

#include "mem.h"

struct confine {
	int dir; /* a folder's descriptor, where unix sockets may be bound; -1:
		  * nowhere */
	int reads; /* whether resolv.conf is: net = open */
};

/* What is in force.  What the system has not is not an error, but is missing
 * here; a port below 1024 that root asks for later is bound all the same. */
enum {
	CONFINED_PRIVS = 1, /* no new privileges */
	CONFINED_LIMITS = 2, /* no core file, no process, no file that grows */
	CONFINED_CAPS = 4, /* no capability of root's, but low ports */
	CONFINED_FILES = 8, /* Landlock: no path */
	CONFINED_SCOPE =
	    16, /* Landlock: no abstract socket, nobody's signals */
	CONFINED_CALLS = 32, /* seccomp: system calls by the list above */
	CONFINED_CONNECT = 64, /* seccomp: connections to IPv4 alone */
	CONFINED_UNIX = 128 /* Landlock: connections to no unix path */
};

/* Add to *in_force what is in force now.  0, or -1 with why (EX_OSERR) when
 * the system has something and refuses it. */
int confine_gateway(
    const struct confine *c, unsigned *in_force, struct why *why);
int confine_connections(unsigned *in_force, struct why *why);
int confine_proxy(unsigned *in_force, struct why *why);

/* "no_new_privs,limits,caps,landlock,scope,seccomp,connect,unix", or "none". */
void confine_words(unsigned in_force, struct buf *out);

#endif
