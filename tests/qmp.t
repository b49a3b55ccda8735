#!/bin/sh
# QEMU as a liar: a scripted peer in its place that is silent, endless, deep,
# out of order or cut short.  Every client ends in time, with a message.
. "${0%/*}/lib.sh"
plan 35
empty_base
xray create -q web
vm=$XRAY_HOME/vms/web
peer=$XRAY_OBJ/tests/fake-qmp

# lie NAME CODE PATTERN SCRIPT [TIMEOUT]: what xray qmp makes of a peer that
# speaks it.
lie() {
	says "$1" "$2" "$3" "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" \
	    "$peer" "$vm/qmp.sock" "$4" xray qmp --timeout "${5-20}" web \
	    query-status
}
hello='{"QMP":{"version":{},"capabilities":[]}}'
good='{"return":{},"id":1}'
# A VM with a snapshot of a run of its own, which the peer refuses to load.
xray create -q -m 64 two && xray start -q two 2>/dev/null &&
    xray snap create -q two there && xray stop -q -f two || exit 1
# However much it is told, nobody needs more than this; QEMU would.
[ "$XRAY_BIN" != "$top/bin" ] || prlimit --pid $$ --data=67108864
lie 'silence' 75 'QEMU does not answer' '' 1
lie 'no greeting' 76 'no QMP greeting' '{"hello":1}'
lie 'no JSON' 76 'no QMP greeting' 'hello'
lie 'a greeting, then silence' 75 'does not answer' "$hello" 1
lie 'gone after the greeting' 69 'QEMU went away' "$hello
<close>"
lie 'gone in the middle of a line' 69 'QEMU went away' "$hello
$good
<raw>{\"return\":{\"sta
<close>"
lie 'a reply with another id is none' 75 'does not answer' "$hello
$good
{\"return\":{},\"id\":99}" 1
lie 'a reply without an id is none' 75 'does not answer' "$hello
$good
{\"return\":{}}" 1
lie 'a reply before the question is none' 75 'does not answer' "$hello
{\"return\":{},\"id\":2}
$good" 1
lie 'events without end' 75 'does not answer' "$hello
$good
<flood>" 2
lie 'an array' 76 'QMP' "$hello
$good
[1,2]"
lie 'too deep' 76 'too large or too deep' "$hello
$good
<deep>"
lie 'a line without end' 76 'line too long' "$hello
$good
<endless>"
is 'a million events, then the reply' 0 '{"return":{"ok":true}}' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" "$vm/qmp.sock" \
    "$hello
$good
<events>
{\"return\":{\"ok\":true},\"id\":2}" \
    xray qmp --timeout 60 web query-status
# QEMU may have something for the client before us when we are there already.
is 'what was meant for another is before the greeting' 0 \
    '{"return":{"ok":true}}' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" "$vm/qmp.sock" \
    "{\"event\":\"RESUME\"}
{\"return\":{\"no\":1},\"id\":2}
$hello
$good
{\"return\":{\"ok\":true},\"id\":2}" \
    xray qmp --timeout 20 web query-status
is 'out of order, with those of others: ours counts' 0 '{"return":{"ok":true}}' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" "$vm/qmp.sock" \
    "$hello
{\"return\":{\"no\":1},\"id\":3}
{\"return\":{\"no\":2},\"id\":\"2\"}
{\"QMP\":{}}
$good
{\"return\":{\"no\":3},\"id\":1}
{\"return\":{\"ok\":true},\"id\":2}" \
    xray qmp --timeout 20 web query-status
says 'an error with escapes in it comes out masked' 76 '' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" "$vm/qmp.sock" \
    "$hello
{\"error\":{\"class\":\"G\",\"desc\":\"\\u001b[31mred\"},\"id\":1}" \
    xray qmp --timeout 2 web query-status
cp "$tmp/err" "$tmp/kept"
ok 'the error is there' grep -q 'red' "$tmp/kept"
is 'without its escape' 1 '' grep "$(printf '\033')" "$tmp/kept"
is 'slow' 0 '{"return":{"ok":true}}' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" "$vm/qmp.sock" \
    "<slow>$hello
$good
<slow>{\"return\":{\"ok\":true},\"id\":2}" \
    xray qmp --timeout 20 web query-status
lie 'slower than anybody waits' 75 'does not answer' "$hello
<slow>{\"event\":\"$(printf '%0900d' 0)\"}" 1
lie 'no UTF-8' 76 'QMP' "$hello
$good
{\"return\":{\"a\":\"$(printf '\377\300\200')\"},\"id\":2}"
# It goes in the middle of what it says, after each byte.
cuts() { # N COMMAND...
	step=$1
	shift
	"$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" -c "$step" \
	    "$vm/qmp.sock" "$hello
$good
{\"timestamp\":{\"seconds\":1},\"event\":\"RTC_CHANGE\",\"data\":{\"x\":[1]}}
{\"return\":{\"running\":true,\"status\":\"running\"},\"id\":2}
" "$@"
}
is 'gone after each byte but the last' 0 '0: 1
69: 182' cuts 1 xray qmp --timeout 5 web query-status
is 'pause' 0 '69: 21' cuts 9 xray pause web
is 'resume, told at the last moment that it runs' 0 '0: 1
69: 182' cuts 1 xray resume web
is 'screenshot' 0 '69: 21' cuts 9 xray screenshot web "$tmp/x.png"
ok 'which there is none of' not test -e "$tmp/x.png"
is 'snap create' 0 '69: 21' cuts 9 xray snap create web s
is 'which there is none of' 0 '' xray snap list -H web
# What it refuses is not in the record, which was written meanwhile.
says 'a snapshot that QEMU refuses' 76 'snapshot-save: not now' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" "$vm/qmp.sock" "$hello
$good
{\"return\":{\"running\":true,\"status\":\"running\"},\"id\":2}
{\"error\":{\"class\":\"GenericError\",\"desc\":\"not now\"},\"id\":3}
{\"return\":{\"running\":true,\"status\":\"running\"},\"id\":4}" \
    xray snap create web s
ok 'is nowhere' sh -c '! grep -rl "^\[s\]" "$0" && [ ! -e "$0/op" ]' "$vm"
is 'status does not mind' 0 '0: 21' cuts 9 xray status web

# ---- it loads no snapshot ----

vm=$XRAY_HOME/vms/two
running='{"return":{"running":true,"status":"running"},"id":2}'
unloaded() { # DESC LATER: what snap revert makes of that
	"$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" "$peer" "$vm/qmp.sock" \
	    "$hello
$good
$running
{\"error\":{\"class\":\"GenericError\",\"desc\":\"$1\"},\"id\":3}
$2" xray snap revert -y two there
}
none="Snapshot 'there' does not exist in one or more devices"
says 'refused before anything was touched: it goes on' 76 \
    "^xray-snap: two: snapshot-load: $none$" unloaded "$none" \
    '{"return":{"running":false,"status":"paused"},"id":4}
{"return":{},"id":5}'
says 'one that goes on at once' 76 "^xray-snap: two: snapshot-load: $none$" \
    unloaded "$none" '{"return":{"running":true,"status":"running"},"id":4}'
says 'half loaded: it must not go on, which is told' 76 \
    'on fire; it is left paused: xray stop -f two, then start$' \
    unloaded 'disk on fire' '<raw>'
