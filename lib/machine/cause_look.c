/* SPDX-License-Identifier: ISC */
/* cause_look: what QEMU, the gateway and the guest do now.  All that a guest
 * says is bounded, and is text of its own. */
#include "cause_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dial.h"
#include "gateway.h"
#include "io.h"
#include "qemu.h"
#include "qmp.h"
#include "room.h"
#include "run.h"
#include "say.h"
#include "usernet.h"
#include "snap.h"
#include "ssh.h"
#include "sys.h"

enum { QMP_MS = 5000, DOOR_MS = 4000, KNOWN_DOOR_MS = 15000 };
enum { SAID = 8192 };
#define UNKNOWN "unknown"

static long long
sooner(long long deadline, long long ms)
{
	long long then = io_now() + ms;

	return then < deadline ? then : deadline;
}

/* How long ago it was started, by the clock that wrote it down. */
static long long
age(const struct vm *vm)
{
	autobuf struct buf b = { 0 };
	struct tm tm = { 0 };
	long long s;

	if (io_read_file(vm->dir, "started", &b, 64) < 0 ||
	    !strptime(b.n ? b.p : "", "%Y-%m-%dT%H:%M:%S", &tm))
		return 0;
	s = (long long)time(NULL) - (long long)timegm(&tm);
	return s > 0 ? s * 1000 : 0;
}

static void
look_reads(struct look *l, struct qmp *q, long long deadline)
{
	autojson struct json *r =
	    qmp_call(q, "query-blockstats", NULL, deadline, NULL);
	long long n;

	l->read = -1;
	if (!r)
		return;
	json_each (r, json_get(r, 0, "return"), v)
		if (json_int(r, json_get(r, v, "stats.rd_bytes"), &n) == 0 &&
		    n > l->read)
			l->read = n;
}

static void
look_qemu(const struct vm *vm, struct look *l, long long deadline)
{
	struct why why = { 0 };
	autoqmp struct qmp *q =
	    qmp_open(vm->dir, VM_QMP, vm->name, deadline, &why);
	struct json *r;

	if (!q && strstr(why.text, "locked by")) { /* it answers another */
		l->run_state = xstrdup(UNKNOWN);
		return;
	}
	if (!q || !(r = qmp_call(q, "query-status", NULL, deadline, &why)))
		return;
	l->run_state = json_str(r, json_get(r, 0, "return.status"));
	json_free(r);
	look_reads(l, q, deadline);
}

static void
look_gateway(const struct vm *vm, struct look *l)
{
	autoclose int fd = -1;
	int done = 0;

	if (!gateway_wanted(vm) && faccessat(vm->dir, VM_SSH, F_OK, 0) < 0) {
		l->gateway = 1;
		return;
	}
	(void)conf_bool(vm->conf, "firewall_configured", &done, NULL);
	l->bare = usernet_runs(vm) && !done;
	fd = io_connect(vm->dir, VM_CONTROL);
	l->gateway = fd >= 0 || errno == EAGAIN;
}

static void
look_door(const struct vm *vm, struct look *l, long long deadline)
{
	autoclose int fd = dial_once(vm, 22);
	char text[256];
	ssize_t n;

	if (fd < 0)
		return;
	l->door = DOOR_SILENT;
	if (io_wait_readable(fd, deadline) != 1)
		return;
	n = recv(fd, text, sizeof text - 1, 0);
	if (n <= 0) {
		l->door = DOOR_SHUT;
		return;
	}
	text[n] = '\0';
	cause_take_greeting(l, text);
}

/* ---- inside ---- */

/* Its time; how its root is mounted and how full it is; what went wrong in
 * cloud-init.  A line each, and JSON. */
static const char questions[] =
    "date +%s; awk '$2 == \"/\" { o = $4 } END { print o }' /proc/mounts; "
    "df -P / | awk 'END { print $5 }'; "
    "cat /run/cloud-init/result.json 2>/dev/null; :";

/* What a program that has ended left in the pipe: its last line. */
static char *
last_words(int fd)
{
	char text[4096];
	ssize_t n = io_wait_readable(fd, io_now()) == 1 ?
	    read(fd, text, sizeof text - 1) :
	    0;

	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return cause_last_line(text);
}

static void
look_inside(
    struct home *h, const struct vm *vm, struct look *l, long long deadline)
{
	autostrv struct strv argv = { 0 };
	autobuf struct buf out = { 0 };
	struct run r = RUN_PLAIN;
	int p[2], code;

	if (ssh_argv(h, vm, NULL, 0, io_left(deadline), &argv, NULL) < 0 ||
	    sys_pipe(p) < 0)
		return;
	strv_take(&argv, ssh_host(vm));
	strv_add(&argv, questions);
	r.in = RUN_NULL;
	r.err = p[1];
	code = run_capture_as(&r, argv.v, &out, SAID, io_left(deadline), NULL);
	close(p[1]);
	if (code == 255)
		l->login_says = last_words(p[0]);
	close(p[0]);
	l->login = code == 255 ? 1 : code < 0 ? -1 : 0;
	if (l->login == 0 && out.n)
		cause_take_answers(l, out.p);
}

static void
look_host(struct home *h, const struct vm *vm, struct look *l)
{
	struct snaps s;
	struct why why;

	if (room_check(h, -1, 0, vm->name, &why) < 0 &&
	    why.code == EX_TEMPFAIL) {
		const char *text = why.text + strlen(vm->name) + 2;

		l->host_full = xstrndup(text, strcspn(text, ",;"));
	}
	if (snaps_read(vm, &s, NULL) < 0)
		return;
	if (s.n)
		l->tag = xstrdup(s.v[s.n - 1].tag);
	snaps_free(&s);
}

void
cause_look(struct home *h, const struct vm *vm, struct look *l,
    long long deadline, void (*tell)(const char *text))
{
	autofree char *asked = xasprintf("%s: asking the guest", vm->name);
	int was_up;

	*l = (struct look){ .name = vm->name, .full = -1, .read = -1 };
	l->login = -1;
	look_host(h, vm, l);
	l->live = vm_alive(vm);
	if (!l->live)
		return;
	was_up = ssh_is_up(vm);
	l->status = vm_status(vm);
	l->held = str_starts(l->status, "paused") && dial_live(vm, NULL) == 0;
	l->patience = ssh_wait_ms(h, vm, -1, NULL);
	l->bios = strcmp(vm->firmware, "bios") == 0;
	look_qemu(vm, l, sooner(deadline, QMP_MS));
	look_gateway(vm, l);
	if (!l->run_state ||
	    (strcmp(l->run_state, "running") != 0 &&
		strcmp(l->run_state, UNKNOWN) != 0))
		return;
	if (tell)
		tell(asked);
	look_door(vm, l, sooner(deadline, was_up ? KNOWN_DOOR_MS : DOOR_MS));
	l->age = age(vm);
	if (l->door == DOOR_SSH)
		look_inside(h, vm, l, deadline);
}

void
look_free(struct look *l)
{
	free(l->status);
	free(l->run_state);
	free(l->login_says);
	free(l->cloud);
	free(l->host_full);
	free(l->tag);
	*l = (struct look){ 0 };
}
