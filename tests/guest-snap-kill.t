#!/bin/sh
# In the middle of a live snapshot, at moments spread over its time, QEMU is
# killed, or its supervisor, or the command: each disk is usable, the snapshot
# is there whole or not at all, the older one loads, and its guest goes on where
# it was.  SNAP_KILLS=50 is the whole of it.
. "${0%/*}/lib.sh"
tiny_base
rounds=${SNAP_KILLS-4}
plan $((4 + rounds))
xray create -q -b tiny -m 128M -c 1 web
vm=$XRAY_HOME/vms/web
ok 'a guest is up' xray start -q -w --timeout 300 web
# It counts, in its memory alone, and writes.
xray ssh web 'cat >count.sh; sh count.sh >/dev/null 2>&1 </dev/null &' <<'END'
n=1000
while :; do
	n=$((n + 1))
	echo $n >kept
	echo $n >/dev/shm/n
	sleep 0.2
done
END
count() { xray ssh web cat /dev/shm/n 2>"$tmp/why"; }
counts() { [ -n "$(count)" ]; }
ok 'it counts' until_ok 60 counts
from=$(date +%s%N)
ok 'a live snapshot' xray snap create -q web one
took=$((($(date +%s%N) - from) / 1000000))
at=$(count)
echo "# in $took ms, at $at"
xray stop -q -f web

# Corruption it is not; clusters that nobody uses are swept by the next command.
usable() {
	qemu-img check "$vm/disk.qcow2" >"$tmp/check" 2>&1 || [ $? = 3 ] || {
		cat "$tmp/check"
		return 1
	}
}
tags() { xray snap list -H -o tag web | tr '\n' ' '; }
# goes_on TAG: it loads, and its guest goes on where it was.
goes_on() {
	xray snap revert -q web "$1" && xray start -q web || return
	said=$(count)
	echo "$1: at $said $(cat "$tmp/why")"
	[ "${said:-0}" -gt 1000 ] && [ "$said" -lt $((at + 1500)) ]
}
# QEMU was gone before the command looked: then it is one of a stopped VM.
early() {
	[ "$who" = QEMU ] && [ "$ended" = 0 ] &&
	    xray snap list -H -o tag,kind web | grep -qx "$1	disk"
}
# What is there behind a snapshot that was struck.
left() { # TAG
	usable || return
	case $(tags) in
	'one ') ;;
	"one $1 ")
		whole=$((whole + 1))
		wrong=no
		early "$1" || { goes_on "$1" && xray stop -q -f web; } ||
		    wrong=yes
		xray snap delete -q -y web "$1" && [ $wrong = no ]
		;;
	*)
		echo "tags: $(tags)"
		return 1
		;;
	esac && usable
}
strike() { # WHO COMMAND'S-PID
	qemu=$(cut -d' ' -f1 "$vm/pid") || return
	case $1 in
	QEMU) kill -9 "$qemu" ;;
	command) kill -9 "$2" ;;
	supervisor) kill -9 "$(ps -o ppid= -p "$qemu" | tr -d ' ')" ;;
	esac
}
# QEMU ends what it is at, and goes on, whoever asked it to.
survives() {
	until_ok 60 sh -c '[ "$(xray qmp --timeout 60 web query-status |
	    grep -c "\"running\": *true")" = 1 ]' && xray stop -q -f web
}
struck() { # K WHO
	goes_on one || return
	xray snap create -q web "s$1" >/dev/null 2>"$tmp/said" &
	command=$!
	ms=$((took * $1 / (rounds + 1)))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
	strike "$2" "$command"
	wait "$command" 2>/dev/null
	ended=$?
	if [ "$2" = QEMU ]; then
		until_ok 60 sh -c '[ "$(xray status web)" = stopped ]'
	else
		survives
	fi || return
	left "s$1"
}
whole=0 k=1
while [ $k -le "$rounds" ]; do
	case $((k % 5)) in
	1) who='command' ;;
	2) who=supervisor ;;
	*) who=QEMU ;;
	esac
	ok "$who is killed in it, $k of $rounds" struck $k $who
	echo "# the command ended with $ended"
	k=$((k + 1))
done
echo "# $whole of them were whole"
left_over() {
	xray snap list -H -o tag web
	qemu-img check "$vm/disk.qcow2" >/dev/null
	echo $?
	find "$vm" -name op -o -name '*.sock' -o -name pid -o -name state
}
xray snap revert -q web one
is 'in the end nothing is left over' 0 'one
0' left_over
