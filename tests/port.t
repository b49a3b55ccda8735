#!/bin/sh
# xray-port: ports that lead into a VM, kept in vm.ini, claimed, and open at
# once when it runs.  tests/guest-port.t has a guest behind them.
. "${0%/*}/lib.sh"
plan 66
empty_base
xray create -q -m 64 -c 1 web
xray create -q -m 64 -c 1 db
ini=$XRAY_HOME/vms/web/vm.ini ports=$XRAY_HOME/ports
listens() { # PROTO ADDR:PORT
	ss -Hln"$1" | awk '{ print $4 }' | grep -qx "$2"
}
ssh=$(xray info -H -o ssh_port web)
kept() { sed -n 's/^port = //p' "$ini"; }

is 'port VM is its ssh port' 0 "$ssh" xray port web
says 'of no VM: 66' 66 'wep: no such VM \(web\?\)' xray port wep
says 'no verb: 64' 64 'add\|remove\|list' xray port
says 'add without a port: 64' 64 'a VM, and what leads where' xray port add web
for text in 80 80: :80 0:80 80:65536 x:80 80:80/icmp 1.2.3:80:80 \
    01.2.3.4:80:80 +1.2.3.4:80:80; do
	says "no port is $text: 64" 64 "not \[ADDRESS:\]" xray port add web "$text"
done
is 'all are looked at before the first: nothing was kept' 0 '' kept

is 'add to a stopped VM' 0 'Added port forward: 18580:80
Added port forward: 127.0.0.2:18581:81
Added port forward: 18582:53/udp' xray port add web 18580:80 \
    127.0.0.2:18581:81 18582:53/udp
is 'they are kept' 0 '18580:80
127.0.0.2:18581:81
18582:53/udp' kept
is 'and claimed' 0 web cat "$ports/18581"
is 'list' 0 'VM	ADDRESS	HOST	GUEST	PROTO
web	127.0.0.1	18580	80	tcp
web	127.0.0.2	18581	81	tcp
web	127.0.0.1	18582	53	udp' xray port list web
is 'as JSON' 0 '[{"vm":"web","address":"127.0.0.1","host":18580,"guest":80,"proto":"tcp"}' \
    sh -c 'xray port list --json | head -1 | sed "s/,$//"'
says 'so already' 0 'web: has 18580:80 already' xray port add web 18580:80
is 'also when it is written otherwise' 0 '' \
    xray port add -q web 127.0.0.1:18580:80/tcp
says 'taken by itself: 75' 75 'port 18580 is its own already' \
    xray port add web 18580:81
says 'taken by another: 75, and by whom' 75 "port 18580: is web's" \
    xray port add db 18580:80
says 'its ssh port: 75' 75 "port $ssh is its own already" \
    xray port add web "$ssh:80"
claim=$(stat -c %i "$ports/18580")
is 'the same number by UDP' 0 'Added port forward: 18580:53/udp' \
    xray port add web 18580:53/udp
is 'its own claim is never away' 0 "$claim" stat -c %i "$ports/18580"
is 'goes alone' 0 'Removed port forward: 18580:53/udp' \
    xray port remove web 18580:53/udp
is 'and leaves the claim of the other' 0 web cat "$ports/18580"
socat TCP-LISTEN:18590,bind=127.0.0.1,fork OPEN:/dev/null &
other=$!
trap 'kill $other 2>/dev/null || :; finish' EXIT
until_ok 30 listens t 127.0.0.1:18590
says 'taken by a stranger: 75' 75 'port 18590 is taken by another program' \
    xray port add web 18590:80
is 'one fails, the next is done' 75 'Added port forward: 18591:80' \
    xray port add web 18590:80 18591:80
is 'no claim is left of what failed' 0 '18580
18581
18582
18591' sh -c "ls '$ports' | grep ^185"
says 'remove what is not there: 66' 66 'web: no port forward 1:1' \
    xray port remove web 1:1
is 'remove' 0 'Removed port forward: 18591:80' xray port remove web 18591:80
ok 'the claim is gone' test ! -e "$ports/18591"

is 'a VM starts with them' 0 '' xray start web
ok 'TCP' listens t 127.0.0.2:18581
ok 'UDP' listens u 127.0.0.1:18582
is 'add while it runs' 0 'Added port forward: 18583:83
Added port forward: 18584:84/udp' xray port add web 18583:83 18584:84/udp
ok 'open at once' listens t 127.0.0.1:18583
ok 'UDP too' listens u 127.0.0.1:18584
says 'a stranger has it: 75' 75 '18590: Address already in use' \
    xray port add web 18590:80
is 'nothing is kept of it' 1 '' grep 18590 "$ini"
is 'remove while it runs' 0 'Removed port forward: 18583:83' \
    xray port remove web 18583:83
ok 'closed at once' not listens t 127.0.0.1:18583
is 'ssh moves while it runs' 0 'Set ssh_port = 18585' \
    xray config set web ssh_port 18585
ok 'open there' listens t 127.0.0.1:18585
ok 'and no longer where it was' not listens t "127.0.0.1:$ssh"
ok 'which is free' test ! -e "$ports/$ssh"
is 'cutting all connections keeps what was added' 0 '' sh -c "
    echo cut | socat - 'UNIX:$XRAY_HOME/vms/web/gateway.sock' >/dev/null"
ok 'UDP too, after a cut' listens u 127.0.0.1:18584
says 'ssh: from 1024 up, as start has it' 64 'from 1024 to 65535' \
    xray config set web ssh_port 80
says 'as create has it' 64 'ssh-port' xray create --ssh-port 80 low

# What a killed removal left: the claim, and the port in the gateway.
xray port add -q web 18587:87
sed -i '/18587/d' "$ini"
is 'remove what only the gateway has' 0 'Removed port forward: 18587:87' \
    xray port remove web 18587:87
ok 'it is closed' not listens t 127.0.0.1:18587
ok 'and free' test ! -e "$ports/18587"
says 'ssh is not to be had this way' 66 'no port forward' \
    xray port remove web 18585:22
ok 'it listens still' listens t 127.0.0.1:18585

# A port for ssh that cannot be kept is not left open.  Root writes where it
# may not, but not over a folder.
mkdir "$XRAY_HOME/vms/web/.vm.ini.new"
ok 'vm.ini cannot be written' not xray config set web ssh_port 18588
ok 'the port is closed' not listens t 127.0.0.1:18588
ok 'and free' test ! -e "$ports/18588"
rmdir "$XRAY_HOME/vms/web/.vm.ini.new"

mv "$XRAY_HOME/vms/web/gateway.sock" "$tmp/sock"
is 'no gateway just now: done' 0 'Removed port forward: 18584:84/udp' \
    xray port remove web 18584:84/udp
ok 'and free' test ! -e "$ports/18584"
mv "$tmp/sock" "$XRAY_HOME/vms/web/gateway.sock"

# What runs counts, not what vm.ini says of the next start.
xray port add -q web 18589:89
xray config set -q web net none
is 'remove after net = none' 0 'Removed port forward: 18589:89' \
    xray port remove web 18589:89
ok 'it is closed at once' not listens t 127.0.0.1:18589
xray stop -f web
xray config set -q db net none
says 'net = none: kept, and told' 0 'net = none; nothing leads in' \
    xray port add db 18586:80
