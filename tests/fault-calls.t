#!/bin/sh
# What those commands say that stand between two sides, or a person and a guest,
# when the system refuses one call; see fault-words.t.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
# shellcheck source=refuse.sh
. "${0%/*}/refuse.sh"
empty_base >/dev/null && seeded_base s >/dev/null && xray-create -q -b b v &&
    xray-create -q -b s sv && xray-create -q -b b --firmware uefi u &&
    xray-create -q -b b --net proxy pv && xray-key -q 2>/dev/null || exit 1
vm=$XRAY_HOME/vms/v
head -c 100000 /dev/zero | tr '\0' x >"$tmp/raw"
mkdir "$tmp/bin" "$vm/log"
for program in qemu-system-x86_64 qemu-system-aarch64; do
	printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/$program"
done
chmod 755 "$tmp/bin"/*
echo 2026-11-22T10:00:00Z x >"$vm/log/console.log"
echo 2026-11-22T10:00:00Z deny mode tcp - 1.2.3.4 443 - - >"$vm/log/net.log"
cp -a "$XRAY_HOME" "$tmp/store"
lock=$XRAY_OBJ/tests/lock-peer
# On a terminal; with that behind it.
tty() {
	on_tty="yes $2"
	# shellcheck disable=SC2086 # words
	f "$1" "$3" '' "$4" $5
	unset on_tty
}

# ---- a guest and a person ----

served=
trap 'kill $served 2>/dev/null; finish' EXIT
serve() {
	socat "UNIX-LISTEN:$vm/$1,fork" "SYSTEM:$2" 2>/dev/null &
	served="$served $!"
	until_ok 30 listens "$vm/$1"
}
serve guest-22.sock 'printf "SSH-2.0-peer\r\n"; cat >/dev/null'
serve tty.sock 'echo hello; cat >/dev/null'
kept=yes
# shellcheck disable=SC2086 # words
live() { f "$1" "$2" "$3" "$4" "$lock" "$vm/run.lock" $5; }
from() { says "$2" "$1" "$2" sh -c 'f=$1; shift; exec "$@" <"$f"' - "$@"; }
in_of() (
	file=$1
	shift
	exec "$lock" "$vm/run.lock" "$@" <"$file"
)
says 'xray-connect reads a folder' 74 "^xray-connect: read: Is a directory" \
    in_of "$tmp" xray-connect v 22
says 'xray-connect, and a full disk' 74 '^xray-connect: write: No space left' \
    sh -c '"$0" "$1/run.lock" xray-connect v 22 >/dev/full' "$lock" "$vm"
live 71 "^xray-connect: poll: $eio" '' poll,ppoll:when=1..9 'xray-connect v 22'
live 71 "^xray-connect: fcntl: $eio" '' fcntl:when=4..60 'xray-connect v 22'
says 'xray-console reads a folder' 74 \
    '^xray-console: standard input: Is a directory' in_of "$tmp" xray-console v
says 'xray-console, and a full disk' 74 \
    '^xray-console: standard output: No space left' \
    sh -c '"$0" "$1/run.lock" xray-console v >/dev/full' "$lock" "$vm"
live 71 "^xray-console: pselect: $eio" '' pselect6 'xray-console v'
tty 74 '' "^xray-console: terminal: $eio" ioctl:when=2..6 \
    "$lock $vm/run.lock xray-console v"
tty 74 '' "^xray-fw: terminal: $eio" ioctl:when=1..9 \
    "xray-watch watch v"
tty 71 '' "^xray-fw: poll: $eio" poll,ppoll:when=1..9 \
    "xray-watch watch v"
tty 74 '' "^xray-fw: terminal: $eio" ioctl:when=1..9 \
    "xray-prompt prompt v"
tty 74 '' "^xray-beside: terminal: $eio" ioctl:when=1..9 \
    "xray-beside v true"
tty 71 '' "^xray-beside: poll: $eio" poll,ppoll:when=1..9 \
    "xray-beside v sleep 1"
tty 71 '' "^xray-beside: pipe: $eio" pipe2 "xray-beside v true"
tty 71 '' "^xray-beside: pipe: $eio" pipe2:when=2..4 "xray-beside v true"
tty 71 '' "^xray-beside: output: $eio" fcntl:when=3..24 "xray-beside v true"
tty 71 '</dev/null' "^xray-beside: terminal: $eio" dup2,dup3:when=1..9 \
    "xray-beside v true"

# ---- two sockets ----

cd "$tmp" || exit 1
socat UNIX-LISTEN:s,fork EXEC:cat 2>/dev/null &
served="$served $!"
until_ok 30 listens s
# pair COMMAND ...: one of two sockets is its standard input.
pair() {
	perl -MSocket -e 'socketpair A, B, AF_UNIX, SOCK_STREAM, 0;
	    open STDIN, "<&A"; exec @ARGV' "$@"
}
via=pair
# shellcheck disable=SC2086 # words
join() { f "$1" "^xray-join: $2" '' "$3" xray-join $4; }
says 'no lock can be there' 73 '^xray-join: no/s.lock: No such file' \
    pair xray-join --max 1 no/s
join 71 "s.lock: $eio" fcntl:when=1..40 '--max 1 s'
join 71 "poll: $eio" poll,ppoll:when=1..12 s
join 71 "the set of sockets: $eio" epoll_create1 s
join 71 "a socket: $eio" epoll_ctl s
via=
says 'no standard input' 64 '^xray-join: standard input is no socket' \
    sh -c 'exec xray-join s <&-'

kept=
# ---- what follows ----

f 74 "^xray-log: .*console.log: $eio" "$vm/log/console.log" \
    read,pread64:when=2..6 timeout 9 xray-log -f v console
f 74 "^xray-fw: v: net.log: $eio" "$vm/log/net.log" \
    read,pread64:when=2..6 timeout 9 xray-netlog log -f v

# ---- programs ----

start() { f "$1" "$2" "$3" "$4" env PATH="$tmp/bin:$PATH" xray-start "$5"; }
f 71 ": pipe: $eio" '' pipe2:when=1..9 xray-start v
f 71 "^xray-fw: socketpair: $eio" '' socketpair:when=1..4 \
    xray-prompt prompt --stdio --via nohost v
start 74 "^xray-start: sv: hostkey: $eio" hostkey.pub openat:when=2..4 sv
f 74 "^xray-create: efivars.qcow2: $eio" efivars.qcow2 openat:when=1..6 \
    xray-create -b b --firmware uefi x

# ---- bases ----

f 74 "^xray-base: n: $eio" "$tmp/b.qcow2" fstat,newfstatat:when=1..9 \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: n: $eio" '' fstat,newfstatat:when=1..60 \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: n: $eio" disk.qcow2 openat:when=1..6 \
    xray-base import -n n "$tmp/b.qcow2"
f 74 "^xray-base: l: $eio" '' fstat,newfstatat:when=1..60 \
    xray-base import --link -n l "$tmp/b.qcow2"

# ---- a supervisor, a proxy ----

super() { f "$1" "$2" '' "$3" env PATH="$tmp/bin:$PATH" xray-supervise v; }
super 71 "event loop: $eio" epoll_create1
super 71 "v: tty.sock: $eio" epoll_ctl:when=1..6
super 71 "pipe: $eio" pipe2:when=1..9
proxy() {
	# shellcheck disable=SC2086 # words
	f "$1" "$2" '' "$3" xray-proxy --listen "unix:$tmp/px" \
	    --rules /dev/null $4
}
proxy 71 "unix:$tmp/names: $eio" epoll_ctl:when=1..9 \
    "--resolver unix:$tmp/names"
proxy 71 "the event loop: $eio" epoll_ctl:when=1..9 "--ask $tmp/ask"
proxy 71 "$tmp/requests: $eio" epoll_ctl:when=1..9 "--control $tmp/requests"
proxy 71 "$tmp/requests: $eio" epoll_create1:when=1..9 "--control $tmp/requests"
proxy 71 "$tmp/requests: $eio" epoll_ctl:when=3..9 "--control $tmp/requests"
socat UNIX-LISTEN:control,fork EXEC:cat 2>/dev/null &
served="$served $!"
until_ok 30 listens control
proxy 71 "$tmp/control: $eio" fcntl:when=1..40 \
    "--gateway $tmp/control:$tmp/calls"
plan "$n"
