#!/bin/sh
# Guests that are broken in all the ways we know, and what why calls it.  One
# VM is broken again and again, and reverted to when it was well.
. "${0%/*}/lib.sh"
tiny_base
plan 41
cd "$tmp" || exit 1

# is_why NAME CODE VM: what why calls it, within a time.
is_why() {
	want=$1 want_code=$2
	shift 2
	n=$((n + 1))
	end=$(($(date +%s) + 180))
	while :; do
		code=0
		xray why -H -o cause,text "$@" >why.out 2>why.err || code=$?
		got=$(head -n 1 why.out | cut -f1)
		if [ "$got" = "$want" ] && [ $code = "$want_code" ]; then
			echo "ok $n - ${what:-why}: $got"
			break
		fi
		if [ "$(date +%s)" -ge $end ]; then
			echo "not ok $n - ${what:-why}: $want $want_code, not $got $code"
			sed 's/^/# /' why.out why.err
			bad=1
			break
		fi
		sleep 1
	done
	what=
}
sentence() { xray why "$@" 2>/dev/null | head -n 1; }
back() { xray snap revert -q web well >/dev/null 2>&1; }
trap 'kill ${socat-} 2>/dev/null || :; finish' EXIT

# ---- those that never come up, beside each other
qemu-img convert -q -O raw "$XRAY_HOME/bases/tiny/1/disk.qcow2" raw
for f in vmlinuz initrd; do
	mcopy -i raw@@1M "::$f" "$f"
done
mdel -i raw@@1M ::vmlinuz
xray base import -q -n nokernel raw 2>/dev/null
rm raw
empty_base blank
xray create -q -b blank -m 64 -c 1 noboot
xray create -q -b nokernel -m 64 -c 1 --firmware bios nokernel
xray create -q -b blank -m 256 -c 1 noroot
xray create -q -b blank -m 256 -c 1 noinitrd
xray create -q -b tiny -m 256 -c 1 --mode deny web
xray create -q -b blank -m 128 -c 1 --firmware uefi noshell
xray start -q noboot nokernel
xray start -q --kernel vmlinuz --append 'console=ttyS0 root=/dev/none' noroot
what='no root file system' is_why no-root 1 noroot
is 'in words' 0 'noroot: the kernel found no root file system' \
    sentence noroot
ok "the kernel's last words are told" grep -q \
    'panic - not syncing: VFS: Unable to mount root fs' why.out
says 'who waits is sent here' 75 'console: .*panic.*; see xray why noroot$' \
    xray wait --timeout 2 noroot
is 'how often it was tried is remembered' 0 1 sh -c \
    'xray why noroot 2>&1 | grep -cE "	ssh	no ssh after 2 s: [0-9]+ tries, no answer"'
says 'what helps' 1 \
    '^next: xray screenshot noroot; .*xray start --display vnc noroot$' \
    xray why noroot
xray stop -q -f noroot
what='it is known when it is stopped, too' is_why no-root 1 noroot
xray start -q --kernel vmlinuz --initrd initrd --append console=ttyS0 noinitrd
what='no root file system, by the initramfs' is_why no-root 1 noinitrd
xray stop -q -f noinitrd
xray start -q noshell
what='nothing to boot on the disk' is_why no-boot 1 noboot
what='a boot loader without a kernel' is_why no-kernel 1 nokernel
what='nothing to boot, by UEFI' is_why no-boot 1 noshell
xray stop -q -f noboot nokernel noshell

# ---- one that is well
what='never started' is_why never-started 0 web
xray start -q --no-hooks -w --timeout 300 web
what='it is well' is_why well 0 web
ok 'that it answered is told' grep -q 'tiny: ssh ready' why.out
xray snap create -q web well

xray ssh web 'nc -w 5 example.com 80 </dev/null; nc -w 5 1.1.1.1 53 </dev/null'
what='denied for want of a rule' is_why denied 1 web
is 'what was' 0 1 grep -c 'tcp example.com:80 (mode, [0-9]*)' why.out
xray fw deny -q web example.com 1.1.1.1 >/dev/null
back
xray ssh web 'sudo date -s @1700000000' >/dev/null 2>&1
what="the guest's clock" is_why clock 1 web
back
xray ssh web sudo mount -o remount,ro /
what='a root that cannot be written' is_why read-only 1 web
back
xray ssh web 'sudo sh -c "chmod a-x \$(command -v tcpsvd); killall tcpsvd"'
what='no sshd' is_why no-sshd 1 web
back
cp -a "$XRAY_HOME/ssh" kept
xray key -q -f
what='sshd refuses the key' is_why key-refused 1 web
ok 'in the words of ssh' grep -q 'Permission denied' why.out
rm -r "$XRAY_HOME/ssh"
mv kept "$XRAY_HOME/ssh"
xray pause -q web
what='paused by a person' is_why paused 0 web
xray resume -q web
pid=$(xray pid web)
kill -STOP "$pid"
what='QEMU stands still' is_why qemu-deaf 1 web
kill -CONT "$pid"
what='it goes on' is_why denied 1 web

# Its gateway, with nobody to start it again.
boss=$(awk '{ print $4 }' "/proc/$pid/stat")
gate=$(awk '{ print $1 }' "$XRAY_HOME/vms/web/gateway")
kill -STOP "$boss"
kill -KILL "$gate"
what='no gateway' is_why gateway-down 1 web
kill -CONT "$boss"
what='it is started again' is_why denied 1 web
ok 'which is told' grep -q 'gateway ended (signal 9)' "$XRAY_HOME/vms/web/log/net.log"

xray ssh web 'tail /dev/zero' >/dev/null 2>&1
what='out of memory' is_why oom 1 web
ok 'who was killed' grep -q 'Killed process [0-9]* (tail)' why.out
kill -KILL "$pid"
what='QEMU was killed' is_why qemu-killed 1 web

# ---- starts that fail
port=$(xray info -H -o ssh_port web)
socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr" - >/dev/null 2>&1 </dev/null &
socat=$!
until_ok 30 sh -c "grep -qi ':$(printf %04X "$port") ' /proc/net/tcp"
says 'the port is taken: 75' 75 'taken by another program' \
    xray start -q web "$port"
what='a port that is taken' is_why port-taken 1 web
kill "$socat"
wait "$socat"
socat=
xray config set -q min_free 900T
says 'no room: 75' 75 'min_free' xray start -q web
what='a full disk' is_why disk-full 1 web
xray config unset -q min_free
xray snap revert -q web well
says 'another machine than the snapshot had' 78 'was taken with' \
    xray start -q -m 300 web
what='a snapshot that cannot be loaded' is_why snapshot 1 web
rm -f "$XRAY_HOME/bases/tiny/1/disk.qcow2"
says 'the base is gone' 66 . xray start -q web
what='a base that is not what was sealed' is_why base-changed 1 web
ln "$XRAY_OBJ/guest/home/bases/tiny/1/disk.qcow2" \
    "$XRAY_HOME/bases/tiny/1/disk.qcow2" 2>/dev/null ||
    cp -p "$XRAY_OBJ/guest/home/bases/tiny/1/disk.qcow2" \
	"$XRAY_HOME/bases/tiny/1/"

# ---- a hook
mkdir -p "$XRAY_HOME/scripts/boot"
printf '#!/bin/sh\necho no such thing >&2\nexit 3\n' \
    >"$XRAY_HOME/scripts/boot/10-bad.sh"
chmod 755 "$XRAY_HOME/scripts" "$XRAY_HOME/scripts/boot" \
    "$XRAY_HOME/scripts/boot/10-bad.sh"
xray start -q web
what='a hook that fails' is_why hook-failed 1 web
is 'which one' 0 \
    'web: a hook failed: boot user/10-bad.sh failed (exit 3)' sentence web
ok 'and its words' grep -q 'no such thing' why.out
xray stop -q web
