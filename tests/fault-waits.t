#!/bin/sh
# What commands say when something does not come to an end, however long they
# wait: each of these waits takes its seconds.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
empty_base >/dev/null && xray-create -q -b b v w || exit 1
plan 4

# stays VM COMMAND ...: somebody holds the lock of one that runs meanwhile, and
# no signal reaches him.
stays() (
	held=$1
	shift
	"$XRAY_OBJ/tests/lock-peer" "$XRAY_HOME/vms/$held/run.lock" "$@"
)
(
	code=0
	stays w xray-remove -y -f w 2>"$tmp/removal" || code=$?
	echo "code $code" >>"$tmp/removal"
) &
removal=$!
: >"$XRAY_HOME/vms/v/qmp.sock"
says 'stop: 75' 75 '^xray-stop: v: does not end, not even by SIGKILL' \
    stays v xray-stop -f v
wait $removal
is 'remove: 75, and it stays' 0 'xray-remove: w: does not end
code 75' cat "$tmp/removal"
ok 'with all it has' test -f "$XRAY_HOME/vms/w/disk.qcow2"

# One that ends while somebody waits for it.
stays v sleep 3 &
until_ok 30 not "$XRAY_OBJ/tests/lock-peer" "$XRAY_HOME/vms/v/lock" \
    sh -c 'xray-list -H -o status v | grep -q stopped'
says 'connect: 69' 69 '^xray-connect: v: stopped; xray start v' \
    xray-connect --timeout 60 v 80
wait
