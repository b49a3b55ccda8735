#!/bin/sh
# A guest of the other processor: tiny for aarch64, by UEFI.  Name, user and
# keys reach it as they reach one of x86_64.
. "${0%/*}/lib.sh"
command -v qemu-system-aarch64 >/dev/null || skip_all 'no qemu-system-aarch64'
arm_base
plan 10
is 'create' 0 '' xray create -q -b tiny-arm -c 1 arm
dir=$XRAY_HOME/vms/arm
is 'its processor' 0 aarch64 xray info -H -o arch arm
is 'start and wait' 0 '' xray start -w --timeout 300 arm
is 'its name, its user and what it runs on' 0 'arm ubuntu aarch64' \
    xray ssh arm 'echo $(hostname) $(id -un) $(uname -m)'
is 'sudo' 0 0 xray ssh arm sudo -n id -u
is 'booted by UEFI' 0 '' xray ssh arm '[ -d /sys/firmware/efi ]'
is 'the host key is ours' 0 '' sh -c \
    "[ \"\$(cut -d' ' -f2,3 '$dir/known_hosts')\" = \
    \"\$(cut -d' ' -f1,2 '$dir/hostkey.pub')\" ]"
is 'every name busybox answers to is there' 0 '' xray ssh arm \
    'for a in $(busybox --list); do command -v $a >/dev/null || echo $a; done'
is 'stop: it goes by its power button' 0 '' xray stop arm
ok 'in time' not grep -q deaf "$tmp/err"
