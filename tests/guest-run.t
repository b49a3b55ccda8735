#!/bin/sh
# xray-run and xray-provision with real guests: words, codes, streams, files,
# what was denied, and that nothing is left.
. "${0%/*}/lib.sh"
tiny_base
plan 44
cd "$tmp" || exit 1
export XRAY_VM_CPUS=1 # boots sooner where the CPU is emulated
vms=$XRAY_HOME/vms
left() {
	for d in "$vms" "$XRAY_HOME/ports"; do
		[ ! -d "$d" ] || ls -A "$d"
	done
	[ ! -e "$XRAY_HOME/throwaway" ] || echo throwaway
	at "$vms/*"
	true
}
nothing_left() { [ -z "$(left)" ]; }
run() { xray run --rm -m 128 "$@" </dev/null; }

# ---- words, codes, streams
set -- printf '[%s]\n' '' ' a  b ' "it's" '"' '$HOME' '`id`' \\ 'l1
l2' 'ü' '*' -n ';' '%s' '!' '#' '~' "'"
head -c 300000 /dev/urandom >r
xray run --rm -m 128 -i tiny -- sh -c '"$@"; exec cat' sh "$@" <r >r2
shift
# shellcheck disable=SC2059 # that is its format
{ printf "$@"; cat r; } >want
ok 'the words are exactly those; with -i it reads our input, to its end' \
    cmp want r2
# both COMMAND...: its output, and below it its error.
both() {
	run "$@" 2>said
	code=$?
	cat said
	return $code
}
is 'a code, and its output and error apart, nothing of ours in them' 3 'one
two' both tiny -- sh -c 'echo two >&2; echo one; exit 3'
is '255 is a code like others' 255 '' both tiny -- sh -c 'cd /; exit 255'
is '128 + n when signal n ended it' 137 '' both tiny -- sh -c 'kill -9 $$'
says 'no such program: 127' 127 'no-such: not found' run tiny -- no-such
is 'else it reads nothing' 0 0 sh -c 'xray run --rm -m 128 tiny -- wc -c <r'
is '-t: a terminal' 0 /dev/pts/0 sh -c '
    xray run --rm -m 128 -t tiny -- tty </dev/null | tr -d "\r"'
# What is typed ends when it does.
is '-it, at a terminal' 5 '' sh -c '
    { echo word; until [ -e over ]; do sleep 0.1; done; } | {
	timeout 300 script -qec "xray run --rm -m 128 -it tiny -- sh -c \"
	    read x; [ \\\$x = word ] && test -t 0 && exit 5\"" /dev/null >typed
	code=$?
	: >over
	exit $code
    }'
is 'nobody reads its output: it ends' 0 'y
141' sh -c '{ xray run --rm -m 128 tiny -- yes </dev/null; echo $? >code; } |
    head -1; cat code'
is 'nothing is left' 0 '' left

# ---- files
mkdir -p app/sub outs
echo 1 >app/one
echo 2 >app/sub/two
printf '#!/bin/sh\necho ran\n' >tool
chmod 755 tool
is '--in and --out: folders, files, names' 4 'ran
1
2
1' sh -c '
    cd app && xray run --rm -m 128 tiny --in .:work --in . --in ../tool:t \
	--in one --out work/sub --out work/one:../outs/uno \
	-- sh -c "./t && cat work/one && cd work && cat sub/two &&
	cat ../app/one; echo new >sub/three; exit 4" </dev/null'
is 'they are here, though it failed' 0 'new
1' cat app/sub/three outs/uno
says '--out of what is not there is told' 66 'gone: no such file in the guest' \
    run --out gone tiny -- true
says 'a guest that lets nobody in any more: not a code of the command' 76 \
    'Permission denied' run --out x tiny -- sh -c 'mkdir x
    sudo sed -i "s|^\(ubuntu:.*:\)[^:]*$|\1/none|" /etc/passwd'
is 'the code of the command goes before' 9 '' \
    run --out gone tiny -- sh -c 'exit 9'

# ---- the network
says 'what was denied' 0 '^xray-run: denied: sentry.example:443 \(2\), 1.2.3.4:80 \(1\)$' \
    run --allow @npm tiny -- sh -c 'for i in 1 2; do nc sentry.example 443
	done; nc 1.2.3.4 80; true'

# ---- ends
says '--timeout: 75' 75 'run-[a-z0-9]*: not done after 1 s' \
    run --timeout 1 tiny -- sleep 600
is 'it is gone' 0 '' left
says 'the guest goes down' 69 'the guest went down before the command ended' \
    run tiny -- sh -c 'sudo poweroff; sleep 600'
begin() { # until the command runs
	rm -f here
	perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' \
	    xray-run -m 128 "$@" -- sh -c 'echo here; sleep 600' \
	    </dev/null >here 2>"$tmp/err" &
	pid=$!
	until_ok 300 grep -q here here
}
# What ssh goes through ends, and is there again at once: the guest runs on.
begin --rm --name cut tiny
read -r gate _ <"$vms/cut/gateway"
kill -9 "$gate"
code=0
wait "$pid" || code=$?
cp "$tmp/err" told
is 'ssh is cut off: 76' 0 76 echo "$code"
ok 'which is told' grep -q 'cut: ssh ended before the command did$' told
begin --rm tiny
kill -INT "$pid"
code=0
wait "$pid" || code=$?
is 'SIGINT: 130' 0 130 echo "$code"
is 'all is gone' 0 '' left
begin --rm tiny
kill -9 "$pid"
wait "$pid" 2>/dev/null
is 'killed: the next command sees nothing' 0 '' xray list -q
ok 'and nothing is left' until_ok 60 nothing_left
begin --rm tiny
qemu=$(xray pid "$(xray list -q)")
w=$(pgrep -P "$pid" -x xray-run)
kill -9 "$w" "$pid"
wait "$pid" 2>/dev/null
ok 'killed with its watcher: the guest lives' kill -0 "$qemu"
is 'the next command sees nothing' 0 '' xray list -q
is 'and nothing is left' 0 '' left

# ---- it stays
says 'without --rm it stays' 7 'kept: stays, stopped; xray start kept' \
    xray run -m 128 --name kept tiny -- sh -c 'echo kept >file; exit 7'
is 'stopped' 0 stopped xray status kept
is 'as the command left it' 0 kept sh -c '
    xray start -q -w --no-hooks kept && xray ssh kept cat file'

# ---- provision, in that one
printf 'echo "in $XRAY_VM_NAME $XRAY_HOOK"; cat; echo more >&2\nexit 4\n' >setup
is 'provision: its code, its words; it does not eat itself' 4 'in kept provision
more' xray provision kept setup
is 'and they are in the log' 0 '[provision] setup: in kept provision
[provision] setup: more
[provision] setup: failed (exit 4), T s' sh -c '
    xray log kept hooks | cut -f2 | sed "s/[0-9.]* s$/T s/"'
is 'of standard input, by the interpreter it names' 0 'sed: #n' sh -c '
    printf "#!/bin/sed 1s/^.*\$/sed: #n/;2,\$d\n" | xray provision kept -'
says 'its deadline: 75' 75 'kept: .*timed out after 1 s' \
    sh -c 'echo sleep 600 | xray provision --timeout 1 kept -'
says 'no script: 66, and where one could be' 66 \
    'no FILE, and neither .*/vms/kept/provision nor .*/config/projects/kept' \
    xray provision kept
mkdir -p "$XRAY_HOME/config/projects/kept"
echo 'echo of the project' >"$XRAY_HOME/config/projects/kept/provision"
is 'that of the project' 0 'of the project' xray provision kept
echo 'echo of the VM' >"$vms/kept/provision"
is 'that of the VM before it' 0 'of the VM' xray provision kept
chmod go+w setup
says 'one that others can write to: 77' 77 'setup' xray provision kept setup
chmod go-w setup
is 'nothing of ours stays in the home' 1 '' sh -c 'ls -A "$XRAY_HOME" |
    grep "^\."'
xray remove -q -f kept
printf 'echo once >>ran\n' >setup
is 'create --provision: at the first boot' 0 once sh -c '
    xray create -q -m 128 -b tiny --provision setup new && xray start -q -w new &&
    xray ssh new cat ran'
xray stop -q -f new
says 'stopped: 69' 69 'new: stopped; xray start new' xray provision new setup
xray remove -q -f new

# ---- four at once
is 'four at once: each its own' 0 '4
4' sh -c '
    for i in 1 2 3 4; do
	xray run --rm -m 128 tiny -- hostname </dev/null & done >names
    wait; wc -l <names; sort -u names | wc -l'
is 'nothing is left' 0 '' left
