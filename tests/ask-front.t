#!/bin/sh
# The programs that put questions before a person, with the real things: a
# notification server on a bus of its own, tmux, dialogs, ssh, HTTP.  The VMs
# boot nothing; who asks is what a proxy would be.
. "${0%/*}/lib.sh"
plan 21
command -v socat >/dev/null || skip_all 'no socat'
empty_base
xray create -q -m 64 -c 1 web
# A display, which the VM's processes have in their environment.
Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp 3>"$tmp/display" \
    2>"$tmp/x.log" &
pids=$!
until_ok 60 test -s "$tmp/display"
DISPLAY=:$(cat "$tmp/display")
export DISPLAY NO_AT_BRIDGE=1
vm=$XRAY_HOME/vms/web
ok 'a VM runs' xray start -q web
ok 'somebody asks for it' until_ok 30 test -S "$vm/ask.sock"

end() {
	rc=$?
	trap '' EXIT
	exec 7>&-
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null
	tmux -S "$tmp/outer" kill-server 2>/dev/null
	tmux kill-server 2>/dev/null
	(exit $rc)
	finish
}
trap end EXIT
mkfifo "$tmp/in"
socat -t 3600 - "UNIX-CONNECT:$vm/ask.sock" <"$tmp/in" >>"$tmp/a" 2>&1 &
pids="$pids $!"
exec 7>"$tmp/in"
# Who comes and says nothing for ten seconds is let go.
echo status >&7
said() { until_ok 60 grep -Fqx -- "$1" "$tmp/a"; }
fact() { xray fw status -H -o "$1" web; }
answerers() { [ "$(fact answerers)" = "$1" ]; }
id=0
# ask NAME: a question, by a number of its own.
ask() {
	id=$((id + 1))
	echo "ask $id tcp $1 443" >&7
}
waits() { until_ok 60 sh -c "xray fw pending -H -o waits,dest web |
    grep '$1:443' | grep -vq late"; }
# choose WORD: config.ini is read once a second.
choose() {
	xray config set -q ask "$1"
	sleep 1.1
}
# program NAME: one of the user's own, of standard input.
program() {
	(umask 022; cat >"$tmp/$1"; chmod 755 "$tmp/$1")
}

# Nobody, and a program of one's own.
is 'nobody is there' 0 none fact answerers
ask none.example
ok 'no, at once' said "answer $id deny 1 nobody"
program robot <<'E'
#!/bin/sh
echo front robot
while read -r word vm id _; do
	[ "$word" != question ] || echo "answer $vm $id allow session"
done
E
choose "$tmp/robot"
is 'it would be asked' 0 robot fact answerers
ask one.example
ok 'a program answers' said "answer $id allow 5 asked"
ok 'its answer is a rule' until_ok 30 grep -q '^allow tcp one.example 443' \
    "$vm/rules.session"

# A desktop: a notification server on a bus, a display, a person with a mouse.
dbus-daemon --session --nofork --address="$DBUS_SESSION_BUS_ADDRESS" \
    2>"$tmp/bus.log" &
pids="$pids $!"
choose desktop
is 'a bus alone is nobody' 0 none fact answerers
program pick <<E
#!/bin/sh
grep -e "\$(cat "$tmp/choice")"
E
cat >"$tmp/dunstrc" <<E
[global]
	origin = top-left
	offset = 0x0
	width = 400
	mouse_left_click = context
	mouse_right_click = close_current
	dmenu = $tmp/pick
E
dunst -conf "$tmp/dunstrc" >"$tmp/dunst.log" 2>&1 &
pids="$pids $!"
until_ok 60 dunstctl count
displayed() { [ "$(dunstctl count displayed)" = "$1" ]; }
click() { # BUTTON [CHOICE]: on the notification
	echo "${2-}" >"$tmp/choice"
	xdotool mousemove 100 20 click "$1"
}
ok 'a server of notifications is' until_ok 60 answerers desktop
ask two.example
ok 'a question is a notification' until_ok 60 displayed 1
sleep 1.1
click 1 '1 hour'
ok 'a button answers' said "answer $id allow 5 asked"
ok 'for as long as it says' until_ok 30 grep -q '^allow tcp two.example 443 until=' \
    "$vm/rules.session"
ok 'it is gone' until_ok 30 displayed 0

# tmux: a client that is attached is a person.
choose tmux
tmux -f /dev/null new-session -d -x 100 -y 30 -s inner "PS1='$ ' sh"
is 'a session that is detached is nobody' 0 none fact answerers
outer() { tmux -S "$tmp/outer" "$@"; }
outer -f /dev/null new-session -d -x 100 -y 30 -s o \
    "TMUX= TERM=screen tmux attach -t inner"
shows() { until_ok 60 sh -c "tmux -S $tmp/outer capture-pane -p -t o |
    grep -Eq -- '$1'"; }
ok 'a client is somebody' until_ok 60 answerers tmux
ask three.example
ok 'a popup asks' shows 'web wants  three.example:443  .HTTPS.'
ok 'with the keys' shows 'd.eny +.o.nce +.s.ession'
sleep 1.2
outer send-keys -t o s
ok 'a key answers' said "answer $id allow 5 asked"
closed() { until_ok 60 sh -c "! tmux -S $tmp/outer capture-pane -p -t o |
    grep -q 'web wants'"; }
ok 'and the popup goes' closed
choose zenity
ok 'a display' until_ok 60 answerers zenity
ask zen.example
win() { xdotool search --onlyvisible --name '^xray: web$'; }
ok 'a dialog' until_ok 60 win

