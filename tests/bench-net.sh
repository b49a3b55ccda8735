#!/bin/sh
# What goes through the firewall, allowed by a rule, beside what goes through
# QEMU's own user network, of the same guest; see bench.sh.
. "${0%/*}/world.sh"
. "${0%/*}/bench-lib.sh"
tiny_base
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-3}
rate=$XRAY_OBJ/tests/rate-peer web=93.184.216.34
make_world '127.0.0.1 localhost'
watch far in_world "$rate" serve
xray create -q -b tiny -c 1 ours
xray create -q -b tiny -c 1 theirs
echo "allow tcp $web *" >"$XRAY_HOME/vms/ours/rules"
xray start -q -w --timeout 300 ours theirs
# Theirs again, by its own command line with the other network.
xray stop -q theirs
xray argv theirs | sed 's/^stream,id=\([^,]*\),.*/user,id=\1,ipv6=off,hostfwd=tcp:127.0.0.1:2999-:22/
    s/^{.*"type": *"stream".*"id": *"\([^"]*\)".*/user,id=\1,ipv6=off,hostfwd=tcp:127.0.0.1:2999-:22/' \
    >"$tmp/argv"
grep -q '^user,' "$tmp/argv" || { cat "$tmp/argv"; exit 1; }
set -f
IFS='
'
# shellcheck disable=SC2046	# a line is an argument
set -- $(cat "$tmp/argv")
unset IFS
set +f
(cd "$XRAY_HOME/vms/theirs" && exec "$@") &
qemu=$!
world_pids="$world_pids $qemu"
on_theirs() {
	ssh -F none -q -o BatchMode=yes -o StrictHostKeyChecking=no \
	    -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10 \
	    -i "$XRAY_HOME/ssh/id" -p 2999 ubuntu@127.0.0.1 "$@"
}
on_ours() { xray ssh ours "$@"; }
until_ok 120 on_theirs true || exit 1
on_theirs 'cat >rate && chmod 755 rate' <"$rate"
on_ours 'cat >rate && chmod 755 rate' <"$rate"

vm_pid=$(xray info -H -o pid ours)
gate=$(pgrep -f "xray-net.*$(xray info -H -o mac ours)" | head -1)
pids_ours="$vm_pid $gate" pids_theirs=$qemu
# Processor time of processes, QEMU and the gateway, in hundredths of a second.
spent() {
	for p in "$@"; do
		sed 's/.*) //' "/proc/$p/stat"
	done | awk '{ s += $12 + $13 } END { print s }'
}
one() { # WHOSE WHAT
	eval "pids=\$pids_$1"
	# shellcheck disable=SC2086	# a list
	from=$(spent $pids)
	"on_$1" "./rate $2 $web $seconds" >>"$tmp/$1.$2"
	# shellcheck disable=SC2086
	echo $(($(spent $pids) - from)) >>"$tmp/$1.$2.cpu"
	# For each byte or connection, in microseconds.
	paste "$tmp/$1.$2" "$tmp/$1.$2.cpu" | tail -1 |
	    awk -v s="$seconds" '{ print $2 * 1e4 / ($1 * s) }' >>"$tmp/$1.$2.each"
}
for _ in $(seq "$rounds"); do
	for what in up down new; do
		one ours $what
		one theirs $what
	done
done
ratio() {
	paste "$tmp/ours.$1" "$tmp/theirs.$1" | awk '{ print $1 / $2 }' | median
}
of() { # WHOSE WHAT SCALE
	awk -v u="$3" '{ print $1 * u }' "$tmp/$1.$2" | median
}
both() { # WORK UNIT WHAT SCALE GOAL
	row 'through the gateway' "$1" "$2" "$(of ours "$3" "$4")" \
	    "QEMU's user network" "$(of theirs "$3" "$4")" "$(ratio "$3")" "$5"
}
for what in up down new; do
	if [ $what = new ]; then
		both 'new connections a second' '' new 1 'ratio >= 0.8'
		both '  processor time for each' us new.each 1 'ratio <= 1.2'
	else
		both "bulk $what" MB/s $what 1e-6 'ratio >= 0.8'
		both '  processor time for a MB' ms $what.each 1000 \
		    'ratio <= 1.2'
	fi
	# In the same time more is done by one than by the other: no measure.
	both '  all of it' s $what.cpu 0.01 ''
done
xray stop -q -f ours
