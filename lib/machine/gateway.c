/* SPDX-License-Identifier: ISC */
#include "gateway.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "egress.h"
#include "firewall.h"
#include "io.h"
#include "qemu.h"
#include "say.h"
#include "sys.h"
#include "usernet.h"

int
gateway_wanted(const struct vm *vm)
{
	return strcmp(vm->net, "none") != 0;
}

int
gateway_built(const char *net, struct why *why)
{
	autofree char *bin = home_bin_dir(why);
	autofree char *path = xasprintf("%s/xray-net", bin ? bin : "");

	if (!bin)
		return -1;
	if (strcmp(net, "none") == 0 || strcmp(net, "proxy") == 0 ||
	    access(path, X_OK) == 0)
		return 0;
	return why_set(why, EX_UNAVAILABLE,
	    "net = %s needs xray-net, which was built without libslirp, so it "
	    "is not here; --net proxy, or xray config set net proxy",
	    net);
}

static int
forwards(const struct conf *c, struct strv *argv, struct why *why)
{
	struct forward f;
	const char *text;

	for (size_t i = 0; (text = conf_nth(c, NULL, "port", i)); i++) {
		if (forward_parse(text, &f, why) < 0)
			return -1;
		strv_add(argv, "--forward");
		strv_fmt(argv, "%s:%d:%d%s", f.addr, f.host, f.guest,
		    f.udp ? "/udp" : "");
	}
	return 0;
}

/* NULL: it cannot be read, perhaps since somebody is in the middle of editing
 * it. */
static struct conf *
conf_now(const struct vm *vm)
{
	return conf_read(vm->dir, "vm.ini", "vm.ini", NULL);
}

static void
rules_words(const struct firewall *f, struct strv *argv)
{
	strv_words(argv, "--mode", f->mode, "--rules", VM_SESSION, "--rules",
	    VM_RULES, "--defaults", f->defaults, NULL);
	if (!f->defaults_on)
		strv_add(argv, "--defaults-off");
	for (size_t i = 0; i < FIREWALL_LISTS; i++)
		strv_words(argv, "--lists", f->lists[i], NULL);
	for (size_t i = 0; i < f->private_ok.n; i++)
		strv_words(argv, "--private-ok", f->private_ok.v[i], NULL);
}

/* By the keys as they are now: mode and the defaults may have changed since the
 * VM was started.  When they cannot be read, what they say may be less than
 * what was said then, so nothing is allowed but by a rule: 1, with why. */
static int
rules_now(struct home *h, const struct vm *vm, struct conf *c,
    struct firewall *f, struct why *why)
{
	struct vm now = *vm;

	now.conf = c ? c : vm->conf;
	if (firewall_open(h, &now, f, why) < 0)
		return -1;
	if (c)
		return 0;
	f->mode = "deny";
	f->defaults_on = 0;
	strv_free(&f->private_ok);
	(void)why_set(why, EX_CONFIG,
	    "vm.ini cannot be read: mode deny, no defaults, no private_ok; "
	    "when it is mended: xray restart %s",
	    vm->name);
	return 1;
}

int
gateway_rules(
    struct home *h, const struct vm *vm, struct strv *argv, struct why *why)
{
	autoconf struct conf *now = conf_now(vm);
	struct firewall f;
	int r = rules_now(h, vm, now, &f, why);

	if (r < 0)
		return -1;
	rules_words(&f, argv);
	firewall_close(&f);
	return r;
}

/* What a gateway that filters has besides. */
static int
filter_argv(struct home *h, const struct vm *vm, struct conf *now, int bell,
    struct strv *argv, struct why *why)
{
	struct firewall f;
	int r = rules_now(h, vm, now, &f, why);

	if (r < 0)
		return -1;
	rules_words(&f, argv);
	strv_words(argv, "--dns", f.dns, "--names", VM_NAMES, "--socks",
	    VM_CALLS, NULL);
	firewall_close(&f);
	if (bell >= 0) {
		strv_add(argv, "--bell-fd");
		strv_fmt(argv, "%d", bell);
	}
	return r;
}

static int
net_argv(struct home *h, const struct vm *vm, int bell, struct strv *argv,
    struct why *why)
{
	autoconf struct conf *now = conf_now(vm);
	struct conf *c = now ? now : vm->conf;
	autofree char *bin = home_bin_dir(why);
	long long port = vm->ssh_port;

	if (!bin)
		return -1;
	(void)conf_int(c, "ssh_port", 1, 65535, &port, NULL);
	strv_fmt(argv, "%s/xray-net", bin);
	strv_words(argv, "--net", vm->net, "--mac", vm->mac, "--control",
	    VM_CONTROL, "--unix", VM_SSH ":22", "--forward", NULL);
	strv_fmt(argv, "127.0.0.1:%lld:22", port);
	if (forwards(c, argv, why) < 0)
		return -1;
	return strcmp(vm->net, "filtered") == 0 ?
	    filter_argv(h, vm, now, bell, argv, why) :
	    0;
}

int
gateway_argv(struct home *h, const struct vm *vm, int ready, int bell,
    struct strv *argv, struct why *why)
{
	int r = usernet_is(vm) ? egress_argv(h, vm, argv, why) :
				 net_argv(h, vm, bell, argv, why);

	if (r < 0)
		return -1;
	if (ready >= 0) {
		strv_add(argv, "--ready-fd");
		strv_fmt(argv, "%d", ready);
	}
	if (!usernet_is(vm))
		strv_add(argv, VM_NET);
	return r;
}

void
gateway_note(const struct vm *vm, pid_t gateway)
{
	unsigned long long start;
	char text[64];

	if (sys_start_time(gateway, &start) < 0)
		return;
	(void)snprintf(text, sizeof text, "%ld %llu\n", (long)gateway, start);
	(void)io_put(vm->dir, VM_GATEWAY, 0600, text, strlen(text));
}

void
gateway_end(const struct vm *vm)
{
	unsigned long long start;
	pid_t pid;

	if (vm_noted(vm, VM_GATEWAY, &pid, &start) < 0)
		return;
	for (int i = 0; i < 200; i++) {
		if (sys_kill(pid, start, i < 100 ? SIGTERM : SIGKILL) < 0)
			return;
		io_sleep(5);
	}
}
