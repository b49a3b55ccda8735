#!/bin/sh
# A storm of commands over a few VMs in one home, killed at any moment: none
# waits for ever, nothing that was said to be done is lost, nothing is there
# twice, nothing piles up, and who only looks never waits.  STORM_ROUNDS=20 of
# STORM_COUNT=200; STORM_SEED=N begins with that round.
# shellcheck source=shm.sh source-path=SCRIPTDIR
. "${0%/*}/shm.sh"
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
rounds=${STORM_ROUNDS:-1} count=${STORM_COUNT-} seed=${STORM_SEED:-1}
plan $((rounds * 2 + 2))
STORM_IMAGE=$tmp/x.qcow2 TMPDIR=$tmp/t
export STORM_IMAGE TMPDIR
mkdir "$TMPDIR"
# A build that watches itself has no room for it, and is slow enough.
slow=$XRAY_OBJ/tests/storm-slow.so
if [ -e "$slow" ]; then
	export STORM_SLOW="$slow"
else
	count=${count:-50}
fi
(umask 077; mkdir "$XRAY_HOME"; echo 'min_free = 0' >"$XRAY_HOME/config.ini")
empty_base b
empty_base c
qemu-img create -q -f qcow2 "$STORM_IMAGE" 8M
xray create -q --no-start -b b -m 64 -c 1 --disk 512M f1 f2 l1 l2 m1 c1
xray create -q --no-start -b c -m 64 -c 1 -p 8080:80 still
for vm in f1 f2 m1; do
	xray snap create -q $vm t0
done
xray fw add -q still example.com allow

# held COMMAND...: while others have every lock there is, for as long as it
# takes.
held() {
	for vm in f1 still; do
		set -- "$XRAY_OBJ/tests/lock-peer" "$XRAY_HOME/vms/$vm/lock" \
		    "$XRAY_OBJ/tests/lock-peer" "$XRAY_HOME/vms/$vm/run.lock" \
		    "$@"
	done
	XRAY_LOCK_WAIT=300 timeout 60 "$XRAY_OBJ/tests/lock-peer" \
	    "$XRAY_HOME/lock" "$@" || echo "waits: $*"
}
looks() {
	for command in list 'list --json' 'info f1' 'status f1' 'fw list f1' \
	    'fw status f1' 'port list' \
	    'snap list f1' 'config show f1' 'config show' 'path f1' \
	    'disk f1' 'base list' 'base info b' 'argv f1' 'hooks list f1' \
	    'doctor --home'; do
		# shellcheck disable=SC2086 # words
		held xray $command >"$tmp/seen" 2>&1
		! grep '^waits' "$tmp/seen" || return
	done
}
is 'who looks does not wait for who has the locks' 0 '' looks
is 'and takes none' 0 '' sh -c 'strace -f -qq -e trace=fcntl,flock -o "$0" \
    xray list >/dev/null 2>&1; grep -E "SETLK|LOCK_" "$0"; :' "$tmp/trace"
sum() {
	(cd "$XRAY_HOME" && find vms/still bases/c -type f -exec md5sum {} + |
	    sort)
}
sum >"$tmp/still"
untouched() { sum | cmp - "$tmp/still" && ls -A "$TMPDIR"; }
last=$((seed + rounds - 1))
while [ "$seed" -le "$last" ]; do
	is "a storm: STORM_SEED=$seed" 0 '' perl "$here/storm.pl" "$seed" \
	    "${count:-200}" "$tmp/storm"
	tail -n 1 "$tmp/storm" | sed 's/^/# /'
	is 'who has no part in it sees nothing of it' 0 '' untouched
	[ -z "${STORM_KEEP-}" ] || cp -a "$tmp/storm" "$tmp/storm.d" "$STORM_KEEP"
	seed=$((seed + 1))
done
