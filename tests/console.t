#!/bin/sh
# xray-console: bytes both ways, the key that leaves, and a terminal that is
# put back whatever happens.
. "${0%/*}/lib.sh"
plan 23
empty_base
xray create -q web
dir=$XRAY_HOME/vms/web
says 'a stopped VM: 69 and the mend' 69 'web: stopped; xray start web' \
    xray console web
for e in ab '' ^ab nono; do
	says "-e '$e' is no character" 64 'none' xray console -e "$e" web
done
says 'one VM' 64 'one VM' xray console

# A VM that lives: its lock is held, and its supervisor is a socat.
alive() { "$XRAY_OBJ/tests/lock-peer" "$dir/run.lock" "$@"; }
# serve NAME SHELL-COMMAND: to one client at dir/NAME.  One that ends late would
# unlink the next one's socket.
serve() {
	rm -f "$dir/$1"
	(cd "$dir" && exec timeout 60 socat "UNIX-LISTEN:$1,unlink-close=0" \
	    "SYSTEM:$2") >"$tmp/socat" 2>&1 &
	until_ok 30 listens "$dir/$1"
}
printf 'a\033[1m\001' >"$dir/bytes"
serve tty.sock 'cat bytes; head -c 4'
is 'bytes pass as they are, and it ends with the console' 0 \
    "$(printf 'a\033[1m\001pin')" sh -c "printf 'pin\\n' | {
    '$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' xray-console web; }"
serve tty.sock 'echo hello; timeout 1 cat >got'
is '--read-only: it looks, and sends nothing' 0 'hello' sh -c "
    echo typed | '$XRAY_OBJ/tests/lock-peer' '$dir/run.lock' \
    xray-console --read-only web"
is 'nothing came' 0 '' cat "$dir/got"

# Its supervisor was killed: straight to QEMU, which serves one.
rm -f "$dir/tty.sock"
serve console.sock 'echo direct'
is 'without a supervisor: QEMU itself' 0 direct alive xray-console web
serve console.sock 'echo direct'
says 'and it says so' 0 'its supervisor is gone' alive xray-console web
says 'which serves one client: the second is told who is there' 75 \
    'web: console: locked by xray-test, pid 4711' alive \
    "$XRAY_OBJ/tests/lock-peer" "$dir/console.lock" xray-console web

# On a terminal.  T is what runs in it, T_SH its shell.
T="tmux -L xray-$$ -f /dev/null"
trap '$T kill-server 2>/dev/null || :; finish' EXIT
$T new-session -d -x 100 -y 30 -s t \
    "PS1='ready\$ ' sh; sleep 1" || echo "# no tmux session"
screen() { $T capture-pane -p -t t; }
sees() { until_ok 20 sh -c "$T capture-pane -p -t t | grep -Eq -- \"\$1\"" sh "$1"; }
keys() { $T send-keys -t t "$@"; }
# run OPTIONS: xray console in that terminal.
runs=0
run() {
	runs=$((runs + 1))
	rm -f "$tmp/after"
	serve tty.sock "echo here $runs; exec cat -v"
	keys "clear; stty -a >$tmp/before; $XRAY_OBJ/tests/lock-peer \
$dir/run.lock xray-console $* web; echo left \$?; stty -a >$tmp/after" Enter
	sees "^here $runs"
}
# The one of this home: another test may have one too.
find_pid() {
	until_ok 30 has_pid
}
has_pid() {
	for pid in $(pgrep -f '^xray-console.* web'); do
		tr '\0' '\n' <"/proc/$pid/environ" |
		    grep -qx "XRAY_HOME=$XRAY_HOME" && return
	done
	return 1
}
put_back() { until_ok 20 cmp -s "$tmp/before" "$tmp/after"; }
sees 'ready'
echo 'mora-tilk-83' >"$dir/password"
run
ok 'it says how to leave, and the password of the console' sees \
    'web: Ctrl-\] leaves. Login ubuntu, password mora-tilk-83 \(console only'
keys 'x' C-c C-z
ok 'Ctrl-C and Ctrl-Z go to the guest' sees 'x\^C\^Z'
keys C-]
ok 'Ctrl-] leaves' sees 'left 0'
ok 'the terminal is as before' put_back
run -e ^A
keys C-]
ok '-e: another key leaves, that one goes to the guest' sees '\^\]'
keys C-a
ok 'and so it does' sees 'left 0'
for sig in TERM HUP INT; do
	run
	find_pid
	kill -$sig "$pid"
	ok "SIG$sig: the terminal is as before" sh -c \
	    "until [ -s '$tmp/after' ]; do sleep 0.1; done
	    cmp '$tmp/before' '$tmp/after'"
done
run
find_pid
kill -TSTP "$pid"
until_ok 30 sh -c "ps -o stat= -p $pid | grep -q T"
tty=$($T display -p -t t '#{pane_tty}')
ok 'SIGTSTP: stopped, and the terminal is as before' sh -c \
    "ps -o stat= -p $pid | grep -q T && stty -a <$tty | cmp - '$tmp/before'"
kill -CONT "$pid"
# What is typed before the terminal is its own again is the shell's.
until_ok 30 sh -c "stty -a <$tty | grep -q -- -icanon"
keys C-]
ok 'and it goes on' sees 'left 0'
