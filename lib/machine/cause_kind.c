/* SPDX-License-Identifier: ISC */
/* cause_kind: what there is to be said, and what helps. */
#include "cause_priv.h"

#include <stdlib.h>
#include <string.h>

/* In a sentence % is the detail; in a command it is the VM's name, and one
 * with $ needs a snapshot to go back to. */
#define SCREEN                                                         \
	"xray screenshot %", "xray console %", "xray snap revert % $", \
	    "xray start --display vnc %"
#define NEXT 5

static const struct kind {
	const char *word;
	int wrong;
	const char *text;
	const char *next[NEXT];
} kinds[] = {
	{ "never-started", 0, "it was never started", { "xray start %" } },
	{ "start-failed", 1, "%", { "xray start %" } },
	{ "port-taken", 1, "%",
	    { "xray port list %", "xray config unset % ssh_port_fixed",
		"xray start %" } },
	{ "disk-full", 1, "%", { "xray disk", "xray start %" } },
	{ "base-changed", 1, "%", { "xray base verify", "xray start %" } },
	{ "snapshot", 1, "%", { "xray start --cold %", "xray snap list %" } },
	{ "accelerator", 1, "%",
	    { "xray doctor", "xray start --accel tcg %" } },
	{ "memory", 1, "%", { "xray start -m 512M %", "xray list" } },
	{ "gateway", 1, "%", { "xray log % net", "xray start %" } },
	{ "qemu-died", 1, "%", { "xray log % qemu", "xray start %" } },
	{ "qemu-killed", 1, "QEMU was killed (%)",
	    { "dmesg | grep -i oom", "xray start %" } },
	{ "vanished", 1,
	    "QEMU ended and nobody saw it: killed with its supervisor, or "
	    "the power went",
	    { "xray start %" } },
	{ "stopped", 0, "it was stopped in the ordinary way%",
	    { "xray start %" } },

	{ "no-supervisor", 1, "its supervisor was killed",
	    { "xray stop -f %", "xray start %" } },
	{ "starting", 0, "it is being started", { "xray wait %" } },
	{ "stopping", 0, "it is stopping", { "xray wait --for stopped %" } },
	{ "held", 0, "a command holds it still for the moment",
	    { "xray wait %" } },
	{ "paused", 0, "it is paused", { "xray resume %" } },
	{ "paused-full", 1, "the host's disk is full%",
	    { "xray disk", "xray resume %" } },
	{ "disk-error", 1, "a disk of the host had an error",
	    { "xray doctor", "xray resume %", "xray log % qemu" } },
	{ "qemu-deaf", 1, "QEMU does not answer",
	    { "xray stop -f %", "xray start %" } },
	{ "accel-error", 1, "the accelerator gave up: QEMU says %",
	    { "xray stop -f %", "xray start --accel tcg %" } },
	{ "gateway-down", 1, "its gateway is down%",
	    { "xray log % net", "xray restart %" } },

	{ "no-root", 1, "the kernel found no root file system", { SCREEN } },
	{ "no-init", 1, "the kernel found no init to run", { SCREEN } },
	{ "panic", 1, "the kernel panicked: %", { SCREEN } },
	{ "no-boot", 1, "nothing on its disk can be booted", { SCREEN } },
	{ "no-kernel", 1, "its boot loader found no kernel", { SCREEN } },
	{ "emergency", 1, "it stands in a shell for repairs: %", { SCREEN } },
	{ "sshd-failed", 1, "its ssh server does not start: %",
	    { "xray console %", "xray log % console" } },
	{ "oom", 1, "the guest ran out of memory: %",
	    { "xray config set % memory 8G", "xray log % console",
		"xray restart %" } },
	{ "hang", 1, "the guest stands still: %",
	    { "xray console %", "xray restart %" } },
	{ "broken-fs", 1, "a disk or file system in the guest is broken: %",
	    { "xray console %", "xray snap revert % $",
		"xray log % console" } },
	{ "guest-full", 1, "a disk in the guest is full%",
	    { "xray ssh % df -h", "xray resize % 40G" } },
	{ "no-sshd", 1, "it has booted, and nothing listens on port 22",
	    { "xray console %", "xray log % console" } },
	{ "no-network", 1, "it has booted, and its network does not answer",
	    { "xray console %", "xray log % net" } },
	{ "no-ssh", 1, "%",
	    { "xray console %", "xray log % console", "xray screenshot %" } },
	{ "odd-ssh", 1, "what listens on port 22 is no ssh server: %",
	    { "xray console %" } },
	{ "booting", 0, "it is booting, for %",
	    { "xray wait %", "xray log -f % console" } },
	{ "stuck", 1, "it does not come up; the last on its console: %",
	    { SCREEN } },
	{ "silent", 1,
	    "the guest is silent: nothing on its console, nothing on port 22",
	    { SCREEN } },
	{ "key-refused", 1, "its sshd refuses the key",
	    { "xray restart %", "xray key install --password %",
		"xray ssh --password %", "xray console %" } },
	{ "host-key", 1, "its host key is not the one that it is known by",
	    { "xray console %", "xray path % data" } },
	{ "ssh-failed", 1, "ssh does not get in: %",
	    { "xray ssh %", "xray console %" } },

	{ "hook-failed", 1, "a hook failed: %",
	    { "xray log % hooks", "xray hooks list %" } },
	{ "read-only", 1, "its root file system is read-only",
	    { "xray ssh % dmesg", "xray restart %", "xray snap revert % $" } },
	{ "cloud-init", 1, "cloud-init failed: %",
	    { "xray ssh % cloud-init status --long" } },
	{ "clock", 1, "the guest's clock is wrong: %",
	    { "xray ssh % sudo hwclock -s -u", "xray wait --for clock %" } },
	{ "denied", 1, "the firewall denied %",
	    { "xray fw log --denied %", "xray fw pending %",
		"xray fw list %" } },
	{ "host-low", 1, "the host's disk is nearly full: %", { "xray disk" } },
	{ "well", 0, "all is well%", { "xray ssh %" } },
};

static void
fill(struct buf *b, const char *form, const char *in, const char *tag)
{
	for (; *form; form++)
		if (*form == '%')
			buf_str(b, in);
		else if (*form == '$')
			buf_str(b, tag);
		else
			buf_add(b, form, 1);
}

void
cause_is(
    struct cause *c, const struct look *l, const char *word, const char *detail)
{
	const struct kind *k = kinds;
	struct buf b = { 0 };

	while (strcmp(k->word, word) != 0)
		k++;
	*c = (struct cause){ .word = k->word, .wrong = k->wrong };
	fill(&b, k->text, detail, "");
	c->text = buf_take(&b);
	for (size_t i = 0; i < NEXT && k->next[i]; i++) {
		if (strchr(k->next[i], '$') && !l->tag)
			continue;
		fill(&b, k->next[i], l->name, l->tag);
		strv_take(&c->next, buf_take(&b));
	}
}

void
cause_free(struct cause *c)
{
	free(c->text);
	strv_free(&c->next);
	*c = (struct cause){ 0 };
}
