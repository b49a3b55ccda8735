#!/bin/sh
# What another user of the machine can do to a home while two of its VMs run:
# every file, folder, socket, process and port of theirs is tried.
. "${0%/*}/lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'not root: nobody else to be'
plan 15
empty_base
chmod 711 "$tmp" # else all is out of reach anyway
vms=$XRAY_HOME/vms
xray create -q -b b -m 64 --net filtered -p 18080:80 web
xray create -q -b b -m 64 --net proxy db
xray snap create -q db cold
xray start -q --no-hooks --display vnc web
xray start -q --no-hooks db
xray fw allow -q web a.example
mkfifo "$tmp/keys"
xray fw prompt --stdio <"$tmp/keys" >/dev/null 2>&1 &
xray fw prompt --program "$(command -v true)" >/dev/null 2>&1 &
exec 7>"$tmp/keys"
for s in web/ask web/gateway web/vnc web/qmp db/qmp db/proxy db/ask; do
	ok "there is $s.sock" until_ok 30 test -S "$vms/$s.sock"
done
find "$XRAY_HOME" >"$tmp/files"
at "$vms/*" >"$tmp/pids"
while read -r p; do
	for f in mem environ maps cwd exe root fd fdinfo map_files io; do
		echo "/proc/$p/$f"
	done
done <"$tmp/pids" >"$tmp/processes"

# What may be read, written, listed, entered, changed, removed, connected to,
# of the paths on standard input.
cat >"$tmp/try.pl" <<'P'
use strict;
use Socket;
for my $f (<STDIN>) {
	my ($byte, $s, $r, $w, $d, $n, @had);
	chomp $f;
	push @had, "connect" if -S $f && socket($s, PF_UNIX, SOCK_STREAM, 0)
	    && connect($s, sockaddr_un($f));
	push @had, "read" if open($r, "<", $f) && defined sysread($r, $byte, 1);
	push @had, "write" if !-d $f && open($w, ">>", $f);
	push @had, "list" if opendir($d, $f);
	push @had, "enter" if chdir $f;
	push @had, "touch" if utime undef, undef, $f;
	push @had, "chmod" if chmod 0777, $f;
	push @had, "plant" if -d $f && open($n, ">", "$f/planted");
	push @had, "move" if rename $f, "$f.gone";
	print "$f: @had\n" if @had;
}
P
chmod 644 "$tmp/try.pl" "$tmp/files" "$tmp/processes"
other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
try() { other perl "$tmp/try.pl" <"$1"; }
many() { [ "$(sort -u "$1" | wc -l)" -ge "$2" ] || wc -l "$1"; }
is 'eighty objects' 0 '' many "$tmp/files" 80
is 'and as many of processes' 0 '' many "$tmp/processes" 80
is 'nothing of the home' 0 '' try "$tmp/files"
is 'nor of its processes' 0 '' try "$tmp/processes"
kills() {
	while read -r p; do
		! other kill -0 "$p" 2>/dev/null || echo "$p"
	done <"$tmp/pids"
}
is 'none of which takes a signal' 0 '' kills

# Each by itself: nothing rests on the folder above.
find "$XRAY_HOME" -type d -exec chmod 755 {} +
is 'with all folders open: the sealed disks' 0 'bases/b/1/disk.qcow2: read' sh -c '
    setpriv --reuid 65534 --regid 65534 --clear-groups perl "$0/try.pl" \
	<"$0/files" | sed "s,^$1/,," | grep -v ": list enter$" |
	sed "/\/efivars.qcow2: read$/d"' \
    "$tmp" "$XRAY_HOME"

# And it does see what is there.
: >"$tmp/open"
chmod 666 "$tmp/open"
mkdir -m 777 "$tmp/in"
perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_STREAM, 0);
    bind($s, sockaddr_un($ARGV[0])) && listen($s, 9); chmod 0666, $ARGV[0];
    sleep 60' "$tmp/sock" &
server=$!
until_ok 30 sh -c "[ -S $tmp/sock ] && [ \$(stat -c %a $tmp/sock) = 666 ]"
printf '%s\n' "$tmp/open" "$tmp/in" "$tmp/sock" >"$tmp/files"
is 'what is open is found' 0 "$tmp/open: read write touch
$tmp/in: list enter touch plant
$tmp/sock: connect touch" try "$tmp/files"
kill $server
is 'what listens' 0 '127.0.0.1:18080
127.0.0.1:2222
127.0.0.1:2223' sh -c 'ss -Hltn | awk "{ print \$4 }" | sort; ss -Hlun'
