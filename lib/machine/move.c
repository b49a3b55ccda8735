/* SPDX-License-Identifier: ISC */
/*
 * The rename of the directory is the commit.  Before it, what names the VM
 * (claims of ports, known_hosts) is made to hold for both names; behind it
 * the old one is taken out.
 */
#include "move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "io.h"
#include "say.h"
#include "snap.h"
#include "ssh.h"
#include "sys.h"

/* Whether a known_hosts line is for that host, by its list of hosts. */
static int
is_for(const char *line, const char *host)
{
	size_t n = strlen(host);

	for (;; line++) {
		size_t len = strcspn(line, ", \n");

		if (len == n && strncmp(line, host, n) == 0)
			return 1;
		line += len;
		if (*line != ',')
			return 0;
	}
}

/* Let the keys of either host be those of `now`, a list of hosts.  A file
 * that is not there is fine. */
static int
known_hosts(const struct vm *vm, const char *a, const char *b, const char *now,
    struct why *why)
{
	autobuf struct buf old = { 0 }, new = { 0 };

	if (io_read_file(vm->dir, "known_hosts", &old, 1 << 20) < 0)
		return errno == ENOENT ?
		    0 :
		    why_sys(why, EX_IOERR, "%s: known_hosts", vm->name);
	for (const char *s = old.p; *s;) {
		size_t len = strcspn(s, "\n"), list = 0;

		if (is_for(s, a) || is_for(s, b)) {
			buf_str(&new, now);
			list = strcspn(s, " \n");
		}
		buf_add(&new, s + list, len - list);
		buf_str(&new, "\n");
		s += len + (s[len] == '\n');
	}
	if (io_replace(vm->dir, "known_hosts", 0600, new.p, new.n) < 0)
		return why_sys(why, EX_IOERR, "%s: known_hosts", vm->name);
	return 0;
}

/* Write all claims of the VM's, as port_rename. */
static int
claims(struct home *h, const struct vm *vm, const char *from, const char *to,
    struct why *why)
{
	const char *text;
	struct forward f;

	if (vm->ssh_port &&
	    port_rename(h, (int)vm->ssh_port, from, to, why) < 0)
		return -1;
	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++)
		if (forward_parse(text, &f, why) < 0 ||
		    port_rename(h, f.host, from, to, why) < 0)
			return -1;
	return 0;
}

/* The comment that vm.ini begins with, when it is still create's. */
static void
comment(struct vm *vm, const char *from)
{
	autofree char *old = xasprintf("# VM %s;", from);
	autobuf struct buf b = { 0 };
	size_t n;
	const char *text = conf_text(vm->conf, &n);

	if (!str_starts(text, old))
		return;
	buf_fmt(&b, "# VM %s;", vm->name);
	buf_add(&b, text + strlen(old), n - strlen(old));
	(void)io_replace(vm->dir, "vm.ini", 0600, b.p, b.n); /* a comment */
}

/* Its block for plain ssh, which others include, where it has one. */
static int
ssh_block(struct home *h, const struct vm *vm, struct why *why)
{
	if (faccessat(vm->dir, "ssh.conf", F_OK, 0) < 0)
		return 0;
	return ssh_config_write(h, vm, why);
}

/* Under the home's lock, the VM held. */
static int
rename_vm(struct home *h, struct vm *vm, const char *to, struct why *why)
{
	autofree char *from = xstrdup(vm->name);
	autofree char *old = xasprintf("%s.xray", from);
	autofree char *new = xasprintf("%s.xray", to);
	autofree char *both = xasprintf("%s,%s", old, new);

	/* its own name in other letters is free */
	if (strcasecmp(from, to) != 0 && name_taken(h->vms, "VM", to, why) < 0)
		return -1;
	if (known_hosts(vm, old, new, both, why) < 0 ||
	    claims(h, vm, from, to, why) < 0)
		goto undo;
	if (renameat(h->vms, from, h->vms, to) < 0) {
		why_sys(why, EX_IOERR, "%s", to);
		goto undo;
	}
	free(vm->name);
	vm->name = xstrdup(to);
	if (sys_fsync(h->vms) < 0)
		return why_sys(why, EX_IOERR, "%s", h->path);
	comment(vm, from);
	return known_hosts(vm, old, new, new, why) < 0 ||
		claims(h, vm, NULL, to, why) < 0 || ssh_block(h, vm, why) < 0 ?
	    -1 :
	    0;
undo:
	(void)known_hosts(
	    vm, old, new, old, NULL); /* both names are right, too */
	(void)claims(h, vm, NULL, from, NULL);
	return -1;
}

int
vm_move(struct home *h, struct vm *vm, const char *to, struct why *why)
{
	int lock, r;

	if (name_check(to, why) < 0)
		return -1;
	r = snap_hold(vm, NULL, why);
	if (r > 0)
		return why_set(why, EX_TEMPFAIL, "%s: runs; xray stop %s",
		    vm->name, vm->name);
	if (r < 0)
		return -1;
	lock = home_lock(h, why);
	r = lock < 0 ? -1 : rename_vm(h, vm, to, why);
	if (lock >= 0)
		close(lock);
	close(vm->hold);
	vm->hold = -1;
	return r;
}
