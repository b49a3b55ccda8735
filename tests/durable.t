#!/bin/sh
# What a command has said is done stays so when the power fails: it is synced
# before it gets its name, and the folder that has the name after that.
. "${0%/*}/lib.sh"
command -v strace >/dev/null || skip_all 'no strace'
strace -o /dev/null true 2>/dev/null || skip_all 'strace may not trace'
plan 20
calls=openat,mkdirat,symlinkat,linkat,rename,renameat,renameat2,unlinkat

# What of it could be lost, a line each.  A claim of a port may: a start looks
# for itself whether the port is free.
lost() {
	find "$XRAY_HOME" >"$tmp/before" 2>/dev/null
	timeout 120 strace -f -qq -y -s 4096 -e signal=none \
	    -e trace=$calls,fsync,fdatasync -o "$tmp/trace" "$@" \
	    >"$tmp/said" 2>&1 || cat "$tmp/said"
	perl "$here/durable.pl" "$XRAY_HOME" "$tmp/before" <"$tmp/trace" |
	    sed "s,$XRAY_HOME/,,g; s/-[0-9][0-9]*/-PID/g" | grep -v '^ports'
	return 0
}
kept() { # NAME COMMAND...
	what=$1
	shift
	is "$what is kept" 0 '' lost "$@"
}

qemu-img create -q -f qcow2 "$tmp/b.qcow2" 64M
kept 'a base, and the home it is the first in' \
    xray-base import -q -n b "$tmp/b.qcow2"
kept 'a linked base' xray-base import -q -n l --link "$tmp/b.qcow2"
ok 'it would be seen' sh -c 'grep -q "fsync(.*/bases>" "$0"' \
    "$tmp/trace"
kept 'a key' xray-key -q show
kept 'a VM' xray-create -q -b b -m 64 -c 1 -p 8080:80 web
kept 'a setting' xray-config set -q web memory 128M
kept 'one of the home' xray-config set -q memory 128M
kept 'a rule' xray-fw allow -q web example.com
kept 'that it is gone' xray-fw remove -q web example.com
kept 'a port' xray-port add -q web 8082:82
kept 'a protection' xray-protect -q web
xray protect -q --off web
kept 'a snapshot' xray-snap create -q web one
# Who opens an image after a write to it was lost is not told of that.
ok 'and lost writes are told of: it is open before qemu-img and synced after' \
    perl -ne '($pid) = /^(\d+)/; $us //= $pid; next unless /disk\.qcow2/;
	if ($pid != $us) { $theirs = 1; $synced = 0; }
	elsif (/openat.* = (\d+)</) { $open{$1} = 1 unless $theirs; }
	elsif (/fsync\((\d+)/) { $synced = $theirs && $open{$1}; }
	END { exit !$synced; }' "$tmp/trace"
kept 'a way back' xray-snap revert -q web one
kept 'that a snapshot is gone' xray-snap delete -q -y web one
kept 'a name' xray-move -q web www
kept 'that a VM is gone' xray-remove -q -y www
# A base whose seal was killed is synced before the VM goes that it was.
shop=$XRAY_HOME/vms/maintenance
xray-create -q -b b -m 64 built
mv "$XRAY_HOME/vms/built" "$shop"
sed -i '/^base =/d; /^generation =/d; $a becomes = built' "$shop/vm.ini"
qemu-img create -q -f qcow2 "$shop/disk.qcow2" 64M
echo maintenance >"$(grep -lx built "$XRAY_HOME"/ports/*)"
cp -al "$shop" "$tmp/shop"
xray-base seal -q
mv "$tmp/shop" "$shop"
kept 'what is sealed' xray-base seal -q
ok 'at once' sh -c 'sed "/rename.*"maintenance"/q" "$0" |
    grep "fsync(.*/bases>"' "$tmp/trace"
kept 'that a base is gone' xray-base remove -q -y l
