#!/bin/sh
# xray-base import: images made to hurt are refused and leave nothing.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 52
cd "$tmp" || exit 1
qemu-img create -q -f qcow2 good.qcow2 64M
qemu-io -c 'write -P 7 1M 64k' good.qcow2 >/dev/null
echo secret >secret
chmod 644 secret

# poke FILE OFFSET BYTES: one field changed; BYTES as printf has them.
poke() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# changed OFFSET BYTES...: the good image with fields changed.
changed() {
	cp good.qcow2 evil
	while [ $# -gt 0 ]; do
		poke evil "$1" "$2"
		shift 2
	done
}
# refused WHAT PATTERN [OPTION...]: evil is, with 77, and nothing is left.
refused() {
	what=$1 pattern=$2
	shift 2
	says "$what" 77 "$pattern" xray base import -n evil "$@" evil
}

changed 40 '\0\0\177\377\377\377\0\0'
refused 'an L1 table far outside' 'L1 table outside'
changed 36 '\377\377\377\377'
refused 'an L1 table of 32 GiB' 'L1 table outside'
changed 36 '\0\0\0\0'
refused 'an L1 table too short for the disk' 'L1 table .* wrong length'
changed 40 '\0\0\0\0\0\3\0\1'
refused 'an L1 table that is not aligned' 'L1 table outside'
changed 48 '\0\0\177\377\377\377\0\0'
refused 'a refcount table far outside' 'refcount table outside'
changed 56 '\177\377\377\377'
refused 'a refcount table of 128 TiB' 'refcount table outside'
changed 20 '\0\0\0\7'
refused 'clusters of 128 bytes' 'cluster size'
changed 20 '\377\377\377\377'
refused 'clusters of 2^4G bytes' 'cluster size'
changed 24 '\177\377\377\377\377\377\376\0'
refused 'a disk of 2^63 bytes' 'virtual size out of bounds'
changed 24 '\0\1\0\0\0\0\0\0'
refused 'a disk of 256 TiB' 'at most 64 TiB'
changed 24 '\0\0\0\0\0\0\0\0'
refused 'a disk of nothing' 'not none'
changed 100 '\377\377\377\370'
refused 'a header of 4 GiB' 'longer than a cluster'
changed 100 '\0\0\0\151'
refused 'a header of 105 bytes' 'too short'
changed 96 '\0\0\0\100'
refused 'refcounts of 2^64 bits' 'refcount width'
changed 112 '\150\3\370\127\377\377\377\377'
refused 'an extension that runs over' 'runs over'
changed 112 '\104\101\124\101\0\0\0\10/etc/x\0\0\0\0\0\0\0\0\0\0'
refused 'a data file named without its bit' 'keeps its data in another'
changed 112 '\005\067\276\167\0\0\0\20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
refused 'a LUKS header without its method' 'is encrypted'
changed 79 '\10' 104 '\11'
refused 'a compression of type 9' 'compressed in a way we do not know \(9\)'
changed 104 '\1'
refused 'a compression without its bit' 'compressed in a way'
changed 60 '\377\377\377\377'
refused '4 G snapshots' 'too many snapshots'
changed 8 '\0\0\0\0\0\0\1\200\0\0\0\13' 384 '/etc/passwd'
refused 'a backing file in the header alone' 'backing file \(/etc/passwd\)'
changed 8 '\0\0\0\0\0\0\1\200\0\0\0\6' 384 '\033]0;x\007'
refused 'a backing name for the terminal is masked' '\\033'
changed 79 '\1'
refused 'marked dirty' 'was not closed cleanly'
changed 79 '\4'
refused 'an external data file' 'keeps its data in another'
cp good.qcow2 evil
poke evil 196608 '\200\0\0\177\377\377\0\0'
refused 'an L2 table far outside: qemu-img check' 'damaged'
cp good.qcow2 evil
truncate -s -65536 evil
refused 'cut short' 'damaged'

# A small image that is a bomb: each entry of its 128 tables is one cluster,
# and there is something to say about each.
qemu-img create -q -f qcow2 evil 64G
qemu-io -c 'write -P 7 0 64k' evil >/dev/null
# fill SEEK BYTES DOUBLINGS: an entry of a table, over and over.
fill() {
	# shellcheck disable=SC2059
	printf "$2" >table
	i=0
	while [ $i -lt "$3" ]; do
		cat table table >twice && mv twice table
		i=$((i + 1))
	done
	dd if=table of=evil bs=65536 seek="$1" conv=notrunc status=none
}
fill 3 '\200\0\0\0\0\4\0\0' 7
fill 4 '\0\0\0\0\0\5\0\0' 13
refused 'errors without end are not listened to' 'damaged.*without end'
is 'and it is not long about it' 0 '' sh -c "
    timeout 60 xray base import -n evil evil 2>/dev/null; [ \$? = 77 ]"
is 'not even a stage is left' 0 '' ls -A "$XRAY_HOME/bases"

# Other formats.
qemu-img create -q -f raw flat 1M
cat >evil <<'V'
# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="monolithicFlat"
RW 2048 FLAT "secret" 0
V
refused 'a vmdk descriptor that names a file' 'in other files'
refused 'with its format stated, too' 'in other files' --format vmdk
qemu-img create -q -f vmdk evil 1M
refuse_parent() {
	at=$(grep -abo 'parentCID=' evil | head -1 | cut -d: -f1)
	poke evil "$at" 'parentFileNameHint="../secret"\n'
}
refuse_parent
refused 'a vmdk with a parent' 'in other files'
qemu-img create -q -f vmdk evil 1M
poke evil 12 '\0\0\0\0\0\0\0\0'
refused 'a vmdk without a capacity is a list of files' 'in other files'
qemu-img create -q -f vmdk evil 1M
poke evil 12 '\377\377\377\377\377\377\377\177'
refused 'a vmdk of 2^72 bytes' 'at most 64 TiB'
qemu-img create -q -f vdi evil 1M
poke evil 368 '\377\377\377\377\377\377\377\177'
refused 'a vdi of 2^63 bytes' 'at most 64 TiB'
printf 'LUKS\272\276\0\1' >evil
truncate -s 1M evil
refused 'LUKS' 'is encrypted'
qemu-img create -q -f vdi evil 1M
poke evil 384 '\377\377\377\377'
says 'a vdi that qemu-img does not take: 65' 65 'could not be converted' \
    xray base import -n evil evil
is 'nothing is left of these' 0 '' ls -A "$XRAY_HOME/bases"

# What is no disk, and how it is mended.
hint() {
	says "$1" 65 "$2" xray base import -n evil evil
}
gzip -c good.qcow2 >evil
hint 'gzip' 'gzip -d it first'
printf '\3757zXZ\0....' >evil
hint 'xz' 'xz -d it first'
echo '<!DOCTYPE html>' >evil
hint 'a web page' 'a web page'
: >evil
hint 'nothing' 'is empty'
head -c 1048576 /dev/zero >evil
hint 'zeros' 'no.* partition table.*--format raw'
says 'another format than it is: 65' 65 'is qcow2, not vmdk' \
    xray base import -n evil --format vmdk good.qcow2
says 'no format' 64 'qcow2, raw, vmdk' xray base import --format qed good.qcow2
mkfifo fifo
says 'a fifo does not hang: 66' 66 'not a file' \
    timeout 10 xray base import -n evil fifo
says 'a device' 66 'not a file' xray base import -n evil /dev/zero
says 'a loop of links' 66 'symbolic link' sh -c '
    ln -s loop loop; xray base import -n evil loop'

# Raw disks that look like something else are never guessed at.
cp good.qcow2 evil
ok 'as raw, a qcow2 image is bytes' xray base import -q -n evil --format raw evil
is 'and the guest sees these' 0 '' qemu-img compare -q -f raw -F qcow2 evil \
    "$XRAY_HOME/bases/evil/1/disk.qcow2"
qemu-img create -q -f qcow2 -b "$tmp/secret" -F raw evil 1M
ok 'as raw, a backing file is bytes' xray base import -q -n raw --format raw evil
ok 'and not followed' sh -c "qemu-img convert -f qcow2 -O raw \
    '$XRAY_HOME/bases/raw/1/disk.qcow2' out.raw && ! grep -aq '^secret' out.raw"
