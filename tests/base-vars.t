#!/bin/sh
# The UEFI variables of a base are looked at as its disk is.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
empty_base b 2>/dev/null
dir=$XRAY_HOME/bases/b
vars=$dir/1/efivars.qcow2
# A VM that an installer was run in.
shop=$XRAY_HOME/vms/maintenance
workshop() {
	xray create -q --no-start -b b made
	mv "$XRAY_HOME/vms/made" "$shop"
	sed -i '/^base =/d; /^generation =/d; $a becomes = made
	    s/^firmware =.*/firmware = uefi/' "$shop/vm.ini"
	qemu-img create -q -f qcow2 "$shop/disk.qcow2" 64M
	cp "$vars" "$shop/efivars.qcow2"
	echo maintenance >"$(grep -lx made "$XRAY_HOME"/ports/*)"
}
writable() { find "$1" -name '*.qcow2' -perm -200 -printf '%f\n' | sort; }
[ -e "$vars" ] || skip_all 'no UEFI firmware'
plan 15
cd "$tmp" || exit 1
starts() { xray start -q w && xray stop -q -f w; }

ok 'a VM' xray create -q -b b w
ok 'starts' starts
is 'the hash is kept' 0 "efivars_sha256 = $(sha256sum <"$vars" |
    cut -d' ' -f1)" grep efivars_sha256 "$dir/base.ini"
is 'another time alone is hashed, and written down' 0 '' sh -c "
    touch '$vars' && xray start -q w && xray stop -q -f w &&
    grep -q \"efivars_mtime = \$(date -r '$vars' +%s)\" '$dir/base.ini'"
cp -p "$vars" kept
qemu-img create -q -f qcow2 -b /etc/hostname -F raw evil 528K
cp -f evil "$vars"
says 'another content: 77' 77 'UEFI variables changed; put bases/b/1/efi' \
    xray start w
is 'verify says so' 1 'b	1	changed' xray base verify -H
cp -f kept "$vars"
touch -r kept "$vars"
is 'put back, it is well' 0 'b	1	ok' xray base verify -H
printf x | dd of="$vars" bs=1 seek=200000 conv=notrunc status=none
touch -r kept "$vars"
says 'verify looks at it whole' 1 'UEFI variables changed' xray base verify --full
rm "$vars"
says 'gone: 66' 66 'bases/b/1/efivars.qcow2: No such file' xray start w
cp -f kept "$vars"
sed -i /^efivars_/d "$dir/base.ini"
ok 'a base that was made before there was a hash' starts

workshop
chmod 444 "$shop"/*.qcow2
ok 'a VM whose seal was killed starts' sh -c \
    'xray start -q maintenance && xray stop -q -f maintenance'
is 'its files are its own again' 0 'disk.qcow2
efivars.qcow2' writable "$shop"
cp -al "$shop" back
is 'it is sealed' 0 'Sealed: made generation 1' xray base seal
mv back "$shop"
rm "$shop/efivars.qcow2"
says 'and again, under another name, in vain' 74 'No such file' \
    xray base seal other
is 'which leaves the base read-only' 0 '' writable "$XRAY_HOME/bases/made"
