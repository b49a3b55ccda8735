/* SPDX-License-Identifier: ISC */
/*
 * fault-peer: run a command, and strike at its n-th system call, in the order
 * in which it and all its children make them.
 *
 *	fault-peer [-o LOG] [-k N | -t N | -e ERRNO [-p] [-n N]] COMMAND ...
 *
 * -k kills who makes the n-th call that changes something, before it is made;
 * -t all of them.  -e counts what can fail with ERRNO, and lets the n-th do
 * so; -p: and all behind it.  LOG gets how many calls were counted, and which
 * was struck: its number in the system's table, and who made it.
 *
 * Its exit status is the command's, 128 and the number for a signal; 99 when
 * there was no n-th call, 98 when it could not trace.  A command that hangs is
 * ended with it by SIGALRM.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NEVER = 99, FAILED = 98 };

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

/* Seconds: ten, on a machine that has other things to do; and what those have
 * to end that outlive the command, an ssh-agent being one. */
enum { HANG = 40, REST = 2, TASKS = 4096 };

/* What changes files. */
static const int files[] = {
#ifdef SYS_open
	SYS_creat,
	SYS_rename,
	SYS_link,
	SYS_symlink,
	SYS_unlink,
	SYS_rmdir,
	SYS_mkdir,
	SYS_mknod,
#endif
	SYS_renameat,
	SYS_renameat2,
	SYS_linkat,
	SYS_symlinkat,
	SYS_unlinkat,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_truncate,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_sync_file_range,
	SYS_copy_file_range,
	SYS_sendfile,
	SYS_utimensat,
};
static const int writes[] = {
	SYS_write,
	SYS_pwrite64,
	SYS_writev,
	SYS_pwritev,
};
/* What else others see of it. */
static const int acts[] = {
#ifdef SYS_open
	SYS_chmod,
#endif
	SYS_fchmod,
	SYS_fchmodat,
	SYS_ioctl, /* FICLONE; all of them: few are made */
	SYS_flock,
	SYS_connect,
	SYS_bind,
	SYS_sendto,
	SYS_sendmsg,
	SYS_execve,
	SYS_kill,
	SYS_pidfd_send_signal,
};
/* What needs a descriptor, and what a signal can interrupt. */
static const int opens[] = {
#ifdef SYS_open
	SYS_open,
	SYS_creat,
	SYS_pipe,
#endif
	SYS_openat,
	SYS_socket,
	SYS_socketpair,
	SYS_pipe2,
	SYS_dup,
	SYS_dup3,
	SYS_accept4,
	SYS_memfd_create,
};
static const int waits[] = {
#ifdef SYS_open
	SYS_poll,
#endif
	SYS_ppoll,
	SYS_wait4,
	SYS_flock,
	SYS_read,
	SYS_write,
	SYS_connect,
	SYS_nanosleep,
	SYS_clock_nanosleep,
};

static struct task {
	pid_t pid; /* 0: free */
	int inside; /* of a system call */
	int struck; /* it is to fail */
} tasks[TASKS];
static size_t ntasks;

static struct {
	long kill, tree, fail; /* which, 0: none */
	int error, rest;
	FILE *log;
} want;

static int
has(const int *list, size_t n, uint64_t nr)
{
	while (n > 0)
		if ((uint64_t)list[--n] == nr)
			return 1;
	return 0;
}
#define HAS(list, nr) has(list, sizeof(list) / sizeof((list)[0]), nr)

/* What is said on standard error is no disk's. */
static int
is_file(pid_t pid, uint64_t fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%llu", (int)pid,
	    (unsigned long long)fd);
	return fd > 2 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int
makes_file(uint64_t nr, const uint64_t *arg)
{
	uint64_t flags;

	if (nr == SYS_openat)
		flags = arg[2];
#ifdef SYS_open
	else if (nr == SYS_open)
		flags = arg[1];
#endif
	else
		return 0;
	return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
}

/* The name of the program, with its newline; "" when it is gone. */
static void
name_of(pid_t pid, char *name, int n)
{
	char path[64];
	FILE *f;

	name[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (!fgets(name, n, f))
		name[0] = '\0';
	fclose(f);
}

/* QEMU 7.2 frees a snapshot table that it could not flush the header of, which
 * names it by then: not ours to mend. */
static int
flushes_header(uint64_t nr, const uint64_t *arg)
{
	enum { SNAPSHOTS = 60 }; /* where the header has their number */
	static int named;

	if (nr == SYS_pwrite64)
		named = arg[3] == SNAPSHOTS;
	return named && (nr == SYS_fsync || nr == SYS_fdatasync);
}

static int
counts(pid_t pid, uint64_t nr, const uint64_t *arg)
{
	switch (want.error) {
	case EMFILE:
		return HAS(opens, nr);
	case EINTR:
		return HAS(waits, nr);
	case 0:
		return HAS(files, nr) || HAS(writes, nr) || HAS(acts, nr) ||
		    makes_file(nr, arg);
	default: /* a disk that is full, or broken */
		if (flushes_header(nr, arg))
			return 0;
		if (HAS(writes, nr))
			return is_file(pid, arg[0]);
		return HAS(files, nr) || makes_file(nr, arg);
	}
}

static struct task *
task(pid_t pid)
{
	struct task *t, *gap = NULL;

	for (t = tasks; t < tasks + ntasks; t++)
		if (t->pid == pid)
			return t;
		else if (!t->pid)
			gap = t;
	if (!gap) {
		if (ntasks == TASKS)
			exit(FAILED);
		gap = &tasks[ntasks++];
	}
	*gap = (struct task){ .pid = pid };
	return gap;
}

#ifdef __x86_64__
static void
skip(pid_t pid)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax), -1L);
}

static void
result(pid_t pid, long value)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax), value);
}
#else
static void
skip(pid_t pid)
{
	int none = -1;
	struct iovec v = { &none, sizeof(none) };

	ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &v);
}

static void
result(pid_t pid, long value)
{
	struct user_regs_struct regs;
	struct iovec v = { &regs, sizeof(regs) };

	ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v);
	regs.regs[0] = (unsigned long long)value;
	ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v);
}
#endif

static void
kill_all(void)
{
	struct task *t;

	for (t = tasks; t < tasks + ntasks; t++)
		if (t->pid)
			kill(t->pid, SIGKILL);
}

static void
tell(uint64_t nr, pid_t pid, long n)
{
	char who[64];

	name_of(pid, who, sizeof(who));
	fprintf(
	    want.log, "call %ld, %llu, of %s", n, (unsigned long long)nr, who);
}

/* A call begins: 1 when it was the one. */
static int
begins(struct task *t, long *n)
{
	struct ptrace_syscall_info info;
	long one = want.kill + want.tree + want.fail;

	t->inside = 1;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, (void *)sizeof(info),
		&info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY ||
	    !counts(t->pid, info.entry.nr, (const uint64_t *)info.entry.args))
		return 0;
	++*n;
	if (!one || (*n != one && !(want.rest && *n > one)))
		return 0;
	if (want.log && *n == one)
		tell(info.entry.nr, t->pid, *n);
	if (want.kill)
		kill(t->pid, SIGKILL);
	else if (want.tree)
		kill_all();
	else {
		skip(t->pid);
		t->struck = 1;
	}
	return 1;
}

static void
ends(struct task *t)
{
	t->inside = 0;
	if (t->struck)
		result(t->pid, -(long)want.error);
	t->struck = 0;
}

/* What stopped it, with what it is to go on with: a signal, or 0. */
static int
stopped(struct task *t, int status, int *begun, long *n, int *hit)
{
	int sig = WSTOPSIG(status);

	if (sig == (SIGTRAP | 0x80)) {
		if (t->inside)
			ends(t);
		else if (*begun)
			*hit |= begins(t, n);
		else
			t->inside = 1;
		return 0;
	}
	if (status >> 16) { /* an event, or a group's stop */
		*begun |= status >> 16 == PTRACE_EVENT_EXEC;
		return 0;
	}
	return sig == SIGSTOP ? 0 : sig; /* a new child's */
}

/* waitpid returns then, and what is left ends with us; again, as this may be
 * before it is called. */
static void
rest_over(int sig)
{
	(void)sig;
	alarm(1);
}

/* Its exit status. */
static int
follow(pid_t first)
{
	int status, code = 0, hit = 0, begun = 0, sig;
	const struct sigaction over = { .sa_handler = rest_over };
	struct task *t;
	long n = 0;
	pid_t pid;

	alarm(HANG);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		t = task(pid);
		if (WIFSTOPPED(status)) {
			sig = stopped(t, status, &begun, &n, &hit);
			ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig);
			continue;
		}
		t->pid = 0;
		if (pid != first)
			continue;
		code = WIFEXITED(status) ? WEXITSTATUS(status) :
					   128 + WTERMSIG(status);
		(void)sigaction(SIGALRM, &over, NULL);
		alarm(REST);
	}
	if (want.log)
		fprintf(want.log, "calls %ld\n", n);
	return want.kill + want.tree + want.fail && !hit ? NEVER : code;
}

static int
trace(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
	    PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	    PTRACE_O_TRACECLONE;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)options) < 0)
		return FAILED;
	task(pid);
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	return follow(pid);
}

static long
number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*end || n < 0)
		exit(FAILED);
	return n;
}

int
main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+o:k:t:e:n:p")) != -1)
		switch (c) {
		case 'o':
			want.log = fopen(optarg, "we");
			break;
		case 'k':
			want.kill = number(optarg);
			break;
		case 't':
			want.tree = number(optarg);
			break;
		case 'e':
			want.error = (int)number(optarg);
			break;
		case 'n':
			want.fail = number(optarg);
			break;
		case 'p':
			want.rest = 1;
			break;
		default:
			return FAILED;
		}
	return optind < argc ? trace(argv + optind) : FAILED;
}
#else
int
main(void)
{
	return FAILED;
}
#endif
