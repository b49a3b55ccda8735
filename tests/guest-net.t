#!/bin/sh
# net = filtered lets nothing out; net = open does; forwards reach the guest.
. "${0%/*}/lib.sh"
tiny_base
plan 13
# A listener on the host that a guest may or may not reach.
socat TCP-LISTEN:8642,bind=127.0.0.1,reuseaddr,fork SYSTEM:'echo hello' &
host=$!
trap 'kill $host; finish' EXIT
until_ok 30 socat -u OPEN:/dev/null TCP:127.0.0.1:8642

xray create -q -b tiny -c 1 -p 8643:8080 closed
xray create -q -b tiny -c 1 --net open open
ok 'both start' xray start -w --timeout 300 closed open
# ssh was tried before there was anybody to answer.
spent() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}
idle() {
	gate=$(pgrep -o -f "xray-net.*$(xray info -H -o mac closed)")
	from=$(spent "$gate")
	sleep 2
	to=$(spent "$gate")
	[ $((to - from)) -le 40 ] || { echo $((to - from)); return 1; }
}
ok 'a gateway that has nothing to do does nothing' idle
for to in 10.0.2.2 192.0.2.1 10.0.2.3; do
	is "filtered: no way to $to, and told at once" 1 '' xray ssh closed \
	    "timeout 25 nc -w 20 $to 8642 </dev/null"
done
is 'filtered: a name leads nowhere, and so it is told at once' 1 '' \
    xray ssh closed 'timeout 25 nc -w 20 example.com 80 </dev/null'
is 'filtered: no ping gets out' 1 '' xray ssh closed \
    'ping -c 1 -W 2 192.0.2.1 >/dev/null'
ok 'filtered: it is in the log' grep -q \
    'deny [a-z]* tcp host.xray.internal - 8642 - -$' \
    "$XRAY_HOME/vms/closed/log/net.log"
is 'filtered: no IPv6 address' 1 '' xray ssh closed 'ip -6 addr 2>/dev/null |
    grep inet6'
is 'open: a service of the host' 0 hello xray ssh open \
    'nc -w 10 10.0.2.2 8642 </dev/null'
xray ssh closed 'while :; do echo guest | nc -l -p 8080; done \
    >/dev/null 2>&1 </dev/null &'
is 'a forward reaches the guest' 0 guest sh -c '
    for i in $(seq 50); do
	got=$(socat -u TCP:127.0.0.1:8643 - 2>/dev/null)
	[ -n "$got" ] && break; sleep 0.2
    done; echo "$got"'
# The gateway dies: another comes, and ssh works again at once.
kill -9 "$(cut -d' ' -f1 "$XRAY_HOME/vms/closed/gateway")"
ok 'a gateway that was killed: ssh works again' until_ok 30 \
    xray ssh --timeout 5 closed true
is 'and it is closed again too' 1 '' xray ssh closed \
    'timeout 25 nc -w 20 10.0.2.2 8642 </dev/null'
xray stop -f closed open
