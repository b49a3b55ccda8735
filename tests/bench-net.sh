#!/bin/sh
# bench-net.sh [ROUNDS [SECONDS]]: what goes through the firewall, allowed by
# a rule, beside what goes through QEMU's own user network, of the same guest.
# Each round runs all of them in turn; the medians are printed, and of the
# ratios of the rounds.
. "${0%/*}/world.sh"
tiny_base
rounds=${1:-5} seconds=${2:-3}
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
# Processor time of processes, in hundredths of a second.
spent() {
	for p in "$@"; do
		sed 's/.*) //' "/proc/$p/stat"
	done | awk '{ s += $12 + $13 } END { print s }'
}
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
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
printf '%-26s %12s %12s %6s  %s\n' through ours 'QEMU user' ratio goal
for what in up down new; do
	unit=1000000 text="bulk $what, MB/s" per=1000 each='  CPU, ms for a MB'
	[ $what != new ] || {
		unit=1 text='new connections a second' per=1
		each='  CPU, us for each'
	}
	printf '%-26s %12.1f %12.1f %6.2f  %s\n' "$text" \
	    "$(awk -v u=$unit '{ print $1 / u }' "$tmp/ours.$what" | median)" \
	    "$(awk -v u=$unit '{ print $1 / u }' "$tmp/theirs.$what" | median)" \
	    "$(ratio $what)" '>= 0.8'
	printf '%-26s %12.3f %12.3f %6.2f  %s\n' '  CPU, s' \
	    "$(awk '{ print $1 / 100 }' "$tmp/ours.$what.cpu" | median)" \
	    "$(awk '{ print $1 / 100 }' "$tmp/theirs.$what.cpu" | median)" \
	    "$(ratio $what.cpu)" '<= 1.2'
	printf '%-26s %12.2f %12.2f %6.2f\n' "$each" \
	    "$(median <"$tmp/ours.$what.each" | awk -v u=$per '{ print $1 * u }')" \
	    "$(median <"$tmp/theirs.$what.each" | awk -v u=$per '{ print $1 * u }')" \
	    "$(ratio $what.each)"
done
xray stop -q -f ours
