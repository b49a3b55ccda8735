#!/bin/sh
# bench.sh: what commands take, as ratios to what people would use instead.
# Each round runs all of them in turn; the median of the rounds is printed.
# Nothing is judged here: tests/budget.t does that, by counts.
# shellcheck disable=SC2329	# called by name
. "${0%/*}/lib.sh"
vms=${1:-1000} rounds=${2:-11}
now() { date +%s%N; }
# took NAME COMMAND...: into the file NAME, in microseconds.
took() {
	to=$tmp/took.$1
	shift
	from=$(now)
	"$@" >/dev/null 2>&1
	echo $((($(now) - from) / 1000)) >>"$to"
}
median() { sort -n "$tmp/took.$1" | sed -n "$((rounds / 2 + 1))p"; }
# row NAME TEXT [PEER]
row() {
	us=$(median "$1")
	peer=$([ -z "$3" ] || median "$3")
	awk -v t="$2" -v us="$us" -v peer="$peer" -v of="$3" 'BEGIN {
	    printf "%-40s %9.2f ms", t, us / 1000
	    if (peer) printf "  %5.2f of %s", us / peer, of
	    print "" }'
}
count() {
	valgrind --tool=callgrind --callgrind-out-file="$tmp/cg" "$@" 2>&1 \
	    >/dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

empty_base
xray create -q -m 64 -c 1 v0
for i in $(seq 1 $((vms - 1))); do
	cp -R "$XRAY_HOME/vms/v0" "$XRAY_HOME/vms/v$i"
done
has_virsh=
if command -v virsh >/dev/null && [ -n "$XRAY_BENCH_VIRSH" ]; then
	has_virsh=virsh
	for i in $(seq 0 $((vms - 1))); do
		cat >"$tmp/d.xml" <<-XML
			<domain type='qemu'><name>xray-bench-$i</name>
			<memory unit='MiB'>64</memory><vcpu>1</vcpu>
			<os><type arch='x86_64'>hvm</type></os></domain>
		XML
		virsh -q define "$tmp/d.xml" >/dev/null
	done
fi
xray start v0
qmp() { xray qmp v0 query-status; }
for _ in $(seq "$rounds"); do
	took list xray-list
	[ -z "$has_virsh" ] || took virsh virsh list --all
	took version xray-list --version
	took true /bin/true
	took status xray-info -H -o status v0
	took qmp xray-qmp v0 query-status
	[ ! -x "$XRAY_OBJ/tests/qmp-peer" ] || took client \
	    "$XRAY_OBJ/tests/qmp-peer" "$XRAY_HOME/vms/v0/qmp.sock"
done
row list "list, $vms VMs" $has_virsh
[ -z "$has_virsh" ] || row virsh "virsh list --all, $vms domains"
row version '--version' true
client=$([ ! -f "$tmp/took.client" ] || echo client)
row status 'status of a running VM' "$client"
row qmp 'query-status by QMP' "$client"
if command -v valgrind >/dev/null; then
	all=$(count xray-list)
	echo "instructions: --version $(count xray-list --version)," \
	    "list $((all / vms)) for each VM"
fi
if [ -n "$has_virsh" ]; then
	for i in $(seq 0 $((vms - 1))); do
		virsh -q undefine "xray-bench-$i" >/dev/null
	done
fi
