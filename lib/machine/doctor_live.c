/* SPDX-License-Identifier: ISC */
/*
 * doctor_live: the controls on a running VM.  None is believed because we
 * asked for it: the system is asked what QEMU and gateway are and have open,
 * QEMU what it does.  What is not there is told too.
 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apart.h"
#include "io.h"
#include "isolate.h"
#include "proc.h"
#include "qemu.h"
#include "qmp.h"
#include "say.h"
#include "sys.h"

enum { QMP_MS = 5000 };

struct live {
	struct doctor *d;
	const struct vm *vm;
	pid_t pid; /* QEMU */
	struct proc qemu;
	struct strv argv;
	/* what is gathered of the files of QEMU */
	struct stat base, run_lock;
	int base_open, base_writable, locked;
	char *folder; /* the VM's, with a slash */
	struct buf strays; /* files it can write elsewhere */
};

#define TELL(l, state, what, ...) \
	doctor_add((l)->d, state, what, (l)->vm->name, __VA_ARGS__)

/* The mend of what only a QEMU that is started anew can have. */
static char *
restart(const struct live *l)
{
	return xasprintf("xray restart %s", l->vm->name);
}

static void
seccomp(struct live *l)
{
	autofree char *mend = restart(l);
	const char *name = l->vm->name;

	if (l->qemu.filtered && l->qemu.no_new_privs)
		TELL(l, DOCTOR_OK, "seccomp",
		    "%s: QEMU: a filter on each of %d threads, no new "
		    "privileges",
		    name, l->qemu.threads);
	else
		TELL(l, DOCTOR_BAD, "seccomp",
		    "%s: QEMU: %s%s%s: see xray doctor for this QEMU; %s", name,
		    l->qemu.filtered ? "" : "no seccomp filter",
		    l->qemu.filtered || l->qemu.no_new_privs ? "" : ", ",
		    l->qemu.no_new_privs ? "" : "may gain privileges", mend);
}

static int
follows(const struct strv *argv, const char *option, const char *part)
{
	for (size_t i = 0; i + 1 < argv->n; i++)
		if (strcmp(argv->v[i], option) == 0 &&
		    strstr(argv->v[i + 1], part))
			return 1;
	return 0;
}

static void
words(struct live *l)
{
	/* QEMU's own network starts processes: see usernet.h */
	static const char *const sets[] = { "obsolete=deny",
		"resourcecontrol=deny", "elevateprivileges=deny",
		"spawn=deny" };
	int proxy = follows(&l->argv, "-netdev", "user,");
	autofree char *mend = restart(l);
	autobuf struct buf b = { 0 };

	if (!strv_has(&l->argv, "-nodefaults"))
		buf_str(&b, " -nodefaults");
	if (!strv_has(&l->argv, "-no-user-config"))
		buf_str(&b, " -no-user-config");
	for (size_t i = 0; i < (proxy ? 2 : LEN(sets)); i++)
		if (!follows(&l->argv, "-sandbox", sets[i]))
			buf_fmt(&b, " -sandbox %s", sets[i]);
	if (b.n)
		TELL(l, DOCTOR_BAD, "words", "%s: QEMU runs without%s: %s",
		    l->vm->name, b.p, mend);
	else
		TELL(l, DOCTOR_OK, "words",
		    "%s: QEMU: no defaults, no user's configuration, %s "
		    "sandbox sets denied",
		    l->vm->name, proxy ? "two" : "all four");
}

/* ---- files ---- */

static int
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static void
file(const struct proc_file *f, void *arg)
{
	struct live *l = arg;

	if (l->base.st_ino && same_file(&f->st, &l->base)) {
		l->base_open = 1;
		l->base_writable |= f->writable;
	}
	if (same_file(&f->st, &l->run_lock))
		l->locked |= f->locked;
	/* memory of its own is a file too, without a name */
	if (f->writable && S_ISREG(f->st.st_mode) && f->st.st_nlink &&
	    !str_starts(f->path, l->folder)) {
		buf_str(&l->strays, l->strays.n ? ", " : "");
		buf_vis(&l->strays, f->path, strlen(f->path));
	}
}

static void
base_and_files(struct live *l)
{
	autofree char *mend = restart(l);
	const char *name = l->vm->name;

	if (*l->vm->base && !l->base_open)
		TELL(l, DOCTOR_BAD, "base",
		    "%s: QEMU has another file open than %s/%lld: %s", name,
		    l->vm->base, l->vm->generation, mend);
	else if (*l->vm->base && l->base_writable)
		TELL(l, DOCTOR_BAD, "base",
		    "%s: QEMU has %s/%lld open for writing: %s", name,
		    l->vm->base, l->vm->generation, mend);
	else if (*l->vm->base)
		TELL(l, DOCTOR_OK, "base", "%s: QEMU has it open read-only",
		    name);
	if (l->strays.n)
		TELL(l, DOCTOR_BAD, "files",
		    "%s: QEMU can write outside its folder: %s: %s", name,
		    l->strays.p, mend);
	else
		TELL(l, DOCTOR_OK, "files",
		    "%s: QEMU has no file open for writing but those of its "
		    "folder",
		    name);
	if (l->locked)
		TELL(l, DOCTOR_OK, "lock", "%s: QEMU holds run.lock", name);
	else
		TELL(l, DOCTOR_BAD, "lock",
		    "%s: QEMU does not hold run.lock, so it can be started "
		    "twice: %s",
		    name, mend);
}

static void
look_files(struct live *l)
{
	autofree char *disk = xasprintf(
	    "bases/%s/%lld/disk.qcow2", l->vm->base, l->vm->generation);
	autofree char *real = realpath(l->d->home->path, NULL);

	l->folder = xasprintf(
	    "%s/vms/%s/", real ? real : l->d->home->path, l->vm->name);
	if (*l->vm->base)
		(void)fstatat(l->d->home->fd, disk, &l->base, 0); /* or none */
	if (fstatat(l->vm->dir, "run.lock", &l->run_lock, 0) == 0 &&
	    proc_files(l->pid, file, l) == 0)
		base_and_files(l);
	else
		TELL(l, DOCTOR_NOTE, "files", "%s: cannot be looked up: %s",
		    l->vm->name, strerror(errno));
}

/* Sockets of the VM's folder, by their modes. */
struct sockets {
	struct live *l;
	int n, open;
};

static int
socket_mode(const char *name, void *arg)
{
	struct sockets *s = arg;
	struct stat st;

	if (fstatat(s->l->vm->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISSOCK(st.st_mode))
		return 0;
	s->n++;
	if (st.st_mode & 077) {
		s->open++;
		TELL(s->l, DOCTOR_BAD, "sockets",
		    "%s: %s: mode %04o: chmod 600 %s%s", s->l->vm->name, name,
		    (unsigned)st.st_mode & 07777, s->l->folder, name);
	}
	return 0;
}

static void
look_sockets(struct live *l)
{
	struct sockets s = { l, 0, 0 };

	(void)io_walk(l->vm->dir, socket_mode, &s); /* or fewer */
	if (!s.open)
		TELL(l, DOCTOR_OK, "sockets",
		    "%s: %d, none of them open to other users", l->vm->name,
		    s.n);
}

/* ---- QEMU's own words ---- */

static void
ask_accel(struct live *l, struct qmp *q, long long deadline)
{
	struct why why;
	autojson struct json *r =
	    qmp_call(q, "query-kvm", NULL, deadline, &why);
	int kvm = r && json_bool(r, json_get(r, 0, "return.enabled")) == 1;

	if (!r)
		doctor_why(l->d, DOCTOR_BAD, "accel", l->vm->name, &why, NULL);
	else if (kvm || follows(&l->argv, "-accel", "hvf"))
		TELL(l, DOCTOR_OK, "accel",
		    "%s: %s, the processor keeps the guest apart", l->vm->name,
		    kvm ? "kvm" : "hvf");
	else
		TELL(l, DOCTOR_NOTE, "accel",
		    "%s: tcg: no security boundary, says QEMU: only its other "
		    "controls hold a hostile guest",
		    l->vm->name);
}

static void
ask_dump(struct live *l, struct qmp *q, long long deadline)
{
	struct why why;
	autojson struct json *r = qmp_call(q, "qom-get",
	    "{\"path\":\"/machine\",\"property\":\"dump-guest-core\"}",
	    deadline, &why);
	autofree char *mend = restart(l);

	if (r && json_bool(r, json_get(r, 0, "return")) == 0)
		TELL(l, DOCTOR_OK, "core",
		    "%s: a core file of QEMU has not the guest's memory",
		    l->vm->name);
	else
		TELL(l, DOCTOR_BAD, "core",
		    "%s: a core file of QEMU would have the guest's memory: %s",
		    l->vm->name, mend);
}

static void
look_qmp(struct live *l)
{
	long long deadline = io_now() + QMP_MS;
	struct why why;
	autoqmp struct qmp *q =
	    qmp_open(l->vm->dir, VM_QMP, l->vm->name, deadline, &why);
	autofree char *mend =
	    xasprintf("try again, or xray stop -f %s", l->vm->name);

	if (!q) {
		doctor_why(l->d, DOCTOR_BAD, "qmp", l->vm->name, &why, mend);
		return;
	}
	ask_accel(l, q, deadline);
	ask_dump(l, q, deadline);
}

/* Why it is in the host's network, and whether that can be mended. */
static void
not_isolated(struct live *l)
{
	autofree char *said = apart_said(l->vm);
	const char *name = l->vm->name;
	const char *mend = isolate_mend();
	struct why why;

	if (isolate_can(&why) < 0 && mend)
		TELL(l, DOCTOR_BAD, "isolated",
		    "%s: QEMU is in the host's network, which this host wants "
		    "so: %s, then xray restart %s",
		    name, mend, name);
	else if (isolate_can(&why) < 0)
		TELL(l, DOCTOR_NOTE, "isolated",
		    "%s: QEMU is in the host's network: %s", name, why.text);
	else if (said && strstr(said, "window"))
		TELL(l, DOCTOR_NOTE, "isolated",
		    "%s: QEMU is in the host's network: its window is on "
		    "another machine",
		    name);
	else
		TELL(l, DOCTOR_BAD, "isolated",
		    "%s: QEMU is in the host's network: xray restart %s", name,
		    name);
}

static void
isolation(struct live *l)
{
	const char *name = l->vm->name;

	if (follows(&l->argv, "-netdev", "user,"))
		TELL(l, DOCTOR_NOTE, "isolated",
		    "%s: QEMU is in the host's network, and may start "
		    "programs: net = proxy wants both; net = filtered holds it "
		    "closer",
		    name);
	else if (!l->qemu.net_ns || !l->qemu.user_ns)
		not_isolated(l);
	else if (l->qemu.links)
		TELL(l, DOCTOR_BAD, "isolated",
		    "%s: QEMU's own network is not empty: xray restart %s",
		    name, name);
	else
		TELL(l, DOCTOR_OK, "isolated",
		    "%s: QEMU: an empty network and a user namespace of its "
		    "own",
		    name);
	if (!l->qemu.mount_ns)
		TELL(l, DOCTOR_NOTE, "paths",
		    "%s: QEMU is in the host's mount namespace: its filter "
		    "aside, one that was taken over opens what its user may",
		    name);
}

static void
look_qemu(struct live *l)
{
	if (proc_look(l->pid, &l->qemu) < 0 ||
	    proc_words(l->pid, &l->argv) < 0) {
		TELL(l, DOCTOR_NOTE, "qemu",
		    "%s: filter, files and listeners cannot be looked up: %s",
		    l->vm->name, strerror(errno));
		return;
	}
	seccomp(l);
	words(l);
	look_files(l);
	if (l->qemu.uid == 0)
		TELL(l, DOCTOR_NOTE, "user",
		    "%s: QEMU runs as root, and so would who breaks out of it: "
		    "use an account of your own",
		    l->vm->name);
	isolation(l);
}

void
doctor_controls(struct doctor *d, const struct vm *vm)
{
	struct live l = { .d = d, .vm = vm };
	unsigned long long start;

	if (!d->home)
		return;
	if (vm_pid(vm, &l.pid, &start) < 0) {
		TELL(&l, DOCTOR_NOTE, "vm",
		    "%s: does not run, so there is nothing to look at: xray "
		    "start %s",
		    vm->name, vm->name);
		return;
	}
	look_qemu(&l);
	look_sockets(&l);
	look_qmp(&l);
	doctor_network(d, vm, l.pid);
	strv_free(&l.argv);
	buf_free(&l.strays);
	free(l.folder);
}
