#!/bin/sh
# What a rule allows works from guests as it does without a firewall: wget,
# curl, apt, git, ssh, large transfers, ends of one direction; and names are
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
debian_base
tiny_base
cp -al "$used_home/bases/use" "$XRAY_HOME/bases/"
plan 41
web=93.184.216.34
make_world "127.0.0.1 localhost
$web web.example deb.example git.example ssh.example
93.184.216.35 other.example"

# Servers in the world.
www=$tmp/www
mkdir -p "$www/deb" "$tmp/root/.ssh"
head -c 67108864 /dev/urandom >"$www/big"
big=$(sha256sum <"$www/big")
echo page >"$www/page"
git init -q "$tmp/work"
git -C "$tmp/work" -c user.name=t -c user.email=t@localhost commit -q \
    --allow-empty -m first
git clone -q --bare "$tmp/work" "$www/repo.git"
git -C "$www/repo.git" update-server-info
touch "$www/repo.git/git-daemon-export-ok"
mkdir -p "$tmp/pkg/DEBIAN" "$tmp/pkg/usr/share/greeting"
head -c 1000000 /dev/urandom >"$tmp/pkg/usr/share/greeting/data"
printf '%s\n' 'Package: greeting' 'Version: 1' 'Architecture: all' \
    'Maintainer: nobody <nobody@localhost>' 'Description: a greeting' \
    >"$tmp/pkg/DEBIAN/control"
dpkg-deb -b "$tmp/pkg" "$www/deb/greeting.deb" >/dev/null
(cd "$www/deb" && dpkg-deb -f greeting.deb && echo 'Filename: greeting.deb' &&
    echo "Size: $(stat -c %s greeting.deb)" &&
    echo "SHA256: $(sha256sum <greeting.deb | cut -d' ' -f1)") >"$www/Packages"
mv "$www/Packages" "$www/deb/"

# One request: GET a file, or PUT one and be told its hash.
cat >"$tmp/http" <<'H'
#!/bin/sh
cr=$(printf '\r')
read -r method path rest
while read -r field value && [ "$field" != "$cr" ]; do
	case $field in [Cc]ontent-[Ll]ength:) n=${value%"$cr"} ;; esac
	case $field in [Ee]xpect:) printf 'HTTP/1.1 100 Continue\r\n\r\n' ;; esac
done
path=${path%%\?*} file=$1/${path#/}
if [ "$method" = PUT ]; then
	head -c "$n" | sha256sum >"$1/put.$$"
	file=$1/put.$$
elif [ ! -f "$file" ]; then
	printf 'HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
	exit
fi
printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\nConnection: close\r\n\r\n' \
    "$(stat -c %s "$file")"
cat "$file"
H
chmod 755 "$tmp/http"
serve() { # PORT COMMAND [OPTION]
	in_world socat -t 3 "TCP-LISTEN:$1,fork,reuseaddr,backlog=64" \
	    "SYSTEM:$2$3" 2>>"$tmp/served" &
	world_pids="$world_pids $!"
}
serve 80 "$tmp/http $www"
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
xray create -q -b debian -c 1 -m 512 d
for vm in small a d; do
	echo 'allow tcp web.example 80,7001,7002
allow tcp deb.example 80
allow tcp git.example 80,9418
allow tcp ssh.example 22
allow tcp 93.184.216.34 *' >"$XRAY_HOME/vms/$vm/rules"
done
ok 'the guests are up' xray start -q -w --timeout 500 small a d
on() {
	vm=$1
	shift
	timeout 300 xray ssh "$vm" "$@" 2>/dev/null
}

# The recipe's Debian boots by BIOS, as its own user.
is 'as its user' 0 'debian d' on d 'echo "$(id -un) $(hostname)"'
ok 'cloud-init is content' xray wait --for cloud-init --timeout 600 d
ok 'its root has grown' on d \
    '[ "$(df --output=size -BM / | tail -1 | tr -dc 0-9)" -gt 18000 ]'

came() { until_ok 30 test -s "$tmp/late" && cat "$tmp/late"; }

for to in web.example $web; do
	is "busybox wget: $to" 0 page on small "wget -q -O- http://$to/page"
	is "wget: $to" 0 page on a "wget -q -O- http://$to/page"
	is "curl: $to" 0 page on a "curl -sf http://$to/page"
	is "curl of another system: $to" 0 page on d "curl -sf http://$to/page"
	is "64 MB down: $to" 0 "$big" on a "curl -sf http://$to/big | sha256sum"
	is "64 MB up: $to" 0 "$big" on a "curl -sf http://$to/big >big
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

# apt, and a package.
on d 'echo "deb [trusted=yes] http://deb.example/deb ./" |
    sudo tee /etc/apt/sources.list && sudo rm -rf /etc/apt/sources.list.d' \
    >/dev/null
is 'apt-get update' 0 '' on d 'sudo apt-get -qq update'
is 'apt-get install' 0 "$(sha256sum <"$tmp/pkg/usr/share/greeting/data")" on d \
    'sudo apt-get -qq -y install greeting >/dev/null 2>&1
    sha256sum </usr/share/greeting/data'

# Five times 100 ms for each of ten names never asked for, less what the same
# program takes where nothing is asked; what it was in fact is said.
took() { # VM COMMAND-WITH-NAME CODE NAMES: ms for one, 10000 if one went wrong
	on "$1" "
	    t() { read -r s _ </proc/uptime; s=\${s%.*}\${s#*.}; }
	    t; from=\$s; for n in $4; do
		$2 >/dev/null 2>&1; [ \$? = $3 ] || from=-10000
	    done; t; echo \$((s - from))"
}
quick() { # TEXT VM COMMAND-WITH-NAME CODE NOTHING
	it=${1%%[ ,]*}
	ms=$(took "$2" "$3" "$4" "$(seq -s ' ' -f "$it%g.example" 10)")
	ms=$((${ms:-10000} - $(took "$2" "$3" "$4" "$(yes "$5" | head | xargs)")))
	n=$((n + 1))
	if [ $ms -le 500 ]; then
		echo "ok $n - $1: $ms ms for a name"
	else
		echo "not ok $n - $1: $ms ms for a name"
		bad=1
	fi
}
quick glibc a 'getent ahosts $n' 0 localhost
quick 'nslookup of busybox' small 'nslookup $n' 0 ''
quick 'curl, and a refusal' a 'curl -s http://$n/' 7 127.0.0.1
quick systemd-resolved d 'resolvectl query $n' 0 localhost
quick 'getent by systemd-resolved' d 'getent ahosts $n' 0 localhost

is 'what no rule names stays refused' 7 '' on a \
    'curl -s http://other.example/page'
is 'on another port too' 7 '' on a 'curl -s http://web.example:81/page'
xray stop -q -f small a d
