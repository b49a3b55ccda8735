#!/bin/sh
# xray-move and xray-resize: another name, a larger disk.
. "${0%/*}/lib.sh"
plan 59
empty_base
xray create -q -m 64 -c 1 -p 18480:80 web
xray create -q -m 64 -c 1 db
vms=$XRAY_HOME/vms ports=$XRAY_HOME/ports
printf 'web.xray ssh-ed25519 AAAA one\nelsewhere ssh-ed25519 BBBB\n' \
    >"$vms/web/known_hosts"
ssh=$(xray info -H -o ssh_port web)
xray ssh-config web >"$vms/web/ssh.conf"
claims() { cat "$ports/$ssh" "$ports/18480"; }

says 'two names are needed: 64' 64 'the VM and its new name' xray move web
says 'no such VM: 66' 66 'wbe: no such VM \(web\?\)' xray move wbe x
says 'no name: 64' 64 'not a name' xray move web ../x
says 'a reserved one: 64' 64 'reserved' xray move web maintenance
says 'taken: 73' 73 'db: exists' xray move web db
says 'taken in other letters: 73' 73 'DB: there is a VM called db' \
    xray move web DB
says 'move tells the old name' 0 '^www: was web \(hostname changes' \
    xray move web www
is 'it has the new one' 0 'db
www' xray list -q
is 'so do its claims' 0 'www
www' claims
is 'and its host key' 0 'www.xray ssh-ed25519 AAAA one
elsewhere ssh-ed25519 BBBB' cat "$vms/www/known_hosts"
is 'plain ssh finds it by that' 0 'Host www.xray' sh -c "
    grep ^Host '$vms/www/ssh.conf' && grep -q ' www 22$' \
    '$vms/www/ssh.conf' && ! grep -q 'web' '$vms/www/ssh.conf'"
is 'its ini says so' 0 '# VM www; keys in xray.ini(5)' head -1 "$vms/www/vm.ini"
is 'by its port too' 0 www xray info -H -o name "$ssh"
says 'to its own name: so already' 0 'www: called so already' xray move www www
is 'rename is an alias' 0 '' xray rename -q www WWW
is 'in other letters' 0 'WWW
db' sh -c 'xray list -q | LC_ALL=C sort'
xray move -q WWW www
is 'it starts under it' 0 '' xray start www
says 'while it runs: 75' 75 'www: runs; xray stop www' xray move www web
xray stop -f www
ssh=$(xray info -H -o ssh_port www) # start may have moved it
says 'a held lock: 75' 75 'www: locked by xray-test' \
    "$XRAY_OBJ/tests/lock-peer" "$vms/www/lock" \
    xray move www web
says 'its port is its own still' 75 "port 18480: is www's" \
    xray port add db 18480:80
xray create -q -m 64 -c 1 web
ok 'the old name is free' test "$(xray port web)" != "$(xray port www)"
xray remove -q -y web

# A VM that gets the name which a move was killed over has none of its ports.
printf 'www\nweb\n' >"$ports/18480"
xray create -q -m 64 -c 1 web
says 'half moved, its port is its own' 75 "port 18480: is www's" \
    xray port add db 18480:80
xray port add -q web 18481:81
ok 'also when the new one gets another' test -e "$ports/18480"
xray remove -q -y web
ok 'and when that goes' test -e "$ports/18480"
printf 'web\nwww\n' >"$ports/18480"
xray create -q -m 64 -c 1 web
says 'moved all but for its claims, too' 75 "port 18480: is www's" \
    xray port add web 18480:80
xray remove -q -y web

# Killed at any moment it has one name, with its ports and its host key.
cat >"$tmp/sweep" <<'SWEEP'
bad=0
for i in $(seq 40); do
	from=$(xray list -q | grep -E '^(www|web)$')
	to=$([ "$from" = www ] && echo web || echo www)
	xray move -q "$from" "$to" &
	pid=$!
	sleep "0.00$((i % 10))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	now=$(xray list -q | grep -E '^(www|web)$')
	[ "$(echo "$now" | wc -l)" = 1 ] || bad=1
	grep -qE "^([a-z.]*,)?$now\.xray[ ,]" "$XRAY_HOME/vms/$now/known_hosts" ||
	    { echo "host key of $now"; bad=1; }
	[ "$(xray info -H -o name "$1")" = "$now" ] || { echo "port"; bad=1; }
	xray port add db 18480:80 2>&1 | grep -q "is $now's" ||
	    { echo "claim of $now"; bad=1; }
done
exit $bad
SWEEP
is 'killed forty times it is always whole' 0 '' sh -c "sh '$tmp/sweep' $ssh"
now=$(xray list -q | grep -v db)
[ "$now" = www ] || xray move -q "$now" www
is 'and moves on' 0 '' xray move -q www web
is 'with no trace of before' 0 'web.xray ssh-ed25519 AAAA one
elsewhere ssh-ed25519 BBBB' cat "$vms/web/known_hosts"
is 'nor in its claims' 0 'web
web' claims

# ---- resize
says 'a VM and a size: 64' 64 'a VM and a size' xray resize web
says 'no size: 64' 64 'a size such as' xray resize web big
says 'a disk does not shrink: 77' 77 'web: has 20 GiB; a disk only grows' \
    xray resize web 1G
echo 'resize to' >"$vms/web/op"
says 'the same: so already' 0 'web: has 20 GiB already' xray resize web 20
ok 'one that was broken off is ended' test ! -e "$vms/web/op"
says 'more than could be filled: 77' 77 'could not be filled' \
    xray resize web 900T
disk=$vms/web/disk.qcow2
virtual() { qemu-img info -U --output=json "$1" | tr ',' '\n' |
    sed -n 's/.*"virtual-size": //p' | tail -1; }
is 'nothing was changed' 0 21474836480 virtual "$disk"
is 'unless -f says so' 0 '' xray resize -q -f web 21G
says 'a bare number is GiB' 0 '^web: 40 GiB; grows inside at the next boot' \
    xray resize web 40
is 'it has it' 0 42949672960 virtual "$disk"
ok 'and is sound' qemu-img check -q "$disk"
ok 'its base is what it was' xray start web
says 'at once while it runs' 0 '^web: 41 GiB' xray resize web 41G
is 'QEMU knows' 0 44023414784 sh -c "xray qmp web query-named-block-nodes |
    tr ',' '\n' | sed -n 's/.*\"virtual-size\": *//p' | sort -n | tail -1"
xray snap create -q web live
says 'with a live snapshot: told what a revert does' 0 \
    'a revert to a snapshot of before makes it 41 GiB again' xray resize web 42G
is 'a revert does it' 0 '' xray snap revert -q web live
is 'it is small again' 0 44023414784 virtual "$disk"
is 'and runs' 0 running xray status web
xray stop -f web
xray snap create -q web cold
is 'with snapshots, stopped' 0 '' xray resize -q web 43G
is 'grown' 0 46170898432 virtual "$disk"
is 'back' 0 '' xray snap revert -q web cold
is 'small again' 0 44023414784 virtual "$disk"
ok 'sound' qemu-img check -q "$disk"
says 'a held lock: 75' 75 'web: locked by xray-test' \
    "$XRAY_OBJ/tests/lock-peer" "$vms/web/lock" \
    xray resize web 50G
mkdir "$tmp/fake"
printf '#!/bin/sh\nexit 1\n' >"$tmp/fake/qemu-img"
chmod +x "$tmp/fake/qemu-img"
says 'qemu-img fails: 74' 74 'qemu-img resize failed on disk.qcow2' \
    env PATH="$tmp/fake:$PATH" xray resize web 50G
printf '#!/bin/sh\nuntil [ -e %s/go ]; do sleep .05; done\n' "$tmp" \
    >"$tmp/fake/qemu-img"
(PATH="$tmp/fake:$PATH" xray resize web 50G 2>/dev/null & echo $! >"$tmp/pid"
    wait) &
until_ok 30 pgrep -f "$tmp/fake/qemu-img"
kill -9 "$(cat "$tmp/pid")"
says 'killed while qemu-img works: it does not start under it' 75 \
    'web: (locked|is being started)' xray start web
touch "$tmp/go"
until_ok 20 not pgrep -f "$tmp/fake/qemu-img"
is 'then it does' 0 '' xray start web
xray stop -f web

# Who waits for a VM's lock does not change another that has its name by then.
rm -f "$tmp/pid"
cat >"$tmp/replaced" <<'X'
{
	sh -c 'echo $$ >"$0/pid"; exec xray-config set web label late' "$1" \
	    2>"$1/late"
	echo $? >"$1/code"
} &
until ls -l "/proc/$(cat "$1/pid")/fd" | grep -q '/vms/web/lock$'; do
	sleep 0.05
done 2>/dev/null
mv "$XRAY_HOME/vms/web" "$1/web"
cp -a "$1/web" "$XRAY_HOME/vms/"
X
XRAY_LOCK_WAIT=60s "$XRAY_OBJ/tests/lock-peer" "$vms/web/lock" \
    sh "$tmp/replaced" "$tmp"
ok 'its lock is free' until_ok 60 test -s "$tmp/code"
is 'what is there now is another: 66' 0 '66 xray-config: web: was removed just now' \
    sh -c 'echo "$(cat "$0/code") $(cat "$0/late")"' "$tmp"
is 'and is as it was' 1 '' grep label "$vms/web/vm.ini"
