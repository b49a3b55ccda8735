#!/bin/sh
# xray-create, -list, -remove: overlays, names, ports, what is left behind.
. "${0%/*}/lib.sh"
plan 110
vms=$XRAY_HOME/vms

says 'no base yet' 66 'no base image; xray base build tiny' xray create web
empty_base
# Other programs may have 2222: what matters is that create tells the port.
is 'create prints what it made' 0 "Created VM: web (base: b)
SSH port: PORT (ssh -p PORT ubuntu@localhost -i $XRAY_HOME/ssh/id)" sh -c '
    xray create web >"$0"; p=$(xray info -H -o ssh_port web)
    [ "$p" -ge 2222 ] && sed "s/\b$p\b/PORT/g" "$0"' "$tmp/made"
port=$(xray info -H -o ssh_port web)
says 'twice: 73' 73 'web: exists; xray remove web, or choose' xray create web
says 'nor in other letters' 73 'WEB: there is a VM called web' xray create WEB
for name in ../evil -x .hidden a/b '' 'a b' 123 base LIST \
    "$(printf 'a\nb')" "$(printf %064d 0 | tr 0 a)"; do
	says "refused at the door: '$name'" 64 '.' xray create -- "$name"
done
is 'nothing came of them' 0 web ls "$vms"

cd "$vms/web" || exit 1
ok 'qemu-img check finds the overlay clean' qemu-img check -q disk.qcow2
ok 'identical to its base' qemu-img compare -q disk.qcow2 \
    ../../bases/b/1/disk.qcow2
ok 'the backing path is relative' sh -c 'qemu-img info disk.qcow2 |
    grep -q "^backing file: ../../bases/b/1/disk.qcow2"'
ok 'a VM takes less than 100 kB' test "$(du -sk . | cut -f1)" -lt 100
cd / || exit 1
ok 'a larger disk' xray create -q --disk 100G big
is 'its size' 0 107374182400 sh -c "qemu-img info --output=json \
    '$vms/big/disk.qcow2' | sed -n 's/.*\"virtual-size\": \([0-9]*\),/\1/p' |
    tail -1"
ok 'identical in what the base has' qemu-img compare -q \
    "$vms/big/disk.qcow2" "$XRAY_HOME/bases/b/1/disk.qcow2"
says 'a smaller disk is refused' 78 'smaller than the base' \
    xray create --disk 1M small
ok 'the tree can be moved' sh -c 'mv "$XRAY_HOME" "$0/moved" &&
    qemu-img compare -q "$0/moved/vms/web/disk.qcow2" \
    "$0/moved/bases/b/1/disk.qcow2" && mv "$0/moved" "$XRAY_HOME"' "$tmp"

big=$(xray info -H -o ssh_port big)
ok 'ports count up' test "$big" -gt "$port"
says "another VM's port is refused" 75 "port $port: is web's" \
    xray create --ssh-port "$port" other
says 'so is a forward to it' 75 "port $port: is web's" \
    xray create -p "$port:80" other
says 'a bad forward' 64 'not \[ADDRESS:\]HOST:GUEST' \
    xray create -p 8080 other
is 'no claim is left of a failure' 0 "$port
$big" ls "$XRAY_HOME/ports"
ok 'a port in use by others is passed over' sh -c '
    socat "TCP-LISTEN:$0,bind=127.0.0.1,reuseaddr,fork" /dev/null &
    pid=$!
    until socat -u OPEN:/dev/null "TCP:127.0.0.1:$0" 2>/dev/null; do :; done
    xray create -q third; got=$(xray info -H -o ssh_port third)
    kill $pid; [ "$got" -gt "$0" ]' $((big + 1))

says 'a port given twice' 64 'port 8080: given twice' \
    xray create -p 8080:80 -p 8080:81 other
says 'for ssh and for something else' 64 'port 2300: given twice' \
    xray create --ssh-port 2300 -p 2300:80 other
says 'a network nobody knows' 78 'net = shut: not known' sh -c \
    'echo "net = shut" >"$XRAY_HOME/config.ini"; xray create other; c=$?
    rm "$XRAY_HOME/config.ini"; exit $c'
says 'too little memory from the environment' 78 'at least 16' \
    env XRAY_VM_MEMORY=1 xray create other
is 'a number is the VM whose ssh port it is' 0 web xray info -H -o name "$port"
says 'nobody has that port' 66 'no such VM' xray info 2999

says 'remove asks, and has no terminal: 64' 64 'no terminal' xray remove web
is 'remove -n keeps' 0 '' xray remove --dry-run web
is 'remove -y' 0 'Removed VM: web' xray remove -y web
ok 'the port is free again' xray create -q --ssh-port "$port" again
says 'all operands are checked before the first goes' 66 'no such VM' \
    xray remove -y again nope
is 'so it is still there' 0 again xray list -q 'a*'
ok 'one more' xray create -q kept
says 'a name that is taken: 73, and none is made' 73 'again.*remove again, or' \
    xray create third2 again third3
is 'none is' 0 '' xray list -q 'third[23]'
echo 'protected = yes' >>"$vms/kept/vm.ini"
says 'one is protected: none goes, and nobody is asked' 77 \
    'kept: protected' xray remove again kept
is 'all are there' 0 'again
kept' xray list -q again kept
sed -i '/^protected/d' "$vms/kept/vm.ini"
ok 'then it goes' xray remove -q -y kept
is 'a port is a VM to path too' 0 "$vms/again" sh -c \
    'xray path "$(xray port again)"'
is 'names from standard input' 0 'Removed VM: again
Removed VM: third' sh -c 'printf "again\nthird\n" | xray remove -y -'

ok '20 at once, from 20 processes' sh -c \
    'seq 1 20 | xargs -P 20 -I% xray create -q w%'
is 'each with a port of its own' 0 21 sh -c \
    'xray list -H -o ssh_port | sort -u | wc -l'
is 'patterns' 0 'w1
w10
w11' xray list -q w1 'w1[01]'

# What a killed command leaves goes with the next.
mkdir "$vms/.stage-999999" "$vms/.gone-999998"
echo dead >"$XRAY_HOME/ports/2300"
ok 'a create that finds leftovers' xray create -q --ssh-port 2300 fresh
is 'sweeps them away' 1 '' sh -c "ls -A '$vms' | grep '^\.'"
says 'protected' 77 'protected' sh -c \
    "echo 'protected = yes' >>'$vms/fresh/vm.ini'; xray remove -y fresh"
says 'a broken vm.ini names its line' 65 'vms/fresh/vm.ini:[0-9]+: neither' \
    sh -c "echo nonsense >>'$vms/fresh/vm.ini'; xray info fresh"
says 'remove of all that is there' 66 'no such VM' xray remove -y nope
is 'list goes on, and calls it broken' 0 'fresh	broken' sh -c \
    'xray list -H -o name,status 2>/dev/null | grep fresh'
says 'not while it says protected, however broken' 77 'protected' \
    xray remove -y fresh
is 'it can be removed' 0 'Removed VM: fresh' sh -c \
    "sed -i '/^protected/d' '$vms/fresh/vm.ini'; xray remove -y fresh"
for what in 'rm "$0"; mkdir "$0"' 'ln -sf vm.ini "$0"' 'truncate -s 2M "$0"'
do
	xray create -q fresh && sh -c "$what" "$vms/fresh/vm.ini"
	is "also one whose vm.ini is none: $what" 0 'Removed VM: fresh' \
	    xray remove -f fresh
done
xray create -q fresh && sh -c 'echo "protected = yes" >>"$0"
    truncate -s 2M "$0"' "$vms/fresh/vm.ini"
says 'but for a large one that says protected' 77 'protected' \
    xray remove -f fresh
says 'list tells why' 0 'fresh/vm.ini: File too large' xray list fresh
rm -r "$vms/fresh"

xray create -q fresh
echo fresh >"$XRAY_HOME/ports/2300"
is 'a claim that vm.ini does not say goes with its VM' 1 '' sh -c \
    'xray remove -q -y fresh; ls "$0/ports" | grep -x 2300' "$XRAY_HOME"

# kill -9 at forty moments of a create, to twice the time that one takes: the
# VM is there and whole, or not.
took=1000000
for i in 1 2 3 4 5; do
	began=$(date +%s%N)
	xray create -q "timed$i"
	now=$((($(date +%s%N) - began) / 1000))
	[ $now -ge $took ] || took=$now
done
for i in $(seq 40); do
	timeout -s KILL "$(printf '0.%06d' $((i * took / 20)))" \
	    xray create -q "k$i" >/dev/null 2>&1
done
ok 'some were killed, some were made' sh -c \
    'n=$(xray list -q "k*" | wc -l); [ "$n" -gt 0 ] && [ "$n" -lt 40 ]'
is 'those that are there are whole' 0 '' sh -c '
    for v in $(xray list -q "k*"); do
	d=$(xray info -H -o path "$v")
	qemu-img check -q "$d/disk.qcow2" || echo "$v"
	[ "$(cat "$XRAY_HOME/ports/$(xray info -H -o ssh_port "$v")")" = "$v" ] ||
	    echo "port of $v"
    done'
is 'the others can be made' 0 '' sh -c '
    for i in $(seq 40); do
	[ -d "$XRAY_HOME/vms/k$i" ] || xray create -q "k$i" || echo "k$i"
    done'
is 'no two have one port' 1 '' sh -c \
    'xray list -H -o ssh_port | sort | uniq -d | grep .'
is 'and nothing of the killed is left' 1 '' sh -c \
    "ls -A '$vms' | grep '^\\.'"

# Settings from a file, ours and vm-provisioner's, and options over them.
cat >"$tmp/a.ini" <<END
name = fromfile
memory = 768M
cpus = 3
disk = 30G
port = 18080:80
port = 18443:443
display = vnc
END
is 'create --config' 0 'Created VM: fromfile (base: b)' sh -c \
    "xray create --config '$tmp/a.ini' -c 1 2>/dev/null | head -1"
is 'its settings, an option before them' 0 '805306368	1	18080:80,18443:443
display = vnc' sh -c 'xray list -H -o memory,cpus,forwards fromfile
    grep ^display "$XRAY_HOME/vms/fromfile/vm.ini"'
printf '%s\n' 'name = "browser-vm"' 'memory_mb = 2048' 'vcpus = 2' \
    'disk_size_gb = 32' 'flatpak_packages = ["org.mozilla.firefox"]' \
    >"$tmp/p.toml"
says 'what it does not know is said' 0 'flatpak_packages: not known, left out' \
    xray create --config "$tmp/p.toml" named
is 'TOML with quotes' 0 '2147483648	2' xray list -H -o memory,cpus named
is 'its name, when none is given' 0 'Created VM: browser-vm (base: b)' sh -c \
    "xray create --config '$tmp/p.toml' 2>/dev/null | head -1"
printf 'memory = lots\n' >"$tmp/bad.ini"
says 'a value that is none: 64' 64 'memory: lots' \
    xray create --config "$tmp/bad.ini" bad
says 'a file that is not there: 66' 66 'nope.ini' \
    xray create --config "$tmp/nope.ini" bad
says 'more memory than there is: 78' 78 'more than this host has' \
    xray create -m 9999G bad
ok 'forced' xray create -q -f -m 9999G huge
says 'which does not start' 75 'wants 9999G of memory' xray start huge
says 'another arch than the base has' 78 '--arch riscv64: base b is of' \
    xray create --arch riscv64 bad

# A base recommends; config.ini is the user's word, but for the disk.
empty_base likes
xray base label likes memory=80M disk=3G >/dev/null
rm -f "$XRAY_HOME/config.ini"
born() {
	xray create -q --no-start -c 1 -b likes "$@" && xray config get "$1" memory
	qemu-img info "$XRAY_HOME/vms/$1/disk.qcow2" | grep -o '[0-9]* bytes)$'
}
is 'what the base recommends' 0 '80M
3221225472 bytes)' born likes1
printf 'memory = 96M\ndisk = 4G\n' >"$XRAY_HOME/config.ini"
is 'config.ini before it in memory, not in disk' 0 '96M
3221225472 bytes)' born likes2
is 'the environment before both' 0 '112M
3221225472 bytes)' env XRAY_VM_MEMORY=112M sh -c '
    xray create -q --no-start -c 1 -b likes likes3
    xray config get likes3 memory
    qemu-img info "$XRAY_HOME/vms/likes3/disk.qcow2" | grep -o "[0-9]* bytes)$"'
is 'the option before all' 0 '128M
5368709120 bytes)' born likes4 -m 128M --disk 5G
rm -f "$XRAY_HOME/config.ini"

# What it may reach, from the beginning.
printf '# mine\ndeny tcp .example.com 25\n' >"$tmp/some"
is 'rules, in the order they are given' 0 'allow tcp nodejs.org 80,443
# mine
deny tcp .example.com 25
deny * 10.0.0.0/8 *' sh -c 'xray create -q --no-start -b b \
    --allow nodejs.org \
    --rules "$0" --deny 10.0.0.0/8 walled; cat "$XRAY_HOME/vms/walled/rules"' \
    "$tmp/some"
is 'without the defaults, in its own mode' 0 'deny
no' sh -c 'xray create -q --no-start -b b --no-defaults --mode deny walled2
    xray config get walled2 mode; xray config get walled2 defaults'
says 'no destination: 64' 64 'nodejs' xray create --allow 'nodejs org' x
says 'no mode: 64' 64 'ask, deny, allow' xray create --mode maybe x
echo 'allow tcp' >"$tmp/some"
says 'no rules: 65, and the line' 65 'some:1' xray create -b b --rules "$tmp/some" x
is 'and no VM' 1 '' test -e "$XRAY_HOME/vms/x"

# What its guest is to run once, and what is run here.
printf 'echo provisioned\n' >"$tmp/setup"
is 'provision: a copy, ours alone' 0 'echo provisioned
700' sh -c 'xray create -q --no-start -b b --provision "$0" set
    cat "$XRAY_HOME/vms/set/provision"
    stat -c %a "$XRAY_HOME/vms/set/provision"' "$tmp/setup"
is 'it is the last of the hooks of its first boot' 0 \
    'initial-boot	vm	provision	pending' xray hooks list -H set
: >"$tmp/none"
says 'an empty one: 65' 65 'none: empty' \
    xray create -b b --provision "$tmp/none" x
says 'one that is not there: 66' 66 'No such file' \
    xray create -b b --provision "$tmp/no" x
is 'and no VM' 1 '' test -e "$XRAY_HOME/vms/x"
xray hooks init >"$tmp/out"
printf '#!/bin/sh\necho "for $XRAY_VM_NAME"; [ "${XRAY_VM_NAME%%2}" != sad ]\n' \
    >"$XRAY_HOME/scripts/create/10-hook"
chmod 755 "$XRAY_HOME/scripts/create/10-hook"
says 'create hooks are run' 0 '^\[create\] 10-hook: for hooked' \
    xray create --no-start -b b hooked
is 'what they say is not in the output' 0 'Created VM: hook2 (base: b)' sh -c '
    xray create --no-start -b b hook2 2>/dev/null | grep -v "^SSH port"'
says 'one fails: 1, and how to run it again' 1 \
    'sad: is there, and a create hook failed; xray hooks run sad create' \
    xray create --no-start -b b sad glad
is 'the VM is there, and the next' 0 'glad
sad' xray list -q sad glad
is 'and not started' 0 stopped sh -c '
    xray create -q --start -b b sad2 2>/dev/null || xray status sad2'

# Built without libslirp: no xray-net.
mkdir "$tmp/less"
cp "$XRAY_BIN/xray-create" "$XRAY_BIN/xray-doctor" "$XRAY_BIN/xray-hooks" \
    "$tmp/less"
ln -s "$top/share" "$top/hooks" "$tmp"
rm "$XRAY_HOME/scripts/create/10-hook"
says 'no gateway: 69, and what there is' 69 \
    'net = filtered needs xray-net, .*; --net proxy, or xray config set net' \
    "$tmp/less/xray-create" --no-start -b b no
is 'none is made' 1 '' sh -c 'xray list -q | grep -x no'
ok 'net = proxy needs none' "$tmp/less/xray-create" -q --no-start -b b --net proxy no
is 'doctor says so' 0 1 sh -c '"$0" -H -o state,what,text |
    grep -c "^note	net	no xray-net.*net = proxy is what there is"' \
    "$tmp/less/xray-doctor"
says 'one that only has to be built: how' 66 \
    'ubuntu: no such base; xray base build ubuntu' xray create -b ubuntu other
says 'a base that is not there: 66, and where they are' 66 \
    'debain: no such base; xray base list' xray create -b debain other
