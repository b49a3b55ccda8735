#!/bin/sh
# The QEMU command line, held to the letter: every hardening flag, every
# address a snapshot depends on.  Host paths and the VM's own numbers are
# replaced by words.
. "${0%/*}/lib.sh"
plan 35
seeded_base

# The vector of VM $1 with words for what differs between hosts and VMs.
vector() {
	uuid=$(sed -n 's/^uuid = //p' "$XRAY_HOME/vms/$1/vm.ini")
	mac=$(sed -n 's/^mac = //p' "$XRAY_HOME/vms/$1/vm.ini")
	xray argv "$1" | sed -e "s/$uuid/UUID/" -e "s/$mac/MAC/" \
	    -e "s,\"filename\":\"[^\"]*CODE[^\"]*\",\"filename\":\"CODE\"," \
	    -e 's,^/.*/qemu-system-,qemu-system-,'
}
golden() { vector "$1" | diff "$here/argv.$2" - >"$tmp/diff" || cat "$tmp/diff"; }

echo 'base = b' >"$XRAY_HOME/config.ini"
xray create -q -m 512 -c 2 bios
is 'BIOS' 0 '' golden bios bios
xray create -q -m 1G -c 1 --firmware uefi uefi
is 'UEFI' 0 '' golden uefi uefi
qemu-img create -q -f qcow2 "$tmp/arm.qcow2" 64M
xray-base import -q -n arm --arch aarch64 --firmware uefi "$tmp/arm.qcow2"
sed -i "s/^cloud_init.*/cloud_init = yes/" "$XRAY_HOME/bases/arm/base.ini"
xray create -q -b arm -m 512 -c 2 --display vnc arm
is 'aarch64' 0 '' golden arm arm
: >"$tmp/CODE.fd"
mine=uefi other=arm
[ "$(uname -m)" = x86_64 ] || mine=arm other=uefi
firmware_of() { env OVMF_CODE="$tmp/CODE.fd" OVMF_VARS="$tmp/CODE.fd" \
    xray argv "$1" | grep -c "$tmp/CODE.fd"; }
is 'firmware from the environment: for the host'"'"'s own kind' 0 1 \
    firmware_of $mine
is 'and no other' 1 0 firmware_of $other
sed -i -e 's/^hardware.*/hardware = 1/' -e /^seed/d "$XRAY_HOME/vms/bios/vm.ini"
is 'hardware 1, as snapshots of it need' 0 '' golden bios old
sed -i 's/^hardware.*/hardware = 2/' "$XRAY_HOME/vms/bios/vm.ini"
xray create -q --net none -m 512 -c 2 quiet
is 'no network, no device for it' 1 '' sh -c \
    'xray argv quiet >"$0" || exit 9; grep -E "netdev|virtio-net" "$0"' "$tmp/argv"
is 'no secret on the command line' 1 '' sh -c \
    'xray argv bios | grep -i -E "ssh-|PRIVATE|ed25519|AAAA"'
is 'no backing file is taken from a header' 0 2 sh -c \
    'xray argv bios | grep -c "\"driver\":\"qcow2\".*\"backing\":"'
is 'nothing by default, no configuration, no window' 0 '-nodefaults
-no-user-config' sh -c 'xray argv bios | grep -E "^-no"'
is '--accel' 0 'kvm
host' sh -c 'xray argv --accel kvm bios | sed -n "/^-accel/{n;p;}
    /^-cpu/{n;p;}"'
is 'XRAY_ACCEL' 0 hvf sh -c \
    'XRAY_ACCEL=hvf xray argv bios | sed -n "/^-accel/{n;p;}"'

# A display changes where the picture goes, and gives a screen and a pointer.
display() {
	xray create -q --display "$1" "$1" && xray argv "$1" |
	    sed -n -e '/^-display$/{N;s/\n/ /p;}' -e '/^-vnc$/{N;s/\n/ /p;}' \
	    -e '/^-spice$/{N;s/\n/ /p;}' -e '/addr=0[17].0/p'
}
screen='virtio-vga,id=video0,addr=01.0
virtio-tablet-pci,id=tablet0,addr=07.0'
for d in gtk sdl cocoa curses; do
	is "$d: closing the window leaves the VM" 0 \
	    "-display $d,window-close=off
$screen" display $d
done
is 'vnc on a unix socket' 0 "-display none
-vnc unix:vnc.sock
$screen" display vnc
is 'spice on a unix socket' 0 "-display none
-spice unix=on,addr=spice.sock,disable-ticketing=on
$screen" display spice
is 'curses needs the terminal' 64 '' xray start curses
says 'and says how' 64 'needs the terminal: .*-F' xray start curses
says 'a display nobody knows' 64 '--display: x: not one of none, gtk' \
    xray create --display x x

# A kernel without a boot loader; tests/guest-direct.t boots one.
sed -i '$a kernel = /boot/k' "$XRAY_HOME/vms/bios/vm.ini"
is 'the root file system is where recipes put it' 0 '/boot/k
root=/dev/vda2 rw console=ttyS0' sh -c \
    'xray argv bios | sed -n -e "/^-kernel$/{n;p;}" -e "/^-append$/{n;p;}"'
sed -i -e '$a initrd = /boot/i' -e '$a append = quiet' "$XRAY_HOME/vms/bios/vm.ini"
is 'or as it says' 0 '/boot/i
quiet' sh -c \
    'xray argv bios | sed -n -e "/^-initrd$/{n;p;}" -e "/^-append$/{n;p;}"'
says 'a kernel that is not there: 66' 66 '/boot/k: No such file' xray start bios
sed -i -e 's,^kernel.*,kernel = k,' "$XRAY_HOME/vms/bios/vm.ini"
says 'a relative one is refused' 78 'k: not an absolute path' xray start bios

# Its own network: shut, but for the two sockets of ours and what is published.
mine=$(cd "$XRAY_BIN" && pwd)
xray create -q --net proxy -p 8080:80 -p 5353:53/udp own
net_of() { xray argv own | sed -n '/^-netdev$/{n;p;}' | sed "s,$mine/,BIN/,g"; }
port=$(xray port own)
is 'net = proxy' 0 "user,id=net0,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:$port-:22,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.1:5353-:53,guestfwd=tcp:10.0.2.100:1080-cmd:BIN/xray-join --max 256 proxy.sock,guestfwd=tcp:10.0.2.101:53-cmd:BIN/xray-join --max 32 resolver.sock" \
    net_of
is 'by the same card' 0 1 sh -c \
    'xray argv own | grep -c "^virtio-net-pci,netdev=net0,id=nic0,mac=[^,]*,addr=02.0,romfile=$"'
is 'two sets of the sandbox there' 0 'on,obsolete=deny,resourcecontrol=deny' \
    sh -c 'xray argv own | sed -n "/^-sandbox$/{n;p;}"'
is 'all four everywhere else' 0 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny' \
    sh -c 'for n in filtered open none; do xray config set -q own net $n
    xray argv own | sed -n "/^-sandbox$/{n;p;}"; done | sort -u'
xray config set -q own net proxy
ln -s "$top/share" "$tmp/share"
for odd in 'a b' a,b "a'b" 'a;b' 'a$b' 'a"b'; do
	mkdir "$tmp/$odd"
	cp "$XRAY_BIN/xray-argv" "$tmp/$odd"
	says "programs in '$odd': refused" 78 'neither blanks, commas' \
	    "$tmp/$odd/xray-argv" own
done
