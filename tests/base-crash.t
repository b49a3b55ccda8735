#!/bin/sh
# xray-base import: killed, twice at once, and without room.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 20
cd "$tmp" || exit 1
qemu-img create -q -f raw disk.raw 96M
printf 'label: dos\n2048,,83\n' | sfdisk -q disk.raw 2>/dev/null ||
    skip_all 'no sfdisk'
qemu-io -f raw -c 'write -P 9 2M 32M' disk.raw >/dev/null
qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2
bases=$XRAY_HOME/bases
dots() {
	for f in "$bases"/.[!.]*; do
		[ ! -e "$f" ] || echo "${f##*/}"
	done
}

# Killed at moments from the first millisecond to past the end.
whole=0 none=0 half=0
for file in disk.qcow2 disk.raw; do
	for ms in 001 003 006 010 014 018 022 027 033 040 048 057 067 080 095 \
	    115 140 170 210 260; do
		timeout -s KILL "0.$ms" xray-base import -q -n b "$file" 2>/dev/null
		if xray base verify --full -q b >/dev/null 2>&1; then
			whole=$((whole + 1))
			xray base remove -q -y b
		elif [ -e "$bases/b" ]; then
			half=$((half + 1))
		else
			none=$((none + 1))
		fi
	done
done
echo "# killed: $none before, $whole after"
ok 'killed at forty moments: a whole base or none' test "$half" = 0
ok 'some before the end' test "$none" -gt 0
is 'list shows none' 0 '' xray base list -H
ok 'the next import' xray base import -q -n b disk.qcow2
# timeout(1) dies by its own KILL: who was killed may be dying yet.
swept() {
	[ -z "$(dots)" ] || {
		xray base remove -q -y b
		xray base import -q -n b disk.qcow2
		[ -z "$(dots)" ]
	}
}
ok 'sweeps what was left' until_ok 30 swept
is 'and no one works on for them' 0 '' at "$bases/*"

# Two at once.
xray base remove -q -y b
for i in 1 2; do
	{ xray base import -q -n b disk.raw 2>"err$i"; echo $? >"code$i"; } &
done
wait
is 'of two at once one wins, the other has 73' 0 '0
73' sh -c 'sort -n code1 code2'
is 'what won is whole' 0 'b	1	ok' xray base verify -H --full
is 'the other left nothing' 0 b ls -A "$bases"

# min_free.
echo 'min_free = 100000T' >"$XRAY_HOME/config.ini"
says 'no room: 75, and the mends' 75 'free, .* min_free is .*xray disk, or use -f' \
    xray base import -n c disk.raw
says 'nor for a copy' 75 'min_free' sh -c 'cp disk.qcow2 copy.qcow2
    xray base import -n c copy.qcow2'
is 'nothing is left' 0 b ls -A "$bases"
ok '-f goes on' xray base import -q -f -n c disk.qcow2
echo 'min_free = lots' >"$XRAY_HOME/config.ini"
says 'a min_free that cannot be: 78' 78 'config.ini' \
    xray base import -n d disk.raw
echo 'min_free = 0' >"$XRAY_HOME/config.ini"

# A full disk, in a mount name space of our own.
mkdir full
in_small() {
	unshare -m sh -c "mount -t tmpfs -o size=16m,mode=700 none full &&
	    echo 'min_free = 0' >full/config.ini && { XRAY_HOME=$tmp/full $1; }"
}
if in_small true 2>/dev/null; then
	says 'less room than the image: 75' 75 'min_free' in_small \
	    "xray base import -n b '$tmp/disk.qcow2'"
	says 'a full disk while copying: 74' 74 'No space left' in_small \
	    "xray base import -f -n b '$tmp/disk.qcow2'"
	says 'a full disk while converting: 74' 74 'No space left' in_small \
	    "xray base import -f -n b '$tmp/disk.raw'"
	is 'nothing is left there' 0 '' in_small \
	    "xray base import -q -f -n b disk.raw 2>/dev/null; ls -A full/bases"
else
	for i in 1 2 3 4; do
		n=$((n + 1))
		echo "ok $n # SKIP no mount name space of our own"
	done
fi

# What a killed one would have left of another's name.
mkdir "$bases/.stage-999999" "$bases/.gone-999999"
echo x >"$bases/.stage-999999/disk.qcow2"
xray base gc -q
is 'gc sweeps too' 0 '' dots
ok 'and bases stay' xray base info -q b
