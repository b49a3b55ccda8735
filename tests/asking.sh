# For tests of programs that ask people: a VM, web, that boots nothing, and who
# asks for it what a proxy would.  Its processes see the DISPLAY and PATH that
# there are when this is read, behind lib.sh.
# shellcheck shell=sh
command -v socat >/dev/null || skip_all 'no socat'
empty_base
xray create -q -m 64 -c 1 web
vm=$XRAY_HOME/vms/web
pids=${pids-}
ended() {
	rc=$?
	trap '' EXIT
	exec 7>&-
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null
	! command -v tmux >/dev/null || {
		tmux -S "$tmp/outer" kill-server
		tmux kill-server
	} 2>/dev/null
	(exit $rc)
	finish
}
trap ended EXIT
xray start -q web
until_ok 60 test -S "$vm/ask.sock"
mkfifo "$tmp/in"
socat -t 3600 - "UNIX-CONNECT:$vm/ask.sock" <"$tmp/in" >>"$tmp/a" 2>&1 &
pids="$pids $!"
exec 7>"$tmp/in"
# Who comes and says nothing for ten seconds is let go.
echo status >&7

said() { until_ok 60 grep -Fqx -- "$1" "$tmp/a"; }
allowed() { said "answer $id allow 5 asked"; }
fact() { xray fw status -H -o "$1" web; }
answerers() { [ "$(fact answerers)" = "$1" ]; }
id=0
# ask NAME: a question, by a number of its own.
ask() {
	id=$((id + 1))
	echo "ask $id tcp $1 443" >&7
}
# waits NAME: it is shown, or waits.
waits() { xray fw pending -H -o waits,dest web | grep "	$1:" |
	grep -vq late; }
# number NAME: the question's.
number() { xray fw pending -H -o id,dest web | sed -n "s/	$1:.*//p"; }
rule() { until_ok 60 grep -Eq "^$1" "$vm/rules" "$vm/rules.session"; }
# choose WORD: config.ini is read once a second.
choose() {
	xray config set -q ask "$1"
	sleep 1.1
}
# program NAME: one of the user's own, of standard input.
program() {
	(umask 022; cat >"$tmp/$1"; chmod 755 "$tmp/$1")
}
