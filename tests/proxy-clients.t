#!/bin/sh
# What people have that speaks SOCKS5, through xray-proxy.
. "${0%/*}/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
for c in curl ncat proxychains4 torsocks socksify dropbear; do
	command -v $c >/dev/null || skip_all "no $c"
done
unshare -m true 2>/dev/null || skip_all 'no mount namespace'
pids=
# shellcheck disable=SC2086,SC2154	# pids is a list, finish knows tmp
trap 'rc=$?; kill $pids 2>/dev/null; (exit $rc); finish' EXIT
plan 16
cd "$tmp" || exit 1
web=93.184.216.34
ip addr add $web/32 dev lo 2>/dev/null ||
    skip_all 'no network namespace of our own'

# Names that only the proxy can look up.
printf '%s good.test other.test\n127.0.0.1 localhost\n' $web >hosts
cat >rules <<RULES
allow tcp good.test 80,22 to=$web
allow tcp $web 80,22
RULES
unshare -m sh -c 'mount --bind hosts /etc/hosts && exec "$@"' - \
    xray-proxy -q --listen 127.0.0.1:1080 --rules rules --log log \
    --ready-fd 3 3>ready &
pids="$pids $!"
head -c 200000 /dev/urandom | base64 -w 0 >page
socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'read x;
    echo "HTTP/1.0 200 OK"; echo; cat page' &
pids="$pids $!"
dropbearkey -t ed25519 -f hostkey >/dev/null 2>&1
ssh-keygen -q -t ed25519 -N '' -f key
mkdir -m 700 .ssh
cp key.pub .ssh/authorized_keys
sed "s,^root:.*,root:x:0:0::$tmp:/bin/sh," /etc/passwd >passwd
unshare -m sh -c 'mount --bind passwd /etc/passwd && exec "$@"' - \
    dropbear -F -E -s -p $web:22 -P '' -r hostkey 2>served &
pids="$pids $!"
until_ok 20 test -s ready

# page COMMAND...: it prints the page, with or without its head, and it went
# through the proxy.
ended() { grep -c 'allow .* [0-9]* [0-9]*$' log; }
more() { [ "$(ended)" -gt "$1" ]; }
page() {
	before=$(ended)
	"$@" >got && tail -n 1 got | cmp - page && until_ok 10 more "$before"
}
# asked NAME: that, by name or not, was the last that was allowed and ended.
asked() {
	until_ok 10 eval "tail -n 1 log | grep -Eq 'allow rules:. tcp $1 $web (80|22) [0-9]+ [0-9]+$'"
}
ok 'curl, by address' page curl -sS --socks5 127.0.0.1:1080 http://$web/
ok 'which the log has' asked -
ok 'curl, by name' page curl -sS --socks5-hostname 127.0.0.1:1080 \
    http://good.test/
ok 'which the log has' asked good.test
is 'what no rule names' 97 '' curl -sS --socks5-hostname 127.0.0.1:1080 \
    http://other.test/
ncat() { command ncat --proxy 127.0.0.1:1080 --proxy-type socks5 "$@"; }
get() { printf 'GET / HTTP/1.0\r\n\r\n' | ncat --proxy-dns remote "$@"; }
ok 'ncat, by address' page get $web 80
ok 'ncat, by name' page get good.test 80
ok 'which the log has' asked good.test

cat >chains <<'CONF'
strict_chain
proxy_dns
remote_dns_subnet 224
[ProxyList]
socks5 127.0.0.1 1080
CONF
ok 'proxychains4, by address' page proxychains4 -q -f chains \
    curl -sS http://$web/
ok 'proxychains4, by name' page proxychains4 -q -f chains \
    curl -sS http://good.test/
ok 'which the log has' asked good.test

cat >tor <<'CONF'
TorAddress 127.0.0.1
TorPort 1080
CONF
ok 'torsocks, by address' page env TORSOCKS_CONF_FILE="$tmp/tor" \
    torsocks curl -sS http://$web/

cat >dante <<'CONF'
resolveprotocol: fake
route {
	from: 0.0.0.0/0 to: 0.0.0.0/0 via: 127.0.0.1 port = 1080
	proxyprotocol: socks_v5
	command: connect
	method: none
}
route {
	from: 0.0.0.0/0 to: . via: 127.0.0.1 port = 1080
	proxyprotocol: socks_v5
	command: connect
	method: none
}
CONF
ok 'socksify, by address' page env SOCKS_CONF="$tmp/dante" \
    SOCKS_AUTOADD_LANROUTES=no socksify curl -sS http://$web/
ok 'socksify, by name' page env SOCKS_CONF="$tmp/dante" \
    socksify curl -sS http://good.test/

on_it() {
	ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -i key \
	    -o UserKnownHostsFile=known -o ConnectTimeout=20 -o \
	    ProxyCommand='ncat --proxy 127.0.0.1:1080 --proxy-type socks5 --proxy-dns remote %h %p' \
	    "$(id -un)@$1" "$2"
}
is 'ssh, through ncat' 0 hello on_it good.test 'echo hello'
ok 'much both ways' sh -c '[ "$1" = "$(cksum <page)" ]' - \
    "$(on_it good.test 'cat | cksum' <page)"
