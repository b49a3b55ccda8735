#!/bin/sh
# xray-base verify, use, label, gc, remove; and who is asked for the user.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 43
cd "$tmp" || exit 1
empty_base
bases=$XRAY_HOME/bases
ini=$bases/b/base.ini

# A second and a third generation, as a seal would leave them.
for g in 2 3; do
	cp -rp "$bases/b/1" "$bases/b/$g"
	sed -n '/^\[generation 1\]/,$p' "$ini" | sed "s/generation 1/generation $g/" \
	    >>"$tmp/sections$g"
	touch -r "$bases/b/1/disk.qcow2" "$bases/b/$g/disk.qcow2"
done
cat sections2 sections3 >>"$ini"
sed -i 's/^generation = 1/generation = 3/' "$ini"

is 'verify, all' 0 'NAME	GEN	RESULT
b	1	ok
b	2	ok
b	3	ok' xray base verify
is 'as JSON' 0 '"name":"b" "gen":1 "result":"ok"' sh -c '
    xray base verify --json | tr -d "[:space:]" | tr "}" "\n" |
    sed -n "1s/.*{//;1s/,/ /gp"'
chmod u+w "$bases/b/2/disk.qcow2"
cp -p "$bases/b/2/disk.qcow2" kept
printf x | dd of="$bases/b/2/disk.qcow2" bs=1 seek=4096 conv=notrunc status=none
touch -r kept "$bases/b/2/disk.qcow2"
is 'a byte changed behind the stamp is not seen' 0 'b	1	ok
b	2	ok
b	3	ok' xray base verify -H b
is 'but by --full' 1 'b	1	ok
b	2	changed
b	3	ok' xray base verify -H --full b
says 'with why, and the mend' 1 \
    'b: generation 2 .* its content changed; put bases/b/2/disk.qcow2 back' \
    xray base verify --full b
rm "$bases/b/2/disk.qcow2"
is 'missing' 1 'b	1	ok
b	2	missing
b	3	ok' xray base verify -H b
cp -p kept "$bases/b/2/disk.qcow2"
says 'no such base: 66' 66 'nope: no such base' xray base verify nope

is 'info' 0 'generations=1,2,3' sh -c 'xray base info b | grep generations'
says 'use' 0 '^b: new VMs take generation 2$' xray base use b 2
is 'list shows it' 0 2 xray base list -H -o generation
says 'already so is success' 0 'generation 2' xray base use b 2
says 'no such generation: 66' 66 'b: no generation 4' xray base use b 4
says 'no number: 64' 64 'GEN' xray base use b two
says 'no such base' 66 'no such base' xray base use nope 1
ok 'a VM on it' xray create -q web
is 'stands on 2' 0 2 xray info -H -o generation web
xray base use -q b 3
says 'a dry run of gc' 0 'b: generation 1 would go, ' xray base gc --dry-run
is 'removes nothing' 0 '1
2
3
base.ini' ls "$bases/b"
says 'gc without a terminal: 64' 64 'no terminal to ask on; -y' \
    sh -c 'xray base gc </dev/null'
says 'gc' 0 'b: generation 1 removed, .* freed' xray base gc -y
cp err told
ok 'tells what stays, and why' grep -q 'generation 2 stays: web' told
is 'one generation went' 0 '2,3' xray base info -H -o generations b
says 'nothing more to do' 0 'No generation to remove' xray base gc -y
says 'of one that is not there: 66' 66 'no such base' xray base gc -y nope

ok 'label' xray base label b user=me arch=aarch64 firmware=uefi disk=9G memory=1G
is 'is shown' 0 'me
aarch64
uefi
1G
9G' xray base info -H -o user,arch,firmware,memory,disk b
ok 'an empty value removes' xray base label b user= disk=
is 'it' 0 '' sh -c "grep -E '^(user|disk)' '$ini'; :"
for l in user=-x user='a b' arch=i386 firmware=u disk=big memory=1 colour=red \
    user; do
	xray base label b "$l" 2>/dev/null
	echo "$l $?"
done >labels
is 'what cannot be is refused' 0 'user=-x 64
user=a b 64
arch=i386 64
firmware=u 64
disk=big 64
memory=1 64
colour=red 64
user 64' cat labels
echo 'allow tcp a.example 443' >r
ok 'rules' xray base label b rules=r
is 'are copied' 0 'allow tcp a.example 443' cat "$bases/b/rules"
is 'and told' 0 yes xray base info -H -o rules b
is 'a new VM begins with them' 0 'allow tcp a.example 443
600' sh -c "xray create -q -b b -m 64 ruled && cd '$XRAY_HOME/vms/ruled' &&
    cat rules && stat -c %a rules"
ok 'removed' xray base label b rules=
is 'the VM keeps its own' 0 'allow tcp a.example 443' \
    cat "$XRAY_HOME/vms/ruled/rules"
xray remove -q -y ruled
is 'and gone' 0 no xray base info -H -o rules b
says 'no such file: 66' 66 'nope: No such file' xray base label b rules=nope

# Several to remove: all are looked at first.
empty_base c
says 'one in use: none goes' 75 'b: in use by web; remove or detach' \
    xray base remove -y c b
says 'a dry run' 0 'would remove .*/bases/c' xray base remove --dry-run c
is 'both are there' 0 'b
c' xray base list -H -o name

# The user: by the name of the file, asked for on a terminal, else not known.
qemu-img create -q -f qcow2 disk.qcow2 1M
cp disk.qcow2 debian-12-genericcloud-amd64.qcow2
xray base import -q debian-12-genericcloud-amd64.qcow2 -n d
is 'a name that tells' 0 'debian
x86_64' xray base info -H -o user,arch d
says 'one that does not' 0 'its user is not known; xray base label e user=NAME' \
    sh -c 'xray base import -n e disk.qcow2 </dev/null'
echo eve | socat - EXEC:'xray base import -n f disk.qcow2',pty,setsid,ctty,stderr \
    >asked 2>&1
is 'asked for on a terminal' 0 'eve' sh -c 'grep -q "User in the image .ubuntu.:" \
    asked && xray base info -H -o user f'
