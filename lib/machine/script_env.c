/* SPDX-License-Identifier: ISC */
#include "script_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "qemu.h"
#include "run.h"
#include "say.h"
#include "ssh.h"
#include "sys.h"

extern char **environ;

enum { AGENT_MS = 10000, ADD_MS = 10000 };

/* ---- the agent ---- */

/* What is said first: SOCKET PID, in a line. */
static int
agent_told(struct scripts *s, int fd)
{
	long long deadline = io_now() + AGENT_MS, pid;
	autobuf struct buf b = { 0 };
	char *blank;

	while (!b.n || !strchr(b.p, '\n')) {
		ssize_t n;

		if (b.n > 4096 || io_wait_readable(fd, deadline) <= 0)
			return -1;
		n = read(fd, buf_space(&b, 512), 512);
		if (n <= 0)
			return -1;
		b.n += (size_t)n;
		buf_add(&b, "", 0);
	}
	b.p[strcspn(b.p, "\n")] = '\0';
	blank = strrchr(b.p, ' ');
	if (!blank || num_int(blank + 1, 2, INT32_MAX, &pid) < 0)
		return -1;
	s->agent = (pid_t)pid;
	s->socket = xstrndup(b.p, (size_t)(blank - b.p));
	return 0;
}

/* Have it hold our key; one with a passphrase cannot be had unasked. */
static int
agent_add(struct scripts *s, struct why *why)
{
	autofree char *key = ssh_key(s->home);
	autostrv struct strv argv = { 0 }, env = { 0 };
	struct run r = RUN_PLAIN;
	pid_t pid;

	strv_words(&argv, "ssh-add", "-q", key, NULL);
	strv_fmt(&env, "SSH_AUTH_SOCK=%s", s->socket);
	strv_add(&env, "SSH_ASKPASS_REQUIRE=never");
	r.in = r.out = r.err = RUN_NULL;
	r.session = 1; /* it has no terminal to ask on */
	r.env = env.v;
	pid = run_spawn(&r, argv.v, why);
	if (pid < 0)
		return -1;
	if (run_wait(pid, io_now() + ADD_MS) == 0)
		return 0;
	kill(pid, SIGKILL); /* our own child; it may have ended */
	(void)run_wait(pid, 0);
	return why_set(why, EX_UNAVAILABLE,
	    "%s: the key cannot be used without asking", key);
}

/*
 * An agent that runs a program ends soon after that has; ours waits for the
 * end of a pipe from us, which comes however we end.  The agent itself may be
 * set-group-ID, so the system would not tie it to us.
 */
static int
agent_begin(struct scripts *s, struct why *why)
{
	static const char waits[] =
	    "echo \"$SSH_AUTH_SOCK $SSH_AGENT_PID\"; exec cat";
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;
	int fd, p[2];

	if (sys_pipe(p) < 0)
		return why_sys(why, EX_OSERR, "pipe");
	strv_words(&argv, "ssh-agent", "sh", "-c", waits, NULL);
	r.in = p[0];
	r.session = 1;
	s->holder = run_piped(&r, argv.v, &fd, why);
	close(p[0]);
	s->hold = p[1];
	if (s->holder < 0) {
		script_agent_end(s);
		return -1;
	}
	if (agent_told(s, fd) < 0)
		why_set(
		    why, EX_UNAVAILABLE, "ssh-agent does not say where it is");
	close(fd);
	if (!s->socket) {
		script_agent_end(s);
		return -1;
	}
	return agent_add(s, why);
}

/* The agent first, as long as what it waits for keeps its pid its own. */
void
script_agent_end(struct scripts *s)
{
	if (s->agent > 0)
		kill(s->agent, SIGTERM);
	if (s->hold >= 0)
		close(s->hold);
	if (s->holder > 0 && run_wait(s->holder, io_now() + AGENT_MS) < 0) {
		kill(s->holder, SIGKILL);
		(void)run_wait(s->holder, -1);
	}
	s->agent = s->holder = s->hold = -1;
	free(s->socket);
	s->socket = NULL;
}

/* ---- the environment ---- */

/* Whether the setting NAME=VALUE of ours goes on to scripts. */
static int
passed(const struct scripts *s, const char *setting)
{
	static const char *const names[] = { "HOME", "USER", "TERM", "LANG",
		"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS" };
	size_t n = strcspn(setting, "=");
	const char *more;

	if (str_starts(setting, "XRAY_") || str_starts(setting, "LC_"))
		return 1;
	for (size_t i = 0; i < LEN(names); i++)
		if (strlen(names[i]) == n && strncmp(setting, names[i], n) == 0)
			return 1;
	for (size_t i = 0;
	     (more = conf_nth(s->home->conf, NULL, "hook_env", i)); i++)
		if (strlen(more) == n && strncmp(setting, more, n) == 0)
			return 1;
	return 0;
}

/* Set name: what we were given under that name does not count. */
static void set(struct strv *env, const char *name, const char *fmt, ...)
    PRINTF(3, 4);

static void
set(struct strv *env, const char *name, const char *fmt, ...)
{
	size_t n = strlen(name);
	autofree char *value = NULL;
	char *setting;
	va_list ap;

	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	setting = xasprintf("%s=%s", name, value);
	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=') {
			free(env->v[i]);
			env->v[i] = setting;
			return;
		}
	strv_take(env, setting);
}

int
script_environment(struct scripts *s, struct why *why)
{
	autofree char *bin = home_bin_dir(why);
	autofree char *key = ssh_key(s->home);
	autofree char *folder =
	    xasprintf("%s/vms/%s", s->home->path, s->vm->name);
	const char *path = getenv("PATH");
	struct strv *env = &s->env;
	struct why no_agent;

	if (env->n)
		return 0;
	if (!bin)
		return -1;
	for (char **e = environ; *e; e++)
		if (passed(s, *e))
			strv_add(env, *e);
	set(env, "PATH", "%s:%s", bin, path ? path : "/usr/bin:/bin");
	set(env, "XRAY_HOME", "%s", s->home->path);
	set(env, "XRAY_VM_NAME", "%s", s->vm->name);
	set(env, "XRAY_VM_DIR", "%s", folder);
	set(env, "XRAY_HOOK", "%s", s->hook);
	set(env, "XRAY_QMP", "%s/%s", folder, VM_QMP);
	set(env, "XRAY_SSH_CONFIG", "%s/ssh.conf", folder);
	set(env, "XRAY_SSH_KEY", "%s", key);
	set(env, "XRAY_SSH_HOST", "127.0.0.1");
	set(env, "XRAY_SSH_PORT", "%lld", s->vm->ssh_port);
	set(env, "XRAY_SSH_USER", "%s", s->user ? s->user : s->vm->ssh_user);
	if (agent_begin(s, &no_agent) == 0)
		set(env, "SSH_AUTH_SOCK", "%s", s->socket);
	else
		scripts_tell(s, "[%s] no agent: %s", s->hook, no_agent.text);
	return 0;
}

/* ---- in the guest ---- */

/* "#!/usr/bin/env python3": what runs it, and the rest as one argument. */
static void
interpreter(struct buf *b, const char *text, size_t n)
{
	const char *end = n ? memchr(text, '\n', n) : NULL;
	const char *p = text + 2, *stop;

	if (n < 3 || strncmp(text, "#!", 2) != 0 || !end ||
	    memchr(text, '\0', (size_t)(end - text))) {
		buf_str(b, "sh");
		return;
	}
	while (
	    end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	for (stop = p; stop < end && *stop != ' ' && *stop != '\t';)
		stop++;
	buf_word(b, p, (size_t)(stop - p));
	while (stop < end && (*stop == ' ' || *stop == '\t'))
		stop++;
	if (stop < end) {
		buf_str(b, " ");
		buf_word(b, stop, (size_t)(end - stop));
	}
}

/* It runs from a file, so that nothing in it can read the rest of it as its
 * input; and only when all of it came.  The user's shell there may be any. */
char *
script_remote(const struct scripts *s, const char *text, size_t n)
{
	autobuf struct buf b = { 0 };
	struct buf all = { 0 };

	buf_fmt(&b,
	    "f=$(mktemp \"${TMPDIR:-/tmp}/xray.XXXXXX\") || exit 126; "
	    "trap 'rm -f \"$f\"' EXIT; trap 'exit 129' HUP TERM; "
	    "cat >\"$f\"; [ $(wc -c <\"$f\") -eq %zu ] || exit 126; "
	    "XRAY_VM_NAME='%s' XRAY_HOOK='%s'; "
	    "export XRAY_VM_NAME XRAY_HOOK; ",
	    n, s->vm->name, s->hook);
	interpreter(&b, text, n);
	buf_str(&b, " \"$f\" </dev/null");
	buf_str(&all, "exec sh -c ");
	buf_word(&all, b.p, b.n);
	return buf_take(&all);
}
