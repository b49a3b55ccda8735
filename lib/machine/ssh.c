/* SPDX-License-Identifier: ISC */
#include "ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "qemu.h"
#include "ring.h"
#include "run.h"
#include "say.h"
#include "sys.h"

char *
ssh_host(const struct vm *vm)
{
	return xasprintf("%s.xray", vm->name);
}

/* A path as a value of an ssh option: in quotes, and % is not a token. */
static char *
option_path(const char *path)
{
	struct buf b = { 0 };

	buf_str(&b, "\"");
	for (; *path; path++)
		buf_fmt(&b,
		    *path == '%'		      ? "%%%%" :
			*path == '"' || *path == '\\' ? "\\%c" :
							"%c",
		    *path);
	buf_str(&b, "\"");
	return buf_take(&b);
}

void
ssh_shell_word(struct buf *b, const char *s)
{
	buf_str(b, "'");
	for (; *s; s++)
		buf_str(b,
		    *s == '\''	  ? "'\\''" :
			*s == '%' ? "%%" :
				    (char[2]){ *s, '\0' });
	buf_str(b, "'");
}

static int
proxy_command(
    const struct vm *vm, long long ms, struct strv *argv, struct why *why)
{
	autofree char *bin = home_bin_dir(why);
	autofree char *connect = NULL;
	struct buf b = { 0 };

	if (!bin)
		return -1;
	connect = xasprintf("%s/xray-connect", bin);
	buf_str(&b, "ProxyCommand=");
	ssh_shell_word(&b, connect);
	if (ms >= 0)
		buf_fmt(&b, " --timeout %lld", (ms + 999) / 1000);
	buf_fmt(&b, " --fdpass %s 22", vm->name);
	strv_add(argv, "-o");
	strv_take(argv, buf_take(&b));
	return 0;
}

/* Known from the start where the image takes our host key, else learnt at
 * the first connection into the VM's own file. */
static const char *
host_key_rule(const struct vm *vm)
{
	return faccessat(vm->dir, "hostkey", F_OK, 0) == 0 ?
	    "StrictHostKeyChecking=yes" :
	    "StrictHostKeyChecking=accept-new";
}

/* "-o" and the option, for each. */
static void
add_options(struct strv *argv, const char *const *options, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strv_words(argv, "-o", options[i], NULL);
}

int
ssh_argv_fixed(struct home *h, const struct vm *vm, const char *conf, int tty,
    long long ms, struct strv *argv, struct why *why)
{
	static const char *const fixed[] = { "ForwardAgent=no", "ForwardX11=no",
		"ControlMaster=no", "ControlPath=none", "UpdateHostKeys=no",
		"VerifyHostKeyDNS=no", "CanonicalizeHostname=no",
		"PasswordAuthentication=no", "KbdInteractiveAuthentication=no",
		"GSSAPIAuthentication=no", "HostbasedAuthentication=no",
		"IdentitiesOnly=yes", "IdentityAgent=none",
		"GlobalKnownHostsFile=none", "KnownHostsCommand=none",
		"CheckHostIP=no", "ProxyUseFdpass=yes" };
	static const char *const pipe[] = { "BatchMode=yes",
		"EscapeChar=none" };
	autofree char *key = ssh_key(h), *id = option_path(key);
	autofree char *hosts =
			  xasprintf("%s/vms/%s/known_hosts", h->path, vm->name),
		      *known = option_path(hosts);

	strv_words(argv, "ssh", "-F", conf ? conf : "none", NULL);
	add_options(argv, fixed, LEN(fixed));
	if (!tty)
		add_options(argv, pipe, LEN(pipe));
	strv_words(argv, "-o", host_key_rule(vm), "-o", NULL);
	strv_fmt(argv, "UserKnownHostsFile=%s", known);
	strv_add(argv, "-o");
	strv_fmt(argv, "IdentityFile=%s", id);
	strv_add(argv, "-o");
	strv_fmt(argv, "HostKeyAlias=%s.xray", vm->name);
	return proxy_command(vm, ms, argv, why);
}

void
ssh_argv_usual(const struct vm *vm, const char *user, struct strv *argv)
{
	static const char *const usual[] = { "PermitLocalCommand=no",
		"ConnectTimeout=30", "ServerAliveInterval=15",
		"LogLevel=ERROR" };

	strv_add(argv, "-o");
	strv_fmt(argv, "User=%s", user ? user : vm->ssh_user);
	add_options(argv, usual, LEN(usual));
}

int
ssh_argv(struct home *h, const struct vm *vm, const char *user, int tty,
    long long ms, struct strv *argv, struct why *why)
{
	if (ssh_argv_fixed(h, vm, NULL, tty, ms, argv, why) < 0)
		return -1;
	ssh_argv_usual(vm, user, argv);
	return 0;
}

void
ssh_with_password(struct strv *words)
{
	static const char *const no[] = { "PasswordAuthentication=no",
		"KbdInteractiveAuthentication=no" };
	static const char *const yes[] = { "PasswordAuthentication=yes",
		"KbdInteractiveAuthentication=yes" };

	for (size_t i = 0; i < words->n; i++)
		for (size_t k = 0; k < LEN(no); k++)
			if (strcmp(words->v[i], no[k]) == 0) {
				free(words->v[i]);
				words->v[i] = xstrdup(yes[k]);
			}
	strv_words(words, "-o", "NumberOfPasswordPrompts=3", NULL);
}

int
ssh_clock_argv(struct home *h, const struct vm *vm, long long ms,
    struct strv *argv, struct why *why)
{
	if (ssh_argv(h, vm, NULL, 0, ms, argv, why) < 0)
		return -1;
	strv_take(argv, ssh_host(vm));
	/* the clock that the host keeps for the guest; where the guest has
	 * none, the host's time as we know it */
	strv_fmt(argv,
	    "a=$(date +%%s); sudo -n hwclock -s -u 2>/dev/null ||"
	    " sudo -n date -u -s @%lld >/dev/null || exit 1; "
	    "echo $(($(date +%%s) - a))",
	    (long long)time(NULL));
	return 0;
}

pid_t
ssh_clock_spawn(struct home *h, const struct vm *vm, struct why *why)
{
	autostrv struct strv argv = { 0 };
	struct run r = RUN_PLAIN;

	r.in = r.out = r.err = RUN_NULL;
	if (ssh_clock_argv(h, vm, 10000, &argv, why) < 0)
		return -1;
	return run_spawn(&r, argv.v, why);
}

char *
ssh_last_line(const struct vm *vm)
{
	autobuf struct buf pid = { 0 };
	char since[40] = "";
	autoclose int log = io_opendir(vm->dir, "log");
	autofree char *line = NULL;
	struct buf b = { 0 };

	if (log < 0 || io_read_file(vm->dir, "started", &pid, 64) < 0)
		return NULL;
	(void)snprintf(since, sizeof since, "%.19s", pid.p);
	line = ring_last(log, "console.log", since);
	if (!line)
		return NULL;
	buf_vis(&b, line, strlen(line));
	if (b.n > 200)
		b.p[200] = '\0';
	return buf_take(&b);
}

long long
ssh_wait_ms(
    const struct home *h, const struct vm *vm, long long arg, struct why *why)
{
	autobuf struct buf accel = { 0 };
	long long ms = -1;

	if (arg >= 0)
		return arg;
	if (vm_ms(h, vm, "XRAY_WAIT_TIMEOUT", "wait_timeout", &ms, why) < 0)
		return -1;
	if (ms >= 0)
		return ms;
	if (ssh_is_up(vm))
		return 60000;
	if (io_read_file(vm->dir, "accel", &accel, 16) < 0)
		return 600000;
	return str_starts(accel.p, "tcg") ? 600000 : 120000;
}

void
ssh_mark_up(const struct vm *vm)
{
	if (!ssh_is_up(vm))
		(void)io_put(vm->dir, "up", 0600, "", 0); /* only a hint */
}

int
ssh_is_up(const struct vm *vm)
{
	return faccessat(vm->dir, "up", F_OK, 0) == 0;
}
