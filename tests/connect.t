#!/bin/sh
# xray-connect: bytes both ways at once, ends, and nobody there.  Unix sockets
# stand where a gateway's would.
. "${0%/*}/lib.sh"
plan 8
empty_base
xray create -q -m 64 -c 1 web
xray start -q web
dir=$XRAY_HOME/vms/web
peers=
serve() { # PORT ADDRESS
	rm -f "$dir/guest-$1.sock"
	socat "UNIX-LISTEN:$dir/guest-$1.sock,fork" "$2" 2>/dev/null &
	peers="$peers $!"
	until_ok 30 listens "$dir/guest-$1.sock"
}
end() {
	# shellcheck disable=SC2086 # pids
	kill $peers 2>/dev/null
	finish
}
trap end EXIT

head -c 30000000 /dev/urandom >"$tmp/data"
serve 7 EXEC:cat
is 'an echo of 30 MB' 0 '' sh -c "
    timeout 60 xray connect web 7 <'$tmp/data' | cmp - '$tmp/data'"
# A reader that is late must not stop what is written.
is 'and read late' 0 '' sh -c "
    timeout 60 xray connect web 7 <'$tmp/data' |
    { sleep 1; cmp - '$tmp/data'; }"
serve 9 "SYSTEM:cat >'$tmp/sink'"
is 'one that takes all and says nothing' 0 '' sh -c "
    timeout 60 xray connect web 9 <'$tmp/data'
    for i in \$(seq 100); do # it writes what it has taken
        cmp -s '$tmp/sink' '$tmp/data' && exit; sleep 0.1
    done; exit 1"
is 'a reader that has enough' 0 '' sh -c "
    timeout 60 xray connect web 7 <'$tmp/data' | head -c 9 >/dev/null"
serve 10 OPEN:/dev/null # at once: EXEC would take its time
says 'an end before any byte: 69' 69 'web: nothing listens on port 10' \
    timeout 60 xray connect web 10 </dev/null
says 'with data too' 69 'web: nothing listens on port 10' \
    timeout 60 sh -c "xray connect web 10 <'$tmp/data'"
kill -STOP "$(cut -d' ' -f1 "$dir/gateway")"
is '--timeout counts for every port' 75 '' \
    timeout 9 xray connect --timeout 1 web 11
kill -CONT "$(cut -d' ' -f1 "$dir/gateway")"
# Nothing boots here, so it says nothing, and stays.
is 'the console' 124 '' timeout 2 xray connect web console </dev/null
xray stop -q -f web
