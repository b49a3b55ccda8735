#!/bin/sh
# xray-proxy: what it lets through, and in which words it refuses.
. "${0%/*}/lib.sh"
peer=$XRAY_OBJ/tests/socks-peer
[ -x "$peer" ] || skip_all 'socks-peer is not built: make tests'
unshare -m true 2>/dev/null || skip_all 'no mount namespace'
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 58
cd "$tmp" || exit 1
chmod 755 .

# proxy OPTION...: started, and ready; names are those of the file hosts.
proxy() {
	rm -f ready
	: >words
	unshare -m sh -c 'mount --bind hosts /etc/hosts && exec "$@"' - \
	    xray-proxy --listen 127.0.0.1:1080 --rules rules --log log \
	    --ready-fd 3 "$@" 3>ready 2>words &
	proxy=$!
	pids="$pids $proxy"
	until_ok 20 test -s ready
}
ends() { # CODE
	kill "$proxy"
	wait "$proxy"
	[ $? = "$1" ]
}
# talk ESCAPES...: say all of it at once; what comes back, in hex.
to=TCP:127.0.0.1:1080
# shellcheck disable=SC2059	# it is a format
talk() {
	printf "$@" | socat -t 20 - "$to" | od -An -tx1 -v | tr -d ' \n'
	echo
}
hello='\005\001\000'
# ask TYPE ADDRESS PORT: a request, in escapes; its reply's code.
ask() {
	talk "$hello\\005\\001\\000\\00$1$2$(printf '\\%03o\\%03o' \
	    $(($3 / 256)) $(($3 % 256)))" | sed 's/^0500050\(.\).*/\1/'
}
name() { printf '\\%03o%s' ${#1} "$1"; }
at='\177\000\000\001'
# logged PATTERN: a line of the log, after its time.
logged() { until_ok 20 grep -Eqx "[^ ]+Z $1" log || { cat log; return 1; }; }

says 'no --listen: 64' 64 'needs --listen and --rules' xray-proxy --rules r
says 'no --rules: 64' 64 'needs --listen' xray-proxy --listen 127.0.0.1:0
bad() { timeout 20 xray-proxy --rules rules --listen "$@"; }
for place in 1080 localhost:1 127.0.0.1:65536 ::1:1080 '[127.0.0.1]:1' ''; do
	says "'$place' is no place: 64" 64 'not ADDR:PORT' bad "$place"
done
says 'nor a long path: 64' 64 '1 to 107 bytes' bad \
    "unix:$(printf '%0108d' 0)"
says 'no such mode: 64' 64 'deny' bad 127.0.0.1:0 --mode maybe
: >file
says 'a file where a socket is to be: 73' 73 'file: exists' bad unix:file
cat >hosts <<'HOSTS'
127.0.0.1 localhost good.test private.test
127.0.0.9 two.test
127.0.0.1 two.test
93.184.216.34 far.test
HOSTS
cat >rules <<'RULES'
allow tcp 127.0.0.1 *
allow tcp ::1 *
deny tcp bad.test *
allow tcp good.test 9000-9002 to=127.0.0.1
allow tcp two.test * to=127.0.0.0/8
allow tcp private.test *
allow tcp far.test *
allow tcp none.test *
allow tcp host 9000
allow tcp 203.0.113.0/24 *
RULES
"$peer" serve 9000 &
pids="$pids $!"
# Who is told how much, once all has come.
socat TCP-LISTEN:9001,fork,reuseaddr SYSTEM:'wc -c' &
pids="$pids $!"
ok 'it starts' proxy --listen 'unix:sock' -v
ok 'and says where it listens' grep -q '127.0.0.1:1080: listening' words
says 'a port that is taken: 75' 75 '127.0.0.1:1080: ' bad 127.0.0.1:1080
ok 'its socket is for its owner alone' [ "$(stat -c %a sock)" = 600 ]
says 'which is in use: 75' 75 'sock: in use' bad unix:sock
is 'it makes no core and no process' 0 'Max core 0 0
Max processes 0 0' sh -c '
    sed -n "s/ file size//; /^Max \(core\|processes\) /s/  *[a-z]* *$//p" \
    "/proc/$0/limits" | tr -s " " | sort' "$proxy"
ok 'no capability but one, which is for low ports' grep -Eq \
    '^CapPrm:.0000000000000[04]00$' "/proc/$proxy/status"
is 'nor have its children a way to one' 0 'NoNewPrivs:	1' sh -c '
    for p in $(pgrep -P "$0"); do grep NoNewPrivs "/proc/$p/status"
    done | sort -u' "$proxy"

until_ok 20 "$peer" conn 1 1 9000
is 'an address: 0' 0 0 ask 1 "$at" 9000
is 'a name: 0' 0 0 ask 3 "$(name GOOD.test.)" 9000
is 'an address that is written as a name: 0' 0 0 ask 3 "$(name 127.0.0.1)" 9000
is 'this machine, by its name: 0' 0 0 ask 3 "$(name host.xray.internal)" 9000
is 'the next address, after a refusal: 0' 0 0 ask 3 "$(name two.test)" 9000
is 'what no rule names: 2' 0 2 ask 3 "$(name other.test)" 9000
is 'a port that no rule names: 2' 0 2 ask 3 "$(name good.test)" 8999
is 'what a rule denies: 2' 0 2 ask 3 "$(name bad.test)" 9000
is 'a name that leads to a private place: 2' 0 2 \
    ask 3 "$(name private.test)" 9000
is 'a name that nobody has: 4' 0 4 ask 3 "$(name none.test)" 9000
is 'what is no name: 4' 0 4 ask 3 "$(name 0x7f.1)" 9000
is 'no network: 3' 0 3 ask 3 "$(name far.test)" 9000
is 'nobody listens: 5' 0 5 ask 1 "$at" 9003
is 'nobody listens, by IPv6: 5' 0 5 \
    ask 4 '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\001' 9003
is 'BIND: 7' 0 050005070001000000000000 talk \
    "$hello\\005\\002\\000\\001$at\\043\\050"
is 'UDP ASSOCIATE: 7' 0 050005070001000000000000 talk \
    "$hello\\005\\003\\000\\001$at\\043\\050"
is 'no such address type: 8' 0 050005080001000000000000 talk \
    "$hello\\005\\001\\000\\002$at\\043\\050"
is 'a password is wanted: ff' 0 05ff talk '\005\001\002'
ok 'another protocol: an end' [ -z "$(talk 'GET / HTTP/1.1\r\n\r\n')" ]
is 'what comes behind the request comes first; an end is half of one' 0 \
    "050005000001000000000000$(printf '12\n' | od -An -tx1 | tr -d ' \n')" \
    talk "$hello\\005\\001\\000\\001$at\\043\\051hello, world"
# shellcheck disable=SC2030	# to is another there
ok 'by the unix socket too' [ "$(to=UNIX-CONNECT:sock
    ask 3 "$(name good.test)" 9000)" = 0 ]
chmod 666 sock
is 'but nobody else, whatever its mode' 0 '' setpriv --reuid 65534 \
    --clear-groups socat -t 5 - UNIX-CONNECT:sock </dev/null
ok 'verdicts are logged' logged \
    'allow rules:4 tcp good\.test 127\.0\.0\.1 9000 - -'
ok 'and ends, with bytes both ways' logged \
    'allow rules:1 tcp - 127\.0\.0\.1 9001 12 3'
ok 'and refusals' sh -c 'grep -q "deny mode tcp other.test - 9000 - -" log &&
    grep -q "deny loopback tcp private.test - 9000 - -" log &&
    grep -q "deny name tcp - - 9000 - -" log &&
    grep -q "deny user tcp - - - - -" log'
# What is claimed, behind a request and later.
get='GET / HTTP/1.0\r\nHost: claimed.test\r\n\r\n'
talk "$hello\\005\\001\\000\\001$at\\043\\051$get" >/dev/null
ok 'a claim where no name led is logged' logged \
    'claims http claimed\.test tcp - 127\.0\.0\.1 9001'
# claimed NAME: it is asked for, and a while later GET says what it says.
# shellcheck disable=SC2059,SC2031	# they are formats, and to is ours
claimed() {
	{
		printf "$hello\\005\\001\\000\\003$(name "$1")\\043\\051"
		sleep 0.5
		printf "$get"
	} | socat -t 20 - "$to" >/dev/null
}
claimed good.test
ok 'and one that is not the name' logged \
    'claims http claimed\.test tcp good\.test 127\.0\.0\.1 9001'
claims=$(grep -c claims log)
get='GET / HTTP/1.0\r\nHost: good.test:9001\r\n\r\n'
claimed good.test
ok 'the name itself is not' [ "$(grep -c claims log)" = "$claims" ]
ok 'it has given up what it does not need' grep -q '^Seccomp:.2' \
    "/proc/$proxy/status"

# Rules that change.
mkfifo keep
"$peer" idle -x 1080 3 9000 <keep >rested 2>&1 &
idle=$!
pids="$pids $idle"
exec 4>keep
until_ok 20 grep -q ready rested
sed 's/allow tcp 127.0.0.1/deny tcp 127.0.0.1/' rules >new && mv new rules
denied() { [ "$(ask 1 "$at" 9000)" = 2 ]; }
ok 'a rule that denies what is open' until_ok 20 denied
exec 4>&-
wait "$idle"
ok 'ends it' grep -q 'alive 0' rested
echo 'no rule at all' >>rules
ok 'rules that cannot be read stay as they were' logged \
    'rules:11: .*; the rules stay as they were'
sed -i '$d; s/^deny tcp 127/allow tcp 127/' rules

ok 'SIGTERM ends it' ends 0

# What is broken from the start allows nothing, whatever else it says.
cp rules whole
echo 'no rule at all' >>rules
proxy --mode allow
is 'broken from the start' 0 2 ask 1 "$at" 9000
ok 'by what stands for them' logged 'deny unread:1 tcp - 127.0.0.1 9000 .*'
ok 'is told' logged 'rules:11: .*; nothing is allowed until they can be read'
ends 0
mv whole rules

# The children: the one of the log, four for names, one for rules.
ended() {
	wait "$proxy"
	[ $? = 71 ]
}
for child in 1 6; do
	proxy -v
	kill -9 "$(pgrep -P "$proxy" | sed -n ${child}p)"
	ok "without child $child it ends" ended
done
ok 'and says so' grep -q 'has ended: so does it' words
