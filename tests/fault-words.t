#!/bin/sh
# What commands say when the system refuses one call: the message is of the
# thing that was wanted, and the exit code that of trouble with files.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
# shellcheck source=refuse.sh
. "${0%/*}/refuse.sh"

empty_base >/dev/null && empty_base c >/dev/null && seeded_base s >/dev/null &&
    xray-create -q -b b v w && xray-create -q -b b --net none o &&
    xray-create -q -b s sv && xray-port add w 8080:80 >/dev/null || exit 1
vm=$XRAY_HOME/vms/v
head -c 100000 /dev/zero | tr '\0' x >"$tmp/raw"
echo 'allow tcp a.example 443' >"$tmp/rules"
echo 'v.xray ssh-ed25519 AAAA' >"$vm/known_hosts"
mkdir -p "$XRAY_HOME/plugins" "$vm/scripts/create"
printf '#!/bin/sh\n' >"$vm/scripts/create/10-a"
chmod 755 "$vm/scripts/create/10-a"
cp "$vm/scripts/create/10-a" "$vm/scripts/own"
ln -s ../own "$vm/scripts/create/20-b"
# A guest that ends before it has begun, a manager that hears.
mkdir "$tmp/bin" "$tmp/unpacked"
for program in qemu-system-x86_64 qemu-system-aarch64; do
	printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/$program"
done
printf '#!/bin/sh\n' >"$tmp/bin/systemctl"
printf '#!/bin/sh\necho cpus = 3 >"$1"\n' >"$tmp/bin/editor"
chmod 755 "$tmp/bin"/*
# A base that is a link.
cp "$tmp/b.qcow2" "$tmp/k.qcow2"
xray-base import -q --link -n k "$tmp/k.qcow2" 2>/dev/null &&
    xray-create -q -b k kv || exit 1
# One that an installer was run in.
xray-create -q -b b made || exit 1
shop=$XRAY_HOME/vms/maintenance
mv "$XRAY_HOME/vms/made" "$shop"
sed -i '/^base =/d; /^generation =/d; $a becomes = built' "$shop/vm.ini"
qemu-img create -q -f qcow2 "$shop/disk.qcow2" 64M
echo maintenance >"$(grep -lx made "$XRAY_HOME"/ports/*)"
mkdir -p "$vm/log"
echo x >"$vm/log/qemu.log"
xray-snap create -q o t || exit 1
cp -a "$XRAY_HOME" "$tmp/store"
start() { f "$1" "$2" "$3" "$4" env PATH="$tmp/bin:$PATH" xray-start "$5"; }

# ---- VMs ----

f 74 "^xray-info: v: $eio" v openat xray-info v
f 74 "/vms: $eio|directory: $eio" "$XRAY_HOME/vms" getdents64 xray-list
f 74 "^xray-create: x: $eio" "$XRAY_HOME/vms" getdents64 xray-create -b b x
f 74 "/vms: $eio" "$XRAY_HOME/vms" mkdirat xray-create -b b x
f 74 "^xray-create: x: $eio" x renameat xray-create -b b x
f 74 "^xray-create: .*: $eio" '' fsync xray-create -b b x
f 74 "^xray-create: .*: $eio" '' fsync:when=4 xray-create -b b x
f 74 "^xray-create: vm.ini: $eio" vm.ini openat xray-create -b b x
f 74 "disk.qcow2: $eio" disk.qcow2 openat xray-create -b b x
f 74 "^xray-base: $XRAY_HOME: $eio" '' fstatfs \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-create: ports: $eio" "$XRAY_HOME/ports" getdents64 \
    xray-create -b b x
f 74 "^xray-create: ports/" "$XRAY_HOME/ports" openat:when=2 \
    xray-create -b b x
f 74 "^xray-port: port 7000: $eio" 7000 openat \
    xray-port add v 7000:70
f 74 "^xray-port: ports/7000: $eio" "$XRAY_HOME/ports/7000" fsync \
    xray-port add v 7000:70
f 74 "^xray-remove: o: $eio" o renameat xray-remove -y o
f 74 "^xray-move: v: known_hosts: $eio" .known_hosts.new openat xray-move v v2
f 74 "^xray-move: v2: $eio" v2 renameat xray-move v v2
f 74 "^xray-move: ports/" "$XRAY_HOME/ports" openat xray-move v v2
f 74 "^xray-resize: v: disk.qcow2: $eio" disk.qcow2 openat xray-resize v 90G
f 74 "^xray-snap: v: disk.qcow2: $eio" disk.qcow2 openat xray-snap create v t
f 74 "^xray-snap: v: op: $eio" .op.new openat xray-snap create v t
f 74 "^xray-snap: v: snapshots.ini: $eio" .snapshots.ini.new openat \
    xray-snap create v t
f 74 "^xray-snap: v: op: $eio" op unlinkat xray-snap create v t2
f 74 "^xray-snap: .*snapshots.ini" snapshots.ini openat xray-snap create v t3
f 74 "^xray-config: config.ini: $eio" .config.ini.new openat \
    xray-config set cpus 3
f 74 "^xray-config: v: lock: $eio" "$vm/lock" fcntl,flock xray-config set v cpus 2
f 74 "^xray-config: v: lock: $eio" "$vm/lock" pwrite64 xray-config set v cpus 2
f 66 '^xray-config: v: was removed just now' v newfstatat,fstatat64 \
    xray-config set v cpus 2
f 74 "^xray-config: config.ini: $eio" .config.ini.new openat \
    env EDITOR="$tmp/bin/editor" xray-config edit
f 74 "^xray-config: .*/\.edit-[0-9]*\.ini: $eio" '' fsync \
    env EDITOR=true xray-config edit
f 74 "^xray-config: .*/\.edit-[0-9]*\.ini: $eio" '' unlinkat \
    env EDITOR=true xray-config edit
f 74 "^xray-why: v: qemu.log: $eio" qemu.log openat xray-why v
f 74 "^xray-snap: v: disk.qcow2: $eio" "$vm/disk.qcow2" fsync \
    xray-snap create v t
f 74 "^xray-snap: o: $eio" '' fsync:when=1..9 xray-snap revert -y o t
f 71 "^xray-snap: pipe: $eio" '' pipe2 xray-snap create v t
f 74 "^xray-move: $XRAY_HOME: $eio" "$XRAY_HOME/vms" fsync xray-move v v2
f 74 "^xray-remove: w: its ports: $eio" "$XRAY_HOME/ports" openat,unlinkat \
    xray-remove -y w
start 74 "^xray-start: sv: known_hosts: $eio" .known_hosts.new openat sv
start 74 "^xray-start: sv: hostkey: $eio" hostkey openat sv
start 66 "^xray-start: k: linked to $tmp/k.qcow2: $eio" "$tmp/k.qcow2" \
    lstat,newfstatat,fstatat64 kv
f 71 "^xray-start: v: $eio" "$vm/lock" fcntl:when=2 xray-start -F v
auto() {
	rm -rf "$tmp/.config"
	f "$@" env PATH="$tmp/bin:$PATH" xray-autostart v
}
auto 69 "systemd/xray@.service: $eio" systemd/xray@.service openat
auto 74 "^xray-autostart: $tmp/.config/systemd/user: $eio" '' mkdirat
auto 74 "^xray-autostart: .*/xray@.service: $eio" .xray@.service.new openat
auto 74 "^xray-autostart: xray@v.service: $eio" '' symlinkat
PATH=$tmp/bin:$PATH xray-autostart -q v 2>/dev/null
f 74 "^xray-autostart: xray@v.service: $eio" xray@v.service unlinkat \
    env PATH="$tmp/bin:$PATH" xray-autostart --off v
f 74 "^xray-list: $XRAY_HOME: $eio" "$XRAY_HOME" fstat,newfstatat xray-list
[ ! -e "$tmp/store/bases/b/1/efivars.qcow2" ] ||
    f 74 "^xray-create: b/1/efivars.qcow2: $eio" 1/efivars.qcow2 openat \
	xray-create -b b --firmware uefi x
f 74 "^xray-create: disk.qcow2: $eio" '' fsync:when=2 xray-create -b b x
start 74 "^xray-start: $XRAY_HOME: $eio" "$XRAY_HOME/vms" fstatfs,statfs v
f 71 "own program: $eio" /proc/self/exe readlink xray-create -b b x

# ---- bases ----

f 74 "^xray-base: b: $eio" b openat xray-base info b
f 74 "/vms: $eio" "$XRAY_HOME/vms" getdents64 xray-base remove -y c
f 74 "^xray-base: c: $eio" c renameat xray-base remove -y c
f 74 "bases/b/base.ini: $eio" .base.ini.new openat xray-base label b memory=1G
f 74 "^xray-base: b: rules: $eio" .rules.new openat \
    xray-base label b rules="$tmp/rules"
f 74 'n: read: ' "$tmp/raw" pread64 xray-base import -n n "$tmp/raw"
f 74 'n: read: ' "$tmp/raw" pread64:when=2 xray-base import -n n "$tmp/raw"
f 74 "^xray-base: l: $eio" disk.qcow2 symlinkat \
    xray-base import --link -n l "$tmp/b.qcow2"
f 74 "n: size: $eio" "$tmp/b.qcow2" lseek xray-base import -n n "$tmp/b.qcow2"
f 66 "^xray-base: $tmp: $eio" "$tmp" lstat,newfstatat \
    xray-base import --link -n l "$tmp/b.qcow2"
f 66 "^xray-base: .*b.qcow2: $eio" "$tmp/b.qcow2" lstat,newfstatat:when=3 \
    xray-base import --link -n l "$tmp/b.qcow2"
f 74 "^xray-base: n: $eio" source openat \
    xray-base import --format raw -n n "$tmp/raw"
f 74 "^xray-base: n: $eio" source openat xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: n: $eio" disk.qcow2 openat xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: n: $eio" source renameat xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: n: $eio" source unlinkat \
    xray-base import --format raw -n n "$tmp/raw"
f 74 "^xray-base: base.ini: $eio" base.ini openat \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: seal: $eio" disk.qcow2 renameat:when=2 \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: n: $eio" n renameat xray-base import -n n "$tmp/b.qcow2"
f 74 "qcow2: $eio" '' fchmod xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: disk.qcow2: $eio" disk.qcow2 openat:when=3 \
    xray-base import -n n "$tmp/b.qcow2"
f 77 'n: another file took the download' disk.qcow2 newfstatat,fstatat64 \
    xray-base import -n n "$tmp/b.qcow2"
f 1 "^xray-base: sha256sum: $eio" "$XRAY_HOME/bases/b/1/disk.qcow2" lseek \
    xray-base verify --full b
f 71 "^xray-base: poll: $eio" '' ppoll,poll \
    xray-base import --format raw -n n "$tmp/raw"
f 66 "^xray-base: built: disk.qcow2: $eio" disk.qcow2 openat xray-base seal
f 74 "^xray-base: built: $eio" "$XRAY_HOME/bases" fsync xray-base seal
f 74 "^xray-base: built: $eio" "$XRAY_HOME/bases" fsync:when=2 xray-base seal
part=$tmp/cache/fetch/ecdeecc01930e28e.part
fetch() {
	mkdir -p "${part%/*}"
	f "$@" env XRAY_CACHE="$tmp/cache" xray-base import \
	    --sha256 "$(printf %064d 0)" http://127.0.0.1:1/x
	rm -r "$tmp/cache"
}
fetch 71 "^xray-base: sha256sum: $eio" '' pipe2
fetch 71 "^xray-base: pipe: $eio" '' pipe2:when=3
fetch 71 "^xray-base: pipe: $eio" '' pipe2:when=4
fetch 71 "^xray-base: curl: $eio" '' write:when=1..6
fetch 71 "^xray-base: poll: $eio" '' ppoll,poll
fetch 74 "/fetch: $eio|part: $eio" "$part" fstat,newfstatat
fetch 74 "^xray-base: ecdeecc01930e28e.part: $eio" "$part.lock" ftruncate
fetch 74 "^xray-base: ecdeecc01930e28e.part: $eio" "$part.lock" ftruncate:when=2
fetch 74 "^xray-base: ecdeecc01930e28e.part.url: $eio" "$part" ftruncate
f 69 '/commands: ' commands openat xray lst
f 69 "/presets: $eio" "${XRAY_BIN%/*}/share/presets" openat xray-carry presets
f 74 "recipes: $eio" "${XRAY_BIN%/*}/share/recipes" openat xray-build build -l

# ---- keys, hooks, the firewall ----

f 74 "^xray-key: id: $eio" .id.new renameat xray-key -f
f 74 "^xray-key: id: $eio" .id.new unlinkat xray-key -f
f 74 "/plugins: $eio" "$XRAY_HOME/plugins" getdents64 xray-hooks list v
f 74 "create: $eio" "$vm/scripts/create" getdents64 xray-hooks list v
f 74 "v: hooks: $eio" hooks openat xray-hooks run v create
f 74 "v: hooks: $eio" .hooks.new openat xray-hooks run v create
f 71 "pipe: $eio" '' pipe2:when=1..6 xray-hooks run v create
refused() {
	f 77 "10-a: refused: $1: $eio" "$2" "$3" xray-hooks run v create
}
refused / / lstat,newfstatat
refused "$vm/scripts" "$vm/scripts" lstat,newfstatat
script=$vm/scripts/create/10-a
refused "$script" "$script" lstat,newfstatat:when=5
f 77 "20-b: refused: .*/20-b: $eio" "$vm/scripts/create/20-b" \
    readlink,readlinkat:when=6 xray-hooks run --only 20-b v create
f 69 "default-firewall-rules.conf: $eio" default-firewall-rules.conf openat \
    xray-fw list v
f 74 "default-firewall-rules.conf: $eio" .default-firewall-rules.conf.new openat \
    xray-fw list v
f 74 "default-firewall-rules.conf: $eio" default-firewall-rules.conf \
    faccessat,faccessat2 xray-fw list v
f 74 "v: .*rules: $eio" .rules.new openat xray-rule allow v b.example

# ---- programs ----

f 71 "^xray-start: pipe: $eio" '' pipe2 xray-start v
f 71 "fork: $eio" '' clone,fork,vfork,clone3 xray-snap create v t

# ---- what an installation lacks ----

f 74 "^xray-ssh-config: ~/.ssh/config: $eio" .config.new openat \
    xray-ssh-config --install
f 66 "raw: $eio" "$tmp/raw" readlink,readlinkat,lstat,newfstatat \
    xray-start --kernel "$tmp/raw" v
f 71 "$tmp/log: $eio" '' pipe2 xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null --log "$tmp/log"
f 71 "$tmp/log: $eio" '' clone,fork,vfork,clone3 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null --log "$tmp/log"
f 71 "rule files: $eio" '' socketpair xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null
f 71 "socketpair: $eio" '' socketpair:when=2 xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null --ask "$tmp/ask"
f 71 "name lookup: $eio" '' pipe2 xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null
f 71 "rule files: $eio|: $eio" '' clone,fork,vfork,clone3 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "fork: $eio|lookup" '' clone,fork,vfork,clone3 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null --ask "$tmp/ask"
f 71 "/: $eio" / chdir xray-proxy --listen "unix:$tmp/px" --rules /dev/null
f 71 "unix:$tmp/px: $eio" '' epoll_ctl xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null
f 71 "^xray-proxy: the event loop: $eio" '' epoll_ctl:when=2 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "^xray-proxy: socketpair: $eio" '' fcntl:when=7..14 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null --ask "$tmp/ask"
f 71 "^xray-proxy: fork: $eio" '' clone,fork,vfork,clone3:when=6 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null --ask "$tmp/ask"
f 71 "^xray-proxy: limits: $eio" '' prlimit64,getrlimit,setrlimit:when=4 \
    xray-proxy --listen "unix:$tmp/px" --rules /dev/null
f 71 "^xray-proxy: landlock: $eio" '' landlock_create_ruleset xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "RLIMIT_NOFILE: $eio" '' prlimit64,getrlimit,setrlimit xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "RLIMIT_NOFILE: $eio" '' prlimit64,getrlimit,setrlimit:when=2 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "event loop: $eio" '' epoll_create1 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "no_new_privs|capabilities|limits|: $eio" '' prctl xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "limits|: $eio" '' prlimit64:when=3 xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null
f 71 "capabilities: $eio" '' capset,capget xray-proxy \
    --listen "unix:$tmp/px" --rules /dev/null

# A port that cannot be tried for want of descriptors is not taken.
f 74 . x renameat xray-create -b b x
xray-create -q -b b x
port=$(xray-info -H -o ssh_port x)
f 0 made '' socket:when=1 sh -c 'xray-create -b b x && echo made >&2'
is 'the same port as else' 0 "$port" xray-info -H -o ssh_port x

# ---- the gateway, and what comes out of a guest ----

cd "$tmp" || exit 1
gateway() {
	f "$@" xray-net --mac 52:54:00:12:34:56 --net open --unix ssh.sock:22 \
	    net.sock
}
gateway 71 "^xray-net: RLIMIT_NOFILE: $eio" '' prlimit64,getrlimit,setrlimit
gateway 71 "^xray-net: .: $eio" . openat
gateway 71 "^xray-net: /: $eio" / chdir
gateway 75 "^xray-net: ssh.sock: $eio" '' listen
gateway 71 "^xray-net: listen: $eio" '' listen:when=2
gateway 71 "^xray-net: poll: $eio" '' ppoll,poll:when=1
rm -f ssh.sock
socat -u UNIX-LISTEN:ssh.sock,unlink-close=0 OPEN:/dev/null &
until_ok 30 listens ssh.sock
kill $!
wait $! 2>/dev/null
gateway 71 "^xray-net: ssh.sock: $eio" ssh.sock unlink,unlinkat
tar cf "$tmp/tar" raw rules
untar() { f "$@" sh -c 'exec xray-untar "$0/unpacked" raw <"$0/tar"' "$tmp"; }
untar 74 "^xray-untar: read: $eio" "$tmp/tar" read
untar 74 "^xray-untar: read: $eio" '' ppoll,poll:when=1

# ---- VMs that seem to run ----

socat "UNIX-LISTEN:$vm/guest-22.sock,fork" \
    'SYSTEM:printf "SSH-2.0-peer\r\n"; cat >/dev/null' 2>/dev/null &
sshd=$!
trap 'kill $sshd 2>/dev/null; finish' EXIT
until_ok 30 listens "$vm/guest-22.sock"
kept=yes
# shellcheck disable=SC2086 # words
live() { f "$1" "$2" "$3" "$4" "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" $5; }
live 74 "^xray-connect: standard output: $eio" '' sendmsg \
    'xray-connect --fdpass v 22'
live 74 "/ask: $eio" ask mkdirat,openat 'xray-ask v'
live 71 "^xray-ask: v: ask.sock: $eio" ask.sock lstat,newfstatat 'xray-ask v'
live 71 "^xray-ask: poll: $eio" '' ppoll,poll 'xray-ask v'
live 71 "^xray-restart: pipe: $eio" '' pipe2 'xray-restart v'
f 71 "^xray-fw: poll: $eio" '' ppoll,poll xray-prompt prompt --stdio v
plan "$n"
