#!/bin/sh
# xray-base import: its owner changes the image while it is imported.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 8
cd "$tmp" || exit 1
qemu_img=$(command -v qemu-img)
sha256sum=$(command -v sha256sum)
head -c 1048576 /dev/zero | tr '\0' S >secret
chmod 644 secret

# What they call does what the owner does in between.
mkdir stub
cat >stub/qemu-img <<E2
#!/bin/sh
[ ! -e '$tmp/flip' ] || dd if='$tmp/flip' of='$tmp/image' conv=notrunc \
    status=none
exec '$qemu_img' "\$@"
E2
cat >stub/sha256sum <<E2
#!/bin/sh
'$sha256sum' "\$@"
[ ! -e '$tmp/late' ] || dd if='$tmp/late' of='$tmp/image' conv=notrunc \
    bs=65536 seek=5 status=none
E2
chmod 755 stub/*
PATH=$tmp/stub:$PATH

# A sparse VMDK whose header becomes a list of files.
"$qemu_img" create -q -f vmdk image 1M
cat >flip <<V
# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="monolithicFlat"

RW 2048 FLAT "$tmp/secret" 0
V
truncate -s 512 flip
ok 'a header that becomes a list of files' xray base import -q -n leak image
ok 'was changed meanwhile' grep -q FLAT image
"$qemu_img" convert -O raw "$XRAY_HOME/bases/leak/1/disk.qcow2" out
is 'and no file of the host is in the base' 1 '' grep -aq SSSS out
is 'the copy that was converted is gone' 0 disk.qcow2 \
    sh -c "ls '$XRAY_HOME/bases/leak/1' | grep -v efivars"
rm flip

# A raw disk, and one that is changed when its sum was taken.
"$qemu_img" create -q -f qcow2 image 64M
qemu-io -c 'write -P 7 0 1M' image >/dev/null
cp image good
head -c 65536 /dev/zero | tr '\0' E >late
sum=$("$sha256sum" <image | cut -d' ' -f1)
ok 'content that changes after its sum' \
    xray base import -q -n sum --sha256 "$sum" image
is 'was changed meanwhile' 1 '' cmp -s image good
is 'what was summed is what is in the base' 0 '' \
    cmp good "$XRAY_HOME/bases/sum/1/disk.qcow2"
rm late
is 'nothing else is left' 0 'leak
sum' ls -A "$XRAY_HOME/bases"
