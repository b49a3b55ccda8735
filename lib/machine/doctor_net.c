/* SPDX-License-Identifier: ISC */
/* doctor_net: the network of a running VM: who listens, and the gateway. */
#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.h"
#include "proc.h"
#include "say.h"
#include "sys.h"

struct listening {
	const struct vm *vm;
	struct buf strange, away; /* not ours; reached by other machines */
	int n;
};

/* The forward of vm.ini that a listener is; 0: none, 1: one, 2: of ssh. */
static int
forward_of(const struct vm *vm, const struct proc_listener *l)
{
	const char *text;
	struct forward f;

	if (l->port == vm->ssh_port && strcmp(l->addr, "127.0.0.1") == 0)
		return 2;
	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++)
		if (forward_parse(text, &f, NULL) == 0 && !f.udp &&
		    f.host == l->port && strcmp(f.addr, l->addr) == 0)
			return 1;
	return 0;
}

static void
note_listener(const struct proc_listener *l, void *arg)
{
	struct listening *s = arg;

	s->n++;
	if (!forward_of(s->vm, l))
		buf_fmt(&s->strange, "%s%s:%d", s->strange.n ? ", " : "",
		    l->addr, l->port);
	else if (!str_starts(l->addr, "127."))
		buf_fmt(&s->away, "%s%s:%d", s->away.n ? ", " : "", l->addr,
		    l->port);
}

static void
listeners(struct doctor *d, const struct vm *vm, pid_t qemu, pid_t gateway)
{
	struct listening s = { .vm = vm };
	const char *name = vm->name;

	if (proc_listeners(qemu, note_listener, &s) < 0 ||
	    (gateway && proc_listeners(gateway, note_listener, &s) < 0))
		doctor_add(d, DOCTOR_NOTE, "listen", name,
		    "%s: listeners cannot be looked up: %s", name,
		    strerror(errno));
	else if (s.strange.n)
		doctor_add(d, DOCTOR_BAD, "listen", name,
		    "%s: listens on %s, which is no port of it: xray restart "
		    "%s",
		    name, s.strange.p, name);
	else if (s.away.n)
		doctor_add(d, DOCTOR_NOTE, "listen", name,
		    "%s: %s can be reached from other machines, as asked: "
		    "xray port list %s",
		    name, s.away.p, name);
	else
		doctor_add(d, DOCTOR_OK, "listen", name,
		    "%s: nothing on TCP but its forwards on loopback: %d", name,
		    s.n);
	buf_free(&s.strange);
	buf_free(&s.away);
}

/* The gateway that was written down, if it lives; else 0. */
static pid_t
gateway_pid(const struct vm *vm)
{
	unsigned long long start, now;
	pid_t pid;

	if (vm_noted(vm, VM_GATEWAY, &pid, &start) < 0 ||
	    sys_start_time(pid, &now) < 0 || now != start)
		return 0;
	return pid;
}

/* What the gateway was started with, from its own words; "" unknown. */
static const char *
net_of(const struct strv *argv)
{
	for (size_t i = 0; i + 1 < argv->n; i++)
		if (strcmp(argv->v[i], "--resolver") == 0)
			return "proxy";
		else if (strcmp(argv->v[i], "--net") == 0)
			return strcmp(argv->v[i + 1], "open") == 0 ?
			    "open" :
			    strcmp(argv->v[i + 1], "filtered") == 0 ?
			    "filtered" :
			    "";
	return "";
}

static void
mode(struct doctor *d, const struct vm *vm, const char *net)
{
	const char *name = vm->name;

	if (strcmp(net, vm->net) != 0)
		doctor_add(d, DOCTOR_BAD, "net", name,
		    "%s: vm.ini says %s, its gateway runs as %s: xray restart "
		    "%s",
		    name, vm->net, *net ? net : "something else", name);
	else if (strcmp(net, "open") == 0)
		doctor_add(d, DOCTOR_NOTE, "net", name,
		    "%s: open: it reaches all that you reach, this machine's "
		    "own services at 10.0.2.2 too: xray config set %s net "
		    "filtered",
		    name, name);
	else
		doctor_add(d, DOCTOR_OK, "net", name, "%s: %s", name, net);
}

static void
confinement(struct doctor *d, const struct vm *vm, const struct proc *p)
{
	autofree char *words = gateway_confined(vm);
	const char *name = vm->name;

	if (!p->filtered || !p->no_new_privs)
		doctor_add(d, DOCTOR_BAD, "gateway", name,
		    "%s: lives; %s: xray restart %s", name,
		    p->filtered ? "it may gain privileges" :
				  "no seccomp filter confines it",
		    name);
	else if (!words || !strstr(words, "landlock"))
		doctor_add(d, DOCTOR_BAD, "gateway", name,
		    "%s: lives, under a seccomp filter, without Landlock, "
		    "which Linux has since 5.13: see lsm= of its command line",
		    name);
	else
		doctor_add(d, DOCTOR_OK, "gateway", name,
		    "%s: lives, under a seccomp filter; it says: %s", name,
		    words);
}

void
doctor_network(struct doctor *d, const struct vm *vm, pid_t qemu)
{
	pid_t gateway = gateway_pid(vm);
	autostrv struct strv argv = { 0 };
	struct proc p;

	if (strcmp(vm->net, "none") == 0)
		doctor_add(d, DOCTOR_OK, "net", vm->name,
		    "%s: none: it has no network card", vm->name);
	else if (!gateway)
		doctor_add(d, DOCTOR_BAD, "gateway", vm->name,
		    "%s: its gateway is gone, and nothing gets in or out: "
		    "xray restart %s",
		    vm->name, vm->name);
	else if (proc_look(gateway, &p) < 0 || proc_words(gateway, &argv) < 0)
		doctor_add(d, DOCTOR_NOTE, "gateway", vm->name,
		    "%s: lives; more cannot be looked up: %s", vm->name,
		    strerror(errno));
	else {
		mode(d, vm, net_of(&argv));
		confinement(d, vm, &p);
	}
	listeners(d, vm, qemu, gateway);
}
