#!/bin/sh
# A gateway that dies comes back with the ports of now, and a port that is
# taken at the last moment is another one.  QEMU is real, no guest is needed.
. "${0%/*}/lib.sh"
plan 13
empty_base
xray create -q -m 64 -c 1 -p 18381:80 web
dir=$XRAY_HOME/vms/web
gate() { cut -d' ' -f1 "$dir/gateway"; }
listens() { ss -Hltn "sport = :$1" | grep -q .; }
# Kill it; then wait for another.
renew() {
	old=$(gate)
	kill -9 "$old"
	until_ok 20 sh -c "
	    new=\$(cut -d' ' -f1 '$dir/gateway') &&
	    [ \"\$new\" != '$old' ] &&
	    socat -u OPEN:/dev/null UNIX-CONNECT:'$dir/guest-22.sock'"
}

xray start -q web
is 'a port more, one less, while it runs' 0 '' sh -c '
    xray port add -q web 18382:80 && xray port remove -q web 18381:80'
ok 'its gateway is killed' renew
ok 'the port that was added is there' listens 18382
ok 'the one that was removed is not' not listens 18381
echo garbage >>"$dir/vm.ini"
ok 'while vm.ini is being edited it comes back too' renew
sed -i '$d' "$dir/vm.ini"
ok 'with ssh' listens "$(xray port web)"
xray stop -q -f web

# Programs of our own, whose gateway finds a port taken that was free when
# start looked: the first time it runs, somebody else is on the port.
mkdir "$tmp/bin"
cp -l "$XRAY_BIN"/xray* "$tmp/bin/" 2>/dev/null || cp "$XRAY_BIN"/xray* "$tmp/bin/"
ln -s "$top/share" "$tmp/share"
mv "$tmp/bin/xray-net" "$tmp/bin/net"
cat >"$tmp/bin/xray-net" <<'NET'
#!/bin/sh
tmp=${0%/bin/*}
if [ -f "$tmp/take" ]; then
	port=$(cat "$tmp/take")
	rm "$tmp/take"
	# not with the descriptor that start waits on
	perl -MPOSIX -e 'POSIX::close($_) for 3..255; exec @ARGV' socat \
	    "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" /dev/null \
	    >/dev/null 2>&1 &
	echo $! >"$tmp/thief"
	until socat -u OPEN:/dev/null "TCP:127.0.0.1:$port"; do
		sleep 0.05
	done 2>/dev/null
fi
exec "$tmp/bin/net" "$@"
NET
chmod +x "$tmp/bin/xray-net"
end() {
	kill "$(cat "$tmp/thief")" 2>/dev/null || :
	finish
}
trap end EXIT
port=$(xray port web)
echo "$port" >"$tmp/take"
says 'an automatic port, taken behind our back: another' 0 \
    "web: port $port is taken; now [0-9]+, kept in vm.ini" \
    "$tmp/bin/xray-start" web
new=$(xray port web)
ok 'that one leads to ssh' listens "$new"
is 'it runs' 0 running xray status web
xray stop -q -f web
kill "$(cat "$tmp/thief")"
until_ok 30 not listens "$port"
echo 18382 >"$tmp/take"
says 'a given one: 75, and which' 75 \
    'web: port 18382 is taken by another program' "$tmp/bin/xray-start" web
is 'nothing runs' 0 stopped xray status web
ok 'nor is anything left of it' not gate
kill "$(cat "$tmp/thief")"
until_ok 30 not listens 18382
is 'then it starts' 0 '' xray start web
xray stop -q -f web
