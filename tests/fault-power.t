#!/bin/sh
# Power that is cut while a home is changed, or just after: what was said to be
# done is there afterwards, and what was not is as before or as after.  The
# file systems are files; what they had not written yet is lost.
if [ -z "${own_mounts-}" ]; then
	unshare -m true 2>/dev/null || {
		echo '1..0 # SKIP no mount name space of our own'
		exit 0
	}
	own_mounts=yes exec unshare -m sh "$0"
fi
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
mnt=$tmp/mnt
mkdir "$mnt"
XRAY_HOME=$mnt/home
PATH=$PATH:/usr/sbin:/sbin

# made FS MIB: an empty one, mounted.
made() {
	rm -f "$tmp/disk"
	truncate -s "$2M" "$tmp/disk" && "mkfs.$1" -q "$tmp/disk" &&
	    mount -o loop "$tmp/disk" "$mnt"
} >/dev/null 2>&1
made ext4 48 || skip_all 'no loop devices'
# shellcheck source=fault.sh source-path=SCRIPTDIR
. "${0%/*}/fault.sh"

prepare() {
	empty_base
	qemu-img create -q -f qcow2 "$tmp/new.qcow2" 64M
	for vm in web other; do
		xray-create -q --no-start -b b -m 64 -c 1 --disk 1G $vm
		xray-fw allow -q $vm 1.1.1.1:443
	done
	xray-port add -q web 8080:80 >/dev/null
	xray-snap create -q web one
	settle
	rm -rf "$store"
	keep
	umount "$mnt"
	mv "$tmp/disk" "$tmp/gold"
}
restore() {
	! mountpoint -q "$mnt" || umount "$mnt"
	cp --sparse=always "$tmp/gold" "$tmp/disk"
	mount -o loop "$tmp/disk" "$mnt"
}
# What is in the file now is what a power cut leaves.
cut() {
	cp --sparse=always "$tmp/disk" "$tmp/cut"
	umount "$mnt"
	mount -o loop "$tmp/cut" "$mnt" || wrong 'does not mount'
}
broken() { :; } # fault-vm.t and fault-disk.t do
ways() {
	sweep '' -t
	restore
	run $cmd
	cut
	judge 'said to be done'
}

for fs in ext4:48 xfs:320; do
	size=${fs#*:} fs=${fs%:*}
	[ "$fs" = ext4 ] || made "$fs" "$size" || {
		echo "# no $fs"
		continue
	}
	mkdir -p "$XRAY_HOME" && chmod 700 "$XRAY_HOME"
	echo 'min_free = 0' >"$XRAY_HOME/config.ini"
	prepare
	op "$fs: create" : 'xray-create -q --no-start -b b -m 64 -p 7000:70 new'
	op "$fs: base import" : "xray-base import -q -n new $tmp/new.qcow2"
	op "$fs: remove" : 'xray-remove -q -y web'
	op "$fs: move" : 'xray-move -q web moved'
	op "$fs: resize" : 'xray-resize -q -f web 2G'
	op "$fs: snap create" : 'xray-snap create -q web two'
	op "$fs: snap revert" : 'xray-snap revert -q web one'
	op "$fs: snap delete" : 'xray-snap delete -q -y web one'
	op "$fs: fw add" : 'xray-fw add -q web 2.2.2.2:80 allow'
	op "$fs: fw remove" : 'xray-fw remove -q web 1.1.1.1:443'
	op "$fs: config set" : 'xray-config set -q web memory 128M'
	op "$fs: port add" : 'xray-port add -q web 8081:81'
	op "$fs: port remove" : 'xray-port remove -q web 8080:80'
	op "$fs: protect" : 'xray-protect -q web'
	umount "$mnt"
done
plan "$n"
