/* SPDX-License-Identifier: ISC */
#include "facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
#include "asker.h"
#include "hook.h"
#include "io.h"
#include "snap.h"

enum {
	NAME,
	BASE,
	SSH_PORT,
	MEMORY,
	CPUS,
	DISK,
	STATUS,
	GENERATION,
	ACCEL,
	ARCH,
	ASKS,
	DISPLAY,
	FIRMWARE,
	FORWARDS,
	HOOKS,
	ISOLATED,
	LABEL,
	MACHINE,
	MAC,
	NET,
	PATH,
	PID,
	PROTECTED,
	REASON,
	SNAPSHOTS,
	SSH_HOST,
	SSH_USER,
	STALE,
	STARTED,
	CREATED,
	RESUME,
	CHAIN,
	DISK_0,
	DISK_1,
	NCOLS
};

const struct col facts_cols[] = {
	[NAME] = { "name", COL_TEXT, 1, NULL },
	[BASE] = { "base", COL_TEXT, 1, NULL },
	[SSH_PORT] = { "ssh_port", COL_INT, 1, NULL },
	[MEMORY] = { "memory", COL_MEM, 1, NULL },
	[CPUS] = { "cpus", COL_INT, 1, NULL },
	[DISK] = { "disk", COL_SIZE, 1, NULL },
	[STATUS] = { "status", COL_STATUS, 1, NULL },
	[GENERATION] = { "generation", COL_INT, 0, NULL },
	[ACCEL] = { "accel", COL_TEXT, 0, NULL },
	[ARCH] = { "arch", COL_TEXT, 0, NULL },
	[ASKS] = { "asks", COL_INT, 0, NULL },
	[DISPLAY] = { "display", COL_TEXT, 0, NULL },
	[FIRMWARE] = { "firmware", COL_TEXT, 0, NULL },
	[FORWARDS] = { "forwards", COL_TEXT, 0, NULL },
	[HOOKS] = { "hooks", COL_TEXT, 0, NULL },
	[ISOLATED] = { "isolated", COL_TEXT, 0, NULL },
	[LABEL] = { "label", COL_TEXT, 0, NULL },
	[MACHINE] = { "machine", COL_TEXT, 0, NULL },
	[MAC] = { "mac", COL_TEXT, 0, NULL },
	[NET] = { "net", COL_TEXT, 0, NULL },
	[PATH] = { "path", COL_TEXT, 0, NULL },
	[PID] = { "pid", COL_INT, 0, NULL },
	[PROTECTED] = { "protected", COL_BOOL, 0, NULL },
	[REASON] = { "reason", COL_TEXT, 0, NULL },
	[SNAPSHOTS] = { "snapshots", COL_TEXT, 0, NULL },
	[SSH_HOST] = { "ssh_host", COL_TEXT, 0, NULL },
	[SSH_USER] = { "ssh_user", COL_TEXT, 0, NULL },
	[STALE] = { "stale", COL_BOOL, 0, NULL },
	[STARTED] = { "started", COL_TIME, 0, NULL },
	[CREATED] = { "created", COL_TIME, 0, NULL },
	[RESUME] = { "resume", COL_TEXT, 0, NULL },
	[CHAIN] = { "chain", COL_TEXT, 0, NULL },
	[DISK_0] = { "disk.0", COL_TEXT, 0, NULL },
	[DISK_1] = { "disk.1", COL_TEXT, 0, NULL },
};
const size_t facts_ncols = NCOLS;

/* Bytes the VM's own images take. */
static char *
disk_used(const struct vm *vm)
{
	struct vm_disk d[VM_DISKS];
	int n = vm_disks(vm, d);
	uint64_t sum = 0;
	struct stat st;

	for (int i = 0; i < n; i++)
		if (vm_stat(vm, d[i].file, &st) == 0)
			sum += (uint64_t)st.st_blocks * 512;
	return num_text(sum);
}

static char *
small_file(const struct vm *vm, const char *name)
{
	struct buf b = { 0 };

	if (!vm_alive(vm) || io_read_file(vm->dir, name, &b, 256) < 0) {
		buf_free(&b);
		return NULL;
	}
	b.p[strcspn(b.p, "\n")] = '\0';
	return buf_take(&b);
}

static char *
repeated(const struct vm *vm, const char *key)
{
	struct buf b = { 0 };
	const char *v;

	for (size_t i = 0; (v = conf_nth(vm->conf, NULL, key, i)); i++)
		buf_fmt(&b, "%s%s", i ? "," : "", v);
	return b.n ? buf_take(&b) : NULL;
}

static char *
snapshots(const struct vm *vm)
{
	struct buf b = { 0 };
	struct snaps s;

	if (snaps_read(vm, &s, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < s.n; i++)
		buf_fmt(&b, "%s%s", i ? "," : "", s.v[i].tag);
	snaps_free(&s);
	return b.n ? buf_take(&b) : NULL;
}

static char *
pid_text(const struct vm *vm)
{
	unsigned long long start;
	pid_t pid;

	return vm_pid(vm, &pid, &start) < 0 ? NULL : num_text((uint64_t)pid);
}

/* The i-th image of its disk: its own, and the base's that it stands on. */
static char *
image(const struct home *h, const struct vm *vm, int i)
{
	if (i == 0)
		return xasprintf("%s/vms/%s/disk.qcow2", h->path, vm->name);
	if (!*vm->base)
		return NULL;
	return xasprintf(
	    "%s/bases/%s/%lld/disk.qcow2", h->path, vm->base, vm->generation);
}

static char *
chain(const struct home *h, const struct vm *vm)
{
	autofree char *own = image(h, vm, 0), *below = image(h, vm, 1);

	return xasprintf("%s%s%s", own, below ? "," : "", below ? below : "");
}

static char *
display(const struct vm *vm)
{
	const char *v = conf_get(vm->conf, NULL, facts_cols[DISPLAY].name);

	return xstrdup(v ? v : "none");
}

/* Whether nothing else is to be said of a running VM than that its hooks have
 * failed; what as hooks_phase. */
static int
hook_failed(const struct vm *vm, const char *status, char **what)
{
	return strcmp(status, "running") == 0 &&
	    hooks_phase(vm, what) == HOOKS_FAILED;
}

static char *
status(const struct vm *vm)
{
	char *text = vm_status(vm);

	if (!hook_failed(vm, text, NULL))
		return text;
	free(text);
	return xstrdup("running (hook failed)");
}

static char *
asks(const struct vm *vm)
{
	return vm_alive(vm) && asker_wanted(vm) ? num_text(asks_open(vm)) :
						  NULL;
}

/* For a person, who may have to do something about it: running (2 asks). */
static char *
status_for_people(const struct vm *vm)
{
	char *text = status(vm);
	unsigned n = str_starts(text, "running") ? asks_open(vm) : 0;

	if (!n)
		return text;
	free(text);
	return xasprintf("running (%u ask%s)", n, n == 1 ? "" : "s");
}

/* What stands in brackets behind the status: disk full. */
static char *
reason(const struct vm *vm)
{
	autofree char *text = vm_status(vm), *what = NULL;
	const char *open = strchr(text, '(');

	if (open)
		return xstrndup(open + 1, strcspn(open + 1, ")"));
	return hook_failed(vm, text, &what) ?
	    xasprintf("hook failed: %s", what ? what : "interrupted") :
	    NULL;
}

static char *
hooks(const struct vm *vm)
{
	autofree char *what = NULL;

	switch (vm_alive(vm) ? hooks_phase(vm, &what) : HOOKS_AWAITED) {
	case HOOKS_AWAITED:
		break;
	case HOOKS_RUN:
		return what ? xasprintf("running: %s", what) :
			      xstrdup("running");
	case HOOKS_NONE:
		return xstrdup("none");
	case HOOKS_DONE:
		return xstrdup("done");
	case HOOKS_FAILED:
		return xasprintf("failed: %s", what ? what : "interrupted");
	}
	return NULL;
}

/* Whether its base has a newer generation than the one it stands on. */
static char *
stale(struct home *h, const struct vm *vm)
{
	struct base b;
	int yes;

	if (!*vm->base || base_open(h, vm->base, &b, NULL) < 0)
		return NULL;
	yes = b.current > vm->generation;
	base_close(&b);
	return xstrdup(yes ? "yes" : "no");
}

static char *
fact(struct home *h, const struct vm *vm, size_t col)
{
	switch (col) {
	case SSH_PORT:
		return vm->ssh_port ? num_text((uint64_t)vm->ssh_port) : NULL;
	case MEMORY:
		return num_text(vm->memory);
	case CPUS:
		return num_text((uint64_t)vm->cpus);
	case DISK:
		return disk_used(vm);
	case STATUS:
		return status(vm);
	case GENERATION:
		return num_text((uint64_t)vm->generation);
	case ASKS:
		return asks(vm);
	case DISPLAY:
		return display(vm);
	case ACCEL:
	case STARTED:
		return small_file(vm, facts_cols[col].name);
	case FORWARDS:
		return repeated(vm, "port");
	case HOOKS:
		return hooks(vm);
	case ISOLATED:
		return apart_said(vm);
	case PATH:
		return xasprintf("%s/vms/%s", h->path, vm->name);
	case PID:
		return pid_text(vm);
	case PROTECTED:
		return xstrdup(vm->guarded ? "yes" : "no");
	case REASON:
		return reason(vm);
	case SNAPSHOTS:
		return snapshots(vm);
	case STALE:
		return stale(h, vm);
	case SSH_HOST:
		return xasprintf("%s.xray", vm->name);
	case CHAIN:
		return chain(h, vm);
	case DISK_0:
	case DISK_1:
		return image(h, vm, col == DISK_1);
	default: {
		const char *v = conf_get(vm->conf, NULL, facts_cols[col].name);

		return v ? xstrdup(v) : NULL;
	}
	}
}

enum facts_need
facts_need(const struct table *t)
{
	static const int brief[NCOLS] = { [NAME] = 1,
		[BASE] = 1,
		[SSH_PORT] = 1,
		[MEMORY] = 1,
		[CPUS] = 1,
		[DISK] = 1,
		[STATUS] = 1,
		[ASKS] = 1,
		[PATH] = 1,
		[REASON] = 1,
		[SSH_HOST] = 1 };

	if (table_wants(t, SNAPSHOTS))
		return FACTS_FOLDER;
	for (size_t i = 0; i < NCOLS; i++)
		if (table_wants(t, i) && !brief[i])
			return FACTS_RECORD;
	return FACTS_BRIEF;
}

void
facts_row(struct table *t, struct home *h, const char *name,
    const struct vm *vm, const struct why *broken)
{
	char *cells[NCOLS] = { 0 };

	for (size_t i = 0; i < NCOLS; i++) {
		if (!table_wants(t, i))
			continue;
		if (i == NAME)
			cells[i] = xstrdup(name);
		else if (!broken && i == STATUS && table_for_people(t))
			cells[i] = status_for_people(vm);
		else if (!broken)
			cells[i] = fact(h, vm, i);
		else if (i == STATUS)
			cells[i] = xstrdup("broken");
		else if (i == REASON)
			cells[i] = xstrdup(broken->text);
		else if (i == PATH)
			cells[i] = xasprintf("%s/vms/%s", h->path, name);
	}
	table_take(t, cells);
}

char *
facts_value(struct home *h, const struct vm *vm, const char *field)
{
	for (size_t i = 0; i < NCOLS; i++)
		if (strcmp(facts_cols[i].name, field) == 0)
			return i == NAME ? xstrdup(vm->name) : fact(h, vm, i);
	return NULL;
}
