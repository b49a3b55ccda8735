#!/bin/sh
# xray-proxy beside microsocks and dante, those of them that are here, on
# loopback, with a hundred thousand rules loaded in ours; see bench.sh.
. "${0%/*}/lib.sh"
. "${0%/*}/bench-lib.sh"
PATH=$PATH:/usr/sbin:/sbin
rounds=${ROUNDS:-5}
peer=$XRAY_OBJ/tests/socks-peer
bytes=2000000000
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
cd "$tmp" || exit 1
# Where we have a network of our own: none of them runs out of ports.
echo 10000 65000 2>/dev/null >/proc/sys/net/ipv4/ip_local_port_range

"$peer" serve 9000 &
pids="$pids $!"
awk 'BEGIN { for (i = 0; i < 100000; i++)
    print "allow tcp n" i * 7919 % 100003 ".example" i % 999 ".org 443"
    print "allow tcp 127.0.0.1 9000" }' >rules
xray-proxy -q --listen 127.0.0.1:1080 --rules rules --log log --ready-fd 3 \
    3>ready &
pid_ours=$! through_ours='-x 1080' all='direct ours'
pids="$pids $!"
until_ok 20 test -s ready || exit 1
through_direct=''
if command -v microsocks >/dev/null; then
	microsocks -i 127.0.0.1 -p 1081 >/dev/null 2>&1 &
	pid_microsocks=$! through_microsocks='-x 1081' all="$all microsocks"
	pids="$pids $!"
fi
if command -v danted >/dev/null; then
	cat >danted.conf <<-CONF
		internal: 127.0.0.1 port = 1082
		external: lo
		socksmethod: none
		clientmethod: none
		user.unprivileged: $(id -un)
		client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
		socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
	CONF
	danted -f danted.conf >/dev/null 2>&1 &
	pid_dante=$! through_dante='-x 1082' all="$all dante"
	pids="$pids $!"
fi
for who in $all; do
	eval "through=\$through_$who"
	# shellcheck disable=SC2086	# a list
	until_ok 20 "$peer" conn $through 1 1 9000 || {
		echo "bench-proxy: $who does not answer" >&2
		all=$(echo "$all" | sed "s/ $who//")
	}
done

# Processor time of a process and its children, in hundredths of a second.
spent() {
	for p in $1 $(pgrep -P "$1"); do
		sed 's/.*) //' "/proc/$p/stat"
	done | awk '{ s += $12 + $13 + $14 + $15 } END { print s + 0 }'
}
# one WHO WHAT COMMAND...: a line in the file WHO.WHAT, and in WHO.WHAT.cpu.
one() {
	who=$1 what=$2
	shift 2
	eval "through=\$through_$who pid=\${pid_$who-}"
	from=$([ -z "$pid" ] || spent "$pid")
	verb=$1
	shift
	# shellcheck disable=SC2086	# a list
	"$peer" "$verb" $through "$@" 9000 >>"$who.$what"
	[ -z "$pid" ] || echo $(($(spent "$pid") - from)) >>"$who.$what.cpu"
}
for _ in $(seq "$rounds"); do
	for who in $all; do
		one "$who" bulk bulk 1 $bytes
		one "$who" bulk8 bulk 8 $((bytes / 8))
		one "$who" many conn 32 8000
		one "$who" one conn 1 2000
	done
done

# column WHO FILE FIELD: of a file.
column() { awk -v f="$3" '{ print $f }' "$1.$2"; }
# ratio FILE FIELD OF: of each round, and their median.
ratio() {
	column ours "$1" "$2" >a
	column "$3" "$1" "$2" >b
	paste a b | awk '$2 > 0 { print $1 / $2 }' | median
}
figure() { # WHO FILE FIELD SCALE
	column "$1" "$2" "$3" | median | awk -v s="$4" '{ print $1 * s }'
}
# rows WORK UNIT FILE FIELD SCALE OF GOAL: beside OF, to which the goal is, and
# beside the others.
rows() {
	for who in direct microsocks dante; do
		goal=$7
		[ $who = "$6" ] || goal=
		[ ! -f "$who.$3" ] || row proxy "$1" "$2" \
		    "$(figure ours "$3" "$4" "$5")" $who \
		    "$(figure $who "$3" "$4" "$5")" "$(ratio "$3" "$4" $who)" \
		    "$goal"
	done
}
gb=$(awk -v b=$bytes 'BEGIN { print 1e7 / b }')
for who in ours microsocks dante; do
	[ -f "$who.one" ] || continue
	column "$who" one 4 >a
	column direct one 4 >b
	paste a b | awk '{ print $1 - $2 }' >"$who.added"
done
rows 'bulk' MB/s bulk 2 1 direct 'ratio >= 0.50'
rows '8 at once' MB/s bulk8 2 1 direct 'ratio >= 0.50'
rows 'bulk, processor time for a GB' s bulk.cpu 1 "$gb" microsocks \
    'ratio <= 0.15'
rows '8 at once, processor time for a GB' s bulk8.cpu 1 "$gb" microsocks \
    'ratio <= 0.15'
rows 'connections a second' '' many 2 1 microsocks 'ratio >= 1.2'
rows '  processor time for each' us many.cpu 1 1.25 microsocks ''
rows 'time added to a connection' us added 1 1 microsocks 'ratio <= 0.9'
