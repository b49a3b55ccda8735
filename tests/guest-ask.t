#!/bin/sh
# A person decides what a real guest may reach: connections that are held, and
# go on or are refused when somebody has answered; floods, and processes that
# are killed.
. "${0%/*}/world.sh"
tiny_base
flood=$XRAY_OBJ/tests/flood-peer
[ -x "$flood" ] || skip_all 'flood-peer is not built: make tests'
plan 41
web=93.184.216.34
hosts=
for i in 1 2 3 4 5 6 7 8; do
	hosts="$hosts
$web web$i.example"
done
make_world "127.0.0.1 localhost$hosts"
# A server that hears a request out before it answers: socat, whose program has
# ended when a request comes, passes nothing on.
printf 'HTTP/1.0 200 OK\r\n\r\npage\n' >"$tmp/page"
cat >"$tmp/http" <<'H'
while read -r line && [ "${line%?}" ]; do :; done
cat "$1"
H
in_world socat TCP-LISTEN:80,fork,reuseaddr "SYSTEM:sh $tmp/http $tmp/page" \
    2>>"$tmp/served" &
world_pids="$world_pids $!"
xray create -q -b tiny -c 1 -m 128 a b
ok 'the guests are up' xray start -q -w --timeout 500 a b
xray copy -q "$flood" a:flood
vm=$XRAY_HOME/vms/a
on() {
	vm_=$1
	shift
	timeout 300 xray ssh "$vm_" "$@" 2>/dev/null
}
get() { on a "timeout 250 wget -q -O- http://$1.example/"; }
# held NAME: the same, in the background.
held() {
	get "$1" >"$tmp/$1" 2>&1 &
	held=$!
}
waits() { until_ok 60 sh -c "xray fw pending -H -o waits,dest a |
    grep '$1.example:80' | grep -vq late"; }
id() { xray fw pending -H -o id,dest a | sed -n "s/	$1.example:80\$//p"; }

# Nobody is there.
not_let() { ! get web1; }
ok 'nobody there: refused' not_let
is 'and kept' 0 'late	web1.example:80' xray fw pending -H -o waits,dest a
is 'which the log tells' 0 'a	deny	nobody	web1.example:80' \
    xray fw log -n 1 -H -o vm,verdict,why,dest a
is 'a late answer' 0 'Rule added: web1.example:80 -> allow (session)' \
    xray fw answer --for session a "$(id web1)" allow
is 'counts for the next try' 0 page get web1
is 'and is listed' 0 'allow	web1.example	rules.session:1' \
    sh -c 'xray fw list --own -H -o verdict,host,origin a'

# Somebody is.
mkfifo "$tmp/in"
xray fw prompt --stdio <"$tmp/in" >>"$tmp/asked" 2>&1 &
front=$!
exec 5>"$tmp/in"
trap 'rc=$?; exec 5>&-; kill $front $load 2>/dev/null; end_world 2>/dev/null; (exit $rc); finish' EXIT
load=
until_ok 30 sh -c 'xray fw status -H -o answerers a | grep -qx stdio'
held web2
ok 'a connection waits' waits web2
is 'the question is plain' 0 1 grep -cxE \
    'question a [0-9]+ tcp web2.example 80 HTTP name 1 never 0 web2.example' \
    "$tmp/asked"
sleep 3
is 'as long as nobody answers' 0 '' cat "$tmp/web2"
is 'yes, from a shell' 0 'Rule added: web2.example:80 -> allow (once)' \
    xray fw answer a "$(id web2)" allow
wait "$held"
is 'it goes on' 0 page cat "$tmp/web2"
# Or by the rule, where that was quicker than the resolver.
ok 'by the answer' sh -c 'xray fw log -H -o why,dest a |
    grep -Eq "^(asked|rules.session:[0-9]+)	web2.example:80\$"'
is 'and others there, by the rule' 0 page get web2
is 'once is a rule of 30 seconds' 0 1 sh -c "sed -n \
    's/.*web2.example.*until=\([^ ]*\).*/\1/p' $vm/rules.session | {
	read -r t; [ \$((\$(date -d \$t +%s) - \$(date +%s))) -le 30 ] && echo 1; }"
held web3
waits web3
echo "answer a $(id web3) allow always" >&5
wait "$held"
is 'yes, by a program' 0 page cat "$tmp/web3"
# It goes on at once, and then the rule is written.
ok 'for good' until_ok 60 grep -q '^allow tcp web3.example 80 # asked' "$vm/rules"
held web4
waits web4
is 'no' 0 'Rule added: web4.example:80/tcp -> deny (60s)' \
    xray fw answer a "$(id web4)" deny
not_got() { ! wait "$held" && [ ! -s "$tmp/web4" ]; }
ok 'it is refused' not_got
not_let4() { ! get web4; }
ok 'and again, unasked' not_let4
# By the answer that is remembered, until the rule is in force.
by_rule() {
	not_let4 && [ "$(xray fw log -n 1 -H -o why a | cut -d: -f1)" = \
	    rules.session ]
}
ok 'and by the rule' until_ok 60 by_rule
until_ok 60 sh -c 'xray fw check a web2.example:80; [ $? = 1 ]'
held web2
ok 'after once it is asked anew' waits web2
heard_it() { until_ok 30 grep -Eq -- "$1" "$tmp/asked"; }
ok 'with what came of it' heard_it \
    '^question a [0-9]+ tcp web2.example 80 HTTP name 1 allowed '

# xray-ask is killed, and the gateway.
of() { at "$vm" "$1"; }
ok 'xray-ask is killed' kill -9 "$(of xray-ask)"
not_got2() { ! wait "$held" && [ ! -s "$tmp/web2" ]; }
ok 'what waited is refused' not_got2
ok 'another one asks' until_ok 30 sh -c \
    'xray fw status -H -o answerers a | grep -qx stdio'
# With the gateway goes every connection of the host to the guest.
on a 'timeout 200 wget -q -O got http://web2.example/ >/dev/null 2>&1 </dev/null &'
ok 'for the next connection' waits web2
kill -9 "$(cut -d' ' -f1 "$vm/gateway")"
ok 'the gateway is killed: it is asked again' until_ok 60 sh -c \
    'xray fw pending -H -o tries,dest a | grep web2 | grep -qv "^1	"'
# 75 when the gateway is not yet back: then the rule waits for it.
ok 'yes' sh -c 'xray fw answer --for 1h a "$1" allow; [ $? = 0 -o $? = 75 ]' - \
    "$(id web2)"
got_it() { until_ok 60 sh -c '[ "$(xray ssh a cat got)" = page ]'; }
ok 'it goes on' got_it
kill_both() {
	while [ -d "$tmp" ]; do
		kill -9 "$(of xray-ask)" 2>/dev/null
		sleep 0.4
		gate=$(cut -d' ' -f1 "$vm/gateway" 2>/dev/null)
		[ "$(cat "/proc/$gate/comm" 2>/dev/null)" != xray-net ] ||
		    kill -9 "$gate"
		sleep 1
	done
}
kill_both &
load=$!
n_got=0
for _ in 1 2 3 4 5 6; do
	[ "$(on a "timeout 20 wget -q -O- http://web3.example/")" != page ] ||
	    n_got=$((n_got + 1))
done
kill $load
wait $load 2>/dev/null
load=
ok "both are killed again and again: $n_got of 6 got through, none hangs" true
ok 'and both are back' until_ok 60 sh -c \
    'xray fw status -H -o answerers a | grep -qx stdio'
is 'no rule is lost' 0 'allow web1.example
allow web2.example
allow web3.example' sh -c "xray fw list --own -H -o verdict,host a |
    tr '\t' ' ' | grep -v web4 | sort"
is 'what they allow works' 0 page get web3

# A flood: nobody is asked without end.
: >"$tmp/asked"
cp "$vm/rules" "$tmp/rules" && cp "$vm/rules.session" "$tmp/session"
start=$(date +%s)
ok '10,000 destinations' on a './flood 10000'
echo "# in $(($(date +%s) - start)) s"
until_ok 30 grep -q '^question a' "$tmp/asked"
is 'one question is open' 0 1 grep -c '^question a' "$tmp/asked"
on b "timeout 20 wget -q -O- http://web5.example/" >"$tmp/web5" 2>/dev/null &
other=$!
until_ok 30 sh -c 'xray fw pending -H -o vm b | grep -q b'
start=$(date +%s%N)
ok "another VM's is shown" heard_it '^question b [0-9]+ tcp web5.example 80 '
ms=$((($(date +%s%N) - start) / 1000000))
ok "within two seconds: $ms ms" [ "$ms" -le 2000 ]
echo "answer b $(sed -n 's/^question b \([0-9]*\) tcp web5.*/\1/p' "$tmp/asked" |
    tail -n 1) allow" >&5
wait "$other"
is 'and answered' 0 page cat "$tmp/web5"
[ -s "$tmp/web5" ] ||
    tail -n 20 "$tmp/asked" "$XRAY_HOME/vms/b/log/net.log" | sed 's/^/# /'
is 'nothing is stored without an answer' 0 '' sh -c \
    "diff $vm/rules $tmp/rules && diff $vm/rules.session $tmp/session"
# A no to all that is shown, while it goes on.
on a 'for i in 1 2 3 4 5 6; do ./flood 3000; sleep 2; done' &
load=$!
end=$(($(date +%s) + 40))
while [ "$(date +%s)" -lt $end ]; do
	last=$(grep -E '^(question|withdraw) a' "$tmp/asked" | tail -n 1 |
	    cut -d' ' -f1-3)
	[ "${last%% *}" != question ] ||
	    echo "answer a ${last##* } deny" >&5
	sleep 0.1
done
wait $load
load=
shown=$(grep -c '^question a' "$tmp/asked")
ok "shown in all: $shown, at most 17" [ "$shown" -le 17 -a "$shown" -gt 9 ]
xray stop -q -f a b
