/* SPDX-License-Identifier: ISC */
#include "seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mkfat.h"
#include "io.h"
#include "json.h"
#include "qemu.h"
#include "say.h"
#include "ssh.h"
#include "sys.h"

/* Two words that can be read out and typed, and a number: 33 bits. */
static void
make_password(struct buf *b)
{
	static const char consonants[] = "bdfghjklmnprstvz", vowels[] = "aeiou";
	unsigned char r[11];

	sys_random(r, sizeof r);
	for (int i = 0; i < 8; i++) {
		if (i == 4)
			buf_str(b, "-");
		buf_add(
		    b, i & 1 ? &vowels[r[i] % 5] : &consonants[r[i] & 15], 1);
	}
	buf_fmt(b, "-%02u\n", (r[8] << 8 | r[9]) % 100u);
}

static int
password(const struct vm *vm, struct buf *b, struct why *why)
{
	if (io_read_file(vm->dir, VM_PASSWORD, b, 256) < 0) {
		b->n = 0;
		make_password(b);
		if (io_replace(vm->dir, VM_PASSWORD, 0600, b->p, b->n) < 0)
			return why_sys(why, EX_IOERR, "%s: password", vm->name);
	}
	b->p[strcspn(b->p, "\n")] = '\0';
	return 0;
}

/* A JSON string is a YAML string too. */
static void
item(struct buf *b, const char *before, const char *value)
{
	buf_str(b, before);
	json_quote(b, value);
	buf_str(b, "\n");
}

/* Each line of text that is one of a list. */
static void
lines(struct buf *b, const char *before, const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		autofree char *line = NULL;

		n = strcspn(text, "\n");
		line = xstrndup(text, n);
		if (n && *line != '#')
			item(b, before, line);
	}
}

static int
host_key(const struct vm *vm, struct buf *b, struct why *why)
{
	autobuf struct buf key = { 0 }, pub = { 0 };

	if (io_read_file(vm->dir, "hostkey", &key, 4096) < 0 ||
	    io_read_file(vm->dir, "hostkey.pub", &pub, 4096) < 0)
		return why_sys(why, EX_IOERR, "%s: hostkey", vm->name);
	buf_str(b, "ssh_deletekeys: true\nssh_keys:\n");
	item(b, "  ed25519_private: ", key.p);
	pub.p[strcspn(pub.p, "\n")] = '\0';
	item(b, "  ed25519_public: ", pub.p);
	return 0;
}

/* What we say. */
static int
our_config(struct home *h, const struct vm *vm, struct buf *b, struct why *why)
{
	autobuf struct buf keys = { 0 }, secret = { 0 };

	if (ssh_authorized_keys(h, vm, &keys, why) < 0 ||
	    password(vm, &secret, why) < 0)
		return -1;
	buf_str(b,
	    "#cloud-config\n"
	    "ssh_pwauth: false\n"
	    "users:\n");
	item(b, "  - name: ", vm->ssh_user);
	buf_str(b,
	    "    shell: /bin/bash\n"
	    "    sudo: \"ALL=(ALL) NOPASSWD:ALL\"\n"
	    "    lock_passwd: false\n");
	item(b, "    plain_text_passwd: ", secret.p);
	buf_str(b, "    ssh_authorized_keys:\n");
	lines(b, "      - ", keys.p);
	return host_key(vm, b, why);
}

/* The user's part says by its first line what it is; a MIME message comes as
 * one. */
static const char *
type_of(const struct buf *theirs)
{
	return str_starts(theirs->p, "MIME-Version:") ||
		str_starts(theirs->p, "Content-Type:") ?
	    "message/rfc822" :
	    "text/plain";
}

/* Ours first: of what both say once, ours holds; lists are added up.  In
 * vendor-data our user would go with the first list of theirs. */
static void
join(struct buf *out, const struct vm *vm, const struct buf *ours,
    const struct buf *theirs)
{
	autofree char *border = xasprintf("xray-%s", vm->uuid);

	buf_fmt(out,
	    "Content-Type: multipart/mixed; boundary=\"%s\"\n"
	    "MIME-Version: 1.0\n\n--%s\n"
	    "Content-Type: text/cloud-config\nMIME-Version: 1.0\n\n",
	    border, border);
	buf_add(out, ours->p, ours->n);
	buf_fmt(out,
	    "\n--%s\nContent-Type: %s\nMIME-Version: 1.0\n"
	    "Merge-Type: list(append)+dict(recurse_list,no_replace)+str()\n\n",
	    border, type_of(theirs));
	buf_add(out, theirs->p, theirs->n);
	buf_fmt(out, "\n--%s--\n", border);
}

static int
user_data(struct home *h, const struct vm *vm, struct buf *out, struct why *why)
{
	autobuf struct buf ours = { 0 }, theirs = { 0 };

	if (our_config(h, vm, &ours, why) < 0)
		return -1;
	if (io_read_file(vm->dir, VM_USER_DATA, &theirs, SEED_USER_DATA_MAX) ==
	    0)
		join(out, vm, &ours, &theirs);
	else if (errno == ENOENT)
		buf_add(out, ours.p, ours.n);
	else
		return why_sys(why, EX_IOERR, "%s: user-data", vm->name);
	return 0;
}

/* 1 when the disk says that already. */
static int
says(const struct vm *vm, const struct buf *image)
{
	autobuf struct buf have = { 0 };

	return io_read_file(vm->dir, VM_SEED, &have, MKFAT_SIZE) == 0 &&
	    have.n == MKFAT_SIZE && memcmp(have.p, image->p, image->n) == 0;
}

static int
write_disk(const struct vm *vm, const struct buf *image, struct why *why)
{
	static const char tmp[] = "." VM_SEED ".new";
	autoclose int fd = openat(vm->dir, tmp,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || io_write(fd, image->p, image->n) < 0 ||
	    ftruncate(fd, MKFAT_SIZE) < 0 || sys_fsync(fd) < 0 ||
	    renameat(vm->dir, tmp, vm->dir, VM_SEED) < 0 ||
	    sys_fsync(vm->dir) < 0)
		return why_sys(why, EX_IOERR, "%s: %s", vm->name, VM_SEED);
	return 0;
}

int
seed_make(struct home *h, const struct vm *vm, struct why *why)
{
	autobuf struct buf meta = { 0 }, user = { 0 }, image = { 0 };
	autofree char *hostname = ssh_hostname(vm);
	struct mkfat_file files[] = { { "meta-data", NULL, 0 },
		{ "user-data", NULL, 0 } };

	if (!vm->seed)
		return 0;
	buf_fmt(&meta, "instance-id: xray-%s\n", vm->uuid);
	item(&meta, "local-hostname: ", hostname);
	if (user_data(h, vm, &user, why) < 0)
		return -1;
	files[0].p = meta.p;
	files[0].n = meta.n;
	files[1].p = user.p;
	files[1].n = user.n;
	if (mkfat_image("CIDATA", files, LEN(files), &image, why) < 0)
		return -1;
	return says(vm, &image) ? 0 : write_disk(vm, &image, why);
}
