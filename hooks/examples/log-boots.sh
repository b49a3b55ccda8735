#!/bin/sh
# SPDX-License-Identifier: ISC
# Write down when VMs were started, when they answered, and what they are, in
# ~/.xray/boots.log.  Runs on the host at each start:
#
#	cp log-boots.sh ~/.xray/scripts/boot/90-log-boots.sh
set -eu
started=$(xray info -H -o started "$XRAY_VM_NAME")
kernel=$(xray ssh "$XRAY_VM_NAME" uname -r | tr -cd 'A-Za-z0-9._+-' | cut -c-64)
printf '%s\t%s\t%s\t%s\n' "$started" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    "$XRAY_VM_NAME" "$kernel" >>"$XRAY_HOME/boots.log"
