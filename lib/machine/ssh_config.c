/* SPDX-License-Identifier: ISC */
/* ssh_config: the fixed options as a block of ssh_config(5). */
#include "ssh.h"

#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "say.h"

enum { BLOCK_MAX = 65536 };

/* What a user's own configuration may say, or is of no use there. */
static int
left_out(const char *option)
{
	static const char *const names[] = { "ControlMaster=", "ControlPath=",
		"ProxyUseFdpass=", "ProxyCommand=", "LogLevel=" };

	for (size_t i = 0; i < LEN(names); i++)
		if (str_starts(option, names[i]))
			return 1;
	return 0;
}

/* On another machine: the key and what is known of hosts are its own. */
static int
is_local(const char *option)
{
	return str_starts(option, "IdentityFile=") ||
	    str_starts(option, "UserKnownHostsFile=") ||
	    str_starts(option, "StrictHostKeyChecking=");
}

/* ssh runs `exec` and this line: an assignment may not come first. */
static int
proxy(struct home *h, const struct vm *vm, const char *via, struct buf *out,
    struct why *why)
{
	const char *user = getenv("HOME");
	autofree char *usual = xasprintf("%s/.xray", user ? user : "");
	autofree char *bin = home_bin_dir(why);
	autofree char *connect = bin ? xasprintf("%s/xray-connect", bin) : NULL;
	autobuf struct buf b = { 0 };

	if (!bin)
		return -1;
	if (strcmp(usual, h->path) != 0) {
		autofree char *set = xasprintf("XRAY_HOME=%s", h->path);

		buf_str(&b, "env ");
		ssh_shell_word(&b, set);
		buf_str(&b, " ");
	}
	ssh_shell_word(&b, connect);
	buf_fmt(&b, " %s 22", vm->name);
	buf_str(out, "  ProxyCommand ");
	if (via) {
		buf_fmt(out, "ssh %s ", via);
		ssh_shell_word(out, b.p); /* for the shell there */
	} else
		buf_str(out, b.p);
	buf_str(out, "\n");
	return 0;
}

static void
other_machine(struct home *h, const char *via, struct buf *out)
{
	autofree char *key = ssh_key(h);

	buf_fmt(out,
	    "  # the key: scp %s:%s ~/.ssh/xray-%s\n"
	    "  IdentityFile ~/.ssh/xray-%s\n"
	    "  StrictHostKeyChecking accept-new\n",
	    via, key, via, via);
}

int
ssh_config_block(struct home *h, const struct vm *vm, const char *via,
    struct buf *out, struct why *why)
{
	autostrv struct strv argv = { 0 };

	if (strpbrk(h->path, "\n\r"))
		return why_set(why, EX_CONFIG,
		    "%s: no ssh_config can hold such a path", h->path);
	if (ssh_argv(h, vm, NULL, 1, -1, &argv, why) < 0)
		return -1;
	buf_fmt(out, "Host %s.xray\n", vm->name);
	if (proxy(h, vm, via, out, why) < 0)
		return -1;
	for (size_t i = 0; i + 1 < argv.n; i++) {
		const char *o = argv.v[i + 1], *eq = strchr(o, '=');

		if (strcmp(argv.v[i], "-o") != 0 || !eq || left_out(o) ||
		    (via && is_local(o)))
			continue;
		buf_fmt(out, "  %.*s %s\n", (int)(eq - o), o, eq + 1);
	}
	if (via)
		other_machine(h, via, out);
	return 0;
}

int
ssh_config_write(struct home *h, const struct vm *vm, struct why *why)
{
	autobuf struct buf b = { 0 }, have = { 0 };

	if (ssh_config_block(h, vm, NULL, &b, why) < 0)
		return -1;
	if (io_read_file(vm->dir, "ssh.conf", &have, BLOCK_MAX) == 0 &&
	    have.n == b.n && memcmp(have.p, b.p, b.n) == 0)
		return 0;
	if (io_replace(vm->dir, "ssh.conf", 0600, b.p, b.n) < 0)
		return why_sys(why, EX_IOERR, "%s: ssh.conf", vm->name);
	return 0;
}

/* ~/.xray is written with its tilde, so that the line can travel. */
char *
ssh_config_include(const struct home *h, struct why *why)
{
	const char *user = getenv("HOME");
	autofree char *usual = xasprintf("%s/.xray", user ? user : "");

	if (strcmp(usual, h->path) == 0)
		return xstrdup("Include ~/.xray/vms/*/ssh.conf");
	if (!strpbrk(h->path, "\"\n*?[\\"))
		return xasprintf("Include \"%s/vms/*/ssh.conf\"", h->path);
	why_set(why, EX_CONFIG, "%s: no Include can hold such a path", h->path);
	return NULL;
}
