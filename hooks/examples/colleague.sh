#!/bin/sh
# SPDX-License-Identifier: ISC
# Let colleagues' ssh keys into each new guest.  Their public keys are
# ~/.xray/colleagues/*.pub.  Runs on the host, once:
#
#	mkdir -p ~/.xray/colleagues
#	cp ada.pub ~/.xray/colleagues
#	cp colleague.sh ~/.xray/scripts/initial-boot/20-colleague.sh
#
# How they reach the guest is another matter: xray port add VM 0.0.0.0:2022:22
set -eu
cat "$XRAY_HOME"/colleagues/*.pub |
    ssh -F "$XRAY_SSH_CONFIG" "$XRAY_VM_NAME.xray" '
	umask 077
	mkdir -p .ssh && touch .ssh/authorized_keys
	while read -r key; do
		grep -qxF "$key" .ssh/authorized_keys ||
		    echo "$key" >>.ssh/authorized_keys
	done'
