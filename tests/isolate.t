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
until_ok 10 test -S "$tmp/s"
is 'a unix socket is reached by its path' 0 hello iso socat -u \
    "UNIX-CONNECT:$tmp/s" -
kill "$listener"

# Its end, and its parent's.
xray-isolate sleep 60 &
until_ok 10 sh -c "grep -q sleep /proc/$!/comm"
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
plan "$n"
