/* SPDX-License-Identifier: ISC */
/*
 * fuzz-home: the bytes behind the first are a file that a person, a program of
 * somebody else's or a copy of a home brings; the first says which: vm.ini (v),
 * config.ini (c), base.ini (b), settings of create --config (s), a firmware
 * descriptor (f), snapshots.ini (n), a hook's script (h).
 */
#include "base.h"
#include "firmware.h"
#include "forward.h"
#include "fuzz.h"
#include "hook.h"
#include "io.h"
#include "keys.h"
#include "script_priv.h"
#include "settings.h"
#include "snap.h"
#include "usernet.h"

static struct home home;
static struct why why;

/* A home with a VM and a base, in memory. */
static void
begin(void)
{
	static const char *const folders[] = { "vms/a", "bases/b", "bases/b/1",
		"qemu", "qemu/firmware" };
	static const char flash[] = "OVMF";

	(void)setenv("XRAY_HOME", fuzz_folder(), 1);
	(void)setenv("XDG_CONFIG_HOME", fuzz_folder(), 1);
	must(home_open_any(&home, &why) == 0);
	for (size_t i = 0; i < LEN(folders); i++)
		must(mkdir(fuzz_path(folders[i]), 0700) == 0);
	fuzz_file(fuzz_path("code.fd"), flash, sizeof flash);
	must(chdir(fuzz_folder()) == 0);
}

static void
unknown(const struct why *w)
{
	fuzz_said(w->text);
}

static void
check_keys(const struct conf *c, const struct vm *vm)
{
	keys_unknown(c, vm, unknown);
	if (keys_check(c, c, vm, unknown, &why) < 0)
		fuzz_why(&why);
}

static void
fuzz_vm(void)
{
	struct vm vm;

	if (vm_open_any(&home, "a", &vm, &why) < 0) {
		fuzz_why(&why);
		return;
	}
	if (vm.broken)
		fuzz_why(&why);
	else {
		int same;

		must(vm.cpus >= 1 && vm.cpus <= 255);
		must(vm.ssh_port >= 0 && vm.ssh_port <= 65535);
		must(vm.memory <= INT64_MAX);
		check_keys(vm.conf, &vm);
		(void)forward_uses(&vm, 80, 0, &same);
		(void)usernet_is(&vm);
	}
	vm_close(&vm);
	if (vm_glance(&home, "a", 1, &vm, &why) < 0)
		fuzz_why(&why);
	else
		vm_close(&vm);
}

static void
fuzz_config(void)
{
	struct conf *c = conf_read(home.fd, "config.ini", "config.ini", &why);
	long long ms = 7;

	if (!c) {
		fuzz_why(&why);
		return;
	}
	check_keys(c, NULL);
	conf_free(home.conf);
	home.conf = c;
	if (home_ms(&home, "XRAY_X", "wait_timeout", &ms, &why) < 0)
		fuzz_why(&why);
	must(ms >= 0);
	(void)vm_log_size(&home);
	for (size_t i = 0; i < nkeys; i++)
		for (size_t k = 0;; k++) {
			char *origin,
			    *v = key_value(&home, NULL, &keys[i], k, &origin);

			must(!v || origin);
			free(origin);
			free(v);
			if (!v)
				break;
		}
}

static void
fuzz_base(void)
{
	struct strv gens = { 0 };
	struct base b;
	struct seal s;

	if (base_open(&home, "b", &b, &why) < 0) {
		fuzz_why(&why);
		return;
	}
	must(b.generation >= 1 && b.current >= 1);
	if (b.generation < 10) {
		base_generations(&b, &gens);
		must(gens.n <= (size_t)b.generation);
	}
	for (long long g = 1; g < 3; g++)
		if (base_seal_of(&b, g, &s, &why) < 0)
			fuzz_why(&why);
		else
			must(s.size <= INT64_MAX && s.mtime >= 0 &&
			    s.vars_mtime >= -1);
	strv_free(&gens);
	base_close(&b);
}

static void
set(const char *option, char *value)
{
	must(*option && value);
	free(value);
}

static void
fuzz_settings(const char *path)
{
	struct strv told = { 0 };

	if (settings_read(path, set, &told, &why) < 0)
		fuzz_why(&why);
	for (size_t i = 0; i < told.n; i++)
		must(strstr(told.v[i], "left out"));
	strv_free(&told);
}

static void
fuzz_firmware(void)
{
	struct firmware fw;

	if (firmware_find("x86_64", &fw, &why) < 0)
		fuzz_why(&why);
	else
		must(access(fw.code, R_OK) == 0 && access(fw.vars, R_OK) == 0);
	firmware_free(&fw);
}

static void
fuzz_snapshots(void)
{
	static const char record[] = "arch = x86_64\nmachine = q35\nmac = x\n"
				     "uuid = y\n";
	struct vm vm;
	char *accel;

	fuzz_file(fuzz_path("vms/a/vm.ini"), record, sizeof record - 1);
	must(vm_open(&home, "a", &vm, &why) == 0);
	accel = snap_accel(&vm, "good");
	must(!accel || strlen(accel) <= CONF_LINE);
	free(accel);
	if (snap_loads(&vm, "good", "tcg", &why) < 0)
		fuzz_why(&why);
	vm_close(&vm);
}

/* A script: what runs it, and for whom it is. */
static void
fuzz_script(const char *path, const char *text, size_t n)
{
	struct vm vm = { .name = (char[]){ "web" } };
	struct scripts s = { .vm = &vm, .hook = "boot" };
	struct hook *v = xcalloc(1, sizeof *v);
	struct hooks hooks = { v, 1 };
	char *line = script_remote(&s, text, n);

	must(str_starts(line, "exec sh -c '"));
	must(line[strlen(line) - 1] == '\'');
	free(line);
	v->path = xstrdup(path);
	hooks_keep_net(&hooks, "filtered");
	must(hooks.n <= 1);
	hooks_free(&hooks);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct {
		char c;
		const char *file;
	} kinds[] = { { 'v', "vms/a/vm.ini" }, { 'c', "config.ini" },
		{ 'b', "bases/b/base.ini" }, { 's', "settings" },
		{ 'f', "qemu/firmware/10-fuzz.json" },
		{ 'n', "vms/a/snapshots.ini" }, { 'h', "script" } };
	size_t i = 0;

	if (!home.path)
		begin();
	while (n && i < LEN(kinds) && kinds[i].c != (char)*p)
		i++;
	if (!n || i == LEN(kinds))
		return 0;
	fuzz_file(fuzz_path(kinds[i].file), p + 1, n - 1);
	switch (*p) {
	case 'v':
		fuzz_vm();
		break;
	case 'c':
		fuzz_config();
		break;
	case 'b':
		fuzz_base();
		break;
	case 's':
		fuzz_settings(fuzz_path("settings"));
		break;
	case 'f':
		fuzz_firmware();
		break;
	case 'n':
		fuzz_snapshots();
		break;
	case 'h':
		fuzz_script(fuzz_path("script"), (const char *)p + 1, n - 1);
		break;
	}
	must(unlink(fuzz_path(kinds[i].file)) == 0);
	return 0;
}
