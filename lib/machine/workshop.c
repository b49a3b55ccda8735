/* SPDX-License-Identifier: ISC */
#include "workshop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "io.h"
#include "say.h"
#include "sys.h"

int
workshop_make(
    struct home *h, struct vm_spec *spec, struct vm *vm, struct why *why)
{
	if (name_check(spec->becomes, why) < 0 ||
	    name_taken(h->bases, "base", spec->becomes, why) < 0)
		return -1;
	spec->name = WORKSHOP;
	spec->base = NULL;
	if (vm_make(h, spec, vm, why) == 0)
		return 0;
	if (why->code == EX_CANTCREAT)
		why_set(why, EX_CANTCREAT,
		    "%s: another base is being made; xray base seal, or xray "
		    "remove %s",
		    WORKSHOP, WORKSHOP);
	return -1;
}

char *
workshop_ended(const struct vm *vm)
{
	struct buf b = { 0 };

	if (io_read_file(vm->dir, VM_ENDED, &b, 64) == 0)
		return buf_take(&b);
	buf_free(&b);
	return NULL;
}

/* The disk gets a second name, so that whoever is killed here leaves the VM
 * or the base; a VM does not start with a disk of two names. */
static int
share(const struct vm *vm, int stage, struct why *why)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d);

	for (int i = 0; i < n; i++)
		if (linkat(vm->dir, d[i].file, stage, d[i].base_file, 0) < 0)
			return why_sys(
			    why, EX_IOERR, "%s: %s", vm->name, d[i].file);
	return 0;
}

static char *
facts(const struct vm *vm, const char *user)
{
	const char *iso = vm->cdrom ? vm->cdrom : "";
	const char *slash = strrchr(iso, '/');
	struct buf b = { 0 };

	buf_fmt(&b, "arch=%s\nfirmware=%s\ncloud_init=no\norigin=%s\n",
	    vm->arch, vm->firmware, slash ? slash + 1 : iso);
	if (user)
		buf_fmt(&b, "user=%s\n", user);
	return buf_take(&b);
}

/* What sealing made read-only, when it failed; what has another name yet may
 * be a base's. */
static int
unseal(const struct vm *vm)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d), r = 0;
	struct stat st;

	for (int i = 0; i < n; i++)
		if (vm_stat(vm, d[i].file, &st) < 0 ||
		    (st.st_nlink == 1 &&
			fchmodat(vm->dir, d[i].file, 0600, 0) < 0))
			r = -1;
	return r;
}

/* The base is there, and the VM is to be removed yet. */
static int
is_sealed(struct home *h, const struct vm *vm, const char *name)
{
	autofree char *file = xasprintf("%s/1/disk.qcow2", name);
	struct stat vms, bases;

	return fstatat(vm->dir, "disk.qcow2", &vms, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(h->bases, file, &bases, AT_SYMLINK_NOFOLLOW) == 0 &&
	    vms.st_dev == bases.st_dev && vms.st_ino == bases.st_ino;
}

static int
seal(struct home *h, struct vm *vm, const char *name, const char *user,
    struct why *why)
{
	autofree char *stage = NULL;
	autofree char *text = facts(vm, user);
	autoclose int dir = base_stage(h, &stage, why);

	if (dir < 0)
		return -1;
	if (share(vm, dir, why) == 0 &&
	    base_make(h, stage, name, text, why) == 0)
		return 0;
	if (is_sealed(h, vm, name))
		return -1; /* the base is there; the next seal ends it */
	(void)io_remove_tree(h->bases, stage); /* or the sweep */
	if (unseal(vm) < 0)
		return why_sys(why, EX_IOERR, "%s: its disk", vm->name);
	return -1;
}

int
workshop_seal(struct home *h, const char *name, const char *user, char **sealed,
    struct why *why)
{
	autoclose int lock = -1, off = -1;
	struct vm vm;
	int r = -1;

	if (vm_open(h, WORKSHOP, &vm, NULL) < 0)
		return why_set(why, EX_NOINPUT,
		    "nothing to seal; xray base build --iso makes it");
	if (vm_alive(&vm)) {
		why_set(
		    why, EX_TEMPFAIL, "%s: runs; switch it off first", vm.name);
		goto out;
	}
	if ((lock = vm_lock(h, &vm, 0, why)) < 0 ||
	    (off = boot_lock(&vm, why)) < 0)
		goto out;
	if (!name)
		name = conf_get(vm.conf, NULL, "becomes");
	if (!name || *vm.base) {
		why_set(why, EX_USAGE, "%s: seal it as which base?", vm.name);
		goto out;
	}
	if (name_check(name, why) < 0 ||
	    (!is_sealed(h, &vm, name) &&
		(name_taken(h->bases, "base", name, why) < 0 ||
		    seal(h, &vm, name, user, why) < 0)))
		goto out;
	/* of a seal that was killed, too, before the VM goes */
	if (sys_fsync(h->bases) < 0) {
		why_sys(why, EX_IOERR, "%s", name);
		goto out;
	}
	*sealed = xstrdup(name);
	r = vm_remove(h, &vm, why);
out:
	vm_close(&vm);
	return r;
}
