#!/bin/sh
# A person at a desk: notifications, dialogs, and tmux, with the real things.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
for c in Xvfb dbus-daemon dunst dunstctl notify-send xdotool zenity tmux; do
	command -v $c >/dev/null || skip_all 'no desktop'
done
plan 38

# A display; the mouse and the keys of a person.  It does not begin anew when
# its last client goes: who comes at that moment waits for ever.
Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp -noreset \
    3>"$tmp/display" 2>"$tmp/x.log" &
pids=$!
until_ok 60 test -s "$tmp/display"
DISPLAY=:$(cat "$tmp/display") NO_AT_BRIDGE=1
export DISPLAY NO_AT_BRIDGE
# shellcheck source=asking.sh
. "${0%/*}/asking.sh"
# shellcheck source=desk.sh
. "${0%/*}/desk.sh"

# Notifications: a server on a bus.
bus
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
notifications() {
	dunst -conf "$tmp/dunstrc" >"$tmp/dunst.log" 2>&1 &
	dunst=$!
	pids="$pids $dunst"
	until_ok 60 dunstctl count
}
notifications
displayed() { [ "$(dunstctl count displayed)" = "$1" ]; }
# click BUTTON [CHOICE]: on the notification.
click() {
	echo "${2-}" >"$tmp/choice"
	xdotool mousemove 100 20 click "$1"
}
# press CHOICE VERDICT: until that counts.
press() {
	sleep 1.2
	click 1 "$1"
	grep -Fqx "answer $id $2 5 asked" "$tmp/a"
}
closed() {
	click 3
	displayed 0
}
ok 'a server of notifications is somebody' until_ok 60 answerers desktop
ask desk1.example
ok 'a question is a notification' until_ok 60 displayed 1
ok 'a button answers' until_ok 60 press '1 hour' allow
ok 'for as long as it says' rule 'allow tcp desk1.example 443 until='
ok 'and it is gone' until_ok 60 displayed 0
ask desk2.example
until_ok 60 displayed 1
ok 'Deny' until_ok 60 press Deny deny
ask desk3.example
until_ok 60 displayed 1
ok 'it can be closed' until_ok 60 closed
ok 'which says nothing' waits desk3.example
is 'somebody else does' 0 'Rule added: desk3.example:443 -> allow (once)' \
    xray fw answer web "$(number desk3.example)" allow
ask desk4.example
until_ok 60 displayed 1
xray fw answer web all deny >/dev/null
ok 'answered elsewhere it is taken away' until_ok 60 displayed 0
kill "$dunst"
wait "$dunst" 2>/dev/null
ask desk5.example
ok 'the server ends: nobody is there' said "answer $id deny 1 nobody"
is 'nobody would be asked' 0 none fact answerers

# Dialogs: zenity.
choose zenity
ok 'a display is somebody' until_ok 60 answerers zenity
window() { xdotool search --onlyvisible --name '^xray: web$'; }
no_window() { ! window; }
# keys KEY...: until the window, which there was, is gone.
keys() {
	w=$(window) && had=yes && xdotool windowfocus --sync "$w" &&
	    xdotool key --delay 60 "$@"
	sleep 0.5
	[ -n "$had" ] && no_window
}
ask zen1.example
ok 'a question is a dialog' until_ok 60 window
sleep 1.1
had=
# Down the list, from Deny to Once.
ok 'a person chooses' until_ok 60 keys Down Return
ok 'which answers' allowed
ok 'what was chosen' rule 'allow tcp zen1.example 443 until='
ask zen2.example
until_ok 60 window
had=
ok 'Escape closes it' until_ok 60 keys Escape
ok 'and says nothing' waits zen2.example
xray fw answer web all deny >/dev/null
ask zen3.example
until_ok 60 window
xray fw answer web all deny >/dev/null
ok 'answered elsewhere it goes' until_ok 60 no_window

mkfifo "$tmp/lost"
exec 9<>"$tmp/lost" # its input does not end
echo 'question web 1 tcp a.example 443 HTTPS name 1 never 0 a.example' >&9
ok 'without that display nobody is there' sh -c '
    DISPLAY=:4711 timeout 60 "$1/share/ask/zenity" <"$2" 9>&-
    [ $? != 124 ]' - "$top" "$tmp/lost"
exec 9>&-

# tmux: who is attached.
choose tmux
tmux -f /dev/null new-session -d -x 100 -y 30 -s inner "PS1='$ ' sh"
is 'a session that is detached is nobody' 0 none fact answerers
outer() { tmux -S "$tmp/outer" "$@"; }
outer -f /dev/null new-session -d -x 100 -y 30 -s o \
    "while :; do TMUX= TERM=screen tmux attach -t inner; sleep 3; done"
shows() { until_ok 60 sh -c "tmux -S $tmp/outer capture-pane -p -t o |
    grep -Eq -- '$1'"; }
gone() { until_ok 60 sh -c "! tmux -S $tmp/outer capture-pane -p -t o |
    grep -q 'web wants'"; }
ok 'a client is somebody' until_ok 60 answerers tmux
ask mux1.example
ok 'a popup asks' shows 'web wants  mux1.example:443  .HTTPS.'
ok 'with the keys' shows 'd.eny +.o.nce +.s.ession'
sleep 1.2
outer send-keys -t o s
ok 'a key answers' allowed
ok 'and the popup goes' gone
ok 'for the session' rule 'allow tcp mux1.example 443'
ask mux2.example
shows 'web wants  mux2'
outer send-keys -t o Escape
ok 'Escape closes it' gone
ok 'and says nothing' waits mux2.example
xray fw answer web all deny >/dev/null
ask mux3.example
shows 'web wants  mux3'
xray fw answer web all deny >/dev/null
ok 'answered elsewhere it goes' gone
ask mux4.example
shows 'web wants  mux4'
tmux detach-client -s inner
ok 'the last client goes: nobody is there' said "answer $id deny 1 nobody"

# All at once.
notifications
until_ok 60 tmux list-clients -F x
choose auto
both() { fact answerers | grep -Eqx 'desktop,tmux|tmux,desktop'; }
ok 'who is there' until_ok 60 both
ask all.example
ok 'is asked at once, here' until_ok 60 displayed 1
ok 'and there' shows 'web wants  all.example'
sleep 1.2
outer send-keys -t o o
ok 'the first answer' allowed
ok 'takes the others away' until_ok 60 displayed 0
