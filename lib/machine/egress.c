/* SPDX-License-Identifier: ISC */
#include "egress.h"

#include <string.h>

#include "asker.h"
#include "firewall.h"
#include "gateway.h"
#include "qemu.h"
#include "usernet.h"

int
egress_wanted(const struct vm *vm)
{
	return strcmp(vm->net, "filtered") == 0;
}

int
egress_argv(
    struct home *h, const struct vm *vm, struct strv *argv, struct why *why)
{
	autofree char *bin = home_bin_dir(why);

	if (!bin)
		return -1;
	strv_fmt(argv, "%s/xray-proxy", bin);
	strv_words(argv, "-q", "--listen", "unix:" VM_PROXY, NULL);
	if (usernet_is(vm))
		strv_words(argv, "--control", VM_CONTROL, "--resolver",
		    "unix:" VM_RESOLVER, "--names", VM_NAMES, NULL);
	else
		strv_words(argv, "--ask", VM_ASK, "--gateway",
		    VM_CONTROL ":" VM_CALLS, NULL);
	return gateway_rules(h, vm, argv, why);
}
