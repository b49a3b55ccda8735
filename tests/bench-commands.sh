#!/bin/sh
# Commands beside qemu-img, virsh and QEMU itself; see bench.sh.  VMS is how
# many are in the home that is listed, ROUNDS how often each is asked.
# shellcheck disable=SC2329	# called by name
. "${0%/*}/lib.sh"
. "${0%/*}/bench-lib.sh"
vms=${VMS:-1000} rounds=${ROUNDS:-21}
qmp=$XRAY_OBJ/tests/qmp-peer
vm=$XRAY_HOME/vms/v0
empty_base
xray create -q -m 64 -c 1 v0
overlay="qemu-img create -q -f qcow2 -F qcow2 \
    -b $XRAY_HOME/bases/b/1/disk.qcow2"

pairs "$rounds" "$overlay $tmp/few%.qcow2" 'xray-create -q -m 64 made%'
pair_row 2 commands 'create, durable' 'qemu-img create -b' 'ratio <= 0.40'
xray-list -q | grep '^made' | xray-remove -q -f -

# ---- one that runs
# A thousand domains of a libvirt of its own, which does not take root for
# anybody.
end_virt() { [ -z "${virt-}" ] || kill "$virt"; }
trap 'rc=$?; end_virt; (exit $rc); finish' EXIT
as_nobody() {
	[ "$(id -u)" = 0 ] || { exec "$@"; return; }
	exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
domains() {
	command -v virsh libvirtd >/dev/null || return
	mkdir -p "$tmp/virt/run"
	chmod 711 "$tmp"
	[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$tmp/virt"
	(cd / && HOME=$tmp/virt XDG_RUNTIME_DIR=$tmp/virt/run &&
	    export HOME XDG_RUNTIME_DIR &&
	    unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME &&
	    as_nobody libvirtd) >"$tmp/virt.log" 2>&1 &
	virt=$!
	sock=$tmp/virt/run/libvirt/libvirt-sock
	export LIBVIRT_DEFAULT_URI="qemu+unix:///session?socket=$sock"
	until_ok 30 virsh -q list || { tail -3 "$tmp/virt.log"; return 1; }
	for i in $(seq "$vms"); do
		cat >"$tmp/virt/$i.xml" <<-XML
			<domain type='qemu'><name>d$i</name>
			<memory unit='MiB'>64</memory><vcpu>1</vcpu>
			<os><type arch='x86_64'>hvm</type></os></domain>
		XML
		echo "define $tmp/virt/$i.xml"
	done | virsh -q >/dev/null 2>&1
	[ "$(virsh -q list --all --name | grep -c '^d')" = "$vms" ]
}
for i in $(seq 1 $((vms - 1))); do
	cp -R "$vm" "$XRAY_HOME/vms/v$i"
done
if domains; then
	pairs "$rounds" 'virsh list --all' xray-list
	pair_row 2 commands "list, $vms VMs" "virsh, $vms domains" \
	    'ratio <= 0.08'
	end_virt
	virt=
else
	pairs "$rounds" true xray-list
	pair_row 2 commands "list, $vms VMs" true ''
fi
pairs "$rounds" "$overlay $tmp/many%.qcow2" 'xray-create -q -m 64 made%'
pair_row 2 commands "create, in a home of $vms" 'qemu-img create -b' ''
rm -r "$XRAY_HOME"/vms/*[1-9]*

xray-start -q v0
pairs $((rounds * 5)) "$qmp $vm/qmp.sock" 'xray-info -H -o status v0' \
    'xray-qmp v0 query-status'
pair_row 2 commands 'status of a running VM' 'a C client' 'ratio <= 1.2'
pair_row 3 commands 'query-status by QMP' 'a C client' 'ratio <= 1.2'
xray-stop -q -f v0

# ---- starts
# Until QMP answers: the VM's own command line, and the start of the VM.
xray-argv v0 >"$tmp/argv"
bare_start() {
	(cd "$vm" && exec "$@") &
	pid=$!
	"$qmp" "$vm/qmp.sock"
}
our_start() {
	xray-start -q v0 &
	pid=$!
	"$qmp" "$vm/qmp.sock"
}
ran() { # PID...: ms on a processor
	for p; do cat "/proc/$p/schedstat"; done | awk '{ s += $1 }
	    END { print s / 1e6 }'
}
bare() {
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
}
ours() {
	took start our_start
	wait "$pid"
	xray-stop -q -f v0
}
own() {
	"$pair" 1 'xray-start -q v0' >"$tmp/start"
	# The start's own, that of the supervisor and of the gateway.
	read -r gate _ <"$vm/gateway"
	ran "$(ps -o ppid= -p "$(xray pid v0)" | tr -d ' ')" "$gate" |
	    awk -v s="$(cut -f2 "$tmp/start")" '{ print $1 + s }' >>"$tmp/own"
	xray-stop -q -f v0
	# The least that three programs with their libraries take.
	"$pair" 1 'xray-start --version' 'xray-supervise --version' \
	    'xray-net --version' | awk '{ s += $2 } END { print s }' \
	    >>"$tmp/least"
}
# What was ended last is still being put away: each comes first in turn.
for _ in $(seq $(((${ROUNDS:-61} + 1) / 2))); do
	bare
	ours
	ours
	bare
	own
done
took_row commands 'start until QMP answers' start bare 'ratio <= 1.05'
row commands "of it xray's own processor time" ms "$(median <"$tmp/own")" \
    'their --version' "$(median <"$tmp/least")" \
    "$(paste "$tmp/own" "$tmp/least" | awk '{ print $1 / $2 }' | median)" '<= 2'

# ---- an image comes in
head -c 268435456 /dev/urandom >"$tmp/raw"
qemu-img convert -O qcow2 "$tmp/raw" "$tmp/data"
copy() { cp --sparse=always "$tmp/data" "$tmp/copy" && sha256sum "$tmp/copy"; }
import() { xray-base import -q -n new "$tmp/data"; }
for _ in 1 2 3 4 5; do
	took import import
	took cp+sha256sum copy
	xray-base remove -q -y new
done
took_row commands 'import of 256 MiB' import cp+sha256sum ''
