#!/bin/sh
# What commands say of a QEMU that refuses, of questions that are none, and of a
# machine without what they need; see messages-live.t.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
peer=$XRAY_OBJ/tests/fake-qmp lock=$XRAY_OBJ/tests/lock-peer
empty_base >/dev/null && xray-create -q -b b v && xray-key -q 2>/dev/null &&
    xray-create -q -b b --firmware uefi u && xray-snap create -q v t &&
    xray-create -q -b b --net proxy p && xray-port add -q p 8098:80 || exit 1

m() {
	want=$1 words=$2
	shift 2
	says "$1 says: $words" "$want" "$words" "$@"
}
# lie VM SCRIPT COMMAND ...: meanwhile it runs, and its QEMU says that.
hello='{"QMP":{"version":{},"capabilities":[]}}' good='{"return":{},"id":1}'
lie() (
	vm=$XRAY_HOME/vms/$1
	script=$2
	shift 2
	rm -f "$vm/qmp.sock"
	timeout 20 "$lock" "$vm/run.lock" "$peer" "$vm/qmp.sock" "$hello
$good
$script" "$@"
)
fire='{"error":{"class":"GenericError","desc":"disk on fire"},"id":2}'

printf 'net=proxy\0' >"$XRAY_HOME/vms/p/once"
m 75 'p: no such device' lie p '{"return":"no such device\r\n","id":2}' \
    xray-port remove p 8098:80
xray-port add -q p 8098:80
m 75 'p: human-monitor-command: disk on fire' lie p "$fire" xray-port remove p 8098:80
xray-port add -q p 8098:80
hello=x
m 75 'p: ' lie p '' xray-port remove p 8098:80
hello='{"QMP":{"version":{},"capabilities":[]}}'
m 69 'p: port 7: with net = proxy only published ports lead in; xray port add p HOST:7' \
    "$lock" "$XRAY_HOME/vms/p/run.lock" timeout 20 xray-connect p 7
m 76 'v: transaction: disk on fire' lie v "$fire" xray-snap create --disk-only v t2

# ---- questions ----

in_of() (
	file=$1
	shift
	exec "$@" <"$file"
)
printf 'nonsense\n' >"$tmp/line"
m 0 'not answer VM ID' sh -c 'xray-prompt prompt --stdio v <"$0" >&2' "$tmp/line"
rm -rf "$XRAY_HOME/prompt"
: >"$XRAY_HOME/prompt"
m 74 "^xray-fw: $XRAY_HOME/prompt: " xray-prompt prompt --program webhook v
rm "$XRAY_HOME/prompt"

# ---- what was there a moment ago ----

mkdir "$XRAY_HOME/throwaway"
m 73 'one: another run has that name' \
    "$lock" "$XRAY_HOME/throwaway/one" xray-run --rm --name one b -- true
rm -rf "$XRAY_HOME/throwaway"
# Between the first look, when it was stopped, and the lock.
vm=$XRAY_HOME/vms/v
"$lock" "$vm/lock" sleep 1 &
locker=$!
(
	sleep 0.5
	exec "$lock" "$vm/run.lock" sleep 2
) &
locker="$locker $!"
sleep 0.1
m 75 'v: was started just now' env XRAY_LOCK_WAIT=9 xray-snap revert -y v t
# shellcheck disable=SC2086 # pids
wait $locker

# ---- a machine without firmware ----

if unshare -m true 2>/dev/null; then
	bare() {
		unshare -m sh -c 'for d in qemu/firmware OVMF AAVMF qemu-efi-aarch64 \
		    edk2 edk2-ovmf qemu; do
			[ ! -d "/usr/share/$d" ] || mount -t tmpfs none "/usr/share/$d"
		done
		exec "$@"' - "$@"
	}
	m 69 'no UEFI firmware for .*; share/deps installs it' bare xray-argv u
fi
plan "$n"
