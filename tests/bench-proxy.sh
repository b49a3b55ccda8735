#!/bin/sh
# bench-proxy.sh [ROUNDS]: xray-proxy beside microsocks and dante, those of
# them that are here, on loopback.  Each round runs all of them in turn; the
# medians are printed, and of the ratios of the rounds to microsocks, or to no
# proxy at all.  A hundred thousand rules are loaded in ours.
. "${0%/*}/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
rounds=${1:-5}
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

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
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
row() { # TEXT FILE FIELD SCALE OF GOAL
	printf '%-34s' "$1"
	for who in direct ours microsocks dante; do
		if [ -f "$who.$2" ]; then
			printf '%11.2f' "$(column "$who" "$2" "$3" | median |
			    awk -v s="$4" '{ print $1 * s }')"
		else
			printf '%11s' -
		fi
	done
	if [ -f "$5.$2" ]; then
		printf '%8.2f  %s\n' "$(ratio "$2" "$3" "$5")" "$6"
	else
		printf '%8s  %s\n' - "$6"
	fi
}
gb=$(awk -v b=$bytes 'BEGIN { print 1e7 / b }')
printf '%-34s%11s%11s%11s%11s%8s  %s\n' 'SOCKS5' direct ours microsocks dante \
    ratio goal
row 'bulk, MB/s' bulk 2 1 direct '>= 0.50 of direct'
row '8 at once, MB/s' bulk8 2 1 direct '>= 0.50 of direct'
row 'bulk, CPU s for a GB' bulk.cpu 1 "$gb" microsocks '<= 0.15'
row '8 at once, CPU s for a GB' bulk8.cpu 1 "$gb" microsocks '<= 0.15'
row 'connections a second' many 2 1 microsocks '>= 1.2'
row '  CPU, us for each' many.cpu 1 1.25 microsocks ''
row 'until a connection is there, us' one 4 1 microsocks ''
for who in ours microsocks dante; do
	[ -f "$who.one" ] || continue
	column "$who" one 4 >a
	column direct one 4 >b
	paste a b | awk '{ print $1 - $2 }' >"$who.added"
done
row '  added to direct' added 1 1 microsocks '<= 0.9'
