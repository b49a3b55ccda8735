#!/bin/sh
# What several places say in the same words: each of them when the system
# refuses its own call; see fault-words.t.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
# shellcheck source=refuse.sh
. "${0%/*}/refuse.sh"
empty_base >/dev/null && seeded_base s >/dev/null && xray-create -q -b b v &&
    xray-create -q -b s sv && xray-create -q -b b o &&
    xray-snap create -q o t && xray-key -q 2>/dev/null || exit 1
vm=$XRAY_HOME/vms/v
cp "$tmp/b.qcow2" "$tmp/k.qcow2"
mkdir -p "$tmp/bin" "$vm/log" "$vm/scripts/create"
for program in qemu-system-x86_64 qemu-system-aarch64; do
	printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/$program"
done
printf '#!/bin/sh\n' >"$vm/scripts/create/10-a"
chmod 755 "$tmp/bin"/* "$vm/scripts/create"/*
echo 2026-11-22T10:00:00Z x >"$vm/log/console.log"
echo 'allow tcp a.example 443' >"$vm/rules"
echo 'allow tcp old.example 443' >"$vm/rules.session" # for a run that is over
xray-create -q -b b made || exit 1
shop=$XRAY_HOME/vms/maintenance
mv "$XRAY_HOME/vms/made" "$shop"
sed -i '/^base =/d; /^generation =/d; $a becomes = built' "$shop/vm.ini"
qemu-img create -q -f qcow2 "$shop/disk.qcow2" 64M
chmod 444 "$shop/disk.qcow2"
echo maintenance >"$(grep -lx made "$XRAY_HOME"/ports/*)"
cp -a "$XRAY_HOME" "$tmp/store"

# ---- one that runs ----

served=
trap 'kill $served 2>/dev/null; finish' EXIT
socat "UNIX-LISTEN:$vm/guest-22.sock,fork" \
    'SYSTEM:printf "SSH-2.0-peer\r\n"; cat >/dev/null' 2>/dev/null &
served="$served $!"
until_ok 30 listens "$vm/guest-22.sock"
# It has the lock until we are gone, whatever becomes of us.
mkfifo "$tmp/hold"
"$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" cat <"$tmp/hold" &
exec 4>"$tmp/hold"
kept=yes
pub=$XRAY_HOME/ssh/id.pub
f 66 "^xray-key: $pub: $eio" "$pub" openat xray-key install v
f 71 "^xray-key: pipe: $eio" '' pipe2:when=1..9 xray-key install v
f 74 "/\.edit-[0-9]*\.sh: $eio" "$XRAY_HOME" openat:when=1..20 \
    xray-provision v -
script=$vm/scripts/create/10-a
f 66 "10-a: $eio" "$script" openat xray-provision v "$script"
f 74 "10-a: $eio" "$script" lseek xray-provision v "$script"
f 66 "10-a: $eio" "$script" newfstatat,lstat xray-provision v "$script"
f 66 "10-a: $eio" "$script" newfstatat,lstat:when=2..4 \
    xray-provision v "$script"
echo 'Compression yes' >"$vm/ssh_config"
f 74 "/\.ssh-[0-9]*\.conf: $eio" "$XRAY_HOME" openat:when=1..20 \
    xray-ssh v true
rm "$vm/ssh_config"
mkdir "$vm/triggers"
printf '#!/bin/sh\n' >"$vm/triggers/pre-ssh"
chmod 755 "$vm/triggers/pre-ssh"
f 71 "^xray-ssh: .*pipe: $eio" '' pipe2:when=1..9 xray-ssh v true
mv "$vm/triggers/pre-ssh" "$vm/triggers/post-ssh"
f 69 "^xray-ssh: ssh: $eio" '' waitid:when=1..4 xray-ssh v true
says 'no ssh' 69 '^xray-ssh: ssh: .*; share/deps installs it' \
    env PATH="$tmp/bin" "$XRAY_BIN/xray-ssh" v true
rm -r "$vm/triggers"
# Only the command itself is refused, not what it runs.
says 'restart cannot wait' 71 "^xray-restart: [^ ]*xray-stop: $eio" \
    timeout 60 strace -qq -o /dev/null -e signal=none -e trace=wait4 \
    -e inject=wait4:error=EIO xray-restart v
kept=
fake() { PATH=$tmp/bin:$PATH f "$@"; }
f 71 "^xray-key: .*ssh-keygen: $eio" '' wait4:when=1..4 xray-key -f

# ---- files ----

f 74 "^xray-log: .*console.log: $eio" "$vm/log/console.log" read:when=4..9 \
    timeout 9 xray-log -f v console
says 'no process to try it in' 1 "fork: $eio" sh -c 'timeout 60 strace -qq \
    -o /dev/null -e signal=none -e trace=clone,clone3,fork \
    -e inject=clone,clone3,fork:error=EIO xray-doctor >&2'
f 66 "10-a: $eio" "$script" readlink:when=2..5 xray-hooks run v create
o=$XRAY_HOME/vms/o/disk.qcow2
f 74 "snapshot table: $eio" "$o" pread64:when=2..3 xray-snap list o
f 74 "^xray-config: config.ini: $eio" config.ini openat:when=2..9 \
    xray-config set cpus 3
echo 'allow tcp a.example 443' >"$tmp/cases"
f 66 "rules: $eio" "$vm/rules" openat xray-fw test v "$tmp/cases"
f 74 "rules: $eio" "$vm/rules" read xray-fw test v "$tmp/cases"
fake 66 "^xray-start: maintenance: disk.qcow2: $eio" disk.qcow2 newfstatat \
    xray-start maintenance
fake 74 "^xray-start: maintenance: disk.qcow2: $eio" disk.qcow2 fchmodat \
    xray-start maintenance
# What was allowed until a run ended is not there for the next.
fake 74 "^xray-start: v: rules.session: $eio" rules.session openat \
    xray-start v
fake 74 "^xray-start: v: rules.session: $eio" rules.session \
    renameat,renameat2,unlinkat xray-start v
echo nonsense >"$vm/rules.session"
says 'a broken one is no reason not to start' 69 ': QEMU ended: ' \
    env PATH="$tmp/bin:$PATH" xray-start v
ok 'and it is left' grep -qx nonsense "$vm/rules.session"

# ---- bases ----

f 74 "^xray-base: n: $eio" disk.qcow2 openat:when=1 \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: disk.qcow2: $eio" disk.qcow2 openat:when=3 \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: .*: $eio" "$tmp/k.qcow2" fstat,newfstatat:when=3..9 \
    xray-base import --link -n l "$tmp/k.qcow2"
f 74 "^xray-resize: $XRAY_HOME: $eio" "$XRAY_HOME/vms" fstatfs \
    xray-resize v 90G
f 74 "^xray-base: \.stage-[0-9]*: $eio" "$XRAY_HOME/bases" \
    openat:when=1..20 xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: $tmp/cache[^ ]*: $eio" "$tmp/cache" \
    fstat,newfstatat:when=1..9 \
    env XRAY_CACHE="$tmp/cache" xray-base import -n n https://127.0.0.1:9/x

# The first three are the lock's, twice, and that of what was of another URL.
f 74 "[.]part: $eio" '' ftruncate:when=4 \
    env XRAY_CACHE="$tmp/cache" xray-base import -n n https://127.0.0.1:9/x

# ---- a download in another file system ----

if [ "$(stat -c %d "$tmp")" != "$(stat -c %d /dev/shm 2>&1)" ]; then
	shm=$(mktemp -d /dev/shm/xray-test.XXXXXX) || exit 1
	trap 'kill $served 2>/dev/null; rm -rf "$shm"; finish' EXIT
	(cd "$tmp" && exec "$XRAY_OBJ/tests/http-peer" b.qcow2 port log) &
	served="$served $!"
	until_ok 20 test -s "$tmp/log"
	url=http://127.0.0.1:$(cat "$tmp/port")/n.img
	sum=$(sha256sum <"$tmp/b.qcow2" | cut -d' ' -f1)
	elsewhere() {
		f "$@" env no_proxy=127.0.0.1 XRAY_CACHE="$shm" \
		    xray-base import --sha256 "$sum" "$url"
	}
	elsewhere 74 "^xray-base: n: $eio" disk.qcow2 openat:when=1
	elsewhere 74 "^xray-base: n: $eio" '' ftruncate:when=1..12
else
	for t in 'there is no room for it' 'nor for its bytes'; do
		n=$((n + 1))
		echo "ok $n - $t # SKIP no other file system"
	done
fi

# ---- a VM without a base ----

iso() { f "$@" xray-build build --iso "$tmp/b.qcow2" --firmware uefi blank; }
rm -r "$tmp/store/vms/maintenance" # there is one at a time
# Behind that of the linker, of the image and of xray-net.
iso 69 "^xray-base: no UEFI firmware for .*; share/deps installs it" '' \
    access:when=4+
iso 74 "^xray-base: efivars.qcow2: $eio" efivars.qcow2 openat:when=1..6
# What could not be written may be told when it is closed: so does NFS.
f 74 "^xray-create: (disk.qcow2|vm.ini): $eio" '' close:when=5..30 \
    xray-create -q -b b w

# ---- the next generation of a base ----

# No command makes one yet; its own test tells what went wrong.
export XRAY_OBJ
f 1 "its next generation b/2: $eio" '' renameat:when=1..9 \
    sh -c '"$XRAY_OBJ/tests/machine-base" >&2'

# ---- what is run ----

# Only the command itself is refused or told something, not what it runs.
alone() { # INJECT COMMAND...
	inject=$1
	shift
	timeout 60 strace -qq -o /dev/null -e signal=none \
	    -e trace="${inject%%:*}" -e inject="$inject" "$@"
}
says 'a recipe cannot be waited for' 71 "^xray-base: .*/recipes/tiny: $eio" \
    alone wait4:error=EIO xray-build build tiny -- -Z
f 66 "10-a: failed [(]our trouble[)]: .*10-a: $eio" "$script" \
    readlink:when=4..5 xray-hooks run v create
says 'told to end between its being written down and its being run' 75 \
    '10-a: told to end$' alone renameat:signal=TERM:when=1 \
    xray-hooks run v create

# ---- live ----

xray-start -q o 2>/dev/null || exit 1
kept=yes
f 74 "^xray-snap: o: snapshots.ini: $eio" .snapshots.ini.new openat \
    xray-snap create o live
is 'but it is there' 0 live sh -c 'xray-snap list -H o | grep -o ^live'
f 74 "^xray-why: log: $eio" "$XRAY_HOME/vms/o/log" openat:when=1..9 xray-why o
kept=
xray-stop -q -f o

# ---- what a guest sends without an end ----

# links N LONG: an archive of N symbolic links; with LONG each has a name of so
# many letters, in a header of its own.
links() {
	perl -e '
	my ($n, $long) = @ARGV;
	sub head {
		my ($name, $size, $type) = @_;
		my $h = pack "a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 a247",
		    $name, "0000644", "0000000", "0000000",
		    sprintf("%011o", $size), "00000000000", " " x 8, $type,
		    "x", "ustar", "00", "";
		substr $h, 148, 8, sprintf "%06o\0 ", unpack "%32C*", $h;
		return $h;
	}
	my $one = head("d/l", 0, 2);
	if ($long) {
		my $path = " path=d/" . "n" x $long . "\n";
		my $body = length($path) + 4 . $path;
		$one = head("pax", length $body, "x") . $body .
		    "\0" x (-length($body) % 512) . $one;
	}
	print $one x 100 for 1 .. $n / 100;
	print "\0" x 1024;' "$1" "$2"
}
mkdir -p "$tmp/in/d" "$tmp/into"
echo x >"$tmp/in/d/f"
tar -C "$tmp/in" -cf "$tmp/into.tar" d
f 74 "^xray-untar: d/f: $eio" '' renameat \
    sh -c 'xray-untar "$0" d <"$0.tar"' "$tmp/into"
mkdir -p "$tmp/into/d/f"
says 'what is in the way is named whole' 73 \
    '^xray-untar: d/f: a link, a file or a folder is in the way$' \
    sh -c 'xray-untar "$0" d <"$0.tar"' "$tmp/into"
untars() { links "$2" "$3" | xray-untar ${1:+"$1"} "$tmp" d; }
says 'a million of them' 76 'more than a million files' untars '' 1000100 0
says 'long names' 76 'names past 256 MiB' untars -a 70000 4000
plan "$n"
