#!/bin/sh
# xray-doctor: each trouble is made, and its line read.  QEMU is real, but for
# the old and the crippled ones, which are wrappers around it.
. "${0%/*}/lib.sh"
home=$XRAY_HOME

# line NAME CODE STATE WHAT PATTERN [OPTION...]: doctor exits with CODE and has
# such a line.
# shellcheck disable=SC2317 # called by ok
line_is() {
	want=$1 start=$2 re=$3 got=0
	shift 3
	"$@" -H >"$tmp/lines" 2>&1 || got=$?
	cat "$tmp/lines"
	[ "$got" = "$want" ] &&
	    grep -E "^$start" "$tmp/lines" | grep -Eq -- "$re"
}
line() {
	name=$1 want_code=$2 state=$3 what_is=$4 pattern=$5
	shift 5
	[ $# -gt 0 ] || set -- --home
	ok "$name" line_is "$want_code" "$state	$what_is	" "$pattern" \
	    xray doctor "$@"
}
# as NAME CODE STATE WHAT PATTERN COMMAND...: the same of any command.
as() {
	name=$1 want_code=$2 state=$3 what_is=$4 pattern=$5
	shift 5
	ok "$name" line_is "$want_code" "$state	$what_is	" "$pattern" "$@"
}
# shellcheck disable=SC2317 # called by ok
none_bad() {
	xray doctor "$@" -H >"$tmp/lines" || true
	cat "$tmp/lines"
	not grep -q '^bad' "$tmp/lines"
}

# ---- all is well ----
is 'in a new home all is well' 1 '' sh -c \
    'xray doctor --home -H -o state | grep -vx ok'
empty_base
# Ports of its own: other tests may run beside this one.
port=$((20000 + $$ % 9000)) fwd=$((11000 + $$ % 4500 * 2))
xray create -q -m 64 -c 1 --ssh-port $port -p $fwd:81 web
ok 'nor one with a base and a VM' none_bad --home
is 'with the emulator asked for nothing is bad here' 0 '' sh -c \
    'xray doctor -H >"$0"; grep "^bad" "$0"; exit 0' "$tmp/all"
line 'qemu: version, netdev and sandbox' 0 ok qemu \
    '^ok	qemu	[0-9.]+, stream netdev, seccomp$' --color no
line 'qemu-img' 0 ok qemu-img '[0-9]' --color no
line 'firmware' 0 ok firmware 'x86_64: /' --color no
line 'tools' 0 ok tools 'ssh and the like: all there' --color no
is 'the header, in a pipe' 0 'STATE	WHAT	TEXT' sh -c \
    'xray doctor --home | head -1'
is 'fields' 0 'state
what
vm
text' xray doctor -o help
ok 'JSON' sh -c 'xray doctor --home --json | grep -q \
    "{\"state\":\"ok\",\"what\":\"disk\",\"vm\":null,\"text\":\""'
says 'an operand: 64, and what was meant' 64 'web: no operand; --vm web\?' \
    xray doctor web
says 'no such VM: 66' 66 'wbe: no such VM \(web\?\)' xray doctor --vm wbe
ok 'full is not silence' sh -c 'xray doctor --home >/dev/full; [ $? = 74 ]'
ok 'a terminal gets no header' sh -c "NO_COLOR=1 script -qec 'xray doctor --home' \
    /dev/null </dev/null >'$tmp/tty'; grep -q '^ok  *disk  */' '$tmp/tty' &&
    ! grep -q STATE '$tmp/tty'"

# ---- the machine ----
mkdir "$tmp/bin" "$tmp/old"
for c in sh sed uname id cat tr; do ln -s "$(command -v $c)" "$tmp/bin/$c"; done
for c in "$XRAY_BIN"/xray "$XRAY_BIN"/xray-doctor; do
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$c" >"$tmp/bin/${c##*/}"
	chmod 755 "$tmp/bin/${c##*/}"
done
bare() { env PATH="$tmp/bin" "$XRAY_BIN/xray-doctor" "$@"; }
as 'no QEMU: the line that installs it' 1 bad qemu \
    'qemu-system-[a-z0-9_]+: not found: .*(install|deps)' bare
as 'no qemu-img' 1 bad qemu-img 'not found: .*(install|deps)' bare
as 'QEMU for other guests is only noted' 1 note qemu \
    'not found, so no guests of' bare
as 'no ssh' 1 bad tools 'not found: ssh, ssh-keygen.*: .*(install|deps)' bare
as 'what recipes need is only noted' 1 note tools \
    'base build.*not found: .*curl' bare
native=qemu-system-$(uname -m) real=$(command -v "qemu-system-$(uname -m)")
# crippled TEXT: a QEMU that begins with these lines.
crippled() {
	printf '#!/bin/sh\n%s\nexec "%s" "$@"\n' "$1" "$real" \
	    >"$tmp/old/$native"
	chmod 755 "$tmp/old/$native"
}
old() { env PATH="$tmp/old:$PATH" xray doctor "$@"; }
crippled 'echo "QEMU emulator version 6.2.0 (Debian)"; exit'
as 'an old QEMU' 1 bad qemu '6\.2\.0, and 7\.2 is the oldest.*first in PATH' old
crippled 'exit 1'
as 'one that says nothing' 1 bad qemu 'says no version: put one' old
crippled 'echo version 8.2; exit'
as 'one without the netdev' 1 bad qemu 'built without -netdev stream:' old
crippled 'case "$*" in *-sandbox*) exit 1 ;; esac'
as 'one without seccomp' 1 bad qemu 'built without -sandbox' old
as 'OVMF_CODE that is not there' 1 bad firmware \
    'OVMF_CODE /x/c, OVMF_VARS /x/v: No such file.*: unset OVMF_CODE' \
    env OVMF_CODE=/x/c OVMF_VARS=/x/v xray doctor
as 'OVMF_CODE alone' 0 note firmware \
    'OVMF_CODE is set and OVMF_VARS is not.*: unset OVMF_CODE' \
    env OVMF_CODE=/x/c xray doctor
line 'tcg by the environment' 0 note accel \
    'tcg, says XRAY_ACCEL: ten times slower.*: unset XRAY_ACCEL' -q
other=hvf
[ "$(uname)" = Linux ] || other=kvm
as 'an accelerator of another system' 1 bad accel \
    "$other, says XRAY_ACCEL.*: unset" env XRAY_ACCEL=$other xray doctor
xray config set -q accel tcg
as 'tcg by config.ini' 0 note accel \
    'says config.ini:1.*: xray config unset accel' env XRAY_ACCEL= xray doctor
xray config unset -q accel

# The device: a wrapper makes of "kvm" what the test wants.
if [ -w /dev/kvm ]; then
	crippled 'case "$*" in *-debugcon*) exit 1 ;; esac'
	as 'kvm that ends its guests' 1 bad accel \
	    'a guest ends QEMU, so tcg.*: xray config set accel tcg' \
	    env XRAY_ACCEL= PATH="$tmp/old:$PATH" xray doctor
	crippled "case \"\$*\" in *-debugcon*) exec $real \$(printf '%s ' \"\$@\" |
	    sed 's/-accel kvm/-accel tcg/; s/-cpu host/-cpu max/') ;; esac"
	as 'kvm that works' 0 ok accel 'kvm works' \
	    env XRAY_ACCEL= PATH="$tmp/old:$PATH" xray doctor
fi
# Another user, and a /dev/kvm of the test's.
mkdir -p "$tmp/nb/bin" "$tmp/nb/share" "$tmp/nb/user"
cp "$XRAY_BIN/xray-doctor" "$tmp/nb/bin"
cp -R "$top/share/deps" "$top/share/commands" "$tmp/nb/share"
chmod -R go+rX "$tmp/nb" && chmod 711 "$tmp"
: >"$tmp/kvm"
# as_nobody OWNER MODE: doctor of another user who finds such a device.
# shellcheck disable=SC2317 # called by as
as_nobody() {
	chown "$1" "$tmp/kvm" && chmod "$2" "$tmp/kvm"
	shift 2
	unshare -m sh -c 'mount --bind "$0/kvm" /dev/kvm && exec setpriv \
	    --reuid 65534 --regid 65534 --clear-groups env XRAY_ACCEL= \
	    HOME="$0/nb/user" XRAY_HOME="$0/nb/user/x" \
	    "$0/nb/bin/xray-doctor" "$@"' "$tmp" "$@"
}
if [ "$(id -u)" = 0 ] && [ -e /dev/kvm ] && unshare -m true 2>/dev/null; then
	chown -R 65534 "$tmp/nb/user"
	line 'root is told' 0 note user 'root: a guest that breaks out' -q
	as 'kvm of a group' 1 bad accel \
	    '^bad	accel	/dev/kvm: permission denied, so tcg, ten times slower: sudo (adduser|usermod).*, then log in again$' \
	    as_nobody 0:1 660
	as 'kvm of root alone' 1 bad accel \
	    'denied.*: sudo setfacl -m u:[a-z0-9]*:rw /dev/kvm' as_nobody 0:0 600
	is 'others are not told of root' 1 '' grep '	user	' "$tmp/lines"
	mkdir "$tmp/small"
	# shellcheck disable=SC2317 # called by as
	in_small() {
		unshare -m sh -c 'mount -t tmpfs -o "$1" none "$0" &&
		    XRAY_HOME=$0 && export XRAY_HOME && shift &&
		    exec xray doctor --home "$@"' "$tmp/small" "$@"
	}
	as 'a full disk' 1 bad disk \
	    "$tmp/small: [0-9.]+ MB free, min_free is 1.1 GB: xray disk" \
	    in_small size=50m,mode=700
	as 'a read-only one' 1 bad home 'Read-only.*: set XRAY_HOME' \
	    in_small ro,mode=700
	as 'one without a free inode' 1 bad files \
	    'cannot be written to: No space.*: see mount, df -i' \
	    in_small nr_inodes=4,mode=700,size=4G
fi

# ---- the home ----
chmod 755 "$home"
line 'a home that others can look into' 1 bad home \
    "mode 0755.*: chmod 700 $home"
chmod 775 "$home"
line 'or write to: nothing else is believed' 1 bad home \
    "others can write to it; chmod go-w $home"
chmod 700 "$home"
as 'a home of another user' 1 bad home 'belongs to uid.*: sudo chown' \
    env XRAY_HOME="$tmp/theirs" sh -c '
    mkdir -p "$XRAY_HOME"; [ "$(id -u)" != 0 ] || chown 1 "$XRAY_HOME"
    [ "$(id -u)" = 0 ] || XRAY_HOME=/; xray doctor --home "$@"' sh
as 'no home at all' 1 bad home 'neither XRAY_HOME nor HOME.*: set XRAY_HOME' \
    env -u HOME -u XRAY_HOME xray doctor --home
as 'what needs no home is told all the same' 1 ok qemu 'stream netdev' \
    env -u HOME -u XRAY_HOME xray doctor
ln -s "$home" "$tmp/moved"
as 'a link is followed, and told' 0 ok home "$tmp/moved -> $home, 0700" \
    env XRAY_HOME="$tmp/moved" xray doctor --home
printf 'memroy = 1G\n' >"$home/config.ini"
line 'a key that is not known is noted' 0 note config \
    'config.ini:1: memroy: no such key \(memory\?\): xray config edit'
printf 'memory = much\n' >"$home/config.ini"
line 'a value that cannot be' 1 bad config 'config.ini:1: .*: xray config edit'
printf 'min_free = lots\n' >"$home/config.ini"
line 'min_free that is no size' 1 bad disk 'min_free.*: xray config unset min_free'
printf 'ssh_key = /x/id\n' >"$home/config.ini"
line 'a key of ones own that is gone' 1 bad key \
    '/x/id: No such file.*: make it, or xray config unset ssh_key'
printf 'min_free\n' >"$home/config.ini"
line 'a config.ini that cannot be read' 1 bad home \
    "config.ini:1: .*: \\$\\{EDITOR:-vi\\} $home/config.ini"
rm "$home/config.ini"
xray key -q
chmod 644 "$home/ssh/id"
line 'a key that others can read' 1 bad key "mode 0644.*: chmod 600 $home/ssh/id"
chmod 600 "$home/ssh/id"
rm "$home/ssh/id.pub"
line 'a public half that is gone' 1 bad key \
    "id.pub: No such.*: ssh-keygen -y -f $home/ssh/id >$home/ssh/id.pub"
ssh-keygen -y -f "$home/ssh/id" >"$home/ssh/id.pub"
ok 'that was its mend' none_bad --home
sh -c 'echo $$' >"$tmp/dead"
dead=$(cat "$tmp/dead")
for d in vms bases .; do mkdir "$home/$d/.gone-$dead"; done
mkdir "$home/vms/.stage-$$"
line 'leftovers of the dead' 0 note leftover "vms/.gone-$dead: .*xray create"
is 'three, and none of the living' 0 3 sh -c \
    'xray doctor --home | grep -c leftover'
xray create -q -m 64 more && xray remove -q -y more
is 'the next create clears that of VMs' 0 2 sh -c \
    'xray doctor --home | grep -c leftover'
rmdir "$home/bases/.gone-$dead" "$home/.gone-$dead"
rm -rf "$home/vms/.stage-$$"

# ---- claims and ports ----
echo gone >"$home/ports/4321"
line 'a claim of a VM that is gone' 0 note claim \
    "port 4321: .*so free: rm $home/ports/4321"
rm "$home/ports/4321" "$home/ports/$port" "$home/ports/$fwd"
line 'a port that nobody claims' 1 bad claim \
    "web: port $port is claimed by nobody: xray config set web ssh_port $port"
line 'and a forward' 1 bad claim \
    "web: port $fwd is claimed by nobody: xray port add web $fwd:81"
xray config set -q web ssh_port "$port" 2>/dev/null
xray port add -q web $fwd:81 2>/dev/null
ok 'those were their mends' none_bad --home
xray create -q -m 64 db
echo db >"$home/ports/$fwd"
line 'a port that another VM claims' 1 bad claim \
    "web: port $fwd is claimed by db:.*xray port list"
echo web >"$home/ports/$fwd"
# hold PORT COMMAND...: run it while another program has the port.
# shellcheck disable=SC2317 # called by as
hold() {
	socat "TCP-LISTEN:$1,bind=127.0.0.1" STDIO <"$tmp/wait" >/dev/null 2>&1 &
	held=$! port_held=$1
	shift
	until_ok 30 sh -c "ss -Hlnt | grep -q '127.0.0.1:$port_held '"
	r=0
	"$@" || r=$?
	kill "$held"
	wait "$held" 2>/dev/null
	return $r
}
mkfifo "$tmp/wait"
exec 9<>"$tmp/wait"
if command -v socat >/dev/null && command -v ss >/dev/null; then
	as 'an ssh port that was given, and is taken' 1 bad port \
	    "web: ssh port $port is taken.*: xray config set web ssh_port PORT" \
	    hold "$port" xray doctor --home
	dbport=$(xray info -H -o ssh_port db)
	as 'one that was not is only noted' 0 note port \
	    "db: ssh port $dbport is taken by another program; start moves it" \
	    hold "$dbport" xray doctor --home
	as 'a forward that is taken' 1 bad port \
	    "web: port $fwd is taken.*, or xray port remove web $fwd:81" \
	    hold $fwd xray doctor --home
fi
exec 9>&-

# ---- VMs and bases ----
ini=$home/vms/web/vm.ini
# spoilt NAME STATE WHAT PATTERN COMMAND: the line after COMMAND in the home,
# which is put back then.
spoilt() {
	name=$1 state_is=$2 kind=$3 re_is=$4
	shift 4
	rm -rf "$tmp/kept"
	cp -a "$home" "$tmp/kept"
	(cd "$home" && eval "$1")
	[ "$state_is" = bad ] && c=1 || c=0
	line "$name" "$c" "$state_is" "$kind" "$re_is"
	rm -rf "$home"
	cp -a "$tmp/kept" "$home"
}
spoilt 'a vm.ini that cannot be read' bad vm \
    "vms/web/vm.ini:1: .*: \\$\\{EDITOR:-vi\\} $ini" 'echo oops >vms/web/vm.ini'
spoilt 'one that lacks a fact' bad vm 'vm.ini: no machine: ' \
    'sed -i /^machine/d vms/web/vm.ini'
spoilt 'control bytes of a file are masked' bad vm \
    "stands on '.033\[2J/xbases" \
    'sed -i "s,\.\./\.\./bases,\x1b[2J/xbases," vms/web/disk.qcow2'
spoilt 'a disk that is gone' bad vm \
    'web: disk.qcow2: No such.*: put it back from a backup' 'rm vms/web/disk.qcow2'
spoilt 'a disk that is none' bad vm 'web: disk.qcow2: ' \
    'echo x >vms/web/disk.qcow2'
spoilt 'a disk that QEMU found corrupt' bad vm 'QEMU found it corrupt: put' \
    'printf "\\002" | dd of=vms/web/disk.qcow2 bs=1 seek=79 conv=notrunc \
	2>/dev/null'
spoilt 'a disk on something else' bad vm \
    "stands on '../../bases/b/1/disk.qcow2', and vm.ini says .*/2/" \
    'sed -i "s/^generation = 1/generation = 2/" vms/web/vm.ini'
spoilt 'a generation that is gone' bad vm \
    'web: stands on b/2: b: no generation 2: put' \
    'sed -i "s/^generation = 1/generation = 2/" vms/web/vm.ini'
spoilt 'a base that is gone' bad vm \
    'web: stands on b/1: no such base: put bases/b back.*remove web' \
    'mv bases/b x'
spoilt 'a base.ini that is gone' bad base \
    'base.ini: .*: put it back from a backup, or xray base remove b' \
    'rm bases/b/base.ini'
spoilt 'a base that was written to' bad base \
    'b: generation 1 is not what was sealed: its content changed; put' \
    'chmod u+w bases/b/1/disk.qcow2; printf x | dd of=bases/b/1/disk.qcow2 \
	bs=1 seek=9000 conv=notrunc 2>/dev/null'
spoilt 'an image of a base that is gone' bad base \
    'bases/b/1/disk.qcow2: No such.*: put it back' 'rm -f bases/b/1/disk.qcow2'
spoilt 'what was cut short is noted' note vm \
    'web: a snapshot or resize was broken off; the next start' \
    'echo "resize to" >vms/web/op'
spoilt 'a host key that others can read' bad key \
    "web: hostkey: mode 0644: chmod 600 $home/vms/web/hostkey" \
    'echo k >vms/web/hostkey; chmod 644 vms/web/hostkey'
spoilt 'a port in vm.ini that is none' bad port 'not \[ADDRESS:\]' \
    'echo "port = x" >>vms/web/vm.ini'
echo oops >"$ini.x"
cp "$ini" "$tmp/ini"
echo oops >"$home/vms/db/vm.ini"
line '--vm: of one alone' 0 ok vm 'web: record, disks' --vm web --home
line 'a broken one by its name' 1 bad vm 'vms/db/vm.ini:1' --vm db
is 'the VM as a field' 0 db sh -c \
    'xray doctor --home -H -o state,vm | sed -n "s/^bad	//p"'
xray remove -q -f db
rm "$ini.x"
touch -d 2001-01-01 "$home/bases/b/1/disk.qcow2"
ok 'a changed time alone is no trouble' none_bad --home

# ---- ssh ----
line 'plain ssh does not know the VMs' 0 note ssh 'xray ssh-config --install' -q
xray ssh-config -q --install
line 'and does' 0 ok ssh 'NAME.xray' -q
as 'a path that no Include can hold' 0 note ssh 'no Include can hold' \
    env XRAY_HOME="$tmp/a[b" xray doctor

# ---- controls ----
line 'nothing runs' 0 note vm 'none runs' --security
line 'nor the VM that is named' 0 note vm 'web: does not run.*: xray start web' \
    --security --vm web
xray config set -q web net open
xray start -q web 2>"$tmp/told"
if [ "$(id -u)" = 0 ]; then
	is 'the first start by root says so' 0 1 grep -c 'web: runs as root' \
	    "$tmp/told"
	xray stop -q -f web
	is 'and no other' 0 '' sh -c 'xray start -q web 2>&1 | grep root; :'
fi
ok 'a VM that runs has no bad line' none_bad --security
cp "$tmp/lines" "$tmp/good"
for w in seccomp words base files lock isolated sockets core listen; do
	is "$w" 0 1 grep -c "^ok	$w	web: " "$tmp/good"
done
is 'open is noted' 0 1 grep -c '^note	net	web: open: .*10.0.2.2' "$tmp/good"
is 'tcg is' 0 1 grep -c '^note	accel	web: tcg: no security' "$tmp/good"
is 'what confines the gateway is' 0 1 grep -c \
    '^ok	gateway	web: lives, under a seccomp filter' "$tmp/good"
is 'and that QEMU sees all paths' 0 1 grep -c \
    "^note	paths	web: QEMU is in the host's mount namespace" "$tmp/good"
line '--vm alone: controls too' 0 ok seccomp 'web: QEMU: a filter' --vm web
line 'by its port' 0 ok seccomp 'web: QEMU: a filter' --vm "$port"
chmod 666 "$home/vms/web/qmp.sock"
line 'a socket for all' 1 bad sockets \
    "web: qmp.sock: mode 0666: chmod 600 $home/vms/web/qmp.sock" --security
chmod 600 "$home/vms/web/qmp.sock"
cp "$ini" "$tmp/ini"
sed -i 's/^net = .*/net = filtered/' "$ini"
line 'a net that is not what vm.ini says' 1 bad net \
    'web: vm.ini says filtered, its gateway runs as open: xray restart' \
    --security
sed '/^port = /d' "$tmp/ini" >"$ini"
line 'a listener that is no forward' 1 bad listen \
    "listens on 127.0.0.1:$fwd, which is no port of it" --security
sed -i 's/^generation = 1/generation = 2/' "$ini"
line 'another base than vm.ini says' 1 bad base \
    'another file open than b/2' --security
cp "$tmp/ini" "$ini"
xray port add -q web 0.0.0.0:$((fwd + 1)):82
line 'what other machines reach' 0 note listen \
    "web: 0.0.0.0:$((fwd + 1)) can be reached from other machines" --security
kill -STOP "$(xray pid web)"
line 'a QEMU that does not answer' 1 bad qmp \
    'web: .*: try again, or xray stop -f web' --security
kill -CONT "$(xray pid web)"
read -r gateway rest <"$home/vms/web/gateway"
supervisor=$(ps -o ppid= -p "$gateway")
# shellcheck disable=SC2086 # a number in blanks
kill -STOP $supervisor && kill -KILL "$gateway"
line 'a gateway that is gone' 1 bad gateway \
    'web: its gateway is gone.*: xray restart web' --security
# shellcheck disable=SC2086
kill -CONT $supervisor
xray stop -q -f web

# A QEMU that was started without what we ask for.
cat >"$tmp/old/$native" <<'END'
#!/bin/sh
case "$*" in *-sandbox*) ;; *) exec "$REAL" "$@" ;; esac
for a; do
	shift
	case $skip$a in
	-sandbox) skip=x; continue ;;
	x*) skip=; continue ;;
	-no-user-config) continue ;;
	*dump-guest-core=off*) a=$(echo "$a" | sed 's/core=off/core=on/') ;;
	\{*-base*) a=$(echo "$a" |
	    sed 's/"read-only":true/"read-only":false/') ;;
	esac
	set -- "$@" "$a"
done
exec "$REAL" "$@" -chardev file,id=stray,path="$STRAY"
END
PATH=$tmp/old:$PATH REAL=$real STRAY=$tmp/stray
export REAL STRAY
chmod u+w "$home/bases/b/1/disk.qcow2"
xray start -q web
chmod u-w "$home/bases/b/1/disk.qcow2"
line 'no filter' 1 bad seccomp 'web: QEMU: no seccomp filter, may gain' \
    --security
line 'words left out' 1 bad words \
    'web: QEMU runs without -no-user-config -sandbox obsolete=deny.*: xray restart' \
    --security
line 'a base open for writing' 1 bad base 'b/1 open for writing: xray restart' \
    --security
line 'a file elsewhere' 1 bad files "write outside its folder: $tmp/stray" \
    --security
line 'the guest in a core file' 1 bad core "would have the guest's memory" \
    --security
plan "$n"
