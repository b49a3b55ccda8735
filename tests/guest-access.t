#!/bin/sh
# Into a real guest by the programs people have: ssh, scp, sftp, rsync, git,
# curl; and its console.  The guest is tiny with git and rsync.
own_net=no # packages come from their mirrors
. "${0%/*}/lib.sh"
tiny_base
export XRAY_CACHE="${XRAY_CACHE:-$XRAY_OBJ/guest/cache}"
xray base build -q -n work tiny -- git rsync 2>"$tmp/err" ||
    skip_all 'no packages for a guest with git and rsync'
plan 44
xray create -q -b work -c 1 web
xray create -q -b tiny -c 1 small
conf=$HOME/.ssh/config
dir=$XRAY_HOME/vms/web
is 'ssh_start = yes starts what is stopped' 0 '' sh -c "
    echo 'ssh_start = yes' >>'$dir/vm.ini'; xray ssh web true"
says 'without it: 69' 69 'small: stopped; xray start small, or xray ssh -S' \
    xray ssh small true
is 'ssh -S: that too' 0 small xray ssh -S small hostname
is 'wait --for boot, clock' 0 '' sh -c '
    xray wait --for boot --timeout 100 web small &&
    xray wait --for clock --timeout 100 web small'
says 'wait --for cloud-init: there is none' 69 'no cloud-init in the guest' \
    xray wait --for cloud-init web
says 'wait --for what is not' 64 'port:N or stopped' xray wait --for love web
says 'wait --for port: nothing listens' 75 'nothing listens on port 8000' \
    xray wait --timeout 3 --for port:8000 web

# From here on with triggers and a configuration that say nothing.
(umask 077 && mkdir -p "$XRAY_HOME/config/triggers")
printf '#!/bin/sh\n' >"$XRAY_HOME/config/triggers/pre-ssh"
cp "$XRAY_HOME/config/triggers/pre-ssh" "$XRAY_HOME/config/triggers/post-ssh"
chmod 755 "$XRAY_HOME"/config/triggers/*
echo '# nothing' >"$XRAY_HOME/config/ssh_config"

# Plain ssh by the Include.
xray ssh-config -q --install
is 'plain ssh' 0 web ssh -F "$conf" web.xray hostname
head -c 300000 /dev/urandom >"$tmp/r"
is 'scp there and back' 0 '' sh -c "
    scp -q -F '$conf' '$tmp/r' web.xray:r && scp -q -F '$conf' web.xray:r \
    '$tmp/r2' && cmp '$tmp/r' '$tmp/r2'"
is 'sftp' 0 '' sh -c "echo 'get r $tmp/r3' |
    sftp -q -F '$conf' -b - web.xray >/dev/null && cmp '$tmp/r' '$tmp/r3'"
mkdir "$tmp/tree"
cp "$tmp/r" "$tmp/tree/a file"
is 'rsync -e ssh to NAME.xray' 0 '' sh -c "
    rsync -a -e 'ssh -F $conf' '$tmp/tree/' web.xray:t1 &&
    rsync -a -e 'ssh -F $conf' web.xray:t1/ '$tmp/t1' &&
    diff -r '$tmp/tree' '$tmp/t1'"
is "rsync -e 'xray ssh'" 0 '' sh -c "
    rsync -a -e 'xray ssh' '$tmp/tree/' web:t2 &&
    rsync -a -e 'xray ssh' ubuntu@web:t2/ '$tmp/t2' &&
    diff -r '$tmp/tree' '$tmp/t2'"

# git, as a client of a repository in the guest.
xray ssh web 'git init -q --bare repo.git' >"$tmp/err" 2>&1
git init -q "$tmp/work" && cd "$tmp/work" || exit 1
git -c user.name=t -c user.email=t@localhost commit -q --allow-empty -m first
is 'git push, GIT_SSH_COMMAND=xray ssh' 0 '' env GIT_SSH_COMMAND='xray ssh' \
    git push -q web:repo.git HEAD:refs/heads/main
is 'git clone the same way' 0 first sh -c "
    GIT_SSH_COMMAND='xray ssh' git clone -q -b main web:repo.git '$tmp/c1' &&
    git -C '$tmp/c1' log --format=%s"
is 'git clone from NAME.xray' 0 first sh -c "
    GIT_SSH_COMMAND='ssh -F $conf' git clone -q -b main \
    ssh://web.xray/~/repo.git '$tmp/c2' && git -C '$tmp/c2' log --format=%s"
cd "$tmp" || exit 1

# A service in the guest, on its own loopback: by -L and by -D.
xray ssh web 'mkdir -p www && echo page >www/index.html
    busybox httpd -p 127.0.0.1:8080 -h www && busybox httpd -p 8000 -h www'
free_port() {
	p=20000
	while ss -Hltn "sport = :$p" | grep -q .; do p=$((p + 1)); done
	echo "$p"
}
port=$(free_port)
xray ssh web -N -L "127.0.0.1:$port:127.0.0.1:8080" &
l=$!
is 'xray ssh -L' 0 page sh -c "
    for i in \$(seq 100); do
	curl -s 'http://127.0.0.1:$port/' && exit; sleep 0.2; done; exit 1"
kill $l
wait $l 2>/dev/null
port=$(free_port)
ssh -F "$conf" -N -D "127.0.0.1:$port" web.xray &
d=$!
is 'ssh -D to NAME.xray' 0 page sh -c "
    for i in \$(seq 100); do
	curl -s --socks5-hostname '127.0.0.1:$port' http://localhost:8080/ &&
	    exit; sleep 0.2; done; exit 1"
kill $d
wait $d 2>/dev/null

# Any port, through the gateway.
get='GET / HTTP/1.0\r\n\r\n'
is 'connect to a port that nobody published' 0 page sh -c "
    printf '$get' | xray connect web 8000 | tail -1"
is 'and again' 0 page sh -c "printf '$get' | xray connect web 8000 | tail -1"
is 'wait --for port:N' 0 '' xray wait --timeout 60 --for port:8000 web
is 'wait --for port N' 0 '' xray wait --timeout 60 --for port 8000 web
says 'connect to a port on which nothing listens: 69' 69 'listens on port 8001' \
    timeout 60 xray connect web 8001 </dev/null
says 'and with something to say' 69 'nothing listens on port 8001' \
    timeout 60 sh -c 'echo x | xray connect web 8001'
kill -9 "$(cut -d' ' -f1 "$XRAY_HOME/vms/web/gateway")"
is 'a gateway that is started again: connect waits' 0 page sh -c "
    for i in \$(seq 50); do
	printf '$get' | timeout 60 xray connect web 8000 | tail -1 | grep . &&
	    exit; sleep 0.2; done"

# copy, by rsync and by tar with busybox's.
for vm in web small; do
	is "copy to and from $vm" 0 '' sh -c "
	    xray copy -q -a '$tmp/tree/' $vm:'c d' &&
	    xray copy -q -a $vm:'c d/' '$tmp/$vm' &&
	    diff -r '$tmp/tree' '$tmp/$vm'"
	is "copy: one file to a new name, $vm" 0 '' sh -c "
	    xray transfer $vm '$tmp/r' :one && xray cp -q $vm:one '$tmp/one' &&
	    cmp '$tmp/r' '$tmp/one'; rm -f '$tmp/one'" 
	says "copy: no such folder in $vm" 66 'no such folder in the guest' \
	    xray copy "$tmp/r" "$vm:no/such/place"
	is "copy: a hostile tree of $vm" 0 './ok' sh -c "
	    xray ssh $vm 'mkdir -p h && cd h && echo x >ok && chmod 4755 ok &&
	    ln -sf /etc/passwd abs && ln -sf ../../x up && mkfifo p' &&
	    xray copy -q -a $vm:h/ '$tmp/h-$vm' 2>/dev/null
	    cd '$tmp/h-$vm' && find . -type f ! -perm -4000 -o -type l"
done
says 'copy --delete without rsync in the guest: 69' 69 'needs rsync' \
    xray copy --delete "$tmp/tree/" small:x

# The console: the last screenful, two at once, a login.
ok 'console: the last screenful' sh -c "
    timeout 5 xray console --read-only web | grep -q login"
is 'console: a login and a command, seen by both' 0 'both ok' sh -c "
    timeout 20 xray console --read-only web >'$tmp/second' 2>/dev/null &
    { sleep 1; printf '\\r'; sleep 1; printf 'ubuntu\\r'; sleep 2
    printf 'echo con\$((40+2))sole\\r'; sleep 3; printf 'exit\\r'; sleep 1; } |
    timeout 15 xray console web >'$tmp/first' 2>/dev/null
    wait
    grep -q con42sole '$tmp/first' && grep -q con42sole '$tmp/second' &&
    echo both ok"
ok 'and it is in the log' sh -c 'xray log web console | grep -q con42sole'
is 'connect VM console' 0 '' sh -c "
    timeout 5 xray connect web console </dev/null | grep -q login"
kill -9 "$(ps -o ppid= -p "$(xray pid web)" | tr -d ' ')"
ok 'console: without its supervisor straight to QEMU' sh -c "
    { sleep 1; printf '\\r'; sleep 2; } | timeout 10 xray console web |
    grep -q login"

# A guest without our key takes it by a password.
xray ssh small 'h=$(mkpasswd -m sha512 secret abcdefgh)
    sudo sed -i "s,^ubuntu:[^:]*,ubuntu:$h," /etc/shadow
    sudo sed -i "s/ -i -s -w/ -i -w/" /etc/tiny/ssh
    : >.ssh/authorized_keys; sudo killall tcpsvd'
until_ok 30 sh -c "xray connect --timeout 1 small </dev/null | grep -q SSH"
printf '#!/bin/sh\necho secret\n' >"$tmp/askpass"
chmod +x "$tmp/askpass"
says 'ssh without our key: no' 255 'denied' xray ssh small true
says 'key install without --password: told how' 77 \
    'xray key install --password small' xray key install small
export SSH_ASKPASS="$tmp/askpass" SSH_ASKPASS_REQUIRE=force
is 'ssh --password' 0 small xray ssh --password small hostname
says 'key install --password' 0 'small: the key is in' \
    xray key install --password small
unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
is 'then ssh lets us in' 0 small xray ssh small hostname
is 'key install again: nothing twice' 0 1 sh -c '
    xray key install -q small && xray ssh small wc -l .ssh/authorized_keys |
    cut -d" " -f1'
xray stop -f -q -a
