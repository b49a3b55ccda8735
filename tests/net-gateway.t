#!/bin/sh
# xray-net between a peer that plays QEMU with its guest, and the host.
. "${0%/*}/lib.sh"
peer=$XRAY_OBJ/tests/net-peer
host=$XRAY_OBJ/tests/net-host-peer
[ -x "$peer" ] || skip_all 'net-peer is not built: make tests'
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 56
cd "$tmp" || exit 1

# guest STEP...: QEMU and its guest; how the steps went is in `said`.
guest() {
	: >said
	"$peer" net.sock "$@" >said 2>&1 &
	qemu=$!
	pids="$pids $qemu"
}

# gateway OPTION...: started, and ready.
gateway() {
	rm -f ready
	xray-net --mac 52:54:00:12:34:56 --control ctl --ready-fd 3 "$@" \
	    net.sock 3>ready 2>log &
	net=$!
	pids="$pids $net"
	until_ok 20 test -s ready
}

# background COMMAND...: it says that it listens.
background() {
	: >other
	"$host" "$@" >other 2>&1 &
	pids="$pids $!"
	until_ok 20 grep -q listening other
}

# said N LINE: within 20 s the Nth line of the guest is this one.
said() {
	until_ok 20 line_is "$@" || {
		cat said log
		return 1
	}
}
line_is() { [ "$(sed -n "$1p" said)" = "$2" ]; }
ask() { echo "$1" | "$host" connect ctl; }
echoes() { "$host" connect "$1" <data | cmp - "$PWD/data"; }
logged() { grep -qx "\(xray-net: \)\{0,1\}$1" log; }
ends_with() { # CODE
	wait "$net"
	[ $? = "$1" ]
}

# Four ports that are free now, one would think.
port=$((10000 + $$ % 5000 * 4))
away=$((port + 1))
head -c 300000 /dev/urandom >data

net() { xray-net --mac 52:54:00:12:34:56 "$@" net.sock; }
says 'no --mac: 64' 64 'needs --net, --mac' xray-net --net open net.sock
says 'no such --net: 64' 64 'filtered or open' net --net half
says 'no MAC of one machine: 64' 64 'no MAC' net --net open --mac 53:0:0:0:0:0
says 'a long name: 64' 64 'from 1 to 107 bytes' \
    net --net open --control "$(printf '%0108d' 0)"
says 'a bad forward: 64' 64 'from 1 to 65535' net --net open --forward 22:0
says 'a bad unix forward: 64' 64 'NAME:GUEST' net --net open --unix ssh.sock
background taken "$port"
says 'a port that is taken: 75, and named' 75 "tcp port 127.0.0.1:$port: " \
    net --net open --forward "$port:22"
kill "$!"
: >mine
says 'a file where a socket is to be: 73' 73 'mine: exists' \
    net --net open --unix mine:22

# A filtered guest.  It answers no ARP request: libslirp was told of it.
background listen "$away"
ok 'ready before there is a QEMU' gateway --net filtered \
    --forward "$port:22" --forward "$port:53/udp" --unix ssh.sock:22
is 'sockets are private' 0 '600
600' stat -c %a ssh.sock ctl
guest accept arp dhcp tcp 1.2.3.4:443 tcp "10.0.2.2:$away" udp 10.0.2.3:54 \
    ping 10.0.2.2 ping 1.2.3.4 serve 22 serve 22 reply 53 hold 22 close \
    accept arp serve 22 accept serve 22 rest
ok 'connects when QEMU listens' said 1 accepted
ok 'answers ARP' said 2 'arp gateway'
ok 'leases 10.0.2.15' said 3 'dhcp offer 10.0.2.15'
ok 'refuses TCP within 100 ms' said 4 'tcp refused'
ok 'also to the host' said 5 'tcp refused'
ok 'refuses UDP' said 6 'udp unreachable 3'
ok 'answers a ping' said 7 'ping reply'
ok 'refuses a ping elsewhere' said 8 'ping unreachable 13'
ok 'names what was denied' logged 'deny mode tcp - 1.2.3.4 443 - -'
ok 'and each kind of it' logged 'deny mode icmp - 1.2.3.4 - - -'
is 'nothing came through' 0 listening cat other
ok 'a unix socket carries bytes both ways, and the end' echoes ssh.sock
ok 'the guest saw them' said 9 'served 300000 end'
ok 'a port of the host does' echoes "$port"
ok 'and the guest' said 10 'served 300000 end'
is 'UDP comes in, and its answer out' 0 reply "$host" ask "$port"
is 'a request nobody knows' 0 'error unknown request' ask restart
is 'nor such defaults' 0 'error unknown request' ask 'defaults maybe'
ok 'status' sh -c "echo status | '$host' connect ctl | grep -qx \
    'ok net=filtered mode=deny flows=[0-9]* in=[0-9]* out=[0-9]* allowed=0 denied=4 confined=.*seccomp.*'"
"$host" hold ssh.sock >held 2>&1 &
pids="$pids $!"
ok 'a connection is held' said 12 held
"$host" trickle ctl >trickled 2>&1 &
pids="$pids $!"
until_ok 20 grep -qx sent trickled
is 'cut says how many' 0 'ok 1' ask cut
ok 'the guest sees an end at once' said 13 'held until reset'
ok 'so does the host' until_ok 20 grep -qx end held
ok 'when QEMU goes it ends well' ends_with 0
ok 'and says so' logged 'net.sock: QEMU is gone'
ok 'another one takes its place' gateway --net filtered \
    --forward "$port:22" --unix ssh.sock:22
ok 'and connects when QEMU is back' said 16 'arp gateway'
ok 'and serves' echoes ssh.sock
ok 'which the guest saw' said 17 'served 300000 end'
ok 'half a request is not waited for' until_ok 20 grep -qx end trickled
kill -9 "$net"
wait "$net" 2>/dev/null
ok 'killed, it starts again' gateway --net filtered --forward "$port:22" \
    --unix ssh.sock:22
ok 'QEMU has it back' said 18 accepted
ok 'a silent guest can be reached at once' echoes ssh.sock
ok 'which it saw' said 19 'served 300000 end'
kill "$qemu"
ok 'it ends with QEMU' ends_with 0

# An open one.
mkdir open
cd open || exit 1
cp ../data .
background listen "$((away + 1))"
ok 'an open one' gateway --net open --unix ssh.sock:22
guest accept tcp "10.0.2.2:$((away + 1))" tcp 127.0.0.1:22 ping 10.0.2.3 \
    pour 22 rest
ok 'reaches the host by 10.0.2.2' said 2 'tcp echoed 5'
ok 'but not by 127.0.0.1' said 3 'tcp: silence'
ok 'is pinged by the name server' said 4 'ping reply'
is 'a slow reader loses nothing' 0 200000 "$host" late ssh.sock
ok 'though the guest is done' said 5 'poured end'
says 'another one does not get its sockets: 75' 75 'ssh.sock: in use' \
    net --net open --unix ssh.sock:22
kill -TERM "$net"
ok 'SIGTERM: it ends well' ends_with 0

# With the rules of now for ever, or no name found, it is better off anew.
children() { # FROM-TO
	tr ' ' '\n' <"/proc/$net/task/$net/children" | sed -n "$1p"
}
if [ -r "/proc/$$/task/$$/children" ]; then
	for of in 1,4 5; do
		gateway --net filtered --rules rules || exit 1
		# shellcheck disable=SC2046	# a list
		kill -9 $(children $of)
		ok "ends when its children ${of} do" ends_with 0
	done
	ok 'and says so' logged "net.sock: a process of the gateway's has ended: so does it"
else
	for i in 1 2 3; do
		ok "$i of children # SKIP no /proc of them" true
	done
fi
