/* SPDX-License-Identifier: ISC */
/*
 * The vector is pinned: a snapshot loads only into the devices, addresses and
 * machine it was taken with.  `hardware` in vm.ini numbers the set below; a
 * new set gets a new number, and old VMs keep theirs.
 *
 * Hardware 2, x86_64: q35 with on pcie.0
 *	01.0 video        02.0 virtio-net    03.0 virtio-blk disk0
 *	04.0 kept for a second disk          05.0 virtio-rng
 *	06.0 the seed, a read-only disk      07.0 pointer, with a screen
 *	08.0 virtio-scsi, with a CD          and isa-serial, vmgenid
 * aarch64: virt, the same addresses, its own serial port, and at 07.0 a USB
 * host with keyboard and tablet.
 *
 * With net = proxy QEMU's own network starts processes, which the sandbox would
 * end it for: two of its four sets are left, there alone.
 *
 * The video device without a screen is what a screenshot shows, as small as
 * there is; with one it is virtio's.  Hardware 1 had none, and no seed.
 */
#include "qemu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "accel.h"
#include "firmware.h"
#include "json.h"
#include "run.h"
#include "say.h"
#include "usernet.h"

int
qemu_find(struct home *h, const struct vm *vm, const char *accel,
    struct qemu *q, struct why *why)
{
	autofree char *name = xasprintf("qemu-system-%s", vm->arch);
	const char *env = getenv("XRAY_ACCEL");
	struct firmware fw = { 0 };

	*q = (struct qemu){ 0 };
	if (!accel && env && *env)
		accel = env;
	if (!accel)
		accel = conf_get(vm->conf, NULL, "accel");
	if (!accel)
		accel = conf_get(h->conf, NULL, "accel");
	q->program = run_find(name);
	if (!q->program)
		return why_set(why, EX_UNAVAILABLE,
		    "%s: not found; share/deps installs it", name);
	q->accel = accel_choose(
	    h, accel ? accel : "auto", vm->arch, q->program, &q->told, why);
	if (!q->accel ||
	    (usernet_is(vm) && !(q->netdev = usernet_netdev(vm, why))) ||
	    (strcmp(vm->firmware, "uefi") == 0 &&
		firmware_find(vm->arch, &fw, why) < 0)) {
		qemu_free(q);
		return -1;
	}
	q->code = fw.code;
	free(fw.vars);
	return 0;
}

void
qemu_free(struct qemu *q)
{
	free(q->program);
	free(q->code);
	free(q->told);
	free(q->netdev);
	*q = (struct qemu){ 0 };
}

int
qemu_screen(const struct vm *vm)
{
	return strcmp(vm->display, "none") != 0;
}

/*
 * One qcow2 layer: the file and the format stated, the layer below stated
 * too, so that what the file's header says about it is never looked at.
 */
static void
layer(struct strv *v, const char *node, const char *file, int writable,
    const char *below)
{
	autobuf struct buf b = { 0 };

	buf_fmt(&b,
	    "{\"driver\":\"file\",\"node-name\":\"%s-file\","
	    "\"filename\":",
	    node);
	json_quote(&b, file);
	buf_fmt(&b, ",\"read-only\":%s%s}", writable ? "false" : "true",
	    writable ? ",\"discard\":\"unmap\"" : ",\"auto-read-only\":false");
	strv_words(v, "-blockdev", b.p, NULL);
	b.n = 0;
	buf_fmt(&b,
	    "{\"driver\":\"qcow2\",\"node-name\":\"%s\","
	    "\"file\":\"%s-file\",\"read-only\":%s%s,\"backing\":",
	    node, node, writable ? "false" : "true",
	    writable ? ",\"discard\":\"unmap\"" : "");
	if (below)
		json_quote(&b, below);
	else
		buf_str(&b, "null");
	buf_str(&b, "}");
	strv_words(v, "-blockdev", b.p, NULL);
}

static void
disks(const struct vm *vm, struct strv *v)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d);

	for (int i = 0; i < n; i++) {
		autofree char *base = xasprintf("%s-base", d[i].node);
		autofree char *file = xasprintf("../../bases/%s/%lld/%s",
		    vm->base, vm->generation, d[i].base_file);

		if (!*vm->base) {
			layer(v, d[i].node, d[i].file, 1, NULL);
			continue;
		}
		layer(v, base, file, 0, NULL);
		layer(v, d[i].node, d[i].file, 1, base);
	}
}

/* An image that is read as it is, byte for byte. */
static void
plain(struct strv *v, const char *node, const char *file)
{
	autobuf struct buf b = { 0 };

	buf_fmt(&b,
	    "{\"driver\":\"file\",\"node-name\":\"%s\","
	    "\"read-only\":true,\"auto-read-only\":false,\"filename\":",
	    node);
	json_quote(&b, file);
	buf_str(&b, "}");
	strv_words(v, "-blockdev", b.p, NULL);
}

static int
is_x86(const struct vm *vm)
{
	return strcmp(vm->arch, "x86_64") == 0;
}

static void
machine(const struct vm *vm, const struct qemu *q, struct strv *v)
{
	strv_words(v, "-accel", q->accel, "-machine", NULL);
	strv_fmt(v, "%s,dump-guest-core=off,usb=off%s%s", vm->machine,
	    is_x86(vm) ? ",vmport=off" : ",gic-version=max",
	    q->code ? ",pflash0=code0,pflash1=efivars0" : "");
	strv_words(v, "-cpu", strcmp(q->accel, "tcg") == 0 ? "max" : "host",
	    "-smp", NULL);
	strv_fmt(v, "%lld", vm->cpus);
	strv_add(v, "-m");
	strv_fmt(v, "%" PRIu64 "M", vm->memory >> 20);
}

static void
network(const struct vm *vm, const struct qemu *q, struct strv *v)
{
	if (strcmp(vm->net, "none") == 0)
		return;
	strv_words(v, "-netdev",
	    q->netdev ? q->netdev :
			"stream,id=net0,server=on,"
			"addr.type=unix,addr.path=" VM_NET,
	    "-device", NULL);
	strv_fmt(v,
	    "virtio-net-pci,netdev=net0,id=nic0,mac=%s,"
	    "addr=02.0,romfile=",
	    vm->mac);
}

static void
media(const struct vm *vm, struct strv *v)
{
	/* -kernel takes the first place itself */
	int first = vm->kernel ? 1 : 0;

	strv_add(v, "-device");
	strv_fmt(v,
	    "virtio-blk-pci,drive=disk0,id=blk0,"
	    "addr=03.0,bootindex=%d,werror=stop,rerror=stop",
	    first);
	if (vm->seed) {
		plain(v, "seed0", VM_SEED);
		strv_words(v, "-device",
		    "virtio-blk-pci,drive=seed0,id=blk2,addr=06.0", NULL);
	}
	if (vm->cdrom) {
		plain(v, "cd0", vm->cdrom);
		strv_words(v, "-device", "virtio-scsi-pci,id=scsi0,addr=08.0",
		    "-device", NULL);
		strv_fmt(
		    v, "scsi-cd,drive=cd0,id=cdrom0,bootindex=%d", first + 1);
	}
}

static void
serial(const struct vm *vm, struct strv *v)
{
	strv_words(v, "-object", "rng-random,id=rng0,filename=/dev/urandom",
	    "-device", "virtio-rng-pci,rng=rng0,id=vrng0,addr=05.0", "-chardev",
	    "socket,id=console0,server=on,wait=off,"
	    "path=" VM_CONSOLE,
	    NULL);
	if (is_x86(vm))
		strv_words(v, "-device",
		    "isa-serial,chardev=console0,id=serial0", "-device",
		    "vmgenid,guid=auto,id=genid0", NULL);
	else
		strv_words(v, "-serial", "chardev:console0", NULL);
}

/* Where the picture goes; a window that is closed leaves the VM running. */
static void
picture(const struct vm *vm, struct strv *v)
{
	static const struct {
		const char *word, *option, *value;
	} ways[] = {
		{ "vnc", "-vnc", "unix:" VM_VNC },
		{ "spice", "-spice",
		    "unix=on,addr=" VM_SPICE ",disable-ticketing=on" },
	};

	for (size_t i = 0; i < LEN(ways); i++)
		if (strcmp(vm->display, ways[i].word) == 0) {
			strv_words(v, "-display", "none", ways[i].option,
			    ways[i].value, NULL);
			return;
		}
	strv_add(v, "-display");
	if (strcmp(vm->display, "none") == 0)
		strv_add(v, "none");
	else
		strv_fmt(v, "%s,window-close=off", vm->display);
}

static void
screen(const struct vm *vm, struct strv *v)
{
	int shown = qemu_screen(vm);

	if (vm->hardware < 2)
		return;
	strv_words(v, "-device",
	    !is_x86(vm) ? "virtio-gpu-pci,id=video0,addr=01.0" :
		shown	? "virtio-vga,id=video0,addr=01.0" :
			  "bochs-display,id=video0,addr=01.0",
	    NULL);
	if (shown && is_x86(vm))
		strv_words(v, "-device",
		    "virtio-tablet-pci,id=tablet0,addr=07.0", NULL);
	else if (shown)
		strv_words(v, "-device", "qemu-xhci,id=usb0,addr=07.0",
		    "-device", "usb-kbd,id=kbd0,bus=usb0.0", "-device",
		    "usb-tablet,id=tablet0,bus=usb0.0", NULL);
}

/* Without a boot loader; the root file system is where the recipes put it. */
static void
kernel(const struct vm *vm, struct strv *v)
{
	if (!vm->kernel)
		return;
	strv_words(v, "-kernel", vm->kernel, NULL);
	if (vm->initrd)
		strv_words(v, "-initrd", vm->initrd, NULL);
	strv_add(v, "-append");
	if (vm->append)
		strv_add(v, vm->append);
	else
		strv_fmt(v, "root=/dev/vda2 rw console=%s",
		    is_x86(vm) ? "ttyS0" : "ttyAMA0");
}

static void
devices(const struct vm *vm, const struct qemu *q, struct strv *v)
{
	network(vm, q, v);
	media(vm, v);
	serial(vm, v);
	screen(vm, v);
	kernel(vm, v);
}

void
qemu_argv(const struct vm *vm, const struct qemu *q, const struct strv *smbios,
    int paused, struct strv *argv)
{
	/* each serves one client at a time */
	static const char *const monitors[] = { VM_QMP, VM_EVENTS, VM_WATCH };

	strv_words(argv, q->program, "-name", NULL);
	strv_fmt(argv, "guest=%s,debug-threads=on", vm->name);
	strv_words(argv, "-nodefaults", "-no-user-config", "-sandbox",
	    usernet_is(vm) ? "on,obsolete=deny,resourcecontrol=deny" :
			     "on,obsolete=deny,elevateprivileges=deny,"
			     "spawn=deny,resourcecontrol=deny",
	    "-uuid", vm->uuid, NULL);
	picture(vm, argv);
	if (q->code)
		plain(argv, "code0", q->code);
	disks(vm, argv);
	machine(vm, q, argv);
	devices(vm, q, argv);
	for (size_t i = 0; i < smbios->n; i++) {
		strv_add(argv, "-smbios");
		strv_fmt(argv, "type=11,path=%s", smbios->v[i]);
	}
	for (size_t i = 0; i < LEN(monitors); i++) {
		strv_add(argv, "-chardev");
		strv_fmt(argv, "socket,id=mon%zu,server=on,wait=off,path=%s", i,
		    monitors[i]);
		strv_add(argv, "-mon");
		strv_fmt(argv, "chardev=mon%zu,mode=control", i);
	}
	if (paused)
		strv_add(argv, "-S");
}
