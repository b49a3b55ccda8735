#!/bin/sh
# Many connections through xray-proxy: none is dropped, and nothing stays of
# them.  XRAY_PROXY_SEQUENCE is how many come one after the other (10000).
. "${0%/*}/lib.sh"
[ "$XRAY_BIN" = "$top/bin" ] || skip_all 'only the plain build is counted'
peer=$XRAY_OBJ/tests/socks-peer
[ -x "$peer" ] || skip_all 'socks-peer is not built: make tests'
[ -r /proc/self/smaps_rollup ] || skip_all 'no /proc/self/smaps_rollup'
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 16
cd "$tmp" || exit 1
hard=$(awk '/^Max open files/ { print $5 }' /proc/self/limits)
[ "$hard" = unlimited ] && hard=1000000
many=$(((hard - 600) / 2))
[ "$many" -le 9500 ] || many=9500
sequence=${XRAY_PROXY_SEQUENCE:-10000}

printf 'allow tcp 127.0.0.1 9000\n' >rules
"$peer" serve 9000 &
pids="$pids $!"
proxy() {
	rm -f ready
	xray-proxy -q --listen 127.0.0.1:1080 --listen unix:./sock \
	    --rules rules --log log --ready-fd 3 "$@" 3>ready &
	proxy=$!
	pids="$pids $proxy"
	until_ok 20 test -s ready && until_ok 20 "$peer" conn 1 1 9000
}
pss() { awk '/^Pss:/ { s += $2 } END { print s }' "$@"; }
# Of the proxy and its children, in KiB.
all() {
	for p in $proxy $(pgrep -P "$proxy"); do
		echo "/proc/$p/smaps_rollup"
	done
}
memory() {
	# shellcheck disable=SC2046	# a list
	pss $(all)
}
files() { find "/proc/$proxy/fd" | wc -l; }
# rests PROXY: many connections, held until the other end of `keep` closes.
rests() {
	rm -f keep
	mkfifo keep
	"$peer" idle -x "$1" "$many" 9000 <keep >rested 2>&1 &
	rest=$!
	pids="$pids $rest"
	exec 4>keep
	until_ok 120 grep -q ready rested
}
wakes() {
	exec 4>&-
	wait "$rest"
	grep -qx "alive $many" rested || { cat rested; return 1; }
}
atmost() { # WHAT IS MOST
	ok "$1: $2 of at most $3" test "$2" -le "$3"
}

ok 'it starts' proxy
ok 'one is there and ends' "$peer" conn -x 1080 1 1 9000
before=$(memory) had=$(files)
ok "$many at once" rests 1080
atmost 'KiB for all' "$(memory)" 15360
atmost 'bytes for each' $((($(memory) - before) * 1024 / many)) 1200
atmost 'descriptors for each, in hundreds' \
    $((($(files) - had) * 100 / many)) 200
ok 'none is dropped' wakes
by_unix() { rests ./sock && wakes; }
ok 'nor by a unix socket' by_unix
until_ok 60 eval '[ "$(files)" -le "$had" ]'
atmost 'descriptors afterwards' "$(files)" "$had"

"$peer" conn -x 1080 32 2000 9000 >/dev/null
before=$(memory) had=$(files)
ok "$sequence, one after the other" "$peer" conn -x 1080 32 "$sequence" 9000
atmost 'KiB more afterwards' $(($(memory) - before)) 1024
until_ok 20 eval '[ "$(files)" -le "$had" ]'
atmost 'descriptors afterwards' "$(files)" "$had"

kill "$proxy"
wait "$proxy"
ok 'two at once, no more' proxy --max 2
many=2
ok 'two' rests 1080
says 'the third is told so at once' 1 'Connection reset|not all' \
    timeout 20 "$peer" idle -x 1080 1 9000
is 'which is logged' 0 1 grep -c 'deny full tcp - - - - -' log
exec 4>&-
