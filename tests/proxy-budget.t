#!/bin/sh
# What a connection through xray-proxy costs in system calls and instructions,
# which do not wobble with the load of the machine: of two runs the difference.
# A hundred thousand rules are loaded, and looked through.
. "${0%/*}/lib.sh"
[ "$XRAY_BIN" = "$top/bin" ] || skip_all 'only the plain build is counted'
for c in valgrind strace; do
	command -v $c >/dev/null || skip_all "no $c"
done
strace -o /dev/null true 2>/dev/null || skip_all 'strace may not trace'
peer=$XRAY_OBJ/tests/socks-peer
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 4
cd "$tmp" || exit 1

awk 'BEGIN { for (i = 0; i < 100000; i++)
    print "allow tcp n" i * 7919 % 100003 ".example" i % 999 ".org 443"
    print "allow tcp 127.0.0.1 9000"
    print "allow tcp localhost 9000 to=127.0.0.1" }' >rules
"$peer" serve 9000 &
pids="$pids $!"

# run N OPTION... -- COMMAND...: under COMMAND a proxy has N connections.
run() {
	connections=$1
	shift
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	rm -f ready
	"$@" xray-proxy -q --listen 127.0.0.1:1080 --rules rules --log log \
	    --ready-fd 3 3>ready 2>said &
	under=$!
	pids="$pids $under"
	# shellcheck disable=SC2086	# a list
	until_ok 100 test -s ready &&
	    "$peer" conn -x 1080 $options 32 "$connections" 9000 >/dev/null
	# strace is its parent, valgrind is itself
	kill "$(pgrep -P "$under" -x xray-proxy || echo "$under")"
	wait "$under"
}
calls() {
	run "$1" -- strace -f -c -o calls
	cost=$(awk '$NF == "total" { print $(NF - 2) }' calls)
}
instructions() {
	run "$@" -- valgrind --tool=callgrind --callgrind-out-file=/dev/null
	cost=$(sed -n "s/^==$under== Collected : //p" said)
}
# costs NAME MOST FEW MANY N: between the two runs were N connections.
costs() {
	each=$((($4 - $3) / $5))
	ok "$1: $each of at most $2" test "$each" -gt 0 -a "$each" -le "$2"
}
calls 1000
few=$cost
calls 2000
costs 'system calls' 34 "$few" "$cost" 1000
instructions 2000
few=$cost
instructions 6000
costs 'instructions, by address' 8000 "$few" "$cost" 4000
instructions 2000 -d localhost
few=$cost
instructions 6000 -d localhost
costs 'instructions, by name' 8000 "$few" "$cost" 4000

# Little waits for a client that does not read, of all that could come.
xray-proxy -q --listen 127.0.0.1:1080 --rules rules --log log --ready-fd 3 \
    3>ready2 &
pids="$pids $!"
until_ok 100 test -s ready2
perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new("127.0.0.1:1080") or die;
	syswrite $s, "\5\1\0";
	sysread $s, my $said, 2;
	syswrite $s, pack "C4C4n", 5, 1, 0, 1, 127, 0, 0, 1, 9000;
	sysread $s, $said, 10;
	syswrite $s, sprintf "G%015d", 100e6;
	sleep 60' &
pids="$pids $!"
waits() {
	ss -Htnm state established '( sport = :1080 )' |
	    sed -n 's/.*,tb\([0-9]*\),.*,w\([0-9]*\),.*/\1 \2/p'
}
held() { [ "$(waits | awk '{ print ($2 > 100000) }')" = 1 ]; }
until_ok 100 held
ok "a client that does not read: $(waits) bytes of 600000 at most" \
    test "$(waits | awk '{ print ($1 > 0 && $1 <= 600000) }')" = 1
