/* SPDX-License-Identifier: ISC */
/* user_namespaces(7), network_namespaces(7). */
#ifdef __linux__
#include "isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "say.h"

/* What forbids users their namespaces, by what it says then. */
static const struct {
	const char *path, *forbids, *mend;
} switches[] = {
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	    "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0",
	    "sudo sysctl -w kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/user/max_user_namespaces", "0",
	    "sudo sysctl -w user.max_user_namespaces=10000" },
	{ "/proc/sys/user/max_net_namespaces", "0",
	    "sudo sysctl -w user.max_net_namespaces=10000" },
};
enum { APPARMOR };

static int
is_set(size_t i)
{
	autoclose int fd = open(switches[i].path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	text[n < 0 ? 0 : n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, switches[i].forbids) == 0;
}

/* What root may have all the same does not count for him. */
const char *
isolate_mend(void)
{
	for (size_t i = geteuid() ? 0 : 2; i < LEN(switches); i++)
		if (is_set(i))
			return switches[i].mend;
	return NULL;
}

static int
refused(struct why *why, int err)
{
	const char *mend = isolate_mend();

	if (!mend && (err == ENOSPC || err == EUSERS))
		mend = "too many there are: see sysctl "
		       "user.max_user_namespaces, user.max_net_namespaces";
	if (!mend)
		mend = "no sysctl's doing: a container's or a security "
		       "module's";
	return why_set(why, EX_UNAVAILABLE,
	    "this host allows no user and network namespaces: %s: %s",
	    strerror(err), mend);
}

static int
put(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : io_write(fd, text, strlen(text));
}

/* A process may map itself alone, and its group only when it gave up
 * setgroups(2). */
static void
name_ids(struct isolate_ids *ids)
{
	long uid = (long)geteuid(), gid = (long)getegid();

	(void)snprintf(ids->users, sizeof ids->users, "%ld %ld 1\n", uid, uid);
	(void)snprintf(
	    ids->groups, sizeof ids->groups, "%ld %ld 1\n", gid, gid);
}

/* AppArmor gives the namespaces, and then no map in them: what was begun could
 * not be taken back. */
static int
is_doubtful(void)
{
	return geteuid() && is_set(APPARMOR);
}

int
isolate_plan(struct isolate_ids *ids)
{
	name_ids(ids);
	return is_doubtful() ? -1 : 0;
}

int
isolate_enter(const struct isolate_ids *ids)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ||
	    put("/proc/self/setgroups", "deny") < 0 ||
	    put("/proc/self/uid_map", ids->users) < 0 ||
	    put("/proc/self/gid_map", ids->groups) < 0)
		return -1;
	/* root in there would have them all again by exec */
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	return 0;
}

/* 0 or an errno. */
static int
enter(void)
{
	struct isolate_ids ids;

	name_ids(&ids);
	return isolate_enter(&ids) < 0 ? errno : 0;
}

int
isolate_can(struct why *why)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(enter());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return why_sys(why, EX_OSERR, "fork");
	if (status == 0)
		return 0;
	return refused(why, WIFEXITED(status) ? WEXITSTATUS(status) : EPERM);
}

int
isolate(struct why *why)
{
	int err;

	if (is_doubtful() && isolate_can(why) < 0)
		return -1;
	err = enter();
	return err ? refused(why, err) : 0;
}

int
isolate_is(pid_t pid)
{
	char path[48];
	struct stat its, ours;

	(void)snprintf(path, sizeof path, "/proc/%ld/ns/net", (long)pid);
	if (stat(path, &its) < 0 || stat("/proc/self/ns/net", &ours) < 0) {
		errno = errno == ENOENT ? ESRCH : errno;
		return -1;
	}
	return its.st_ino != ours.st_ino || its.st_dev != ours.st_dev;
}
#endif
