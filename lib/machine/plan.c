/* SPDX-License-Identifier: ISC */
/*
 * plan: what a new VM will be.  Flags, environment, config.ini, base.ini and
 * defaults, in that order; but what the base says of what is in its image
 * (firmware, user) and of its disk goes before config.ini, whose one word is
 * for all bases.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.h"
#include "io.h"
#include "say.h"
#include "seed.h"
#include "sys.h"

/* Snapshots load only on the machine they were taken on, so the version of
 * the machine is written down; 7.2 is the oldest QEMU we run on. */
static const struct {
	const char *arch, *machine;
} machines[] = {
	{ "x86_64", "pc-q35-7.2" },
	{ "aarch64", "virt-7.2" },
};

static const char *
either(const char *a, const char *b)
{
	return a ? a : b;
}

/* A text setting: the flag, the base's fact, config.ini, the default. */
static const char *
setting(struct home *h, struct plan *p, const char *flag, const char *key,
    const char *none)
{
	if (!flag)
		flag = conf_get(p->base.conf, NULL, key);
	if (!flag)
		flag = conf_get(h->conf, NULL, key);
	return either(flag, none);
}

static int
plan_memory(struct home *h, struct plan *p, struct why *why)
{
	const char *env = getenv("XRAY_VM_MEMORY");
	int r = 1;

	p->memory = p->spec->memory;
	if (p->memory)
		return 0;
	if (env && *env)
		return num_size(env, 1 << 20, &p->memory) == 0 ?
		    0 :
		    why_set(
			why, EX_CONFIG, "XRAY_VM_MEMORY: %s: not a size", env);
	/* the base's is what its guest likes, not what a person wants */
	r = conf_size(h->conf, "memory", 1 << 20, &p->memory, why);
	if (r == 1)
		r = conf_size(p->base.conf, "memory", 1 << 20, &p->memory, why);
	if (r == 1)
		p->memory = (uint64_t)4096 << 20;
	return r < 0 ? -1 : 0;
}

static int
plan_cpus(struct home *h, struct plan *p, struct why *why)
{
	const char *env = getenv("XRAY_VM_CPUS");
	int r;

	p->cpus = p->spec->cpus;
	if (p->cpus)
		return 0;
	if (env && *env)
		return num_int(env, 1, 255, &p->cpus) == 0 ?
		    0 :
		    why_set(
			why, EX_CONFIG, "XRAY_VM_CPUS: %s: not a number", env);
	r = conf_int(h->conf, "cpus", 1, 255, &p->cpus, why);
	if (r == 1 && (p->cpus = sys_cpus()) > 4)
		p->cpus = 4;
	return r < 0 ? -1 : 0;
}

/* The base's own size when it says disk=0 or is larger than what is asked
 * for by default; --disk must not cut. */
static int
plan_disk(struct home *h, struct plan *p, struct why *why)
{
	uint64_t want = (uint64_t)20 << 30, least = p->seal.virtual_size;
	int r;

	p->disk = p->spec->disk;
	if (p->disk && p->disk < least)
		return why_set(why, EX_CONFIG,
		    "--disk: smaller than the "
		    "base, which has %" PRIu64 " bytes",
		    least);
	if (!p->disk) {
		r = conf_size(p->base.conf, "disk", 1 << 30, &want, why);
		if (r == 1)
			r = conf_size(h->conf, "disk", 1 << 30, &want, why);
		if (r < 0)
			return -1;
		p->disk = want > least ? want : least;
	}
	p->disk = (p->disk + 511) & ~(uint64_t)511;
	return 0;
}

static int
plan_machine(struct home *h, struct plan *p, struct why *why)
{
	p->arch = conf_get(p->base.conf, NULL, "arch");
	if (!p->arch)
		p->arch = p->spec->base || !p->spec->arch ? sys_arch() :
							    p->spec->arch;
	if (p->spec->arch && strcmp(p->spec->arch, p->arch) != 0)
		return why_set(why, EX_CONFIG, "--arch %s: base %s is of %s",
		    p->spec->arch, p->base.name, p->arch);
	for (size_t i = 0; i < LEN(machines); i++)
		if (strcmp(machines[i].arch, p->arch) == 0)
			p->machine = machines[i].machine;
	if (!p->machine)
		return why_set(why, EX_CONFIG, "%s: arch %s: not known",
		    p->base.name, p->arch);
	p->firmware = setting(h, p, p->spec->firmware, "firmware", "bios");
	if (strcmp(p->firmware, "auto") == 0)
		p->firmware = "bios";
	if (strcmp(p->arch, "aarch64") == 0)
		p->firmware = "uefi";
	if (strcmp(p->firmware, "uefi") == 0 && !p->seal.efivars)
		return why_set(why, EX_UNAVAILABLE,
		    "%s: has no UEFI "
		    "variables; install UEFI firmware (share/deps) and make "
		    "the base again",
		    p->base.name);
	return 0;
}

/* A user's name is a word of ssh's command line and of the guest's files. */
static int
user_check(const char *user, struct why *why)
{
	size_t n = strlen(user);

	if (n && n < 33 && *user != '-' &&
	    user[strspn(user,
		"abcdefghijklmno"
		"pqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] == '\0')
		return 0;
	return why_set(why, EX_USAGE, "%s: not a user's name", user);
}

/* tiny is told all by SMBIOS, and an image without cloud-init takes nothing:
 * all others get the seed. */
static int
plan_seed(struct plan *p, struct why *why)
{
	const char *key = conf_get(p->base.conf, NULL, "key");
	const char *file = p->spec->user_data;
	int takes = 1;

	if (conf_bool(p->base.conf, "cloud_init", &takes, why) < 0)
		return -1;
	p->seed = takes && !(key && strcmp(key, "smbios") == 0);
	if (!file)
		return 0;
	if (!p->seed)
		return why_set(why, EX_CONFIG,
		    "--user-data: base %s has no cloud-init", p->base.name);
	if (io_read_file(AT_FDCWD, file, &p->user_data, SEED_USER_DATA_MAX) < 0)
		return why_sys(why, EX_NOINPUT, "%s", file);
	return p->user_data.n ? 0 : why_set(why, EX_DATAERR, "%s: empty", file);
}

static int
word_check(const char *key, const char *word, const char *const *words,
    struct why *why)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return 0;
	return why_set(why, EX_CONFIG, "%s = %s: not known", key, word);
}

/* Those that were given come first: the first that matches wins. */
static int
plan_rules(struct plan *p, struct why *why)
{
	const struct buf *given = &p->spec->rules;
	autobuf struct buf bases = { 0 };

	if (given->n)
		buf_add(&p->rules, given->p, given->n);
	if (p->spec->base &&
	    io_read_file(p->base.dir, "rules", &bases, BASE_RULES_MAX) < 0 &&
	    errno != ENOENT)
		return why_sys(why, EX_IOERR, "%s: rules", p->base.name);
	if (bases.n)
		buf_add(&p->rules, bases.p, bases.n);
	return 0;
}

static int
plan_provision(struct plan *p, struct why *why)
{
	const char *file = p->spec->provision;

	if (!file)
		return 0;
	if (io_read_file(AT_FDCWD, file, &p->provision, VM_PROVISION_MAX) < 0)
		return why_sys(why, EX_NOINPUT, "%s", file);
	return p->provision.n ? 0 : why_set(why, EX_DATAERR, "%s: empty", file);
}

/* Without a base there are no facts of one, and no firmware is ruled out. */
static int
plan_base(struct home *h, struct plan *p, struct why *why)
{
	const struct vm_spec *s = p->spec;

	if (!s->base) {
		p->base.name = xstrdup(s->name);
		p->base.conf = conf_new("base.ini");
		p->seal.efivars = 1;
		return conf_set(p->base.conf, "cloud_init", "no", why);
	}
	if (base_open(h, s->base, &p->base, why) < 0)
		return -1;
	p->generation = s->generation ? s->generation : p->base.current;
	return base_seal_of(&p->base, p->generation, &p->seal, why);
}

int
plan_make(struct home *h, struct plan *p, struct why *why)
{
	const struct vm_spec *s = p->spec;

	if (plan_base(h, p, why) < 0 || plan_memory(h, p, why) < 0 ||
	    plan_cpus(h, p, why) < 0 || plan_disk(h, p, why) < 0 ||
	    plan_machine(h, p, why) < 0 || plan_seed(p, why) < 0 ||
	    plan_rules(p, why) < 0 || plan_provision(p, why) < 0)
		return -1;
	p->display = s->display ?
	    s->display :
	    either(conf_get(h->conf, NULL, "display"), "none");
	p->net = s->net ? s->net :
			  either(conf_get(h->conf, NULL, "net"), "filtered");
	p->user = s->ssh_user;
	if (!p->user)
		p->user = conf_get(p->base.conf, NULL, "user");
	if (!p->user)
		p->user = conf_get(h->conf, NULL, "ssh_user");
	p->user = either(p->user, "ubuntu");
	if ((s->label && conf_check("vm.ini", "label", s->label, why) < 0) ||
	    (s->cdrom && conf_check("vm.ini", "cdrom", s->cdrom, why) < 0))
		return -1;
	if (word_check("firmware", p->firmware, vm_firmwares, why) < 0 ||
	    word_check("net", p->net, vm_nets, why) < 0 ||
	    gateway_built(p->net, why) < 0 ||
	    word_check("display", p->display, vm_displays, why) < 0)
		return -1;
	if (p->memory < 16 << 20 || p->memory % (1 << 20))
		return why_set(
		    why, EX_CONFIG, "memory: whole MiB, at least 16");
	return user_check(p->user, why);
}
