#!/bin/sh
# A home that is moved, linked to or copied; and two homes, as of two users,
# on one machine.
. "${0%/*}/lib.sh"
plan 30
here=$XRAY_HOME
empty_base
xray create -q -m 64 -c 1 web
xray create -q -m 64 -c 1 -p 18641:80 given
sum=$(xray base info -H -o sha256 b)

# ---- moved, all stopped
xray start -q web && xray snap create -q web live && xray stop -q -f web
mv "$here" "$tmp/data"
ln -s data "$here"
is 'by the link it is as it was' 0 'given
web' xray list -q
is 'paths are those that were asked for' 0 "$here/vms/web/disk.qcow2" \
    xray path web disk
is 'its base is what was sealed' 0 ok sh -c 'xray base verify -H -o result b'
is 'it starts' 0 '' xray start web
is 'and QEMU has the disk' 0 1 sh -c \
    "ls -l /proc/\$(xray pid web)/fd | grep -c '$tmp/data/vms/web/disk.qcow2'"
xray stop -q -f web
is 'a snapshot from before loads' 0 running sh -c '
    xray snap revert -q web live && xray start -q web && xray status web'
xray stop -q -f web
is 'by its own place too' 0 running sh -c "
    export XRAY_HOME='$tmp/data'
    xray start -q web && xray status web; xray stop -f web"

# ---- copied, as a backup is: other times, other inodes
rm "$here"
cp -r "$tmp/data" "$tmp/copy"
chmod 700 "$tmp/copy"
mv "$tmp/copy" "$here"
is 'a copy: its VMs start' 0 '' xray start -q web
is 'the base was read again, not refused' 0 "ok $sum" sh -c '
    echo "$(xray base verify -H -o result b) $(xray base info -H -o sha256 b)"'
xray stop -q -f web
is 'its files are ours alone again' 0 '' sh -c "
    xray start -q web; xray stop -q -f web
    find '$here' -perm /077 ! -type l ! -path '*/bases/*'"
chmod u+w "$here/bases/b/1/disk.qcow2"
printf x | dd of="$here/bases/b/1/disk.qcow2" bs=1 seek=70000 conv=notrunc \
    2>/dev/null
says 'a base that is not what was sealed: 77' 77 'b' xray start web
rm -rf "$here"
mv "$tmp/data" "$here"

# ---- a second user
other() { XRAY_HOME=$tmp/other "$@"; }
mkdir -m 700 "$tmp/other"
mine=$XRAY_HOME
XRAY_HOME=$tmp/other
{
	empty_base
	xray create -q -m 64 -c 1 ci
	xray create -q -m 64 -c 1 -p 18641:80 same
} || exit 1
XRAY_HOME=$mine
port=$(xray port web)
sed -i "s/^ssh_port = .*/ssh_port = $port/" "$tmp/other/vms/ci/vm.ini"
is 'the other does not see ours' 0 'ci
same' other xray list -q
xray start -q web given
says 'the same automatic port: it moves, and says so' 0 \
    "ci: port $port is taken; now [0-9]+, kept in vm.ini" other xray start ci
now=$(other xray port ci)
ok 'to another' test "$now" != "$port"
is 'both run' 0 'running running' sh -c "
    echo \"\$(xray status web) \$(XRAY_HOME='$tmp/other' xray status ci)\""
says 'the same given port: 75' 75 \
    'same: port 18641 is taken by another program' other xray start same
is 'nothing of it runs' 0 stopped other xray status same
says 'a port given to ssh: 75' 75 'port' other xray start same "$port"
other xray stop -q -f ci
is 'the next start has the port it kept' 0 "$now" sh -c "
    XRAY_HOME='$tmp/other' xray start -q ci
    XRAY_HOME='$tmp/other' xray port ci"
is 'its stop -a ends nothing of ours' 0 running sh -c "
    XRAY_HOME='$tmp/other' xray stop -q -f -a; xray status web"
xray stop -q -f -a
# Twice at once, in both homes: none fails, whoever has the port.
sed -i "s/^ssh_port = .*/ssh_port = $port/" "$tmp/other/vms/ci/vm.ini" \
    "$XRAY_HOME/vms/web/vm.ini"
for i in 1 2 3 4 5; do
	xray start web 2>"$tmp/a" & one=$!
	XRAY_HOME=$tmp/other xray start ci 2>"$tmp/b"
	two=$?
	wait $one
	is "both at once, $i" 0 '0 0' echo "$? $two"
	[ "$(xray port web)" != "$(other xray port ci)" ] || echo "# same port"
	xray stop -q -f web
	other xray stop -q -f ci
	sed -i "s/^ssh_port = .*/ssh_port = $port/" \
	    "$tmp/other/vms/ci/vm.ini" "$XRAY_HOME/vms/web/vm.ini"
done

# ---- where a home cannot be
says 'others can write: 77' 77 'others can write' sh -c "
    chmod 777 '$tmp/other'; XRAY_HOME='$tmp/other' xray list"
chmod 700 "$tmp/other"
is 'a path with blanks and more' 0 'running' sh -c "
    mv '$tmp/other' '$tmp/a b%c,d' && export XRAY_HOME='$tmp/a b%c,d' &&
    xray start -q ci && xray status ci && xray snap create -q ci x &&
    xray stop -q -f ci && xray start -q ci && xray stop -q -f ci"
long=$tmp/$(printf '%0200d' 0)
is 'one longer than a socket may be' 0 running sh -c "
    mv '$tmp/a b%c,d' '$long' && export XRAY_HOME='$long' &&
    xray start -q ci && xray status ci && xray stop -q -f ci"
says 'a relative one: 78' 78 'not an absolute path' \
    env XRAY_HOME=here xray list
says 'a file: 78' 78 . sh -c ": >'$tmp/f'; XRAY_HOME='$tmp/f' xray list"
