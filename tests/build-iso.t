#!/bin/sh
# base build --iso: an installer of a sector, made here, that real SeaBIOS
# boots from the CD; it writes a boot sector to the disk and switches off.
. "${0%/*}/lib.sh"
[ "$(uname -m)" = x86_64 ] || skip_all 'the installer is of x86_64'
plan 34

# Both as code of 16 bits at 7c00.  Port 604 is the power management of q35,
# 2000 its "off".
cat >"$tmp/disk.s" <<'END'
	.code16
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	$0x7c00 + text, %si
	movw	$0x3f8, %dx
1:	lodsb
	testb	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b
2:	movw	$0x604, %dx
	movw	$0x2000, %ax
	outw	%ax, %dx
3:	hlt
	jmp	3b
text:	.asciz	"the installed system runs\r\n"
	.org	510
	.word	0xaa55
END
cat >"$tmp/cd.s" <<'END'
	.code16
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	$0x7c00, %sp
	movw	%ax, %ss
	movw	$0x7c00 + packet, %si
	movb	$0x43, %ah	/* extended write */
	movb	$0, %al
	movb	$0x80, %dl
	int	$0x13
	jc	2f
	movw	$0x604, %dx
	movw	$0x2000, %ax
	outw	%ax, %dx
2:	hlt
	jmp	2b
	.balign	4
packet:	.word	16, 1, 0x7c00 + 2048, 0
	.quad	0
	.org	2048
	.incbin	"disk.bin"
	.org	4096
END
code() { as -o "$1.o" "$1.s" && ld -m elf_x86_64 -Ttext 0 --oformat binary -o "$1.bin" "$1.o" 2>/dev/null; }
iso() {
	mkdir -p tree && cp "$1" tree/boot.bin &&
	    xorriso -as mkisofs -quiet -b boot.bin -no-emul-boot \
	    -boot-load-size "$2" -o "$3" tree 2>/dev/null
}
cd "$tmp" || exit 1
ok 'an installer' code disk
ok 'on a CD' code cd
ok 'as an ISO image' iso cd.bin 8 install.iso

is 'build --iso' 0 'Sealed: mine generation 1' \
    xray base build --iso install.iso --size 64M --user me mine </dev/null
is 'the base' 0 '67108864
me
x86_64
bios' \
    xray base info -H -o virtual,user,arch,firmware mine
is 'has what the installer wrote' 0 1 sh -c '
    qemu-img dd -f qcow2 -O raw bs=512 count=1 \
	if="$XRAY_HOME/bases/mine/1/disk.qcow2" of=sector &&
    grep -c "installed system" sector'
is 'read-only' 0 444 stat -c %a "$XRAY_HOME/bases/mine/1/disk.qcow2"
is 'where it came from' 0 'origin = install.iso' grep ^origin \
    "$XRAY_HOME/bases/mine/base.ini"
is 'the workshop is gone' 0 '' xray list -q
ok 'a VM of it' xray create -q -b mine -m 64 -c 1 v
ok 'starts' xray start v
stopped() { [ "$(xray status "$1")" = stopped ]; }
ok 'runs, and switches itself off' until_ok 60 stopped v
is 'it was the installed system' 0 1 sh -c \
    'cat "$XRAY_HOME"/vms/v/log/console.log* | grep -ac "installed system runs"'
xray remove -q -y v

says 'a base of that name' 73 'mine' xray base build --iso install.iso \
    --size 1G mine
says 'no such file' 66 'nope.iso: No such file' xray base build \
    --iso nope.iso --size 1G other
says 'no size: what is set for that' 78 'XRAY_SYSTEM_DISK_SIZE: .*lots' env \
    XRAY_SYSTEM_DISK_SIZE=lots xray base build --iso install.iso other
says 'a path that would be more than a line of vm.ini' 64 'cdrom' sh -c '
    d=$(printf "evil/y\nnet = open\nlabel = z"); mkdir -p "$d"
    cp install.iso "$d/a.iso"
    xray base build --iso "$d/a.iso" --size 1G other'
says 'a reserved name' 64 'reserved' xray base build --iso install.iso \
    --size 1G all
says 'options of the installer with a recipe' 64 'go with --iso' \
    xray base build --size 1G tiny
is 'nothing is left of those' 0 '' xray list -q
says 'nothing to seal' 66 'nothing to seal; xray base build --iso' xray base seal

# One that never ends: ended from outside, it is not sealed unasked.
printf '1: jmp 1b\n.org 2048\n' >loop.s
code loop && iso loop.bin 4 loop.iso
xray base build --iso loop.iso --size 64M late >b.out 2>b.err </dev/null &
build=$!
running() { [ "$(xray status maintenance 2>/dev/null)" = running ]; }
ok 'an installer that takes its time' until_ok 60 running
is 'it is listed' 0 'maintenance	running' xray list -H -o name,status
says 'a second one at once' 73 'another base is being made' \
    xray base build --iso loop.iso --size 64M again
says 'no seal while it runs' 75 'runs; switch it off' xray base seal
ok 'stopped by force' xray stop -f maintenance
code=0
wait $build || code=$?
says 'it is not sealed' 69 \
    'not switched off by the guest .host-qmp-quit.*xray base seal' \
    sh -c "cat b.err >&2; exit $code"
is 'it is still there' 0 'maintenance	stopped' xray list -H -o name,status
is 'seal takes it as it is' 0 'Sealed: late generation 1' xray base seal

# kill -9 between the base and the end of the VM: the disk is not written to.
xray base build --iso loop.iso --size 64M third >b.out 2>b.err </dev/null &
until_ok 60 running && xray stop -f maintenance
ln "$XRAY_HOME/vms/maintenance/disk.qcow2" other-name
says 'a disk with two names does not start' 77 'is a base.s too; xray base seal' \
    xray start maintenance
rm other-name
wait
mkdir "$XRAY_HOME/bases/third"
says 'a name that was taken meanwhile' 73 third xray base seal
ok 'leaves it as it was' xray start maintenance
xray stop -f maintenance
is 'under another name' 0 'Sealed: fourth generation 1' xray base seal fourth
rmdir "$XRAY_HOME/bases/third"
is 'three bases' 0 'fourth
late
mine' xray base list -H -o name
