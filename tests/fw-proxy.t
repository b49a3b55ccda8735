#!/bin/sh
# xray-fw and a VM with net = proxy that runs: its proxy goes by a change when
# the command returns, and is the same one then.  QEMU is real, no guest is
# needed: the proxy is used from outside.
. "${0%/*}/lib.sh"
peer=$XRAY_OBJ/tests/socks-peer
[ -x "$peer" ] || skip_all 'socks-peer is not built: make tests'
pids=
# shellcheck disable=SC2086	# a list
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 32
empty_base
xray create -q -m 64 -c 1 --net proxy --mode deny web
dir=$XRAY_HOME/vms/web
is 'it runs' 0 '' xray start -q web
"$peer" serve 9000 &
pids="$pids $!"
until_ok 20 "$peer" conn 1 1 9000
gate() { cut -d' ' -f1 "$dir/gateway"; }
want() { "$peer" want -x "$dir/proxy.sock" "$@"; } # 2: denied; 4: no such name
pid=$(gate)

is 'denied' 1 2 want 9000
xray fw allow -q web 127.0.0.1:9000
is 'a rule counts at once' 0 0 want 9000
"$peer" conn -x "$dir/proxy.sock" 1 1 9000 >/dev/null
mkfifo "$tmp/keep"
"$peer" idle -x "$dir/proxy.sock" 3 9000 <"$tmp/keep" >"$tmp/rested" 2>&1 &
idle=$!
pids="$pids $idle"
exec 4>"$tmp/keep"
until_ok 60 grep -q ready "$tmp/rested"
xray fw remove -q web 127.0.0.1:9000
is 'so does one that is gone' 1 2 want 9000
xray fw deny -q web 127.0.0.1
exec 4>&-
wait "$idle"
ok 'and one that denies, for what is open' grep -qx 'alive 0' "$tmp/rested"
xray fw clear -qy web

xray fw mode web allow
is 'mode allow' 1 4 want -d other.invalid 443
xray fw mode web deny
is 'mode deny' 1 2 want -d other.invalid 443
for mode in allow deny ask learn allow deny allow; do
	xray fw mode web "$mode" || echo "$mode" >>"$tmp/failed"
done
ok 'many modes, one after the other' not test -e "$tmp/failed"
is 'the last one counts' 1 4 want -d other.invalid 443
is 'it was the same proxy all the time' 0 "$pid" gate
is 'which nobody had to start again' 1 '' grep 'gateway ended' "$dir/log/net.log"
is 'status has what it counted' 0 'denied
bytes_out
bytes_in' sh -c 'xray fw status web | sed -n "s/^\(denied\|bytes_out\|bytes_in\)=[1-9][0-9]*$/\1/p"'
ok 'doctor has nothing bad about it' sh -c \
    '! xray doctor --security --vm web | grep "^bad.*gateway"'

# Questions.
xray fw mode web ask
is 'nobody is there to be asked' 1 2 want -d late.invalid 443
is 'which is told' 0 'late	late.invalid:443' xray fw pending -H -o waits,dest web
mkfifo "$tmp/in"
xray fw prompt --stdio <"$tmp/in" >"$tmp/asked" 2>&1 &
pids="$pids $!"
exec 5>"$tmp/in"
until_ok 30 sh -c 'xray fw status -H -o answerers web | grep -qx stdio'
want -d asked.invalid 443 >"$tmp/got" &
waits=$!
pids="$pids $waits"
waits() { xray fw pending -H -o waits,dest web | grep 'asked.invalid:443' |
    grep -vq late; }
ok 'somebody is' until_ok 30 waits
id=$(xray fw pending -H -o id,dest web | sed -n 's/	asked.invalid:443$//p')
is 'yes' 0 'Rule added: asked.invalid:443 -> allow (once)' \
    xray fw answer web "$id" allow
wait "$waits"
is 'it goes on' 0 4 cat "$tmp/got"
exec 5>&-

# One that has ended: the change counts for the next one, whatever that was
# started with.
xray fw mode web allow
# shellcheck disable=SC2009 # of that process alone
supervisor=$(ps -o ppid= -p "$(gate)" | tr -d ' ')
kill -STOP "$supervisor"
kill -9 "$(gate)"
(
	sleep 0.3 # it has 3 s in all
	kill -CONT "$supervisor"
) &
pids="$pids $!"
is 'it has ended: mode waits for the next one' 0 '' xray fw mode web deny
is 'which goes by it' 1 2 want -d other.invalid 443
ok 'and is another one' [ "$(gate)" != "$pid" ]

# Ports are QEMU's.
mv "$dir/qmp.sock" "$dir/real.sock"
socat -v "UNIX-LISTEN:$dir/qmp.sock,fork" "UNIX-CONNECT:$dir/real.sock" \
    2>"$tmp/said" &
pids="$pids $!"
until_ok 20 listens "$dir/qmp.sock"
is 'a port' 0 'Added port forward: 18391:80' xray port add web 18391:80
is 'is added once' 0 1 grep -c hostfwd_add "$tmp/said"
rm -f "$dir/qmp.sock"
mv "$dir/real.sock" "$dir/qmp.sock"
kill -STOP "$(xray pid web)"
for i in 1 2 3 4; do
	socat -u OPEN:/dev/null,ignoreeof TCP:127.0.0.1:18391 &
	pids="$pids $!"
done
full() { [ "$(ss -Htn state syn-sent dport = :18391 | wc -l)" -gt 0 ]; }
until_ok 20 full
says 'one that QEMU does not take is not waited for' 75 \
    'port 80: QEMU does not take it' timeout 60 xray connect \
    --timeout 2 web 80
kill -CONT "$(xray pid web)"

# Another network, from the next start on.
xray config set -q web net filtered
is 'what runs has another network still' 0 '' xray fw mode web deny
is 'which hears of it' 1 2 want -d other.invalid 443
xray config set -q web net proxy

# What vm.ini says cannot be known: no more is allowed than rules say.
renew() {
	old=$(gate)
	kill -9 "$old"
	until_ok 30 eval '[ "$(gate)" != "$old" ] &&
	    socat -u OPEN:/dev/null "UNIX-CONNECT:$dir/proxy.sock"'
}
xray fw allow -q web 127.0.0.1:9000
xray fw mode web allow
ok 'its proxy is killed' renew
is 'mode allow, still' 1 4 want -d other.invalid 443
echo garbage >>"$dir/vm.ini"
ok 'while vm.ini is being edited it comes back too' renew
is 'and allows nothing' 1 2 want -d other.invalid 443
is 'but by a rule' 0 0 want 9000
ok 'which is told' grep -q 'vm.ini cannot be read: mode deny' "$dir/log/net.log"
sed -i '$d' "$dir/vm.ini"
xray stop -q -f web
