/* SPDX-License-Identifier: ISC */
/* boot_port: the ports that a VM is started with. */
#include "boot.h"

#include <stdio.h>
#include <unistd.h>

#include "say.h"

/* Claim any other port for ssh. */
static int
move_port(struct home *h, struct vm *vm, struct strv *told, struct why *why)
{
	autoclose int lock = home_lock(h, why);
	int old = (int)vm->ssh_port, now;
	char text[16];

	if (lock < 0 || port_claim(h, vm->name, 0, &now, why) < 0 ||
	    port_sync(h, now, why) < 0)
		return -1;
	(void)snprintf(text, sizeof text, "%d", now);
	if (conf_set(vm->conf, "ssh_port", text, why) < 0 ||
	    vm_save(vm, why) < 0)
		return -1; /* with its claims: vm.ini may have either */
	if (old)
		(void)port_release(h, vm->name, old); /* or the next change */
	strv_fmt(told, "%s: port %d is taken; now %d, kept in vm.ini", vm->name,
	    old, now);
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
