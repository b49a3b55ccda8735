#!/bin/sh
# xray-join: bytes, ends and resets between its standard input and a socket, as
# many at once as may be, nothing said into the stream, nothing inherited.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 13
cd "$tmp" || exit 1

says 'no socket: 64' 64 'one socket' xray-join </dev/null
says 'standard input is a file: 64' 64 'is no socket' xray-join s </dev/null
says 'a number: 64' 64 'max' xray-join --max 0 s </dev/null
says 'nobody listens: said where it can be heard' 0 'xray-join: none: ' \
    sh -c 'socat -t 20 - EXEC:"xray-join none" </dev/null; :'
is 'and nowhere else' 0 '' sh -c 'socat -t 20 - EXEC:"xray-join none",stderr; :'

socat UNIX-LISTEN:s,fork EXEC:cat & # an echo
echo=$!
trap 'kill $echo $held 2>/dev/null; finish' EXIT
held=
until_ok 30 listens s
is 'there and back, and the end' 0 'hello' sh -c \
    'echo hello | socat -t 20 - EXEC:"xray-join s"'
head -c 20000000 /dev/urandom >big
ok 'much of it' sh -c \
    'socat -t 20 - EXEC:"xray-join s" <big >back; cmp big back'
is 'not a byte of its own' 0 'hello' sh -c \
    'echo hello | socat -t 20 - EXEC:"xray-join s",stderr'

# What it has open: the two sockets, the set, and nowhere.
mkfifo gate
socat -t 20 'EXEC:xray-join --max 1 s' 'SYSTEM:cat gate' 3<big >out 2>&1 &
held=$!
exec 4>gate
of() { at "$tmp" "$1"; }
joins() { [ "$(of xray-join | wc -l)" = "$1" ] &&
    [ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$(of xray-join | head -n 1)/status")" = 2 ]; }
ok 'one is there, confined' until_ok 30 joins 1
is 'and has nothing else open' 1 0 sh -c "ls -l /proc/$(of xray-join)/fd |
    grep -c '$tmp/big'"
is 'nor a place to write to' 1 '' sh -c \
    "ls -l /proc/$(of xray-join)/fd | grep -v 'socket:\|/dev/null\|eventpoll\|^total\|s.lock\|2 -> $tmp/out'"
is 'no second' 0 '1' sh -c 'socat -t 20 - EXEC:"xray-join --max 1 s" </dev/null \
    2>&1 | grep -c "s: too many"'
exec 4>&-
wait $held
held=
is 'one that ended makes room' 0 'hello' sh -c \
    'echo hello | socat -t 20 - EXEC:"xray-join --max 1 s"'
