/* SPDX-License-Identifier: ISC */
#include "usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "resize.h"
#include "snap.h"

enum { VM, WHAT, USED, OF, NOTE, NCOLS };

static struct col cols[] = {
	[VM] = { "vm", COL_TEXT, 0, NULL },
	[WHAT] = { "what", COL_TEXT, 1, NULL },
	[USED] = { "used", COL_SIZE, 1, NULL },
	[OF] = { "of", COL_MEM, 1, NULL },
	[NOTE] = { "note", COL_TEXT, 1, NULL },
};

struct table *
usage_table(const struct out *out, int several)
{
	cols[VM].shown = several;
	return table_new(out, cols, NCOLS);
}

static void
row(struct table *t, const char *name, char *what, uint64_t used, uint64_t of,
    char *note)
{
	char *cells[NCOLS] = { 0 };

	cells[VM] = xstrdup(name);
	cells[WHAT] = what;
	cells[USED] = num_text(used);
	cells[OF] = of ? num_text(of) : NULL;
	cells[NOTE] = note;
	table_take(t, cells);
}

static void
note_most(struct most *m, uint64_t bytes, char *command)
{
	if (bytes <= m->bytes) {
		free(command);
		return;
	}
	free(m->command);
	m->bytes = bytes;
	m->command = command;
}

/* Bytes of a tree on the disk. */
struct sum {
	int dir;
	uint64_t bytes;
	size_t files;
};

static int
add(const char *name, void *arg)
{
	struct sum *s = arg;
	struct stat st;

	if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* gone meanwhile */
	if (S_ISDIR(st.st_mode)) {
		autoclose int dir = io_opendir(s->dir, name);
		struct sum below = { dir, 0, 0 };

		if (dir >= 0)
			(void)io_walk(dir, add, &below); /* what can be read */
		s->bytes += below.bytes;
	} else
		s->bytes += (uint64_t)st.st_blocks * 512;
	s->files++;
	return 0;
}

static struct sum
tree(int at, const char *name)
{
	autoclose int dir = io_opendir(at, name);
	struct sum s = { dir, 0, 0 };

	if (dir >= 0)
		(void)io_walk(dir, add, &s);
	return s;
}

static uint64_t
blocks(int dir, const char *file)
{
	struct stat st;

	return fstatat(dir, file, &st, 0) < 0 ? 0 :
						(uint64_t)st.st_blocks * 512;
}

static void
backups(struct table *t, struct home *h, const char *name)
{
	autofree char *dir = xasprintf("backups/%s", name);
	struct sum s = tree(h->fd, dir);

	if (s.files)
		row(t, name, xstrdup("backups"), s.bytes, 0,
		    xasprintf("%zu", s.files));
}

int
usage_vm(struct table *t, struct home *h, const struct vm *vm,
    struct most *most, struct why *why)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d);
	uint64_t used = 0, memory = 0, size;
	struct snaps s;

	if (disk_size(vm, &size, why) < 0 || snaps_read(vm, &s, why) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		used += blocks(vm->dir, d[i].file);
	for (size_t i = 0; i < s.n; i++) {
		memory += s.v[i].size;
		note_most(most, s.v[i].size,
		    xasprintf("xray snap delete %s %s", vm->name, s.v[i].tag));
	}
	/* the memory of live snapshots is kept in the first disk's file */
	row(t, vm->name, xstrdup("disk"), used > memory ? used - memory : 0,
	    size,
	    *vm->base ?
		xasprintf("overlay on %s/%lld", vm->base, vm->generation) :
		xstrdup("detached"));
	if (s.n)
		row(t, vm->name, xstrdup("snapshots"), memory, 0,
		    xasprintf("%zu", s.n));
	snaps_free(&s);
	backups(t, h, vm->name);
	return 0;
}

/* How many VMs stand on the generation. */
static size_t
standing(struct home *h, const struct strv *users, long long generation)
{
	size_t n = 0;
	struct vm vm;

	for (size_t i = 0; i < users->n; i++) {
		if (vm_open(h, users->v[i], &vm, NULL) < 0)
			continue;
		n += vm.generation == generation;
		vm_close(&vm);
	}
	return n;
}

int
usage_base(struct table *t, struct home *h, const char *name, struct most *most,
    struct why *why)
{
	autofree char *label = xasprintf("base:%s", name);
	autostrv struct strv users = { 0 };
	struct base b;
	struct seal seal;

	if (base_open(h, name, &b, why) < 0)
		return -1;
	if (base_users(h, name, 0, &users, why) < 0) {
		base_close(&b);
		return -1;
	}
	for (long long g = 1; g <= b.generation; g++) {
		autofree char *dir = xasprintf("%lld", g);
		struct sum s = tree(b.dir, dir);
		size_t vms = standing(h, &users, g);

		if (base_seal_of(&b, g, &seal, NULL) < 0 || !s.files)
			continue;
		if (!vms && g != b.current)
			note_most(
			    most, s.bytes, xasprintf("xray base gc %s", name));
		row(t, label, xasprintf("generation %lld", g), s.bytes,
		    seal.virtual_size,
		    vms ? xasprintf("%zu VM%s", vms, vms == 1 ? "" : "s") :
			  xstrdup(g == b.current ? "for new VMs" :
						   "nothing stands on it"));
	}
	base_close(&b);
	return 0;
}
