#!/bin/sh
# Our answers, read by the resolvers of others; and the names that ours asks
# the host for.
if [ -z "$XRAY_TEST_MOUNTS" ]; then
	own=-m
	[ "$(id -u)" = 0 ] || own=-rm
	if unshare $own true 2>/dev/null; then
		XRAY_TEST_MOUNTS=1 exec unshare $own sh "$0"
	fi
fi
. "${0%/*}/lib.sh"
[ -n "$XRAY_TEST_MOUNTS" ] || skip_all 'no mount namespace'
peer=$XRAY_OBJ/tests/dns-peer
[ -x "$peer" ] || skip_all 'dns-peer is not built: make tests'
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
cd "$tmp" || exit 1

# What libc goes by is ours here.
echo 'nameserver 127.0.0.1' >resolv.conf
echo 'hosts: files dns' >nsswitch.conf
echo '127.0.0.1 localhost' >hosts
for f in resolv.conf nsswitch.conf hosts; do
	mount --bind $f /etc/$f || skip_all 'no mount namespace'
done
# glibc asks for no address of a family that this machine has none of.
PATH=$PATH:/usr/sbin:/sbin
ip addr add 192.0.2.77/32 dev lo
ip addr add 2001:db8::77/128 dev lo
plan 23
"$peer" serve >log &
pids="$pids $!"
until_ok 30 grep -q listening log || echo '# no server'

# took MS COMMAND...: in one of twenty runs.  Measured on a quiet machine: 4 ms,
# curl 10; who is answered wrongly waits for 5 s and more.
took() {
	ms=$1
	shift
	for _ in $(seq 20); do
		begin=$(date +%s%N)
		"$@" || return
		end=$(date +%s%N)
		took=$(((end - begin) / 1000000))
		echo "$took ms: $*"
		[ $took -gt "$ms" ] || return 0
	done
	return 1
}
asked() { grep -qx "$1" log; }
address() { "$@" | awk '{ print $1; exit }'; }

# ---- glibc
is 'getent: an address' 0 198.18.1.1 address getent ahostsv4 a.test
is 'the same one again' 0 198.18.1.1 address getent ahostsv4 A.Test.
is 'both families: one' 0 198.18.1.1 address getent ahosts a.test
ok 'both were asked for' asked 'AAAA a.test'
ok 'in no time' took 50 getent ahosts b.test
is 'no such name' 2 '' getent ahosts none.test
ok 'in no time' took 50 not getent ahosts none2.test
is 'of the other family none: ours mapped' 0 ::ffff:198.18.1.3 \
    address getent ahostsv6 c.test
ok 'in no time' took 50 getent ahostsv6 d.test
ok 'an address has no name' not getent hosts 192.0.2.1
ok 'one label' getent ahostsv4 nas
ok 'a name of 253 bytes' getent ahostsv4 "$(printf '%050d.' 0 0 0 0 0 |
    tr 0 x | cut -c 1-253)"

# ---- busybox, curl
ok 'nslookup' sh -c "busybox nslookup e.test 127.0.0.1 |
    grep -q '198\.18\.1\.'"
ok 'in no time' took 50 busybox nslookup f.test 127.0.0.1
# curl has the address when it fails to connect (7), and not to resolve (6).
resolves() {
	curl -s -m 5 -o /dev/null "$1"
	[ $? = 7 ]
}
ok 'curl' resolves http://g.test/
ok 'in no time' took 100 resolves http://h.test/
is 'curl: no such name' 6 '' curl -s -m 5 http://none3.test/

# ---- what we ask the host for
look_up() { "$peer" look-up "$@" | sed 's/ *$//'; }
echo '192.0.2.5 own.test own' >>hosts
is 'a resolver: names, an address, /etc/hosts, none' 0 'a.test 198.18.1.1
192.0.2.1 192.0.2.1
own.test 192.0.2.5
own 192.0.2.5
none4.test' look_up a.test 192.0.2.1 own.test own none4.test
cat >resolv.conf <<'R'
nameserver 127.0.0.1
search one.example two.example
R
ok 'one label, with a list to search' look_up nas2
ok 'it is searched for there' asked 'A nas2.one.example'
is 'a name with a dot is not' 0 none5.test look_up none5.test
ok 'in any of it' not grep -q 'none5.test\..*example' log
# A resolver lives as long as the VM: the host's network changes meanwhile.
changing() {
	mkfifo go
	"$peer" look-up nas3 again nas4 <go >looked &
	exec 5>go
	until_ok 30 grep -q nas3 looked
	sed -i.old 's/one/three/' resolv.conf
	cat resolv.conf >/etc/resolv.conf
	echo >&5
	exec 5>&-
	wait $!
	asked 'A nas4.three.example'
}
ok 'what resolv.conf says later is followed' changing
