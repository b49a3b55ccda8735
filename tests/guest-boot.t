#!/bin/sh
# A real guest by BIOS and one by UEFI: it answers ssh as itself, with the
# host key we gave it, and goes when its power button is pressed.
. "${0%/*}/lib.sh"
tiny_base
plan 33

for fw in bios uefi; do
	vm=$fw-vm
	dir=$XRAY_HOME/vms/$vm
	if ! xray create -q -b tiny -c 1 --firmware $fw $vm 2>"$tmp/err"; then
		cat "$tmp/err" >&2
	fi
	is "$fw: an overlay of less than 1 MB" 0 '' sh -c \
	    "[ \$(du -sk '$dir' | cut -f1) -lt 1000 ]"
	is "$fw: start and wait" 0 '' xray start -w --timeout 300 $vm
	is "$fw: its name and its user" 0 "$fw-vm ubuntu" \
	    xray ssh $vm 'echo $(hostname) $(id -un)'
	is "$fw: sudo" 0 0 xray ssh $vm sudo -n id -u
	is "$fw: booted that way" 0 $fw xray ssh $vm \
	    '[ -d /sys/firmware/efi ] && echo uefi || echo bios'
	is "$fw: the host key is ours" 0 '' sh -c \
	    "xray ssh $vm cat /dev/null &&
	    [ \"\$(cut -d' ' -f2,3 '$dir/known_hosts')\" = \
	    \"\$(cut -d' ' -f1,2 '$dir/hostkey.pub')\" ]"
	is "$fw: no key on QEMU's command line" 1 '' sh -c \
	    "tr '\\0' '\\n' </proc/\$(xray pid $vm)/cmdline | grep -c AAAA >&2"
	is "$fw: the remote command's exit code" 3 '' xray ssh $vm 'exit 3'
	is "$fw: bytes pass whole both ways" 0 '' sh -c "
	    head -c 300000 /dev/urandom >'$tmp/r'
	    xray ssh $vm cat <'$tmp/r' | cmp - '$tmp/r'"
done

vm=bios-vm
dir=$XRAY_HOME/vms/$vm
is 'the console is in the log, a line a time' 0 '' sh -c \
    "grep -qE '^20[0-9-]*T[0-9:.]*Z tiny: kernel up' '$dir/log/console.log'"
is 'ssh from outside works as create printed it' 0 bios-vm \
    ssh -p "$(xray info -H -o ssh_port $vm)" ubuntu@localhost \
    -i "$XRAY_HOME/ssh/id" -o BatchMode=yes -o "HostKeyAlias=$vm.xray" \
    -o "UserKnownHostsFile=$dir/known_hosts" hostname
is 'a server with another host key is refused' 255 '' sh -c "
    cp '$dir/known_hosts' '$tmp/kept'
    awk '{ print \$1 }' '$tmp/kept' | tr '\\n' ' ' >'$dir/known_hosts'
    cut -d' ' -f1,2 '$XRAY_HOME/vms/uefi-vm/hostkey.pub' >>'$dir/known_hosts'
    xray ssh $vm hostname; c=\$?
    cp '$tmp/kept' '$dir/known_hosts'; exit \$c"
is 'connect: the banner on standard output' 0 SSH-2.0 sh -c \
    "xray connect $vm </dev/null | head -c 7; echo"
is 'scp through the same options, by sftp' 0 '' sh -c "
    printf 'put %s\n' '$tmp/r' | sftp -q -b - -F none -i '$XRAY_HOME/ssh/id' \
    -o UserKnownHostsFile='$dir/known_hosts' -o HostKeyAlias=$vm.xray \
    -o 'ProxyCommand=$XRAY_BIN/xray-connect $vm' ubuntu@x >/dev/null"
is 'what it wrote survives its power button' 0 '' xray ssh $vm \
    'echo kept >kept; sync'
is 'stop says nothing: the guest went by itself' 0 '' xray stop $vm uefi-vm
cp "$tmp/err" "$tmp/stopped"
ok 'in time' not grep -q deaf "$tmp/stopped"
is 'both are stopped' 0 'stopped
stopped' sh -c "xray status bios-vm; xray status uefi-vm"
ok 'qemu-img finds nothing wrong' qemu-img check -q "$dir/disk.qcow2"
is 'it boots again with no new key' 0 '' sh -c "
    cksum '$dir/hostkey' '$dir'/cred/* >'$tmp/a'
    xray start -w --timeout 300 $vm
    cksum '$dir/hostkey' '$dir'/cred/* | cmp - '$tmp/a'"
is 'and has what was written' 0 kept xray ssh $vm cat kept
is 'wait for another to stop' 0 '' sh -c "
    xray ssh $vm sudo poweroff; xray wait --for stopped --timeout 120 $vm"
is 'ssh to a guest that dies while we wait: 69' 69 '' sh -c "
    xray start $vm; xray ssh $vm true & pid=\$!
    xray stop -f $vm; wait \$pid"
says 'wait gives up in time, with the last line of the console' 75 \
    'no ssh after 1 s' sh -c "xray start $vm; xray wait --timeout 1 $vm"
xray stop -f $vm
