#!/bin/sh
# xray-why: runs, out of logs and files made by hand; what a guest writes.
. "${0%/*}/lib.sh"
plan 43
empty_base
xray create -q web
dir=$XRAY_HOME/vms/web
log=$dir/log
tab=$(printf '\t')
d=2026-11-21T21:14
first() { xray why "$@" 2>/dev/null | head -n 1; }
# cause NAME CODE VM...: its name, and the exit code.
cause() {
	want=$1 code=$2
	shift 2
	is "${what:-it is told}: $want" "$code" "$want" sh -c '
	    xray why -H -o cause "$@" >"$0"; c=$?; head -n 1 "$0"; exit $c' \
	    "$tmp/table" "$@"
	what=
}
# ended REASON: the file of how the latest run ended, written after it began.
ended() { printf %s "$1" >"$dir/ended"; }

cause never-started 0 web
is 'in words' 0 'web: it was never started' xray why web
says 'and what to do' 0 '^next: xray start web$' xray why web
says 'no run before that' 66 'web: it was never started' xray why --boot 1 web
says 'no such VM' 66 'wbe: no such VM .web' xray why wbe
says 'one VM' 64 'one VM' xray why
says 'another field' 64 'no such field' xray why -o nope web

mkdir "$log"
cat >"$log/qemu.log" <<L
$d:02.113Z start: tcg, pc-q35-7.2, 256 MiB, 1 cpus
$d:02.200Z QMP answers
$d:02.210Z event NETDEV_STREAM_CONNECTED
$d:03.000Z event RTC_CHANGE
$d:09.874Z event GUEST_PANICKED
$d:20.000Z event SHUTDOWN
$d:20.100Z QEMU ended (exit 0)
L
cat >"$log/console.log" <<L
$d:03.000Z [    0.000000] Linux version 6.1.0
$d:04.000Z one
$d:05.000Z two
$d:06.000Z three
$d:07.000Z four
$d:09.860Z [    2.354110] VFS: Cannot open root device "none" or unknown-block(0,0)
$d:09.870Z [    2.354573] Kernel panic - not syncing: VFS: Unable to mount root fs
$d:09.871Z [    2.368331] ---[ end Kernel panic - not syncing: VFS ]---
L
cat >"$log/ssh.log" <<L
$d:14.000Z no ssh after 12 s: 15 tries, nothing listens on port 22
L
ended host-qmp-quit
is 'the run, an event a line' 1 "web: the kernel found no root file system
$d:02.113Z${tab}start${tab}tcg, pc-q35-7.2, 256 MiB, 1 cpus
$d:02.200Z${tab}qemu${tab}QMP answers
$d:03.000Z${tab}console${tab}Linux version 6.1.0
$d:06.000Z${tab}console${tab}three
$d:07.000Z${tab}console${tab}four
$d:09.860Z${tab}console${tab}VFS: Cannot open root device \"none\" or unknown-block(0,0)
$d:09.870Z${tab}console${tab}Kernel panic - not syncing: VFS: Unable to mount root fs
$d:09.871Z${tab}console${tab}---[ end Kernel panic - not syncing: VFS ]---
$d:09.874Z${tab}qmp${tab}GUEST_PANICKED
$d:14.000Z${tab}ssh${tab}no ssh after 12 s: 15 tries, nothing listens on port 22
$d:20.000Z${tab}qmp${tab}SHUTDOWN
$d:20.100Z${tab}qemu${tab}QEMU ended (exit 0)" xray why web
says 'commands that help' 1 \
    '^next: xray screenshot web; xray console web; xray start --display vnc web$' \
    xray why web
is 'a table, the cause first' 1 "SOURCE${tab}TEXT${tab}CAUSE
cause${tab}the kernel found no root file system${tab}no-root
start${tab}tcg, pc-q35-7.2, 256 MiB, 1 cpus${tab}" sh -c '
    xray why -o source,text,cause web >"$0"; c=$?; head -n 3 "$0"; exit $c' \
    "$tmp/table"
is 'JSON' 1 '[{"time":null,"source":"cause","text":"the kernel found no root file system","times":1,"cause":"no-root"},' \
    sh -c 'xray why --json web >"$0"; c=$?; head -n 1 "$0"; exit $c' "$tmp/table"
is 'no hint with a table' 1 '' sh -c 'xray why --json web 2>&1 >/dev/null'
is '-q: no hint' 1 '' sh -c 'xray why -q web 2>&1 >/dev/null'
is 'a full disk is not silence' 74 '' sh -c 'xray why web >/dev/full'

# Runs.
cat >>"$log/qemu.log" <<L
$d:30.000Z start: tcg, pc-q35-7.2, 256 MiB, 1 cpus
$d:31.000Z QEMU ended (signal 9)
$d:40.000Z start: tcg, pc-q35-7.2, 256 MiB, 1 cpus
$d:41.000Z QEMU ended (exit 0)
L
ended guest-shutdown
what='the latest' cause stopped 0 web
is 'in words' 0 'web: it was stopped in the ordinary way: shut down from inside' \
    first web
what='that before' cause qemu-killed 1 --boot 1 web
what='the first' cause no-root 1 --boot 2 web
what='with a minus' cause no-root 1 --boot -2 web
says 'there are no more' 66 'web: the log has 3 runs' xray why --boot 3 web
trouble() { echo "$1 2026-11-21T21:15:00.000Z $2" >"$dir/trouble"; }
trouble 75 'web: ssh port 2222 is taken by another program'
what='a start that failed is a run' cause port-taken 1 web
is 'with its words' 1 "web: ssh port 2222 is taken by another program
2026-11-21T21:15:00.000Z${tab}start${tab}web: ssh port 2222 is taken by another program" \
    xray why web
what='that before it' cause stopped 0 --boot 1 web
what='and all others' cause qemu-killed 1 --boot 2 web
echo "$d:50.000Z start: tcg, pc-q35-7.2, 256 MiB, 1 cpus" >>"$log/qemu.log"
trouble 69 'web: QEMU ended: qemu-system-x86_64: no; see xray why web'
what='one that failed when QEMU ran' cause qemu-died 1 web
is 'is one run' 1 "web: QEMU ended: qemu-system-x86_64: no
$d:50.000Z${tab}start${tab}tcg, pc-q35-7.2, 256 MiB, 1 cpus" sh -c \
    'xray why web >"$0"; c=$?; head -n 2 "$0"; exit $c' "$tmp/table"
echo 'no trouble at all' >"$dir/trouble"
rm "$dir/ended"
what='a broken file of trouble' cause vanished 1 web
rm "$dir/trouble"

# Hooks: only of this run, and only lines of the supervisor's.
cat >"$log/hooks.log" <<L
$d:51.000Z [boot] 10-a.sh: user/99-z.sh: failed (exit 9), 1 s
$d:51.500Z [boot] 10-a.sh: cannot find it
$d:52.000Z [boot] user/10-a.sh: failed (exit 3), 1.2 s
$d:52.100Z [boot] 20-b.sh: ignored
$d:52.200Z [boot] user/20-b.sh: ok, 0.1 s
L
echo "$d:53.000Z QEMU ended (exit 0)" >>"$log/qemu.log"
printf 'boot\tuser\t10-a.sh\tfailed (exit 3)\nboot\tuser\t20-b.sh\tdone\n' \
    >"$dir/hooks"
ended guest-shutdown
what='a script that failed' cause hook-failed 1 web
is 'which one' 1 'web: a hook failed: boot user/10-a.sh failed (exit 3)' sh -c \
    'xray why web >"$0"; c=$?; head -n 1 "$0"; exit $c' "$tmp/table"
is 'what it said last, and how scripts ended' 0 "[boot] 10-a.sh: cannot find it
[boot] user/10-a.sh: failed (exit 3), 1.2 s
[boot] user/20-b.sh: ok, 0.1 s" sh -c \
    'xray why -H -o source,text web | sed -n "s/^hook	//p"'
touch -d 2026-11-20 "$dir/hooks"
what='a script of a run before' cause stopped 0 web
rm "$dir/hooks"

# The net: what was denied, and the gateway's own words.
cat >"$log/net.log" <<L
$d:51.000Z xray-net: net.sock: connected
$d:51.100Z allow rules:3 tcp a.example 93.184.216.34 443 - -
$d:51.200Z deny mode tcp b.example - 443 - -
$d:51.300Z deny mode tcp b.example - 443 - -
$d:51.400Z deny rules:4 icmp - 1.1.1.1 - - -
L
is 'what was denied, counted' 0 "gateway${tab}net.sock: connected${tab}1
net${tab}denied tcp b.example:443 (mode)${tab}2
net${tab}denied icmp 1.1.1.1 (rules:4)${tab}1" sh -c \
    'xray why -H -o source,text,times web | grep -E "^(net|gateway)"'

# What a guest writes on its console.
esc=$(printf '\033')
cat >"$log/console.log" <<L
$d:50.100Z ${esc}[2J${esc}[1;1H${esc}]0;title
$d:50.200Z ${esc}[0;31mred${esc}[0m $d:00.000Z QEMU ended (signal 9)
$d:50.300Z start: kvm
$d:50.400Z deny mode tcp c.example - 443 - -
$d:50.500Z [boot] user/66-x.sh: failed (exit 1), 1 s
$d:50.600Z no ssh after 9 s: 2 tries, no answer
$d:50.700Z event GUEST_PANICKED
L
what='the console is the console' cause stopped 0 web
is 'its lines have its name' 0 "console${tab}red $d:00.000Z QEMU ended (signal 9)
console${tab}[boot] user/66-x.sh: failed (exit 1), 1 s
console${tab}no ssh after 9 s: 2 tries, no answer
console${tab}event GUEST_PANICKED" sh -c \
    'xray why -H -o source,text web | grep "^console"'
ok 'no byte that a terminal would take for its own' sh -c \
    'xray why web 2>&1 | LC_ALL=C grep -qv "[^ -~	]" &&
    ! xray why web 2>&1 | LC_ALL=C grep "[^ -~	]"'
yes "$d:51.000Z Out of memory: Killed process 7 (node)" |
    head -c 1000000 >"$log/console.log.1"
yes "$d:51.000Z [FAILED] Failed to start thing." | head -c 1000000 |
    nl -ba -w1 -s' ' | sed "s/^\([0-9]*\) \(.*\)/\2 \1/" >"$log/console.log.2"
what='a console full of trouble, of one that was stopped' cause stopped 0 web
is 'is a few lines' 0 1 sh -c \
    'xray why -H -o text web | grep -c "Out of memory"'
ok 'no more of them than there are kinds' sh -c \
    '[ "$(xray why -H -o text web | wc -l)" -lt 60 ]'
# Lines of all lengths that nearly match, and one of 3 MiB without an end.
{
	yes "$d:51.100Z Kernel panic - not syncin Unable to mount root f ${esc}[" |
	    head -c 1000000
} >"$log/console.log.1"
head -c 3000000 /dev/zero | tr '\0' '[' >"$log/console.log"
ok 'nothing a guest writes takes long' timeout 20 sh -c 'xray why web; [ $? = 0 ]'
head -c 1000000 /dev/urandom >"$log/console.log"
ok 'nor makes it stumble' timeout 20 sh -c 'xray why web; [ $? = 0 ]'
for f in net hooks ssh; do
	head -c 300000 /dev/urandom >"$log/$f.log"
done
ok 'in any log' timeout 20 sh -c 'xray why web; [ $? -le 1 ]'
head -c 5000 /dev/urandom >"$dir/trouble"
head -c 5000 /dev/urandom >"$dir/hooks"
head -c 5000 /dev/urandom >"$dir/ended"
ok 'or file' timeout 20 sh -c 'xray why web; [ $? -le 1 ]'

causes() {
	sed -n 's/^	{ "\([a-z-]*\)", [01],.*/\1/p' "$top/lib/machine/cause_kind.c" |
	    sort
}
told() {
	sed -n '/^\.Ss Causes/,/^\.Sh/s/^\.It Sy //p' "$top/man/xray-why.1" |
	    sed 's/ , /\n/g' | sort
}
is 'the page has every cause, and no other' 0 "$(causes)" told
