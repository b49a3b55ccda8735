/* SPDX-License-Identifier: ISC */
#include "firmware.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

/* Code and variables belong together: an image of 4 MiB code does not take
 * the variables of a 2 MiB one. */
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

static int
take(struct firmware *fw, const char *code, const char *vars)
{
	if (access(code, R_OK) < 0 || access(vars, R_OK) < 0)
		return -1;
	fw->code = xstrdup(code);
	fw->vars = xstrdup(vars);
	return 0;
}

int
firmware_find(const char *arch, struct firmware *fw, struct why *why)
{
	const char *code = getenv("OVMF_CODE"), *vars = getenv("OVMF_VARS");

	*fw = (struct firmware){ 0 };
	if (code && vars) {
		if (take(fw, code, vars) == 0)
			return 0;
		return why_sys(why, EX_UNAVAILABLE,
		    "OVMF_CODE %s, OVMF_VARS %s", code, vars);
	}
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
