#!/bin/sh
# Hooks with guests: who is reached and how, scripts in the guest, first boots
# that break; the examples, those of the page, and one that knows of xray only
# the four variables.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
tiny_base
plan 47
own=$XRAY_HOME/vms/web/scripts
put() { # FILE: a script, as it is on standard input
	mkdir -p "${1%/*}"
	cat >"$1"
	chmod 755 "$1"
}
clear() { rm -rf "$own"; }
hooks_log() { sed 's/^[^ ]* //;s/, [0-9.]* s$//' "$XRAY_HOME/vms/$1/log/hooks.log"; }
has() { hooks_log "$1" | grep -qxF -- "$2"; }
held() { kill -0 "$(cut -d' ' -f1 "$XRAY_HOME/vms/web/hooks.lock")"; }

is 'folders' 0 "$XRAY_HOME/scripts/boot" sh -c 'xray hooks init | tail -1'

# What a first boot does, and what it gets.
xray create -q -b tiny -m 128M -c 1 web
is 'and those of a VM' 0 "$XRAY_HOME/vms/web/scripts/boot" \
    sh -c 'xray hooks init web | tail -1'
put "$own/initial-boot/10-host" <<'X'
#!/bin/sh
ssh-add -l | wc -l
ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -q \
    -p "$XRAY_SSH_PORT" "$XRAY_SSH_USER@$XRAY_SSH_HOST" 'echo first >>boots'
ssh -F "$XRAY_SSH_CONFIG" "$XRAY_VM_NAME.xray" 'cat boots'
xray ssh "$XRAY_VM_NAME" 'printf "\033]0;owned\007\n"'
X
put "$own/initial-boot/guest/20-awk" <<'X'
#!/usr/bin/awk -f
BEGIN { print "awk of", ENVIRON["XRAY_VM_NAME"], ENVIRON["XRAY_HOOK"] }
X
put "$own/initial-boot/guest/30-fails" <<'X'
echo try >>tries
[ -f mended ] || exit 4
X
put "$own/initial-boot/40-last" <<'X'
#!/bin/sh
echo last
X
put "$own/boot/50-boot" <<'X'
#!/bin/sh
xray ssh "$XRAY_VM_NAME" 'echo boot >>boots'
X
echo 'echo "provisioned by $(id -un)"' >"$XRAY_HOME/vms/web/provision"
chmod -x "$own/initial-boot/guest/20-awk"
ok 'a first boot' xray start -q web
says 'fails, and wait says where' 1 \
    'web: hook failed: initial-boot vm/guest/30-fails \(exit 4\); xray log' \
    xray wait --for hooks --timeout 300 web
is 'list shows it' 0 'running (hook failed)' \
    xray list -H -o status web
is 'info has the reason' 0 \
    'hook failed: initial-boot vm/guest/30-fails (exit 4)' \
    xray info -H -o reason web
is 'what was said, masked' 0 '[initial-boot] 10-host: 1
[initial-boot] 10-host: first
[initial-boot] 10-host: \033]0;owned\007
[initial-boot] vm/10-host: ok
[initial-boot] guest/20-awk: awk of web initial-boot
[initial-boot] vm/guest/20-awk: ok
[initial-boot] vm/guest/30-fails: failed (exit 4)
[boot] vm/50-boot: ok' hooks_log web
is 'how each fared' 0 'done
done
failed (exit 4)
pending
pending
done' xray hooks list -H -o state web
ok 'the guest is mended' xray ssh web 'touch mended; sync'
xray stop -q web
ok 'the next start' xray start -q web
ok 'goes on' xray wait --for ready --timeout 300 web
is 'at what failed' 0 '[initial-boot] goes on at vm/guest/30-fails
[initial-boot] vm/guest/30-fails: ok
[initial-boot] 40-last: last
[initial-boot] vm/40-last: ok
[initial-boot] provision: provisioned by ubuntu
[initial-boot] vm/provision: ok
[boot] vm/50-boot: ok' sh -c "sed 's/^[^ ]* //;s/, [0-9.]* s\$//' \
    $XRAY_HOME/vms/web/log/hooks.log | tail -7"
is 'in the guest once, and at each boot' 0 'first
boot
boot
try
try' xray ssh web 'cat boots tries'
is 'all is done' 0 'hooks=done
status=running' xray info -o hooks,status web
is 'and kept' 0 'first_boot_completed = yes' \
    grep ^first "$XRAY_HOME/vms/web/vm.ini"

# In the guest: a user who is not there, a deadline, output without end.
clear
echo 'echo not run' | put "$own/boot/guest/1"
says 'as somebody who is not there' 76 'vm/guest/1 failed \(no ssh\)' \
    xray hooks run -u nobody-here web boot
echo 'echo on; sleep 1000' | put "$own/boot/guest/1"
says 'a deadline' 75 'guest/1: timed out after 8 s' \
    env XRAY_HOOK_TIMEOUT=8 xray hooks run web boot
put "$own/boot/guest/1" <<'X'
yes "$(printf '\033[2J')" | head -20000
X
ok 'a flood' xray hooks run -q web boot
ok 'is cut by the log' test "$(du -sm "$XRAY_HOME/vms/web/log" | cut -f1)" -lt 12
ok 'and masked in it' not grep -q "$(printf '\033')" \
    "$XRAY_HOME/vms/web/log/hooks.log"

# Killed in the middle of a first boot, and the machine with it.
clear
xray hooks reset-initial-boot -q web
mkfifo "$tmp/gate"
echo 'echo one >>parts' | put "$own/initial-boot/guest/1"
printf '#!/bin/sh\nxray ssh web "echo two >>parts"; read -r _ <%s/gate\n' \
    "$tmp" | put "$own/initial-boot/2"
echo 'echo three >>parts' | put "$own/initial-boot/guest/3"
xray stop -q web
ok 'a first boot again' xray start -q web
until_ok 300 sh -c 'xray ssh web grep -q two parts'
kill -9 "$(cut -d' ' -f1 "$XRAY_HOME/vms/web/hooks.lock")"
until_ok 30 not held
says 'is broken off' 1 'initial-boot vm/2 \(interrupted\)' \
    xray wait --for hooks web
ok 'the guest has written it' xray ssh web sync
xray stop -q -f web
timeout 10 sh -c "echo >$tmp/gate" # for the script, which was left behind
printf '#!/bin/sh\nxray ssh web "echo two >>parts"\n' |
    put "$own/initial-boot/2"
ok 'the next' xray start -q web
ok 'ends it' xray wait --for hooks --timeout 300 web
is 'none left out, and that one alone repeated' 0 'one
two
two
three' xray ssh web cat parts

# The examples.
example() { # FILE FOLDER NAME
	put "$own/$2/$3" <"$top/hooks/examples/$1"
}
clear
mkdir -p "$XRAY_HOME/shared/sub" "$XRAY_HOME/colleagues"
echo text >"$XRAY_HOME/shared/sub/file"
ssh-keygen -q -t ed25519 -N '' -C ada -f "$tmp/ada"
cp "$tmp/ada.pub" "$XRAY_HOME/colleagues"
xray ssh web 'mkdir testdata && echo 1 >testdata/file'
example colleague.sh initial-boot 20-colleague.sh
example shared.sh boot 20-shared.sh
example reset-data.sh boot guest/30-reset-data.sh
example log-boots.sh boot 90-log-boots.sh
example notify.sh boot 95-notify.sh
ok 'examples of a first boot' xray hooks run web initial-boot
ok 'twice' xray hooks run web initial-boot
is 'a colleague is let in, once' 0 1 xray ssh web \
    'grep -c "ada$" .ssh/authorized_keys'
is 'and gets in' 0 in ssh -F "$XRAY_HOME/vms/web/ssh.conf" -o IdentitiesOnly=yes \
    -o IdentityAgent=none -i "$tmp/ada" web.xray echo in
ok 'examples of each boot' env -u DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR="$tmp" \
    xray hooks run web boot
is 'a folder is there' 0 text xray ssh web cat shared/sub/file
xray ssh web 'echo 2 >testdata/file; touch testdata/more'
ok 'again' env -u DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR="$tmp" \
    xray hooks run web boot
is 'data is what it was' 0 'file
1' xray ssh web 'ls testdata; cat testdata/file'
is 'boots are logged' 0 2 sh -c \
    "grep -cE '^[0-9TZ:.-]+	[0-9TZ:-]+	web	[0-9]' $XRAY_HOME/boots.log"
ok 'no desktop is no trouble' has web '[boot] 95-notify.sh: no desktop to notify'
desktop() { # a session with a display, on which dunst is there when asked for
	Xvfb -displayfd 3 -screen 0 640x480x8 -nolisten tcp -noreset 3>"$tmp/display" \
	    2>"$tmp/err" &
	x=$!
	until_ok 60 test -s "$tmp/display"
	DISPLAY=:$(cat "$tmp/display") timeout 120 dbus-run-session -- sh -c '
		xray hooks run -q --only 95-notify.sh web boot
		dunstctl close-all
		dunstctl history' | grep -q 'web is up: xray ssh web'
	found=$?
	kill $x
	wait $x
	return $found
}
if command -v Xvfb dunst dunstctl notify-send dbus-run-session dbus-send \
    >/dev/null; then
	ok 'a desktop is told' desktop
else
	n=$((n + 1))
	echo "ok $n # SKIP no Xvfb, dunst or notify-send"
fi

# Those of the page, where it says that they are.
clear
rm "$XRAY_HOME/vms/web/provision"
mandoc -T ascii "$top/man/xray-hooks.7" | col -b | tr '\t' ' ' |
    awk -v home="$XRAY_HOME/vms/web" '
	$1 == "#" && $2 ~ /^scripts\// {
		f = home "/" $2; d = f; sub("/[^/]*$", "", d)
		system("mkdir -p " d); next
	}
	/^ *$/ { f = "" }
	f { sub("^ *", ""); print >>f }'
find "$own" -type f -exec chmod 755 {} +
is 'examples in the page' 0 "initial-boot guest/10-motd
boot 20-profile.sh
boot 90-log" sh -c 'xray hooks list -H -o type,script web | tr "\t" " "'
echo 'export PROFILE=yes' >"$HOME/.profile"
xray hooks reset-initial-boot -q web
ok 'one for a first boot' xray hooks run web initial-boot
is 'does what it says' 0 'This is web.' xray ssh web cat /etc/motd
ok 'those for each' xray hooks run web boot
is 'a file of the host' 0 'export PROFILE=yes' xray ssh web cat .profile
ok 'a count' has web '[boot] 90-log: 1'
ok 'a line' grep -q ' web$' "$XRAY_HOME/starts"

# Without them.
is 'reset' 0 "Reset initial-boot flag for 'web'" \
    xray hooks reset-initial-boot web
xray stop -q -f web
ok 'start without' xray start -q web --no-hooks
is 'none is run' 0 none xray info -H -o hooks web
