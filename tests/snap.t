#!/bin/sh
# Snapshots where there is little room, and those of the present before one
# goes back.  No guest is needed.
. "${0%/*}/lib.sh"
plan 35
empty_base
xray create -q -m 64 -c 1 web
tags() { xray snap list -H -o tag,kind "${1:-web}"; }

xray config set -q min_free 900T
says 'the disk is nearly full: 75' 75 \
    'web: .* free, .*min_free is .*; see xray disk, or use -f' \
    xray snap create web clean
is 'nothing was taken' 0 '' tags
is '-f takes it' 0 'Created snapshot: clean' xray snap create -f web clean
says 'a save first, with no room: 75' 75 'min_free is' \
    xray snap revert --save web clean
is 'nothing was done' 0 'clean	disk' tags
is 'by -f' 0 'Created snapshot: mine
Reverted to snapshot: clean' xray snap revert -f --save=mine web clean
xray config unset -q min_free
is 'the one reverted to is current, the other its child' 0 'clean	yes	
mine	no	clean' xray snap list -H -o tag,current,parent web
says 'saved under a name that is there: 73' 73 'snapshot mine exists' \
    xray snap revert --save=mine web clean
says 'or under none: 64' 64 'not a tag' xray snap revert --save=../x web clean
is 'without a name: the time' 0 1 sh -c "
    xray snap revert --save web clean |
    grep -c '^Created snapshot: 20[0-9-]*\$'"

# Of one that runs.
xray start -q web
is 'live: saved, and back' 0 'Created snapshot: now
Created snapshot: later
Reverted to snapshot: now' sh -c "
    xray snap create web now && xray snap revert --save=later web now"
is 'a guest that never answered is not waited for' 0 \
    'Reverted to snapshot: now' timeout 5 xray snap revert web now
is 'both are live' 0 'later	live
now	live' sh -c "xray snap list -H -o tag,kind web | grep live | sort"
says 'a disk snapshot, and nobody to ask: 69' 69 '--restart' \
    sh -c 'xray snap revert --save=x web clean </dev/null'
is 'nothing was saved' 1 '' sh -c 'xray snap list -H -o tag web | grep -x x'
is 'with --restart: saved while it runs, off, back, on' 0 \
    'Created snapshot: x
Reverted to snapshot: clean' xray snap revert --restart --save=x web clean
is 'it runs, and x is live' 0 'running
live' sh -c 'xray status web
    xray snap list -H -o tag,kind web | sed -n "s/^x	//p"'

# The disk of one that runs, without its memory.
is 'disk alone' 0 'Created snapshot: flat
flat	disk	0' sh -c "xray snap create --disk-only --note why web flat &&
    xray snap list -H -o tag,kind,size web | grep flat"
is 'with the record of all others' 0 'x	yes	why' \
    sh -c "xray snap list -H -o tag,parent,current,note web |
    sed -n 's/^flat	clean/x/p'"
is 'the guest runs' 0 running xray status web
says 'a tag that is there: 73' 73 'flat exists' \
    xray snap create --disk-only web flat
says 'what has no memory is booted: 69 with nobody to ask' 69 '--restart' \
    sh -c 'xray snap revert web flat </dev/null'
is 'delete twice: once' 0 'Deleted snapshot: flat' \
    xray snap delete -y web flat flat
xray stop -q -f web
is 'stopped: as without' 0 'Created snapshot: flat
flat	disk' sh -c "xray snap create --disk-only web flat &&
    xray snap list -H -o tag,kind web | grep flat"
xray start -q web

# Nobody waits for a person who thinks.  script(1) is the terminal.
ask() { script -qec "$1" /dev/null; }
slowly() {
	mkfifo "$tmp/answer"
	ask 'xray snap revert web flat' <"$tmp/answer" >"$tmp/asked" 2>&1 &
	asker=$!
	exec 9>"$tmp/answer"
	until_ok 30 grep -q 'switch off, revert' "$tmp/asked"
	xray config set -q web label thinking
	got=$?
	echo n >&9
	exec 9>&-
	wait $asker
	return $got
}
if command -v script >/dev/null; then
	is 'the question is asked without the lock' 0 '' slowly
else
	ok 'the question is asked without the lock # SKIP no script(1)' true
fi
is 'no is no' 0 running xray status web
xray stop -q -f web

# One that is bad is no trouble for the others.
xray create -q -m 64 -c 1 bad
xray snap create -q bad one
xray snap create -q bad two
mv "$XRAY_HOME/vms/bad/disk.qcow2" "$tmp/away"
says 'list: told' 74 'bad: disk.qcow2' xray snap list bad web
is 'the others are listed' 74 flat sh -c '
    xray snap list -H -o vm,tag bad web >"$0"; r=$?
    sed -n "s/^web	\(flat\)/\1/p" "$0"; exit $r' "$tmp/list"
says 'one that is not there: 66' 66 'no such VM' xray snap list web nope
mv "$tmp/away" "$XRAY_HOME/vms/bad/disk.qcow2"
mkdir "$tmp/fails"
cat >"$tmp/fails/qemu-img" <<'IMG'
#!/bin/sh
case " $* " in *" -d one "*) exit 1 ;; esac
PATH=${PATH#*:}
exec qemu-img "$@"
IMG
chmod +x "$tmp/fails/qemu-img"
says 'delete: a failure is told' 74 'qemu-img snapshot -d one' \
    env PATH="$tmp/fails:$PATH" xray snap delete -y bad one two
is 'the journal has it' 0 'delete one' cat "$XRAY_HOME/vms/bad/op"
is 'and the next finishes it' 0 'Created snapshot: three
three' sh -c 'xray snap create bad three; xray snap list -H -o tag bad |
    grep -v two'
: >"$XRAY_HOME/vms/bad/op"
is 'one that the power cut short began nothing' 0 'Created snapshot: four
code 1' sh -c 'xray snap create bad four 2>&1; test -e "$0"; echo "code $?"' \
    "$XRAY_HOME/vms/bad/op"
cat >"$tmp/fails/qemu-img" <<'IMG'
#!/bin/sh
case " $* " in *" -d three "*) [ -e "${0%/*}/once" ] || {
	: >"${0%/*}/once"
	exit 1
} ;; esac
PATH=${PATH#*:}
exec qemu-img "$@"
IMG
is 'all are tried' 74 'Deleted snapshot: four' \
    env PATH="$tmp/fails:$PATH" xray snap delete -y bad three four
is 'a failure that passes is mended' 0 two xray snap list -H -o tag bad
