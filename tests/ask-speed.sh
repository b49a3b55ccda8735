#!/bin/sh
# ask-speed.sh: what a question costs that a program answers, over the
# verdict of a rule: connections of one guest to the same world, in turn, one
# allowed by a rule, one asked for.  The guest is a peer, the gateway and all
# behind it are the real ones.  Three numbers: us of a rule, and us more for a
# question, the middle one and the one of which 5 of 100 are above; of $rounds
# rounds, else 201.
. "${0%/*}/world.sh"
rounds=${rounds:-201} first=93.185.0.1
peer=$XRAY_OBJ/tests/ask-peer
[ -x "$peer" ] || exit 1
make_world '127.0.0.1 localhost'
# A backlog that nobody looks at: the kernel of the world is who answers.
in_world perl -MIO::Socket::INET -e '
    @l = map { IO::Socket::INET->new(LocalPort => $_, Listen => 4096) } 80, 443;
    print "ready\n"; close STDOUT; sleep' >"$tmp/listens" &
world_pids="$world_pids $!"
until_ok 30 grep -q ready "$tmp/listens"
empty_base
xray create -q -m 64 -c 1 web
vm=$XRAY_HOME/vms/web
echo 'allow tcp 93.185.0.0/16 443' >"$vm/rules"
# The command line of its gateway.
xray start -q web 2>/dev/null
tr '\0' '\n' <"/proc/$(cut -d' ' -f1 "$vm/gateway")/cmdline" |
    sed '/^--ready-fd$/,+1d; s/^52:54:.*/52:54:00:12:34:56/' >"$tmp/argv"
xray stop -q -f web
cd "$vm" || exit 1
# Who asks, who answers, the guest, and then the gateway, which waits for none.
"$XRAY_OBJ/tests/lock-peer" run.lock xray-ask web 2>"$tmp/ask.log" &
world_pids="$world_pids $!"
until_ok 30 test -S ask.sock
mkfifo "$tmp/in"
# shellcheck disable=SC2094	# a pipe with a name
xray-fw prompt --stdio web <"$tmp/in" | while read -r word vm id _; do
	[ "$word" != question ] || echo "answer $vm $id allow once"
done >"$tmp/in" 2>/dev/null &
world_pids="$world_pids $!"
until_ok 30 sh -c 'echo status | socat -t 5 - UNIX:ask.sock | grep -q stdio'
"$peer" net.sock "$first" "$rounds" >"$tmp/us" &
guest=$!
until_ok 30 test -S net.sock
set -f
IFS='
'
# shellcheck disable=SC2046	# a line is an argument
set -- $(cat "$tmp/argv")
unset IFS
set +f
"$@" 2>"$tmp/net.log" &
world_pids="$world_pids $!"
if ! wait "$guest" || grep -q -e - "$tmp/us"; then
	{
		grep -n -e - "$tmp/us"
		grep -v '^allow ' "$tmp/net.log"
		cat "$tmp/ask.log"
	} >&2
	exit 1
fi
at() { # PERCENT: of what is on standard input
	sort -n | awk -v p="$1" '{ v[NR] = $1 }
	END { i = int(NR * p / 100 + 0.5); print v[i < 1 ? 1 : i] }'
}
echo "$(cut -d' ' -f1 "$tmp/us" | at 50)" \
    "$(awk '{ print $2 - $1 }' "$tmp/us" | at 50)" \
    "$(awk '{ print $2 - $1 }' "$tmp/us" | at 95)"
