/* SPDX-License-Identifier: ISC */
/*
 * The vector is pinned: a snapshot loads only into the devices, addresses and
 * machine it was taken with.  `hardware` in vm.ini numbers the set below; a
 * new set gets a new number, and old VMs keep theirs.
 *
 * Hardware 1, x86_64: q35 with on pcie.0
 *	02.0 virtio-net   03.0 virtio-blk disk0   04.0 kept for a second disk
 *	05.0 virtio-rng   and isa-serial, vmgenid (no address)
 * aarch64: virt, the same addresses, its own serial port.
 */
#include "qemu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware.h"
#include "json.h"
#include "run.h"
#include "say.h"
#include "sys.h"

static int
find_accel(struct home *h, const struct vm *vm, const char *accel,
    struct qemu *q, struct why *why)
{
	static const char *const known[] = { "auto", "kvm", "hvf", "tcg" };
	const char *env = getenv("XRAY_ACCEL");
	size_t i;

	if (!accel && env && *env)
		accel = env;
	if (!accel && conf_get(vm->conf, NULL, "accel"))
		accel = vm->accel;
	if (!accel)
		accel = conf_get(h->conf, NULL, "accel");
	if (!accel)
		accel = "auto";
	for (i = 0; i < LEN(known); i++)
		if (strcmp(accel, known[i]) == 0)
			break;
	if (i == LEN(known))
		return why_set(why, EX_USAGE,
		    "%s: not an accelerator; auto, kvm, hvf or tcg", accel);
	/* A /dev/kvm that opens may still hang its guests; until it is
	 * probed, only who asks for it gets it. */
	q->accel = i ? known[i] : "tcg";
	if (strcmp(q->accel, "tcg") != 0 && strcmp(vm->arch, sys_arch()) != 0)
		return why_set(why, EX_UNAVAILABLE,
		    "%s: a guest of %s needs --accel tcg on this host",
		    vm->name, vm->arch);
	return 0;
}

int
qemu_find(struct home *h, const struct vm *vm, const char *accel,
    struct qemu *q, struct why *why)
{
	autofree char *name = xasprintf("qemu-system-%s", vm->arch);
	struct firmware fw;

	*q = (struct qemu){ 0 };
	if (find_accel(h, vm, accel, q, why) < 0)
		return -1;
	q->program = run_find(name);
	if (!q->program)
		return why_set(why, EX_UNAVAILABLE,
		    "%s: not found; share/deps installs it", name);
	if (strcmp(vm->firmware, "uefi") != 0)
		return 0;
	if (firmware_find(vm->arch, &fw, why) < 0) {
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
	*q = (struct qemu){ 0 };
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

		layer(v, base, file, 0, NULL);
		layer(v, d[i].node, d[i].file, 1, base);
	}
}

static void
firmware(const struct qemu *q, struct strv *v)
{
	autobuf struct buf b = { 0 };

	if (!q->code)
		return;
	buf_str(&b,
	    "{\"driver\":\"file\",\"node-name\":\"code0\","
	    "\"read-only\":true,\"auto-read-only\":false,\"filename\":");
	json_quote(&b, q->code);
	buf_str(&b, "}");
	strv_words(v, "-blockdev", b.p, NULL);
}

static void
machine(const struct vm *vm, const struct qemu *q, struct strv *v)
{
	int x86 = strcmp(vm->arch, "x86_64") == 0;

	strv_words(v, "-accel", q->accel, "-machine", NULL);
	strv_fmt(v, "%s,dump-guest-core=off,usb=off%s%s", vm->machine,
	    x86 ? ",vmport=off" : ",gic-version=max",
	    q->code ? ",pflash0=code0,pflash1=efivars0" : "");
	strv_words(v, "-cpu", strcmp(q->accel, "tcg") == 0 ? "max" : "host",
	    "-smp", NULL);
	strv_fmt(v, "%lld", vm->cpus);
	strv_add(v, "-m");
	strv_fmt(v, "%" PRIu64 "M", vm->memory >> 20);
}

static void
devices(const struct vm *vm, struct strv *v)
{
	int x86 = strcmp(vm->arch, "x86_64") == 0;

	if (strcmp(vm->net, "none") != 0) {
		strv_words(v, "-netdev",
		    "stream,id=net0,server=on,"
		    "addr.type=unix,addr.path=" VM_NET,
		    "-device", NULL);
		strv_fmt(v,
		    "virtio-net-pci,netdev=net0,id=nic0,mac=%s,"
		    "addr=02.0,romfile=",
		    vm->mac);
	}
	strv_words(v, "-device",
	    "virtio-blk-pci,drive=disk0,id=blk0,"
	    "addr=03.0,bootindex=0,werror=stop,rerror=stop",
	    "-object", "rng-random,id=rng0,filename=/dev/urandom", "-device",
	    "virtio-rng-pci,rng=rng0,id=vrng0,addr=05.0", "-chardev",
	    "socket,id=console0,server=on,wait=off,"
	    "path=" VM_CONSOLE,
	    NULL);
	if (x86)
		strv_words(v, "-device",
		    "isa-serial,chardev=console0,id=serial0", "-device",
		    "vmgenid,guid=auto,id=genid0", NULL);
	else
		strv_words(v, "-serial", "chardev:console0", NULL);
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
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
	    "resourcecontrol=deny",
	    "-uuid", vm->uuid, "-display", "none", NULL);
	firmware(q, argv);
	disks(vm, argv);
	machine(vm, q, argv);
	devices(vm, argv);
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
