#!/bin/sh
# xray-log: rings of three sources, by time; runs; what comes.
. "${0%/*}/lib.sh"
plan 24
empty_base
xray create -q web
log=$XRAY_HOME/vms/web/log
says 'never started: 66' 66 'web: no log' xray log web
says 'another source' 64 'nonsense: console, qemu, net, hooks, ssh or all' \
    xray log web nonsense
mkdir -p "$log"
d=2026-11-21T21:14
cat >"$log/qemu.log" <<-L
	$d:00.000Z start: tcg, pc-q35-7.2
	$d:03.000Z QEMU ended (exit 0)
	$d:10.000Z start: tcg, pc-q35-7.2
L
cat >"$log/console.log.1" <<-L
	$d:01.000Z one
	$d:02.500Z two
L
{
	echo ' goes on'
	echo "$d:11.000Z three"
	printf '%s:12.000Z \033[2Jfour\tfive\n' $d
	printf '%s:13.000Z login: ' $d
} >"$log/console.log"
echo "$d:02.000Z deny tcp 1.1.1.1:443" >"$log/net.log"
tab=$(printf '\t')

is 'all, merged by time' 0 "$d:00.000Z${tab}qemu${tab}start: tcg, pc-q35-7.2
$d:01.000Z${tab}console${tab}one
$d:02.000Z${tab}net${tab}deny tcp 1.1.1.1:443
$d:02.500Z${tab}console${tab}two
$d:02.500Z${tab}console${tab} goes on
$d:03.000Z${tab}qemu${tab}QEMU ended (exit 0)
$d:10.000Z${tab}qemu${tab}start: tcg, pc-q35-7.2
$d:11.000Z${tab}console${tab}three
$d:12.000Z${tab}console${tab}\\033[2Jfour\\011five
$d:13.000Z${tab}console${tab}login: " xray log web
is 'one source needs no name' 0 "$d:02.000Z${tab}deny tcp 1.1.1.1:443" \
    xray log web net
is '-n' 0 "$d:13.000Z${tab}login: " xray log -n 1 web console
is '-n 0' 0 '' xray log -n 0 web
for o in serial:console qemu:qemu fw:net; do
	is "--${o%:*} is ${o#*:}" 0 "$(xray log web "${o#*:}")" \
	    xray log "--${o%:*}" web
done
is '--raw: the bytes, without times' 0 "$(printf '\033[2Jfour\tfive\nlogin: ')" \
    xray log --raw -n 2 web console
is '--boot 1: the run before the latest' 0 'one
two
 goes on' xray log --boot 1 --raw web console
is '--boot 0: the latest' 0 "start: tcg, pc-q35-7.2
three" sh -c "xray log --boot 0 --raw web | head -2"
is '--boot -1 is 1' 0 "$(xray log --boot 1 web)" xray log --boot -1 web
says '--boot 2: there is none' 66 'the log has 2 runs' xray log --boot 2 web
is 'a full disk is not silence' 74 '' sh -c 'xray log web >/dev/full'
ok 'a broken VM has a log too' sh -c "
    cp '$log/../vm.ini' '$tmp/vm.ini'; echo garbage >>'$log/../vm.ini'
    xray log web; c=\$?; cp '$tmp/vm.ini' '$log/../vm.ini'; exit \$c"

# A ring that turned in the middle of a line begins with what a guest wrote.
mkdir "$log/kept"
mv "$log/console.log" "$log/console.log.1" "$log/kept/"
printf '\033[2J-xxxxxTyyyyyyyyyyyyZ a time that is none\n' >"$log/console.log"
is 'what only looks like a time is text' 0 \
    '	\033[2J-xxxxxTyyyyyyyyyyyyZ a time that is none' xray log web console
mv "$log/kept/"* "$log/"

# -f: what comes, through a turn of the ring, until somebody stops it.
xray log -f --raw web console >"$tmp/followed" &
pid=$!
trap 'kill $pid 2>/dev/null || :; finish' EXIT
ok '-f: the last lines first' until_ok 30 grep -qx three "$tmp/followed"
echo >>"$log/console.log"
echo "$d:14.000Z before the turn" >>"$log/console.log"
mv "$log/console.log" "$log/console.log.1"
echo "$d:15.000Z behind the turn" >"$log/console.log"
ok '-f: lines before and behind a turn' until_ok 30 sh -c "
    tail -2 '$tmp/followed' | tr '\\n' , |
    grep -qx 'before the turn,behind the turn,'"
# Three turns between two looks: all of them are written before the first can be
# seen.
rm -f "$log/console.log.1"
mkdir "$log/next"
echo "$d:15.100Z first turn" >"$log/next/console.log.2"
echo "$d:15.200Z second turn" >"$log/next/console.log.1"
echo "$d:15.300Z third turn" >"$log/next/console.log"
kill -STOP $pid
mv "$log/console.log" "$log/console.log.3"
mv "$log/next/"* "$log/"
kill -CONT $pid
ok '-f: lines of a ring that turned three times at once' until_ok 30 sh -c "
    tail -3 '$tmp/followed' | tr '\\n' , |
    grep -qx 'first turn,second turn,third turn,'"
printf '%s:16.000Z half a' $d >>"$log/console.log"
sleep 0.5
is '-f: a line comes whole' 0 'third turn' tail -1 "$tmp/followed"
echo ' line' >>"$log/console.log"
ok '-f: then' until_ok 30 grep -qx 'half a line' "$tmp/followed"
rm -f "$log/console.log"
echo "$d:17.000Z another start" >"$log/console.log"
ok '-f: through a new log' until_ok 30 grep -qx 'another start' \
    "$tmp/followed"
is '-f: nothing twice' 0 '' sh -c "sort '$tmp/followed' | uniq -d"

