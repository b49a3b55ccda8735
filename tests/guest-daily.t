#!/bin/sh
# A guest on a disk that fills up, and goes on; ports that open while it runs;
# another name; a larger disk.  The home is a file system of its own, of a
# few megabytes more than it needs.
if [ -z "$XRAY_TEST_MOUNTS" ]; then
	own=-m
	[ "$(id -u)" = 0 ] || own=-rm
	if unshare $own true 2>/dev/null; then
		XRAY_TEST_MOUNTS=1 exec unshare $own sh "$0"
	fi
fi
. "${0%/*}/lib.sh"
[ -n "$XRAY_TEST_MOUNTS" ] || skip_all 'no mount namespace'
[ -f "$XRAY_OBJ/guest/tiny.ready" ] || skip_all 'no guest: make guest'
base=$(du -sm "$XRAY_OBJ/guest/home/bases/tiny" | cut -f1)
mkdir "$XRAY_HOME"
mount -t tmpfs -o "size=$((base + 64))m,mode=700" tmpfs "$XRAY_HOME" ||
    skip_all 'no file system of a fixed size'
end() {
	xray stop -a -f >/dev/null 2>&1
	umount -l "$XRAY_HOME" 2>/dev/null
	finish
}
trap end EXIT
tiny_base
plan 30
vm=web
free_mb() { df -m "$XRAY_HOME" | awk 'END { print $4 }'; }
shows() { [ "$(xray status $vm)" = "$1" ]; }
xray config set -q min_free 20M
xray create -q -b tiny -c 1 $vm
is 'start' 0 '' xray start -w --timeout 300 $vm

# ---- the disk is full
dd if=/dev/zero of="$XRAY_HOME/ballast" bs=1M count=$(($(free_mb) - 8)) \
    2>/dev/null
is 'eight megabytes are left' 0 8 free_mb
pid=$(xray pid $vm)
xray ssh $vm 'seq 1 3000000 >data; sync; echo written' >"$tmp/wrote" 2>&1 &
writer=$!
ok 'the guest stops when they are used up' \
    until_ok 90 shows 'paused (disk full)'
is 'list tells why' 0 'disk full' xray list -H -o reason $vm
is 'why names it' 0 paused-full sh -c \
    "xray why -H -o cause $vm | head -n 1"
says 'no room, no going on: 75' 75 \
    'web: .* free on /.*, min_free is 21 MB; see xray disk' xray resume $vm
ok 'it stays as it is' shows 'paused (disk full)'
says 'by force it stops again at once: 75' 75 'web: stopped again at once' \
    xray resume -f $vm
ok 'for the same reason' until_ok 30 shows 'paused (disk full)'
rm "$XRAY_HOME/ballast"
says 'room is made: it goes on' 0 \
    '^xray-resume: web: [0-9.]+ MB free on /.*home; running$' xray resume $vm
is 'it is running' 0 running xray status $vm
wait $writer
is 'the guest noticed nothing' 0 written cat "$tmp/wrote"
is 'the same QEMU' 0 "$pid" xray pid $vm
md5=$(seq 1 3000000 | md5sum | cut -d' ' -f1)
is 'what it wrote is right, from the disk' 0 "$md5" xray ssh $vm \
    'sudo sh -c "echo 3 >/proc/sys/vm/drop_caches"; md5sum <data | cut -d" " -f1'
is 'and the kernel saw no error' 1 '' xray ssh $vm 'sudo dmesg | grep -i "i/o error"'

# ---- pause: the guest stands still
xray ssh $vm 'while :; do date +%s >tick; sleep 0.2; done' >/dev/null 2>&1 &
is 'pause' 0 '' xray pause $vm
is 'who waits for it is told at once' 69 '' xray wait --timeout 60 $vm
is 'resume' 0 '' xray resume $vm
is 'it answers' 0 '' xray wait --timeout 120 $vm

# ---- ports
# ask PROTO PORT: what the server in the guest says.
ask() {
	for _ in $(seq 50); do
		got=$(echo you | timeout 3 socat -T 2 - "$1:127.0.0.1:$2" \
		    2>/dev/null)
		[ -z "$got" ] || break
		sleep 0.2
	done
	echo "$got"
}
xray ssh $vm 'while :; do echo guest | nc -l -p 8080; done >/dev/null 2>&1 \
    </dev/null &'
# Its busybox has no UDP server; its kernel counts what came for nobody.
strays() { xray ssh $vm "awk '/^Udp: [0-9]/ { print \$3 }' /proc/net/snmp"; }
is 'port add' 0 'Added port forward: 18780:8080
Added port forward: 18781:5353/udp' xray port add $vm 18780:8080 18781:5353/udp
is 'leads to the guest at once' 0 guest ask TCP 18780
strays=$(strays)
more() {
	echo you | socat -T 1 - UDP:127.0.0.1:18781 >/dev/null 2>&1
	[ "$(strays)" -gt "$strays" ]
}
ok 'by UDP too' until_ok 60 more
is 'port remove' 0 'Removed port forward: 18780:8080' \
    xray port remove $vm 18780:8080
is 'leads nowhere' 1 '' socat -u TCP:127.0.0.1:18780 -

# ---- another name, a larger disk, after a restart
before=$(xray ssh $vm 'cat /sys/block/vda/size')
is 'resize while it runs' 0 '' xray resize -q -f $vm 21G
is 'the guest sees it' 0 44040192 xray ssh $vm 'cat /sys/block/vda/size'
ok 'it was smaller' test "$before" -lt 44040192
xray stop $vm
is 'move' 0 '' xray move -q $vm www
is 'restart of a stopped one starts it; ssh knows its key' 0 '' \
    xray restart -w --timeout 300 www
is 'it has the new name, and what was written' 0 "www $md5" xray ssh www \
    'echo $(hostname) $(md5sum <data | cut -d" " -f1)'
