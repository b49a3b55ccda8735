/* SPDX-License-Identifier: ISC */
/* xray-stop: power button, quit, TERM, KILL; all VMs at once. */
#include "say.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "each.h"
#include "io.h"
#include "opt.h"
#include "qemu.h"
#include "qmp.h"
#include "sys.h"

static const struct opt opts[] = {
	{ 'f', "force", NULL, "no power button: end it now" },
	{ OPT_TIMEOUT, "timeout", "S", "how long the guest may take (60)" },
	{ 'a', "all", NULL, "every VM that runs" },
	{ 0 },
};
static const struct usage use = { "xray-stop", "(-a | - | VM ...)", opts, 0 };

/* A guest hears the power button once its kernel is there, not before. */
enum { QMP_MS = 300, STEP_MS = 5000, PRESS_MS = 5000 };

/* Each rung of the ladder: what it does, and how long it is given. */
enum rung { BUTTON, QUIT, TERM, KILL, GIVEN_UP };
static const char *const rung_names[] = { "the power button", "QMP quit",
	"SIGTERM", "SIGKILL" };

struct stop {
	struct vm vm;
	enum rung rung; /* the one tried last */
	long long deadline; /* for it */
	long long press; /* ms, when the power button is due again */
	long long button_ms;
	int done;
	char *trouble; /* why QEMU could not be told */
	int again; /* the power button is to be tried again */
	int stuck; /* it is paused, and could not go on */
};

static int force;
static long long button_ms = -1;

/* Another client of QMP is waited for as long as the guest would be; what else
 * goes wrong is tried on the next rung at once. */
static void
send_qmp(struct stop *s, const char *command)
{
	struct why why;

	free(s->trouble);
	s->trouble = NULL;
	s->again = 0;
	if (qmp_once(s->vm.dir, VM_QMP, s->vm.name, command, QMP_MS, &why) ==
		0 ||
	    !vm_alive(&s->vm))
		return;
	s->trouble = xstrdup(why.text);
	if (why.code == EX_TEMPFAIL && s->rung == BUTTON)
		s->again = 1;
	else
		s->deadline = io_now();
}

/* A guest that is paused cannot hear the power button, and one whose disk
 * has no room could not write what it must. */
static void
press(struct stop *s)
{
	autofree char *status = vm_status(&s->vm);

	s->press = io_now() + PRESS_MS;
	if (str_starts(status, "paused (")) {
		note("%s: %s; ended without the power button", s->vm.name,
		    status);
		s->stuck = 1;
		s->deadline = io_now();
		return;
	}
	if (strcmp(status, "paused") == 0) {
		send_qmp(s, "cont");
		if (s->trouble)
			return;
		note("%s: was paused; runs for the power button", s->vm.name);
	}
	send_qmp(s, "system_powerdown");
}

/* One that goes down may be slow to answer, or gone: that is no reason to go
 * on to the next rung. */
static void
press_once_more(struct stop *s)
{
	struct why why;

	s->press = io_now() + PRESS_MS;
	(void)qmp_once(
	    s->vm.dir, VM_QMP, s->vm.name, "system_powerdown", QMP_MS, &why);
}

static void
send_signal(const struct vm *vm, int sig)
{
	unsigned long long start;
	pid_t pid;

	if (vm_pid(vm, &pid, &start) == 0)
		(void)sys_kill(pid, start, sig); /* ended: all the better */
}

static void
climb(struct stop *s)
{
	s->deadline = io_now() + (s->rung == BUTTON ? s->button_ms : STEP_MS);
	switch (s->rung) {
	case BUTTON:
		press(s);
		break;
	case QUIT:
		send_qmp(s, "quit");
		break;
	case TERM:
		send_signal(&s->vm, SIGTERM);
		break;
	case KILL:
		send_signal(&s->vm, SIGKILL);
		break;
	case GIVEN_UP:
		break;
	}
}

/* Say so when the guest did not go by itself. */
static void
tell(const struct stop *s)
{
	if (s->rung == BUTTON || ((force || s->stuck) && s->rung == QUIT))
		return;
	if (force || s->stuck)
		note("%s: ended by %s", s->vm.name, rung_names[s->rung]);
	else if (s->trouble)
		note("%s; ended by %s", s->trouble, rung_names[s->rung]);
	else
		note("%s: deaf to the power button for %lld s; ended by %s",
		    s->vm.name, s->button_ms / 1000, rung_names[s->rung]);
}

/* One look at a VM on its way down; 1 when there is nothing more to do. */
static int
step(struct stop *s)
{
	if (s->done)
		return 1;
	if (!vm_alive(&s->vm)) {
		tell(s);
		return s->done = 1;
	}
	if (io_left(s->deadline)) {
		if (s->again)
			press(s);
		else if (s->rung == BUTTON && !io_left(s->press))
			press_once_more(s);
		return 0;
	}
	if (s->again) { /* somebody works on it: no reason to kill it */
		s->rung = GIVEN_UP;
		return s->done = 1;
	}
	s->rung++;
	if (s->rung == GIVEN_UP)
		return s->done = 1;
	climb(s);
	return 0;
}

static int
stop_all(struct stop *s, size_t n)
{
	int nap = 1, left, code = 0;

	for (size_t i = 0; i < n; i++)
		climb(&s[i]);
	do {
		left = 0;
		for (size_t i = 0; i < n; i++)
			left += !step(&s[i]);
		if (left)
			io_sleep(nap);
		nap = nap < 50 ? nap + 1 : nap;
	} while (left);
	for (size_t i = 0; i < n; i++)
		if (s[i].rung == GIVEN_UP) {
			if (s[i].again)
				warn("%s", s[i].trouble);
			else
				warn("%s: does not end, not even by SIGKILL",
				    s[i].vm.name);
			code = EX_TEMPFAIL;
		}
	return code;
}

/* Open those that run.  A stopped one named by hand is 69; from -a or a
 * list it is passed over. */
static size_t
open_all(struct each *e, struct stop *s, int *code)
{
	unsigned long long start;
	struct why why;
	size_t n = 0;
	pid_t pid;

	for (size_t i = 0; i < e->names.n; i++) {
		struct vm *vm = &s[n].vm;

		if (vm_open(&e->home, e->names.v[i], vm, &why) < 0)
			die_why(&why);
		if (vm_alive(vm) && faccessat(vm->dir, VM_QMP, F_OK, 0) < 0 &&
		    vm_pid(vm, &pid, &start) < 0) {
			warn("%s: is being started or changed", vm->name);
			*code = EX_TEMPFAIL;
			vm_close(vm);
			continue;
		}
		if (vm_alive(vm)) {
			s[n].rung = force ? QUIT : BUTTON;
			s[n].button_ms = button_ms < 0 ? 60000 : button_ms;
			if (button_ms < 0 &&
			    vm_ms(&e->home, vm, "XRAY_STOP_TIMEOUT",
				"stop_timeout", &s[n].button_ms, &why) < 0)
				die_why(&why);
			n++;
			continue;
		}
		vm_close(vm);
		if (e->listed)
			continue;
		warn("%s: not running", e->names.v[i]);
		*code = EX_UNAVAILABLE;
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct each e = EACH_INIT;
	struct stop *s;
	struct why why;
	int c, code = 0, got;
	size_t n;

	while ((c = opt_next(argc, argv, &use)) != -1)
		switch (c) {
		case 'f':
			force = 1;
			break;
		case 'a':
			e.all = SEL_RUNNING;
			break;
		case OPT_TIMEOUT:
			button_ms = opt_ms(&use, "--timeout", optarg);
			break;
		}
	if (each_open(&e, argc, argv, optind, &why) < 0)
		die_selection(&use, &why);
	s = xcalloc(e.names.n, sizeof *s);
	n = open_all(&e, s, &code);
	got = stop_all(s, n);
	code = code ? code : got;
	(void)say_done();
	return code;
}
