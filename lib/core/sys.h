/* SPDX-License-Identifier: ISC */
/*
 * sys: what Linux and macOS do differently.  sys_linux.c and sys_darwin.c
 * hold it; nothing else in the library asks which system it is.
 * 0 or -1 with errno unless said otherwise.
 */
#ifndef XRAY_SYS_H
#define XRAY_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __linux__
#define SYS_SOCK_CLOEXEC SOCK_CLOEXEC
#else
#define SYS_SOCK_CLOEXEC 0
#endif

/* fsync to the medium (F_FULLFSYNC on macOS). */
int sys_fsync(int fd);
/* Share from's blocks with the empty file to; -1 where that cannot be. */
int sys_reflink(int from, int to);
/* Copy n bytes at offset at within the kernel; how many, or -1. */
off_t sys_copy_range(int from, int to, off_t at, off_t n);

/*
 * Locks on whole files that a child inherits with the descriptor and that
 * end with its last copy (F_OFD_SETLK on Linux, flock on macOS).  sys_lock
 * does not wait: -1 with EAGAIN when somebody holds it.  sys_locked looks
 * without taking it: 1, 0 or -1.
 */
int sys_lock(int fd);
int sys_locked(int fd);
/* The same look at one byte alone; 0 where such locks are not known. */
int sys_locked_byte(int fd, off_t at);

/* A path for dir/name that fits a socket address; *back is for
 * sys_fd_path_end afterwards. */
int sys_fd_path(int dir, const char *name, char *out, size_t n, int *back);
void sys_fd_path_end(int back);

/* Close every descriptor from `from` on but the n in keep. */
void sys_close_others(int from, const int *keep, int n);

/* A pipe, both ends close-on-exec. */
int sys_pipe(int p[2]);

/*
 * A descriptor that is readable while one of those it watches is ready: epoll
 * or kqueue, so that a set of descriptors is one to an event loop.  sys_watch
 * says what fd is watched for, again when that changes; what is closed is
 * watched no more.
 */
int sys_watch_new(void);
int sys_watch(int watch, int fd, int in, int out);
/* Not even for its end: fd may be open elsewhere when we close it. */
void sys_unwatch(int watch, int fd);

/* Whose process is at the other end of unix stream socket fd. */
int sys_peer_uid(int fd, uid_t *uid);

/* n random bytes from the system; cannot fail once the system is up. */
void sys_random(void *p, size_t n);

/* The folder of the running program, the caller's; NULL with errno. */
char *sys_program_dir(void);

/* When process pid started, in a unit of the system's; with pid it names one
 * process for ever. -1 with ESRCH when there is none or it has ended. */
int sys_start_time(pid_t pid, unsigned long long *out);
/* Send sig to pid if it is still the process that started then; ESRCH when
 * it is not. */
int sys_kill(pid_t pid, unsigned long long start, int sig);

/* In a child before exec: SIGTERM when the parent goes.  Nothing on macOS. */
void sys_die_with_parent(void);

/* From now on no program that we run has more rights than we.  Nothing on
 * macOS. */
void sys_no_new_privs(void);

/* Whether the process at the other end of a unix socket is of our user. */
int sys_peer_is_us(int fd);

/* Have getaddrinfo(3) read /etc/resolv.conf anew, and try names that have a
 * dot with its search list too (1) or alone (0).  Nothing on macOS, which
 * never does the one and always the other. */
void sys_search(int on);

/* 0 when the accelerator (kvm, hvf) is there and ours to use; that it works is
 * not said.  The one that this system can have. */
int sys_accel(const char *name);
const char *sys_accel_name(void);
/* What a person types so that the accelerator that sys_accel denies is ours,
 * the caller's; NULL when this host has none to give. */
char *sys_accel_mend(void);

/* The machine's word for its processor: x86_64, aarch64; processors online. */
const char *sys_arch(void);
int sys_cpus(void);
/* Milliseconds that the system has slept (suspend) since it was started. */
long long sys_slept(void);

/* Bytes of memory that programs can still have, and that this host has; 0
 * when nobody says. */
uint64_t sys_memory(void);
uint64_t sys_memory_size(void);

#endif
