/* SPDX-License-Identifier: ISC */
#include "accel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "io.h"
#include "run.h"
#include "say.h"
#include "sys.h"
#include "vm.h"

/* Of payload.S. */
extern const unsigned char payload[], payload_end[];

/* Measured: 0.05 s under tcg; a guest that hangs does so for ever. */
enum { PROBE_MS = 3000, LETTERS = 64, ROM = 65536 };

#define CACHE "accel.ini"
#define EMULATION "tcg" /* its section */

/*
 * The payload as the firmware of its machine: on x86_64 the last 64 KiB below
 * 4 GiB, where the processor starts 16 bytes before the end; on aarch64 the
 * flash at 0.
 */
static int
write_rom(int dir, const char *name)
{
	static const unsigned char reset[] = { 0xea, 0, 0, 0, 0xf0 };
	unsigned char *rom = xcalloc(1, ROM);
	int r;

	memcpy(rom, payload, (size_t)(payload_end - payload));
	if (strcmp(sys_arch(), "x86_64") == 0)
		memcpy(rom + ROM - 16, reset, sizeof reset);
	(void)unlinkat(dir, name, 0); /* of another with our pid, long ago */
	r = io_create(dir, name, 0600, rom, ROM);
	free(rom);
	return r;
}

static void
probe_argv(
    const char *program, const char *accel, const char *rom, struct strv *argv)
{
	strv_words(argv, program, "-accel", accel, "-nodefaults",
	    "-no-user-config", "-display", "none", "-no-reboot", "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
	    "resourcecontrol=deny",
	    "-m", "16", "-bios", rom, NULL);
	if (strcmp(sys_arch(), "x86_64") == 0)
		strv_words(argv, "-machine", "pc-q35-7.2", "-cpu", "host",
		    "-debugcon", "stdio", "-device",
		    "isa-debug-exit,iobase=0xf4,iosize=4", NULL);
	else
		strv_words(argv, "-machine", "virt-7.2", "-cpu", "host",
		    "-serial", "stdio", NULL);
}

/* Run the payload under accel; its letters into text, "hangs" or how QEMU
 * ended behind them. */
static int
try(struct home *h, const char *program, const char *accel,
    struct accel_probe *p, struct why *why)
{
	autofree char *rom = xasprintf(".stage-%ld", (long)getpid());
	autostrv struct strv argv = { 0 };
	autobuf struct buf out = { 0 }, seen = { 0 };
	struct run r = RUN_PLAIN;
	struct why w;
	int code;

	home_sweep(h->fd); /* what a probe that was killed has left */
	if (write_rom(h->fd, rom) < 0)
		return why_sys(why, EX_IOERR, "%s/%s", h->path, rom);
	probe_argv(program, accel, rom, &argv);
	r.in = r.err = RUN_NULL;
	r.dir = h->fd;
	code = run_capture_as(&r, argv.v, &out, LETTERS, PROBE_MS, &w);
	(void)unlinkat(h->fd, rom, 0); /* the sweep's, if it stays */
	if (code < 0 && w.code != EX_TEMPFAIL)
		return why_set(why, w.code, "%s", w.text);
	buf_vis(&seen, out.n ? out.p : "", out.n);
	if (out.n && memchr(out.p, '.', out.n)) {
		p->state = ACCEL_WORKS;
		(void)snprintf(p->text, sizeof p->text, "%s: works", accel);
		return 0;
	}
	p->state = ACCEL_FAILS;
	(void)snprintf(p->text, sizeof p->text, "%s: opens, but a guest %s%s%s",
	    accel, code < 0 ? "hangs in it" : "ends QEMU",
	    seen.n ? " after " : "", seen.n ? seen.p : "");
	return 0;
}

/* What the answer depends on: the kernel, and the QEMU by path, size and time
 * of change. */
static char *
circumstances(const char *program)
{
	struct utsname u;
	struct stat st;

	if (uname(&u) < 0 || stat(program, &st) < 0)
		return NULL;
	return xasprintf("%s %s, %s %" PRIu64 " %lld", u.sysname, u.release,
	    program, (uint64_t)st.st_size, (long long)st.st_mtime);
}

static struct conf *
cache_read(struct home *h)
{
	struct conf *c = conf_read(h->fd, CACHE, CACHE, NULL);

	return c ? c : conf_new(CACHE);
}

int
accel_kept(struct home *h, const char *accel, const char *circumstances,
    struct accel_probe *p)
{
	autoconf struct conf *c = cache_read(h);
	const char *then = conf_get(c, accel, "tried");
	const char *works = conf_get(c, accel, "works");
	const char *text = conf_get(c, accel, "text");

	if (!circumstances || !then || strcmp(then, circumstances) != 0 ||
	    !works || !text)
		return 0;
	p->state = strcmp(works, "yes") == 0 ? ACCEL_WORKS : ACCEL_FAILS;
	(void)snprintf(p->text, sizeof p->text, "%s", text);
	return 1;
}

/* A cache: what cannot be written is looked up again. */
static void
keep(struct home *h, const char *section, const char *const *facts)
{
	autoclose int lock = home_lock(h, NULL);
	autoconf struct conf *c = cache_read(h);
	const char *text;
	size_t n;

	if (lock < 0)
		return;
	for (; facts[0]; facts += 2)
		if (conf_set_in(c, section, facts[0], facts[1], NULL) < 0)
			return;
	text = conf_text(c, &n);
	(void)io_replace(h->fd, CACHE, 0600, text, n);
}

int
accel_probe(
    struct home *h, const char *program, struct accel_probe *p, struct why *why)
{
	const char *accel = sys_accel_name();
	autofree char *now = circumstances(program);

	if (sys_accel(accel) < 0) {
		p->state = errno == EACCES || errno == EPERM ? ACCEL_DENIED :
							       ACCEL_ABSENT;
		(void)snprintf(p->text, sizeof p->text, "%s: %s", accel,
		    p->state == ACCEL_DENIED ? "permission denied" :
					       "not on this host");
		return 0;
	}
	if (accel_kept(h, accel, now, p))
		return 0;
	if (try(h, program, accel, p, why) < 0)
		return -1;
	if (now)
		keep(h, accel,
		    (const char *const[]){ "tried", now, "works",
			p->state == ACCEL_WORKS ? "yes" : "no", "text", p->text,
			NULL });
	return 0;
}

/* Once in a home's life: what tcg means. */
static void
tell(struct home *h, const char *reason, char **told)
{
	autoconf struct conf *c = cache_read(h);
	static const char *const facts[] = { "told", "yes", NULL };

	if (!told || conf_get(c, EMULATION, "told"))
		return;
	free(*told);
	*told = xasprintf("%s; so tcg: ten times slower, and no security "
			  "boundary; see xray doctor",
	    reason);
	keep(h, EMULATION, facts);
}

static const char *
automatic(struct home *h, const char *arch, const char *program, char **told,
    struct why *why)
{
	struct accel_probe p;

	if (strcmp(arch, sys_arch()) != 0) {
		autofree char *reason =
		    xasprintf("a guest of %s is emulated", arch);

		tell(h, reason, told);
		return "tcg";
	}
	if (accel_probe(h, program, &p, why) < 0)
		return NULL;
	if (p.state == ACCEL_WORKS)
		return sys_accel_name();
	tell(h, p.text, told);
	return "tcg";
}

const char *
accel_choose(struct home *h, const char *want, const char *arch,
    const char *program, char **told, struct why *why)
{
	size_t i = 0;

	while (vm_accels[i] && strcmp(want, vm_accels[i]) != 0)
		i++;
	if (!vm_accels[i]) {
		why_set(why, EX_USAGE,
		    "%s: not an accelerator; auto, kvm, hvf or tcg", want);
		return NULL;
	}
	if (strcmp(want, "auto") == 0)
		return automatic(h, arch, program, told, why);
	if (strcmp(want, "tcg") == 0 || strcmp(arch, sys_arch()) == 0)
		return vm_accels[i];
	why_set(why, EX_UNAVAILABLE,
	    "a guest of %s needs --accel tcg on this host", arch);
	return NULL;
}
