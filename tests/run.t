#!/bin/sh
# xray-run: what is asked of it, and that nothing is left of it, whenever it is
# killed.  Its guests are empty disks: they never answer.
. "${0%/*}/lib.sh"
plan 53
empty_base
empty_base other
export XRAY_WAIT_TIMEOUT=1
vms=$XRAY_HOME/vms ports=$XRAY_HOME/ports claims=$XRAY_HOME/throwaway

# left: what there is of VMs, ports, claims, and guests, which run in there.
left() {
	for d in "$vms" "$ports" "$claims"; do
		[ ! -d "$d" ] || ls -A "$d"
	done
	[ ! -e "$claims" ] || echo "${claims##*/}"
	at "$vms/*"
	true
}
nothing_left() { [ -z "$(left)" ]; }

says 'no base: 64' 64 'no base named' xray run
says 'no command: 64' 64 'no command' xray run --rm b
says 'nothing behind --: 64' 64 'no command' xray run --rm b --
says 'two bases: 64' 64 'other: one base' xray run --rm b other -- true
says 'a command without --: 64' 64 'ls: the command stands behind --: xray run b -- ls' \
    xray run b ls
says 'no such base: 66, and the nearest' 66 'bb: no such base \(b\?\)' \
    xray run --rm bb -- true
says 'no such option: 64' 64 '-x: no such option' xray run b -x -- true
says 'options behind -- are the command'\''s, and where bases are listed' 66 \
    'nob: no such base; xray base list' \
    xray run --rm nob -- --rm -x
says 'a name that is none: 64' 64 "'a b': not a name" \
    xray run --name 'a b' b -- true
says '--in of what is not there: 66' 66 "$tmp/no: No such file" \
    xray run --in "$tmp/no:x" b -- true
says '--in of nothing: 64' 64 'SRC\[:DST\]' xray run --in :x b -- true
says '--allow of what is none: 64' 64 'a b' xray run --allow 'a b' b -- true
says '--mode of what is none: 64' 64 'ask, deny, allow' \
    xray run --mode maybe b -- true
is 'nothing came of that' 0 '' left

# ---- the guest does not answer
says 'told, 75' 75 'run-[a-z0-9]{6}: no ssh after 1 s' \
    xray run --rm -m 64 b -- true </dev/null
cp "$tmp/err" "$tmp/told"
is 'nothing on standard output' 0 '' cat "$tmp/out"
ok 'and why, as nobody can look later' grep -q 'the guest is silent' \
    "$tmp/told"
ok 'which is said' grep -q 'removed; without --rm it stays' "$tmp/told"
is 'nothing is left' 0 '' left
echo 'net = open' >"$XRAY_HOME/config.ini"
says 'without --rm it stays' 75 'one: stays, stopped; xray start one, or' \
    xray run -m 64 --name one --allow example.org:443 other -- true </dev/null
is 'stopped, with its rules, without the defaults, behind its wall' 0 'stopped
deny
no
filtered
allow tcp example.org 443' sh -c 'xray status one; xray config get one mode
    xray config get one defaults; xray config get one net
    cat "$0/one/rules"' "$vms"
rm "$XRAY_HOME/config.ini"
is 'and nobody claims it' 1 '' test -e "$claims"
says 'its name is taken: 73' 73 'one: exists' xray run --rm --name one b -- true
is 'it is still there' 0 one xray list -q
xray remove -q -y one

# begin ARG...: in the background, in $pid; it waits for its guest for long.
# What a shell has in its background ignores SIGINT.
begin() {
	XRAY_WAIT_TIMEOUT=600 perl -e '$SIG{INT} = "DEFAULT"; setpgrp;
	    exec @ARGV' xray-run -m 64 "$@" b -- true </dev/null \
	    >"$tmp/out" 2>"$tmp/err" &
	pid=$!
}
running() { [ "$(xray list -H -o status)" = running ]; }
# watcher: the child that waits for its end.
watcher() { pgrep -P "$pid" -x xray-run; }
for sig in INT:130 TERM:143 HUP:129; do
	begin --rm
	until_ok 30 running
	kill "-${sig%:*}" "$pid"
	code=0
	wait "$pid" || code=$?
	is "SIG${sig%:*}: 128 + its number" 0 "${sig#*:}" echo "$code"
	is 'all is gone' 0 '' left
done

# ---- killed
begin --rm
until_ok 30 running
kill -9 "$pid"
wait "$pid" 2>/dev/null
ok 'killed: its watcher puts all away' until_ok 30 nothing_left

# kill_all: it and who would clean up for it.
kill_all() {
	w=$(watcher)
	# shellcheck disable=SC2086 # none or one
	kill -9 $w "$pid"
	wait "$pid" 2>/dev/null
}
begin --rm
until_ok 30 running
qemu=$(xray pid "$(xray list -q)")
kill_all
ok 'killed with its watcher: the guest is still there' kill -0 "$qemu"
is 'the next command sees nothing of it' 0 '' xray list -q
is 'nothing is left' 0 '' left

begin --rm
until_ok 30 running
name=$(xray list -q)
kill_all
says 'who is told its name does not know it' 66 "$name: no such VM" \
    xray start "$name"

begin
until_ok 30 running
kill_all
is 'one to be kept is stopped' 0 stopped xray list -H -o status
xray list -q | xray remove -q -y -

begin --rm
until_ok 30 running
name=$(xray list -q)
kill_all
kill -9 "$(ps -o ppid= -p "$(cut -d' ' -f1 "$vms/$name/pid")")"
is 'its supervisor killed too' 0 '' xray list -q
ok 'nothing is left, when who asked for it has seen that' \
    until_ok 30 nothing_left

begin --rm
until_ok 30 running
kill_all
is 'six look at once: none sees it' 0 '' sh -c '
    for i in 1 2 3 4 5 6; do xray list -q & done; wait'
is 'nothing is left' 0 '' left

begin --rm
until_ok 30 running
xray protect -q "$(xray list -q)"
kill_all
is 'a protected one stays' 0 1 sh -c 'xray list -q | wc -l'
xray list -q | xargs xray unprotect -q
xray list -q | xray remove -q -f -

# At moments from before the claim to behind the start.
bad_ms=
for ms in 000 003 005 007 010 013 016 020 025 040 075 120; do
	begin --rm
	sleep "0.$ms"
	case $ms in
	*[05]) kill_all ;;
	*)
		kill -9 "$pid"
		wait "$pid" 2>/dev/null
		;;
	esac
	[ -z "$(xray list -q)" ] && until_ok 10 nothing_left ||
	    bad_ms="$bad_ms $ms: $(left)"
done
is 'killed at twelve moments: nothing is ever left' 0 '' printf %s "$bad_ms"

# ---- claims
xray create -q --no-start -b b web
claim() { mkdir -p "$claims" && printf '%s\n' "$2" >"$claims/$1"; }
claim web '1 1 00000000-0000-4000-8000-000000000000 remove'
is 'a VM that only has the name is left alone' 0 web xray list -q
is 'its claim is not' 1 '' test -e "$claims"
claim web ''
is 'one that says nothing goes' 0 web xray list -q
uuid=$(sed -n 's/^uuid = //p' "$vms/web/vm.ini")
claim web "1 1 $uuid remove"
is 'one that is held: its owner lives' 0 web \
    "$XRAY_OBJ/tests/lock-peer" "$claims/web" xray list -q
claim web "1 1 $uuid remove"
is 'else it is swept' 0 '' xray list -q
is 'and nothing is left' 0 '' left

# ---- many
is 'six at once' 0 '75 75 75 75 75 75' sh -c '
    for i in 1 2 3 4 5 6; do
	{ c=0; xray run --rm -m 64 b -- true </dev/null 2>/dev/null || c=$?
	echo $c; } & done | xargs'
is 'nothing is left of them' 0 '' left

# ---- no room, in a mount name space of our own
mkdir "$tmp/full"
in_small() {
	unshare -m sh -c "mount -t tmpfs -o size=4m,mode=700 none '$tmp/full' &&
	    cp -a '$XRAY_HOME/bases' '$tmp/full' &&
	    echo 'min_free = 0' >'$tmp/full/config.ini' &&
	    { XRAY_HOME=$tmp/full; $1; }"
}
if in_small true 2>/dev/null; then
	says 'a full disk: 74' 74 'No space left' in_small '
	    cat /dev/zero >$XRAY_HOME/zero 2>/dev/null
	    xray run --rm -m 64 b -- true </dev/null'
	is 'nothing is left' 0 'config.ini
zero' in_small 'cat /dev/zero >$XRAY_HOME/zero 2>/dev/null
	    xray run --rm -m 64 b -- true </dev/null 2>/dev/null
	    cd $XRAY_HOME; ls -A vms ports 2>/dev/null | grep -v -e : -e "^$"
	    ls | grep -v -e bases -e lock -e ports -e ssh -e vms'
else
	for i in 1 2; do
		n=$((n + 1))
		echo "ok $n # SKIP no mount name space of our own"
	done
fi
echo 'min_free = 100000T' >"$XRAY_HOME/config.ini"
says 'less than min_free: 75, and nothing is left' 75 'min_free' sh -c '
    xray run --rm -m 64 b -- true </dev/null; c=$?
    [ -z "$(xray list -q)" ] && exit $c'
