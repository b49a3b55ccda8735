#!/bin/sh
# A kernel without a boot loader: tiny's own, taken off its ESP.
. "${0%/*}/lib.sh"
plan 6
tiny_base
qemu-img convert -q -f qcow2 -O raw "$XRAY_HOME/bases/tiny/1/disk.qcow2" \
    "$tmp/raw"
for f in vmlinuz initrd; do
	mcopy -i "$tmp/raw@@1M" "::$f" "$tmp/$f"
done
rm "$tmp/raw"
xray create -q -m 256 -c 1 web

cd "$tmp" || exit 1
ok 'by relative names' xray start --kernel vmlinuz --initrd initrd \
    --append 'console=ttyS0 quiet xray.test=one' web
ok 'the guest answers' xray wait --timeout 120 web
is 'with the command line that was given' 0 \
    'console=ttyS0 quiet xray.test=one' xray ssh web cat /proc/cmdline
is 'a live snapshot says so' 0 'kernel = yes' sh -c '
    xray snap create -q web k && grep ^kernel "$XRAY_HOME/vms/web/snapshots.ini"'
xray stop web
ok 'its disk boots by itself the next time' xray start -w --timeout 120 web
is 'with its own' 1 0 xray ssh web grep -c xray.test /proc/cmdline
