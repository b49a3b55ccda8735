#!/bin/sh
# Who is asked, and what becomes of an answer: xray-ask between those who ask
# and those who answer.  The VMs boot nothing; askers are what a proxy would be.
. "${0%/*}/lib.sh"
plan 123
command -v socat >/dev/null || skip_all 'no socat'
empty_base
xray create -q -m 64 -c 1 web db
vm=$XRAY_HOME/vms/web
ok 'two VMs run' xray start -q web db
ok 'somebody asks for each' until_ok 30 test -S "$vm/ask.sock" -a \
    -S "$XRAY_HOME/vms/db/ask.sock"

# peer FD NAME COMMAND...: what is said to it goes by FD, what it says is in the
# file NAME.
pids=
peer() {
	fd=$1 file=$tmp/$2
	shift 2
	mkfifo "$file.in"
	"$@" <"$file.in" >>"$file" 2>"$file.err" &
	pids="$pids $!"
	eval "exec $fd>'$file.in'"
}
trap 'exec 5>&- 6>&- 7>&- 8>&-; kill $pids 2>/dev/null || :; tmux -S "$tmp/tmux" kill-server 2>/dev/null || :; finish' EXIT
# Who comes and says nothing for ten seconds is let go.
asker() {
	peer "$1" "$2" socat -t 3600 - \
	    "UNIX-CONNECT:$XRAY_HOME/vms/$3/ask.sock"
	eval "echo status >&$1"
	until_ok 30 grep -q '^ok pending=' "$tmp/$2"
}
said() { until_ok "${3:-30}" grep -Fqx -- "$2" "$tmp/$1"; }
heard() { until_ok 30 grep -Eq -- "$2" "$tmp/$1"; }
fact() { xray fw status -H -o "$1" "${2:-web}"; }
has() { [ "$(fact "$1" "${3:-web}")" = "$2" ]; }
number() { xray fw pending -H -o id,dest web | sed -n "s/	$1\$//p"; }
asker 7 a web
asker 8 b db

# Nobody is there.
is 'nothing waits' 0 0 fact pending
is 'nobody answers' 0 none fact answerers
echo 'ask 1 tcp a.example 443' >&7
ok 'nobody there: no, at once' said a 'answer 1 deny 1 nobody'
is 'which is kept as late' 0 'web	1	late	tcp	a.example:443	1	name' \
    xray fw pending -H -o vm,id,waits,proto,dest,tries,verified
is 'and counted' 0 1 fact pending
echo 'ask 2 tcp a.example 443' >&7
said a 'answer 2 deny 1 nobody'
is 'once, and how often' 0 'web	1	late	tcp	a.example:443	2' \
    xray fw pending -H web
is 'of another VM nothing waits' 0 '' xray fw pending -H db
is 'nothing is written down' 0 0 sh -c \
    "cat $vm/rules $vm/rules.session 2>/dev/null | wc -l"
is 'a late answer' 0 'Rule added: a.example:443 -> allow (1h)' \
    xray fw answer --for 1h web 1 allow
is 'is a rule, with its day' 0 1 grep -cE \
    '^allow tcp a.example 443 until=.*Z # asked [0-9]{4}-[0-9]{2}-[0-9]{2}$' \
    "$vm/rules.session"
says 'and no question any more: 66' 66 'no such question' \
    xray fw answer web 1 allow

# Somebody is.
peer 5 one xray fw prompt --stdio
peer 6 two xray fw prompt --stdio web
ok 'two come' until_ok 30 has answerers stdio,stdio
ok 'one of them for all VMs' until_ok 30 has answerers stdio db
echo 'ask 3 tcp b.example.org 443' >&7
q='question web 2 tcp b.example.org 443 HTTPS name 1 never 0 example.org'
ok 'both are asked' said one "$q"
ok 'the same' said two "$q"
echo 'ask 4 tcp b.example.org 443' >&7
until_ok 30 sh -c 'xray fw pending -H -o tries web | grep -qx 2'
echo 'answer web 2 allow 15m domain' >&5
ok 'the answer goes to who asked' said a 'answer 3 allow 5 asked'
ok 'and who asked too' said a 'answer 4 allow 5 asked'
ok 'the question is withdrawn' said two 'withdraw web 2'
ok 'from both' said one 'withdraw web 2'
ok 'who answered is told what is written' said one \
    'written web 2 Rule added: .example.org:443 -> allow (15m)'
ok 'where it is' grep -q '^allow tcp .example.org 443 until=' "$vm/rules.session"
echo 'answer web 2 deny' >&6
ok 'the second answer is none' said two 'error web 2 no such question'
no() { # ID: a person says no, once
	echo "ask $1 tcp no.example 80" >&7
	heard one "^question web $2 .* $3 0 no.example\$" || return
	echo "answer web $2 deny" >&5
	said a "answer $1 deny 5 asked" && heard one "^written web $2 .*\\($4\\)\$"
}
ok 'no, for a minute' no 5 3 never 60s
ok 'and twice as long the next time' no 6 4 denied 120s
for i in 7 8 9; do
	no $i $((i - 2)) denied '.*'
done
ok 'at most ten minutes' heard one '^written web 7 .*\(600s\)'
echo 'answer web nonsense' >&5
ok 'what is no answer is told' heard one '^error - 0 not VM ID'
echo 'ask 10 tcp 1.2.3.4 22' >&7
ok 'an address' said one 'question web 8 tcp 1.2.3.4 22 SSH address 1 never 0 -'
is 'what is said of another VM is no answer here' 0 \
    'error db 8 no such question' sh -c '
    printf "front stray\nanswer db 8 allow\n" |
	socat -t 1 - "UNIX-CONNECT:$0" | grep ^error' "$vm/ask.sock"
says 'has no domain' 69 'nothing wider' xray fw answer --as domain web 8 allow
is 'is one' 0 'Rule added: 1.2.3.4:22 -> allow (once)' \
    xray fw answer --as address web 8 allow
echo 'ask 11 tcp www.shop.co.uk 443' >&7
ok 'a domain' heard one '^question web 9 .* shop.co.uk$'
says 'a name has no address' 69 'not known before' \
    xray fw answer --as address web 9 allow
printf 'ask 12 tcp shop.co.uk 443\nask 13 tcp x.github.io 443\n' >&7
is 'answers come by standard input' 0 \
    'Rule added: .shop.co.uk:443/tcp -> deny (1h)' \
    sh -c 'echo web 9 deny 1h domain | xray fw answer -'
ok 'no domain is one where anybody has a name' heard one \
    '^question web 10 .* shop.co.uk$'
says 'lines that are none' 65 'input:1: .*allow or deny' \
    sh -c 'printf "web 10 perhaps\nweb 10 deny\n" | xray fw answer -'
ok 'do not stop the others' said a 'answer 12 deny 5 asked'
ok 'nor there' heard one '^question web 11 .* x.github.io$'
is 'all of a VM' 0 'Rule added: x.github.io:443/tcp -> deny (60s)' \
    xray fw answer web all deny

# What strangers say.
printf 'ask 20 tcp \033[31mred 443\nask 21 tcp -rf 443\nask 22 tcp a 99999\n' >&7
printf 'ask 23 tcp <b>x</b> 443\nask 24 gre a.example 1\nask\nask x y\n\0\n' >&7
ok 'a hostile name is denied' said a 'answer 21 deny 1 nobody'
for i in 22 23 24; do
	ok 'so is what is none' said a "answer $i deny 1 nobody"
done
ok 'and a line that is none' said a 'error web 0 not printable'
is 'and reach nobody' 1 '' sh -c "grep -e red -e rf -e '<' $tmp/one $tmp/two"
is 'nor are kept' 0 0 fact pending
head -c 100000 /dev/zero | tr '\0' a |
    socat -u - "UNIX-CONNECT:$vm/ask.sock" 2>/dev/null
is 'nor does a line without end hurt' 0 0 fact pending

strings() { tr -d '\n\0' </dev/urandom | fold -b -w 50 | head -n "$1"; }
{
	strings 5000 | sed 's/^/ask 1 tcp /;s/$/ 443/'
	strings 1000 | sed 's/^/answer web /'
	strings 1000 | sed 's/^/answer web 1 allow /'
	strings 1000 | sed 's/^/front /'
	strings 1000
} | socat -t 5 - "UNIX-CONNECT:$vm/ask.sock" >/dev/null 2>&1
is 'of 9,000 strings none is a question' 0 0 fact pending
is 'and no byte reaches who answers' 0 0 sh -c \
    "cat $tmp/one $tmp/two | tr -d '\n -~' | wc -c"

# Too many.
seq 100 118 | sed 's/.*/ask & tcp h&.example 443/' >&7
ok 'what is too many is denied' said a 'answer 118 deny 1 full'
is 'one is shown, 16 wait' 0 17 sh -c \
    'xray fw pending -H -o waits web | grep -vc late'
ok 'and who answers knows' heard one '^question web 12 .* never 16 h100'
# Another VM comes between, and this one again.
start=$(date +%s)
echo 'ask 1 tcp db.example 5432' >&8
ok 'another VM is shown' said one \
    'question db 1 tcp db.example 5432 POSTGRESQL name 1 never 0 db.example'
ok 'within two seconds' [ $(($(date +%s) - start)) -le 3 ]
ok 'alone: the other was put back' said one 'withdraw web 12'
is 'one file in line for each' 0 'db
web' ls "$XRAY_HOME/ask"
: >"$tmp/one"
echo 'answer db 1 allow' >&5
ok 'answered' said b 'answer 1 allow 5 asked'
ok 'the first VM goes on' heard one '^question web 12 '

# While another command changes the VM, the guest has its answer and the rule
# waits.
is 'the VM is locked: 75' 0 75 "$XRAY_OBJ/tests/lock-peer" "$vm/lock" \
    sh -c 'xray fw answer --for 1h web 12 allow 2>/dev/null; echo $?'
ok 'who asked has the answer' said a 'answer 100 allow 5 asked'
ok 'the rule comes when it can' until_ok 30 grep -q 'allow tcp h100.example' \
    "$vm/rules.session"
ok 'whoever asks meanwhile has it too' "$XRAY_OBJ/tests/lock-peer" "$vm/lock" \
    sh -c "xray fw answer --for 1h web 13 allow 2>/dev/null
    echo 'ask 200 tcp h101.example 443' >&7
    until grep -q 'answer 200 allow' $tmp/a; do sleep 0.1; done"

# Nor does a gateway that is being started again cost a rule.
mv "$vm/gateway.sock" "$vm/real.sock"
is 'no gateway: 75' 0 75 sh -c \
    'xray fw answer --for 1h web 15 allow >/dev/null 2>&1; echo $?'
mv "$vm/real.sock" "$vm/gateway.sock"
ok 'it is told when there is one' until_ok 30 sh -c \
    "xray fw status -H -o mode web && ! grep -q '^pending web 15 ' $vm/asked"
is 'the rule is there once' 0 1 grep -c 'allow tcp h103.example' \
    "$vm/rules.session"

# It is killed.
until_ok 30 grep -q 'allow tcp h101.example' "$vm/rules.session"
ok 'with a rule that waits' "$XRAY_OBJ/tests/lock-peer" "$vm/lock" sh -c "
    xray fw answer --for 1h web 14 allow 2>/dev/null
    until grep -q '^pending web 14 late' $vm/asked; do sleep 0.1; done
    kill -9 $(at "$vm" xray-ask)"
is 'it asks once more' 0 '14	late	h102.example:443' sh -c "
    until xray fw pending -H web >/dev/null 2>&1; do sleep 0.1; done
    xray fw pending -H -o id,waits,dest web | grep h102"
until_ok 30 has answerers stdio,stdio
: >"$tmp/one"
asked() { xray fw pending -H -o id,dest web; }
asked >"$tmp/asked"
until_ok 30 sh -c "[ \$(wc -l <$vm/asked) = \$(wc -l <$tmp/asked) ]"
first=$(at "$vm" xray-ask)
says 'another one beside it: 75' 75 'web: another xray-ask serves it' \
    timeout 20 xray-ask web
ok 'which changes nothing' [ "$(at "$vm" xray-ask)" = "$first" ]
ok 'kill -9' kill -9 "$(at "$vm" xray-ask)"
ok 'it comes back, and so do those who answer' until_ok 30 has answerers \
    stdio,stdio
ok 'which the log tells' grep -q 'xray-ask ended (signal 9)' "$vm/log/net.log"
is 'what was asked is there, by the same numbers' 0 "$(cat "$tmp/asked")" asked
is 'and late' 0 late sh -c 'xray fw pending -H -o waits web | sort -u'
is 'its time is kept' 0 '' awk -v "now=$(date +%s)" \
    '$5 > now || $5 < now - 900' "$vm/asked"
is 'it can be answered' 0 0 sh -c 'xray fw answer web all deny >/dev/null
    xray fw status -H -o pending web'
asker 7 c web
echo 'ask 1 tcp again.example 443' >&7
ok 'and it asks' heard one '^question web [0-9]* tcp again.example '
kill -STOP "$(at "$vm" xray-ask)"
: >"$tmp/one"
echo 'ask 2 tcp db2.example 1' >&8
sleep 1
kill -CONT "$(at "$vm" xray-ask)"
ok 'one that stood still gives its turn away' heard one '^question db 2 '
echo 'answer db 2 deny' >&5
echo "answer web $(number again.example:443) deny" >&5
said c 'answer 1 deny 5 asked'

# Keys.
is 'ask_timeout' 0 '' xray config set -q ask_timeout 1
sleep 1.1 # config.ini is read once a second
: >"$tmp/one"
echo 'ask 2 tcp slow.example 443' >&7
ok 'nobody answers in time: no' said c 'answer 2 deny 60 silence'
ok 'it is withdrawn' heard one '^withdraw web '
is 'and late' 0 late xray fw pending -H -o waits web
is 'ask = none' 0 '' xray config set -q ask none
sleep 1.1
echo 'ask 3 tcp none.example 443' >&7
ok 'nobody is asked' said c 'answer 3 deny 1 nobody'
is 'which is told' 0 none fact answerers
is 'ask = auto' 0 '' xray config set -q ask auto
says 'no other word' 64 'not auto, none,.* or an absolute path' \
    xray config set ask nobody
exec 5>&- 6>&-
ok 'those who answer go' until_ok 30 has answerers none
is 'ask_nobody = hold' 0 '' xray config set -q ask_nobody hold
is 'ask_timeout' 0 '' xray config set -q ask_timeout 300
sleep 1.1
echo 'ask 4 tcp held.example 443' >&7
ok 'it waits for somebody' until_ok 30 sh -c \
    'xray fw pending -H web | grep held.example | grep -vq late'

# On a terminal.
says 'prompt needs one' 64 'no terminal; --stdio' xray fw prompt
says 'so does watch' 64 'no terminal' xray fw watch
if command -v tmux >/dev/null; then
	tm() { tmux -S "$tmp/tmux" "$@"; }
	screen() { tm capture-pane -p -t "$1"; }
	shows() { until_ok 30 sh -c "tmux -S $tmp/tmux capture-pane -p -t $1 |
	    grep -Eq -- '$2'"; }
	tm -f /dev/null new-session -d -x 80 -y 24 -s p "PS1='$ ' sh"
	tm pipe-pane -t p "cat >$tmp/raw"
	tm send-keys -t p 'xray fw prompt web' Enter
	ok 'prompt: what was held is asked' shows p \
	    '^web wants  held.example:443  .HTTPS. +1 of 1$'
	tm send-keys -t p a
	ok 'a key that allows does not count at once' shows p \
	    'widen to \*.held.example   \[\?\] > $|\[w\]iden to \*.held.example'
	sleep 1.2
	is 'nothing was allowed' 0 1 sh -c \
	    'xray fw pending -H -o waits web | grep -vc late'
	tm send-keys -t p h
	ok 'then it does' said c 'answer 4 allow 5 asked'
	ok 'and what was written is told' shows p \
	    'Rule added: held.example:443 -> allow \(1h\)'
	echo 'ask 5 tcp enter.example 443' >&7
	shows p 'web wants  enter.example'
	tm send-keys -t p Enter
	ok 'Enter is no, at once' said c 'answer 5 deny 5 asked'
	long=google.com.$(printf '%060d.%060d.%060d.%043d' 0 0 0 0).evil.example
	echo "ask 50 tcp $long 443" >&7
	ok 'of a long name both ends are shown' shows p \
	    '^web wants  google.com.00000[.]{3}0{16}.evil.example:443  .HTTPS. +1 of 1$'
	ok 'as in the keys' shows p \
	    '^\[w\]iden to \*.com.0{12}[.]{3}0{16}.evil.example   \[\?\] > *$'
	tm send-keys -t p d
	ok 'the answer is about all of it' heard c '^answer 50 deny'
	ok 'and its rule' until_ok 30 grep -q "^deny tcp $long 443 " "$vm/rules.session"
	tm send-keys -t p C-c
	tm send-keys -t p 'stty -a' Enter
	ok 'Ctrl-C leaves the terminal as it was' shows p '(^| )icanon.* echo '
	is 'no byte but ours' 0 0 sh -c \
	    "LC_ALL=C tr -d '\033\r\n\t\b\007 -~' <$tmp/raw | wc -c"

	# What a popup shows is there when it has been told so twice.
	cat >"$tmp/slow" <<-'E'
		#!/bin/sh
		while read -r word rest; do
			echo "$word $rest" >>"$1"
			[ "$word" = front ] || continue
			echo 'ok web 0'
			sleep 0.3
			echo 'question web 5 tcp pop.example 443 HTTPS name 1' \
			    'never 0 pop.example'
		done
	E
	chmod 755 "$tmp/slow"
	socat "UNIX-LISTEN:$tmp/slow.sock,fork" \
	    EXEC:"$tmp/slow $tmp/slow.heard" 2>"$tmp/slow.err" &
	pids="$pids $!"
	until_ok 30 listens "$tmp/slow.sock"
	tm send-keys -t p "clear; export XRAY_ASK_SOCK=$tmp/slow.sock" Enter
	tm send-keys -t p 'xray-prompt one web 5; echo code $?' Enter
	ok 'a popup waits for its question' shows p '^web wants  pop.example'
	tm send-keys -t p d
	ok 'it is answered' until_ok 30 grep -q '^answer web 5 deny' \
	    "$tmp/slow.heard"
	tm send-keys -t p q
	shows p '^code 1$'
	tm send-keys -t p 'clear; xray-prompt one web 6; echo code $?' Enter
	ok 'one whose question is gone goes' shows p '^code 0$'

	tm new-session -d -x 80 -y 24 -s w "PS1='$ ' sh"
	tm send-keys -t w 'xray fw watch' Enter
	ok 'watch: VMs' shows w '^web +0 +0 B'
	echo 'ask 6 tcp watched.example 443' >&7
	ok 'what waits' shows w '^ +web +[0-9]+ +[0-9]+ s +watched.example:443'
	ok 'and the question' shows w '^web wants  watched.example:443'
	ok 'on 24 lines of 80' [ "$(screen w | wc -l)" = 24 ]
	tm resize-window -t w -x 60 -y 12
	sleep 0.5
	ok 'it keeps to its size' shows w '^web wants  watched.example:443'
	sleep 1
	tm send-keys -t w o
	ok 'a key answers' said c 'answer 6 allow 5 asked'
	for sig in TERM HUP; do
		[ $sig = TERM ] || {
			tm send-keys -t w 'clear; xray fw watch' Enter
			shows w '^VM +FLOWS'
		}
		for p in $(pgrep -x xray-watch); do
			! tr '\0' '\n' <"/proc/$p/environ" |
			    grep -qx "XRAY_HOME=$XRAY_HOME" ||
			    kill -$sig "$p"
		done 2>/dev/null
		tm send-keys -t w 'clear; stty -a' Enter
		ok "SIG$sig puts the terminal back" shows w \
		    '(^| )icanon.* echo '
	done
else
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do
		n=$((n + 1))
		echo "ok $n # SKIP no tmux"
	done
fi

# Not in a row: nobody waits longer for it.
ok 'killed again, much later' kill -9 "$(at "$vm" xray-ask)"
again() {
	grep 'xray-ask ended' "$vm/log/net.log" | sed -n '3s/.*again in //p' |
	    grep -qx '100 ms'
}
ok 'it comes back as soon as the first time' until_ok 30 again

is 'stop' 0 '' xray stop -q -f web db
ok 'nothing is left' [ -z "$(at "$vm" xray-ask; at "${vm%web}db" xray-ask)" ]
ok 'nor its socket' [ ! -e "$vm/ask.sock" ]
says 'nothing is asked there: 69' 69 'stopped; xray start web' \
    xray fw pending web
