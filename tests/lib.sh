# Test helpers; sourced by every *.t.  Output is TAP, for prove(1).
#
# Each test gets a home of its own, gone at the end with all that runs in it.
# shellcheck shell=sh

# Signals are as a terminal leaves them, whatever the caller ignores; nothing
# comes from standard input.  What hangs is ended after TEST_LIMIT seconds.
if [ -z "${own_signals-}" ] && env --default-signal true 2>/dev/null
then
	# shellcheck disable=SC2086 # words
	own_signals=yes exec ${TEST_LIMIT:+timeout -k 60 "$TEST_LIMIT"} \
	    env --default-signal sh "$0" </dev/null
fi
unset own_signals

# A loopback of its own, where we may make one: no other test, and no program
# of the machine's, has a port there.  A test that needs the world says
# own_net=no before it sources this.
if [ "${own_net-}" != no ] && [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null
then
	own_net=no own_signals=yes exec unshare -n sh -c '
	    PATH=$PATH:/usr/sbin:/sbin ip link set lo up; exec sh "$@"' - "$0"
fi
unset own_net

here=$(cd "${0%/*}" && pwd)
top=${here%/tests}
XRAY_BIN=${XRAY_BIN:-$top/bin}
XRAY_OBJ=${XRAY_OBJ:-$top/.build}
PATH=$XRAY_BIN:$PATH
tmp=$(mktemp -d "${TMPDIR:-/tmp}/xray-test.XXXXXX") || exit 1
XRAY_HOME=$tmp/home HOME=$tmp XRAY_ACCEL=tcg LC_ALL=C TZ=UTC
# What a terminal of script(1) runs, whatever the caller's is.
SHELL=/bin/sh
export PATH XRAY_BIN XRAY_OBJ XRAY_HOME HOME XRAY_ACCEL LC_ALL TZ SHELL
# Nobody of this machine is asked anything.
DBUS_SESSION_BUS_ADDRESS=unix:path=$tmp/bus TMUX_TMPDIR=$tmp
export DBUS_SESSION_BUS_ADDRESS TMUX_TMPDIR
unset DISPLAY WAYLAND_DISPLAY TMUX
unset XRAY_SSH_KEY XRAY_VM_MEMORY XRAY_VM_CPUS XRAY_LOCK_WAIT NO_COLOR
n=0 bad=0

finish() {
	code=$?
	trap '' EXIT
	[ ! -d "$XRAY_HOME" ] || xray-stop -a -f >/dev/null 2>&1
	rm -rf "$tmp"
	[ "$bad" = 0 ] || exit 1
	exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

plan() { echo "1..$1"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }

# ok NAME COMMAND...: the command succeeds.
ok() {
	what=$1
	shift
	n=$((n + 1))
	code=0
	"$@" >"$tmp/out" 2>"$tmp/err" || code=$?
	if [ $code = 0 ]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		echo "# $* -> $code"
		sed 's/^/# /' "$tmp/out" "$tmp/err" | tail -n 20
		bad=1
	fi
}
not() { ! "$@"; }

# is NAME CODE STDOUT COMMAND...: exit code and output, exactly.
is() {
	what=$1 want_code=$2 want_out=$3
	shift 3
	n=$((n + 1))
	want="${want_out}${want_out:+
}code $want_code"
	out=$("$@" 2>"$tmp/err"; echo "code $?")
	if [ "$out" = "$want" ]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		printf '%s\n' "want: $want" "got:  $out" "$(cat "$tmp/err")" |
		    sed 's/^/# /'
		bad=1
	fi
}

# says NAME CODE PATTERN COMMAND...: exit code, and standard error matches.
says() {
	what=$1 want_code=$2 pattern=$3
	shift 3
	n=$((n + 1))
	"$@" >"$tmp/out" 2>"$tmp/err"
	code=$?
	if [ $code = "$want_code" ] && grep -Eq -- "$pattern" "$tmp/err"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		echo "# code $code, want $want_code and /$pattern/"
		sed 's/^/# /' "$tmp/err" | tail -n 20
		bad=1
	fi
}

# until_ok SECONDS COMMAND...: try until it succeeds or the time is over, which
# is told: where nobody looks at the result it costs minutes unseen.
until_ok() {
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$(date +%s)" -ge $end ]; then
			echo "# in vain: $*" >&2
			return 1
		fi
		sleep 0.1
	done
}

# listens FILE: a server is there, which a socket that is bound only is not.
listens() {
	[ -S "$1" ] || return
	[ ! -r /proc/net/unix ] ||
	    grep -q "^[^ ]* [^ ]* [^ ]* 00010000 .*${1##*/}\$" /proc/net/unix
}

# at DIR [COMM]: the processes, or those of that name, whose working directory
# matches.
at() (
	for p in $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1" \
	    2>/dev/null | tr -dc '0-9\n'); do
		[ $# = 1 ] || [ "$(cat "/proc/$p/comm")" = "$2" ] || continue
		echo "$p"
	done 2>/dev/null
)

# A base made of an empty image: enough for all that boots no guest.
empty_base() {
	qemu-img create -q -f qcow2 "$tmp/${1:-b}.qcow2" "${2:-64M}" &&
	    xray-base import -q -n "${1:-b}" "$tmp/${1:-b}.qcow2"
}

# One that says of itself that it has cloud-init, which nobody can look for.
seeded_base() {
	empty_base "$@" &&
	    sed -i 's/^cloud_init = no/cloud_init = yes/' \
		"$XRAY_HOME/bases/${1:-b}/base.ini"
}

# guest_base NAME: a base built once for all tests by guest.sh.
guest_base() {
	[ -f "$XRAY_OBJ/guest/$1.ready" ] || skip_all 'no guest: make guest'
	(umask 077; mkdir -p "$XRAY_HOME/bases" "$XRAY_HOME/ssh")
	cp -al "$XRAY_OBJ/guest/home/bases/$1" "$XRAY_HOME/bases/" 2>/dev/null ||
	    cp -a "$XRAY_OBJ/guest/home/bases/$1" "$XRAY_HOME/bases/"
	cp -a "$XRAY_OBJ/guest/home/ssh/." "$XRAY_HOME/ssh/"
}
tiny_base() { guest_base tiny; }
arm_base() { guest_base tiny-arm; }
debian_base() { guest_base debian; }
