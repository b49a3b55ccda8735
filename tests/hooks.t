#!/bin/sh
# Hooks: which scripts are run, in what order, with what, and what is kept of
# it.  No guest: a VM without a network is not waited for.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 100
empty_base
xray-create -q -b b --net none -m 64M -c 1 web
xray-key 2>"$tmp/err"
ini=$XRAY_HOME/vms/web/vm.ini user=$XRAY_HOME/scripts
own=$XRAY_HOME/vms/web/scripts plug=$XRAY_HOME/plugins
ran=$XRAY_HOME/ran
put() { # FILE: a script, its lines on standard input
	mkdir -p "${1%/*}"
	{ echo '#!/bin/sh' && cat; } >"$1"
	chmod 755 "$1"
}
noting() { # FILE...: scripts that write down that they were run
	for f in "$@"; do
		echo 'echo "$XRAY_HOOK ${0##*scripts/}" >>"$XRAY_HOME/ran"' |
		    put "$f"
	done
}
ran() { [ ! -f "$ran" ] || cat "$ran"; rm -f "$ran"; }
clear() { rm -rf "$user" "$own" "$plug" "$ran"; }
kept() { grep ^first_boot "$ini"; }
gone() { # PID: it has ended, whether anybody took note or not
	case $(ps -o stat= -p "$1") in '' | Z*) ;; *) return 1 ;; esac
}
tab='	'

# init, list.
is 'init makes the folders and says where' 0 "$user/create
$user/initial-boot
$user/boot" xray hooks init
is 'and those of a VM' 0 "$user/create
$user/initial-boot
$user/boot
$own/create
$own/initial-boot
$own/boot" xray hooks init web
ok 'with guest/ where there is a guest' test -d "$own/boot/guest" -a \
    -d "$user/initial-boot/guest" -a ! -e "$own/create/guest"
is 'no hooks, no rows' 0 '' xray hooks list -H web
says 'which is said' 0 'No hooks found.*xray hooks init' xray hooks list web
says 'no such VM' 66 'nope: no such VM' xray hooks list nope
says 'no VM' 64 'one VM' xray hooks list
says 'no such verb' 64 usage xray hooks frob

# The order, and what masks what.
noting "$plug/zed.d/boot/05-z" "$plug/ada.d/boot/40-a" \
    "$plug/ada.d/boot/05-z" "$user/boot/20-b" "$user/boot/10-a" \
    "$user/boot/B" "$user/boot/60-off" "$own/boot/05-v" "$own/boot/20-b" \
    "$user/boot/.hidden" "$user/boot/10-a~" "$user/boot/10-a.rpmsave" \
    "$user/boot/70-x" "$own/boot/30-h" "$user/create/1" \
    "$user/initial-boot/10-a"
chmod -x "$user/boot/70-x"
mkdir -p "$user/boot/guest" "$own/boot/guest" "$own/boot/folder"
echo : >"$user/boot/guest/30-h"
echo : >"$user/boot/guest/15-g"
echo : >"$own/boot/guest/30-g"
echo : >"$own/boot/guest/10-a"
ln -s /dev/null "$own/boot/60-off"
echo : >"$XRAY_HOME/vms/web/provision"
want="create${tab}user${tab}1${tab}pending
initial-boot${tab}user${tab}10-a${tab}pending
initial-boot${tab}vm${tab}provision${tab}pending
boot${tab}plugin:ada${tab}05-z${tab}pending
boot${tab}plugin:ada${tab}40-a${tab}pending
boot${tab}plugin:zed${tab}05-z${tab}pending
boot${tab}user${tab}.hidden${tab}ignored (dot file)
boot${tab}user${tab}10-a${tab}masked (vm)
boot${tab}user${tab}10-a.rpmsave${tab}ignored (left over)
boot${tab}user${tab}10-a~${tab}ignored (left over)
boot${tab}user${tab}guest/15-g${tab}pending
boot${tab}user${tab}20-b${tab}masked (vm)
boot${tab}user${tab}guest/30-h${tab}masked (vm)
boot${tab}user${tab}60-off${tab}masked (vm)
boot${tab}user${tab}70-x${tab}not executable
boot${tab}user${tab}B${tab}pending
boot${tab}vm${tab}05-v${tab}pending
boot${tab}vm${tab}guest/10-a${tab}pending
boot${tab}vm${tab}20-b${tab}pending
boot${tab}vm${tab}guest/30-g${tab}pending
boot${tab}vm${tab}30-h${tab}pending
boot${tab}vm${tab}60-off${tab}masked (/dev/null)
boot${tab}vm${tab}folder${tab}ignored (not a file)"
is 'sources in order, names in order, masks' 0 "$want" xray hooks list -H web
is 'one column, and the path' 0 "$user/create/1" \
    sh -c 'xray hooks list -H -o path web | head -1'
inst=$tmp/inst
mkdir -p "$inst/bin" "$inst/share/xray/hooks"
cp "$XRAY_BIN/xray-hooks" "$inst/bin"
cp "$top/share/commands" "$inst/share/xray"
noting "$inst/share/xray/hooks/boot/01-i" "$inst/share/xray/hooks/boot/B"
is 'what was installed comes first, and is masked too' 0 \
    "boot${tab}builtin${tab}01-i${tab}pending
boot${tab}builtin${tab}B${tab}masked (user)" sh -c \
    "$inst/bin/xray-hooks list -H web | grep builtin"
is 'the tree has none' 0 0 sh -c 'xray hooks list web | grep -c builtin || :'

# create: no VM has to run.
says 'a create hook is run' 0 '^\[create\] 1: ok, [0-9]+\.[0-9] s$' \
    xray hooks run web create
is 'and was' 0 'create create/1' ran
is 'its state' 0 'done' sh -c 'xray hooks list -H -o state web | head -1'
is 'quietly' 0 '' sh -c 'xray hooks run -q web create 2>&1'
says 'the others need the VM running' 69 'web: stopped; xray start web' \
    xray hooks run web boot
says 'initial-boot, too' 69 'xray start web' xray hooks run web initial-boot
says 'no such type' 64 'later: create, initial-boot or boot' \
    xray hooks run web later
says 'no such script' 66 'no create script 9; xray hooks list web' \
    xray hooks run --only 9 web create
clear
noting "$user/create/1" "$user/create/2" "$user/create/3"
ok 'one alone' xray hooks run -q --only user/2 web create
is 'that one' 0 'create create/2' ran
echo 'exit 3' | put "$user/create/2"
says 'the first that fails is the last' 1 \
    'web: create: user/2 failed \(exit 3\); xray log web hooks' \
    xray hooks run web create
is 'so the third was not run' 0 'create create/1' ran
is 'as list says' 0 'done
failed (exit 3)
pending
pending' xray hooks list -H -o state web
printf '#!/no/such\n' >"$user/create/2"
says 'a script without its interpreter' 126 'failed \(cannot be run\)' \
    xray hooks run web create

# Who else could change it.
rm -f "$user/create/2" "$ran"
for it in "$user/create/3" "$user/create" "$user" "$own"; do
	noting "$own/create/4"
	chmod o+w "$it"
	says "others can write to ${it#"$XRAY_HOME/"}: nothing is run" 77 \
	    "refused: $it: others can write to it; chmod go-w $it" \
	    xray hooks run web create
	chmod go-w "$it"
done
is 'nothing, indeed' 0 '' ran
chmod o+w "$user/create/3"
is 'list says so' 0 1 sh -c 'xray hooks list web | grep -c "refused: .*chmod"'
is 'doctor, too, with the command' 0 1 sh -c \
    "xray doctor -H -o what,text | grep -c 'hooks.*3: .*chmod go-w $user'"
chmod -x "$own/create/4"
is 'and what is not executable' 0 1 sh -c \
    "xray doctor -H -o what,text | grep -c 'hooks.*4: .*chmod +x $own'"
ln -sf /dev/null "$own/create/3"
ok 'what is masked does not count' xray hooks run -q web create
clear
mkdir -p "$user/create" "$tmp/open"
noting "$tmp/open/real"
chmod 777 "$tmp/open"
ln -s "$tmp/open/real" "$user/create/1"
says 'a link is followed' 77 "refused: $tmp/open: others can write" \
    xray hooks run web create
mkdir "$tmp/safe"
noting "$tmp/safe/real"
ln -s "$tmp/safe/real" "$tmp/open/link"
ln -sf "$tmp/open/link" "$user/create/1"
says 'at each step' 77 "refused: $tmp/open: others can write" \
    xray hooks run web create
ln -sf "$tmp/nowhere" "$user/create/1"
says 'one that leads nowhere is not passed over' 77 'No such file' \
    xray hooks run web create
rm "$user/create/1"
noting "$user/create/two
lines"
says 'a name that no line can hold' 77 'refused: its name' \
    xray hooks run web create
is 'is shown on one' 0 'two\012lines
provision' xray hooks list -H -o script web
if [ "$(id -u)" = 0 ]; then
	clear
	noting "$user/create/1"
	chown 12345 "$user/create/1"
	says 'one of another user' 77 'belongs to another user' \
	    xray hooks run web create
else
	n=$((n + 1))
	echo "ok $n # SKIP only root can give files away"
fi

# What they are given.
clear
put "$user/create/1" <<'X'
env | cut -d= -f1 | grep -Ev '^(PWD|_|SHLVL|OLDPWD)$' | sort >"$XRAY_HOME/env"
echo "$PWD" >"$XRAY_HOME/pwd"
cat
echo "$XRAY_VM_NAME $XRAY_HOOK $XRAY_SSH_HOST $XRAY_SSH_PORT $XRAY_SSH_USER" \
    "$XRAY_VM_DIR"
printf '\033[31mred\303\244\r\n'
echo err >&2
X
echo 'hook_env = MINE' >"$XRAY_HOME/config.ini"
gives() {
	env -i ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} PATH="$PATH" \
	    HOME="$HOME" XRAY_HOME="$XRAY_HOME" USER=u TERM=t \
	    LANG=C LC_ALL=C XDG_RUNTIME_DIR=/x DBUS_SESSION_BUS_ADDRESS=y \
	    MINE=1 YOURS=1 LD_PRELOAD='' BASH_ENV=/e ENV=/e API_TOKEN=s \
	    XRAY_LOCK_WAIT=1 XRAY_VM_NAME=other XRAY_SSH_PORT=1 \
	    SSH_AUTH_SOCK=/agent AWS_SECRET_ACCESS_KEY=s \
	    xray hooks run web create 2>"$tmp/lines"
	cat "$XRAY_HOME/env"
}
is 'their environment is what the page says' 0 'DBUS_SESSION_BUS_ADDRESS
HOME
LANG
LC_ALL
MINE
PATH
SSH_AUTH_SOCK
TERM
USER
XDG_RUNTIME_DIR
XRAY_HOME
XRAY_HOOK
XRAY_LOCK_WAIT
XRAY_QMP
XRAY_SSH_CONFIG
XRAY_SSH_HOST
XRAY_SSH_KEY
XRAY_SSH_PORT
XRAY_SSH_USER
XRAY_VM_DIR
XRAY_VM_NAME' gives
is 'the folder they are in' 0 "$user/create" cat "$XRAY_HOME/pwd"
port=$(xray info -H -o ssh_port web)
ssh_user=$(xray info -H -o ssh_user web)
is 'values, output masked, nothing to read' 0 \
    "[create] 1: web create 127.0.0.1 $port $ssh_user $XRAY_HOME/vms/web
[create] 1: \\033[31mred\\303\\244
[create] 1: err
[create] 1: ok" sed 's/, .* s$//' "$tmp/lines"
is 'the log has it, with the source at its end' 0 '[create] 1: err
[create] user/1: ok' sh -c "sed 's/^[^ ]* //;s/, .* s\$//' \
    $XRAY_HOME/vms/web/log/hooks.log | tail -2"
is 'and so has xray log' 0 1 sh -c \
    "xray log web hooks | tail -1 | grep -c 'user/1: ok'"

# A VM that runs.
clear
: >"$XRAY_HOME/config.ini"
rm "$XRAY_HOME/vms/web/provision"
ok 'started with nothing to run' xray start -q web
ok 'its hooks have ended' xray wait --for hooks --timeout 60 web
is 'there were none' 0 none xray info -H -o hooks web
is 'no flag is set' 1 '' kept
says 'nothing to run is no trouble' 0 'no boot scripts' xray hooks run web boot
noting "$user/initial-boot/1" "$user/initial-boot/3" "$own/boot/4" \
    "$own/boot/5" "$own/boot/6"
echo 'echo "$XRAY_HOOK 2" >>"$XRAY_HOME/ran"; exit $(cat "$XRAY_HOME/code")' |
    put "$user/initial-boot/2"
echo 7 >"$XRAY_HOME/code"
says 'initial-boot stops where it fails' 1 'user/2 failed \(exit 7\)' \
    xray hooks run web initial-boot
is 'it has run those' 0 'initial-boot initial-boot/1
initial-boot 2' ran
is 'the place is kept' 0 'first_boot_at = user/2' kept
is 'the status shows it' 0 'running (hook failed)' xray status web
is 'info, too' 0 'hooks=failed: initial-boot user/2 (exit 7)
reason=hook failed: initial-boot user/2 (exit 7)' \
    xray info -o hooks,reason web
says 'wait says which' 1 \
    'web: hook failed: initial-boot user/2 \(exit 7\); xray log web hooks' \
    xray wait --for hooks web
says 'a start goes on there, and runs boot' 1 'goes on at user/2' \
    xray-hooks start web
is 'in that order' 0 'initial-boot 2
boot boot/4
boot boot/5
boot boot/6' ran
echo 0 >"$XRAY_HOME/code"
ok 'when it is mended' xray-hooks start web
is 'it ends' 0 'initial-boot 2
initial-boot initial-boot/3
boot boot/4
boot boot/5
boot boot/6' ran
is 'once and for all' 0 'first_boot_completed = yes' kept
is 'all is well' 0 'hooks=done
status=running' xray info -o hooks,status web
ok 'the next start' xray-hooks start -q web
is 'runs boot alone' 0 'boot boot/4
boot boot/5
boot boot/6' ran
is 'reset' 0 "Reset initial-boot flag for 'web'" \
    xray hooks reset-initial-boot web
is 'which takes the keys out' 1 '' kept
echo 'first_boot_at = user/1z' >>"$ini"
ok 'where the script is gone' xray hooks run -q web initial-boot
is 'the next is where it goes on' 0 'initial-boot 2
initial-boot initial-boot/3' ran
echo 'exit 1' | put "$own/boot/4"
echo 'exit 2' | put "$own/boot/5"
says 'of boot all are tried, the first failure counts' 1 'vm/4 failed' \
    xray hooks run web boot
is 'all' 0 'boot boot/6' ran

# Deadlines, and what stays behind.
clear
echo 'echo before; sleep 1000 & echo $! >"$XRAY_HOME/pid"; wait' |
    put "$user/boot/1"
says 'past its deadline it is ended' 75 '\[boot\] 1: timed out after 1 s' \
    timeout 60 env XRAY_HOOK_TIMEOUT=1 xray hooks run web boot
ok 'with all of its group' until_ok 30 gone "$(cat "$XRAY_HOME/pid")"
is 'its state' 0 'timed out' xray hooks list -H -o state web
is 'in info' 0 'failed: boot user/1 (timed out)' xray info -H -o hooks web
xray config set web hook_timeout 1 2>"$tmp/err"
says 'vm.ini has the deadline, too' 75 'after 1 s' xray hooks run web boot
echo 'echo on; setsid sleep 60 & echo $! >"$XRAY_HOME/pid"' | put "$user/boot/1"
from=$(date +%s)
ok 'what it leaves behind' env XRAY_HOOK_TIMEOUT=60 xray hooks run -q web boot
ok 'is not waited for' test $(($(date +%s) - from)) -lt 30
kill "$(cat "$XRAY_HOME/pid")"
echo 'xray hooks run "$XRAY_VM_NAME" boot 2>"$XRAY_HOME/said"; echo $?' |
    put "$user/boot/1"
says 'hooks do not run hooks' 0 '^\[boot\] 1: 75$' \
    env XRAY_HOOK_TIMEOUT=60 xray hooks run web boot
ok 'and are told why' grep -q 'web: hooks: locked by xray-hooks, pid' \
    "$XRAY_HOME/said"

# Killed in the middle.
clear
xray hooks reset-initial-boot -q web
noting "$user/initial-boot/1" "$user/initial-boot/3"
mkfifo "$XRAY_HOME/gate"
echo 'echo $$ >"$XRAY_HOME/pid"; echo 2 >>"$XRAY_HOME/ran"
read -r _ <"$XRAY_HOME/gate"' | put "$user/initial-boot/2"
XRAY_HOOK_TIMEOUT=60 xray-hooks start web 2>"$tmp/err" &
hooks=$!
until_ok 30 grep -qx 2 "$ran"
is 'one is under way' 0 'running: initial-boot user/2' xray info -H -o hooks web
is 'as list says' 0 'done
running
pending' xray hooks list -H -o state web
says 'wait --for hooks waits' 75 \
    'web: its hooks have not ended: initial-boot user/2' \
    xray wait --for hooks --timeout 1 web
agent=$(pgrep -P "$(pgrep -P $hooks -x cat)" -x ssh-agent)
kill -9 $hooks
wait $hooks 2>/dev/null
ok 'there was an agent' test -n "$agent"
ok 'which ends with it' until_ok 60 gone "$agent"
is 'killed there, it is seen' 0 \
    'failed: initial-boot user/2 (interrupted)' xray info -H -o hooks web
ok 'its script ends with it' until_ok 30 gone "$(cat "$XRAY_HOME/pid")"
echo 'echo 2 >>"$XRAY_HOME/ran"' | put "$user/initial-boot/2"
ok 'the next start' env XRAY_HOOK_TIMEOUT=60 xray-hooks start web
is 'leaves none out, and repeats that one alone' 0 'initial-boot initial-boot/1
2
2
initial-boot initial-boot/3' ran
echo 'trap "echo told >>\"$XRAY_HOME/ran\"; exit" TERM
echo 1 >>"$XRAY_HOME/ran"; while :; do sleep 0.1; done' | put "$user/boot/1"
XRAY_HOOK_TIMEOUT=60 xray-hooks start web 2>"$tmp/err" &
hooks=$!
until_ok 30 grep -qx 1 "$ran"
kill $hooks
wait $hooks
code=$?
ok 'told to end' test $code = 75
is 'it ends its script' 0 '1
told' ran
mkdir -p "$plug/odd.d"
: >"$plug/odd.d/boot"
says 'a folder that is none' 74 'odd.d/boot: Not a directory' \
    xray-hooks start web
is 'is in the log' 0 1 sh -c \
    "tail -n 1 $XRAY_HOME/vms/web/log/hooks.log | grep -c 'odd.d/boot: Not'"
is 'and the status' 0 'running (hook failed)' xray status web
xray stop -q -f web
clear
noting "$user/boot/1"
ok 'start --no-hooks' xray start -q --no-hooks web
is 'runs none, as is known when it is back' 0 none xray info -H -o hooks web
ok 'is not waited for' xray wait --for hooks --timeout 60 web
is 'indeed' 0 '' ran

# net = proxy: what is set up, and what is not any more.
mkdir "$tmp/fake"
put "$tmp/fake/xray" <<'X'
[ "$1" != ssh ] || exit 1
exec "$XRAY_BIN/xray" "$@"
X
set_up() {
	PATH=$tmp/fake:$PATH XRAY_VM_NAME=$1 \
	    sh "$top/hooks/initial-boot/00-setup-firewall.sh"
}
xray create -q -b b --net proxy -m 64M -c 1 fire
xray config set -q fire firewall_configured yes
is 'a setup that fails' 1 '' set_up fire
is 'leaves nothing set up' 0 no xray config get fire firewall_configured
