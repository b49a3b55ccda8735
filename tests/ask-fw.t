#!/bin/sh
# What tells that questions are open: list, info, wait; who is killed leaves
# none behind.  The VM boots nothing; the asker is what a proxy would be.
. "${0%/*}/lib.sh"
plan 34
command -v socat >/dev/null || skip_all 'no socat'
empty_base
xray create -q -m 64 -c 1 web off
vm=$XRAY_HOME/vms/web
ok 'a VM runs' xray start -q web
ok 'somebody asks for it' until_ok 30 listens "$vm/ask.sock"
pids=
trap 'exec 5>&- 7>&-; kill $pids 2>/dev/null || :; finish' EXIT
mkfifo "$tmp/in" "$tmp/asks"
asker() {
	socat -t 3600 - "UNIX-CONNECT:$vm/ask.sock" <"$tmp/asks" \
	    >>"$tmp/answers" &
	pids="$pids $!"
	exec 7>"$tmp/asks"
}
fact() { xray list -H -o "$1" web; }
has() { [ "$(fact "$1")" = "$2" ]; }

is 'nothing is open' 0 0 fact asks
is 'of one that is stopped nothing is known' 0 null sh -c \
    'xray info --json -o asks off | sed "s/.*: *//;s/}//"'
says 'nor asked: 69' 69 'off: stopped' xray wait --for asked off
says 'not in time: 75' 75 'web: nothing was asked' \
    xray wait --for asked --timeout 1 web
asker
echo 'ask 1 tcp late.example 443' >&7
until_ok 30 grep -q nobody "$tmp/answers"
is 'what nobody was there for is not open' 0 0 fact asks

xray fw prompt --stdio <"$tmp/in" >>"$tmp/asked" 2>&1 &
pids="$pids $!"
exec 5>"$tmp/in"
until_ok 30 sh -c 'xray fw status -H -o answerers web | grep -qx stdio'
xray wait --for asked --timeout 60 web &
waiter=$!
echo 'ask 2 tcp a.example 443' >&7
ok 'wait --for asked' wait "$waiter"
is 'one is open' 0 1 fact asks
echo 'ask 3 tcp b.example 443' >&7
ok 'two' until_ok 30 has asks 2
is 'a person sees it in a list' 0 'running (2 asks)' sh -c "
    NO_COLOR=1 script -qec 'xray list' /dev/null | tr -d '\r' |
    sed -n 's/^web.* \(running.*\)/\1/p'"
is 'a program does not' 0 running fact status
is 'nor is the status another' 0 running xray status web
is 'nor where there is no header' 0 running sh -c "
    NO_COLOR=1 script -qec 'xray list -H -o status web' /dev/null | tr -d '\r'"
is 'JSON has the number' 0 2 sh -c "xray list --json web | python3 -c '
import json, sys
print(json.load(sys.stdin)[0][\"asks\"])'"
is 'info too' 0 asks=2 sh -c 'xray info web | grep ^asks'
is 'one answered' 0 'Rule added: a.example:443 -> allow (1h)' \
    xray fw answer --for 1h web 2 allow
ok 'one is left' until_ok 30 has asks 1
is 'of one ask' 0 1 sh -c "NO_COLOR=1 script -qec 'xray list' /dev/null |
    grep -c 'running (1 ask)'"

# Killed: what it said counts no more.
ok 'kill -9' kill -9 "$(at "$vm" xray-ask)"
ok 'nothing is open' until_ok 30 has asks 0
until_ok 30 sh -c 'xray fw status -H -o answerers web | grep -qx stdio'

# ssh tells what was denied while it ran: a guest that is up, and an ssh that
# has it denied.
: >"$vm/up"
mkdir "$tmp/bin"
cat >"$tmp/bin/ssh" <<E2
#!/bin/sh
n=0
while read -r dest; do
	echo "\$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ) deny mode tcp \$dest - 443 - -"
done <$tmp/denied >>$vm/log/net.log
exit 3
E2
chmod +x "$tmp/bin/ssh"
PATH=$tmp/bin:$PATH
echo '2026-01-01T00:00:00.000Z deny mode tcp old.example - 443 - -' \
    >>"$vm/log/net.log"
printf 'a.example\nb.example\na.example\n' >"$tmp/denied"
# on_tty COMMAND: what it prints on a terminal, and its code.
on_tty() { script -qec "$1" /dev/null </dev/null | tr -d '\r'; }
is 'ssh tells what was denied meanwhile' 0 \
    'xray-ssh: web: denied meanwhile: a.example:443 (2), b.example:443 (1): xray fw log web' \
    on_tty 'xray ssh web true'
is 'its exit code is that of ssh' 3 '' sh -c \
    'script -qec "xray ssh web true" /dev/null </dev/null >/dev/null'
is 'not under -q' 0 '' on_tty 'xray ssh -q web true'
is 'nor where nobody reads it' 0 '' on_tty 'xray ssh web true 2>/dev/null'
: >"$tmp/denied"
is 'nor when nothing was' 0 '' on_tty 'xray ssh web true'
for i in 1 2 3 4 5 6 7 8 9; do
	printf '%s%060d.%060d.%060d.example\n' a$i 0 0 0
done >"$tmp/denied"
is 'a line, however long names are' 0 ' and 7 more: xray fw log web' sh -c \
    "script -qec 'xray ssh web true' /dev/null </dev/null | tr -d '\r' |
    sed -n 's/.*(1)\( and\)/\1/p'"
: >"$tmp/denied"
says '--ask without a terminal goes on' 3 'web: no terminal, nobody is asked' \
    setsid -w xray ssh --ask web true
is '--ask for a session goes on' 0 1 sh -c "
    script -qec 'xray ssh --ask web' /dev/null </dev/null |
    grep -c 'a session has the keys to itself'"
with_ask() { script -qec "xray ssh --ask $1" /dev/null </dev/null; }
sessions() { # OPTION... [...]: how many of them give a command the terminal
	for words; do
		with_ask "web $words top" |
		    grep -c 'a session has the keys to itself'
	done | grep -c 1
}
is 'or -t' 0 7 sessions -t -tt -tA -At '-o RequestTTY=force' \
    '-oRequestTTY=yes' '-o "requesttty Force"'
is 'but for no other option' 1 0 sessions -A '-o RequestTTY=no' '-L t:9:t:9' \
    '-o User=t' -iat
is '--ask for a command' 3 '' sh -c "
    script -qec 'xray ssh --ask web true' /dev/null </dev/null"
says '--ask and --password: 64' 64 'want the same keys' \
    xray ssh --ask --password web true
xray stop -q -f web
ok 'nor does a file stay' until_ok 30 test ! -e "$vm/asks"
