# The Internet of a test: a network namespace behind a link, in which every
# address is there; names in files of the test's own.  Source it as the first
# thing of all: it needs root and namespaces, and gives the test a private view
# of /etc.
# shellcheck shell=sh disable=SC2034,SC2086,SC2154
if [ "${own_mounts-}" != yes ]; then
	if [ "$(id -u)" != 0 ] || ! unshare -nm true 2>/dev/null; then
		echo '1..0 # SKIP no mount namespace'
		exit 0
	fi
	own_mounts=yes exec unshare -m sh "$0" "$@"
fi
unset own_mounts
. "${0%/*}/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
witness=$XRAY_OBJ/tests/wall-peer
[ -x "$witness" ] || skip_all 'wall-peer is not built: make tests'
world_pids=
# All that is in the world is ours, also what our servers started.
end_world() {
	in=$(readlink "/proc/$world/ns/net") &&
	    [ "$in" != "$(readlink /proc/self/ns/net)" ] &&
	    for p in /proc/[0-9]*; do
		[ "$(readlink "$p/ns/net")" != "$in" ] || kill "${p#/proc/}"
	    done
	kill $world_pids
}
trap 'rc=$?; end_world 2>/dev/null; (exit $rc); finish' EXIT

world='' world_ip=93.184.217.1 host_ip=93.184.217.2

# ours TEXT FILE: the machine's FILE has this text, for us.
ours() {
	printf '%s\n' "$1" >"$tmp/etc-${2##*/}"
	mount --bind "$tmp/etc-${2##*/}" "$2"
}

in_world() { nsenter -t "$world" -n "$@"; }

# watch NAME COMMAND...: a witness, whose words are in the file NAME.
watch() {
	seen=$tmp/$1
	shift
	"$@" >"$seen" 2>&1 &
	world_pids="$world_pids $!"
	until_ok 30 grep -q ready "$seen" || {
		cat "$seen"
		return 1
	}
}

# make_world HOSTS: the host has HOSTS as its hosts, and asks a name server on
# 127.0.0.53 besides.
make_world() {
	ours "$1" /etc/hosts
	ours 'hosts: files dns' /etc/nsswitch.conf
	ours 'nameserver 127.0.0.53' /etc/resolv.conf
	unshare -n sleep 3600 &
	world=$!
	world_pids="$world_pids $world"
	until_ok 30 sh -c "[ \"\$(readlink /proc/$world/ns/net)\" != \
	    \"\$(readlink /proc/self/ns/net)\" ]"
	ip link add out type veth peer name in netns "$world"
	ip addr add $host_ip/24 dev out
	ip link set out up
	in_world ip addr add $world_ip/24 dev in
	in_world ip link set lo up
	in_world ip link set in up
	ip route add default via $world_ip
	echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range
	in_world ip route add local default dev lo
	[ ! -d /proc/sys/net/ipv6 ] || {
		ip -6 addr add 2001:4860:77::2/64 dev out nodad
		in_world ip -6 addr add 2001:4860:77::1/64 dev in nodad
		ip -6 route add default via 2001:4860:77::1
		in_world ip -6 route add local default dev lo
	}
}
