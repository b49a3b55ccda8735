#!/bin/sh
# xray-base import: what is refused leaves nothing behind.
. "${0%/*}/lib.sh"
plan 35
cd "$tmp" || exit 1
qemu-img create -q -f qcow2 good.qcow2 64M
qemu-io -c 'write -P 7 1M 64k' good.qcow2 >/dev/null

is 'import' 0 'Imported base image: good' xray base import good.qcow2
base=$XRAY_HOME/bases/good
is 'a copy, byte for byte' 0 '' cmp good.qcow2 "$base/1/disk.qcow2"
is 'mode 0444' 0 444 stat -c %a "$base/1/disk.qcow2"
is 'its hash is what sha256sum says' 0 \
    "$(sha256sum <good.qcow2 | cut -d' ' -f1)" \
    xray base info -H -o sha256 good
is 'generation, size, VMs' 0 "good	$(stat -c %s good.qcow2)	1	0" \
    xray base list -H -o name,size,generation,vms
says 'twice: 73' 73 'good: exists' xray base import good.qcow2
says 'no such file' 66 'nope.qcow2: No such file' \
    xray base import nope.qcow2
says 'a bad name' 64 'not a name' xray base import -n 'a b' good.qcow2

# Each hostile image: its name and what the refusal says.
refused() {
	says "$1" 77 "$2" xray base import -n evil evil.qcow2
}
qemu-img create -q -f qcow2 -b /etc/hostname -F raw evil.qcow2 1M
refused 'a backing file' 'has a backing file \(/etc/hostname\)'
rm evil.qcow2
qemu-img create -q -f qcow2 -o data_file=other.raw evil.qcow2 1M
refused 'an external data file' 'keeps its data in another'
qemu-img create -q -f qcow2 evil.qcow2 1M
qemu-img snapshot -c old evil.qcow2
refused 'internal snapshots' 'holds 1 internal snapshot'
# poke OFFSET BYTES: one field of a good image changed.
poke() {
	cp good.qcow2 evil.qcow2
	# shellcheck disable=SC2059
	printf "$2" | dd of=evil.qcow2 bs=1 seek="$1" conv=notrunc status=none
}
poke 35 '\002'
refused 'encryption' 'is encrypted'
poke 75 '\001'
refused 'an unknown feature bit' 'a feature we do not know'
poke 79 '\002'
refused 'marked corrupt' 'was not closed cleanly'
qemu-img create -q -f qcow2 evil.qcow2 1M
qemu-img rebase -u -f qcow2 -b 'json:{"driver":"nbd","host":"x"}' -F raw \
    evil.qcow2 2>/dev/null
refused 'a json: backing name' 'has a backing file'
qemu-img rebase -u -f qcow2 -b 'nbd://192.0.2.1:10809' -F raw evil.qcow2 \
    2>/dev/null
refused 'a network backing name' 'has a backing file'

poke 24 '\177'
says 'an absurd size: 77' 77 'size out of bounds' xray base import -n evil \
    evil.qcow2
echo 'no image' >evil.qcow2
says 'no image: 65' 65 'not an image that is known.*--format raw' xray base import -n evil \
    evil.qcow2
says 'a folder' 66 'not a file' xray base import -n evil "$tmp"
is 'nothing of all that is left' 0 good ls -A "$XRAY_HOME/bases"

ok 'a VM on it' xray create -q web
xray start web
says 'the disk of a running machine: 75' 75 'in use by a running machine' \
    xray base import -n live "$XRAY_HOME/vms/web/disk.qcow2"
xray stop -q -f web
says 'in use: 75' 75 'good: in use by web' xray base remove -y good
is 'a changed time alone is hashed again, and written down' 0 '' sh -c "
    touch '$base/1/disk.qcow2' && xray start web && xray stop -f web &&
    grep -q \"mtime = \$(date -r '$base/1/disk.qcow2' +%s)\" '$base/base.ini'"
says 'a changed byte is not' 77 'its content changed' sh -c "
    cp -p '$base/1/disk.qcow2' '$tmp/kept' && chmod +w '$base/1/disk.qcow2' &&
    printf x | dd of='$base/1/disk.qcow2' bs=1 seek=131072 conv=notrunc \
    status=none; xray start web"
ok 'put back, it boots' sh -c "cp -p '$tmp/kept' '$base/1/disk.qcow2' &&
    xray start web && xray stop -f web"
says 'other letters are the same name' 73 'there is a base called good' \
    xray base import -n Good good.qcow2
says 'a base that is not what was sealed does not boot' 77 \
    'its size changed' sh -c "chmod +w '$base/1/disk.qcow2'
    echo x >>'$base/1/disk.qcow2'; xray start web"
says 'no path is a base' 64 'not a name' xray base remove -y "$tmp/precious"
mkdir "$tmp/precious"
says 'not even one that is there' 64 'not a name' \
    xray base remove -y "$tmp/precious"
ok 'and it stays' test -d "$tmp/precious"
says 'a slash behind a name is none either' 64 'not a name' \
    xray base remove -y good/
says 'a VM whose vm.ini is broken may stand on it: 75' 75 'in use by web' \
    sh -c "echo oops >>'$XRAY_HOME/vms/web/vm.ini'; xray base remove -y good
    c=\$?; sed -i '/^oops/d' '$XRAY_HOME/vms/web/vm.ini'; exit \$c"
says 'list goes on past a broken base' 0 'bases/bad/base.ini' sh -c "
    mkdir '$XRAY_HOME/bases/bad'; echo x >'$XRAY_HOME/bases/bad/base.ini'
    xray base list >/dev/null && xray base remove -q -y bad; c=\$?
    ls '$XRAY_HOME/bases' | grep bad && exit 1; exit \$c"
is 'and it goes' 0 'Removed VM: web
Removed base image: good' sh -c 'xray remove -y web; xray base remove -y good'
