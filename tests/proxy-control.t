#!/bin/sh
# xray-proxy --control: what it is asked there counts when it has answered.
. "${0%/*}/lib.sh"
peer=$XRAY_OBJ/tests/socks-peer
[ -x "$peer" ] || skip_all 'socks-peer is not built: make tests'
command -v socat >/dev/null || skip_all 'no socat'
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 31
cd "$tmp" || exit 1

"$peer" serve 9000 &
pids="$pids $!"
until_ok 20 "$peer" conn 1 1 9000
echo 'allow tcp 127.0.0.1 9000' >rules
echo good.example >domains
xray-proxy --listen unix:sock --control ctl --rules rules --defaults domains \
    --lists "$top/share/presets" \
    --log log --ready-fd 3 3>ready 2>words &
proxy=$!
pids="$pids $proxy"
until_ok 20 test -s ready
ctl() { echo "$*" | socat -t 20 - UNIX-CONNECT:ctl; }
want() { "$peer" want -x ./sock "$@"; } # 2: denied; 4: it leads nowhere

is 'its socket is for its owner alone' 0 600 stat -c %a ctl
is 'status: nothing yet' 0 'ok net=proxy mode=deny flows=0 in=0 out=0 allowed=0 denied=0' \
    sh -c 'echo status | socat -t 20 - UNIX-CONNECT:ctl | sed "s/ confined=.*//"'
ok 'and what confines it' sh -c \
    'echo status | socat -t 20 - UNIX-CONNECT:ctl | grep -q " confined=.*seccomp"'
is 'allowed' 0 0 want 9000
is 'and refused' 1 2 want 9001
"$peer" conn -x ./sock 1 3 9000 >/dev/null
ok 'counted, with bytes both ways' until_ok 30 sh -c 'echo status |
    socat -t 20 - UNIX-CONNECT:ctl | sed "s/ confined=.*//" | grep -qx \
    "ok net=proxy mode=deny flows=0 in=192 out=192 allowed=4 denied=1"'

# Those that are open.
idle() { # N: as many are held, until 4 is closed
	rm -f keep
	mkfifo keep
	"$peer" idle -x ./sock "$1" 9000 <keep >rested 2>&1 &
	idle=$!
	pids="$pids $idle"
	exec 4>keep
	until_ok 60 grep -q ready rested
}
wakes() {
	exec 4>&-
	wait "$idle"
}
idle 3
is 'three are open' 0 3 sh -c \
    'echo status | socat -t 20 - UNIX-CONNECT:ctl | sed "s/.* flows=\([0-9]*\) .*/\1/"'
is 'cut: so many' 0 'ok 3' ctl cut
wakes
ok 'which are gone' grep -qx 'alive 0' rested
idle 2
echo 'deny tcp 127.0.0.1 *' >rules
is 'a rule, and reload' 0 ok ctl reload
is 'counts when it has answered' 1 2 want 9000
wakes
ok 'for what is open, too' grep -qx 'alive 0' rested
# shellcheck disable=SC2046	# the children of the proxy
kill -STOP $(pgrep -P "$proxy")
is 'who reads the files does not answer' 0 \
    'error the rule files are not read in time' ctl reload
# shellcheck disable=SC2046
kill -CONT $(pgrep -P "$proxy")
ok 'and then does' until_ok 20 sh -c \
    '[ "$(echo reload | socat -t 20 - UNIX-CONNECT:ctl)" = ok ]'
echo 'no rule' >rules
echo nonsense >rules
ok 'rules that are none' sh -c 'echo reload | socat -t 20 - UNIX-CONNECT:ctl |
    grep "^error rules:1: nonsense"'
is 'stay as they were' 1 2 want 9000
: >rules
is 'a default' 1 4 want -d good.example 443
echo 'no rule' >>rules
for again in '' ', and again'; do
	ok "defaults off with rules that are none: not yet$again" sh -c \
	    'case $1 in error*) ;; *) exit 1 ;; esac' - "$(ctl defaults off)"
done
sed -i '$d' rules
is 'defaults off' 0 ok ctl defaults off
is 'counts' 1 2 want -d good.example 443
is 'and on' 0 ok ctl defaults on
is 'mode allow' 0 ok ctl mode allow
is 'counts' 1 4 want -d other.invalid 443
is 'no such mode' 0 'error no such mode' ctl mode maybe
is 'what is none of this' 0 'error unknown request' ctl socks

# Who asks: the one who came last; nobody waits for one who is gone.
cat >asker <<'SH'
echo ask
while read -r word id rest; do
	echo "$word $rest" >>"$1"
	[ "$word" != ask ] || [ "$1" != second ] || echo "answer $id allow 5 asked"
done
SH
asks() {
	socat UNIX-CONNECT:ctl EXEC:"sh asker $1" &
	pids="$pids $!"
	until_ok 20 grep -q '^ok' "$1"
}
is 'mode ask' 0 ok ctl mode ask
is 'nobody is there' 1 2 want -d a.invalid 443
asks first
want -d b.invalid 443 >got &
waits=$!
pids="$pids $waits"
ok 'one is, and is asked' until_ok 20 grep -qx 'ask tcp b.invalid 443' first
asks second
wait "$waits"
is 'another one answers what that one was asked' 0 4 cat got
kill "$proxy"
wait "$proxy"
ok 'SIGTERM ends it' [ $? = 0 ]
