#!/bin/sh
# xray-fw log, top: what gateways wrote, of several VMs by time.
. "${0%/*}/lib.sh"
plan 24
empty_base
xray create -q web api
tab=$(printf '\t') d=2026-11-21T21:14
is 'never started: nothing, and no error' 0 \
    'TIME	VM	VERDICT	WHY	PROTO	NAME	ADDRESS	PORT	OUT	IN' xray fw log web
log=$XRAY_HOME/vms/web/log
mkdir -p "$log" "$XRAY_HOME/vms/api/log"
cat >"$log/net.log.1" <<-L
	$d:01.000Z allow rules:3 tcp a.example - 443 - -
	$d:02.000Z xray-net: net.sock: connected
	$d:03.000Z deny mode udp - 1.1.1.1 123 - -
L
cat >"$log/net.log" <<-L
	$d:05.000Z allow rules:3 tcp a.example 93.184.216.34 443 1100 412000
	$d:06.000Z allow rules:3 tcp b.example 93.184.216.34 80 10 20
	$d:07.000Z deny private tcp - 10.0.0.1 22 - -
	$d:08.000Z deny mode tcp evil[2Jname 1.2.3.4 80 - -
L
printf '%s:09.000Z deny mode tcp e\033[2Jvil.example - 80 - -\n' $d >>"$log/net.log"
cat >"$XRAY_HOME/vms/api/log/net.log" <<-L
	$d:04.000Z deny mode tcp a.example - 443 - -
	$d:04.500Z deny mode icmp - 192.0.2.1 - - -
L
is 'log: verdicts and ends' 0 "$d:01.000Z${tab}web${tab}allow${tab}rules:3${tab}tcp${tab}a.example${tab}${tab}443${tab}${tab}" \
    sh -c 'xray fw log -H web | head -1'
is 'an end has bytes' 0 "$d:05.000Z${tab}web${tab}allow${tab}rules:3${tab}tcp${tab}a.example${tab}93.184.216.34${tab}443${tab}1100${tab}412000" \
    sh -c 'xray fw log -H web | sed -n 3p'
is 'fields' 0 'web	a.example:443
web	1.1.1.1:123/udp' sh -c 'xray fw log -H -o vm,dest web | head -2'
is 'several VMs, by time' 0 'web web api api web web web web web' \
    sh -c 'xray fw log -H -o vm web api | xargs'
is 'without a name: all VMs' 0 "$(xray fw log web api)" xray fw log
is '--denied' 0 '1.1.1.1:123/udp 10.0.0.1:22' \
    sh -c 'xray fw log --denied -H -o dest web | head -2 | xargs'
is '-n' 0 '' sh -c 'xray fw log -H -n 0 web'
is '-n 2' 0 2 sh -c 'xray fw log -H -n 2 web | wc -l'
is 'what a guest wrote is masked' 1 '' sh -c '
    xray fw log web | grep "$(printf "\033")"'
is 'also on a terminal' 1 '' sh -c '
    NO_COLOR=1 script -qc "xray fw log web; xray fw top web" /dev/null |
	grep "$(printf "\033")"'
is 'JSON: numbers are numbers' 0 412000 sh -c '
    xray fw log --json web | python3 -c "
import json, sys
print(json.load(sys.stdin)[2][\"in\"])"'
is 'xray log has it, too' 0 "$d:07.000Z${tab}deny private tcp - 10.0.0.1 22 - -" \
    sh -c 'xray log web net | sed -n 6p'

is 'top: by bytes, then by refusals' 0 'DESTINATION	OUT	IN	FLOWS	DENIED
a.example:443	1100	412000	1	0
b.example:80	10	20	1	0
1.1.1.1:123/udp	0	0	0	1' sh -c 'xray fw top web | head -4'
is 'top of all VMs: each its own' 0 'a.example:443	web	1	0
a.example:443	api	0	1' sh -c '
    xray fw top -H -o destination,vm,flows,denied | grep ^a.example'
is 'icmp has no port' 0 '192.0.2.1/icmp' sh -c '
    xray fw top -H -o destination api | grep icmp'
says 'no such VM: 66' 66 'no such VM' xray fw log wep
says 'no such field: 64' 64 'no such field' xray fw log -o nonsense web
is 'a full disk is not silence' 74 '' sh -c 'xray fw log web >/dev/full'

# -f: what comes, through a turn of the ring.
xray fw log -f -H -o vm,dest web api >"$tmp/followed" &
pid=$!
trap 'kill $pid 2>/dev/null || :; finish' EXIT
ok '-f: the last lines first' until_ok 30 grep -q '10.0.0.1:22' "$tmp/followed"
mv "$log/net.log" "$log/net.log.1"
echo "$d:20.000Z allow rules:3 tcp late.example - 443 - -" >"$log/net.log"
echo "$d:21.000Z deny mode tcp api.example - 443 - -" \
    >>"$XRAY_HOME/vms/api/log/net.log"
ok '-f: through a turn' until_ok 30 grep -qx 'web	late.example:443' \
    "$tmp/followed"
ok '-f: of each VM' until_ok 30 grep -qx 'api	api.example:443' "$tmp/followed"
is '-f: no header again' 1 '' grep DEST "$tmp/followed"
xray fw log -f --json -n 0 web >"$tmp/json" &
other=$!
trap 'kill $pid $other 2>/dev/null || :; finish' EXIT
# It may not follow yet: the line comes until it is seen.
ok '-f --json: an object on each line' until_ok 30 sh -c '
    echo "$2:22.000Z deny mode tcp json.example - 443 - -" >>"$0"
    grep -q "^{.*json.example.*}$" "$1"' "$log/net.log" "$tmp/json" "$d"
