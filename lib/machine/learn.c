/* SPDX-License-Identifier: ISC */
#include "learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "fetch.h"
#include "firmware.h"
#include "guess.h"
#include "img.h"
#include "layout.h"
#include "say.h"
#include "sys.h"

static const char *
arch(struct import *im, const struct layout *l)
{
	const char *host = sys_arch(), *named = guess_arch(im->from);

	if (im->arch)
		return im->arch;
	if (l->x86_64 && l->aarch64)
		return host;
	if (l->x86_64 || l->aarch64)
		return l->x86_64 ? "x86_64" : "aarch64";
	if (named)
		return named;
	if (l->bios && !l->esp)
		return "x86_64"; /* nothing else has a BIOS */
	if (l->table)
		strv_fmt(&im->notes,
		    "%s: nothing tells its processor; %s is assumed (xray base "
		    "label "
		    "%s arch=...)",
		    im->name, host, im->name);
	return host;
}

static const char *
firmware(struct import *im, const struct layout *l, const char *cpu)
{
	struct firmware fw;

	if (im->firmware)
		return im->firmware;
	if (strcmp(cpu, "aarch64") == 0)
		return "uefi";
	if (!l->esp)
		return "bios";
	/* one that boots both ways does on a host without UEFI firmware */
	if (l->bios && firmware_find(cpu, &fw, NULL) < 0) {
		strv_fmt(&im->notes,
		    "%s: this host has no UEFI firmware; it is booted by BIOS",
		    im->name);
		return "bios";
	}
	if (l->bios)
		firmware_free(&fw);
	return "uefi";
}

static void
origin(struct import *im, struct buf *facts)
{
	autofree char *full = fetch_is_url(im->from) ? fetch_origin(im->from) :
						       realpath(im->from, NULL);

	/* one too long for base.ini is left out: it is for people alone */
	if (full && conf_check("base.ini", "origin", full, NULL) == 0)
		buf_fmt(facts, "origin=%s\n", full);
}

int
learn(struct import *im, int stage, uint64_t size, struct buf *facts,
    struct why *why)
{
	const char *name = im->name, *cpu;
	struct layout l;
	struct disk d;
	struct img_disk *i = img_open(stage, size, &d);

	layout_read(&d, &l);
	if (img_shut(i) < 0) /* a guess would stay */
		return why_set(
		    why, EX_IOERR, "%s: what is on it cannot be read", name);
	cpu = arch(im, &l);
	buf_fmt(facts, "arch=%s\nfirmware=%s\nkey=seed\ncloud_init=%s\n", cpu,
	    firmware(im, &l, cpu), l.esp || l.bios || l.table ? "yes" : "no");
	origin(im, facts);
	if (im->user)
		buf_fmt(facts, "user=%s\n", im->user);
	else
		strv_fmt(&im->notes,
		    "%s: its user is not known; xray base label %s user=NAME",
		    name, name);
	if (!l.esp && !l.bios)
		strv_fmt(&im->notes, "%s: nothing on it can be booted", name);
	return 0;
}
