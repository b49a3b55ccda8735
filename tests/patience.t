#!/bin/sh
# What is waited for long, and how it is told that it did not come: all of it at
# once, as most of this is waiting.  The processes that lie are ours.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
empty_base >/dev/null && xray-create -q -b b deaf &&
    mkdir "$tmp/deaf" "$tmp/stuck" "$tmp/said" "$tmp/net" || exit 1
# fake NAME SCRIPT: a QEMU for the VM NAME.
fake() {
	for arch in x86_64 aarch64; do
		printf '%s\n' "$2" >"$tmp/$1/qemu-system-$arch"
	done
	chmod 755 "$tmp/$1"/*
}
fake deaf '#!/bin/sh
exec sleep 300'
# One that ends while something it started has the VM's lock still.
fake stuck "#!/bin/sh
sleep 400 &
echo \$! >$tmp/sleeper
exec $(xray-argv deaf | head -1) \"\$@\""

# late NAME COMMAND...: in the background; its code in said/NAME.code.
pids=
late() {
	name=$1
	shift
	{
		code=0
		timeout -k 1 400 "$@" 2>"$tmp/said/$name" || code=$?
		echo $code >"$tmp/said/$name.code"
	} &
	pids="$pids $!"
}
late deaf env PATH="$tmp/deaf:$PATH" xray-start -q deaf
late stuck env PATH="$tmp/stuck:$PATH" XRAY_WAIT_TIMEOUT=1 \
    xray-run --rm --name stuck -m 64 b -- true
cd "$tmp/net" || exit 1
late net xray-net --mac 52:54:00:12:34:56 --net open net.sock
# shellcheck disable=SC2086	# a list
wait $pids

# heard NAME CODE WORDS
heard() {
	is "$1 ends with $2" 0 "$2" cat "$tmp/said/$1.code"
	ok "$1: $3" grep -q -- "$3" "$tmp/said/$1"
}
heard deaf 75 '^xray-start: deaf: QEMU does not open console.sock$'
heard net 69 '^xray-net: net.sock: no QEMU'
heard stuck 75 '^xray-run: stuck: does not end, not even by SIGKILL$'
kill "$(cat "$tmp/sleeper")"
is 'what did not end is removed by who looks next' 0 deaf xray-list -q
is 'what was started is ended' 0 stopped xray-info -H -o status deaf
plan "$n"
