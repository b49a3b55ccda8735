#!/bin/sh
# What is said of questions that cannot be put, and of answers that cannot be
# kept.  The VM boots nothing; somebody holds the lock of one that runs.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
command -v socat >/dev/null || skip_all 'no socat'
empty_base >/dev/null && xray-create -q -b b v || exit 1
vm=$XRAY_HOME/vms/v
pids=
trap 'exec 7>&- 8>&- 9>&-; kill $pids 2>/dev/null || :; finish' EXIT
said() { until_ok 60 grep -Eq -- "$2" "$tmp/$1"; }
all() { [ "$(grep -Ec -- "$2" "$tmp/$1")" -ge "$3" ]; }

printf 'ask = Nobody!\n' >>"$XRAY_HOME/config.ini"
"$XRAY_OBJ/tests/lock-peer" "$vm/run.lock" xray-ask v 2>"$tmp/log" &
pids=$!
until_ok 60 listens "$vm/ask.sock"
ok 'a program that is none' said log '^xray-ask: ask: Nobody!: no such program'

# ---- answers ----

mkfifo "$tmp/7" "$tmp/8"
# Who asks, as a proxy would, and who answers.
socat -t 3600 - "UNIX-CONNECT:$vm/ask.sock" <"$tmp/7" >"$tmp/asked" &
pids="$pids $!"
socat -t 3600 - "UNIX-CONNECT:$vm/ask.sock" <"$tmp/8" >"$tmp/told" &
pids="$pids $!"
exec 7>"$tmp/7" 8>"$tmp/8"
echo status >&8 # who says nothing is let go

echo nonsense >"$vm/rules.session"
echo 'ask 1 tcp broken.example 443' >&7
said asked '^answer 1 deny 1 nobody'
echo 'answer v 1 allow 1h' >&8
ok 'a rule that cannot be kept' said told '^error v 1 .*rules.session:1: '
ok 'and who looks after it sees it' \
    said log '^xray-ask: v: broken.example:443/tcp: not written down: '
rm "$vm/rules.session"

# Nothing can be written down for a while, and 128 wait for that.
mkfifo "$tmp/9"
"$XRAY_OBJ/tests/lock-peer" "$vm/lock" cat <"$tmp/9" &
exec 9>"$tmp/9"
is_held() {
	xray-config set -q --lock-wait 0 v cpus 1 2>&1 | grep -q 'locked by'
}
until_ok 60 is_held
last=1
while [ $last -lt 193 ]; do
	first=$((last + 1)) last=$((last + 64))
	seq "$first" "$last" | sed 's/.*/ask & tcp h&.example 443/' >&7
	until_ok 60 all asked '^answer .* nobody' "$last"
	seq "$first" "$last" | sed 's/.*/answer v & deny 1h/' >&8
	# 64 questions at most are kept for one who comes late
	until_ok 60 all told '^(ok|error) v' "$last"
done
ok 'more answers than can wait' said told '^error v 130 too many at once'
ok 'the others do' all told '^ok v' 129
exec 9>&-

# ---- programs that ask ----

sed -i '/^ask/d' "$XRAY_HOME/config.ini"
cat >"$tmp/robot" <<-E2
	#!/bin/sh
	echo front robot
	echo answer v 9999 deny
	exec cat >>"$tmp/robot.heard"
E2
printf '\177ELFx' >"$tmp/odd"
chmod 755 "$tmp/robot" "$tmp/odd"
xray-fw prompt --program "$tmp/robot" v 2>/dev/null &
pids="$pids $!"
ok 'an answer to no question' \
    said robot.heard '^error v 9999 no such question'
says 'a program that is none' 69 '^xray-fw: .*odd: Exec format error' \
    xray-fw prompt --program "$tmp/odd" v
says 'nobody asks there' 69 "^xray-prompt: $tmp/none: No such file" \
    env XRAY_ASK_SOCK="$tmp/none" sh -c \
    'script -qec "xray-prompt one v 1 2>&3" "$0" 3>&2 >/dev/null' \
    "$tmp/typescript"
plan "$n"
