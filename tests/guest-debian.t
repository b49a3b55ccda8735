#!/bin/sh
# A stock cloud image that nobody prepared for us: by URL into a base, its
# facts found, cloud-init told who its user is, hooks that install tools, and
# what a first day needs.  The image is the debian recipe's, by its disk alone.
# One cold boot.
. "${0%/*}/world.sh"
. "${0%/*}/quick.sh"
debian_base
plan 54
make_world "127.0.0.1 localhost
93.184.216.34 web.example deb.example
93.184.216.35 other.example"
cd "$tmp" || exit 1
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY XDG_CACHE_HOME
export no_proxy=127.0.0.1
image=$XRAY_HOME/bases/debian/1/disk.qcow2
sum=$(sha256sum <"$image" | cut -d' ' -f1)
"$XRAY_OBJ/tests/http-peer" "$image" port log 0 &
peer=$!
world_pids="$world_pids $peer"
until_ok 20 test -s port
is 'import by URL, checked' 0 'Imported base image: stranger' \
    xray base import "http://127.0.0.1:$(cat port)/debian-12.qcow2" \
    --sha256 "$sum" -n stranger --user dev
is 'what it is was found' 0 'x86_64
uefi
dev' \
    xray base info -H -o arch,firmware,user stranger
kill $peer
xray base remove -q -y debian
# A mirror of packages in the world.
www=$tmp/www
mkdir -p "$www/deb" pkg/DEBIAN pkg/usr/share/greeting
echo page >"$www/page"
head -c 1000000 /dev/urandom >pkg/usr/share/greeting/data
greeting=$(sha256sum <pkg/usr/share/greeting/data)
for p in greeting htop vim git; do
	printf '%s\n' "Package: $p" 'Version: 9:1' 'Architecture: all' \
	    'Maintainer: nobody <nobody@localhost>' "Description: $p" \
	    >pkg/DEBIAN/control
	dpkg-deb -b pkg "$www/deb/$p.deb" >/dev/null
	rm -rf pkg/usr
	{ dpkg-deb -f "$www/deb/$p.deb" && echo "Filename: ./$p.deb" &&
	    echo "Size: $(stat -c %s "$www/deb/$p.deb")" &&
	    echo "SHA256: $(sha256sum <"$www/deb/$p.deb" | cut -d' ' -f1)" &&
	    echo; } >>Packages
done
mv Packages "$www/deb/"
in_world socat TCP-LISTEN:80,fork,reuseaddr,backlog=64 \
    "SYSTEM:$here/httpd.sh $www" 2>served &
world_pids="$world_pids $!"

# Hooks, of which one knows of xray only the four variables.
put() { # FILE: a script, as it is on standard input
	cat >"$scripts/$1"
	chmod 755 "$scripts/$1"
}
xray hooks init >out
scripts=$XRAY_HOME/scripts
mkdir -p "$scripts/initial-boot/guest"
put boot/install-tools.sh <<'X'
#!/bin/bash
# Install common development tools on every boot

ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -p "$XRAY_SSH_PORT" "$XRAY_SSH_USER@$XRAY_SSH_HOST" \
    'sudo apt-get update && sudo apt-get install -y htop vim git'

echo "Tools installed in $XRAY_VM_NAME"
X
put initial-boot/guest/05-mirror <<'X'
sudo rm -rf /etc/apt/sources.list.d
echo 'deb [trusted=yes] http://deb.example/deb ./' |
    sudo tee /etc/apt/sources.list
X
sed "s/^packages=.*/packages=greeting/" "$top/hooks/examples/packages.sh" |
    put initial-boot/guest/10-packages.sh
is 'the README has the first' 0 "$(sed '/^$/d' "$scripts/boot/install-tools.sh")" \
    sed -n '/^    #!\/bin\/bash/,/Tools installed/s/^    //p' "$top/README.md"
ssh-keygen -q -t ed25519 -N '' -C mine -f mine
cat >user-data <<'UD'
#cloud-config
write_files:
- path: /etc/from-user
  content: hello
runcmd:
- touch /var/lib/ran
UD
dir=$XRAY_HOME/vms/web
is 'create, start and wait in one' 0 '' xray create -q web -b stranger \
    --user-data user-data --ssh-key mine.pub --disk 5G -m 512 -c 1 -w \
    --mode deny --allow deb.example --allow web.example
is 'first ssh, as dev on web' 0 'dev web' \
    xray ssh web 'echo $(id -un) $(hostname)'
is 'wait --for cloud-init' 0 '' \
    xray wait --for cloud-init --timeout 600 web
is 'it is done, without error' 0 'status: done' xray ssh web cloud-init status
is 'every unit came up' 0 '' xray ssh web systemctl --failed --no-legend
is 'sudo' 0 0 xray ssh web sudo -n id -u
is 'the root has the size that was asked for' 0 5 xray ssh web \
    'df -BG --output=size / | tail -1 | tr -dc "0-9\n"'
is 'the other part of the user data was done too' 0 'hello
there' xray ssh web 'cat /etc/from-user; echo; test -e /var/lib/ran && echo there'

# ---- what hooks did, and what the network is
is 'tools are installed' 0 '9:1
9:1
9:1' xray ssh web 'dpkg-query -W -f "\${Version}\n" git htop vim'
is 'as the example does it' 0 "$greeting" xray ssh web \
    'sha256sum </usr/share/greeting/data'
ok 'the log says it' grep -q \
    '\[boot\] install-tools.sh: Tools installed in web$' "$dir/log/hooks.log"
is 'list' 0 'done
done
done' xray hooks list -H -o state web
says 'run' 0 '^\[boot\] install-tools.sh: Tools installed in web$' \
    xray hooks run web boot
rm -r "$scripts"
is 'curl' 0 page xray ssh web curl -sf http://web.example/page
is 'what no rule names stays refused' 7 '' xray ssh web \
    curl -s http://other.example/page
on() { timeout 300 xray ssh "$@" 2>/dev/null; }
quick systemd-resolved web 'resolvectl query $n' 0 localhost
quick 'getent by systemd-resolved' web 'getent ahosts $n' 0 localhost

# ---- ssh as others do it
conf=$HOME/.ssh/config
plain() {
	ssh -F none -p "$(xray port web)" -o HostKeyAlias=web.xray \
	    -o "UserKnownHostsFile=$dir/known_hosts" "$@"
}
is 'its host key is the one we gave it: no question' 0 dev \
    plain -o BatchMode=yes -i mine -o IdentitiesOnly=yes dev@localhost id -un
says 'no password is taken' 255 'Permission denied \(publickey\)' \
    plain -o PreferredAuthentications=password,keyboard-interactive \
    dev@localhost true
is 'nor would sshd' 0 'passwordauthentication no' \
    xray ssh web 'sudo sshd -T | grep ^passwordauth'
xray ssh-config -q --install
is 'ssh -T HOST bash, as an editor does it' 0 'dev
/home/dev' sh -c "printf 'id -un\npwd\n' | ssh -F '$conf' -T web.xray bash"
p=20000
while ss -Hltn "sport = :$p" | grep -q .; do p=$((p + 1)); done
xray ssh web 'mkdir www; echo page >www/index.html; cd www
    nohup python3 -m http.server --bind 127.0.0.1 8080 >/dev/null 2>&1 &'
mkfifo hold
ssh -F "$conf" -T -D "127.0.0.1:$p" web.xray bash <hold >/dev/null 2>&1 &
proxy=$!
world_pids="$world_pids $proxy"
exec 9>hold
is 'and its -D carries' 0 page sh -c "
    for i in \$(seq 100); do
	curl -s --socks5-hostname 127.0.0.1:$p http://localhost:8080/ && exit
	sleep 0.2
    done; exit 1"
exec 9>&-
wait $proxy

# ---- files
mkdir -p tree/sub
head -c 300000 /dev/urandom >'tree/sub/a file'
ln -s 'sub/a file' tree/link
is 'rsync' 0 '' sh -c "rsync -a -e 'ssh -F $conf' tree/ web.xray:t1 &&
    rsync -a -e 'xray ssh' web:t1/ t1 && diff -r tree t1"
is 'scp' 0 '' sh -c "scp -q -r -F '$conf' tree web.xray:t2 &&
    scp -q -F '$conf' 'web.xray:t2/sub/a file' one &&
    cmp one 'tree/sub/a file'"
says 'copy: by rsync, and it tells how much' 0 '^1 file, 300 kB, [0-9]+ s$' \
    xray copy -a tree/ web:t3
ok 'the guest'\''s own was used' xray ssh web 'command -v rsync >/dev/null'
is 'it is all there, but for the link' 0 'Only in tree: link' sh -c '
    xray copy -q -a web:t3/ t3 2>/dev/null && diff -r tree t3 || [ $? = 1 ]'
is 'with --delete' 0 'link' sh -c '
    rm -r tree/sub && xray copy -q -a --delete tree/ web:t3 &&
    xray ssh web ls t3'
# Our rsync may end its ssh before that has handed on what the guest's said.
told_why() {
	for _ in 1 2 3; do
		xray copy tree/link web:/root/ 2>said
		code=$?
		! grep -q 'Permission denied' said || break
	done
	cat said >&2
	return "$code"
}
says 'a folder that is not ours: 74, and rsync'\''s words' 74 \
    'Permission denied' told_why

# ---- the console, by the password that only it takes
word=$(cat "$dir/password")
mkfifo keys
xray console web <keys >screen 2>/dev/null &
typist=$!
world_pids="$world_pids $typist"
exec 8>keys
# type TEXT UNTIL: UNTIL appears on a line of its own screen.
type() {
	: >screen
	printf '%s\r' "$1" >&8
	until_ok 120 grep -aq "$2" screen
}
sleep 1
ok 'a prompt' type '' 'login:'
ok 'the user, and it asks' type dev 'Password:'
ok 'the word lets in' type "$word" 'dev@web'
ok 'a shell' type 'echo con$((40+2))sole' con42sole
ok 'out again' type exit 'login:'
exec 8>&-
kill $typist
wait $typist 2>/dev/null
is 'the screen is a picture of its size' 0 '89504e47 1280 800' sh -c "
    xray screenshot -q web shot.png
    set -- \$(od -An -tx1 -N4 shot.png) &&
	echo \$1\$2\$3\$4 \$(od -An -tu1 -j16 -N8 shot.png |
	awk '{ print \$3 * 256 + \$4, \$7 * 256 + \$8 }')"
# What comes last of the boot may be lost with what getty flushes, and the
# kernel writes into the middle of lines; but there are some sixty.
boot() {
	xray log web console >booted
	[ "$(grep -cE 'Started|Mounted|Finished|Reached target' booted)" -ge 20 ] || {
		cat -v booted
		return 1
	}
}
ok 'the log has the boot' boot
is 'without colours' 1 '' sh -c \
    "xray log web console | grep '$(printf '\033')'"

# ---- break it, and back
is 'a live snapshot' 0 'Created snapshot: clean' xray snap create web clean
is 'rm -rf /usr' 0 '' xray ssh web sudo rm -rf /usr
says 'it is broken' 255 . xray ssh --timeout 20 web true
is 'back, and the broken one kept' 0 'Created snapshot: broken
Reverted to snapshot: clean' xray snap revert --save=broken web clean
is 'whole' 0 'dev web' xray ssh web 'echo $(id -un) $(hostname)'
is 'the broken one is there to look at' 0 'broken	live
clean	live' sh -c 'xray snap list -H -o tag,kind web | sort'
xray snap delete -q -y web broken
says 'a disk snapshot wants a restart: told' 69 '\-\-restart' \
    sh -c 'xray stop -q web && xray snap create -q web off &&
    xray snap revert -q web clean && xray start -q web &&
    xray snap revert web off </dev/null'
is 'what was stopped and reverted resumed as it was' 0 running xray status web
is 'in it cloud-init has not begun again' 0 'status: done' \
    xray ssh web cloud-init status
is 'stop by the power button' 0 '' xray stop web
is 'no image has a fault' 0 '' sh -c "
    qemu-img check -q '$dir/disk.qcow2' &&
    qemu-img check -q '$dir/efivars.qcow2'"
is 'resume is a second, after the host was off too' 0 web sh -c '
    xray snap revert -q web clean && xray start -w -q web &&
    xray ssh web hostname'
says 'the base cannot go from under it: 75' 75 'in use by web' \
    xray base remove -y stranger
xray stop -q -f web
is 'remove takes all of it' 0 '' sh -c "
    xray remove -q -y web && ls -A '$XRAY_HOME/vms' && ls -A '$XRAY_HOME/ports'"
