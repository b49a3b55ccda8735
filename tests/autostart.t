#!/bin/sh
# xray-autostart: the key, and the links that systemd's user manager reads.
# shellcheck disable=SC2016 # what is in quotes is another shell's
. "${0%/*}/lib.sh"
plan 35
unset XDG_CONFIG_HOME DBUS_SESSION_BUS_ADDRESS
empty_base
for vm in a b a.b_c; do xray create -q -c 1 -m 32 $vm; done
units=$HOME/.config/systemd/user wants=$HOME/.config/systemd/user/default.target.wants
(umask 077 && mkdir "$tmp/run")
cat >"$tmp/verify" <<'V'
#!/bin/sh
XDG_RUNTIME_DIR=$HOME/run exec systemd-analyze verify --user --man=no "$1" 2>&1
V
chmod +x "$tmp/verify"
links() { find "$wants" -name '*@*' 2>/dev/null | sed 's,.*/,,' | sort; }
copy=$units/xray@.service

# ---- nobody to tell: a systemctl that cannot reach a manager
mkdir "$tmp/nobody" "$tmp/fake"
printf '#!/bin/sh\nexit 1\n' >"$tmp/nobody/systemctl"
printf '#!/bin/sh\necho "$*" >>"$HOME/asked"\n' >"$tmp/fake/systemctl"
chmod +x "$tmp/nobody/systemctl" "$tmp/fake/systemctl"
old=$PATH
is 'none' 0 '' xray autostart
says 'no such VM: 66' 66 'nope: no such VM' xray autostart a nope
is 'nothing was done' 0 '' xray autostart
if [ -d /run/systemd/system ]; then
	n=$((n + 3))
	printf 'ok %d # SKIP systemd is here\n' $((n - 2)) $((n - 1)) $n
else
	PATH=$tmp/nobody:$old
	says 'no manager: what to do with cron' 0 \
	    "^@reboot XRAY_HOME=$XRAY_HOME $XRAY_BIN/xray autostart -q \\| XRAY_HOME=$XRAY_HOME $XRAY_BIN/xray start -\$" \
	    xray autostart a
	is 'the key is set' 0 yes xray config get a start_at_login
	is 'and no file is made' 0 '' sh -c 'ls -A "$HOME/.config" 2>/dev/null; :'
	xray autostart --off a
fi

# ---- told
PATH=$tmp/fake:$old
is 'on' 0 '' xray autostart a a.b_c
is 'they are listed' 0 'a
a.b_c' xray autostart
is '-q too' 0 'a
a.b_c' xray autostart -q
is 'they are links' 0 'xray@a.b_c.service
xray@a.service' links
is 'to the copy' 0 "$copy" readlink "$wants/xray@a.service"
is 'of these programs and this home' 0 "ExecStart=\"$XRAY_BIN/xray-start\" -F %i
Environment=\"XRAY_HOME=$XRAY_HOME\"" grep -E '^(ExecStart|Environment)=' "$copy"
is 'the manager is asked, and told' 0 '--user show-environment
--user daemon-reload' cat "$HOME/asked"
if command -v systemd-analyze >/dev/null; then
	is 'systemd-analyze has nothing to say of it' 0 '' "$tmp/verify" \
	    "$wants/xray@a.service"
else
	n=$((n + 1))
	echo "ok $n # SKIP no systemd-analyze"
fi
says 'so already' 0 'a: started at login already' xray autostart a
says 'config says who changes it' 77 'a: start_at_login stays: xray autostart' \
    xray config set a start_at_login no
is 'a name on standard input' 0 '' sh -c 'echo b | xray autostart -'
is 'it is one more' 0 3 sh -c 'xray autostart | wc -l'

# ---- what changes
is 'move: the link goes with it' 0 'xray@a.b_c.service
xray@a.service
xray@bee.service' sh -c 'xray move -q b bee; ls "$1"' - "$wants"
is 'remove: it goes' 0 'xray@a.service
xray@bee.service' sh -c 'xray remove -q -y a.b_c; ls "$1"' - "$wants"
ln -s nowhere "$wants/xray@gone.service"
rm "$wants/xray@bee.service"
: >"$wants/xray@.service"
ln -s x "$wants/other@x.service"
is 'what was killed half way is put right' 0 'other@x.service
xray@.service
xray@a.service
xray@bee.service' sh -c 'xray autostart -q a; ls "$1"' - "$wants"
rm "$wants/xray@.service" "$wants/other@x.service"
says 'off: not one that is not' 0 'a: not started at login already' \
    sh -c 'xray autostart --off a; xray autostart --off a'
is 'the key is gone' 1 '' grep start_at_login "$XRAY_HOME/vms/a/vm.ini"
is 'one link is left' 0 'xray@bee.service' links
is 'off, all' 0 '' xray autostart --off
is 'no links and no copy are left' 0 '' find "$HOME/.config" ! -type d

# ---- two homes
xray autostart -q a
XRAY_HOME=$tmp/other
export XRAY_HOME
empty_base
xray create -q c
says 'another home: 73, and who has it' 73 \
    "xray@.service: starts the VMs of $tmp/home at login.*XRAY_HOME=$tmp/home xray autostart --off" \
    xray autostart c
is 'what is there stays' 0 'xray@a.service' links
XRAY_HOME=$tmp/home xray autostart --off
is 'now it may' 0 'xray@c.service' sh -c 'xray autostart c; ls "$1"' - "$wants"
XRAY_HOME=$tmp/home
says 'and the first not' 73 "starts the VMs of $tmp/other" xray autostart a
rm -rf "$tmp/other"
is 'a home that is gone has no claim' 0 'xray@a.service' sh -c '
    xray autostart -q a; ls "$1"' - "$wants"
echo '# mine' >"$copy"
is 'a unit of the user'"'"'s own is left alone' 0 '# mine' sh -c '
    xray autostart -q bee; xray autostart --off; cat "$1"' - "$copy"
rm -rf "$HOME/.config"

# ---- names that no unit can hold
cp -a "$XRAY_HOME" "$tmp/a\$b"
says 'a home that no unit can hold: 78' 78 'no unit can hold such a path' \
    env XRAY_HOME="$tmp/a\$b" xray autostart a
cp -a "$XRAY_HOME" "$tmp/a b"
is 'a blank it can' 0 "Environment=\"XRAY_HOME=$tmp/a b\"" sh -c '
    XRAY_HOME="$1" xray autostart a; grep ^Env "$2"' - "$tmp/a b" "$copy"
if command -v systemd-analyze >/dev/null; then
	is 'and systemd takes it' 0 '' "$tmp/verify" \
	    "$wants/xray@a.service"
else
	n=$((n + 1))
	echo "ok $n # SKIP no systemd-analyze"
fi
rm -rf "$HOME/.config" "$tmp/a b" "$tmp/a\$b"
PATH=$old
