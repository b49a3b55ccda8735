#!/bin/sh
# Snapshots beside those of qemu-img, and of QEMU itself; see bench.sh.
. "${0%/*}/lib.sh"
. "${0%/*}/bench-lib.sh"
rounds=${ROUNDS:-61} # short, and they wobble
empty_base
xray create -q -m 64 -c 1 theirs one
xray create -q -m 64 -c 1 --firmware uefi two
pairs "$rounds" "qemu-img snapshot -c s% $XRAY_HOME/vms/theirs/disk.qcow2" \
    'xray-snap create -q one s%' 'xray-snap create -q two s%'
pair_row 2 snapshots 'cold, one disk' 'qemu-img snapshot -c' 'ratio <= 1.15'
pair_row 3 snapshots 'cold, and UEFI variables' 'qemu-img snapshot -c' \
    'ratio <= 1.3'

# A live one takes what QEMU's job takes, and a little.
xray create -q -m 64 -c 1 live
xray start -q live
job() { # COMMAND ARGUMENTS: to $tmp/job, in ms
	"$XRAY_OBJ/tests/job-peer" "$XRAY_HOME/vms/live" qmp.sock "$1" j "$2"
}
for _ in $(seq "$rounds"); do
	# a shell's own way to measure would cost it a millisecond
	"$pair" 1 'xray-snap create -q live s' | cut -f1 >>"$tmp/took.live"
	xray-snap delete -q -y live s
	job snapshot-save '{"job-id":"j","tag":"j","vmstate":"disk0",
	    "devices":["disk0"]}' >>"$tmp/took.job"
	job snapshot-delete '{"job-id":"j","tag":"j","devices":["disk0"]}' \
	    >/dev/null
done
took_row snapshots 'live, 64 MB' live job ''
row snapshots "of it over QEMU's own job" ms \
    "$(paste "$tmp/took.live" "$tmp/took.job" | awk '{ print $1 - $2 }' |
	median)" '' '' '' '<= 5'
xray-stop -q -f live
