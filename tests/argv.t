#!/bin/sh
# The QEMU command line, held to the letter: every hardening flag, every
# address a snapshot depends on.  Host paths and the VM's own numbers are
# replaced by words.
. "${0%/*}/lib.sh"
plan 8
empty_base

# The vector of VM $1 with words for what differs between hosts and VMs.
vector() {
	uuid=$(sed -n 's/^uuid = //p' "$XRAY_HOME/vms/$1/vm.ini")
	mac=$(sed -n 's/^mac = //p' "$XRAY_HOME/vms/$1/vm.ini")
	xray argv "$1" | sed -e "s/$uuid/UUID/" -e "s/$mac/MAC/" \
	    -e "s,\"filename\":\"[^\"]*CODE[^\"]*\",\"filename\":\"CODE\"," \
	    -e 's,^/.*/qemu-system-,qemu-system-,'
}
golden() { vector "$1" | diff "$here/argv.$2" - >"$tmp/diff" || cat "$tmp/diff"; }

xray create -q -m 512 -c 2 bios
is 'BIOS' 0 '' golden bios bios
xray create -q -m 1G -c 1 --firmware uefi uefi
is 'UEFI' 0 '' golden uefi uefi
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
