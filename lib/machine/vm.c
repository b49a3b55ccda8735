/* SPDX-License-Identifier: ISC */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "ring.h"
#include "say.h"
#include "sys.h"

const char *const vm_archs[] = { "x86_64", "aarch64", NULL };
const char *const vm_firmwares[] = { "bios", "uefi", NULL };
const char *const vm_nets[] = { "filtered", "open", "none", "proxy", NULL };
const char *const vm_accels[] = { "auto", "kvm", "hvf", "tcg", NULL };
const char *const vm_displays[] = { "none", "gtk", "sdl", "cocoa", "curses",
	"vnc", "spice", NULL };

static int
text_fact(struct vm *vm, const char *key, const char *none, const char **out,
    struct why *why)
{
	const char *v = conf_get(vm->conf, NULL, key);

	*out = v ? v : none;
	if (*out)
		return 0;
	return why_set(why, EX_CONFIG, "vms/%s/vm.ini: no %s", vm->name, key);
}

static int
word_fact(struct vm *vm, const char *key, const char *none,
    const char *const *words, const char **out, struct why *why)
{
	if (text_fact(vm, key, none, out, why) < 0)
		return -1;
	for (size_t i = 0; words[i]; i++)
		if (strcmp(*out, words[i]) == 0)
			return 0;
	return why_set(why, EX_CONFIG, "vms/%s/vm.ini: %s = %s: not known",
	    vm->name, key, *out);
}

static int
read_texts(struct vm *vm, struct why *why)
{
	vm->resume = conf_get(vm->conf, NULL, "resume");
	vm->kernel = conf_get(vm->conf, NULL, "kernel");
	vm->initrd = conf_get(vm->conf, NULL, "initrd");
	vm->append = conf_get(vm->conf, NULL, "append");
	vm->cdrom = conf_get(vm->conf, NULL, "cdrom");
	if (text_fact(vm, "base", "", &vm->base, why) < 0 ||
	    text_fact(vm, "arch", NULL, &vm->arch, why) < 0 ||
	    text_fact(vm, "machine", NULL, &vm->machine, why) < 0 ||
	    text_fact(vm, "mac", NULL, &vm->mac, why) < 0 ||
	    text_fact(vm, "uuid", NULL, &vm->uuid, why) < 0 ||
	    text_fact(vm, "ssh_user", "ubuntu", &vm->ssh_user, why) < 0)
		return -1;
	if (word_fact(
		vm, "firmware", "bios", vm_firmwares, &vm->firmware, why) < 0 ||
	    word_fact(vm, "accel", "auto", vm_accels, &vm->accel, why) < 0 ||
	    word_fact(vm, "display", "none", vm_displays, &vm->display, why) <
		0)
		return -1;
	return word_fact(vm, "net", "filtered", vm_nets, &vm->net, why);
}

static int
read_numbers(struct vm *vm, struct why *why)
{
	const struct conf *c = vm->conf;

	vm->generation = vm->hardware = vm->cpus = 1;
	vm->ssh_port = 0;
	vm->memory = (uint64_t)4096 << 20;
	vm->port_fixed = vm->guarded = vm->seed = 0;
	if (conf_int(c, "generation", 1, 1 << 30, &vm->generation, why) < 0 ||
	    conf_int(c, "hardware", 1, 2, &vm->hardware, why) < 0 ||
	    conf_int(c, "cpus", 1, 255, &vm->cpus, why) < 0 ||
	    conf_int(c, "ssh_port", 1, 65535, &vm->ssh_port, why) < 0 ||
	    conf_size(c, "memory", 1 << 20, &vm->memory, why) < 0)
		return -1;
	if (conf_bool(c, "ssh_port_fixed", &vm->port_fixed, why) < 0 ||
	    conf_bool(c, "seed", &vm->seed, why) < 0)
		return -1;
	return conf_bool(c, "protected", &vm->guarded, why) < 0 ? -1 : 0;
}

/* What a list shows. */
static int
read_brief(struct vm *vm)
{
	static const char *const keys[] = { "base", "firmware", "memory",
		"cpus", "ssh_port", NULL };
	autofree char *label = xasprintf("%s/vm.ini", vm->name);

	vm->conf = conf_glance(vm->vms, label, label, keys, NULL);
	vm->arch = vm->machine = vm->mac = vm->uuid = vm->ssh_user = "";
	vm->accel = vm->display = vm->net = "";
	if (!vm->conf ||
	    word_fact(
		vm, "firmware", "bios", vm_firmwares, &vm->firmware, NULL) < 0)
		return -1;
	(void)text_fact(vm, "base", "", &vm->base, NULL); /* or that */
	return read_numbers(vm, NULL);
}

static int
read_record(struct vm *vm, struct why *why)
{
	autofree char *label = xasprintf("vms/%s/vm.ini", vm->name);
	struct conf *c = vm->dir < 0 ?
	    conf_read(vm->vms, label + strlen("vms/"), label, why) :
	    conf_read(vm->dir, "vm.ini", label, why);

	if (!c)
		return -1;
	conf_free(vm->conf);
	vm->conf = c;
	if (read_texts(vm, why) < 0)
		return -1;
	return read_numbers(vm, why);
}

/* The VM whose ssh port that is; NULL when it is nobody's. */
static char *
by_port(struct home *h, const char *port)
{
	if (!*port || port[strspn(port, "0123456789")])
		return NULL;
	return port_holder(h, port);
}

/* What cannot be parsed can still say that it is protected. */
static int
says_protected(const struct vm *vm)
{
	autobuf struct buf b = { 0 };

	/* of what is too large, the begin is there */
	if (io_read_file(vm->dir, "vm.ini", &b, CONF_MAX) < 0 && errno != EFBIG)
		return 0;
	for (char *p = b.p; (p = strstr(p, "protected")); p++) {
		char *v = p + strlen("protected");

		v += strspn(v, " \t=");
		if ((p == b.p || p[-1] == '\n') && strchr("yto1", *v) && *v &&
		    strncmp(v, "off", 3) != 0)
			return 1;
	}
	return 0;
}

int
vm_open_any(struct home *h, const char *name, struct vm *vm, struct why *why)
{
	struct why w = { 0 };

	*vm = (struct vm){ .dir = -1, .hold = -1 };
	if (!name_valid(name))
		return name_missing(h->vms, "VM", name, why);
	vm->dir = io_opendir(h->vms, name);
	if (vm->dir < 0)
		return errno == ENOENT || errno == ENOTDIR ?
		    name_missing(h->vms, "VM", name, why) :
		    why_sys(why, EX_IOERR, "%s", name);
	vm->name = xstrdup(name);
	if (read_record(vm, &w) < 0) {
		if (why)
			*why = w;
		/* what could not be read may be in order, and protected */
		if (w.code == EX_IOERR) {
			vm_close(vm);
			return -1;
		}
		vm->broken = 1;
		vm->guarded = says_protected(vm);
		if (!vm->conf)
			vm->conf = conf_new("vm.ini");
	}
	return 0;
}

int
vm_open(struct home *h, const char *name, struct vm *vm, struct why *why)
{
	autofree char *found = by_port(h, name);
	long long port = 0;

	if (found)
		(void)num_int(name, 1, 65535, &port); /* digits they are */
	if (vm_open_any(h, found ? found : name, vm, why) < 0)
		return -1;
	if (!vm->broken && (!found || port == vm->ssh_port))
		return 0;
	if (!vm->broken)
		name_missing(h->vms, "VM", name, why);
	vm_close(vm);
	return -1;
}

static int
alive_at(int dir, const char *lock)
{
	autoclose int fd = openat(dir, lock, O_RDWR | O_CLOEXEC);

	return fd >= 0 && sys_locked(fd) == 1;
}

/* One name in vms/, a file of its folder; into out, -1: too long. */
static int
inside(const char *name, const char *file, char out[NAME_MAX + 1])
{
	size_t n = strlen(name), m = strlen(file);

	if (n + m >= NAME_MAX)
		return -1;
	memcpy(out, name, n);
	out[n] = '/';
	memcpy(out + n + 1, file, m + 1);
	return 0;
}

/* To open its folder costs as much as to read its record. */
int
vm_glance(
    struct home *h, const char *name, int brief, struct vm *vm, struct why *why)
{
	char lock[NAME_MAX + 1];

	if (!name_valid(name) || inside(name, "run.lock", lock) < 0 ||
	    alive_at(h->vms, lock))
		return vm_open(h, name, vm, why);
	*vm = (struct vm){ .dir = -1, .hold = -1, .vms = h->vms };
	vm->name = xstrdup(name);
	if ((brief ? read_brief(vm) : read_record(vm, NULL)) == 0)
		return 0;
	vm_close(vm);
	return vm_open(h, name, vm, why);
}

int
vm_stat(const struct vm *vm, const char *file, struct stat *st)
{
	char path[NAME_MAX + 1];

	if (vm->dir >= 0)
		return fstatat(vm->dir, file, st, 0);
	return inside(vm->name, file, path) < 0 ? -1 :
						  fstatat(vm->vms, path, st, 0);
}

void
vm_close(struct vm *vm)
{
	if (vm->dir >= 0)
		close(vm->dir);
	free(vm->name);
	conf_free(vm->conf);
	*vm = (struct vm){ .dir = -1, .hold = -1 };
}

int
vm_save(struct vm *vm, struct why *why)
{
	size_t n;
	const char *text = conf_text(vm->conf, &n);

	if (io_replace(vm->dir, "vm.ini", 0600, text, n) < 0)
		return why_sys(why, EX_IOERR, "%s: vm.ini", vm->name);
	return read_record(vm, why);
}

int
vm_alive(const struct vm *vm)
{
	return vm->dir >= 0 && alive_at(vm->dir, "run.lock");
}

/* It lives, and nobody who starts or stops it does: whoever started it was
 * killed before it was there. */
static int
orphaned(const struct vm *vm)
{
	autoclose int lock = openat(vm->dir, "lock", O_RDWR | O_CLOEXEC);

	return lock >= 0 && sys_locked(lock) == 0 &&
	    faccessat(vm->dir, "pid", F_OK, 0) == 0 &&
	    faccessat(vm->dir, "state", F_OK, 0) < 0;
}

char *
vm_status(const struct vm *vm)
{
	autobuf struct buf b = { 0 };

	if (!vm_alive(vm))
		return xstrdup("stopped");
	if (io_read_file(vm->dir, "state", &b, 256) < 0)
		return xstrdup(
		    orphaned(vm) ? "broken (no supervisor)" : "starting");
	b.p[strcspn(b.p, "\n")] = '\0';
	return xstrdup(*b.p ? b.p : "starting");
}

int
vm_noted(const struct vm *vm, const char *file, pid_t *pid,
    unsigned long long *start)
{
	autobuf struct buf b = { 0 };
	long n;

	if (io_read_file(vm->dir, file, &b, 128) < 0 ||
	    sscanf(b.p, "%ld %llu", &n, start) != 2 || n < 2 || n > INT_MAX)
		return -1;
	*pid = (pid_t)n;
	return 0;
}

int
vm_pid(const struct vm *vm, pid_t *pid, unsigned long long *start)
{
	return vm_alive(vm) ? vm_noted(vm, "pid", pid, start) : -1;
}

int
vm_wait_end(const struct vm *vm, long long deadline)
{
	for (int nap = 1; vm_alive(vm); nap = nap < 20 ? nap + 1 : nap) {
		if (io_left(deadline) == 0)
			return 0;
		io_sleep(nap);
	}
	return 1;
}

int
vm_lock(struct home *h, struct vm *vm, long long ms, struct why *why)
{
	int fd = lock_take(vm->dir, "lock", vm->name, ms, why);
	struct stat ours, now;

	if (fd < 0)
		return -1;
	if (fstat(vm->dir, &ours) < 0 ||
	    fstatat(h->vms, vm->name, &now, 0) < 0 ||
	    ours.st_ino != now.st_ino || ours.st_dev != now.st_dev)
		why_set(why, EX_NOINPUT, "%s: was removed just now", vm->name);
	else if (vm->broken || read_record(vm, why) == 0)
		return fd;
	close(fd);
	return -1;
}

int
vm_disks(const struct vm *vm, struct vm_disk disks[VM_DISKS])
{
	int n = 0;

	disks[n++] = (struct vm_disk){ "disk0", "disk.qcow2", "disk.qcow2" };
	if (strcmp(vm->firmware, "uefi") == 0)
		disks[n++] = (struct vm_disk){ "efivars0", "efivars.qcow2",
			"efivars.qcow2" };
	return n;
}

int
vm_ms(const struct home *h, const struct vm *vm, const char *env,
    const char *key, long long *ms, struct why *why)
{
	const char *text = getenv(env);
	int r = 1;

	if (!text || !*text)
		r = conf_ms(vm->conf, key, ms, why);
	return r == 1 ? home_ms(h, env, key, ms, why) : r;
}

uint64_t
vm_log_size(const struct home *h)
{
	uint64_t n = RING_TOTAL;

	(void)conf_size(h->conf, "log_size", 1 << 20, &n, NULL); /* or this */
	return n;
}
