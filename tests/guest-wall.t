#!/bin/sh
# Root in a guest tries all ways out.  Rules allow next to nothing; witnesses
# outside, on the wire and at the services, saw no more than that.
. "${0%/*}/world.sh"
tiny_base
attack=$XRAY_OBJ/tests/wall-attack-peer
ways=$("$attack" -l | wc -l)
plan $((ways + 20))

make_world '127.0.0.1 localhost loop.in.example
::1 ip6-localhost six.in.example
127.0.0.53 stub.in.example
0.0.0.0 zero.in.example
::ffff:127.0.0.1 mapped.in.example
169.254.169.254 meta.in.example
10.1.2.3 ten.in.example
172.16.5.5 b.in.example
192.168.7.7 lan.in.example
100.64.1.1 cgn.in.example
93.184.217.2 own.in.example
255.255.255.255 all.in.example
224.0.0.1 many.in.example
198.18.1.1 ring.in.example
10.0.2.2 qemu.in.example
93.184.215.14 control.example'
watch asked "$witness" names 127.0.0.53 rebind.in.example=93.184.215.14/127.0.0.1 \
    dns.in.example=10.1.2.3
watch wire in_world "$witness" capture in
watch loop "$witness" capture lo
watch far in_world "$witness" listen
watch near "$witness" listen
watch near6 "$witness" listen 6

xray create -q -b tiny -c 1 a
dir=$XRAY_HOME/vms/a
cat >"$dir/rules" <<'R'
allow * 93.184.216.99 *          # the bait
allow * .in.example *
allow * localhost *
allow * ip6-localhost *
allow * control.example 7777
allow icmp control.example *
allow tcp 93.184.215.14 7777
R
ok 'the guest is up' xray start -q -w --timeout 300 a
ok 'the attacker is in it' xray copy -q "$attack" a:/tmp/attack
guest() { timeout 60 xray ssh a "$@"; }
by_tcp() { guest "nc -w 20 $1 $2 </dev/null"; }
is 'allowed, by name' 0 reached by_tcp control.example 7777
is 'by address' 0 reached by_tcp 93.184.215.14 7777
is 'by UDP' 0 REACHED guest 'sudo /tmp/attack udp control.example:7777'
is 'by ping' 0 'REACHED by ICMP' guest 'sudo /tmp/attack ping control.example'
is 'by a name that another answer will make another' 0 reached \
    by_tcp rebind.in.example 7777

# The attack; each way is a test.
timeout 300 xray ssh a 'sudo /tmp/attack' >"$tmp/attack" 2>&1
while IFS='	' read -r way seen should; do
	n=$((n + 1))
	if [ "$should" = 'as it should' ]; then
		echo "ok $n - $way: $seen"
	else
		echo "not ok $n - $way: $seen, not $should"
		bad=1
	fi
done <"$tmp/attack"

# The guest can still be reached, and reach what it may.
ok 'ssh' guest true
ok 'an allowed connection' until_ok 60 sh -c "
    timeout 30 xray ssh a 'nc -w 20 control.example 7777 </dev/null' |
    grep -qx reached"

# What the witnesses saw.
seen() { grep -c "$@" || :; }
but() { file=$1; shift; grep -vx -e ready "$@" "$tmp/$file"; }
is 'the wire: nothing but what is allowed' 1 '' but wire \
    -e '[a-z]* [0-9.]*:[0-9]* > 93\.184\.215\.14:7777 [A-Z]*' \
    -e '[a-z]* 93\.184\.215\.14:7777 > [0-9.]*:[0-9]* [A-Z]*' \
    -e 'proto 1 93.184.217.2 > 93.184.215.14 8' \
    -e 'proto 1 93.184.215.14 > 93.184.217.2 0'
for what in 'tcp.*> 93.184.215.14:7777 S' 'udp.*> 93.184.215.14:7777' \
    'proto 1.*> 93.184.215.14 8'; do
	ok "and that: $what" grep -q "^$what" "$tmp/wire"
done
is 'services outside: the allowed one' 0 'ready
tcp 93.184.215.14:7777
udp 0.0.0.0:7777' sh -c "sort -u '$tmp/far'"
is 'services of the host: nothing' 0 'ready
ready' cat "$tmp/near" "$tmp/near6"
is 'loopback: the name server alone' 1 '' but loop \
    -e 'udp 127.0.0.[0-9]*:[0-9]* > 127.0.0.[0-9]*:[0-9]* .*'
is 'the name server: allowed names alone' 0 'name dns.in.example 1
name rebind.in.example 1
ready' sh -c "sort -u '$tmp/asked'"
ok 'the log has what was denied' grep -q ' deny mode udp - 8.8.8.8 443 ' \
    "$dir/log/net.log"
ok 'and why' grep -q ' deny loopback tcp loop.in.example ' "$dir/log/net.log"
# Only now: had an honest frame gone to the bait, it would have been seen.
is 'the bait was there all the time' 0 reached by_tcp 93.184.216.99 7070
xray stop -q -f a
