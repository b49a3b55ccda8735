#!/bin/sh
# What commands say of files that are there and are not what they should be, or
# not where; see messages.t.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"

m() {
	want=$1 words=$2
	shift 2
	says "$1 says: $words" "$want" "$words" "$@"
}
# from FILE COMMAND ...: with that as standard input.
from() (
	file=$1
	shift
	"$@" <"$file"
)
# folder FILE COMMAND ...: there is a folder in its place; text FILE TEXT
# COMMAND ...: that; gone FILE COMMAND ...: nothing is.  With each the home is
# another one, so that nothing is to be put back.
fresh() {
	rm -rf "${tmp:?}/home"
	cp -a "$tmp/store" "$tmp/home"
}
gone() {
	fresh
	rm -rf "${tmp:?}/home/$1"
	shift
	"$@"
}
folder() {
	fresh
	rm -rf "${tmp:?}/home/$1"
	mkdir -p "$tmp/home/$1"
	shift
	"$@"
}
text() {
	fresh
	rm -rf "${tmp:?}/home/$1"
	mkdir -p "$(dirname "$tmp/home/$1")"
	printf '%b' "$2" >"$tmp/home/$1"
	shift 2
	"$@"
}

empty_base >/dev/null && xray-create -q -b b v && seeded_base s >/dev/null &&
    xray-create -q -b s sv && xray-key -q 2>/dev/null &&
    xray-snap create -q v t || exit 1
# A guest that ends before it has begun.
mkdir "$tmp/bin"
for arch in x86_64 aarch64; do
	printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/qemu-system-$arch"
	chmod 755 "$tmp/bin/qemu-system-$arch"
done
mkdir -p "$XRAY_HOME/vms/v/scripts/create"
ln -s /dev/null "$XRAY_HOME/vms/v/scripts/create/50-db"
printf '#!/bin/sh\n' >"$XRAY_HOME/vms/v/scripts/create/10-a"
chmod 755 "$XRAY_HOME/vms/v/scripts/create/10-a"
mv "$tmp/home" "$tmp/store"
mkdir "$tmp/home"
starts() { PATH=$tmp/bin:$PATH xray-start "$@"; }
tab=$(printf '\t')
long=$(head -c 300 /dev/zero | tr '\0' x)

m 65 'snapshots.ini:1' text vms/v/snapshots.ini x xray-snap create v t2
m 74 'v: log: Is a directory' folder vms/v/log/qemu.log starts v
m 74 'v: log: Is a directory' folder vms/v/log/hooks.log xray-hooks run v create
m 74 'v: disk.qcow2: No such file' gone vms/v/disk.qcow2 xray-resize v 90G
m 74 'v: disk.qcow2: No such file' gone vms/v/disk.qcow2 xray-snap create v t2
m 74 'v: hooks: Is a directory' folder vms/v/hooks xray-hooks run v create
m 74 'sv: user-data: Is a directory' folder vms/sv/user-data starts sv
m 74 'sv: hostkey.pub|sv: hostkey' text vms/sv/hostkey x starts sv
m 74 'sv: password: Is a directory' folder vms/sv/password starts sv
m 74 'sv: seed' folder vms/sv/seed.img starts sv
m 78 'private_ok' text config.ini 'private_ok = x' xray-fw check v a.example
m 73 'b: exists; .*--name another' gone none xray-build build -n b tiny
m 65 'fewer columns than the first line has' \
    text in "VERDICT${tab}PROTO${tab}HOST${tab}PORT\nallow${tab}tcp\n" \
    from "$tmp/home/in" xray-rule add v -
m 66 'none: No such file' gone none starts --kernel "$tmp/none" v
m 69 'qemu-system-.*: not found; share/deps installs it' gone none \
    env PATH="$XRAY_BIN" xray-start v
m 69 'b: stopped|v: stopped' gone none xray-ask v
mkdir -p "$tmp/loop"
ln -s .ssh "$tmp/loop/.ssh"
m 74 'config: Too many levels' gone none env HOME="$tmp/loop" \
    xray-ssh-config --install
m 74 "$tmp/none/me/.ssh: No such file" gone none env HOME="$tmp/none/me" \
    xray-ssh-config --install
m 126 'xray-zz: Permission denied' folder bin/xray-zz sh -c \
    'cp "$1/xray" "$0"; cp -rL "$1/../share" "$0/.." && exec "$0/xray" zz' \
    "$tmp/home/bin" "$XRAY_BIN"
m 75 'v: locked$' gone none "$XRAY_OBJ/tests/lock-peer" \
    "$tmp/home/vms/v/lock" sh -c ': >"$0"
    exec xray-config set --lock-wait 0 v cpus 2' "$tmp/home/vms/v/lock"
m 74 'standard output' text vms/v/log/console.log \
    "$(yes "2026-11-22T10:00:00Z $long" | head -300)\n" \
    sh -c 'exec xray-log v console >/dev/full'
m 74 'standard output' text vms/v/rules \
    "$(yes "allow tcp a.example 443 # $long" | head -60)\n" \
    sh -c 'exec xray-carry export v >/dev/full'
m 66 'v: vm/50-db: masked' gone none xray-hooks run --only 50-db v create
deep=$tmp
for _ in 1 2 3 4 5 6; do deep=$deep/$(printf %.200s "$long"); done
mkdir -p "$deep"
echo 'ssh-ed25519 AAAA me' >"$deep/k.pub"
m 64 'path too long for vm.ini' gone none xray-create -b b --ssh-key "$deep/k.pub" x
m 78 'no ssh_config can hold such a path' gone none sh -c 'cp -a "$0" "$1" &&
    XRAY_HOME=$1 xray-ssh-config v' "$tmp/store" "$tmp/a
b"
m 74 'ssh-keygen failed' gone none sh -c 'printf "#!/bin/sh\nexit 1\n" >"$0/ssh-keygen"
    chmod 755 "$0/ssh-keygen"; PATH=$0:$PATH xray-key -f' "$tmp/bin"
m 74 'in/x: Not a directory' text in x env XRAY_CACHE="$tmp/home/in/x" \
    xray-base import --sha256 "$(printf %064d 0)" http://127.0.0.1:1/x
m 74 'in/fetch: Not a directory' text in/fetch x env XRAY_CACHE="$tmp/home/in" \
    xray-base import --sha256 "$(printf %064d 0)" http://127.0.0.1:1/x
# What is fetched from there has this name until all of it is.
part=in/fetch/ecdeecc01930e28e.part
m 77 'part: in the cache, and not yours alone; remove it' text $part '' sh -c 'chmod 644 "$0"
    XRAY_CACHE=${0%/fetch/*} exec xray-base import --sha256 "$1" "$2"' \
    "$tmp/home/$part" "$(printf %064d 0)" http://127.0.0.1:1/x
m 74 'part: Is a directory' folder $part env XRAY_CACHE="$tmp/home/in" \
    xray-base import --sha256 "$(printf %064d 0)" http://127.0.0.1:1/x
# ---- programs that fail ----

# fails NAME SCRIPT COMMAND ...: it is what that program does.
fails() {
	fresh
	rm -rf "${tmp:?}/fails"
	mkdir "$tmp/fails"
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/fails/$1"
	chmod 755 "$tmp/fails/$1"
	shift 2
	PATH=$tmp/fails:$PATH "$@"
}
head -c 100000 /dev/zero | tr '\0' x >"$tmp/raw"
zero=$(printf %064d 0)
fetch() { env XRAY_CACHE="$tmp/home/in" xray-base import --sha256 "$zero" http://127.0.0.1:1/x; }
m 74 '^xray-base: sha256sum failed' fails sha256sum 'exit 1' \
    xray-base import -n n "$tmp/b.qcow2"
m 74 '^xray-base: n: No space left on device' \
    fails qemu-img 'echo "qemu-img: x: No space left on device" >&2; exit 1' \
    xray-base import --format raw -n n "$tmp/raw"
m 75 '^xray-base: n: in use by another program; stop it first' \
    fails qemu-img 'echo "qemu-img: Failed to get \"write\" lock" >&2; exit 1' \
    xray-base import --format raw -n n "$tmp/raw"
m 74 '^xray-base: http://127.0.0.1:1/x: curl: failed \(99\)' \
    fails curl 'exit 99' fetch
m 65 '^xray-base: http://127.0.0.1:1/x: nothing came' fails curl 'exit 0' fetch
m 74 'part.lock: Is a directory' folder $part.lock fetch
m 69 '^xray-autostart: systemctl --user daemon-reload: failed' \
    fails systemctl '[ "$2" != daemon-reload ]' xray-autostart v

# ---- what goes on, to where there is no room ----

follows() {
	text "vms/v/log/$1" "2026-11-22T10:00:00Z $2\n" \
	    sh -c 'exec "$@" >/dev/full' - "$3" ${4+"$4"} -f v
}
m 74 '^xray-log: standard output: No space' follows console.log x xray-log
m 74 '^xray-fw: standard output: No space' \
    follows net.log 'deny mode tcp - 1.2.3.4 443 - -' xray-netlog log
m 74 '^xray-fw: standard output: No space' gone none \
    sh -c 'exec xray-prompt prompt --stdio v >/dev/full'
mkdir -p "$tmp/cache/fetch"
m 75 '^xray-base: http://127.0.0.1:1/x: another import fetches it' \
    "$XRAY_OBJ/tests/lock-peer" "$tmp/cache/${part#in/}.lock" \
    env XRAY_CACHE="$tmp/cache" xray-base import --sha256 "$zero" \
    http://127.0.0.1:1/x

# ---- an installation of which the recipes are others ----

mkdir -p "$tmp/i/bin" "$tmp/i/share/recipes"
cp "$XRAY_BIN/xray-build" "$XRAY_BIN/xray" "$tmp/i/bin"
: >"$tmp/i/share/commands"
recipe() {
	fresh
	printf '#!/bin/sh\n%s\n' "$1" >"$tmp/i/share/recipes/r"
	chmod 755 "$tmp/i/share/recipes/r"
	"$tmp/i/bin/xray-build" build r
}
m 65 '^xray-base: r: no facts: No such file' recipe :
m 143 '^xray-base: r: broken off' recipe 'kill -TERM $PPID; sleep 9'

# ---- what is a list, a link, too much, or nobody's ----

m 65 'cases:1: @x: a list; one of its destinations' text cases \
    'allow tcp @x 443\n' xray-fw test v "$tmp/home/cases"
m 64 'xray-proxy: too many files of rules' xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null --lists a --lists b --lists c --lists d --lists e
m 64 'maintenance: seal it as which base\?' gone none sh -c '
    cp -a "$0/v" "$0/maintenance" && xray-base seal' "$tmp/home/vms"
m 66 '^xray-config: config.ini: removed by the editor; nothing changed$' gone none \
    env EDITOR=rm xray-config edit
m 65 '^xray-config: config.ini: File too large; your text is in .*/refused-con' \
    gone none env EDITOR='truncate -s 9M' xray-config edit
m 77 'real.qcow2: no path from /' gone none sh -c 'cp "$0.qcow2" "$0.kept" &&
    xray-base import -q --link -n l "$0.kept" && xray-create -q -b l lv &&
    cd "$1/bases/l" && cp 1/disk.qcow2 1/real.qcow2 && ln -sf real.qcow2 1/disk.qcow2 &&
    sed -i "s,^link = .*,link = real.qcow2," base.ini && exec xray-start lv' \
    "$tmp/b" "$tmp/home"
m 77 'k.qcow2: is a symbolic link now' gone none sh -c 'cp "$0.qcow2" "$1/k.qcow2" &&
    xray-base import -q --link -n l "$1/k.qcow2" && xray-create -q -b l lv &&
    mv "$1/k.qcow2" "$1/j" && ln -s j "$1/k.qcow2" && exec xray-start lv' \
    "$tmp/b" "$tmp/home"
m 77 'changes under us' gone none sh -c 'cp "$0.qcow2" "$1/k" && exec 3<"$1/k" &&
    mv "$1/k" "$1/k2" && rm "$1/k2" && cp "$0.qcow2" "$1/k2 (deleted)" &&
    exec xray-base import --link -n l /dev/fd/3' "$tmp/b" "$tmp/home"
m 74 'write: File too large' gone none sh -c 'trap "" XFSZ; ulimit -f 50
    cd "$0" && mkdir in && tar cf - raw | xray-untar in raw' "$tmp"
m 74 '--ready-fd 99: Bad file descriptor' gone none sh -c 'cd "$0" &&
    exec xray-net --mac 52:54:00:12:34:56 --net open --ready-fd 99 net.sock' \
    "$tmp"
plan "$n"
