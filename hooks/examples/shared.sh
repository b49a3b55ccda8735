#!/bin/sh
# SPDX-License-Identifier: ISC
# Bring a folder of the host into the guest at each start: ~/.xray/shared
# becomes shared/ in the guest user's home.  Runs on the host:
#
#	mkdir -p ~/.xray/shared
#	cp shared.sh ~/.xray/scripts/boot/20-shared.sh
#
# For dotfiles, put them into the folder and let `to` be '.'.  It goes one way:
# nothing that a guest writes comes back, and what was removed on the host
# stays in the guest.
set -eu
from=$XRAY_HOME/shared to=shared
host=$XRAY_VM_NAME.xray

cd "$from"
ssh -F "$XRAY_SSH_CONFIG" "$host" "mkdir -p '$to'"
if command -v rsync >/dev/null &&
    ssh -F "$XRAY_SSH_CONFIG" "$host" 'command -v rsync' >/dev/null; then
	rsync -a -e "ssh -F '$XRAY_SSH_CONFIG'" ./ "$host:$to/"
else
	tar -cf - . | ssh -F "$XRAY_SSH_CONFIG" "$host" "tar -xf - -C '$to'"
fi
echo "$from is in $XRAY_VM_NAME:$to"
