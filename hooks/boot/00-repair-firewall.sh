#!/bin/sh
# SPDX-License-Identifier: ISC
# xray: net = proxy
#
# Look whether what 00-setup-firewall.sh put into the guest is there and works,
# and put it there again when not.
set -eu
check='sudo -n /usr/local/sbin/xray-redirect check'

# It works, whatever a setup that was broken off has said.
works() {
	exec xray config set -q "$XRAY_VM_NAME" firewall_configured yes
}

if xray ssh "$XRAY_VM_NAME" "$check" 2>/dev/null; then
	works
fi
if xray ssh "$XRAY_VM_NAME" "sudo -n systemctl restart xray-redirect &&
    for i in 1 2 3 4 5; do $check && exit; sleep 1; done; exit 1" 2>/dev/null
then
	echo 'repaired'
	works
fi
exec ../initial-boot/00-setup-firewall.sh
