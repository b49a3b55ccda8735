#!/bin/sh
# What a rule allows works from guests as it does without a firewall: wget,
# curl, git, ssh, large transfers, ends of one direction; and names are
# found in no time.
if [ -z "${used_home-}" ]; then
	own_net=no # packages come from their mirrors
	. "${0%/*}/lib.sh"
	tiny_base
	export XRAY_CACHE="${XRAY_CACHE:-$XRAY_OBJ/guest/cache}"
	xray base build -q -n use tiny -- curl wget git openssh-client socat \
	    libc-bin \
	    2>"$tmp/err" || skip_all 'no packages for a guest with git and curl'
	unset own_net own_mounts
	used_home=$XRAY_HOME sh "$0"
	exit
fi
. "${0%/*}/world.sh"
. "${0%/*}/quick.sh"
tiny_base
cp -al "$used_home/bases/use" "$XRAY_HOME/bases/"
plan 32
web=93.184.216.34
make_world "127.0.0.1 localhost
$web web.example git.example ssh.example
93.184.216.35 other.example"

# Servers in the world.
www=$tmp/www
mkdir -p "$www" "$tmp/root/.ssh"
head -c 16777216 /dev/urandom >"$www/big"
big=$(sha256sum <"$www/big")
echo page >"$www/page"
git init -q "$tmp/work"
git -C "$tmp/work" -c user.name=t -c user.email=t@localhost commit -q \
    --allow-empty -m first
git clone -q --bare "$tmp/work" "$www/repo.git"
git -C "$www/repo.git" update-server-info
touch "$www/repo.git/git-daemon-export-ok"
serve() { # PORT COMMAND [OPTION]
	in_world socat -t 3 "TCP-LISTEN:$1,fork,reuseaddr,backlog=64" \
	    "SYSTEM:$2$3" 2>>"$tmp/served" &
	world_pids="$world_pids $!"
}
serve 80 "$here/httpd.sh $www"
serve 7001 sha256sum
# By two pipes, of which it can close one.
serve 7002 "cat $www/page; exec >&-; sha256sum >$tmp/late" ,pipes
in_world git daemon --reuseaddr --base-path="$www" >/dev/null 2>&1 &
world_pids="$world_pids $!"
ours "$(sed "s,^root:.*,root:x:0:0::$tmp/root:/bin/sh," /etc/passwd)" /etc/passwd
dropbearkey -t ed25519 -f "$tmp/hostkey" >/dev/null 2>&1
in_world dropbear -F -E -s -p 22 -P '' -r "$tmp/hostkey" 2>>"$tmp/served" &
world_pids="$world_pids $!"

xray create -q -b tiny -c 1 small
xray create -q -b use -c 1 -m 512 a
for vm in small a; do
	echo 'allow tcp web.example 80,7001,7002
allow tcp git.example 80,9418
allow tcp ssh.example 22
allow tcp 93.184.216.34 *' >"$XRAY_HOME/vms/$vm/rules"
done
ok 'the guests are up' xray start -q -w --timeout 500 small a
on() { # VM COMMAND...
	vm=$1
	shift
	timeout 300 xray ssh "$vm" "$@" 2>/dev/null
}

came() { until_ok 30 test -s "$tmp/late" && cat "$tmp/late"; }

for to in web.example $web; do
	is "busybox wget: $to" 0 page on small "wget -q -O- http://$to/page"
	is "wget: $to" 0 page on a "wget -q -O- http://$to/page"
	is "curl: $to" 0 page on a "curl -sf http://$to/page"
	is "16 MB down: $to" 0 "$big" on a "curl -sf http://$to/big | sha256sum"
	is "16 MB up: $to" 0 "$big" on a "curl -sf http://$to/big >big
	    curl -sf -T big http://$to/up"
	is "both ways at once: $to" 0 "$big
$big" on a "curl -sf -T big http://$to/up >up & curl -sf http://$to/big |
	    sha256sum; wait; cat up"
	is "our end first, and an answer behind it: $to" 0 "$big" on a \
	    "socat -t 100 - TCP:$to:7001 <big"
	is "their end first, and ours behind it: $to" 0 page on a \
	    "{ sleep 1; cat big; } | socat -t 100 - TCP:$to:7002"
	is "which came: $to" 0 "$big" came
	rm -f "$tmp/late"
done
for to in http://git.example git://git.example "http://$web" "git://$web"; do
	is "git: $to" 0 first on a "rm -rf c && git clone -q $to/repo.git c &&
	    git -C c log --format=%s"
done
on a "ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519 && cat .ssh/*.pub" \
    >"$tmp/root/.ssh/authorized_keys"
chmod -R go= "$tmp/root"
for to in ssh.example $web; do
	is "ssh: $to" 0 there on a \
	    "ssh -o StrictHostKeyChecking=no root@$to echo there"
	is "a pipe through ssh: $to" 0 "$big" on a \
	    "ssh -o StrictHostKeyChecking=no root@$to sha256sum <big"
done

quick glibc a 'getent ahosts $n' 0 localhost
quick 'nslookup of busybox' small 'nslookup $n' 0 ''
quick 'curl, and a refusal' a 'curl -s http://$n/' 7 127.0.0.1

is 'what no rule names stays refused' 7 '' on a \
    'curl -s http://other.example/page'
is 'on another port too' 7 '' on a 'curl -s http://web.example:81/page'
xray stop -q -f small a
