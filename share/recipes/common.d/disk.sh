# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# A GPT disk that boots by UEFI, and by BIOS where there is one, made of files:
# no root, no loop device, no mount.  First the ESP, then the root, so that the
# root can grow.
#
# In: $me $work $arch, die, $esp_mb, $root_mb, $cmdline, $boot_efi; in $work:
# vmlinuz, initrd and what the root is made of.  Out: $work/disk.qcow2.

# shellcheck disable=SC2154 # what is in: of who reads this file
mbr=/usr/lib/syslinux/mbr/gptmbr.bin
efi_name=x64.efi
[ "$arch" = x86_64 ] || efi_name=aa64.efi
boot_efi=/usr/lib/systemd/boot/efi/systemd-boot$efi_name

# What is used here, and the packages that bring it.
disk_needs()
{
	echo 'mcopy:mtools sfdisk:fdisk mke2fs:e2fsprogs qemu-img:qemu-utils'
	[ "$(id -u)" = 0 ] || echo 'fakeroot:fakeroot'
	case $boot_efi in
	/usr/*) echo "$boot_efi:systemd-boot-efi" ;;
	esac
	[ "$arch" != x86_64 ] ||
		echo "syslinux:syslinux $mbr:syslinux-common"
}

# as_root COMMAND...: it sees files as root's.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		fakeroot -- "$@"
	fi
}

# Kernel and initramfs once, for two loaders: systemd-boot and syslinux.
make_esp()
{
	cd "$work" || exit
	esp=disk@@1M
	mformat -i $esp -v ESP -T $((esp_mb * 2048)) -h 64 -s 32 -c 8 -H 2048
	mmd -i $esp ::EFI ::EFI/BOOT ::loader ::loader/entries
	mcopy -i $esp vmlinuz initrd ::
	mcopy -i $esp "$boot_efi" "::EFI/BOOT/BOOT$efi_name"
	printf '%s\n' 'timeout 0' "default $me.conf" |
		mcopy -i $esp - ::loader/loader.conf
	printf '%s\n' "title $me" 'linux /vmlinuz' 'initrd /initrd' \
	    "options $cmdline" | mcopy -i $esp - "::loader/entries/$me.conf"
	[ "$arch" = x86_64 ] || return 0
	printf '%s\n' "DEFAULT $me" 'PROMPT 0' "LABEL $me" ' LINUX /vmlinuz' \
	    ' INITRD /initrd' " APPEND $cmdline" |
		mcopy -i $esp - ::syslinux.cfg
	syslinux --install --offset $((1 << 20)) disk
	dd if=$mbr of=disk bs=440 count=1 conv=notrunc status=none
}

# make_disk COMMAND...: the command is given the options of mke2fs that are left
# and makes the root file system.
make_disk()
{
	start=$((esp_mb + 1))
	truncate -s $((start + root_mb + 1))M "$work/disk"
	sfdisk -q "$work/disk" <<-E
		label: gpt
		start=1MiB, size=${esp_mb}MiB, type=U, name=ESP, attrs=LegacyBIOSBootable
		start=${start}MiB, size=${root_mb}MiB, type=L, name=$me-root
	E
	make_esp
	"$@" -q -t ext4 -L "$me-root" -m 0 -b 4096 -i 16384 -J size=8 \
	    -E "offset=$((start << 20)),root_owner=0:0,lazy_itable_init=0" \
	    "$work/disk" ${root_mb}M
	qemu-img convert -q -f raw -O qcow2 "$work/disk" "$work/disk.qcow2"
}
