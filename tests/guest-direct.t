#!/bin/sh
# A kernel without a boot loader: tiny's own, taken off its ESP.
. "${0%/*}/lib.sh"
plan 8
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

# A kernel that took the TSC's frequency wrong, as happens where the machine is
# busy: with the image's own command line it finds out.
line=$(xray ssh web cat /proc/cmdline)
xray stop web
ok 'a TSC that is said to be slow' xray start -w --timeout 120 \
    --kernel vmlinuz --initrd initrd --append "$line tsc_early_khz=300000" web
# seconds of the host's while the guest counts ten
ten() {
	xray ssh web '
	    s() { read -r up _ </proc/uptime; echo "${up%.*}"; }
	    end=$(s); while [ "$(s)" = "$end" ]; do sleep 0.1; done; echo
	    end=$(($(s) + 10)); while [ "$(s)" -lt "$end" ]; do sleep 0.1; done
	    echo' | {
		read -r _
		begin=$(date +%s%3N)
		read -r _
		took=$(($(date +%s%3N) - begin))
		echo "the guest counted 10 s in $took ms" >&2
		[ $took -gt 7000 ]
	}
}
ok 'its clock is right all the same' ten
