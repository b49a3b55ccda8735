#!/bin/sh
# A guest that takes all the sockets it can get does not shut its owner out.
. "${0%/*}/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
peer=$XRAY_OBJ/tests/net-peer
host=$XRAY_OBJ/tests/net-host-peer
[ -x "$peer" ] || skip_all 'net-peer is not built: make tests'
ip link add hole type veth peer name pit 2>/dev/null ||
	skip_all 'no network namespace of our own'
plan 4
cd "$tmp" || exit 1
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT

# Who is sent something there never answers.
ip link set pit up
ip addr add 93.184.217.2/24 dev hole
ip link set hole up
ip neigh add 93.184.217.1 lladdr 02:00:00:00:00:01 dev hole

head -c 300000 /dev/urandom >data
"$peer" net.sock accept flood 93.184.217.1:80 serve 22 rest >said 2>&1 &
pids="$pids $!"
xray-net --mac 52:54:00:12:34:56 --ready-fd 3 --net open --unix ssh.sock:22 \
    --control ctl net.sock 3>ready 2>log &
net=$!
pids="$pids $net"
ok 'the guest floods' until_ok 30 grep -q flooded said
sockets() { find "/proc/$net/fd" -lname 'socket:*' | wc -l; }
ok 'and has many sockets' [ "$(sockets)" -gt 900 ]
ok 'a connection to it' timeout 60 sh -c \
    '"$1" connect ssh.sock <data | cmp - data' - "$host"
ok 'which it saw' until_ok 30 grep -q 'served 300000 end' said
