#!/bin/sh
# A guest's connection waits while a person is asked by a popup of tmux, or by a
# notification, and goes on or is refused as they say.
# shellcheck source=world.sh source-path=SCRIPTDIR
. "${0%/*}/world.sh"
# shellcheck source=desk.sh
. "${0%/*}/desk.sh"
for c in Xvfb dbus-daemon dunst dunstctl notify-send xdotool tmux; do
	command -v $c >/dev/null || skip_all 'no desktop'
done
tiny_base
plan 11
make_world '127.0.0.1 localhost
93.184.216.34 web1.example
93.184.216.34 web2.example
93.184.216.34 web3.example
93.184.216.34 web4.example'
printf 'HTTP/1.0 200 OK\r\n\r\npage\n' >"$tmp/page"
in_world socat TCP-LISTEN:80,fork,reuseaddr "SYSTEM:cat $tmp/page" \
    2>>"$tmp/served" &
world_pids="$world_pids $!"
outer() { tmux -S "$tmp/outer" "$@"; }
pids=
ended() {
	rc=$?
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null
	outer kill-server 2>/dev/null
	tmux kill-server 2>/dev/null
	end_world 2>/dev/null
	(exit $rc)
	finish
}
trap ended EXIT
xray create -q -b tiny -c 1 -m 128 a
ok 'a guest is up' xray start -q -w --timeout 500 a
get() { timeout 300 xray ssh a \
    "timeout 250 wget -q -O- http://$1.example/" 2>/dev/null; }
held() {
	get "$1" >"$tmp/$1" 2>&1 &
	held=$!
}

# The server of journey 5: a person in tmux, who has started nothing.
tmux -f /dev/null new-session -d -x 100 -y 30 -s inner "PS1='$ ' sh"
outer -f /dev/null new-session -d -x 100 -y 30 -s o \
    "TMUX= TERM=screen tmux attach -t inner"
shows() { until_ok 100 sh -c "tmux -S $tmp/outer capture-pane -p -t o |
    grep -Eq -- '$1'"; }
until_ok 60 sh -c 'xray fw status -H -o answerers a | grep -qx tmux'
held web1
ok 'a popup asks' shows 'a wants  web1.example:80  .HTTP.'
is 'the connection waits' 0 '' cat "$tmp/web1"
sleep 1.2
outer send-keys -t o s
wait "$held"
is 'a key, and it goes on' 0 page cat "$tmp/web1"
# Or by the rule, where that was quicker than the resolver.
ok 'by the answer' sh -c 'xray fw log -H -o why,dest a |
    grep -Eq "^(asked|rules.session:[0-9]+)	web1.example:80\$"'
held web2
shows 'a wants  web2.example:80'
outer send-keys -t o d
not_got() { ! wait "$held" && [ ! -s "$tmp/web2" ]; }
ok 'another, and it is refused' not_got
outer kill-server
held web3
ok 'who has left is asked no more' until_ok 100 sh -c '
    xray fw log -H -o why,dest a | grep -q "^nobody	web3.example:80$"'
wait "$held"

# The person is at the desk now.
Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp -noreset 3>"$tmp/display" \
    2>"$tmp/x.log" &
pids="$pids $!"
until_ok 60 test -s "$tmp/display"
DISPLAY=:$(cat "$tmp/display")
export DISPLAY
bus
cat >"$tmp/dunstrc" <<D
[global]
	origin = top-left
	offset = 0x0
	width = 400
	mouse_left_click = context
	dmenu = $tmp/pick
D
printf '#!/bin/sh\ngrep Session\n' >"$tmp/pick"
chmod 755 "$tmp/pick"
dunst -conf "$tmp/dunstrc" >"$tmp/dunst.log" 2>&1 &
pids="$pids $!"
displayed() { [ "$(dunstctl count displayed)" = "$1" ]; }
ok 'a notification server' until_ok 60 displayed 0
# Who has been looked for a moment ago is not looked for again.
until_ok 60 sh -c 'xray fw status -H -o answerers a | grep -q desktop'
held web4
ok 'a notification asks' until_ok 100 displayed 1
press() {
	sleep 1.2
	xdotool mousemove 100 20 click 1
	displayed 0
}
ok 'a button is pressed' until_ok 60 press
wait "$held"
is 'and the connection goes on' 0 page cat "$tmp/web4"
xray stop -q -f a
