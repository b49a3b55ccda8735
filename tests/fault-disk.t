#!/bin/sh
# Faults while bases and snapshots are made; see fault.sh.
# shellcheck source=shm.sh source-path=SCRIPTDIR
. "${0%/*}/shm.sh"
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
# shellcheck source=fault.sh source-path=SCRIPTDIR
. "${0%/*}/fault.sh"

empty_base
empty_base c
qemu-img create -q -f qcow2 "$tmp/new.qcow2" 64M
qemu-img create -q -f raw "$tmp/new.raw" 2M
# A disk that has a partition is one.
printf '%0446d\125\252' 0 |
    dd of="$tmp/new.raw" bs=1 seek=64 conv=notrunc status=none
for vm in web other; do
	xray-create -q --no-start -b b -m 64 -c 1 --disk 1G $vm
done
xray-snap create -q web one
xray-snap create -q web two
# One that an installer was run in.
xray-create -q --no-start -b b -m 64 built
shop=$XRAY_HOME/vms/maintenance
mv "$XRAY_HOME/vms/built" "$shop"
sed -i '/^base =/d; /^generation =/d; $a becomes = built' "$shop/vm.ini"
qemu-img create -q -f qcow2 "$shop/disk.qcow2" 64M
vars=$XRAY_HOME/bases/b/1/efivars.qcow2
[ ! -e "$vars" ] || {
	cp "$vars" "$shop"
	sed -i 's/^firmware =.*/firmware = uefi/' "$shop/vm.ini"
}
echo maintenance >"$(grep -lx built "$XRAY_HOME"/ports/*)"
# A guest that ends before it has begun.
mkdir "$tmp/bin"
for arch in x86_64 aarch64; do
	printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/qemu-system-$arch"
	chmod 755 "$tmp/bin/qemu-system-$arch"
done
# Once the base is there the VM goes with the next seal; while there is none, a
# start makes its files writable again.
cat >"$tmp/again" <<END
[ ! -d "$shop" ] || if [ -d "$XRAY_HOME/bases/built" ]; then
	xray-base seal -q
else
	PATH=$tmp/bin:$PATH xray-start -q maintenance 2>/dev/null
	(cd "$shop" && rm -rf log session trouble names)
fi
END
# What there is from the first start on: a key, and that root was warned.
sh "$tmp/again"
settle
keep

gc='xray-base gc -q'
move='xray-move -q web yy'
op 'base import' "$gc" "xray-base import -q -n new $tmp/new.qcow2"
op 'base import of a raw image' "$gc" \
    "xray-base import -q --format raw -n new $tmp/new.raw"
op 'base import of a link' "$gc" "xray-base import -q --link -n new $tmp/new.qcow2"
op 'base label' "$gc" 'xray-base label -q c memory=1G'
op 'base remove' "$gc" 'xray-base remove -q -y c'
again="sh $tmp/again"
op 'base seal' "$gc" 'xray-base seal'
again=true
op 'snap create' "$move" 'xray-snap create -q web three'
op 'snap revert' "$move" 'xray-snap revert -q web one'
op 'snap delete' "$move" 'xray-snap delete -q -y web one'
plan "$n"
