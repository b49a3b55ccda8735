#!/bin/sh
# xray-fw and a VM that runs: its gateway goes by a change when the command
# returns.  A stand-in answers as a gateway would.
. "${0%/*}/lib.sh"
plan 20
empty_base
xray create -q -m 64 -c 1 web
vm=$XRAY_HOME/vms/web
is 'it runs' 0 '' xray start -q web
mv "$vm/gateway.sock" "$vm/real.sock"
gateway() { # ANSWER
	# socat removes its socket as it ends: not the next one's.
	[ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null || :
	rm -f "$vm/gateway.sock" "$tmp/asked"
	printf '%s\n' "$1" >"$tmp/answer"
	socat "UNIX-LISTEN:$vm/gateway.sock,fork" \
	    "SYSTEM:read l; cp $vm/rules $tmp/seen; echo \$l >>$tmp/asked; cat $tmp/answer" \
	    2>/dev/null &
	pid=$!
	until_ok 30 test -S "$vm/gateway.sock"
	# By its whole name: the real one has kept the other.
	[ ! -r /proc/net/unix ] || until_ok 30 \
	    grep -q " 00010000 .* $vm/gateway.sock\$" /proc/net/unix
}
pid=
trap 'kill $pid 2>/dev/null || :; finish' EXIT
asked() { cat "$tmp/asked"; rm -f "$tmp/asked"; }
# xray-ask comes for questions now and then, too.
said_by_fw() { asked | grep -vx ask; }

gateway ok
is 'add' 0 'Rule added: a.example:443 -> allow' xray fw allow web a.example:443
is 'reload was asked' 0 reload said_by_fw
is 'when the rule was there' 0 'allow tcp a.example 443' cat "$tmp/seen"
xray fw remove -q web a.example:443
is 'remove' 0 reload said_by_fw
xray fw clear -qy web
is 'clear' 0 reload said_by_fw
xray fw mode web deny
is 'mode' 0 'mode deny' said_by_fw
xray fw defaults web off
is 'defaults' 0 'defaults off' said_by_fw
gateway 'ok net=filtered flows=3 in=1234 out=987 denied=12'
is 'status has what it counted' 0 'pending=0
denied=12
bytes_out=987
bytes_in=1234
answerers=none' sh -c 'xray fw status web | tail -5'

gateway 'error rules:3: nonsense'
says 'it cannot: 75, and the rules are kept' 75 \
    'rules:3: nonsense; the rules are kept, and not yet in force' \
    xray fw allow web b.example:443
is 'kept' 0 'allow tcp b.example 443' cat "$vm/rules"
says 'mode: likewise' 75 'mode is kept, and not yet' xray fw mode web ask
gateway 'error unknown request'
says 'an older gateway: from its next start' 0 'its next start' \
    xray fw allow web c.example:443
says 'mode: likewise' 0 'its next start' xray fw mode web deny
kill $pid
wait $pid 2>/dev/null || :
pid=
rm -f "$vm/gateway.sock"
says 'none: 69' 69 'does not answer; the rules are kept' \
    xray fw allow web d.example:443
is 'status without it' 0 'deny=0
pending=0
answerers=none' sh -c 'xray fw status web | tail -3'
mv "$vm/real.sock" "$vm/gateway.sock"
xray stop -q -f web
is 'a VM that is off needs none' 0 'Rule added: e.example:443 -> allow' \
    xray fw allow web e.example:443
xray config set -q web net open
says 'net = open: no rule counts, which is told' 0 \
    'net = open; rules do not count' xray fw allow web f.example
says 'also by who looks' 0 'net = open; rules do not count' xray fw status web
is '-q: nothing is told' 0 '' sh -c 'xray fw allow -q web g.example 2>&1'
