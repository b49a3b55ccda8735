#!/bin/sh
# Recipes at work: what is in the cache is not fetched again, what is broken
# off leaves nothing, and a Debian holds no secret that two VMs would share.
# guest-wall-use.t boots it.
own_net=no # packages come from their mirrors
. "${0%/*}/lib.sh"
debian_base
plan 31
unset XRAY_CACHE
HOME=$(eval echo "~$(id -un)") # its cache has the packages
PATH=$PATH:/usr/sbin:/sbin
mkdir "$tmp/fake"
printf '#!/bin/sh\necho apt >>%s\nexit 100\n' "$tmp/apt" >"$tmp/fake/apt-get"
chmod 755 "$tmp/fake/apt-get"
# Nothing but what was there: no base begun, no folder of apt's.
left() {
	find "$XRAY_HOME/bases" -mindepth 1 -maxdepth 1 ! -name debian
	find "${XDG_CACHE_HOME:-$HOME/.cache}/xray/debian" -name 'tmp.*' -mmin -60
	find /var/tmp -maxdepth 1 -name 'xray-debian.*' -user "$(id -un)"
}

is 'tiny without apt: the cache has all' 0 'Built base image: tiny' \
    env PATH="$tmp/fake:$PATH" xray base build tiny
is 'apt was not called' 1 '' cat "$tmp/apt"
is 'to fetch anew is to call it' 69 1 sh -c "
    PATH='$tmp/fake:$PATH' xray base build -n t2 tiny -- -u
    c=\$?; sort -u '$tmp/apt' | wc -l; exit \$c"
says 'a package that nobody has: 69' 69 'cannot fetch' \
    xray base build -n t2 tiny no-such-package-here
says 'so does debian' 69 'cannot fetch' \
    xray base build -n t2 debian no-such-package-here
xray base remove -q -y tiny
gone() { [ -z "$(left)" ]; }
for t in 0.3 1 2 3; do
	is "tiny broken off after $t s: 130" 130 '' \
	    timeout --foreground --preserve-status -s INT $t \
	    xray base build tiny
	is 'nothing is left' 0 '' left
done
is 'debian, by a signal to one process: 143' 143 '' \
    timeout --foreground --preserve-status -s TERM 8 \
    xray base build -n d2 debian
is 'nothing is left of it either' 0 '' left
is 'debian, killed hard' 137 '' \
    timeout --foreground --preserve-status -s KILL 8 \
    xray base build -n d2 debian
swept() { xray base build -n x tiny -- -Z 2>/dev/null; gone; }
ok 'it goes by itself, and the next build sweeps' until_ok 60 swept
left | sed 's/^/# /'

# What is inside, looked at without booting it.
image=$XRAY_HOME/bases/debian/1/disk.qcow2
qemu-img convert -q -O raw "$image" "$tmp/disk"
# The sector where partition N begins.
begins() { sfdisk -d "$tmp/disk" | sed -n "s/^.*disk$1 : start= *\([0-9]*\),.*/\1/p"; }
dd if="$tmp/disk" of="$tmp/esp" bs=1M skip=1 conv=sparse status=none \
    count=$(($(begins 2) / 2048 - 1))
dd if="$tmp/disk" of="$tmp/root" bs=1M skip=$(($(begins 2) / 2048)) \
    conv=sparse status=none count=1918
inside() { debugfs -R "cat $1" "$tmp/root" 2>/dev/null; }

is 'facts' 0 'arch = x86_64
cloud_init = yes
firmware = bios
key = seed
memory = 512M
uefi = yes
user = debian' sh -c "grep -E '^(arch|cloud_init|firmware|key|memory|uefi|user) ' \
    '$XRAY_HOME/bases/debian/base.ini' | sort"
ok 'the root is a sound file system' e2fsck -fn "$tmp/root"
ok 'the ESP too' fsck.vfat -n "$tmp/esp"
is 'the loaders, kernel and initramfs' 0 'EFI
initrd
ldlinux.c32
ldlinux.sys
loader
syslinux.cfg
vmlinuz' sh -c "mdir -b -a -i '$tmp/esp' :: | sed 's,^::/,,; s,/\$,,' |
    LC_ALL=C sort"
is 'no password' 0 '' sh -c "debugfs -R 'cat /etc/shadow' '$tmp/root' \
    2>/dev/null | awk -F: '\$2 !~ /^[!*]+\$/'"
is 'nobody but the system has an account' 0 nobody sh -c "
    debugfs -R 'cat /etc/passwd' '$tmp/root' 2>/dev/null |
    awk -F: '\$3 >= 1000 { print \$1 }'"
is 'no host key' 1 '' sh -c "debugfs -R 'ls -p /etc/ssh' '$tmp/root' \
    2>/dev/null | grep ssh_host_"
is 'no machine-id' 0 '' inside /etc/machine-id
is 'no key of root' 1 '' sh -c "debugfs -R 'ls -p /root/.ssh' '$tmp/root' \
    2>/dev/null | grep keys"
is 'no seed, no random seed' 1 '' sh -c "
    debugfs -R 'ls -p /var/lib/systemd' '$tmp/root' 2>/dev/null |
    grep random-seed"
is 'sources of Debian, and no other' 0 "debian.sources" sh -c "
    debugfs -R 'ls -p /etc/apt/sources.list.d' '$tmp/root' 2>/dev/null |
    cut -d/ -f6 | grep -v '^\.*\$'"
is 'of Debian itself' 0 'URIs: http://deb.debian.org/debian
URIs: http://deb.debian.org/debian-security' sh -c "
    debugfs -R 'cat /etc/apt/sources.list.d/debian.sources' '$tmp/root' \
    2>/dev/null | grep URIs"
is 'no setting of the build in apt and dpkg' 1 '' sh -c "
    debugfs -R 'ls -p /etc/apt/apt.conf.d' '$tmp/root' 2>/dev/null |
    grep mmdebstrap"
is 'cloud-init asks no address' 0 'datasource_list: [NoCloud, None]' sh -c "
    debugfs -R 'cat /etc/cloud/cloud.cfg.d/90-xray.cfg' '$tmp/root' \
    2>/dev/null | grep datasource"
