/* SPDX-License-Identifier: ISC */
/*
 * make: a new VM, and the end of one.  The overlays are written here, no
 * process is started.  A VM exists from the rename of its directory on.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "qcow2.h"
#include "say.h"
#include "seed.h"
#include "sys.h"

char *
vm_uuid(void)
{
	unsigned char r[16];
	struct buf b = { 0 };

	sys_random(r, sizeof r);
	r[6] = (unsigned char)(0x40 | (r[6] & 0x0f)); /* RFC 4122 */
	r[8] = (unsigned char)(0x80 | (r[8] & 0x3f));
	for (int i = 0; i < 16; i++)
		buf_fmt(&b, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", r[i]);
	return buf_take(&b);
}

static char *
record(const struct plan *p)
{
	unsigned char r[3];
	char now[32];
	struct buf b = { 0 };
	autofree char *memory = num_size_text(p->memory);
	autofree char *uuid =
	    p->spec->uuid ? xstrdup(p->spec->uuid) : vm_uuid();

	sys_random(r, sizeof r);
	io_timestamp(now, 0);
	buf_fmt(
	    &b, "# VM %s; keys in xray.ini(5)\nversion = 1\n", p->spec->name);
	if (p->spec->base)
		buf_fmt(&b, "base = %s\ngeneration = %lld\n", p->spec->base,
		    p->generation);
	if (p->spec->cdrom)
		buf_fmt(&b, "cdrom = %s\n", p->spec->cdrom);
	if (p->spec->becomes)
		buf_fmt(&b, "becomes = %s\n", p->spec->becomes);
	buf_fmt(&b, "memory = %s\ncpus = %lld\nssh_user = %s\n", memory,
	    p->cpus, p->user);
	buf_fmt(&b, "ssh_port = %d\n", p->port);
	if (p->spec->ssh_port)
		buf_str(&b, "ssh_port_fixed = yes\n");
	for (size_t i = 0; i < p->spec->ports.n; i++)
		buf_fmt(&b, "port = %s\n", p->spec->ports.v[i]);
	buf_fmt(&b, "net = %s\n", p->net);
	if (p->spec->mode)
		buf_fmt(&b, "mode = %s\n", p->spec->mode);
	if (p->spec->no_defaults)
		buf_str(&b, "defaults = no\n");
	if (strcmp(p->display, "none") != 0)
		buf_fmt(&b, "display = %s\n", p->display);
	for (size_t i = 0; i < p->spec->ssh_keys.n; i++)
		buf_fmt(&b, "ssh_keys = %s\n", p->spec->ssh_keys.v[i]);
	if (p->spec->accel)
		buf_fmt(&b, "accel = %s\n", p->spec->accel);
	if (p->spec->label)
		buf_fmt(&b, "label = %s\n", p->spec->label);
	buf_fmt(&b, "arch = %s\nmachine = %s\nhardware = 2\nfirmware = %s\n",
	    p->arch, p->machine, p->firmware);
	if (p->seed)
		buf_str(&b, "seed = yes\n");
	buf_fmt(&b,
	    "uuid = %s\nmac = 52:54:00:%02x:%02x:%02x\n"
	    "created = %s\n",
	    uuid, r[0], r[1], r[2], now);
	return buf_take(&b);
}

static int
overlay(int dir, const struct plan *p, const char *file, uint64_t size,
    struct why *why)
{
	autofree char *backing = NULL;

	if (p->spec->base)
		backing = xasprintf("../../bases/%s/%lld/%s", p->spec->base,
		    p->generation, file);
	return qcow2_overlay(dir, file, backing, "qcow2", size, why);
}

static int
own_efivars(int dir, const struct plan *p, struct why *why)
{
	int made, fd;

	if (base_efivars(dir, p->arch, &made, why) < 0)
		return -1;
	if (!made)
		return why_set(why, EX_UNAVAILABLE,
		    "no UEFI firmware for %s; share/deps installs it", p->arch);
	fd = openat(dir, "efivars.qcow2", O_RDWR | O_CLOEXEC);
	return fd < 0 ? why_sys(why, EX_IOERR, "efivars.qcow2") : fd;
}

/* The guest's variables have the size of the firmware's; read it from the
 * base's image. */
static int
efivars(int dir, const struct plan *p, struct why *why)
{
	autofree char *file = xasprintf("%lld/efivars.qcow2", p->generation);
	autoclose int fd = p->spec->base ?
	    openat(p->base.dir, file, O_RDONLY | O_CLOEXEC) :
	    -1;
	struct qcow2 q;

	if (!p->spec->base)
		return own_efivars(dir, p, why);
	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s/%s", p->base.name, file);
	if (qcow2_read(fd, &q, why) < 0)
		return -1;
	return overlay(dir, p, "efivars.qcow2", q.size, why);
}

static int
sync_close(int fd, const char *what, struct why *why)
{
	int bad = sys_fsync(fd) < 0;

	if (bad)
		why_sys(why, EX_IOERR, "%s", what);
	if (close(fd) < 0 && !bad)
		return why_sys(why, EX_IOERR, "%s", what);
	return bad ? -1 : 0;
}

static int
text_file(int dir, const char *name, mode_t mode, const void *text, size_t n,
    struct why *why)
{
	int fd =
	    openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd >= 0 && io_write(fd, text, n) == 0)
		return fd;
	why_sys(why, EX_IOERR, "%s", name);
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
sync_claims(struct home *h, const struct plan *p, struct why *why)
{
	struct forward f;

	for (size_t i = 0; i < p->spec->ports.n; i++)
		if (forward_parse(p->spec->ports.v[i], &f, why) < 0 ||
		    port_sync(h, f.host, why) < 0)
			return -1;
	return port_sync(h, p->port, why);
}

/* All files are written before the first is synced, so that one commit of
 * the file system's journal serves them all. */
static int
fill(struct home *h, int dir, const struct plan *p, struct why *why)
{
	autofree char *ini = record(p);
	int uefi = strcmp(p->firmware, "uefi") == 0, n = 0, bad = 0;
	const struct {
		const char *name;
		mode_t mode;
		const struct buf *text;
	} texts[] = {
		{ VM_USER_DATA, 0600, &p->user_data },
		{ "rules", 0600, &p->rules },
		{ VM_PROVISION, 0700, &p->provision },
	};
	struct {
		const char *name;
		int fd;
	} file[6];

	file[n].name = "disk.qcow2";
	file[n++].fd = overlay(dir, p, "disk.qcow2", p->disk, why);
	if (uefi && file[n - 1].fd >= 0) {
		file[n].name = "efivars.qcow2";
		file[n++].fd = efivars(dir, p, why);
	}
	for (size_t i = 0; i < LEN(texts); i++) {
		const struct buf *text = texts[i].text;

		if (!text->n || file[n - 1].fd < 0)
			continue;
		file[n].name = texts[i].name;
		file[n++].fd = text_file(
		    dir, texts[i].name, texts[i].mode, text->p, text->n, why);
	}
	if (file[n - 1].fd >= 0) {
		file[n].name = "vm.ini";
		file[n++].fd =
		    text_file(dir, "vm.ini", 0600, ini, strlen(ini), why);
	}
	bad = file[n - 1].fd < 0 || sync_claims(h, p, why) < 0;
	for (int i = 0; i < n; i++) {
		if (bad && file[i].fd >= 0)
			close(file[i].fd);
		else if (!bad)
			bad = sync_close(file[i].fd, file[i].name, why) < 0;
	}
	if (!bad && sys_fsync(dir) < 0)
		return why_sys(why, EX_IOERR, "%s", p->spec->name);
	return bad ? -1 : 0;
}

/* A port of the host goes to one thing. */
static int
check_ports(const struct vm_spec *s, struct why *why)
{
	struct forward a, b;

	for (size_t i = 0; i < s->ports.n; i++) {
		if (forward_parse(s->ports.v[i], &a, why) < 0)
			return -1;
		if (a.host == s->ssh_port && !a.udp)
			return why_set(
			    why, EX_USAGE, "port %d: given twice", a.host);
		for (size_t k = 0; k < i; k++)
			if (forward_parse(s->ports.v[k], &b, why) == 0 &&
			    a.host == b.host && a.udp == b.udp)
				return why_set(why, EX_USAGE,
				    "port %d: given twice", a.host);
	}
	return 0;
}

static int
claim_all(struct home *h, struct plan *p, struct why *why)
{
	const struct vm_spec *s = p->spec;

	if (check_ports(s, why) < 0)
		return -1;
	/* the given ones first, so that an automatic one is another */
	if (s->ssh_port &&
	    port_claim(h, s->name, s->ssh_port, &p->port, why) < 0)
		return -1;
	for (size_t i = 0; i < s->ports.n; i++) {
		struct forward f;
		int got;

		if (forward_parse(s->ports.v[i], &f, why) < 0 ||
		    port_claim(h, s->name, f.host, &got, why) < 0)
			return -1;
	}
	if (!s->ssh_port)
		return port_claim(h, s->name, 0, &p->port, why);
	return 0;
}

static int
release_all(
    struct home *h, const char *name, int ssh_port, const struct strv *ports)
{
	int bad = ssh_port ? port_release(h, name, ssh_port) : 0;

	for (size_t i = 0; i < ports->n; i++) {
		struct forward f;

		if (forward_parse(ports->v[i], &f, NULL) == 0)
			bad |= port_release(h, name, f.host);
	}
	return bad;
}

/* Under the home's lock.  The stage is there for as long as there are claims of
 * ports without a VM: a sweep that finds it looks for those. */
static int
place(struct home *h, struct plan *p, struct why *why)
{
	autofree char *stage = xasprintf(".stage-%ld", (long)getpid());
	autoclose int dir = -1;

	if (name_taken(h->vms, "VM", p->spec->name, why) < 0)
		return -1;
	home_sweep_vms(h);
	if (io_remove_tree(h->vms, stage) < 0 ||
	    (dir = io_mkdir(h->vms, stage)) < 0)
		return why_sys(why, EX_IOERR, "%s/vms", h->path);
	if (claim_all(h, p, why) < 0 || fill(h, dir, p, why) < 0)
		goto undo;
	if (renameat(h->vms, stage, h->vms, p->spec->name) < 0) {
		why_sys(why, EX_IOERR, "%s", p->spec->name);
		goto undo;
	}
	if (sys_fsync(h->vms) == 0)
		return 0;
	/* it is there, and perhaps not for long */
	return why_sys(why, EX_IOERR, "%s", p->spec->name);
undo:
	/* the sweep's, if it fails */
	if (release_all(h, p->spec->name, p->port, &p->spec->ports) == 0)
		(void)io_remove_tree(h->vms, stage);
	return -1;
}

int
vm_make(
    struct home *h, const struct vm_spec *spec, struct vm *vm, struct why *why)
{
	struct plan p = {
		.spec = spec,
		.base = { .dir = -1 },
	};
	int lock = -1, r = -1;

	if ((!spec->base || name_check(spec->name, why) == 0) &&
	    (lock = home_lock(h, why)) >= 0 && plan_make(h, &p, why) == 0)
		r = place(h, &p, why);
	if (lock >= 0)
		close(lock);
	base_close(&p.base);
	buf_free(&p.user_data);
	buf_free(&p.rules);
	buf_free(&p.provision);
	return r < 0 ? -1 : vm_open(h, spec->name, vm, why);
}

/* From here on it is no VM: all that needs the home's lock. */
static int
put_away(struct home *h, const struct vm *vm, const char *gone, struct why *why)
{
	autoclose int lock = home_lock(h, why);
	autostrv struct strv ports = { 0 };
	const char *port;

	if (lock < 0)
		return -1;
	for (size_t i = 0; (port = conf_nth(vm->conf, NULL, "port", i)); i++)
		strv_add(&ports, port);
	if (io_remove_tree(h->vms, gone) < 0 ||
	    renameat(h->vms, vm->name, h->vms, gone) < 0 ||
	    sys_fsync(h->vms) < 0)
		return why_sys(why, EX_IOERR, "%s", vm->name);
	/* claims that vm.ini does not say: it is broken, or who gave the VM
	 * another port was killed */
	port_sweep(h);
	/* if it fails, what is away stays, for the sweep */
	if (release_all(h, vm->name, (int)vm->ssh_port, &ports) < 0)
		return why_sys(why, EX_IOERR, "%s: its ports", vm->name);
	return 0;
}

int
vm_remove(struct home *h, struct vm *vm, struct why *why)
{
	autofree char *gone = xasprintf(".gone-%ld", (long)getpid());

	if (put_away(h, vm, gone, why) < 0)
		return -1;
	if (io_remove_tree(h->vms, gone) < 0)
		return why_sys(why, EX_IOERR, "%s: left in %s/vms/%s", vm->name,
		    h->path, gone);
	return 0;
}
