/* SPDX-License-Identifier: ISC */
/*
 * cred: keys, and what a guest is told of itself at boot.  SMBIOS type 11
 * strings are systemd's system credentials
 * (systemd.exec(5), io.systemd.credential); the names are ours.
 */
#include "ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "sys.h"

enum { KEYS_MAX = 32768 };

char *
ssh_key(const struct home *h)
{
	const char *env = getenv("XRAY_SSH_KEY");

	if (!env || !*env)
		env = conf_get(h->conf, NULL, "ssh_key");
	return env ? xstrdup(env) : xasprintf("%s/ssh/id", h->path);
}

/* ssh-keygen leaves that to chance, and guests come to know the key. */
static int
sync_file(int dir, const char *name)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : sys_fsync(fd);
}

/* Make an ed25519 pair dir/name, private half renamed into place last. */
static int
keygen(int dir, const char *name, const char *comment, struct why *why)
{
	autostrv struct strv argv = { 0 };
	autofree char *tmp = xasprintf(".%s.new", name);
	autofree char *tmp_pub = xasprintf(".%s.new.pub", name);
	autofree char *pub = xasprintf("%s.pub", name);
	int code;

	if (io_remove_tree(dir, tmp) < 0 || io_remove_tree(dir, tmp_pub) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	strv_words(&argv, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
	    comment, "-f", tmp, NULL);
	code = run_quiet(dir, argv.v, why);
	if (code < 0)
		return -1;
	if (code > 0)
		return why_set(why, EX_IOERR, "%s: ssh-keygen failed", name);
	if (sync_file(dir, tmp_pub) < 0 || sync_file(dir, tmp) < 0 ||
	    renameat(dir, tmp_pub, dir, pub) < 0 ||
	    renameat(dir, tmp, dir, name) < 0 || sys_fsync(dir) < 0)
		return why_sys(why, EX_IOERR, "%s", name);
	return 0;
}

/* A keygen that was killed between its two renames: the public half is in
 * place, the private half follows. */
static void
finish_keygen(int dir, const char *name)
{
	autofree char *tmp = xasprintf(".%s.new", name);
	autofree char *tmp_pub = xasprintf(".%s.new.pub", name);

	if (faccessat(dir, tmp, F_OK, 0) == 0 &&
	    faccessat(dir, tmp_pub, F_OK, 0) < 0)
		(void)renameat(dir, tmp, dir, name); /* or made anew */
}

int
ssh_key_make(struct home *h, int force, struct why *why)
{
	autofree char *path = ssh_key(h);
	autofree char *ours = xasprintf("%s/ssh/id", h->path);
	autoclose int dir = -1, lock = -1;

	if (!force && access(path, R_OK) == 0 &&
	    (strcmp(path, ours) != 0 ||
		faccessat(h->fd, "ssh/.id.new", F_OK, 0) < 0))
		return 0;
	if (strcmp(path, ours) != 0)
		return why_set(why, EX_NOINPUT,
		    "%s: no such key; make it, or unset ssh_key", path);
	if ((lock = home_lock(h, why)) < 0)
		return -1;
	dir = io_mkdir_kept(h->fd, "ssh");
	if (dir < 0)
		return why_sys(why, EX_IOERR, "%s/ssh", h->path);
	finish_keygen(dir, "id");
	if (!force && access(path, R_OK) == 0)
		return 0;
	return keygen(dir, "id", "xray", why) < 0 ? -1 : 1;
}

static void
base64(struct buf *b, const char *s, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned v = (unsigned char)s[i] << 16;
		char out[4];

		v |= left > 1 ? (unsigned char)s[i + 1] << 8 : 0;
		v |= left > 2 ? (unsigned char)s[i + 2] : 0;
		out[0] = digit[v >> 18 & 63];
		out[1] = digit[v >> 12 & 63];
		out[2] = left > 1 ? digit[v >> 6 & 63] : '=';
		out[3] = left > 2 ? digit[v & 63] : '=';
		buf_add(b, out, 4);
	}
}

/* Write dir/name when it does not already say so. */
static int
credential(int dir, const char *name, const char *value, size_t n, int binary,
    struct why *why)
{
	autobuf struct buf b = { 0 }, have = { 0 };

	buf_fmt(&b, "io.systemd.credential%s:xray.%s=", binary ? ".binary" : "",
	    name);
	if (binary)
		base64(&b, value, n);
	else
		buf_add(&b, value, n);
	if (io_read_file(dir, name, &have, 65536) == 0 && have.n == b.n &&
	    memcmp(have.p, b.p, b.n) == 0)
		return 0;
	if (io_replace(dir, name, 0600, b.p, b.n) < 0)
		return why_sys(why, EX_IOERR, "cred/%s", name);
	return 0;
}

/* RFC 952 has no underscore, and what follows a dot is the domain's. */
char *
ssh_hostname(const struct vm *vm)
{
	char *name = xstrndup(vm->name, strcspn(vm->name, "."));

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
	return name;
}

static int
add_key(const char *path, struct buf *b, struct why *why)
{
	if (io_read_file(AT_FDCWD, path, b, KEYS_MAX) < 0)
		return why_sys(why, EX_IOERR, "%s", path);
	if (b->n && b->p[b->n - 1] != '\n')
		buf_str(b, "\n");
	return 0;
}

int
ssh_authorized_keys(
    struct home *h, const struct vm *vm, struct buf *b, struct why *why)
{
	autofree char *key = ssh_key(h);
	autofree char *pub = xasprintf("%s.pub", key);
	const struct conf *c = vm->conf;
	const char *more;

	if (ssh_key_make(h, 0, why) < 0 || add_key(pub, b, why) < 0)
		return -1;
	if (!conf_get(c, NULL, "ssh_keys"))
		c = h->conf;
	for (size_t i = 0; (more = conf_nth(c, NULL, "ssh_keys", i)); i++)
		if (add_key(more, b, why) < 0)
			return -1;
	return 0;
}

static int
known_hosts(struct vm *vm, struct why *why)
{
	autobuf struct buf pub = { 0 }, line = { 0 };

	if (io_read_file(vm->dir, "hostkey.pub", &pub, 4096) < 0)
		return why_sys(why, EX_IOERR, "%s: hostkey.pub", vm->name);
	buf_fmt(&line, "%s.xray %s", vm->name, pub.p);
	if (io_replace(vm->dir, "known_hosts", 0600, line.p, line.n) < 0)
		return why_sys(why, EX_IOERR, "%s: known_hosts", vm->name);
	return 0;
}

static int
takes_hostkey(struct home *h, const struct vm *vm)
{
	struct base b;
	const char *key;
	int yes;

	if (vm->seed)
		return 1;
	if (base_open(h, vm->base, &b, NULL) < 0)
		return 0;
	key = conf_get(b.conf, NULL, "key");
	yes = key && strcmp(key, "smbios") == 0;
	base_close(&b);
	return yes;
}

static int
host_key(struct home *h, struct vm *vm, struct buf *b, struct why *why)
{
	if (io_read_file(vm->dir, "hostkey", b, 4096) < 0) {
		if (!takes_hostkey(h, vm))
			return 0;
		if (keygen(vm->dir, "hostkey", vm->name, why) < 0)
			return -1;
		if (io_read_file(vm->dir, "hostkey", b, 4096) < 0)
			return why_sys(why, EX_IOERR, "%s: hostkey", vm->name);
	}
	if (faccessat(vm->dir, "known_hosts", F_OK, 0) < 0 &&
	    known_hosts(vm, why) < 0)
		return -1;
	return 1;
}

void
ssh_credential_files(struct home *h, const struct vm *vm, struct strv *files)
{
	strv_words(
	    files, "cred/hostname", "cred/user", "cred/authorized_keys", NULL);
	if (!vm->seed && takes_hostkey(h, vm))
		strv_add(files, "cred/hostkey");
}

int
ssh_credentials(struct home *h, struct vm *vm, struct why *why)
{
	autoclose int dir = io_mkdir(vm->dir, "cred");
	autofree char *hostname = ssh_hostname(vm);
	autobuf struct buf keys = { 0 }, host = { 0 };
	int has;

	if (dir < 0)
		return why_sys(why, EX_IOERR, "%s: cred", vm->name);
	if (ssh_authorized_keys(h, vm, &keys, why) < 0 ||
	    (has = host_key(h, vm, &host, why)) < 0)
		return -1;
	if (credential(dir, "hostname", hostname, strlen(hostname), 0, why) <
		0 ||
	    credential(
		dir, "user", vm->ssh_user, strlen(vm->ssh_user), 0, why) < 0 ||
	    credential(dir, "authorized_keys", keys.p, keys.n, 1, why) < 0)
		return -1;
	return has ? credential(dir, "hostkey", host.p, host.n, 1, why) : 0;
}
