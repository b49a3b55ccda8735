/* SPDX-License-Identifier: ISC */
#include "resize.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "qcow2.h"
#include "qemu.h"
#include "qmp.h"
#include "room.h"
#include "say.h"
#include "snap.h"

enum { QMP_MS = 30000 };

int
disk_size(const struct vm *vm, uint64_t *size, struct why *why)
{
	autoclose int fd = openat(vm->dir, "disk.qcow2", O_RDONLY | O_CLOEXEC);
	struct qcow2 q;

	if (fd < 0)
		return why_sys(why, EX_IOERR, "%s: disk.qcow2", vm->name);
	if (qcow2_read(fd, &q, why) < 0)
		return -1;
	*size = q.size;
	return 0;
}

static int
live(const struct vm *vm, const struct vm_disk *d, uint64_t size,
    struct why *why)
{
	long long deadline = io_now() + QMP_MS;
	autofree char *args = xasprintf(
	    "{\"node-name\":\"%s\",\"size\":%" PRIu64 "}", d->node, size);
	autoqmp struct qmp *q =
	    qmp_open(vm->dir, VM_QMP, vm->name, deadline, why);

	return q ? qmp_do(q, "block_resize", args, deadline, why) : -1;
}

static int
allowed(struct home *h, const struct vm *vm, uint64_t now, uint64_t size,
    int force, struct why *why)
{
	autofree char *has = num_binary(now);
	struct room room;
	int fits;

	if (size < now)
		return why_set(why, EX_NOPERM, "%s: has %s; a disk only grows",
		    vm->name, has);
	if (room_look(h, &room, why) < 0)
		return -1;
	fits = force || size <= room.all;
	if (!fits) {
		autofree char *all = num_human(room.all);

		why_set(why, EX_NOPERM,
		    "%s: the file system on %s is of %s: such a disk could "
		    "not be filled; -f makes it",
		    vm->name, room.mount, all);
	}
	room_free(&room);
	return fits ? 0 : -1;
}

int
disk_resize(
    struct home *h, struct vm *vm, uint64_t size, int force, struct why *why)
{
	struct vm_disk d[VM_DISKS];
	uint64_t now;
	int r;

	if (disk_size(vm, &now, why) < 0)
		return -1;
	if (size != now && allowed(h, vm, now, size, force, why) < 0)
		return -1;
	(void)vm_disks(vm, d);
	r = snap_hold(vm, NULL, why); /* ends one that was killed, too */
	if (r < 0)
		return -1;
	if (r > 0)
		return size == now ? 1 : live(vm, &d[0], size, why);
	r = size == now ? 1 : snap_cold_resize(vm, size, why);
	close(vm->hold);
	vm->hold = -1;
	return r;
}
