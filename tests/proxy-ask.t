#!/bin/sh
# xray-proxy --ask: what no rule names waits for an answer, and for no longer
# than that.  Who answers here is a script; see ask.t for xray-ask.
. "${0%/*}/lib.sh"
peer=$XRAY_OBJ/tests/socks-peer
[ -x "$peer" ] || skip_all 'socks-peer is not built: make tests'
command -v socat >/dev/null || skip_all 'no socat'
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 27
cd "$tmp" || exit 1

# What it is asked is in the file asked; it answers as the name says, and about
# what begins with wait, which has a hyphen behind, once there is a file of that
# name.
cat >answerer <<'SH'
answer() { echo "answer $1 $2 $3 asked"; }
while read -r word id proto host port; do
	echo "$word $proto $host $port" >>asked
	case $host in
	yes*) answer "$id" allow 5 ;;
	localhost) answer "$id" allow 1 ;;
	no*) answer "$id" deny 1 ;;
	silence*) echo "answer $id deny 1 silence" ;;
	gone*) exit ;;
	noise*) printf '%0600d\n' 0 ;;
	wait*)
		(until [ -e "$host" ]; do
			[ -e asked ] || exit
			sleep 0.1
		done
		read -r verdict <"$host"
		answer "$id" "$verdict" 5) &
		;;
	esac
done
SH
asker() {
	rm -f ask.sock
	socat UNIX-LISTEN:ask.sock,fork SYSTEM:'sh answerer' &
	asker=$!
	pids="$pids $asker"
	until_ok 20 listens ask.sock
}
proxy() {
	rm -f ready
	xray-proxy --listen 127.0.0.1:1080 --listen unix:p.sock --rules rules \
	    --log log --ready-fd 3 "$@" 3>ready 2>words &
	proxy=$!
	pids="$pids $proxy"
	until_ok 20 test -s ready
}
: >asked
echo 'allow tcp 127.0.0.1 9000
deny tcp bad.test *' >rules
"$peer" serve 9000 &
pids="$pids $!"
until_ok 20 "$peer" conn 1 1 9000

want() { "$peer" want -x 1080 -d "$@"; }
logged() { until_ok 20 grep -Eqx "[^ ]+Z $1" log || { cat log; return 1; }; }
asks() { until_ok 20 sh -c "[ \$(grep -cx '$2' asked) = $1 ]"; }

ok 'it starts while nobody answers' proxy --ask ask.sock
is 'then it is denied: 2' 1 2 want first.test 443
ok 'and logged why' logged 'deny nobody tcp first.test - 443 - -'
asker
is 'a rule needs no answer' 0 0 "$peer" want -x 1080 9000
is 'nor does one that denies' 1 2 want bad.test 443
ok 'nobody was asked' [ ! -s asked ]
# It does not call again at once.
answered() { [ "$(want no.test 443)" = 2 ] && [ -s asked ]; }
ok 'when somebody comes he is asked' until_ok 20 answered
ok 'in words' grep -qx 'ask tcp no.test 443' asked
ok 'a no is a no' logged 'deny asked tcp no.test - 443 - -'
is 'nobody in time' 1 2 want silence.test 443
ok 'is logged so' logged 'deny silence tcp silence.test - 443 - -'
: >log
is 'a yes, and then the name is looked up' 1 4 want yes.invalid 443
ok 'is logged' logged 'deny no-address tcp yes.invalid - 443 - -'
is 'what it leads to is checked all the same' 1 2 want localhost 9000
ok 'it is loopback' logged 'deny loopback tcp localhost - 9000 - -'
is 'what a person said holds for as long as he said' 0 0 sh -c \
    "'$peer' want -x 1080 -d yes.invalid 443 >/dev/null
    grep -cx 'ask tcp yes.invalid 443' asked | sed 's/^1$/0/'"

# Many wait for one answer, and others do not wait for them.
for i in 1 2 3 4; do
	want wait-1.test 9000 >got$i &
	eval "w$i=\$!"
	pids="$pids $!"
done
asks 1 'ask tcp wait-1.test 9000'
is 'others go on' 0 0 "$peer" want -x 1080 9000
# A client that hangs up.
"$peer" want -x 1080 -d wait-2.test 9000 >gone &
pids="$pids $!"
gone=$!
asks 1 'ask tcp wait-2.test 9000'
open_fds() { find "/proc/$proxy/fd" -type l | wc -l; }
fds() { [ "$(open_fds)" = "$1" ]; }
before=$(open_fds)
kill "$gone"
ok 'who hangs up is forgotten' until_ok 20 fds $((before - 1))
ok 'which is logged' logged 'deny gone tcp wait-2.test - 9000 - -'
echo deny >wait-1.test
# shellcheck disable=SC2154	# by eval
wait "$w1" "$w2" "$w3" "$w4"
is 'one answer is for all who wait' 0 '2
2
2
2' cat got1 got2 got3 got4
is 'who were asked about once' 0 1 grep -cx 'ask tcp wait-1.test 9000' asked

# Rules that come meanwhile, and those who go meanwhile.
want wait-3.test 9000 >got &
w=$!
asks 1 'ask tcp wait-3.test 9000'
echo 'deny tcp wait-3.test *' >>rules
wait "$w"
is 'a rule answers too' 0 2 cat got
is 'who goes away has denied' 1 2 want gone.test 443
is 'who says what nobody knows too' 1 2 want noise.test 443
ok 'and others are asked again' until_ok 20 sh -c \
    "[ \$('$peer' want -x 1080 -d no-more.test 443) = 2 ] &&
    grep -qx 'ask tcp no-more.test 443' asked"

kill "$proxy"
wait "$proxy"
proxy --mode deny --ask ask.sock
is 'mode deny asks nobody' 1 2 want never.test 443
# The newest is the one that connects.
pkill -9 -P "$proxy" -n
wait "$proxy"
ok 'without the child that connects it ends' [ $? = 71 ]
