/* SPDX-License-Identifier: ISC */
#include "firmware.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "json.h"
#include "say.h"
#include "sys.h"

/* Where no descriptor tells of them.  Code and variables belong together: an
 * image of 4 MiB code does not take the variables of a 2 MiB one. */
static const struct {
	const char *arch, *code, *vars;
} places[] = {
	/* Debian, Ubuntu */
	{ "x86_64", "/usr/share/OVMF/OVMF_CODE_4M.fd",
	    "/usr/share/OVMF/OVMF_VARS_4M.fd" },
	{ "x86_64", "/usr/share/OVMF/OVMF_CODE.fd",
	    "/usr/share/OVMF/OVMF_VARS.fd" },
	{ "aarch64", "/usr/share/AAVMF/AAVMF_CODE.fd",
	    "/usr/share/AAVMF/AAVMF_VARS.fd" },
	/* Fedora */
	{ "x86_64", "/usr/share/edk2/ovmf/OVMF_CODE.fd",
	    "/usr/share/edk2/ovmf/OVMF_VARS.fd" },
	{ "aarch64", "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
	    "/usr/share/edk2/aarch64/vars-template-pflash.raw" },
	/* Arch */
	{ "x86_64", "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
	    "/usr/share/edk2/x64/OVMF_VARS.4m.fd" },
	/* openSUSE */
	{ "x86_64", "/usr/share/qemu/ovmf-x86_64-4m-code.bin",
	    "/usr/share/qemu/ovmf-x86_64-4m-vars.bin" },
	/* Homebrew; its x86_64 code goes with the i386 variables */
	{ "x86_64", "/opt/homebrew/share/qemu/edk2-x86_64-code.fd",
	    "/opt/homebrew/share/qemu/edk2-i386-vars.fd" },
	{ "aarch64", "/opt/homebrew/share/qemu/edk2-aarch64-code.fd",
	    "/opt/homebrew/share/qemu/edk2-arm-vars.fd" },
	{ "x86_64", "/usr/local/share/qemu/edk2-x86_64-code.fd",
	    "/usr/local/share/qemu/edk2-i386-vars.fd" },
};

/* Where a user keeps descriptors, the caller's. */
static char *
user_descriptors(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return xasprintf("%s/qemu/firmware", xdg);
	return xasprintf("%s/.config/qemu/firmware", home ? home : "");
}

static int
take(struct firmware *fw, const char *code, const char *vars)
{
	if (access(code, R_OK) < 0 || access(vars, R_OK) < 0)
		return -1;
	fw->code = xstrdup(code);
	fw->vars = xstrdup(vars);
	return 0;
}

/* 1 when the array at v has a string that is, or as a pattern matches, s. */
static int
lists(const struct json *d, int v, const char *s)
{
	json_each (d, v, e) {
		autofree char *text = json_str(d, e);

		if (text && fnmatch(text, s, 0) == 0)
			return 1;
	}
	return 0;
}

static int
fits(const struct json *d, const char *arch)
{
	const char *machine =
	    strcmp(arch, "x86_64") == 0 ? "pc-q35-7.2" : "virt-7.2";

	json_each (d, json_get(d, 0, "targets"), t) {
		if (json_is(d, json_get(d, t, "architecture"), arch) &&
		    lists(d, json_get(d, t, "machines"), machine))
			return 1;
	}
	return 0;
}

/* Flash in two images, raw, that works without system management mode. */
static int
suits(const struct json *d, const char *arch)
{
	int features = json_get(d, 0, "features");
	int map = json_get(d, 0, "mapping");
	int mode = json_get(d, map, "mode");

	return lists(d, json_get(d, 0, "interface-types"), "uefi") &&
	    json_is(d, json_get(d, map, "device"), "flash") &&
	    (mode < 0 || json_is(d, mode, "split")) &&
	    json_is(d, json_get(d, map, "executable.format"), "raw") &&
	    json_is(d, json_get(d, map, "nvram-template.format"), "raw") &&
	    !lists(d, features, "requires-smm") &&
	    !lists(d, features, "enrolled-keys") && fits(d, arch);
}

static int
from_descriptor(
    int dir, const char *name, const char *arch, struct firmware *fw)
{
	autobuf struct buf b = { 0 };
	autojson struct json *d = NULL;
	autofree char *code = NULL;
	autofree char *vars = NULL;

	if (io_read_file(dir, name, &b, 1 << 16) < 0 || !b.n)
		return -1; /* an empty one masks those of its name */
	d = json_parse(b.p, b.n, NULL);
	if (!d || !suits(d, arch))
		return -1;
	code = json_str(d, json_get(d, 0, "mapping.executable.filename"));
	vars = json_str(d, json_get(d, 0, "mapping.nvram-template.filename"));
	return code && vars ? take(fw, code, vars) : -1;
}

static int
add_name(const char *name, void *arg)
{
	size_t n = strlen(name);

	if (n > 5 && strcmp(name + n - 5, ".json") == 0 && !strv_has(arg, name))
		strv_add(arg, name);
	return 0;
}

/* QEMU's docs/interop/firmware.json: descriptors are looked at in the order of
 * their names; of one name the user's goes before the host's. */
static int
from_descriptors(const char *arch, struct firmware *fw)
{
	autostrv struct strv names = { 0 };
	autofree char *own = user_descriptors();
	const char *const paths[] = { own, "/etc/qemu/firmware",
		"/usr/share/qemu/firmware", "/opt/homebrew/share/qemu/firmware",
		"/usr/local/share/qemu/firmware" };
	int dir[LEN(paths)], r = -1;

	for (size_t i = 0; i < LEN(paths); i++) {
		dir[i] = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir[i] >= 0)
			(void)io_walk(dir[i], add_name, &names); /* or fewer */
	}
	strv_sort(&names);
	for (size_t k = 0; k < names.n && r < 0; k++)
		for (size_t i = 0; i < LEN(paths); i++) {
			if (dir[i] < 0 ||
			    faccessat(dir[i], names.v[k], R_OK, 0) < 0)
				continue;
			r = from_descriptor(dir[i], names.v[k], arch, fw);
			break;
		}
	for (size_t i = 0; i < LEN(paths); i++)
		if (dir[i] >= 0)
			close(dir[i]);
	return r;
}

int
firmware_find(const char *arch, struct firmware *fw, struct why *why)
{
	const char *code = getenv("OVMF_CODE"), *vars = getenv("OVMF_VARS");

	*fw = (struct firmware){ 0 };
	/* the environment speaks of one: that of the host */
	if (code && vars && strcmp(arch, sys_arch()) == 0) {
		if (take(fw, code, vars) == 0)
			return 0;
		return why_sys(why, EX_UNAVAILABLE,
		    "OVMF_CODE %s, OVMF_VARS %s", code, vars);
	}
	if (from_descriptors(arch, fw) == 0)
		return 0;
	for (size_t i = 0; i < LEN(places); i++)
		if (strcmp(places[i].arch, arch) == 0 &&
		    take(fw, places[i].code, places[i].vars) == 0)
			return 0;
	return why_set(why, EX_UNAVAILABLE,
	    "no UEFI firmware for %s; share/deps installs it", arch);
}

void
firmware_free(struct firmware *fw)
{
	free(fw->code);
	free(fw->vars);
	*fw = (struct firmware){ 0 };
}
