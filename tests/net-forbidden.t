#!/bin/sh
# Places that are for nobody, spelled in all ways, while rules and mode allow
# everything: the gateway, watched by strace, never connects to one.
. "${0%/*}/world.sh"
peer=$XRAY_OBJ/tests/forbid-peer
command -v strace >/dev/null || skip_all 'no strace'
strace -o /dev/null true 2>/dev/null || skip_all 'strace may not trace'
plan 17
cd "$tmp" || exit 1

# Of each block the ends, and what is known to be somewhere in it.
forbidden='0.0.0.0 0.0.0.1 0.1.2.3 0.255.255.255
10.0.0.0 10.0.0.1 10.0.2.0 10.0.2.1 10.0.2.2 10.0.2.3 10.0.2.4 10.0.2.14
10.0.2.15 10.0.2.100 10.0.2.254 10.0.2.255 10.1.2.3 10.96.0.1 10.255.255.255
100.64.0.0 100.64.1.1 100.100.100.100 100.100.100.200 100.127.255.255
127.0.0.0 127.0.0.1 127.0.0.2 127.0.0.53 127.0.0.54 127.0.1.1 127.1.1.1
127.8.8.8 127.255.255.254 127.255.255.255
168.63.129.16 169.254.0.0 169.254.0.1 169.254.1.1 169.254.20.10
169.254.42.42 169.254.169.123 169.254.169.249 169.254.169.253
169.254.169.254 169.254.170.2 169.254.170.23 169.254.255.255
172.16.0.0 172.16.0.1 172.17.0.1 172.18.0.2 172.20.10.1 172.31.0.2
172.31.255.255 192.0.0.0 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192
192.0.0.255 192.0.2.0 192.0.2.1 192.0.2.255 192.88.99.0 192.88.99.1
192.168.0.0 192.168.0.1 192.168.1.1 192.168.7.7 192.168.49.2 192.168.64.1
192.168.122.1 192.168.255.255 198.18.0.0 198.18.0.1 198.19.200.200
198.19.255.255 198.51.100.0 198.51.100.7 198.51.100.255 203.0.113.0
203.0.113.9 203.0.113.255 224.0.0.0 224.0.0.1 224.0.0.251 232.1.1.1
239.255.255.250 239.255.255.255 240.0.0.0 240.0.0.1 250.1.2.3
255.255.255.254 255.255.255.255 93.184.217.2'
control=93.184.215.14

# An address in other spellings than the one of four decimal numbers.
spellings() {
	echo "$forbidden" | tr ' ' '\n' | awk -F. '{
		n = (($1 * 256 + $2) * 256 + $3) * 256 + $4
		print "name " $0
		print "name " $0 "."
		printf "name %d\n", n
		printf "name 0x%08x\n", n
		printf "name 0%011o\n", n
		printf "name 0%03o.0%03o.0%03o.0%03o\n", $1, $2, $3, $4
		printf "name 0X%X.0X%X.0X%X.0X%X\n", $1, $2, $3, $4
		printf "name %d.%d\n", $1, n % 16777216
		printf "name %d.%d.%d\n", $1, $2, n % 65536
		printf "name %03d.%03d.%03d.%03d\n", $1, $2, $3, $4
		printf "name ::ffff:%s\n", $0
		printf "name [::ffff:%02x%02x:%02x%02x]\n", $1, $2, $3, $4
		printf "name 64:ff9b::%s\n", $0
		printf "name %d.%d.%d.%d.in-addr.arpa\n", $4, $3, $2, $1
	}'
	printf 'name %s\n' ::1 '[::1]' ::1%lo fe80::1%out ::
}
places() { echo "$forbidden" | tr ' ' '\n' | sed "s/^/$1 /"; }
# A name for each, in the host's own files: as it is, and mapped.
hosts() {
	echo "$forbidden" | tr ' ' '\n' | awk '{
		print $0, "p" NR ".in.example"
		print "::ffff:" $0, "m" NR ".in.example" }'
	echo "127.0.0.1 localhost localhost.localdomain a.localhost host
::1 localhost ip6-localhost ip6-loopback
2001:4860:77::1 six.in.example
$control control.example mixed.in.example last.in.example
127.0.0.1 mixed.in.example
10.1.2.3 mixed.in.example last.in.example"
}
make_world "$(hosts)"
echo 'hosts: files' >"$tmp/etc-nsswitch.conf"
watch far in_world "$witness" listen
watch near "$witness" listen

: >net.sock.said
echo 'allow * * *' >rules
{
	echo "address $control"
	places address
	hosts | awk '/[pm][0-9]*\.in/ { print "name", $2 }'
	printf 'name %s\n' localhost LOCALHOST localhost. localhost.localdomain \
	    a.localhost host ip6-localhost ip6-loopback six.in.example
	spellings
	printf 'name %s\n' control.example mixed.in.example last.in.example
} >tries
"$peer" net.sock 7777 <tries >said 2>&1 &
world_pids="$world_pids $!"
until_ok 30 listens net.sock
strace -f -qq -e trace=connect,sendto,sendmsg,sendmmsg -e signal=none \
    -o trace timeout 120 xray-net --net filtered --mac 52:54:00:12:34:56 \
    --mode allow --rules rules net.sock 2>log &
world_pids="$world_pids $!"
all=$(wc -l <tries)
ok 'everything was tried' until_ok 110 sh -c \
    "[ \"\$(wc -l <said)\" = $all ]"
ok '400 spellings at least' [ "$((all - 4))" -ge 400 ]
echo "# $all"

how() { grep -e "$1" said | sed 's/.*: //' | sort | uniq -c |
    awk '{ n = $1; $1 = ""; print substr($0, 2) }'; }
is 'an allowed address' 0 'REACHED tcp udp ping' how "^address $control:"
is 'an allowed name' 0 'REACHED tcp udp ping' how '^name control.example:'
is 'a name that leads there besides' 0 'REACHED tcp udp ping
REACHED tcp udp ping' sh -c "grep -E '^name (mixed|last)' said | sed 's/.*: //'"
# The gateway itself answers pings.
is 'addresses: none' 0 'REACHED ping
refused
silent' sh -c "grep ^address said | grep -v '^address $control:' |
    sed 's/.*: //' | sort -u"
is 'but by a ping of the gateway' 0 'address 10.0.2.2: REACHED ping' \
    sh -c "grep REACHED said | grep -v -e '^address $control:' -e ^name"
is 'names that lead there: none' 0 refused how '^name [pm][0-9]*\.in'
is 'the names of loopback: none' 0 refused how \
    'name .*\(local\|LOCAL\|loop\)'
is 'spellings: our resolver has none' 0 'told nothing' how '^name [0-9:[]'
is 'nothing else was tried' 1 '' sh -c "grep -v -e '^address ' -e local \
    -e LOCAL -e loop -e '^name fe80::1%out: told nothing' \
    -e '^name [pm][0-9]*\.in' -e '^name [0-9:[]' -e '^name host: refused' \
    -e '^name six.in.example: refused' -e '^name .*: REACHED' said"

# What the gateway and its children did.  getaddrinfo(3) connects datagram
# sockets to port 0, by which nothing is sent, to see which address is nearer.
grep -o '^[0-9]* *[a-z]*(.*sin_addr=inet_addr("[0-9.]*")' trace |
    grep -v 'sin_port=htons(0)' |
    sed 's/^[0-9]* *\([a-z]*\)(.*htons(\([0-9]*\)).*"\([0-9.]*\)")/\1 \3:\2/' |
    sort | uniq -c | awk '{ print $2, $3 }' >calls
is 'connections: to the allowed address alone' 0 "connect $control:7777" \
    grep ^connect calls
is 'datagrams: too' 1 '' sh -c "grep -v ^connect calls | grep -v ' $control:'"
ok 'and they were seen' grep -q "^send.* $control:" calls
is 'the services of the host saw nothing' 0 ready cat near
ok 'the log says why' sh -c "
    for why in loopback private link-local multicast reserved this-network own
    do grep -q \"^deny \$why \" log || { echo \$why; exit 1; }; done"
ok 'and nothing of a fault' not grep -Eiv '^(allow|deny) |xray-net: ' log
