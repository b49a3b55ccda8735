#!/bin/sh
# picture.sh FILE: a picture of xray fw watch, 80x24, made from a real run: two
# guests, a world that has what they ask for, and a question.
case ${out-}$1 in
/*) out=${out-$1} ;;
*) out=$PWD/$1 ;;
esac
export out
. "${0%/*}/world.sh"
tiny_base
web=93.184.216.34
make_world "127.0.0.1 localhost
$web registry.example mirror.example nodes.example telemetry.example"
cat >"$tmp/http" <<'H'
while read -r line && [ "${line%?}" ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\n'
head -c "$1" /dev/zero
H
in_world socat TCP-LISTEN:80,fork,reuseaddr "SYSTEM:sh $tmp/http 3456789" \
    2>/dev/null &
world_pids="$world_pids $!"
xray create -q -b tiny -c 1 -m 128 web build
xray start -q -w --timeout 500 web build || exit 1
xray fw allow -q web registry.example:80
xray fw allow -q build mirror.example:80
xray fw deny -q web telemetry.example
get() { xray ssh "$1" "timeout 60 wget -q -O /dev/null http://$2.example/" 2>/dev/null; }
tm() { tmux -S "$tmp/tmux" "$@"; }
tm -f /dev/null new-session -d -x 80 -y 24 'xray fw watch'
shows() { until_ok 60 sh -c "tmux -S '$tmp/tmux' capture-pane -p |
    grep -q -- '$1'"; }
trap 'rc=$?; tm kill-server; end_world 2>/dev/null; (exit $rc); finish' EXIT
shows '^web ' || exit 1
get web registry
get build mirror
get web telemetry
get web registry
get web telemetry
get build nodes &
shows 'wants  nodes.example' && shows 'telemetry.example' || exit 1
sleep 2
tm capture-pane -e -p | perl "$here/picture.pl" >"$tmp/svg" && cp "$tmp/svg" "$out"
tm send-keys q # and so the server ends
xray stop -q -f web build
wait
