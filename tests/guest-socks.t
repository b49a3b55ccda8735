#!/bin/sh
# A guest's proxy at 10.0.2.100:1080: the rules, questions and log of its
# gateway, by name; what becomes of a connection when the proxy is killed.
. "${0%/*}/world.sh"
tiny_base
plan 36
web=93.184.216.34
make_world "127.0.0.1 localhost
$web web1.example
$web web2.example
$web web3.example
$web web4.example
10.1.2.3 inside.example"
printf 'HTTP/1.0 200 OK\r\n\r\npage\n' >"$tmp/page"
head -c 100000000 /dev/zero | tr '\0' x >"$tmp/large"
# served PORT COMMAND...
served() {
	port=$1
	shift
	in_world socat -t 100 "TCP-LISTEN:$port,fork,reuseaddr" "SYSTEM:$*" \
	    2>>"$tmp/served" &
	world_pids="$world_pids $!"
}
served 80 "cat $tmp/page"
served 81 wc -c
served 82 "cat $tmp/large"
# in.sh NAME PORT: standard input there; what comes back.  An address is given
# by a fourth word, in escapes.
cat >"$tmp/in.sh" <<'SH'
byte() { printf "\\$(printf %03o "$1")"; }
{
	printf '\005\001\000\005\001\000\003'
	byte ${#1}
	printf %s "$1"
	byte $(($2 / 256))
	byte $(($2 % 256))
	cat
	sleep "${3:-0}"
} | nc 10.0.2.100 1080
SH
xray create -q -b tiny -c 1 -m 128 a
xray fw allow -q a web1.example:80-82
ok 'the guest is up' xray start -q -w --timeout 500 a
xray copy -q "$tmp/in.sh" a:in.sh
vm=$XRAY_HOME/vms/a
on() { timeout 250 xray ssh a "$@" 2>/dev/null; }
page() { on "timeout 200 sh in.sh $1 80 ${2:-0} </dev/null | tail -n 1"; }
# The reply's code; the client waits as long as a person may take.
code() { on "timeout 200 sh in.sh $1 ${2:-80} ${3:-0} </dev/null |
    head -c 4 | tail -c 1 | od -An -tu1 | tr -d ' '"; }
proxies() {
	# shellcheck disable=SC2009	# those of this VM
	for p in $(pgrep -x xray-proxy); do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -q "$XRAY_HOME/" &&
		    echo "$p"
	done 2>/dev/null
}
# The one whose children the others are.
proxy() { proxies | head -n 1; }
gateway() { cut -d ' ' -f 1 "$vm/gateway"; }
none() { [ -z "$(proxies)" ]; }

ok 'nobody has used the proxy: there is none' none
is 'it is there when it is wanted' 0 page page web1.example
ok 'and is one' [ -n "$(proxies)" ]
is 'as the log says' 0 'allow	rules:1	tcp	web1.example	93.184.216.34	80		
allow	rules:1	tcp	web1.example	93.184.216.34	80	0	24' \
    xray fw log -H -o verdict,why,proto,name,address,port,out,in a
refused() { on "nc -w 20 $1 $2 </dev/null 2>&1; echo" | grep -q refused; }
ok 'other ports are refused' refused 10.0.2.100 80
ok 'and 10.0.2.13' not on 'nc -w 3 10.0.2.13 1080 </dev/null'
is 'what no rule names, and nobody is there: 2' 0 2 code web2.example
# Its client has said all it has to say, and may be taken for gone first.
ok 'is a question' until_ok 30 sh -c "xray fw pending -H -o waits,dest a |
    grep -qx 'late	web2.example:80'"
xray fw allow -q a inside.example
is 'a private place: 2' 0 2 code inside.example
is 'is that in the log' 0 'a	deny	private	inside.example:80' \
    xray fw log -n 1 -H -o vm,verdict,why,dest a

# What the guest looked up itself is an address, which the gateway knows.
by_address() { on 'a=$(nslookup web1.example 2>/dev/null |
    sed -n "s/^Address.*: *\(198.18[0-9.]*\).*/\1/p" | tail -n 1)
    timeout 60 sh in.sh "$a" 80 </dev/null | tail -n 1'; }
is 'an address that stands for a name' 0 page by_address
is 'one that stands for none: 4' 0 4 code 198.18.77.77
is 'and this machine: 2' 0 2 code 10.0.2.2 22 3
ok 'is a question about it' until_ok 30 sh -c \
    "xray fw pending -H -o dest a | grep -q '^host.*:22'"
denied=$(xray fw status -H -o denied a)
ok "the proxy's are counted: $denied" test "$denied" -ge 4

# Bytes.
is 'an end is half of one' 0 6 on 'echo hello | sh in.sh web1.example 81 |
    tail -c +13'
is '100 MB' 0 100000000 on 'sh in.sh web1.example 82 </dev/null |
    tail -c +13 | tr -d "\n" | wc -c'
is 'and 30 the other way' 0 30000000 on \
    'head -c 30000000 /dev/zero | sh in.sh web1.example 81 | tail -c +13'

# A person.
mkfifo "$tmp/in"
xray fw prompt --stdio <"$tmp/in" >>"$tmp/asked" 2>&1 &
front=$!
exec 5>"$tmp/in"
load=
trap 'rc=$?; exec 5>&-; kill $front $load 2>/dev/null; end_world 2>/dev/null; (exit $rc); finish' EXIT
until_ok 30 sh -c 'xray fw status -H -o answerers a | grep -qx stdio'
on 'timeout 200 sh in.sh web3.example 80 120 </dev/null' >"$tmp/held" &
held=$!
waits() { until_ok 60 sh -c "xray fw pending -H -o waits,dest a |
    grep '$1.example:80' | grep -vq late"; }
id() { xray fw pending -H -o id,dest a | sed -n "s/	$1.example:80\$//p"; }
ok 'a connection waits' waits web3
ok 'as by the gateway' grep -qE \
    'question a [0-9]+ tcp web3.example 80 HTTP name 1 never' "$tmp/asked"
is 'others go on' 0 page page web1.example
is 'yes' 0 'Rule added: web3.example:80 -> allow (once)' \
    xray fw answer a "$(id web3)" allow
got() { until_ok 60 grep -q page "$tmp/held"; }
ok 'it goes on' got
kill "$held" 2>/dev/null

# What is changed reaches it.
xray fw mode a deny >/dev/null
is 'mode deny: 2' 0 2 code web4.example
is 'at once' 0 deny xray fw log -n 1 -H -o verdict a
is 'and why' 0 mode xray fw log -n 1 -H -o why a
xray fw mode a allow >/dev/null
is 'mode allow' 0 page page web4.example
xray fw deny -q a web4.example
is 'a rule' 0 2 code web4.example
xray fw mode a ask >/dev/null

# Killed at any time, under load.
fds() { find "/proc/$(gateway)/fd" -type l | wc -l; }
quiet() { [ "$(fds)" -le "$1" ]; }
rest=$(fds)
cat >"$tmp/load.sh" <<'SH'
i=0
while [ $i -lt 40 ]; do
	timeout 60 sh in.sh web1.example 80 </dev/null >/dev/null 2>&1
	[ $? != 143 ] || echo late
	i=$((i + 1))
done
echo done
SH
xray copy -q "$tmp/load.sh" a:load.sh
on sh load.sh >"$tmp/load1" &
load=$!
on sh load.sh >"$tmp/load2" &
load="$load $!"
killed=0
for i in 1 2 3 4 5 6; do
	sleep 0."$(($(od -An -N1 -tu1 /dev/urandom) % 10))"
	p=$(proxy)
	[ -n "$p" ] && kill -9 "$p" && killed=$((killed + 1))
done
ok "it was killed $killed times" test "$killed" -ge 1
# shellcheck disable=SC2086	# a list
wait $load
load=
is 'nothing hung' 0 'done
done' cat "$tmp/load1" "$tmp/load2"
is 'the next one gets through' 0 page page web1.example
ok 'nothing is left of the others' until_ok 60 quiet $((rest + 3))
kill -9 "$(gateway)"
ok 'without its gateway it ends, and is there again' until_ok 60 sh -c \
    "timeout 60 xray ssh a 'timeout 30 sh in.sh web1.example 80 </dev/null' |
    grep -qx page"
ok 'stopped' xray stop -q a
ok 'nothing is left' until_ok 30 none
