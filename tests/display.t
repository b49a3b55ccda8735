#!/bin/sh
# Displays of a real QEMU: what its sockets say, and what a snapshot makes of
# another one.  Windows are not opened: no desktop here; their words on the
# command line are in argv.t.
. "${0%/*}/lib.sh"
plan 15
empty_base
xray create -q -m 64 -c 1 web
vm=$XRAY_HOME/vms/web
has() { [ -S "$vm/$1" ]; }

ok 'vnc' xray start --display vnc web
is 'answers on a unix socket' 0 'RFB 003.008' sh -c \
    "socat -t 2 - 'UNIX-CONNECT:$vm/vnc.sock' </dev/null | head -n 1"
is 'that others cannot open' 0 700 stat -c %a "$XRAY_HOME"
is 'and on no TCP port' 0 1 sh -c \
    "ss -Hltnp | grep -c -e 'pid=\$(xray pid web),' -e \"pid=\$(sed 's/ .*//' $vm/gateway),\""
ok 'a live snapshot with a screen' xray snap create -q web screen
xray stop -f web
ok 'the socket goes with it' not has vnc.sock
is 'vm.ini has no display' 1 '' grep display "$vm/vm.ini"
says 'it is not for a VM without a screen' 78 \
    'screen was taken with screen yes, the VM has no now' \
    xray snap revert -q web screen
echo 'display = spice' >>"$vm/vm.ini"
ok 'but for one with any other' xray snap revert -q web screen
ok 'which resumes from it' xray start web
ok 'spice is on a socket too' has spice.sock
xray stop -f web

if command -v tmux >/dev/null; then
	tmux -L "xray$$" new-session -d -x 90 -y 30 \
	    "xray start -F --cold --display curses web 2>'$tmp/curses'"
	shows() { tmux -L "xray$$" capture-pane -p | grep -q "$1"; }
	ok 'curses draws on the terminal' until_ok 30 shows SeaBIOS
	is 'its QEMU runs' 0 running xray status web
	ok 'stop' xray stop -f web
	ok 'and gives the terminal back' until_ok 30 not \
	    tmux -L "xray$$" has-session
fi
