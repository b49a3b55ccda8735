#!/bin/sh
# SPDX-License-Identifier: ISC
# Say on the desktop that a VM is up; where there is none, nothing.  Runs on the
# host at each start:
#
#	cp notify.sh ~/.xray/scripts/boot/95-notify.sh
text="$XRAY_VM_NAME is up: xray ssh $XRAY_VM_NAME"
if command -v notify-send >/dev/null; then
	timeout 10 notify-send -a xray "$XRAY_VM_NAME" "$text" ||
	    echo 'no desktop to notify'
elif command -v osascript >/dev/null; then
	osascript -e 'on run a' -e 'display notification item 1 of a' \
	    -e 'end run' "$text" || echo 'no desktop to notify'
else
	echo 'no desktop to notify'
fi
