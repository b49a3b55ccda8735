#!/bin/sh
# xray-ask, gateways and those who answer are killed at random while two VMs,
# which boot nothing, have questions: nothing hangs, nothing is lost, nothing is
# left.  $seed makes other times and others die, $seconds is for how long.
. "${0%/*}/lib.sh"
seed=${seed:-$(date +%s)} seconds=${seconds:-8}
plan 18
empty_base
xray create -q -m 64 -c 1 web db
ok 'two VMs run' xray start -q web db
up() {
	for vm in web db; do
		test -S "$XRAY_HOME/vms/$vm/ask.sock" &&
		    test -S "$XRAY_HOME/vms/$vm/gateway.sock" || return
	done
}
ok 'both with who asks' until_ok 30 up

# All that runs for a VM, and what each has open: "xray-ask 12".
open_files() { # VM
	for p in $(at "$XRAY_HOME/vms/$1"); do
		echo "$(cat "/proc/$p/comm")" \
		    "$(find "/proc/$p/fd" -type l | wc -l)"
	done 2>/dev/null | sort
}
# What there is in a VM's folder, without what changes by itself.
files() { # VM
	find "$XRAY_HOME/vms/$1" ! -name '.asked.new' ! -name rules \
	    ! -name rules.session ! -name asked ! -name 'guest-*' \
	    ! -path '*/log/*' | sort
}
fds() { open_files "$1" >"$tmp/$1.fds"; }
as_before() { open_files "$1" | diff "$tmp/$1.fds" -; }
steady() {
	fds "$1"
	sleep 1
	as_before "$1"
}
# A first question, so that all has been used once.
# One question and its answer, which may take the time of a look round for
# who is there.
warm() {
	mkfifo "$tmp/line"
	socat -t 5 - "UNIX-CONNECT:$XRAY_HOME/vms/$1/ask.sock" \
	    <"$tmp/line" >"$tmp/answer" &
	{
		echo 'ask 1 tcp warm.example 443'
		until_ok 30 grep -q answer "$tmp/answer"
	} >"$tmp/line"
	wait $!
	rm "$tmp/line"
	grep -q answer "$tmp/answer"
}
for vm in web db; do
	ok "$vm: a question" warm $vm
	until_ok 30 test -s "$XRAY_HOME/vms/$vm/asked"
	until_ok 30 steady $vm
	files $vm >"$tmp/$vm.files"
done

echo "# seed $seed, $seconds s"
perl "$here/ask-kill.pl" "$seed" "$seconds" "$XRAY_HOME" web db >"$tmp/sum"
sed 's/^/# /' "$tmp/sum"
count() { sed -n "s/^$1 //p" "$tmp/sum"; }
some() { [ "$(count "$1")" -gt "$2" ]; }
ok 'many were killed' some kills 5
ok 'many had an answer' some answered 50
ok 'a yes among them' some allowed 20
ok 'and rules' some told 10
is 'none waited for ever' 0 0 count hung
is 'no rule is lost that was told of' 0 0 count lost
is 'none is there twice' 0 0 count doubled
ok 'all is back' until_ok 30 up
for vm in web db; do
	ok "$vm: as many processes and descriptors as before" \
	    until_ok 30 as_before $vm
	[ "$bad" = 0 ] || as_before $vm | sed 's/^/# /'
	is "$vm: no file more" 0 "$(cat "$tmp/$vm.files")" files $vm
done
nobody_in_line() { [ -z "$(ls "$XRAY_HOME/ask")" ]; }
ok 'nobody is in line' until_ok 30 nobody_in_line
ok 'a question' warm web
