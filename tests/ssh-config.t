#!/bin/sh
# xray-ssh-config: blocks that plain ssh reads, and one Include.
. "${0%/*}/lib.sh"
plan 25
empty_base
xray create -q web db
conf=$HOME/.ssh/config
line="Include \"$XRAY_HOME/vms/*/ssh.conf\""
# What ssh makes of host $1 with the config in file $2.
option() { ssh -G -F "$2" "$1" | sed -n "s/^$3 //p"; }

ok 'a block' sh -c "xray ssh-config web >'$tmp/block' &&
    head -1 '$tmp/block' | grep -qx 'Host web.xray'"
is 'no forwardings are cleared' 1 '' grep -i clearall "$tmp/block"
is 'ssh reads it: user' 0 ubuntu option web.xray "$tmp/block" user
is 'its known hosts' 0 "$XRAY_HOME/vms/web/known_hosts" option web.xray \
    "$tmp/block" userknownhostsfile
is 'and reaches the VM by connect' 0 \
    "env 'XRAY_HOME=$XRAY_HOME' '$XRAY_BIN/xray-connect' web 22" option \
    web.xray "$tmp/block" proxycommand
is 'all VMs without a name' 0 'Host db.xray
Host web.xray' sh -c 'xray ssh-config | grep Host\ '
says 'no such VM' 66 'nope: no such VM' xray ssh-config nope
is 'the usual home needs no name' 0 '  ProxyCommand' sh -c "
    cp -a '$XRAY_HOME' '$tmp/.xray'; chmod 700 '$tmp/.xray'
    XRAY_HOME='$tmp/.xray' xray ssh-config web |
    sed -n \"s/ '[^ ]*xray-connect' web 22$//p\"; rm -rf '$tmp/.xray'"
is '--via: through ssh to that host' 0 \
    "ssh me@server.example '" sh -c "xray ssh-config --via me@server.example web \
    >'$tmp/via'; ssh -G -F '$tmp/via' web.xray |
    sed -n \"s/^proxycommand \(ssh [^ ]* '\).*/\1/p\""
is '--via: the command arrives whole' 0 \
    "env XRAY_HOME=$XRAY_HOME $XRAY_BIN/xray-connect web 22" sh -c "
    c=\$(ssh -G -F '$tmp/via' web.xray | sed -n 's/^proxycommand ssh [^ ]* //p')
    eval \"set -- \$c\"; eval \"set -- \$1\"; echo \"\$*\""
for h in -oProxyCommand=x 'a b' 'a;b' ''; do
	says "--via '$h' is refused" 64 'not \[USER@\]HOST' \
	    xray ssh-config --via "$h" web
done

says '--install: told, with the way back' 0 "added at the top: Include.*undo" \
    xray ssh-config --install
is 'a new file of 0600' 0 "600 $line" sh -c "stat -c %a '$conf' | tr '\\n' ' '
    cat '$conf'"
is 'every VM has its block' 0 ubuntu option db.xray "$conf" user
is 'again: nothing changes' 0 "$line" sh -c "xray ssh-config --install 2>&1 |
    grep -q already && cat '$conf'"
printf 'Host mine\n  User me\nno end' >"$conf"
mkdir "$tmp/dotfiles"
mv "$conf" "$tmp/dotfiles/ssh" && ln -s ../dotfiles/ssh "$conf"
chmod 644 "$tmp/dotfiles/ssh"
cp "$tmp/dotfiles/ssh" "$tmp/before"
xray ssh-config -q --install
is 'at the top, through a link, the mode kept' 0 "644 $line" sh -c "
    stat -c %a '$tmp/dotfiles/ssh' | tr '\\n' ' '; head -1 '$conf'"
ok 'the link is one still' test -L "$conf"
is '--uninstall removes exactly that' 0 '' sh -c "
    xray ssh-config --uninstall 2>/dev/null && cmp '$conf' '$tmp/before'"
says 'again: nothing to do' 0 'does not have it' xray ssh-config --uninstall
printf 'Host x\n%s\n' "$line" >"$conf"
is 'one further down, where it means a host, moves up' 0 "$line
Host x" sh -c "xray ssh-config -q --install; cat '$conf'"
rm "$conf" && ln -s nowhere "$conf"
says 'a link to nothing is not replaced' 66 'a link to nothing' \
    xray ssh-config --install
says 'not both' 64 '.' xray ssh-config --install --uninstall
