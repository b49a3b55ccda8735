#!/bin/sh
# What commands say of VMs that run, or seem to: somebody holds the lock of one
# that runs, a script stands where its QEMU would, another where ssh.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
peer=$XRAY_OBJ/tests/fake-qmp
empty_base >/dev/null && xray-create -q -b b v && xray-key -q 2>"$tmp/err" &&
    xray-create -q -b b --net none o || exit 1
vm=$XRAY_HOME/vms/v off=$XRAY_HOME/vms/o

m() {
	want=$1 words=$2
	shift 2
	says "$1 says: $words" "$want" "$words" "$@"
}
# runs VM COMMAND ...: meanwhile.
runs() (
	held=$1
	shift
	"$XRAY_OBJ/tests/lock-peer" "$XRAY_HOME/vms/$held/run.lock" "$@"
)
# lie SCRIPT COMMAND ...: QEMU says that to it.
hello='{"QMP":{"version":{},"capabilities":[]}}' good='{"return":{},"id":1}'
lie() (
	script=$1
	shift
	runs v "$peer" "$vm/${sock-qmp.sock}" "$hello
$good
$script" "$@"
)
from() (
	file=$1
	shift
	"$@" <"$file"
)

m 69 'v: stopped' xray-ask v
m 75 'v: still runs' runs v xray-wait --for stopped --timeout 1 v
m 69 'o: net = none; nothing is asked' runs o xray-wait --for asked o
m 69 'its supervisor is gone; xray console v' runs v xray-connect v console
m 75 'v: console: No such file' runs v xray-console v
m 69 'o: net = none; nothing is asked' runs o xray-answer answer o 1 allow

# ---- QEMU ----

echo '{"x":1}' >"$tmp/line"
m 65 'no "execute" in it' from "$tmp/line" lie '' xray-qmp v
m 64 'the arguments need a job-id' lie '{"return":{},"id":2}' \
    xray-qmp --job v snapshot-save '{}'
m 76 'QEMU lost the job' lie '{"return":{},"id":2}
{"return":[],"id":3}
{"return":[],"id":4}' xray-qmp --job v x '{"job-id":"a"}'
m 76 'v: disk on fire' lie '{"return":{},"id":2}
{"return":[{"id":"a","status":"concluded","error":"disk on fire"}],"id":3}
{"return":{},"id":4}' xray-qmp --job v x '{"job-id":"a"}'
m 74 'standard input: Is a directory' from "$tmp" lie '' xray-qmp v
m 74 'standard input: Is a directory' from "$tmp" lie '' xray-monitor v
m 74 'v: picture: No such file' lie '{"return":{},"id":2}' \
    xray-screenshot v "$tmp/picture"
m 64 'a picture is not for a terminal' runs v \
    sh -c 'script -qec "xray-screenshot v - 2>&3" "$0" 3>&2' "$tmp/typescript"
echo x >"$vm/.screenshot.png"
m 76 'v: QEMU made no PNG' lie '{"return":{},"id":2}' \
    xray-screenshot v "$tmp/picture"
sock=events.sock
m 74 'xray-qmp: standard output: No space' lie '{"event":"X","data":{}}' \
    sh -c 'exec xray-qmp -e v >/dev/full'
unset sock
paused='"return":{"status":"paused","running":false}'
runs='"return":{"status":"running","running":true}'
m 75 'xray-resume: v: stopped again at once' lie "{$paused,\"id\":2}
{\"return\":{},\"id\":3}
{$paused,\"id\":4}" xray-resume v
m 75 'xray-pause: v: runs again' lie "{$runs,\"id\":2}
{\"return\":{},\"id\":3}
{$runs,\"id\":4}" xray-pause v
{
	printf '{"execute":"x","arguments":{"a":"'
	head -c 3000000 /dev/zero | tr '\0' x
	echo '"}}'
} >"$tmp/line"
m 75 'v: QEMU does not read' from "$tmp/line" lie '' xray-qmp --timeout 1 v

# ---- ssh ----

mkdir "$tmp/bin"
printf '#!/bin/sh\n. "%s"\n' "$tmp/does" >"$tmp/bin/ssh"
chmod 755 "$tmp/bin/ssh"
mkdir -p "$off/log"
sshd=
end() {
	# shellcheck disable=SC2086 # pids
	[ -z "$sshd" ] || kill $sshd 2>/dev/null || :
	finish
}
trap end EXIT
socat "UNIX-LISTEN:$off/guest-22.sock,fork" \
    'SYSTEM:printf "SSH-2.0-peer\r\n"; cat >/dev/null' 2>/dev/null &
sshd=$!
until_ok 30 listens "$off/guest-22.sock"
# ssh does SCRIPT ... while COMMAND.
guest() (
	echo "$1" >"$tmp/does"
	shift
	PATH=$tmp/bin:$PATH runs o "$@"
)
m 69 'o: no cloud-init in the guest' guest 'exit 127' \
    xray-wait --for cloud-init o
m 76 'o: ssh: no login' guest 'exit 255' xray-wait --for cloud-init o
m 76 'o: cloud-init failed; xray ssh o cloud-init status' guest 'exit 1' \
    xray-wait --for cloud-init o
m 0 'o: cloud-init: done, with errors' guest 'exit 2' \
    xray-wait -v --for cloud-init o
m 75 'o: cloud-init has not ended' guest 'exec sleep 60' \
    xray-wait --for cloud-init --timeout 4 o
m 76 'o: the guest does not tell its time' guest 'echo noon' \
    xray-wait --for clock o
m 75 'o: its clock is off by -' \
    guest "[ ! -e '$tmp/told' ] || exec sleep 60; >'$tmp/told'; echo 0" \
    xray-wait --for clock --timeout 8 o
m 77 'o: the key is not in; xray key install --password o' guest 'exit 255' \
    xray-key install o
m 75 'o: nothing listens on port 80' guest : \
    xray-wait --for port:80 --timeout 4 o
m 66 "$tmp/none: No such file" guest : xray-provision o "$tmp/none"
m 74 'standard input: Is a directory' from "$tmp" guest : xray-provision o -
printf '#!/bin/sh\n' >"$tmp/script"
chmod 755 "$tmp/script"
m 76 'o: .*: ssh did not get it to the guest, or lost it' guest 'exit 255' \
    xray-provision o "$tmp/script"
m 69 '^xray-ssh: ssh: not found; share/deps installs it' \
    runs o env PATH="$XRAY_BIN" xray-ssh o
m 69 '^xray-ssh: ssh: not found; share/deps installs it' \
    runs o env PATH="$XRAY_BIN" xray-ssh -v o
chmod 644 "$tmp/bin/ssh"
m 69 '^xray-ssh: ssh: Permission denied' \
    runs o env PATH="$tmp/bin:$XRAY_BIN" xray-ssh o
chmod 755 "$tmp/bin/ssh"

# ---- others that answer ----

# answers NAME SCRIPT: who comes there.
answers() {
	socat "UNIX-LISTEN:$vm/$1,fork" "SYSTEM:$2" 2>/dev/null &
	sshd="$sshd $!"
	until_ok 30 listens "$vm/$1"
}
answers gateway.sock 'read l; echo error no ports left'
m 69 'v: port 80: the gateway says: no ports left' \
    runs v xray-connect --timeout 9 v 80
answers ask.sock 'read l; exit'
m 75 'v: xray-ask does not answer' runs v xray-answer pending v
mkdir -p "$vm/scripts/create"
cp "$tmp/script" "$vm/scripts/create/10-a"
printf '#!/bin/sh\n' >"$tmp/bin/ssh-agent"
chmod 755 "$tmp/bin/ssh-agent"
m 0 'no agent: ssh-agent does not say where it is' \
    env PATH="$tmp/bin:$PATH" xray-hooks run v create
plan "$n"
