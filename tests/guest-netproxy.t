#!/bin/sh
# net = proxy: what leaves a guest leaves by its proxy, in every state of the
# guest; a Debian is set up to use it without knowing, and is repaired.
if [ -z "${used_debs-}" ]; then
	own_net=no # packages come from their mirrors
	. "${0%/*}/lib.sh"
	used_debs=$XRAY_OBJ/guest/redsocks
	need='redsocks libevent-core-2.1-7 iptables libip4tc2 libip6tc2
	    libnetfilter-conntrack3 libnfnetlink0 libnftnl11 libxtables12 libmnl0'
	fetch() {
		# shellcheck disable=SC2086 # a list of words
		(mkdir -p "$used_debs.new" && cd "$used_debs.new" &&
		    apt-get -qq download $need) >"$tmp/err" 2>&1
	}
	if [ ! -d "$used_debs" ]; then
		fetch || { apt-get -qq update && fetch; } >"$tmp/err" 2>&1 ||
			skip_all 'no package of redsocks for a guest'
		mv "$used_debs.new" "$used_debs"
	fi
	unset own_net own_mounts
	used_debs=$used_debs sh "$0"
	exit
fi
. "${0%/*}/world.sh"
debian_base
tiny_base
plan 59
web=93.184.216.34
make_world "127.0.0.1 localhost
$web web.example other.example
93.184.216.35 far.example
10.1.2.3 inside.example"
cat >"$tmp/page" <<'X'
#!/bin/sh
cr=$(printf '\r')
while read -r line && [ "$line" != "$cr" ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\npage\n'
X
chmod +x "$tmp/page"
in_world socat TCP-LISTEN:80,fork,reuseaddr "EXEC:$tmp/page" \
    2>>"$tmp/served" &
world_pids="$world_pids $!"
socat TCP-LISTEN:7777,bind=127.0.0.1,fork,reuseaddr SYSTEM:'echo host' &
world_pids="$world_pids $!"
watch wire in_world "$witness" capture in
watch loop "$witness" capture lo
mkdir "$XRAY_HOME/redsocks"
cp "$used_debs"/*.deb "$XRAY_HOME/redsocks"

# rules VM: its rules are those on standard input.
rules() { cat >"$XRAY_HOME/vms/$1/rules"; }
xray create -q -b debian -m 512M -c 1 --net proxy --mode deny d
xray create -q -b tiny -m 128M -c 1 --net proxy --mode deny t
rules d <<'R'
allow tcp web.example 80
allow tcp inside.example *
allow tcp 93.184.216.35 80
allow tcp host 7777
R
rules t <<'R'
allow tcp web.example 80
R
ok 'a Debian is started' xray start -q d
ok 'a small one is up' xray start -q -w --no-hooks --timeout 900 t
dir=$XRAY_HOME/vms/t
on() {
	vm_=$1
	shift
	timeout 120 xray ssh "$vm_" "$@" 2>/dev/null
}

# What is there.
is 'no gateway of frames' 1 '' sh -c "tr '\0' '\n' \
    </proc/\$(cut -d' ' -f1 $dir/gateway)/cmdline | grep xray-net"
is 'connect: ssh' 0 SSH- sh -c \
    'xray connect t </dev/null 2>/dev/null | head -c 4; echo'
says 'another port: only one that is published' 69 \
    'port 7: with net = proxy only published ports lead in; xray port add t' \
    xray connect t 7
on t 'sudo sh -c "tcpsvd -E -l t 0 7 cat >/dev/null 2>&1 </dev/null &"'
is 'which it is at once' 0 'Added port forward: 8007:7' xray port add t 8007:7
ok 'a connection' until_ok 60 sh -c \
    'echo in | socat -t 10 - TCP:127.0.0.1:8007 | grep -q in'
says 'added twice' 0 't: has 8007:7 already' xray port add t 8007:7
is 'connect' 0 in sh -c 'echo in | xray connect t 7'
is 'removed' 0 'Removed port forward: 8007:7' xray port remove t 8007:7
ok 'it is shut at once' not socat -u OPEN:/dev/null TCP:127.0.0.1:8007
not_bad() { ! xray doctor --security --vm t | grep '^bad'; }
ok 'doctor has nothing bad' not_bad
is 'and says what is less than elsewhere' 0 1 sh -c \
    'xray doctor --security --vm t | grep -c "^note.*isolated.*net = proxy wants both"'

# By hand: SOCKS (RFC 1928), NAME PORT as octal bytes.
socks() { # VM NAME PORT-IN-OCTAL TEXT
	on "$1" "{ printf '\005\001\000\005\001\000\003\\$(printf %03o \
	    ${#2})$2$3'; printf '$4\r\n\r\n'; sleep 3; } |
	    timeout 60 nc -w 20 10.0.2.100 1080" | tr -cd 'a-z0-9\n'
}
is 'by the proxy, what is allowed' 0 page sh -c \
    'tail -n 1 "$0"' "$(socks t web.example '\000\120' >"$tmp/got" &&
	echo "$tmp/got")"
is 'and nothing else' 0 '' socks t other.example '\000\120'
is 'which the log tells' 0 'deny	mode	other.example' \
    xray fw log -n 1 -H -o verdict,why,name t
name() { # a question for www.test, over TCP
	on t 'printf "\000\032\000\007\001\000\000\001\000\000\000\000\000\000\003www\004test\000\000\001\000\001" |
	    timeout 30 nc -w 10 10.0.2.101 53' | wc -c
}
is 'a name has an address' 0 44 name
is 'by which it stays known' 0 '198.18.1.1 www.test' cat "$dir/names"

# Every way past it, of a guest that is its root's.
shut() { # WHAT COMMAND: the guest's command fails, in time
	n=$((n + 1))
	if timeout 120 xray ssh t "$2" >"$tmp/out" 2>&1; then
		echo "not ok $n - $1"
		bad=1
	else
		echo "ok $n - $1"
	fi
}
tcp() { echo "timeout 10 nc -w 5 $1 $2 </dev/null | grep ."; }
udp='echo x | timeout 5 nc -u -w 2'
shut 'no route: outside' "$(tcp $web 80)"
shut "the host's loopback" "$(tcp 10.0.2.2 7777)"
on t 'sudo ip route add default via 10.0.2.2'
shut 'a route: outside' "$(tcp $web 80)"
shut "the host's loopback, still" "$(tcp 10.0.2.2 7777)"
shut '127.0.0.1 by the wire' 'sudo ip route add 127.0.0.2 via 10.0.2.2 dev eth0;
    '"$(tcp 127.0.0.2 7777)"
shut "the host's own address" "$(tcp "$host_ip" 7777)"
shut 'DNS, UDP' 'timeout 10 nslookup web.example 10.0.2.3 | grep 93.184'
shut 'DNS, TCP' "$(tcp 10.0.2.3 53)"
shut 'DNS elsewhere' 'timeout 10 nslookup web.example 8.8.8.8 | grep 93.184'
shut 'UDP' "$udp $web 80 | grep ."
shut 'ping' "ping -c 1 -W 3 $web"
shut 'TFTP' 'timeout 10 tftp -g -r page 10.0.2.2'
shut 'another port of the proxy' "$(tcp 10.0.2.100 80)"
on t 'sudo ip addr add 10.0.2.77/24 dev eth0; sudo ip route replace default \
    via 10.0.2.2 dev eth0 src 10.0.2.77'
shut 'another address' "$(tcp $web 80)"
on t 'sudo ip addr add 93.184.217.50/24 dev eth0; sudo ip route replace default \
    via 10.0.2.2 dev eth0 src 93.184.217.50'
shut 'a forged one' "$(tcp $web 80)"
shut 'a forged datagram' "$udp $web 80 | grep ."
on t 'sudo ip addr del 93.184.217.50/24 dev eth0;
    sudo ip addr del 10.0.2.77/24 dev eth0; sudo ip route del default;
    sudo ip route add default via 10.0.2.2'

# Processes of the guest's making are counted.
on t 'for i in 1 2 3 4 5 6 7 8; do for k in 1 2 3 4 5 6 7 8; do
    sleep 300 2>&1 | nc 10.0.2.101 53 >/dev/null 2>&1 & done; done' # all begun
joins() { at "$dir" xray-join | wc -l; } # that are connected: confined
full() { [ "$(joins)" = 32 ]; }
ok 'of 64 connections 32 have a process' until_ok 120 full
on t 'killall nc sleep'
none_left() { [ "$(joins)" = 0 ]; }
ok 'which ends with them' until_ok 60 none_left

# The proxy is gone, and comes back.
read -r proxy rest <"$dir/gateway"
supervisor=$(ps -o ppid= -p "$proxy")
# shellcheck disable=SC2086 # a number in blanks
kill -STOP $supervisor && kill -KILL "$proxy"
is 'without its proxy nothing' 0 '' socks t web.example '\000\120'
# shellcheck disable=SC2086
kill -CONT $supervisor
again() { socks t web.example '\000\120' | grep -q page; }
ok 'it is started again' until_ok 120 again

# Snapshots know one network from another.
ok 'a live snapshot' xray snap create -q t now
on t "{ printf '\\005\\001\\000\\005\\001\\000\\003\\013web.example\\000\\120'
    sleep 300; } | nc 10.0.2.100 1080 >/dev/null 2>&1 &"
one() { echo status | socat -t 20 - "UNIX-CONNECT:$dir/gateway.sock" |
    grep -q ' flows=1 '; }
until_ok 60 one
says 'back to it, which ends what is open' 0 '; 1 connection cut' \
    xray snap revert -y t now
ok 'of which nothing is left' until_ok 60 none_left
ok 'it answers' on t true
xray stop -q -f t
xray snap revert -q -y t now
xray config set -q t net filtered
says 'not with another network' 78 'nic proxy, the VM has yes now' xray start t
xray config set -q t net proxy
ok 'with this one' xray start -q -w --no-hooks --timeout 300 t
xray stop -q -f t

# A Debian, whose programs know of nothing.
ok 'the hooks are done' xray wait --for ready --timeout 1200 d
is 'which is noted' 0 'firewall_configured = yes' \
    grep ^firewall "$XRAY_HOME/vms/d/vm.ini"
get() { on d "curl -sS -m 60 http://$1/"; }
is 'a name that is allowed' 0 page get web.example
is 'an address that is' 0 page get 93.184.216.35
is 'this machine, by its name' 0 host on d 'timeout 60 bash -c \
    "exec 3<>/dev/tcp/host.xray.internal/7777; cat <&3"'
ok 'another name is refused' not get other.example
ok 'a name that leads inside' not get inside.example
is 'the log has names' 0 'allow	web.example
deny	other.example' sh -c "xray fw log -H -o verdict,name d |
    grep -E '(allow|deny)	(web|other)' | sort -u"
# shellcheck disable=SC2016
ok 'without redsocks' not on d 'sudo systemctl stop xray-redirect
    curl -sS -m 20 http://web.example/'
ok 'without its rules' not on d 'sudo iptables -t nat -F
    sudo systemctl stop xray-redirect; curl -sS -m 20 http://93.184.216.35/'
ok 'IPv6' not on d 'sudo ip -6 addr add fec0::15/64 dev eth0
    sudo ip -6 route add default via fe80::2 dev eth0
    curl -6 -sS -m 10 "http://[2001:4860:77::1]/"'
ok 'the hook' xray hooks run -q d boot
is 'repairs it' 0 page get web.example

# What the witnesses saw.
is 'on the wire: what was allowed' 1 '' grep -vx -e ready \
    -e "[a-z]* [0-9.]*:[0-9]* > 93\.184\.216\.3[45]:80 [A-Z]*" \
    -e "[a-z]* 93\.184\.216\.3[45]:80 > [0-9.]*:[0-9]* [A-Z]*" "$tmp/wire"
is 'names were asked of nobody' 1 '' grep 'udp.*:53 ' "$tmp/loop"
xray stop -q -f d
