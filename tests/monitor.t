#!/bin/sh
# xray-monitor and xray-screenshot, with QEMUs of the test's own.
. "${0%/*}/lib.sh"
plan 19
empty_base
xray create -q web
dir=$XRAY_HOME/vms/web
for c in monitor screenshot; do
	says "$c: a stopped VM" 69 'web: stopped; xray start web' xray $c web
done
alive() { "$XRAY_OBJ/tests/lock-peer" "$dir/run.lock" "$@" </dev/null; }
# qemu OPTION...: in the VM's place.
qemu() {
	(cd "$dir" && exec qemu-system-x86_64 -machine q35 -accel tcg -m 16 -S \
	    -name web -nodefaults -display none -chardev \
	    socket,id=m,server=on,wait=off,path=qmp.sock -mon m,mode=control \
	    "$@") >"$tmp/qemu" 2>&1 &
	pid=$!
	until_ok 20 listens "$dir/qmp.sock"
}
trap 'kill $pid 2>/dev/null || :; finish' EXIT
lines() { printf '%s\n' "$@" >"$tmp/lines"; }
talk() {
	"$XRAY_OBJ/tests/lock-peer" "$dir/run.lock" xray-monitor "$@" \
	    <"$tmp/lines"
}
qemu
lines 'info name' '' 'info version'
is 'monitor: lines in, text out' 0 "web
$(qemu-system-x86_64 --version | sed -n 's/.*version \(....\).*/\1/p')" \
    sh -c "'$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' xray-monitor web \
    <'$tmp/lines' | cut -c1-4"
lines 'nonsense'
is 'monitor: what QEMU does not know, it says' 0 "unknown command: 'nonsense'" \
    talk web
lines 'info status "' 'info name'
is 'monitor: quotes pass' 0 'web' sh -c "
    '$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' xray-monitor web \
    <'$tmp/lines' | tail -1"
is 'monitor: no line, no output' 0 '' alive xray-monitor web
is 'monitor: a full disk is not silence' 74 '' sh -c "
    echo info name | '$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' \
    xray-monitor web >/dev/full"
says 'screenshot: without a display: 69' 69 'web: has no display; xray console' \
    alive xray-screenshot web
lines quit
is 'monitor: quit' 0 '' talk web
wait $pid
rm -f "$dir/qmp.sock"
lines 'info name'
says 'monitor: nobody there' 69 'web' talk web

qemu -device bochs-display
cd "$tmp" || exit 1
is 'screenshot: its name' 0 x sh -c "
    '$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' xray-screenshot web |
    sed 's/^web-[0-9]\{6\}\.png$/x/'"
is 'screenshot: a PNG' 0 PNG sh -c 'head -c 4 web-*.png | tail -c 3; echo'
# Names of the next seconds, led elsewhere by somebody.
mkdir led && cd led || exit 1
now=$(date +%s)
for i in $(seq 0 59); do
	ln -s "$tmp/victim" "web-$(date -d "@$((now + i))" +%H%M%S).png"
done
says 'screenshot: a link of its name is not written through' 74 'File exists' \
    alive xray-screenshot web
is 'screenshot: what it led to is not there' 1 '' test -e "$tmp/victim"
cd .. || exit 1
is 'screenshot: to a file' 0 'a b.png' alive xray-screenshot web 'a b.png'
is 'screenshot: to a pipe' 0 PNG sh -c "
    '$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' xray-screenshot web - |
    head -c 4 | tail -c 3; echo"
is 'screenshot: nothing stays in the VM' 1 '' test -e "$dir/.screenshot.png"
says 'screenshot: no such folder' 74 'nope/x.png' alive xray-screenshot web \
    nope/x.png
is 'screenshot: a full disk is not silence' 74 '' sh -c "
    '$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' xray-screenshot web - \
    >/dev/full"
