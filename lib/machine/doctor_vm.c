/* SPDX-License-Identifier: ISC */
/* doctor_vm: VMs: the record, the disks and what they stand on, the ports;
 * and what plain ssh knows of them. */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forward.h"
#include "io.h"
#include "qcow2.h"
#include "say.h"
#include "ssh.h"

enum { SSH_CONFIG_MAX = 1 << 20 };

/* The generation is there; that it is what was sealed, doctor_bases says. */
static void
base_of(struct doctor *d, const struct vm *vm)
{
	struct base b = { .dir = -1 };
	struct seal seal;
	struct why why;
	int there;

	if (!*vm->base)
		return;
	there = base_open(d->home, vm->base, &b, &why) == 0;
	if (!there || base_seal_of(&b, vm->generation, &seal, &why) < 0) {
		autofree char *mend = xasprintf("put bases/%s back from a "
						"backup, or xray remove %s",
		    vm->base, vm->name);
		struct why whole;

		why_set(&whole, 0, "%s: stands on %s/%lld: %s", vm->name,
		    vm->base, vm->generation,
		    !there && why.code == EX_NOINPUT ? "no such base" :
						       why.text);
		doctor_why(d, DOCTOR_BAD, "vm", vm->name, &whole, mend);
	}
	base_close(&b);
}

/* What an image's header names below it; a live one's may be in change. */
static int
header(const struct vm *vm, const struct vm_disk *disk, struct why *why)
{
	autoclose int fd =
	    openat(vm->dir, disk->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autofree char *below = xasprintf("../../bases/%s/%lld/%s", vm->base,
	    vm->generation, disk->base_file);
	struct qcow2 q;
	struct why w;

	if (fd < 0)
		return why_sys(why, EX_NOINPUT, "%s: %s", vm->name, disk->file);
	if (qcow2_read(fd, &q, &w) < 0)
		return why_set(why, EX_DATAERR, "%s: %s: %s", vm->name,
		    disk->file, w.text);
	if (q.incompatible & QCOW2_CORRUPT)
		return why_set(why, EX_DATAERR, "%s: %s: QEMU found it corrupt",
		    vm->name, disk->file);
	if (*vm->base && strcmp(q.backing, below) != 0)
		return why_set(why, EX_DATAERR,
		    "%s: %s: stands on '%s', and vm.ini says %s", vm->name,
		    disk->file, q.backing, below);
	return 0;
}

static void
disks(struct doctor *d, const struct vm *vm)
{
	struct vm_disk disk[VM_DISKS];
	int n = vm_disks(vm, disk);
	autofree char *mend =
	    xasprintf("put it back from a backup, or xray remove %s", vm->name);
	struct why why;

	for (int i = 0; i < n; i++)
		if (header(vm, &disk[i], &why) < 0)
			doctor_why(d, DOCTOR_BAD, "vm", vm->name, &why, mend);
	if (faccessat(vm->dir, "op", F_OK, 0) == 0 && !vm_alive(vm))
		doctor_add(d, DOCTOR_NOTE, "vm", vm->name,
		    "%s: a snapshot or resize was broken off; the next start "
		    "or snap puts it in order",
		    vm->name);
}

static void
modes(struct doctor *d, const struct vm *vm)
{
	struct stat st;

	if (fstatat(vm->dir, "hostkey", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_mode & 077))
		doctor_add(d, DOCTOR_BAD, "key", vm->name,
		    "%s: hostkey: mode %04o: chmod 600 %s/vms/%s/hostkey",
		    vm->name, (unsigned)st.st_mode & 07777, d->home->path,
		    vm->name);
}

/* ---- ports ---- */

/* The VM's claim on a port; mend is what makes it. */
static void
claimed(struct doctor *d, const struct vm *vm, int port, const char *mend)
{
	char name[16];
	autofree char *who = NULL;

	(void)snprintf(name, sizeof name, "%d", port);
	who = port_holder(d->home, name);
	if (who && strcmp(who, vm->name) == 0)
		return;
	if (who)
		doctor_add(d, DOCTOR_BAD, "claim", vm->name,
		    "%s: port %d is claimed by %s: give one of them another: "
		    "see xray port list",
		    vm->name, port, who);
	else
		doctor_add(d, DOCTOR_BAD, "claim", vm->name,
		    "%s: port %d is claimed by nobody: %s", vm->name, port,
		    mend);
}

static void
ssh_port(struct doctor *d, const struct vm *vm)
{
	int port = (int)vm->ssh_port;
	autofree char *mend =
	    xasprintf("xray config set %s ssh_port %d", vm->name, port);

	if (!port)
		return; /* start finds one */
	claimed(d, vm, port, mend);
	if (vm_alive(vm) || port_free(port))
		return;
	if (vm->port_fixed)
		doctor_add(d, DOCTOR_BAD, "port", vm->name,
		    "%s: ssh port %d is taken by another program: xray config "
		    "set %s ssh_port PORT",
		    vm->name, port, vm->name);
	else
		doctor_add(d, DOCTOR_NOTE, "port", vm->name,
		    "%s: ssh port %d is taken by another program; start moves "
		    "it",
		    vm->name, port);
}

static void
ports(struct doctor *d, const struct vm *vm)
{
	const char *text;
	struct forward f;
	struct why why;

	if (strcmp(vm->net, "none") == 0)
		return;
	ssh_port(d, vm);
	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++) {
		autofree char *add =
		    xasprintf("xray port add %s %s", vm->name, text);

		if (forward_parse(text, &f, &why) < 0) {
			doctor_why(d, DOCTOR_BAD, "port", vm->name, &why,
			    "xray config edit");
			continue;
		}
		claimed(d, vm, f.host, add);
		if (!vm_alive(vm) && !port_free_at(f.addr, f.host, f.udp))
			doctor_add(d, DOCTOR_BAD, "port", vm->name,
			    "%s: port %d is taken by another program: end it, "
			    "or xray port remove %s %s",
			    vm->name, f.host, vm->name, text);
	}
}

static void
one(struct doctor *d, const char *name)
{
	struct vm vm;
	struct why why;

	if (vm_open(d->home, name, &vm, &why) < 0) {
		autofree char *mend = xasprintf(
		    "${EDITOR:-vi} %s/vms/%s/vm.ini", d->home->path, name);

		doctor_why(d, DOCTOR_BAD, "vm", name, &why, mend);
		return;
	}
	base_of(d, &vm);
	disks(d, &vm);
	modes(d, &vm);
	ports(d, &vm);
	doctor_hooks(d, &vm);
	vm_close(&vm);
}

void
doctor_vms(struct doctor *d, const char *only)
{
	autostrv struct strv names = { 0 };
	size_t had = d->n;
	struct why why;

	if (!d->home)
		return;
	if (only)
		strv_add(&names, only);
	else if (name_list(d->home->vms, &names, &why) < 0)
		doctor_why(d, DOCTOR_BAD, "vm", NULL, &why, NULL);
	for (size_t i = 0; i < names.n; i++)
		one(d, names.v[i]);
	if (d->n == had && names.n)
		doctor_add(d, DOCTOR_OK, "vm", only,
		    "%s: record, disks, base and ports are as they should be",
		    only ? only : "all");
}

void
doctor_ssh(struct doctor *d)
{
	const char *user = getenv("HOME");
	autofree char *path = xasprintf("%s/.ssh/config", user ? user : "");
	autofree char *line =
	    d->home ? ssh_config_include(d->home, NULL) : NULL;
	autobuf struct buf b = { 0 };
	int there;

	if (!line) {
		if (d->home)
			doctor_add(d, DOCTOR_NOTE, "ssh", NULL,
			    "%s: no Include can hold such a path, so plain "
			    "ssh cannot know the VMs",
			    d->home->path);
		return;
	}
	there = io_read_file(AT_FDCWD, path, &b, SSH_CONFIG_MAX) == 0 && b.n &&
	    strstr(b.p, line);
	if (there)
		doctor_add(d, DOCTOR_OK, "ssh", NULL,
		    "plain ssh knows the VMs, as NAME.xray");
	else
		doctor_add(d, DOCTOR_NOTE, "ssh", NULL,
		    "plain ssh, scp and editors do not know the VMs: xray "
		    "ssh-config --install");
}
