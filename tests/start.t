#!/bin/sh
# xray-start, -stop, -qmp, -wait on a machine with nothing to boot: QEMU, the
# gateway and the supervisor are real, no guest is needed.
. "${0%/*}/lib.sh"
plan 104
empty_base
xray create -q -m 64 -c 1 web
vm=$XRAY_HOME/vms/web
alive() { [ "$(xray status "$1")" = "$2" ]; }

says 'stop of a stopped VM: 69' 69 'web: not running' xray stop web
says 'ssh to a stopped VM: 69' 69 'web: stopped; xray start web' xray ssh web
says 'qmp to it: 69' 69 'web: stopped' xray qmp web query-status
says 'wait for it: 69' 69 'web: stopped' xray wait web
says 'an unknown accelerator' 64 'accel: x: not one of auto, kvm, hvf, tcg' xray start --accel x web
mkdir "$XRAY_HOME/.stage-999999"
is 'start says nothing in a pipe' 0 '' xray start web
ok 'and removes what a killed command left in the home' \
    not test -e "$XRAY_HOME/.stage-999999"
port=$(xray info -H -o ssh_port web) # another test may have had the first
is 'it runs' 0 running xray status web
says 'again, but otherwise: 75' 75 'not as asked' xray start --cold web
is 'a watcher hinders nobody' 0 STOP sh -c '
    xray qmp -e --timeout 60 web >"$0" & p=$!; sleep 0.5
    xray qmp web stop >/dev/null; xray qmp web cont >/dev/null
    for i in $(seq 200); do
        grep -q RESUME "$0" && break; sleep 0.1
    done; kill $p; grep -o STOP "$0"' "$tmp/events"
says 'an accelerator that is not here: 69' 69 'cannot be used here' \
    sh -c 'xray create -q -m 64 hv; xray start --accel hvf hv'
says 'again: success and a note' 0 'runs already' xray start web
is 'pid is QEMU' 0 qemu-system-x86 sh -c \
    'cat /proc/$(xray pid web)/comm'
is 'QEMU holds the lock, not only the supervisor' 0 '' sh -c "
    ls -l /proc/\$(xray pid web)/fd | grep -q 'run.lock$'"
is 'the sandbox is on in QEMU' 0 2 sh -c \
    "sed -n 's/^Seccomp:	//p' /proc/\$(xray pid web)/status"
is 'all four sets denied' 0 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny' \
    sh -c "xray argv web | sed -n '/^-sandbox/{n;p;}'"
is 'nothing but ssh listens on TCP' 0 "127.0.0.1:$port" sh -c '
    for p in $(xray pid web) $(pgrep -f "xray-net.*$(xray info -H -o mac web)")
    do ss -Hltnp | grep "pid=$p," ; done | awk "{print \$4}"'

is 'qmp' 0 '{"return": {"status": "running", "singlestep": false, "running": true}}' \
    sh -c 'xray qmp web query-status | sed "s/:/: /g;s/,/, /g;s/  */ /g"'
is 'a QMP error: 76 and the text' 76 '{"error":{"class": "CommandNotFound", "desc": "The command nope has not been found"}}' \
    xray qmp web nope
is 'key=value arguments' 0 '{"return":"VM status: running\r\n"}' \
    sh -c 'xray qmp web human-monitor-command command-line="info status" |
    sed "s/: \"VM/:\"VM/"'
is 'commands from standard input, in order' 0 2 sh -c \
    'printf "%s\n" "{\"execute\":\"query-name\"}" \
    "{\"execute\":\"query-uuid\",\"id\":\"mine\"}" | xray qmp web |
    grep -c return'
says 'bad JSON from standard input: 65' 65 'not JSON' sh -c \
    'echo "{" | xray qmp web'
ok 'twenty clients at once all get their answer' sh -c '
    seq 20 | xargs -P 20 -I% xray qmp web query-name | grep -c web |
    grep -qx 20'
ok 'pause shows' sh -c 'xray qmp web stop >/dev/null'
ok 'in list' until_ok 30 alive web paused
ok 'and resume' sh -c 'xray qmp web cont >/dev/null'
ok 'too' until_ok 30 alive web running

says 'snap and a held lock: 75, naming who' 75 'web: locked by xray-test, pid 4711' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/lock" xray snap create web x
says 'remove of a running VM: 75' 75 'web: runs; xray stop' \
    xray remove -y web
says 'the power button does nothing here: QMP quit does' 0 \
    'deaf to the power button for 1 s; ended by QMP quit' \
    xray stop --timeout 1 web
is 'stopped' 0 stopped xray status web
is 'sockets and pid are gone' 1 '' sh -c "ls '$vm' | grep -E 'sock$|^pid'"
ok 'the reason stays in the log' grep -q 'QEMU ended (exit 0)' \
    "$vm/log/qemu.log"

# The supervisor is killed: the VM stays listable and stoppable.
xray start web
# By our own QEMU: other tests have a web too.
super=$(ps -o ppid= -p "$(xray pid web)" | tr -d ' ')
ok 'kill -9 of the supervisor' kill -9 "$super"
is 'the VM still runs' 0 running xray status web
is 'QMP still answers' 0 1 sh -c 'xray qmp web query-name | grep -c web'
is 'and stop ends it' 0 '' xray stop -f web
ok 'what it left does not hinder a start' xray start web
# QEMU is killed.
ok 'kill -9 of QEMU' sh -c 'kill -9 $(xray pid web)'
ok 'is seen' until_ok 30 alive web stopped
ok 'and the gateway has gone with it' until_ok 30 not pgrep -f \
    "xray-net.*$(xray info -H -o mac web)"
# The gateway is killed: another takes over.
xray start web
gate=$(cut -d' ' -f1 "$vm/gateway")
ok 'kill -9 of the gateway' kill -9 "$gate"
ok 'another one listens' until_ok 30 sh -c "
    socat -u OPEN:/dev/null UNIX-CONNECT:$vm/guest-22.sock"
is 'stop -f' 0 '' xray stop -f web

# Two starters: one wins, the other is told.
is 'two starts at once: one VM, codes 0 and 0 or 75' 0 ok sh -c '
    xray start web 2>/dev/null & one=$!
    xray start web 2>/dev/null; b=$?
    wait $one; a=$?
    case "$a $b" in "0 0"|"0 75"|"75 0") ;; *) echo "$a $b";; esac
    [ "$(pgrep -fc "virtio-net-pci.*[m]ac=$(xray info -H -o mac web),")" = 1 ] &&
	echo ok'
xray stop -f web

# Ports that are taken when it starts.
port=$(xray info -H -o ssh_port web)
socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" /dev/null &
squatter=$!
until_ok 30 socat -u OPEN:/dev/null "TCP:127.0.0.1:$port"
says 'an automatic port that is taken moves' 0 \
    "port $port is taken; now 22[0-9]+, kept in vm.ini" xray start web
ok 'vm.ini says so' not grep -q "^ssh_port = $port" "$vm/vm.ini"
xray stop -f web
sed -i "s/^ssh_port = .*/ssh_port = $port\nssh_port_fixed = yes/" "$vm/vm.ini"
says 'a given one is 75' 75 "ssh port $port is taken" xray start web
kill $squatter
says 'a QEMU that ends at once is told with its words' 69 \
    'QEMU ended: .*[Mm]achine' sh -c "
    sed -i 's/^machine = .*/machine = pc-nope/' '$vm/vm.ini'
    xray start web"
is 'stopped it is' 0 stopped xray status web
is '-F stays until it is told to end' 0 0 sh -c "
    sed -i 's/^machine = .*/machine = pc-q35-7.2/' '$vm/vm.ini'
    xray start -F web >/dev/null 2>&1 & pid=\$!
    for i in \$(seq 300); do
	[ \"\$(xray status web)\" = running ] && break; sleep 0.1; done
    kill \$pid; sleep 0.3; kill \$pid; wait \$pid; echo \$?"
is 'also when it has only just said that it runs' 0 0 sh -c "
    timeout 60 strace -f -qq -o /dev/null -P state -P '$vm/state' \\
	-e trace=renameat -e inject=renameat:delay_exit=1000000 \\
	xray start -F web >/dev/null 2>&1 & run=\$!
    for i in \$(seq 300); do
	[ \"\$(xray status web)\" = running ] && break; sleep 0.1; done
    pid=\$(sed -n 's/^PPid:.//p' /proc/\$(xray pid web)/status)
    kill \$pid; sleep 2; kill \$pid; wait \$run; echo \$?"
# The same while QEMU has not answered, with one that never will.
mkdir "$tmp/mute"
cat >"$tmp/mute/qemu-system-x86_64" <<E
#!/usr/bin/perl
if (grep /guest=web/, @ARGV) {
	open F, ">$tmp/begun" and sleep 300;
}
exec "$(command -v qemu-system-x86_64)", @ARGV;
E
chmod 755 "$tmp/mute/qemu-system-x86_64"
gone() { [ "$(xray status web)" = stopped ] && [ -z "$(at "$vm")" ]; }
for sig in TERM:143 INT:130; do
	rm -f "$tmp/begun"
	is "-F that is told so as it starts ends by SIG${sig%:*}" 0 "${sig#*:}" \
	    sh -c "PATH=$tmp/mute:\$PATH xray start -F web >/dev/null 2>&1 &
	    until [ -e $tmp/begun ]; do sleep 0.1; done
	    kill -${sig%:*} \$!; wait \$!; echo \$?"
	ok 'and all with it' until_ok 60 gone
done
xray create -q -m 64 -c 1 -p 0.0.0.0:18655:53/udp -p 18655:53 both
socat UDP-LISTEN:18655,bind=0.0.0.0,fork /dev/null &
squatter=$!
until_ok 30 sh -c 'ss -Hlun | grep -q :18655'
says 'a forward by UDP on another address that is taken: 75' 75 \
    'port 18655 is taken' xray start both
kill $squatter
wait $squatter 2>/dev/null
ok 'free again, TCP and UDP side by side' xray start both
xray stop -f both
# in_home N COMMAND...: in a home of its own, which knows nothing of the others.
in_home() {
	home=$tmp/homes/$1
	shift
	env XRAY_HOME="$home" "$@"
}
sixteen() {
	mkdir -m 700 "$tmp/homes"
	for i in $(seq 16); do
		mkdir -m 700 "$tmp/homes/$i"
		cp -al "$XRAY_HOME/bases" "$XRAY_HOME/ssh" "$tmp/homes/$i/"
		in_home "$i" xray create -q -m 64 -c 1 one
	done
	for i in $(seq 16); do
		in_home "$i" xray start -q -f one &
		eval "p$i=\$!"
	done
	for i in $(seq 16); do
		eval "wait \$p$i" || echo "$i: $?"
	done
	for i in $(seq 16); do
		in_home "$i" xray stop -q -f one
	done
}
is 'sixteen homes that all want the first free port' 0 '' sixteen
says 'start while a snapshot is being made of it: 75' 75 'locked by|being' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" xray start web
says 'stop of one that is being changed: 75, at once' 75 'being started or' \
    "$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" xray stop web
rm -r "$XRAY_HOME/ssh" # ssh-keygen is to be waited for
ok 'for who ignores the ends of children, too' \
    perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' xray start web
says 'a busy monitor is no reason to kill: 75, naming who' 75 \
    'locked by xray-test, pid 4711' "$XRAY_OBJ/tests/lock-peer" \
    "$vm/qmp.sock.lock" xray stop --timeout 2 web
xray stop -f web
is 'no descriptor of the caller is left in QEMU' 1 '' sh -c "
    exec 9>'$tmp/mine'; xray start web; exec 9>&-
    ls -l /proc/\$(xray pid web)/fd | grep '/mine'"
xray stop -f web

# QEMU stands still: nobody hangs with it, however many ask.
xray start web
kill -STOP "$(xray pid web)"
is 'four clients of a QEMU that stands still: 75, in time' 0 '75 75 75 75' \
    sh -c 'for i in 1 2 3 4; do
	timeout 20 xray qmp --timeout 1 web query-status 2>/dev/null
	printf "%s%s" "$s" $?; s=" "; done; echo'
says 'stop -f ends it all the same' 0 'ended by SIG' timeout 60 \
    xray stop -f web
is 'it is off' 0 stopped xray status web

# A key pair made anew, killed between its two renames.
xray key -q
cp "$XRAY_HOME/ssh/id" "$tmp/old"
ssh-keygen -q -t ed25519 -N '' -f "$XRAY_HOME/ssh/.id.new"
mv "$XRAY_HOME/ssh/.id.new.pub" "$XRAY_HOME/ssh/id.pub"
is 'the private half follows the public one' 0 '' sh -c '
    xray key -q; ssh-keygen -y -f "$XRAY_HOME/ssh/id" | cut -d" " -f1,2 >"$0"
    cut -d" " -f1,2 "$XRAY_HOME/ssh/id.pub" | cmp - "$0"' "$tmp/half"
for i in 1 2 3 4; do xray create -q -m 64 -c 1 "p$i"; done
touch "$XRAY_HOME/bases/b/1/disk.qcow2"
ok 'four starts at once hash a touched base, and none fails' \
    xray start p1 p2 p3 p4
xray stop -f p1 p2 p3 p4

# start VM PORT: from now on.
xray create -q -m 64 -c 1 moved
free=$(($(xray info -H -o ssh_port moved) + 700))
while ss -Hltn | grep -q ":$free "; do free=$((free + 1)); done
is 'start VM PORT -o' 0 "$free" xray start -o ssh_port moved $free
is 'kept in vm.ini' 0 "ssh_port = $free
ssh_port_fixed = yes" grep ssh_port "$XRAY_HOME/vms/moved/vm.ini"
is 'and claimed' 0 moved cat "$XRAY_HOME/ports/$free"
is 'it listens there' 0 1 sh -c "ss -Hltn | grep -c '127.0.0.1:$free '"
says 'not while it runs' 75 'not as asked' xray start moved $((free + 1))
xray stop -f moved
says 'a port of another: 75' 75 "port $free.*moved" sh -c \
    "xray create -q -m 64 late; xray start late $free"
is 'the same again is fine' 0 '' xray start moved $free
xray stop -f moved
says 'a port that is none' 64 'PORT: 80' xray start moved 80
says 'a field that is none' 64 'nope: no such field' xray start -o nope moved

# --systemd: there is none here, so a fake of systemd-run that starts what it
# is told, in the environment it is told.
mkdir "$tmp/sd"
cat >"$tmp/sd/systemd-run" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$SEEN"
[ ! -e "$SEEN.refuse" ] || exit 1
set -- "$@" last
for a; do
	shift
	case $a in
	--setenv=*) export "${a#--setenv=}" ;;
	--) go=1 ;;
	last) ;;
	*) [ -z "$go" ] || set -- "$@" "$a" ;;
	esac
done
setsid "$@" >/dev/null 2>&1 &
END
chmod 755 "$tmp/sd/systemd-run"
export SEEN="$tmp/seen"
is '--systemd' 0 '' env PATH="$tmp/sd:$PATH" xray start --systemd -m 96 moved
is 'it runs, with its settings' 0 '96M' sh -c \
    'tr "\0" "\n" <"/proc/$(xray pid moved)/cmdline" | sed -n "/^-m$/{n;p;}"'
is 'as a unit of its name' 0 1 grep -c -x -e '--unit=xray-moved' "$SEEN"
is 'in this home' 0 1 grep -c -x -e "--setenv=XRAY_HOME=$XRAY_HOME" "$SEEN"
xray stop -f moved
touch "$SEEN.refuse"
says 'a unit that fails: 69, and where to look' 69 'journalctl --user -u xray-moved' \
    env PATH="$tmp/sd:$PATH" xray start --systemd moved
says 'no systemd: 127' 127 'systemd-run: not found' sh -c \
    'PATH="$XRAY_BIN" "$XRAY_BIN/xray-start" --systemd moved'

# What a run has stays what a snapshot of it needs, whatever vm.ini says now.
xray create -q -m 64 -c 1 run
xray start run
sed -i 's/^memory = .*/memory = 96M/' "$XRAY_HOME/vms/run/vm.ini"
is 'a live snapshot is of the memory that there is' 0 'memory = 64M' sh -c '
    xray snap create -q run s && grep ^memory "$XRAY_HOME/vms/run/snapshots.ini"'
ok 'and goes back to it' xray snap revert -q run s
says 'paused: there, and how to go on' 0 'run: is there, paused; xray resume run' \
    sh -c 'xray pause run; xray start run'

# The supervisor is killed before it could write down that the VM runs.
super=$(ps -o ppid= -p "$(xray pid run)" | tr -d ' ')
kill -9 "$super"
rm "$XRAY_HOME/vms/run/state"
is 'nobody looks after it' 0 'broken (no supervisor)' xray status run
says 'start says how to mend it' 75 'xray stop -f run' xray start run
ok 'which does' xray stop -f run
is 'and it starts' 0 '' xray start run
xray stop -f run
port=$(xray info -H -o ssh_port run)
socat "TCP-LISTEN:$port,bind=127.0.0.1,fork" /dev/null &
squatter=$!
until_ok 30 sh -c "ss -Hltn | grep -q ':$port '"
is '-o prints the port that it moved to' 0 same sh -c '
    a=$(xray start -o ssh_port run 2>/dev/null)
    [ "$a" != '"$port"' ] && [ "$a" = "$(xray info -H -o ssh_port run)" ] && echo same'
xray stop -q -f run
port=$(xray info -H -o ssh_port run)
xray config set -q run ssh_port "$port"
kill $squatter
wait $squatter 2>/dev/null
socat "TCP-LISTEN:$port,bind=127.0.0.1,fork" /dev/null &
squatter=$!
until_ok 30 sh -c "ss -Hltn | grep -q ':$port '"
ok 'a start that fails' not xray start -q run
is 'leaves word of it' 0 75 cut -d ' ' -f 1 "$XRAY_HOME/vms/run/trouble"
ok 'and why' grep -Eq "^75 2[0-9T:.-]*Z run: .*port .*$port" "$XRAY_HOME/vms/run/trouble"
kill $squatter
wait $squatter 2>/dev/null
is 'one that succeeds takes it away' 0 '' sh -c '
    xray start -q run && ls "$0" | grep trouble || :' "$XRAY_HOME/vms/run"
xray stop -f run
# A qemu-img that mends it outlives a supervisor that is killed.
mkdir "$tmp/mends"
cat >"$tmp/mends/qemu-img" <<'IMG'
#!/bin/sh
ls -l /proc/$$/fd | grep -o 'run.lock$' >>"${0%/*}/held"
PATH=${PATH#*:}
exec qemu-img "$@"
IMG
chmod +x "$tmp/mends/qemu-img"
echo 'create torn' >"$XRAY_HOME/vms/run/op"
says 'a start undoes what was broken off' 0 'snapshot create was broken off' \
    env PATH="$tmp/mends:$PATH" xray start run
is 'by what holds the VM off' 0 run.lock cat "$tmp/mends/held"
xray stop -f run
# Sockets of a gateway that could not put them away.
xray start -q run
echo unix guest-80.sock:80 |
    socat - "UNIX-CONNECT:$XRAY_HOME/vms/run/gateway.sock" >/dev/null
read -r gate rest <"$XRAY_HOME/vms/run/gateway"
ok 'a port of the guest has its socket' test -S "$XRAY_HOME/vms/run/guest-80.sock"
kill -9 "$gate"
xray stop -q -f run
is 'stopped: none of the gateway is left' 0 '' sh -c \
    'ls "$0" | grep guest- || :' "$XRAY_HOME/vms/run"
# Whoever starts it with a standard stream closed: no descriptor of the
# supervisor's is in that stream's place, to be lost when it lets go of them.
at_home() { # COMMAND...: starts std; 1: the home is still open in it
	"$@" >/dev/null 2>&1
	super=$(ps -o ppid= -p "$(xray pid std)" | tr -d ' ')
	find "/proc/$super/fd" -lname "$XRAY_HOME" | wc -l
	xray stop -q -f std
}
is 'create --start' 0 1 at_home xray create -q -b b -m 64 --start std
for fd in 0 1 2; do
	is "start with $fd closed" 0 1 at_home sh -c "xray start -q std $fd>&-"
done
