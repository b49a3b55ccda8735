/* SPDX-License-Identifier: ISC */
/* boot_port: the ports that a VM is started with. */
#include "boot.h"

#include <stdio.h>
#include <unistd.h>

#include "say.h"

int
boot_port(struct home *h, struct vm *vm, int want, struct why *why)
{
	autoclose int lock = home_lock(h, why);
	int old = (int)vm->ssh_port, now;
	char text[16];

	if (lock < 0 || port_claim(h, vm->name, want, &now, why) < 0)
		return -1;
	(void)snprintf(text, sizeof text, "%d", now);
	if (conf_set(vm->conf, "ssh_port", text, why) < 0 ||
	    (want && conf_set(vm->conf, "ssh_port_fixed", "yes", why) < 0) ||
	    vm_save(vm, why) < 0) {
		if (now != old)
			port_release(h, vm->name, now);
		return -1;
	}
	if (old && old != now)
		port_release(h, vm->name, old);
	return 0;
}

static int
move_port(struct home *h, struct vm *vm, struct strv *told, struct why *why)
{
	long long old = vm->ssh_port;

	if (boot_port(h, vm, 0, why) < 0)
		return -1;
	strv_fmt(told, "%s: port %lld is taken; now %lld, kept in vm.ini",
	    vm->name, old, vm->ssh_port);
	return 0;
}

int
boot_ports(struct home *h, struct vm *vm, struct strv *told, struct why *why)
{
	const char *text;

	for (size_t i = 0; (text = conf_nth(vm->conf, NULL, "port", i)); i++) {
		struct forward f;

		if (forward_parse(text, &f, why) < 0)
			return -1;
		if (!port_free_at(f.addr, f.host, f.udp))
			return why_set(why, EX_TEMPFAIL,
			    "%s: port %d is "
			    "taken by another program",
			    vm->name, f.host);
	}
	if (vm->ssh_port && port_free((int)vm->ssh_port))
		return 0;
	if (!vm->port_fixed)
		return move_port(h, vm, told, why);
	return why_set(why, EX_TEMPFAIL,
	    "%s: ssh port %lld is taken by "
	    "another program",
	    vm->name, vm->ssh_port);
}
