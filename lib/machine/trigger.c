/* SPDX-License-Identifier: ISC */
#include "trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "ssh.h"
#include "trust.h"

extern char **environ;

/* Of one source, in bytes; and how long a trigger may take. */
enum { TEXT_MAX = 65536, TIMEOUT_MS = 300000 };

static const char before[] = "triggers/pre-ssh";
static const char after[] = "triggers/post-ssh";
static const char config[] = "ssh_config";

/* ---- where they are ---- */

static int
is_null(const char *path)
{
	struct stat st, null;

	return stat(path, &st) == 0 && stat("/dev/null", &null) == 0 &&
	    S_ISCHR(st.st_mode) && st.st_rdev == null.st_rdev;
}

/* 1 when it is there, if only as a link that leads nowhere. */
static int
is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static char *
or_nothing(char *path)
{
	if (is_there(path) && !is_null(path))
		return path;
	free(path);
	return NULL;
}

/* Everyone's file, the caller's; NULL: none. */
static char *
of_all(const struct home *h, const char *name)
{
	return or_nothing(xasprintf("%s/config/%s", h->path, name));
}

/* The VM's: the one in its folder hides the one that outlives it. */
static char *
of_vm(const struct home *h, const struct vm *vm, const char *name)
{
	char *own = xasprintf("%s/vms/%s/%s", h->path, vm->name, name);

	if (is_there(own))
		return or_nothing(own);
	free(own);
	return or_nothing(
	    xasprintf("%s/config/projects/%s/%s", h->path, vm->name, name));
}

/* ---- triggers ---- */

/* NAME=VALUE in place of what env has of that name; value is taken over. */
static void
set(struct strv *env, const char *name, char *value)
{
	autofree char *line = xasprintf("%s=%s", name, value);
	size_t n = strlen(name) + 1;

	free(value);
	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], line, n) == 0) {
			free(env->v[i]);
			env->v[i] = xstrdup(line);
			return;
		}
	strv_add(env, line);
}

static void
environment(
    struct home *h, const struct vm *vm, const char *code, struct strv *env)
{
	for (char **e = environ; *e; e++)
		strv_add(env, *e);
	set(env, "XRAY_HOME", xstrdup(h->path));
	set(env, "XRAY_VM_NAME", xstrdup(vm->name));
	set(env, "XRAY_PROJECT", xstrdup(vm->name));
	set(env, "XRAY_PORT", xasprintf("%lld", vm->ssh_port));
	set(env, "XRAY_SSH_PORT", xasprintf("%lld", vm->ssh_port));
	set(env, "XRAY_SSH_KEY", ssh_key(h));
	set(env, "XRAY_VM_DIR", xasprintf("%s/vms/%s", h->path, vm->name));
	if (code)
		set(env, "XRAY_SSH_EXIT", xstrdup(code));
}

static int
may_run(const char *path, struct why *why)
{
	if (trust_path(path, why) < 0)
		return -1;
	if (access(path, X_OK) < 0)
		return why_set(why, EX_NOPERM,
		    "%s: not executable; chmod +x %s", path, path);
	return 0;
}

static int
late(const struct vm *vm, const char *path, long long ms, struct why *why)
{
	return why_set(why, EX_TEMPFAIL,
	    "%s: %s: not done after %lld s (hook_timeout)", vm->name, path,
	    ms / 1000);
}

/* Its output into out, or with NULL nowhere; it has nothing to read, for what
 * we were given to read is ssh's.  Its exit code, or -1. */
static int
fire(struct home *h, const struct vm *vm, const char *path, const char *ended,
    struct buf *out, struct why *why)
{
	autofree char *name = xstrdup(path);
	char *argv[] = { name, NULL };
	autostrv struct strv env = { 0 };
	struct run r = RUN_PLAIN;
	long long ms = TIMEOUT_MS;
	pid_t pid;
	int code;

	if (may_run(path, why) < 0 ||
	    vm_ms(h, vm, "XRAY_HOOK_TIMEOUT", "hook_timeout", &ms, why) < 0)
		return -1;
	ms = ms < INT32_MAX ? ms : INT32_MAX;
	environment(h, vm, ended, &env);
	r.in = RUN_NULL;
	r.env = env.v;
	if (out) {
		code = run_capture_as(&r, argv, out, TEXT_MAX, (int)ms, why);
		if (code >= 0 || why->code != EX_TEMPFAIL)
			return code;
		if (out->n < TEXT_MAX / 2)
			return late(vm, path, ms, why);
		return why_set(why, EX_DATAERR,
		    "%s: %s: printed more than %d bytes", vm->name, path,
		    TEXT_MAX);
	}
	r.out = RUN_NULL;
	pid = run_spawn(&r, argv, why);
	if (pid < 0 || (code = run_wait(pid, io_now() + ms)) >= 0)
		return pid < 0 ? -1 : code;
	kill(pid, SIGKILL); /* our own child, not yet waited for */
	(void)run_wait(pid, -1);
	return late(vm, path, ms, why);
}

/* ---- what ssh is to read ---- */

/* A block that one source begins ends with it. */
static int
add_source(
    struct buf *conf, const char *what, const struct buf *text, struct why *why)
{
	if (text->n && memchr(text->p, '\0', text->n))
		return why_set(why, EX_DATAERR, "%s: NUL byte", what);
	if (!text->n || !text->p[strspn(text->p, " \t\n")])
		return 0;
	buf_str(conf, "Match all\n");
	buf_add(conf, text->p, text->n);
	if (text->p[text->n - 1] != '\n')
		buf_str(conf, "\n");
	return 0;
}

static int
add_output(struct home *h, const struct vm *vm, const char *path,
    struct buf *conf, struct why *why)
{
	autobuf struct buf out = { 0 };
	int code;

	if (!path)
		return 0;
	code = fire(h, vm, path, NULL, &out, why);
	if (code > 0)
		why_set(why, EX_TRIGGER, "%s: refused by %s (exit %d)",
		    vm->name, path, code);
	return code ? -1 : add_source(conf, path, &out, why);
}

static int
add_file(const char *path, struct buf *conf, struct why *why)
{
	autobuf struct buf text = { 0 };
	autoclose int fd = -1;

	if (!path)
		return 0;
	if (trust_path(path, why) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || io_read(fd, &text, TEXT_MAX) < 0)
		return why_sys(
		    why, errno == EFBIG ? EX_DATAERR : EX_IOERR, "%s", path);
	return add_source(conf, path, &text, why);
}

int
trigger_before(
    struct home *h, const struct vm *vm, struct buf *conf, struct why *why)
{
	autofree char *all = of_all(h, before), *own = of_vm(h, vm, before);
	autofree char *file = of_vm(h, vm, config), *files = of_all(h, config);
	autobuf struct buf first = { 0 }, second = { 0 };

	if (add_output(h, vm, all, &second, why) < 0 ||
	    add_output(h, vm, own, &first, why) < 0)
		return -1;
	buf_add(conf, first.p ? first.p : "", first.n);
	buf_add(conf, second.p ? second.p : "", second.n);
	if (add_file(file, conf, why) < 0)
		return -1;
	return add_file(files, conf, why);
}

/* ---- when it has ended ---- */

int
trigger_has_after(const struct home *h, const struct vm *vm)
{
	autofree char *all = of_all(h, after), *own = of_vm(h, vm, after);

	return all || own;
}

static void
run_after(struct home *h, const struct vm *vm, const char *path,
    const char *ended, void (*tell)(const struct why *why))
{
	struct why why;
	int code;

	if (!path)
		return;
	code = fire(h, vm, path, ended, NULL, &why);
	if (code > 0)
		why_set(
		    &why, 0, "%s: %s: failed (exit %d)", vm->name, path, code);
	if (code)
		tell(&why);
}

void
trigger_after(struct home *h, const struct vm *vm, int code,
    void (*tell)(const struct why *why))
{
	autofree char *all = of_all(h, after), *own = of_vm(h, vm, after);
	autofree char *ended = xasprintf("%d", code);

	run_after(h, vm, all, ended, tell);
	run_after(h, vm, own, ended, tell);
}
