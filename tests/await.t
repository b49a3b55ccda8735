#!/bin/sh
# Waiting for an sshd that is slow, or has too many clients.  A unix socket
# stands where a gateway's would.
. "${0%/*}/lib.sh"
plan 16
empty_base
xray create -q -m 64 -c 1 --net none web
xray start -q web
says 'start -w: a time that is none' 78 'XRAY_WAIT_TIMEOUT: soon' \
    env XRAY_WAIT_TIMEOUT=soon xray start -w web
dir=$XRAY_HOME/vms/web
# serve SCRIPT: it answers each who connects, with the number of those so far
# in $n.
serve() {
	printf '#!/bin/sh\nexec 2>/dev/null\necho >>%s/seen\nn=$(wc -l <%s/seen)\n%s\n' \
	    "$tmp" "$tmp" "$1" >"$tmp/sshd"
	chmod +x "$tmp/sshd"
	: >"$tmp/seen"
	if [ "${peer-}" ]; then # it takes its socket with it
		kill "$peer"
		wait "$peer" || :
	fi
	rm -f "$dir/guest-22.sock"
	socat "UNIX-LISTEN:$dir/guest-22.sock,fork" "EXEC:$tmp/sshd" \
	    2>/dev/null &
	peer=$!
	until_ok 30 listens "$dir/guest-22.sock"
}
end() {
	kill "$peer" 2>/dev/null || :
	finish
}
trap end EXIT

serve '[ $n -gt 3 ] || { printf "Exceeded MaxStartups\r\n"; exit; }
printf "SSH-2.0-peer\r\n"; cat >/dev/null'
is 'one that has too many clients: another try' 0 SSH-2.0-peer sh -c \
    'xray connect --timeout 60 web </dev/null | tr -d "\r"'
serve 'sleep 2; printf "SSH-2.0-slow\r\n"; cat >/dev/null'
is 'one that takes seconds' 0 SSH-2.0-slow sh -c \
    'xray connect --timeout 60 web </dev/null | tr -d "\r"'
ok 'is not asked more than it may have clients' sh -c \
    "[ \$(wc -l <'$tmp/seen') -lt 10 ]"
serve 'printf SSH; sleep 1; printf -- "-2.0-parts\r\n"; cat >/dev/null'
is 'one that greets in parts' 0 '' xray wait --timeout 60 web
serve 'printf "no\r\n"; cat >/dev/null'
says 'one that says something else: 75' 75 'web: no ssh after 1 s' \
    xray wait --timeout 1 web
serve 'cat >/dev/null'
says 'one that says nothing: 75' 75 'web: no ssh after 1 s; see xray why web' \
    xray wait --timeout 1 web
tries='no ssh after [0-9]* s: [0-9]* tries'
is 'who gave up, and why, is remembered' 0 "the guest answers
$tries, no ssh server on port 22: no
$tries, no answer" sh -c '
    sed "s/^[^ ]* //;s/[0-9][0-9]* s: [0-9]*/[0-9]* s: [0-9]*/" \
	"$0"/log/ssh.log' "$dir"
for _ in 1 2 3 4 5 6; do
	xray wait --timeout 1 web 2>/dev/null &
	waits="${waits-} $!"
done
# shellcheck disable=SC2086 # several
wait $waits
is 'by all who wait at once' 0 7 grep -c "Z $tries, no answer" "$dir/log/ssh.log"
serve :
says 'one that hangs up' 75 'web: no ssh' xray wait --timeout 1 web
is 'is one that is not there' 0 1 \
    grep -c "Z $tries, nothing listens on port 22" "$dir/log/ssh.log"

# The guest has been up, so ssh is run at once: one that prints its last words.
mkdir "$tmp/bin"
cat >"$tmp/bin/ssh" <<'E'
#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in
	ProxyCommand=*) shift && break ;;
	esac
	shift
done
echo "$@" | sed 's/ -o User=.* LogLevel=ERROR//' # what is usual
E
chmod +x "$tmp/bin/ssh"
: >"$dir/up"
words() { PATH="$tmp/bin:$PATH" xray ssh web "$@"; }
is 'options of ssh: a cluster whose last takes a word' 0 \
    '-NL 8080:localhost:80 -- web.xray' words -NL 8080:localhost:80
is 'three letters' 0 '-fNL 8080:localhost:80 -- web.xray id' \
    words -fNL 8080:localhost:80 id
is 'and one with its argument in it' 0 '-ND1080 -v -- web.xray id -u' \
    words -ND1080 -v id -u
is 'an option that takes none' 0 '-tt -- web.xray id' words -tt id
is 'one that ends with a letter of another' 0 '-oA=L -- web.xray id' \
    words -oA=L id
xray stop -q -f web
