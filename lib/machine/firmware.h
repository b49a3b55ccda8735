/* SPDX-License-Identifier: ISC */
/* firmware: the UEFI code and the variables it begins with. */
#ifndef XRAY_FIRMWARE_H
#define XRAY_FIRMWARE_H

#include "mem.h"

struct firmware {
	char *code, *vars; /* paths of raw flash images, it owns */
};

/* Firmware for a guest of arch (x86_64, aarch64): of the host's own arch
 * OVMF_CODE and OVMF_VARS from the environment, else what QEMU's firmware
 * descriptors name first for our machines, else where the systems keep them.
 * -1 with why (EX_UNAVAILABLE) when there is none. */
int firmware_find(const char *arch, struct firmware *fw, struct why *why);
void firmware_free(struct firmware *fw);

#endif
