#!/bin/sh
# xray-base import --link: the base stands on a file of the user's.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 37
umask 022
cd "$tmp" || exit 1
qemu-img create -q -f qcow2 u2.qcow2 64M
qemu-io -c 'write -P 7 1M 64k' u2.qcow2 >/dev/null
chmod 444 u2.qcow2
cp u2.qcow2 kept
here=$(pwd -P)
base=$XRAY_HOME/bases/u2

is 'link' 0 'Linked base image: u2' xray base import u2.qcow2 --link
is 'list shows where it leads' 0 "u2	$here/u2.qcow2" \
    xray base list -H -o name,link
is 'nothing is copied' 0 "$here/u2.qcow2" readlink "$base/1/disk.qcow2"
is 'its mode stays' 0 444 stat -c %a u2.qcow2
ok 'a VM on it' xray create -q web
ok 'starts' sh -c 'xray start web && xray stop -f web'
ini() { grep -E '^(mtime|file)' "$base/base.ini"; }
ini >was
ok 'another time is looked at and kept' sh -c 'touch u2.qcow2 &&
    xray start web && xray stop -f web'
is 'in base.ini' 1 '' sh -c "grep -q \"\$(grep mtime was)\" '$base/base.ini'"
ini >was
ok 'another file of the same content too' sh -c 'cp -p u2.qcow2 new &&
    mv new u2.qcow2 && xray start web && xray stop -f web'
is 'in base.ini as well' 1 '' sh -c "grep -q \"\$(grep file was)\" '$base/base.ini'"
chmod 644 u2.qcow2
printf x | dd of=u2.qcow2 bs=1 seek=330000 conv=notrunc status=none
says 'another content is not: 77, and the mend' 77 \
    "its content changed; put $here/u2.qcow2 back, or import" xray start web
is 'verify says so' 1 'u2	1	changed' xray base verify -H
cp kept u2.qcow2
is 'put back, it is well' 0 'u2	1	ok' xray base verify -H
echo x >>u2.qcow2
says 'another size: 77' 77 'its size changed' xray start web
rm u2.qcow2
says 'gone: 66' 66 "linked to $here/u2.qcow2: No such file" xray start web
is 'verify: missing' 1 'u2	1	missing' xray base verify -H u2
mkfifo u2.qcow2
says 'a fifo in its place does not hang' 77 'it is no file' \
    timeout 10 xray start web
rm u2.qcow2
cp kept u2.qcow2
ln -sfn "$here/kept" "$base/1/disk.qcow2"
says 'a link that was bent: 77' 77 'its link leads elsewhere' xray start web
xray remove -q -y web
ok 'remove takes the link' xray base remove -q -y u2
ok 'and leaves the file' cmp kept u2.qcow2

ln -s u2.qcow2 alias
ok 'through a link of the user'\''s' xray base import -q --link -n a alias
is 'the file itself is meant' 0 "$here/u2.qcow2" xray base info -H -o link a
mkdir -p in/open
cp kept in/open/o.qcow2
ok 'in a folder of ours' xray base import -q --link -n o in/open/o.qcow2
ok 'a VM on it' xray create -q -b o ow
chmod 777 in
says 'that others can write to by now: 77' 77 "o: linked to $here/in: others" \
    xray start ow
chmod 1777 in
ok 'one where nobody can take it away will do' \
    sh -c 'xray start ow && xray stop -f ow'
mv in/open in/moved
ln -s moved in/open
says 'another way to it: 77' 77 'in/open: is a symbolic link now' \
    xray start ow
rm in/open
mv in/moved in/open
chmod 755 in
chmod 666 in/open/o.qcow2
says 'a file that others can write to by now: 77' 77 \
    'o.qcow2: others can write' xray start ow
chmod 444 in/open/o.qcow2
qemu-img create -q -f qcow2 -o data_file=raw evil.qcow2 64M
truncate -s "$(stat -c %s kept)" evil.qcow2
cp -f evil.qcow2 in/open/o.qcow2
sed -i "s/^sha256.*/sha256 = $(sha256sum <evil.qcow2 | cut -d' ' -f1)/" \
    "$XRAY_HOME/bases/o/base.ini"
says 'the header is looked at even when the sum is right: 77' 77 \
    'keeps its data in another' xray start ow
ok 'they go' sh -c 'xray remove -q -y ow && xray base remove -q -y o'
cp -f kept in/open/o.qcow2
chmod g+w in
says 'nor is a folder that others can write to: 77' 77 \
    "^xray-base: $here/in: others can write to the folder" \
    xray base import --link -n w in/open/o.qcow2
chmod 755 in
if [ "$(id -u)" = 0 ]; then
	chown 65534 in
	says 'a folder of another user: 77' 77 'belongs to another' \
	    xray base import --link -n w in/open/o.qcow2
else
	ok 'a folder of another user # SKIP not root' true
fi
chmod 666 u2.qcow2
says 'a file that others can write to: 77' 77 'others can write.*--copy' \
    xray base import --link -n w u2.qcow2
qemu-img create -q -f vdi d.vdi 1M
says 'only qcow2: 65' 65 'only qcow2 can be linked; --copy' \
    xray base import --link d.vdi
qemu-img create -q -f qcow2 -b kept -F qcow2 over.qcow2
says 'no backing file here either' 77 'has a backing file' \
    xray base import --link over.qcow2
says 'nor what --format says' 65 'is raw, and only qcow2' \
    xray base import --link --format raw -n r kept
is 'nothing is left of these' 0 a ls -A "$XRAY_HOME/bases"
