#!/bin/sh
# xray-isolate: what a program in there has, and where there is none.
. "${0%/*}/lib.sh"
iso() { xray-isolate "$@"; }
iso true 2>/dev/null || skip_all 'no user namespace'

is 'the pid stays' 0 same sh -c 'sh -c "echo \$\$; exec xray-isolate sh -c \
    \"echo \\\$\\\$\"" | uniq | wc -l | sed s/1/same/'
is 'the code is the command'"'"'s' 3 '' iso sh -c 'exit 3'
is 'its options too' 0 '-q --try' iso -- echo -q --try
is 'descriptors stay' 0 there sh -c 'exec 5>&1; xray-isolate sh -c "echo there >&5"'
is 'and the folder' 0 "$tmp" sh -c 'cd "$0" && xray-isolate pwd' "$tmp"
is 'no interface but a loopback that is down' 0 'lo' iso sh -c \
    'sed "1,2d;s/:.*//;s/ //g" /proc/net/dev'
ok 'which leads nowhere' not iso perl -MSocket -e 'socket(S, PF_INET,
    SOCK_STREAM, 0); connect(S, sockaddr_in(9, INADDR_LOOPBACK)) and exit 0;
    exit($!{ENETUNREACH} ? 1 : 0)'
is 'no route' 0 '' iso sed 1d /proc/net/route
is 'the same number for user and group' 0 "$(id -u) $(id -g)" iso sh -c \
    'echo "$(id -u) $(id -g)"'
is 'one number, no other' 0 "$(id -u) $(id -u) 1" iso sh -c \
    'set -- $(cat /proc/self/uid_map); echo "$@"'
is 'no setgroups' 0 deny iso cat /proc/self/setgroups
is 'no capability, nor one to gain' 0 '0000000000000000' iso sh -c \
    'sed -n "s/^Cap\(Prm\|Eff\|Bnd\|Inh\|Amb\):.//p" /proc/self/status | sort -u'
ok 'files of ones own are written' iso sh -c 'echo x >"$0"' "$tmp/mine"
is 'and seen from outside as before' 0 "$(id -u)" stat -c %u "$tmp/mine"
socat "UNIX-LISTEN:$tmp/s,fork" SYSTEM:'echo hello' &
listener=$!
until_ok 30 listens "$tmp/s"
is 'a unix socket is reached by its path' 0 hello iso socat -u \
    "UNIX-CONNECT:$tmp/s" -
kill "$listener"

# Its end, and its parent's.
xray-isolate sleep 60 &
until_ok 30 sh -c "grep -q sleep /proc/$!/comm"
kill "$!"
code=0
wait "$!" || code=$?
is 'a signal ends it' 0 143 echo $code

# What it is not.
says 'no command: 64' 64 'a command' iso
says 'not found: 127' 127 'nothing-here: not found' iso nothing-here
: >"$tmp/empty"
chmod +x "$tmp/empty"
printf '\0\0\0\0' >"$tmp/empty"
says 'nothing that runs: 126' 126 'empty: ' iso "$tmp/empty"

# A host that forbids it: a limit of none, in a namespace of the test's.
forbid='echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"'
no() { unshare -Ur sh -c "$forbid" sh xray-isolate "$@"; }
if unshare -Ur sh -c "$forbid" sh true 2>/dev/null; then
	says 'forbidden: 69, and what mends it' 69 \
	    '^xray-isolate: this host allows no user and network namespaces: .*: sudo sysctl -w user.max_net_namespaces=[0-9]+$' \
	    no echo run
	is 'it was not run' 69 '' no echo run
	is '--try: it is' 0 run no --try echo run
	is 'in one line' 0 1 sh -c "unshare -Ur sh -c '$forbid' sh xray-isolate \
	    --try true 2>&1 | wc -l"
	says 'which says so' 0 '; it runs all the same$' no --try true
fi

# The kernel keeps supplementary groups.
if [ "$(id -u)" = 0 ]; then
	mkdir -m 755 "$tmp/for"
	cp "$XRAY_BIN/xray-isolate" "$tmp/for"
	chmod 755 "$tmp" "$tmp/for/xray-isolate"
	echo secret >"$tmp/for/group"
	chown 0:77 "$tmp/for/group"
	chmod 640 "$tmp/for/group"
	other() {
		setpriv --reuid 65534 --regid 65534 "$@"
	}
	is 'another user too' 0 65534 other --clear-groups \
	    "$tmp/for/xray-isolate" id -u
	is 'reads what its groups may' 0 secret other --groups 77 \
	    "$tmp/for/xray-isolate" cat "$tmp/for/group"
	is 'and no more' 1 '' other --clear-groups "$tmp/for/xray-isolate" \
	    cat "$tmp/for/group"
	echo root >"$tmp/for/root"
	chown 65534 "$tmp/for/root"
	chmod 600 "$tmp/for/root"
	is 'root has no way past modes in there' 1 '' iso cat "$tmp/for/root"
fi

# A VM.
empty_base
xray create -q -m 64 -c 1 web
log=$XRAY_HOME/vms/web/log/qemu.log
isolated() { xray info -H -o isolated web; }
is 'stopped: nobody is isolated' 1 '' isolated
xray start -q web 2>/dev/null
is 'a VM is' 0 yes isolated
pid=$(xray pid web)
is 'its process is QEMU, and the one that was started' 0 "qemu-system-x86
$pid" sh -c 'cat "/proc/$0/comm"; cat "$1/pid" | sed "s/ .*//"' "$pid" \
    "$XRAY_HOME/vms/web"
ok 'it is in another network, and another user namespace' sh -c '
    for n in net user; do
	[ "$(readlink /proc/self/ns/$n)" != "$(readlink "/proc/$0/ns/$n")" ] ||
	    exit 1
    done' "$pid"
is 'which is empty' 0 lo sh -c \
    'sed "1,2d;s/:.*//;s/ //g" "/proc/$0/net/dev"' "$pid"
is 'its gateway is in ours' 0 same sh -c 'read -r g rest <"$0/gateway"
    [ "$(readlink /proc/self/ns/net)" = "$(readlink "/proc/$g/ns/net")" ] &&
    echo same' "$XRAY_HOME/vms/web"
is 'its monitor is reached' 0 1 sh -c \
    'xray qmp web query-status | grep -c running'
is 'a snapshot' 0 '' xray snap create -q web one
is 'restart' 0 '' xray restart -q -f web
is 'so is the next one' 0 yes isolated
xray stop -q -f web
is 'back at the snapshot' 0 '' sh -c \
    'xray snap revert -q web one && xray start -q web'
is 'that one too' 0 yes isolated
kill -9 "$(xray pid web)"
until_ok 30 sh -c '[ "$(xray status web)" = stopped ]'
is 'killed, it is over' 0 stopped xray status web
is 'argv is what QEMU gets, no more' 0 1 sh -c \
    'xray argv web | head -1 | grep -c /qemu-system'
ok 'the log has no complaint' not grep isolate "$log"

# Windows.  QEMU has none here, and does not know.
real=$(command -v "qemu-system-$(uname -m)")
mkdir "$tmp/q"
cat >"$tmp/q/${real##*/}" <<'END'
#!/bin/sh
for a; do
	shift
	case $a in gtk,*) a=none ;; esac
	set -- "$@" "$a"
done
exec "$REAL" "$@"
END
chmod +x "$tmp/q/${real##*/}"
window() {
	xray stop -q -f web 2>/dev/null
	env REAL="$real" PATH="$tmp/q:$PATH" DISPLAY="$1" \
	    xray start -q --cold --display gtk web && isolated
}
is 'a window on this machine' 0 yes window :0
is 'by its full name' 0 yes window unix:0.0
is 'on another one: QEMU stays in our network' 0 \
    'no (its window is on another machine)' window localhost:10.0
says 'start says so' 0 \
    'web: DISPLAY is localhost:10.0, which QEMU reaches by TCP: it stays' \
    sh -c "xray stop -q -f web; PATH='$tmp/q':\$PATH REAL='$real' \
    DISPLAY=localhost:10.0 xray start --display gtk web"
is 'doctor takes it for no fault' 0 1 sh -c 'xray doctor --security -H |
    grep -c "^note	isolated	web: .*another machine$"'
xray stop -q -f web
is 'without a window it does not matter' 0 yes sh -c \
    'DISPLAY=localhost:10.0 xray start -q web && xray info -H -o isolated web'
is 'doctor has looked' 0 1 sh -c 'xray doctor --security -H |
    grep -c "^ok	isolated	web: QEMU: an empty network"'
xray stop -q -f web

# The program is for hosts that forbid it; it would say why.
mkdir "$tmp/own" "$tmp/own/bin"
cp "$XRAY_BIN"/xray* "$tmp/own/bin/"
ln -s "$top/share" "$tmp/own/share"
printf '#!/bin/sh\nexit 1\n' >"$tmp/own/bin/xray-isolate"
"$tmp/own/bin/xray-start" -q web
is 'no program is run for it' 0 yes isolated
is 'nor has it a capability, or one to gain' 0 '0000000000000000' sh -c \
    'sed -n "s/^Cap\(Prm\|Eff\|Bnd\|Inh\|Amb\):.//p" \
    "/proc/$(xray pid web)/status" | sort -u'
is 'one number, no other' 0 "$(id -u) $(id -u) 1" sh -c \
    'set -- $(cat "/proc/$(xray pid web)/uid_map"); echo "$@"'
is 'no setgroups in there' 0 deny sh -c \
    'cat "/proc/$(xray pid web)/setgroups"'
xray stop -q -f web

# The host that forbids it again.
strict() { unshare -Ur sh -c "$forbid" sh "$@"; }
if strict true 2>/dev/null; then
	is 'it starts all the same' 0 'no (this host does not allow it)' strict \
	    sh -c 'xray start -q web && xray info -H -o isolated web
	    xray doctor -H >"$0"; xray doctor --security -H >>"$0"
	    xray stop -q -f web' "$tmp/doctor"
	ok 'its log says why' grep -q \
	    'xray-isolate: this host allows no.*sysctl -w.*runs all the same' \
	    "$log"
	ok 'doctor notes it of the host' grep -q \
	    '^note	isolated	QEMU stays in the host.s network: .*: sudo sysctl -w user.max_net_namespaces=' \
	    "$tmp/doctor"
	ok 'and of the VM it is bad, with the mend' grep -q \
	    '^bad	isolated	web: .*: sudo sysctl -w user.max_net_namespaces=[0-9]*, then xray restart web$' \
	    "$tmp/doctor"
	# Of a host that forbade it then and allows it now.
	strict xray start -q web
	is 'not started so' 0 'no (not started so)' isolated
	is 'doctor: bad, and what mends it' 0 1 sh -c '
	    xray doctor --security -H | grep -c \
	    "^bad	isolated	web: QEMU is in the host.s network: xray restart web$"'
	xray restart -q -f web
	is 'which it does' 0 yes isolated
	xray stop -q -f web
fi
plan "$n"
