# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# The root of tiny, made of packages and of tiny.d/guest.
#
# In: $here $work $root $user $console, $work/debs, say, die.  Out: $root, and the
# kernel's package in $work/k.

# shellcheck disable=SC2154 # what is in: of who reads this file
# A damaged file goes, so that the next run fetches it.
unpack_failed()
{
	say "$(tail -n 1 "$work/log")"
	dpkg-deb --fsys-tarfile "$1" >/dev/null 2>&1 ||
		{ rm -f "$1" && say "${1##*/}: damaged, gone from the cache"; }
	die 74 "${1##*/}: cannot be unpacked"
}

# unpack DEB DIR
unpack()
{
	{ dpkg-deb --fsys-tarfile "$1" || : >"$work/bad"; } 2>"$work/log" |
		tar -xp -C "$2" --keep-directory-symlink --no-same-owner \
		    2>>"$work/log" || unpack_failed "$1"
	[ ! -e "$work/bad" ] || unpack_failed "$1"
}

# One folder for all programs, whatever the packages think.
unpack_all()
{
	mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$work/k"
	ln -s bin "$root/usr/sbin"
	for d in bin sbin lib lib64; do
		ln -s usr/$d "$root/$d"
	done
	while read -r deb; do
		case ${deb##*/} in
		linux-image-* | systemd-boot-efi*) unpack "$deb" "$work/k" ;;
		*) unpack "$deb" "$root" ;;
		esac
	done <"$work/debs"
}

# The names busybox answers to, as its list stands in the file: it may be for
# another processor.
applets()
{
	tr '\0' '\n' <"$1" | LC_ALL=C awk '
		$0 == "[[" { print "["; on = 1 }
		on && /^[a-z0-9[][a-z0-9[_.-]*$/ { print; next }
		on { exit }'
}

make_root()
{
	cd "$root" || exit
	mkdir -p boot dev etc/dropbear etc/acpi/PWRF etc/pam.d etc/tiny home \
	    media mnt proc root run srv sys tmp var/log
	chmod 700 root etc/dropbear
	chmod 1777 tmp
	ln -s ../run var/run
	ln -s ../run/resolv.conf etc/resolv.conf
	rm -rf usr/include usr/lib/*/gconv usr/share/doc usr/share/man \
	    usr/share/locale usr/share/info usr/share/lintian \
	    usr/share/bash-completion
	find usr/lib -path '*/security/pam_*' ! -name pam_permit.so -delete
	chmod 4755 usr/bin/sudo
	ln -sf openssh/sftp-server usr/lib/sftp-server
	for a in $(applets usr/bin/busybox); do
		[ -e "usr/bin/$a" ] || ln -s busybox "usr/bin/$a"
	done
	for a in poweroff reboot halt; do
		ln -sf /etc/tiny/power "usr/bin/$a"
	done
	cp "$here"/guest/* etc/tiny/
	chmod 755 etc/tiny/*
}

# What a program wants to load and no package brought.
check_libraries()
{
	cd "$root" || exit
	find usr -name '*.so*' | sed 's,.*/,,' | sort -u >"$work/have"
	find usr -type f \( -perm -100 -o -name '*.so*' \) \
	    -exec objdump -p {} + 2>/dev/null |
		awk '$1 == "NEEDED" { print $2 }' | sort -u >"$work/need"
	lacks=$(comm -13 "$work/have" "$work/need" | tr '\n' ' ')
	[ -z "$lacks" ] || say "tiny: in none of the packages: $lacks"
}

make_etc()
{
	cd "$root/etc" || exit
	echo "$user" >tiny/user
	echo tiny >hostname
	printf '127.0.0.1\tlocalhost\n127.0.1.1\ttiny\n' >hosts
	: >machine-id
	echo /bin/sh >shells
	echo 'root:x:0:0:root:/root:/bin/sh' >passwd
	echo 'nobody:x:65534:65534:nobody:/nonexistent:/bin/false' >>passwd
	echo 'root:*:19000:0:99999:7:::' >shadow
	chmod 600 shadow
	printf 'root:x:0:\ntty:x:5:\nsudo:x:27:\nnogroup:x:65534:\n' >group
	printf '%s: files\n' passwd group shadow >nsswitch.conf
	echo 'hosts: files dns' >>nsswitch.conf
	printf 'NAME=tiny\nPRETTY_NAME=tiny\nID=tiny\nID_LIKE=debian\n' \
	    >os-release
	for f in sudo sudo-i other; do
		printf '%s sufficient pam_permit.so\n' auth account session \
		    >pam.d/$f
	done
	printf '#!/bin/sh\nexec /bin/poweroff\n' >acpi/PWRF/00000080
	chmod 755 acpi/PWRF/00000080
	cat >profile <<-'E'
		export PATH=/usr/local/bin:/usr/bin:/bin
		PS1='\u@\h:\w\$ '
	E
	cat >inittab <<-E
		::sysinit:/etc/tiny/rcS
		::respawn:/etc/tiny/ssh
		$console::respawn:getty -L -l /etc/tiny/console 115200 $console vt100
		tty1::respawn:getty -l /etc/tiny/console 38400 tty1 linux
		::shutdown:/etc/tiny/rcK
		::ctrlaltdel:reboot
	E
}
