/* SPDX-License-Identifier: ISC */
/* doctor_host: the machine: QEMU and what it can, the accelerator, firmware,
 * the programs that commands run, and who runs them. */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accel.h"
#include "firmware.h"
#include "gateway.h"
#include "isolate.h"
#include "keys.h"
#include "run.h"
#include "say.h"
#include "sys.h"

enum { ASK_MS = 20000, ANSWER_MAX = 65536 };

static const char *const arches[] = { "x86_64", "aarch64" };

/* The group of share/deps that brings QEMU for guests of arch. */
static const char *
group_of(const char *arch)
{
	return strcmp(arch, "aarch64") == 0 ? "arm" : "run";
}

/* Run argv; what it printed in out.  Its exit code or -1 with why. */
static int
ask(const struct strv *argv, struct buf *out, struct why *why)
{
	struct run r = RUN_PLAIN;
	int code;

	r.in = r.err = RUN_NULL; /* QEMU speaks of modules it has not */
	code = run_capture_as(&r, argv->v, out, ANSWER_MAX, ASK_MS, why);
	if (code == 0 && !out->n)
		buf_str(out, "");
	return code;
}

/* As doctor_version says; NULL with why. */
static char *
version(const char *program, int *recent, struct why *why)
{
	autostrv struct strv argv = { 0 };
	autobuf struct buf out = { 0 };
	char *is;

	strv_words(&argv, program, "--version", NULL);
	if (ask(&argv, &out, why) < 0)
		return NULL;
	is = doctor_version(out.n ? out.p : "", recent);
	if (!is)
		why_set(why, EX_PROTOCOL, "%s: says no version", program);
	return is;
}

/* Whether it has a sandbox of all four sets: it is taken up before the list
 * of netdevs is printed, and a QEMU that cannot ends with an error. */
static int
can_sandbox(const char *program, struct buf *netdevs)
{
	autostrv struct strv argv = { 0 };
	struct why why;

	strv_words(&argv, program, "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
	    "resourcecontrol=deny",
	    "-netdev", "help", NULL);
	return ask(&argv, netdevs, &why) == 0;
}

static void
features(struct doctor *d, const char *program, const char *is)
{
	autostrv struct strv plain = { 0 };
	autobuf struct buf netdevs = { 0 };
	int sandbox = can_sandbox(program, &netdevs), stream;
	struct why why;

	if (!sandbox) {
		netdevs.n = 0;
		strv_words(&plain, program, "-netdev", "help", NULL);
		if (ask(&plain, &netdevs, &why) < 0) {
			doctor_why(d, DOCTOR_BAD, "qemu", NULL, &why,
			    "put one that works first in PATH");
			return;
		}
	}
	stream = netdevs.n && strstr(netdevs.p, "\nstream") != NULL;
	if (sandbox && stream)
		doctor_add(d, DOCTOR_OK, "qemu", NULL,
		    "%s, stream netdev, seccomp", is);
	else
		doctor_add(d, DOCTOR_BAD, "qemu", NULL,
		    "%s: %s, built without%s%s%s: put one that has it first "
		    "in PATH",
		    program, is, stream ? "" : " -netdev stream",
		    sandbox || stream ? "" : " and",
		    sandbox ? "" : " -sandbox (seccomp)");
}

/* QEMU for the host's own architecture: its path, the caller's; NULL when
 * there is none that can be used. */
static char *
qemu(struct doctor *d)
{
	autofree char *name = xasprintf("qemu-system-%s", sys_arch());
	autofree char *install = NULL;
	autofree char *is = NULL;
	char *program = run_find(name);
	int recent;
	struct why why;

	if (!program) {
		install = doctor_install(group_of(sys_arch()));
		doctor_add(d, DOCTOR_BAD, "qemu", NULL, "%s: not found: %s",
		    name, install);
		return NULL;
	}
	is = version(program, &recent, &why);
	if (!is) {
		doctor_why(d, DOCTOR_BAD, "qemu", NULL, &why,
		    "put one that works first in PATH");
		free(program);
		return NULL;
	}
	if (!recent) {
		doctor_add(d, DOCTOR_BAD, "qemu", NULL,
		    "%s: %s, and 7.2 is the oldest that will do: put a newer "
		    "one first in PATH",
		    program, is);
		return program;
	}
	features(d, program, is);
	return program;
}

static void
qemu_img(struct doctor *d)
{
	autofree char *program = run_find("qemu-img");
	autofree char *install = NULL;
	autofree char *is = NULL;
	struct why why;
	int recent;

	if (!program) {
		install = doctor_install("run");
		doctor_add(
		    d, DOCTOR_BAD, "qemu-img", NULL, "not found: %s", install);
		return;
	}
	is = version(program, &recent, &why);
	if (!is)
		doctor_why(d, DOCTOR_BAD, "qemu-img", NULL, &why,
		    "put one that works first in PATH");
	else
		doctor_add(d, DOCTOR_OK, "qemu-img", NULL, "%s", is);
}

/* Guests of the other architecture are emulated; nobody has to want them. */
static void
other_qemu(struct doctor *d, const char *arch)
{
	autofree char *name = xasprintf("qemu-system-%s", arch);
	autofree char *program = run_find(name);
	autofree char *text = NULL;
	struct why why;
	int recent;

	if (!program) {
		text = doctor_install(group_of(arch));
		doctor_add(d, DOCTOR_NOTE, "qemu", NULL,
		    "%s: not found, so no guests of %s: %s", name, arch, text);
		return;
	}
	text = version(program, &recent, &why);
	if (text)
		doctor_add(d, recent ? DOCTOR_OK : DOCTOR_NOTE, "qemu", NULL,
		    "%s %s: guests of %s, emulated", name, text, arch);
	else
		doctor_why(d, DOCTOR_NOTE, "qemu", NULL, &why, NULL);
}

/* Of the host's architecture on x86_64 it is needed by some guests; aarch64
 * has no other. */
static void
firmware(struct doctor *d, const char *arch)
{
	const char *code = getenv("OVMF_CODE"), *vars = getenv("OVMF_VARS");
	int own = strcmp(arch, sys_arch()) == 0;
	autofree char *mend = NULL;
	struct firmware fw;
	struct why why;

	if (own && !code != !vars)
		doctor_add(d, DOCTOR_NOTE, "firmware", NULL,
		    "%s is set and %s is not, so neither counts: unset %s",
		    code ? "OVMF_CODE" : "OVMF_VARS",
		    code ? "OVMF_VARS" : "OVMF_CODE",
		    code ? "OVMF_CODE" : "OVMF_VARS");
	if (firmware_find(arch, &fw, &why) == 0) {
		doctor_add(
		    d, DOCTOR_OK, "firmware", NULL, "%s: %s", arch, fw.code);
		firmware_free(&fw);
		return;
	}
	if (code && vars) {
		if (own)
			doctor_why(d, DOCTOR_BAD, "firmware", NULL, &why,
			    "unset OVMF_CODE OVMF_VARS");
		return;
	}
	mend = doctor_install(group_of(arch));
	doctor_add(d,
	    own && strcmp(arch, "aarch64") == 0 ? DOCTOR_BAD : DOCTOR_NOTE,
	    "firmware", NULL, "%s: no UEFI firmware, so no guests by UEFI: %s",
	    arch, mend);
}

/* What is missing of a group, without what has rows of its own. */
static void
tools(struct doctor *d, const char *group, enum doctor_state state,
    const char *use)
{
	autofree char *missing = doctor_missing(group);
	autofree char *install = NULL;
	autobuf struct buf b = { 0 };
	char *rest = missing, *w;

	while ((w = strsep(&rest, " ")))
		if (*w && !str_starts(w, "qemu-") && strcmp(w, "OVMF") != 0)
			buf_fmt(&b, "%s%s", b.n ? ", " : "", w);
	if (!b.n) {
		doctor_add(d, DOCTOR_OK, "tools", NULL, "%s: all there", use);
		return;
	}
	install = doctor_install(group);
	doctor_add(d, state, "tools", NULL, "%s: not found: %s: %s", use, b.p,
	    install);
}

static void
namespaces(struct doctor *d)
{
	struct why why;

	if (isolate_can(&why) == 0)
		doctor_add(d, DOCTOR_OK, "isolated", NULL,
		    "QEMU gets an empty network and a user namespace of its "
		    "own");
	else
		doctor_add(d, DOCTOR_NOTE, "isolated", NULL,
		    "QEMU stays in the host's network: %s", why.text);
}

static void
networks(struct doctor *d)
{
	struct why why;

	if (gateway_built("filtered", &why) == 0)
		doctor_add(
		    d, DOCTOR_OK, "net", NULL, "xray-net: net = filtered");
	else
		doctor_add(d, DOCTOR_NOTE, "net", NULL,
		    "no xray-net, for want of libslirp when xray was built: "
		    "net = proxy is what there is: xray config set net proxy");
}

void
doctor_host(struct doctor *d)
{
	autofree char *program = qemu(d);

	qemu_img(d);
	for (size_t i = 0; i < LEN(arches); i++)
		if (strcmp(arches[i], sys_arch()) != 0)
			other_qemu(d, arches[i]);
	if (program)
		doctor_accel(d, program);
	for (size_t i = 0; i < LEN(arches); i++)
		firmware(d, arches[i]);
	tools(d, "run", DOCTOR_BAD, "ssh and the like");
	tools(d, "recipe", DOCTOR_NOTE, "base build, base import of a URL");
	namespaces(d);
	networks(d);
	if (geteuid() == 0)
		doctor_add(d, DOCTOR_NOTE, "user", NULL,
		    "root: a guest that breaks out of QEMU is root too: use "
		    "an account of your own");
}
