#!/bin/sh
# xray-pause, -resume, -restart and -protect: over one VM and several.  QEMU is
# real, no guest is needed.
. "${0%/*}/lib.sh"
plan 61
empty_base
for vm in a b off; do xray create -q -m 64 -c 1 $vm; done
vms=$XRAY_HOME/vms
are() { # STATUS...: of all VMs, in order
	[ "$(xray list -H -o status | tr '\n' ' ')" = "$* " ]
}

says 'pause of a stopped VM: 69' 69 'a: not running; xray start a' xray pause a
says 'resume of one: 69' 69 'a: not running' xray resume a
is 'with -a it is passed over' 0 '' xray pause -a
is 'and from a list' 0 '' sh -c 'echo a | xray resume -'
says 'no VM named: 64' 64 'no VM named' xray pause
says 'no such VM: 66, and nothing is done' 66 'bb: no such VM' xray pause a bb
xray start a b
is 'pause says nothing' 0 '' xray pause a
ok 'and the status tells, when it returns' are paused running stopped
is 'QEMU agrees' 0 '"paused"' sh -c \
    'xray qmp a query-status | grep -o \"paused\"'
says 'paused already: success and a note' 0 'a: paused already' xray pause a
is '-q: no note' 0 '' sh -c 'xray pause -q a 2>&1'
is 'pause -a: those that run' 0 '' xray pause -a
ok 'all do' are paused paused stopped
is 'resume of two' 0 '' xray resume a b
ok 'both run' are running running stopped
says 'runs already: success and a note' 0 'a: runs already' xray resume a
says 'of three one fails: the others are done' 69 'off: not running' \
    xray pause off a b
ok 'they are' are paused paused stopped
is 'resume -a' 0 '' xray resume -a
ok 'all run' are running running stopped
says 'a held lock: 75, naming who' 75 'a: locked by xray-test, pid 4711' \
    "$XRAY_OBJ/tests/lock-peer" "$vms/a/lock" xray pause a
# The supervisor is gone, so nobody writes down what QEMU's events say.
kill -9 "$(ps -o ppid= -p "$(xray pid a)" | tr -d ' ')"
is 'pause without a supervisor' 0 '' xray pause a
ok 'is seen too' are paused running stopped
is 'and resume' 0 '' xray resume a
ok 'too' are running running stopped
xray stop -f a
xray start a
xray qmp a stop >/dev/null
until_ok 30 are paused running stopped
ok 'who was paused by QMP' are paused running stopped
is 'is resumed' 0 '' xray resume a

# ---- who asks a paused guest for something is told so at once
xray pause a
says 'ssh: 69' 69 'a: paused; xray resume a' timeout 20 xray ssh a true
says 'wait: 69' 69 'a: paused; xray resume a' timeout 20 xray wait a
says 'wait --for boot' 69 'paused; xray' timeout 20 xray wait --for boot a
says 'copy: 69' 69 'a: paused; xray resume a' timeout 20 xray copy "$0" a:
says 'connect: 69' 69 'a: paused; xray resume a' \
    timeout 20 xray connect a 80 </dev/null
says 'stop: goes on for the power button' 0 'a: was paused; runs for the power' \
    timeout 60 xray stop --timeout 1 a
xray start a
xray pause a
# Nor does anybody write over this.
kill -9 "$(ps -o ppid= -p "$(xray pid a)" | tr -d ' ')"
echo 'paused (disk full)' >"$vms/a/state"
says 'stop with a full disk: no power button' 0 \
    'a: paused \(disk full\); ended without' timeout 30 xray stop a
xray create -q -m 64 -c 1 --net none lone
says 'no network: ssh 69' 69 'lone: net = none; xray console lone' \
    timeout 20 xray ssh -S lone true
xray start lone
says 'wait too' 69 'lone: net = none; xray console lone' \
    timeout 20 xray wait lone
says 'the console may tell that it has booted: 75' 75 'lone: has not booted' \
    timeout 20 xray wait --timeout 1 --for boot lone
is 'what boots hears no button at first: it is pressed again' 0 2 sh -c '
    xray stop -q --timeout 7 lone
    grep -c "event POWERDOWN" "$0"' "$vms/lone/log/qemu.log"
xray remove -q -f lone
is 'the same name twice is one' 0 '' xray start a a
is 'and its port is the same' 0 '' sh -c '
    xray pause a "$(xray port a)" a && xray resume a && xray pause - </dev/null'
ok 'it runs' are running running stopped

# ---- restart
pids() { echo "$(xray pid a) $(xray pid b) $(xray pid off)"; }
before=$(pids)
is 'restart of two that run' 0 '' xray restart -f a b
ok 'all run' are running running stopped
ok 'as other processes' sh -c '
    for p in $0; do kill -0 "$p" 2>/dev/null && exit 1; done; :' "$before"
is 'restart of one that is stopped starts it' 0 '' xray restart -f off
ok 'it runs' are running running running
xray stop -f off
is 'restart -a: those that run' 0 '' xray restart -a -f --timeout 30
ok 'and no other' are running running stopped
says 'no such VM: 66, and none is stopped' 66 'nope: no such VM' \
    xray restart -f a nope
ok 'none is' are running running stopped
says 'deaf to the power button: told by stop' 0 'a: deaf to the power button' \
    xray restart --timeout 1 a
ok 'and started' are running running stopped

# Who works on it keeps stop from its QMP; the one that is off is started.
says 'one does not stop: told' 75 'a: ' \
    "$XRAY_OBJ/tests/lock-peer" "$vms/a/qmp.sock.lock" \
    timeout 60 xray restart --timeout 1 a off
ok 'the one that was off runs' are running running running
xray stop -f off
is '-q is handed on' 0 '' sh -c 'xray restart -q --timeout 1 a 2>&1'

# ---- protect
is 'protect' 0 '' xray protect a off
is 'is a fact' 0 'yes
no
yes' xray list -H -o protected
says 'remove refuses: 77, and says how' 77 'off: protected; xray unprotect off' \
    xray remove -f off
says 'already so' 0 'a: protected already' xray protect a
is 'unprotect' 0 '' xray unprotect a off
is 'then it goes' 0 'Removed VM: off' xray remove -y off
