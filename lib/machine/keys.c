/* SPDX-License-Identifier: ISC */
#include "keys.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall.h"
#include "say.h"
#include "sys.h"

enum {
	BORN = KEY_CONFIG | KEY_BIRTH,
	BOTH = KEY_CONFIG | KEY_VM,
	ANY = BOTH | KEY_NOW,
	LIVE = KEY_VM | KEY_NOW,
	FACT = KEY_VM | KEY_FACT
};

static const char *const starts[] = { "no", "ask", "yes", NULL };
static const char *const colors[] = { "auto", "yes", "always", "no", "never",
	NULL };
static const char *const ask_words[] = { "auto", "none", "desktop", "terminal",
	"tmux", "zenity", "kdialog", "osascript", "webhook", NULL };
static const char *const nobodies[] = { "deny", "hold", NULL };
static const char *const firmwares[] = { "auto", "bios", "uefi", NULL };

#define MIB (1LL << 20)
#define GIB (1LL << 30)

/* clang-format off */
const struct key keys[] = {
	{ "base", KEY_NAME, BORN | FACT, NULL, NULL, 0, 0, NULL,
	    "its disk stands on it" },
	{ "generation", KEY_INT, FACT, NULL, NULL, 1, 1 << 30, NULL,
	    "its disk stands on it" },
	{ "memory", KEY_SIZE, BORN | KEY_VM, "4096M", "XRAY_VM_MEMORY",
	    16 * MIB, MIB, NULL, NULL },
	{ "cpus", KEY_INT, BORN | KEY_VM, NULL, "XRAY_VM_CPUS", 1, 255, NULL,
	    NULL },
	{ "disk", KEY_SIZE, BORN, "20G", NULL, 0, GIB, NULL, NULL },
	{ "ssh_user", KEY_USER, BORN | KEY_VM, "ubuntu", NULL, 0, 0, NULL,
	    NULL },
	{ "ssh_port", KEY_INT, KEY_VM | KEY_OWN, NULL, NULL, 1024, 65535, NULL,
	    "xray config set VM ssh_port N" },
	{ "ssh_port_fixed", KEY_BOOL, KEY_VM, "no", NULL, 0, 0, NULL, NULL },
	{ "port", KEY_FORWARD, KEY_VM | KEY_LIST | KEY_OWN, NULL, NULL, 0, 0,
	    NULL, "xray port add, xray port remove" },
	{ "net", KEY_WORD, BORN | KEY_VM, "filtered", NULL, 0, 0, vm_nets,
	    NULL },
	{ "mode", KEY_WORD, ANY | KEY_OWN, "ask", NULL, 0, 0, firewall_modes,
	    "xray fw mode VM MODE" },
	{ "mode_before", KEY_WORD, FACT, NULL, NULL, 0, 0, firewall_modes,
	    "xray fw learn VM off" },
	{ "defaults", KEY_BOOL, ANY | KEY_OWN, "yes", NULL, 0, 0, NULL,
	    "xray fw defaults VM on|off" },
	{ "dns", KEY_WORD, BOTH, "synthetic", NULL, 0, 0, firewall_dns, NULL },
	{ "private_ok", KEY_BLOCK, BOTH | KEY_LIST, NULL, NULL, 0, 0, NULL,
	    NULL },
	{ "accel", KEY_WORD, BOTH, "auto", "XRAY_ACCEL", 0, 0, vm_accels,
	    NULL },
	{ "display", KEY_WORD, BORN | KEY_VM, "none", NULL, 0, 0, vm_displays,
	    NULL },
	{ "kernel", KEY_PATH, KEY_VM, NULL, NULL, 0, 0, NULL, NULL },
	{ "initrd", KEY_PATH, KEY_VM, NULL, NULL, 0, 0, NULL, NULL },
	{ "append", KEY_TEXT, KEY_VM, NULL, NULL, 0, 0, NULL, NULL },
	{ "cdrom", KEY_PATH, KEY_VM, NULL, NULL, 0, 0, NULL, NULL },
	{ "ssh_keys", KEY_PATH, BOTH | KEY_LIST, NULL, NULL, 0, 0, NULL, NULL },
	{ "ssh_start", KEY_WORD, ANY, "no", NULL, 0, 0, starts, NULL },
	{ "label", KEY_TEXT, LIVE, NULL, NULL, 0, 0, NULL, NULL },
	{ "protected", KEY_BOOL, LIVE, "no", NULL, 0, 0, NULL, NULL },
	{ "start_at_login", KEY_BOOL, LIVE | KEY_OWN, "no", NULL, 0, 0, NULL,
	    "xray autostart [--off] VM" },
	{ "arch", KEY_TEXT, FACT, NULL, NULL, 0, 0, NULL,
	    "it is built that way" },
	{ "machine", KEY_TEXT, FACT, NULL, NULL, 0, 0, NULL,
	    "its snapshots load on no other" },
	{ "hardware", KEY_INT, FACT, NULL, NULL, 1, 2, NULL,
	    "its snapshots load on no other" },
	{ "seed", KEY_BOOL, FACT, NULL, NULL, 0, 0, NULL,
	    "it has that disk, or not" },
	{ "becomes", KEY_NAME, FACT, NULL, NULL, 0, 0, NULL,
	    "xray base seal takes another" },
	{ "firmware", KEY_WORD, BORN | FACT, "bios", NULL, 0, 0, firmwares,
	    "its disk boots that way" },
	{ "uuid", KEY_TEXT, FACT, NULL, NULL, 0, 0, NULL,
	    "the guest knows itself by it" },
	{ "mac", KEY_TEXT, FACT, NULL, NULL, 0, 0, NULL,
	    "the guest knows its network by it" },
	{ "version", KEY_INT, FACT, NULL, NULL, 1, 1, NULL,
	    "it tells the form of the file" },
	{ "created", KEY_TEXT, FACT, NULL, NULL, 0, 0, NULL,
	    "it cannot be another time" },
	{ "resume", KEY_TEXT, FACT, NULL, NULL, 0, 0, NULL,
	    "xray snap revert, or start --cold" },
	{ "autostart", KEY_BOOL, BORN, "no", NULL, 0, 0, NULL, NULL },
	{ "ssh_key", KEY_TEXT, KEY_CONFIG, NULL, "XRAY_SSH_KEY", 0, 0, NULL,
	    NULL },
	{ "wait_timeout", KEY_TIME, ANY, "120", "XRAY_WAIT_TIMEOUT", 0,
	    0, NULL, NULL },
	{ "stop_timeout", KEY_TIME, ANY, "60", "XRAY_STOP_TIMEOUT", 0,
	    0, NULL, NULL },
	{ "hook_timeout", KEY_TIME, ANY, "300", "XRAY_HOOK_TIMEOUT", 0, 0,
	    NULL, NULL },
	{ "hook_env", KEY_VARIABLE, KEY_CONFIG | KEY_LIST, NULL, NULL, 0, 0,
	    NULL, NULL },
	{ "first_boot_completed", KEY_BOOL, LIVE, "no", NULL, 0, 0, NULL,
	    NULL },
	{ "first_boot_at", KEY_TEXT, LIVE | KEY_OWN, NULL, NULL, 0, 0, NULL,
	    "xray hooks reset-initial-boot" },
	{ "firewall_configured", KEY_BOOL, LIVE, "no", NULL, 0, 0, NULL,
	    NULL },
	{ "ask", KEY_PROGRAM, KEY_CONFIG | KEY_NOW, "auto", NULL, 0, 0,
	    ask_words, NULL },
	{ "ask_timeout", KEY_TIME, KEY_CONFIG | KEY_NOW, "300", NULL, 0, 0,
	    NULL, NULL },
	{ "ask_nobody", KEY_WORD, KEY_CONFIG | KEY_NOW, "deny", NULL, 0, 0,
	    nobodies, NULL },
	{ "lock_wait", KEY_TIME, KEY_CONFIG, "0", "XRAY_LOCK_WAIT", 0, 0, NULL,
	    NULL },
	{ "min_free", KEY_SIZE, KEY_CONFIG, "1G", NULL, 0, GIB, NULL, NULL },
	{ "log_size", KEY_SIZE, KEY_CONFIG, "4M", NULL, 0, MIB, NULL, NULL },
	{ "color", KEY_WORD, KEY_CONFIG, "auto", NULL, 0, 0, colors, NULL },
	{ "cache", KEY_TEXT, BORN, NULL, "XRAY_CACHE", 0, 0, NULL, NULL },
	{ "packages", KEY_TEXT, BORN | KEY_LIST, NULL, "XRAY_PACKAGES", 0, 0,
	    NULL, NULL },
	{ "timezone", KEY_TEXT, BORN, NULL, "XRAY_TIMEZONE", 0, 0, NULL, NULL },
	{ "locale", KEY_TEXT, BORN, NULL, "XRAY_LOCALE", 0, 0, NULL, NULL },
	{ "script", KEY_PATH, BORN, NULL, "XRAY_SCRIPT", 0, 0, NULL, NULL },
	{ "system_disk_size", KEY_SIZE, BORN, "24G", "XRAY_SYSTEM_DISK_SIZE", 0,
	    GIB, NULL, NULL },
};
/* clang-format on */
const size_t nkeys = LEN(keys);

const struct key *
key_find(const char *name, struct why *why)
{
	const char *best = NULL;

	for (size_t i = 0; i < nkeys; i++)
		if (strcmp(name, keys[i].name) == 0)
			return &keys[i];
	for (size_t i = 0; i < nkeys; i++) {
		str_nearest(&best, name, keys[i].name);
	}
	why_set(why, EX_NOINPUT, "%s: no such key%s%s%s", name,
	    best ? " (" : "", best ? best : "", best ? "?)" : "");
	return NULL;
}

static int
is_word(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(value, *words) == 0)
			return 1;
	return 0;
}

/* A user's name is a word of ssh's command line and of the guest's files. */
static int
is_user(const char *s)
{
	size_t n = strlen(s);

	return n && n < 33 && *s != '-' &&
	    s[strspn(s,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] == '\0';
}

static int
refused(
    const struct key *k, const char *value, const char *want, struct why *why)
{
	return why_set(why, EX_USAGE, "%s: %s: not %s", k->name, value, want);
}

static int
check_size(const struct key *k, const char *value, struct why *why)
{
	uint64_t n;

	if (num_size(value, (uint64_t)k->hi, &n) < 0)
		return refused(k, value, "a size such as 512M or 4G", why);
	if (k->lo && (n < (uint64_t)k->lo || n % MIB))
		return refused(k, value, "whole MiB, at least 16", why);
	return 0;
}

static int
check_word(const struct key *k, const char *value, struct why *why)
{
	autobuf struct buf b = { 0 };

	if (is_word(value, k->words) ||
	    (k->type == KEY_PROGRAM && *value == '/'))
		return 0;
	for (size_t i = 0; k->words[i]; i++)
		buf_fmt(&b, "%s%s",
		    !i			? "" :
			k->words[i + 1] ? ", " :
					  " or ",
		    k->words[i]);
	if (k->type == KEY_PROGRAM)
		buf_str(&b, ", or an absolute path");
	return refused(k, value, b.p, why);
}

/* ADDRESS or ADDRESS/BITS.  That no bits stand behind the prefix is for those
 * who know addresses. */
static int
is_block(const char *value)
{
	autofree char *addr = xstrndup(value, strcspn(value, "/"));
	const char *slash = strchr(value, '/');
	unsigned char bytes[16];
	long long bits;
	int v4 = inet_pton(AF_INET, addr, bytes) == 1;

	if (!v4 && inet_pton(AF_INET6, addr, bytes) != 1)
		return 0;
	return !slash || num_int(slash + 1, 0, v4 ? 32 : 128, &bits) == 0;
}

/* A name that the environment can have. */
static int
is_variable(const char *s)
{
	return *s && !strchr("0123456789", *s) &&
	    s[strspn(s,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

int
key_check(const struct key *k, const char *value, struct why *why)
{
	static const char *const bools[] = { "yes", "no", "true", "false", "on",
		"off", "1", "0", NULL };
	autofree char *range = NULL;
	struct forward f;
	long long n;

	switch (k->type) {
	case KEY_BOOL:
		return is_word(value, bools) ?
		    0 :
		    refused(k, value, "yes or no", why);
	case KEY_INT:
		range = xasprintf("a number from %lld to %lld", k->lo, k->hi);
		return num_int(value, k->lo, k->hi, &n) == 0 ?
		    0 :
		    refused(k, value, range, why);
	case KEY_SIZE:
		return check_size(k, value, why);
	case KEY_TIME:
		return num_duration(value, &n) == 0 ?
		    0 :
		    refused(k, value, "a duration such as 90s or 15m", why);
	case KEY_WORD:
	case KEY_PROGRAM:
		return check_word(k, value, why);
	case KEY_NAME:
		return name_check(value, why);
	case KEY_USER:
		return is_user(value) ? 0 :
					refused(k, value, "a user's name", why);
	case KEY_VARIABLE:
		return is_variable(value) ?
		    0 :
		    refused(k, value, "a variable's name", why);
	case KEY_FORWARD:
		return forward_parse(value, &f, why);
	case KEY_PATH:
		return *value == '/' ?
		    0 :
		    refused(k, value, "an absolute path", why);
	case KEY_BLOCK:
		return is_block(value) ?
		    0 :
		    refused(k, value, "an address or a block of them", why);
	case KEY_TEXT:
		break;
	}
	return 0;
}

char *
key_text(const struct key *k, const char *value)
{
	int bare =
	    !value[strspn(value, "0123456789")] && value[strspn(value, "0")];

	return k->type != KEY_SIZE || !bare ?
	    xstrdup(value) :
	    xasprintf("%s%c", value, k->hi == GIB ? 'G' : 'M');
}

/* What is built in, where that depends on the host. */
static char *
built_in(const struct home *h, const struct vm *vm, const struct key *k)
{
	if (strcmp(k->name, "cpus") == 0)
		return xasprintf("%d",
		    vm		       ? 1 :
			sys_cpus() < 4 ? sys_cpus() :
					 4);
	if (strcmp(k->name, "ssh_key") == 0)
		return xasprintf("%s/ssh/id", h->path);
	return k->none ? xstrdup(k->none) : NULL;
}

/* The value in a file, and its place there. */
static char *
in_file(const struct conf *c, const char *label, const char *name, size_t i,
    char **origin)
{
	const char *v = conf_nth(c, NULL, name, i);

	if (!v)
		return NULL;
	*origin = xasprintf("%s:%d", label, conf_line(c, NULL, name, i));
	return xstrdup(v);
}

char *
key_value(const struct home *h, const struct vm *vm, const struct key *k,
    size_t i, char **origin)
{
	int asks = !vm || !(k->where & KEY_BIRTH);
	const char *env = asks && k->env ? getenv(k->env) : NULL;
	char *v = NULL;

	*origin = NULL;
	if (i && (!(k->where & KEY_LIST) || (env && *env)))
		return NULL; /* a variable is one value */
	if (env && *env) {
		*origin = xstrdup(k->env);
		return xstrdup(env);
	}
	if (vm && (k->where & KEY_VM)) {
		autofree char *label = xasprintf("vms/%s/vm.ini", vm->name);

		v = in_file(vm->conf, label, k->name, i, origin);
	}
	if (!v && asks && (k->where & KEY_CONFIG))
		v = in_file(h->conf, "config.ini", k->name, i, origin);
	if (!v && !i && (v = built_in(h, vm, k)))
		*origin = xstrdup("built in");
	return v;
}
