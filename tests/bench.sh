#!/bin/sh
# bench.sh [VMS [ROUNDS]]: what commands take, beside what others take.
# Each round runs all of them in turn; the medians of the times are printed,
# and of the ratios of the rounds.  Nothing is judged here: tests/budget.t
# does that, by counts.
# shellcheck disable=SC2329	# called by name
. "${0%/*}/lib.sh"
vms=${1:-1000} rounds=${2:-21}
peer=$XRAY_OBJ/tests/qmp-peer
vm=$XRAY_HOME/vms/v0
now() { date +%s%N; }
# took NAME COMMAND...: a line in the file NAME, in microseconds.
took() {
	to=$tmp/took.$1
	shift
	from=$(now)
	"$@" >/dev/null 2>&1
	echo $((($(now) - from) / 1000)) >>"$to"
}
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# row TEXT NAME PEER GOAL: NAME beside PEER, which need not have run.
row() {
	ours=$(median <"$tmp/took.$2")
	if [ -f "$tmp/took.$3" ]; then
		theirs=$(median <"$tmp/took.$3")
		ratio=$(paste "$tmp/took.$2" "$tmp/took.$3" |
		    awk '{ print $1 / $2 }' | median)
	else
		theirs='' ratio=''
	fi
	awk -v text="$1" -v us="$ours" -v peer="$theirs" -v r="$ratio" \
	    -v of="$3" -v goal="$4" 'BEGIN {
		printf "%-30s %9.2f  ", text, us / 1000
		if (peer == "") printf "%-14s %9s %6s", of, "-", "-"
		else printf "%-14s %9.2f %6.2f", of, peer / 1000, r
		print "  " goal }'
}
count() {
	valgrind --tool=callgrind --callgrind-out-file="$tmp/cg" "$@" 2>&1 \
	    >/dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
# Until QMP answers: the VM's own command line, and the start of the VM.
bare_start() {
	(cd "$vm" && exec "$@") &
	pid=$!
	"$peer" "$vm/qmp.sock"
}
our_start() {
	xray-start -q v0 &
	pid=$!
	"$peer" "$vm/qmp.sock"
}
copy() { cp --sparse=always "$tmp/data" "$tmp/copy" && sha256sum "$tmp/copy"; }
import() { xray-base import -q -n new "$tmp/data"; }

# The domains are in a libvirt that the caller has: LIBVIRT_DEFAULT_URI.
domains() {
	command -v virsh >/dev/null || { echo 'virsh is not here'; return; }
	[ -n "$XRAY_BENCH_VIRSH" ] ||
	    { echo 'XRAY_BENCH_VIRSH=1 asks virsh too'; return; }
	for i in $(seq 0 $((vms - 1))); do
		cat >"$tmp/d$i.xml" <<-XML
			<domain type='qemu'><name>xray-bench-$i</name>
			<memory unit='MiB'>64</memory><vcpu>1</vcpu>
			<os><type arch='x86_64'>hvm</type></os></domain>
		XML
		echo "define $tmp/d$i.xml"
	done >"$tmp/defines"
	virsh -q <"$tmp/defines" >/dev/null 2>&1
	[ "$(virsh -q list --all --name | grep -c xray-bench)" = "$vms" ] ||
	    { echo 'virsh defines no domains here'; return; }
	has_virsh=yes
}
no_domains() {
	[ -f "$tmp/defines" ] || return 0
	for i in $(seq 0 $((vms - 1))); do
		echo "undefine xray-bench-$i"
	done | virsh -q >/dev/null 2>&1
}

empty_base
xray create -q -m 64 -c 1 v0
for i in $(seq 1 $((vms - 1))); do
	cp -R "$vm" "$XRAY_HOME/vms/v$i"
done
has_virsh=''
domains
for _ in $(seq "$rounds"); do
	took list xray-list
	[ -z "$has_virsh" ] || took virsh virsh list --all
	took version xray-list --version
	took true /bin/true
	took create xray-create -q -m 64 made
	took qemu-img qemu-img create -q -f qcow2 -F qcow2 \
	    -b "$XRAY_HOME/bases/b/1/disk.qcow2" "$tmp/overlay.qcow2"
	xray-remove -q -f made
done
xray-start -q v0
for _ in $(seq $((rounds * 5))); do
	took status xray-info -H -o status v0
	took qmp xray-qmp v0 query-status
	took client "$peer" "$vm/qmp.sock"
done
xray-stop -q -f v0
xray-argv v0 >"$tmp/argv"
for _ in $(seq "$rounds"); do
	set -f
	IFS='
'
	# shellcheck disable=SC2046	# a line is an argument
	set -- $(cat "$tmp/argv")
	unset IFS
	set +f
	took bare bare_start "$@"
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	took start our_start
	wait "$pid"
	xray-stop -q -f v0
done
head -c 268435456 /dev/urandom >"$tmp/raw"
qemu-img convert -O qcow2 "$tmp/raw" "$tmp/data"
for _ in 1 2 3 4 5; do
	took import import
	took cp+sha256sum copy
	xray-base remove -q -y new
done

printf '%-30s %9s  %-14s %9s %6s  %s\n' 'work' 'ms' 'beside' 'ms' 'ratio' 'goal'
row "list, $vms VMs" list virsh 0.08
row '--version' version true ''
row 'create, durable' create qemu-img 0.40
row 'status of a running VM' status client 1.2
row 'query-status by QMP' qmp client 1.2
row 'start until QMP answers' start bare 1.05
row 'import of 256 MiB' import cp+sha256sum 1.2
if command -v valgrind >/dev/null; then
	all=$(count xray-list)
	echo "instructions: --version $(count xray-list --version)," \
	    "list $((all / vms)) for each VM"
fi
no_domains
