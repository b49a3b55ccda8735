/* SPDX-License-Identifier: ISC */
/*
 * Adding: claim, gateway, vm.ini.  Whoever is killed between leaves a claim
 * of this VM's and perhaps a port that is open until it stops; doing it again
 * finds both to be its own.  Removing goes the other way, vm.ini first.  The
 * next change of the VM's ports drops what claims were left.
 */
#include "forward.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway.h"
#include "io.h"
#include "qemu.h"
#include "say.h"
#include "usernet.h"

static int
port_number(const char *s, size_t n, int *out)
{
	autofree char *text = xstrndup(s, n);
	long long v;

	if (num_int(text, 1, 65535, &v) < 0)
		return -1;
	*out = (int)v;
	return 0;
}

/* As the gateway takes it, which is started with it. */
static int
address_ok(const char *s, size_t n)
{
	struct in_addr addr;
	char text[16];

	if (n >= sizeof text)
		return 0;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1;
}

int
forward_parse(const char *text, struct forward *f, struct why *why)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text), host;
	const char *colon = memchr(text, ':', n), *second;

	*f = (struct forward){ .addr = "127.0.0.1" };
	if (!colon)
		goto bad;
	second = memchr(colon + 1, ':', n - (size_t)(colon + 1 - text));
	if (second) {
		if (!address_ok(text, (size_t)(colon - text)))
			goto bad;
		(void)snprintf(
		    f->addr, sizeof f->addr, "%.*s", (int)(colon - text), text);
		n -= (size_t)(colon + 1 - text);
		text = colon + 1;
		colon = second;
	}
	host = (size_t)(colon - text);
	f->udp = slash && strcmp(slash, "/udp") == 0;
	if (port_number(text, host, &f->host) == 0 &&
	    port_number(colon + 1, n - host - 1, &f->guest) == 0 &&
	    (!slash || f->udp || strcmp(slash, "/tcp") == 0))
		return 0;
bad:
	return why_set(why, EX_USAGE,
	    "%s: not [ADDRESS:]HOST:GUEST[/udp] "
	    "with ports from 1 to 65535",
	    text);
}

/* "8080:80", "0.0.0.0:53:53/udp": the shortest text for f; the caller's. */
static char *
forward_text(const struct forward *f)
{
	int local = strcmp(f->addr, "127.0.0.1") == 0;

	return xasprintf("%s%s%d:%d%s", local ? "" : f->addr, local ? "" : ":",
	    f->host, f->guest, f->udp ? "/udp" : "");
}

/* 0 the gateway, or QEMU, has done it, 1 there is none that could: the VM is
 * off, has no network, or its gateway is started again.  The next one goes by
 * vm.ini. */
static int
tell(const struct vm *vm, const char *verb, const struct forward *f,
    struct why *why)
{
	autofree char *line = xasprintf("%s %s:%d:%d%s", verb, f->addr, f->host,
	    f->guest, f->udp ? "/udp" : "");
	autofree char *reply = NULL;
	struct why got;

	if (usernet_runs(vm))
		return usernet_forward(
		    vm, f, strcmp(verb, "forward") == 0, why);
	reply = gateway_ask(vm, line, &got);
	if (reply || got.code == EX_UNAVAILABLE)
		return reply == NULL;
	return why_set(why, got.code, "%s", got.text);
}

/* The text of the forward in vm.ini; NULL when it is not there. */
static const char *
find(const struct vm *vm, const struct forward *want)
{
	const char *text;
	struct forward f;

	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++)
		if (forward_parse(text, &f, NULL) == 0 &&
		    strcmp(f.addr, want->addr) == 0 && f.host == want->host &&
		    f.guest == want->guest && f.udp == want->udp)
			return text;
	return NULL;
}

int
forward_uses(const struct vm *vm, int port, int udp, int *same)
{
	int n = vm->ssh_port == port;
	const char *text;
	struct forward f;

	*same = n && !udp;
	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++)
		if (forward_parse(text, &f, NULL) == 0 && f.host == port) {
			n++;
			*same |= f.udp == udp;
		}
	return n;
}

struct claims {
	struct home *h;
	const struct vm *vm;
	int port; /* whose claim has to go, 0: none */
};

/* An io_walk function: what the VM claims, or nobody, and nothing is on. */
static int
drop_unused(const char *name, void *arg)
{
	struct claims *c = arg;
	long long port;
	int same;

	if (num_int(name, 1, 65535, &port) < 0 ||
	    forward_uses(c->vm, (int)port, 0, &same))
		return 0;
	/* one that cannot be read is not known to be its */
	return port_release(c->h, c->vm->name, (int)port) < 0 &&
		port == c->port ?
	    -1 :
	    0;
}

/* Under the home's lock: its claims are those that vm.ini says, of this change
 * or of one that was killed. */
static int
drop_claims(struct home *h, const struct vm *vm, int port, struct why *why)
{
	autoclose int ports = io_mkdir(h->fd, "ports");
	struct claims c = { h, vm, port };

	if (ports < 0 || io_walk(ports, drop_unused, &c) < 0)
		return why_sys(why, EX_IOERR, "%s/ports", h->path);
	return 0;
}

static int
claim(struct home *h, const struct vm *vm, int port, struct why *why)
{
	autoclose int lock = home_lock(h, why);
	int got;

	if (lock < 0 || drop_claims(h, vm, 0, why) < 0 ||
	    port_claim(h, vm->name, port, &got, why) < 0)
		return -1;
	return port_sync(h, port, why);
}

static int
release(struct home *h, const struct vm *vm, int port, struct why *why)
{
	autoclose int lock = home_lock(h, why);

	return lock < 0 ? -1 : drop_claims(h, vm, port, why);
}

/* What could not be saved may stand in vm.ini all the same. */
static void
undo(struct home *h, const struct vm *vm, const struct forward *f)
{
	struct vm now;

	(void)tell(vm, "unforward", f, NULL);
	if (vm_open(h, vm->name, &now, NULL) < 0)
		return; /* the next change does it */
	(void)release(h, &now, 0, NULL);
	vm_close(&now);
}

static int
save(struct vm *vm, const char *key, const char *value, struct why *why)
{
	if (conf_add(vm->conf, key, value, why) < 0)
		return -1;
	return vm_save(vm, why);
}

/* Open it in the gateway, or see that it could be opened. */
static int
open_port(const struct vm *vm, const struct forward *f, struct why *why)
{
	int r = tell(vm, "forward", f, why);

	if (r <= 0 || port_free_at(f->addr, f->host, f->udp))
		return r < 0 ? -1 : 0;
	return why_set(why, EX_TEMPFAIL,
	    "%s: port %d is taken by another program", vm->name, f->host);
}

int
forward_add(struct home *h, struct vm *vm, const char *text, struct why *why)
{
	autofree char *canon = NULL;
	struct forward f;
	int same;

	if (forward_parse(text, &f, why) < 0)
		return -1;
	if (find(vm, &f)) {
		/* nobody may have claimed it, after a VM was put back from a
		 * backup; and a gateway that came later may not know it */
		if (claim(h, vm, f.host, why) < 0 ||
		    tell(vm, "forward", &f, why) < 0)
			return -1;
		return 1;
	}
	(void)forward_uses(vm, f.host, f.udp, &same);
	if (same)
		return why_set(why, EX_TEMPFAIL,
		    "%s: port %d is its own already; xray port list %s",
		    vm->name, f.host, vm->name);
	canon = forward_text(&f);
	if (claim(h, vm, f.host, why) < 0)
		return -1;
	if (open_port(vm, &f, why) < 0) {
		(void)release(h, vm, 0, NULL); /* or the next change */
		return -1;
	}
	if (save(vm, "port", canon, why) < 0) {
		undo(h, vm, &f);
		return -1;
	}
	/* a gateway that came meanwhile may have read vm.ini too early; QEMU
	 * did not, and would have to take it back first */
	if (!usernet_runs(vm))
		(void)tell(vm, "forward", &f, NULL);
	return 0;
}

/* What is not in vm.ini may be what a killed removal left: a claim, and
 * perhaps an open port.  1 when it was that. */
static int
clear(struct home *h, const struct vm *vm, const struct forward *f)
{
	autofree char *port = num_text((uint64_t)f->host);
	autofree char *who = port_holder(h, port);
	int same, used = forward_uses(vm, f->host, f->udp, &same);

	if (!who || strcmp(who, vm->name) != 0 || same ||
	    tell(vm, "unforward", f, NULL) < 0)
		return 0;
	(void)release(h, vm, 0, NULL); /* as above */
	return !used;
}

int
forward_remove(struct home *h, struct vm *vm, const char *text, struct why *why)
{
	const char *there;
	struct forward f;

	if (forward_parse(text, &f, why) < 0)
		return -1;
	there = find(vm, &f);
	if (!there && clear(h, vm, &f))
		return 0;
	if (!there)
		return why_set(why, EX_NOINPUT,
		    "%s: no port forward %s; xray port list %s", vm->name, text,
		    vm->name);
	if (conf_drop(vm->conf, "port", there) < 0)
		return why_set(why, EX_SOFTWARE, "%s: %s", vm->name, text);
	if (vm_save(vm, why) < 0 || tell(vm, "unforward", &f, why) < 0)
		return -1;
	return release(h, vm, f.host, why);
}

int
forward_ssh(struct home *h, struct vm *vm, int port, struct why *why)
{
	struct forward new = { "127.0.0.1", port, 22, 0 }, old = new;
	char text[16];
	int same;

	old.host = (int)vm->ssh_port;
	if (port == old.host && claim(h, vm, port, why) < 0)
		return -1;
	if (port == old.host && vm->port_fixed)
		return 1;
	(void)forward_uses(vm, port, 0, &same);
	if (same && port != old.host)
		return why_set(why, EX_TEMPFAIL,
		    "%s: port %d is its own already; xray port list %s",
		    vm->name, port, vm->name);
	(void)snprintf(text, sizeof text, "%d", port);
	if (port != old.host &&
	    (claim(h, vm, port, why) < 0 || open_port(vm, &new, why) < 0)) {
		(void)release(h, vm, 0, NULL); /* or the next change */
		return -1;
	}
	if (conf_set(vm->conf, "ssh_port", text, why) < 0 ||
	    conf_set(vm->conf, "ssh_port_fixed", "yes", why) < 0 ||
	    vm_save(vm, why) < 0) {
		if (port != old.host)
			undo(h, vm, &new);
		return -1;
	}
	if (port != old.host && old.host) {
		(void)tell(vm, "unforward", &old, NULL);
		return release(h, vm, old.host, why);
	}
	return 0;
}
