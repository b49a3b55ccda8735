#!/bin/sh
# xray-doctor --security on real guests: booted, resumed from a snapshot,
# paused, without a network, by UEFI.
. "${0%/*}/lib.sh"
tiny_base
plan 14
xray create -q -b tiny -m 256 -c 2 -p 18990:80 web
xray create -q -b tiny -m 128 -c 1 --net none --firmware uefi cell
# shellcheck disable=SC2317 # called by ok
none_bad() {
	xray doctor "$@" -H >"$tmp/lines" || true
	cat "$tmp/lines"
	not grep -q '^bad' "$tmp/lines"
}
has() { grep -Eq "^$1	$2	$3" "$tmp/lines"; }

xray start -q -w --timeout 100 web
xray start -q cell
ok 'a guest that is up: no bad line' none_bad --security --vm web
ok 'two forwards, and nothing else' has ok listen 'web: .*loopback: 2$'
ok 'every thread of QEMU is filtered' has ok seccomp 'web: .* ([2-9]|[1-9][0-9]+) threads'
ok 'its base is read-only' has ok base 'web: .*read-only'
ok 'tcg is noted' has note accel 'web: tcg: no security boundary'
ok 'all that run, in one table' none_bad --security
ok 'both are in it' sh -c "grep -q 'web: ' '$tmp/lines' &&
    grep -q 'cell: ' '$tmp/lines'"
ok 'without a network: no card' has ok net 'cell: none: it has no network card'
ok 'and no port' has ok listen 'cell: .*loopback: 0$'
ok 'UEFI variables are written in the folder alone' has ok files 'cell: QEMU has'
xray snap create -q web one
xray stop -q -f web
xray snap revert -q web one
xray start -q web
ok 'resumed in a new QEMU: no bad line' none_bad --security --vm web
xray pause -q web
ok 'paused: none' none_bad --vm web
xray stop -q -a -f
ok 'all stopped: the home is well' none_bad --home
is 'doctor has changed no record' 0 '' sh -c \
    'xray doctor --home >/dev/null; find "$XRAY_HOME/vms" -newer "$0" \
    -name vm.ini' "$tmp/lines"
