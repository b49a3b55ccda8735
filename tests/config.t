#!/bin/sh
# xray-config: show, get, set, unset, path, edit; of config.ini and of a VM.
. "${0%/*}/lib.sh"
plan 97
empty_base
unset XRAY_ACCEL VISUAL EDITOR
xray create -q -m 64 -c 1 web
ini=$XRAY_HOME/vms/web/vm.ini conf=$XRAY_HOME/config.ini
rm -f "$conf"

is 'path' 0 "$conf" xray config path
is 'path of a VM' 0 "$ini" xray config path web
is 'get: built in' 0 4096M xray config get memory
is 'get: of a VM' 0 64M xray config get web memory
is 'get: no value is 1' 1 '' xray config get web label
says 'no such key: 66, and the nearest' 66 'memroy: no such key \(memory\?\)' \
    xray config get memroy
says 'no such VM: 66' 66 'wbe: no such VM' xray config get wbe memory
says 'no verb: 64' 64 'show\|get\|set\|unset\|path\|edit' xray config
says 'no value: 64' 64 'a key and a value' xray config set memory

is 'set' 0 'Set autostart = true' xray config set autostart true
is 'makes the file' 0 'autostart = true' cat "$conf"
is '-q: silent' 0 '' xray config set -q memory 1G
is 'in place' 0 'autostart = true
memory = 1G' cat "$conf"
says 'so already' 0 'memory: so already' xray config set memory 1G
is 'create takes it' 0 1G sh -c 'xray create -q --no-start big
    xray config get big memory'
is 'unset' 0 'Unset memory' xray config unset memory
says 'was not set' 0 'memory: was not set' xray config unset memory
is 'gone' 0 'autostart = true' cat "$conf"
printf '# mine\nautostart = no # x\n' | sed 's/ # x//' >"$conf"
is 'comments stay' 0 '# mine
autostart = off' sh -c "xray config set -q autostart off; cat '$conf'"

# KEY, a value that cannot be, what is said.
while read -r key value text; do
	says "$key = $value: 64" 64 "$text" xray config set -- "$key" "$value"
done <<'BAD'
autostart maybe not.yes.or.no
cpus 0 a.number.from.1.to.255
cpus four a.number.from
memory 8M whole.MiB,.at.least.16
memory lots a.size.such.as
disk -1 a.size
net wide not.filtered,.open,.none.or.proxy
accel xen not.auto,.kvm,.hvf.or.tcg
firmware fast not.auto,.bios.or.uefi
ssh_user -o not.a.user
base ../x not.a.name
lock_wait long a.duration
label mine a.key.of.one.VM
BAD
is 'none of it was written' 0 '# mine
autostart = off' cat "$conf"
says 'a value of two lines: 64' 64 'a value of one line' \
    xray config set web label 'a
b'

# ---- origin and precedence
is 'origin: built in' 0 'cpus=1	'"vms/web/vm.ini:6
disk=20G	built in" sh -c 'xray config show --origin web | grep ^cpus
    xray config show --origin | grep ^disk'
is 'a key of a plug-in' 0 'Set plugin.hello.greeting = Hi' \
    xray config set plugin.hello.greeting Hi
is 'stands in its section' 0 '[plugin.hello]
greeting = Hi' tail -2 "$conf"
is 'get finds it' 0 Hi xray config get plugin.hello.greeting
is 'show too' 0 'plugin.hello.greeting=Hi	config.ini:5' sh -c \
    'xray config show --origin | tail -1'
xray config set -q accel tcg
origin() { xray config show --origin web | sed -n "s/^$1=//p"; }
is 'config.ini for a VM that does not say' 0 'tcg	config.ini:3' origin accel
xray config set -q web accel kvm
is 'vm.ini before config.ini' 0 'kvm	vms/web/vm.ini:17' origin accel
is 'the environment before both' 0 'auto	XRAY_ACCEL' \
    env XRAY_ACCEL=auto sh -c "xray config show --origin web |
    sed -n 's/^accel=//p'"
is 'what counts at birth does not count later' 0 64M \
    env XRAY_VM_MEMORY=3G xray config get web memory
is 'but for the next one' 0 3G env XRAY_VM_MEMORY=3G xray config get memory
xray config unset -q web accel
xray config unset -q accel
echo 'memroy = 3' >>"$conf"
sed -i '/^\[/,$d' "$conf"
echo 'memroy = 3' >>"$conf"
says 'an unknown key in the file: told, with its line' 0 \
    'config.ini:[0-9]+: memroy: no such key \(memory\?\)' xray config show

# ---- of a VM
for key in uuid mac machine base generation arch firmware hardware created \
    version resume; do
	echo "$key"
done >"$tmp/facts"
refused() {
	while read -r key; do
		xray config set web "$key" x 2>"$tmp/said"
		[ $? = 77 ] && grep -q "web: $key stays: " "$tmp/said" ||
		    echo "$key"
	done <"$tmp/facts"
}
is 'facts are refused: 77, with a reason' 0 '' refused
says 'ports have a command of their own' 77 'xray port add' \
    xray config set web port 80:80
says 'the disk too' 64 'xray resize' xray config set web disk 40G
is 'set' 0 'Set label = a b' xray config set web label 'a b'
is 'is a fact' 0 'a b' xray info -H -o label web
is 'ssh_port moves, and is claimed' 0 'web' sh -c \
    'xray config set -q web ssh_port 18690; cat "$XRAY_HOME/ports/18690"'
is 'and stays' 0 yes xray config get web ssh_port_fixed
says 'taken: 75' 75 "port 18690: is web's" xray config set big ssh_port 18690
XRAY_ACCEL=tcg xray start web
says 'it runs: told when it counts' 0 'web: runs; this counts from its next' \
    xray config set web cpus 2
xray config set -q web cpus 1
xray snap create -q web clean
xray stop -f web
says 'a snapshot that does not load with it is named' 0 \
    'web: with this a snapshot does not load: clean' \
    xray config set web memory 128M
is 'set back it does' 0 '' sh -c 'xray config set -q web memory 64M 2>&1'
says 'a held lock: 75' 75 'web: locked by xray-test' \
    "$XRAY_OBJ/tests/lock-peer" "$XRAY_HOME/vms/web/lock" \
    xray config set web cpus 2

# ---- edit
edit() { EDITOR="sed -i $1" xray config edit "$2"; }
is 'edit' 0 '' edit s/64M/96M/ web
is 'changed it' 0 96M xray config get web memory
says 'nothing changed' 0 'nothing changed' edit s/xx/yy/ web
says 'a value that cannot be: 65, and the text is kept' 65 \
    'vm.ini:5: memory: 9x: .*your text is in /' edit s/96M/9x/ web
is 'it is' 0 'memory = 9x' sh -c "sed -n 5p '$XRAY_HOME'/refused-web.ini"
: >"$XRAY_HOME/.edit-999999999.ini"
cat >"$tmp/int" <<'ED'
kill -INT $PPID
kill -QUIT $PPID
sleep 0.2
sed -i s/96M/98M/ "$1"
ED
is 'Ctrl-C is the editor'"'"'s: it goes on, and so do we' 0 '' \
    env VISUAL="sh $tmp/int" xray config edit web
is 'and its file is taken' 0 98M xray config get web memory
is 'copies of the dead are swept' 0 '' \
    sh -c "ls -a '$XRAY_HOME' | grep edit-; true"
echo 'kill -INT $$; exit 3' >"$tmp/int"
says 'the editor itself ends by it' 69 'ended with 130' \
    env VISUAL="sh $tmp/int" xray config edit web
xray config set -q web memory 96M
says 'no terminal and no editor named: 64' 64 'no terminal' \
    sh -c 'xray config edit web </dev/null'
says 'a changed fact: 77' 77 'web: mac is not changed here' edit s/52:54/52:55/ \
    web
says 'an editor that fails: 69' 69 'false: ended with 1' \
    env VISUAL=false xray config edit web
is 'vm.ini is as it was' 0 96M xray config get web memory
echo 'xray config set -q web cpus 3; sed -i s/96M/64M/ "$1"' >"$tmp/slow"
says 'changed by another meanwhile: 75' 75 'was changed by another' \
    env VISUAL="sh $tmp/slow" xray config edit web
is 'and stays so' 0 '3
96M' sh -c 'xray config get web cpus; xray config get web memory'
is 'config.ini' 0 'memory=2G	config.ini:1' sh -c "
    rm '$conf'; printf '#!/bin/sh\necho memory = 2G >\"\$1\"\n' >'$tmp/ed'
    VISUAL='sh $tmp/ed' xray config edit
    xray config show --origin | grep ^memory"

# What cannot be read is what one edits most.
echo '= broken' >>"$conf"
says 'a broken config.ini' 65 'config.ini:2' xray config get memory
says 'what stays broken is not taken' 65 'config.ini:2:.*refused-config.ini' \
    env EDITOR='sed -i s/2G/3G/' xray config edit
is 'mended' 0 2G sh -c "EDITOR='sed -i /broken/d' xray config edit
    xray config get memory"
echo '= broken' >>"$ini"
says 'a broken vm.ini' 65 'vm.ini:[0-9]+' xray config get web memory
is 'mended' 0 96M sh -c "EDITOR='sed -i /broken/d' xray config edit web
    xray config get web memory"

# A bare number gets the unit it has.
is 'memory' 0 'Set memory = 4096M
4096M' sh -c 'xray config set memory 4096; xray config get memory'
is 'a unit stays' 0 'Set memory = 2G' xray config set memory 2G
is 'disk is in GiB' 0 'Set disk = 30G' xray config set disk 30
is '0 is 0' 0 'Set disk = 0' xray config set disk 0
is 'of a VM' 0 'Set memory = 64M' xray config set web memory 64
is 'log_size is in MiB' 0 'Set log_size = 8M' xray config set log_size 8
says 'a base that is not there: told' 0 'bb: no such base \(b\?\)' \
    xray config set base bb
says 'one that is: nothing' 0 '^$' sh -c 'xray config set base b; echo >&2'
xray config unset -q base
xray config unset -q disk
xray config unset -q memory

# Durations of one VM.
is 'of all' 0 'Set stop_timeout = 7' xray config set stop_timeout 7
is 'of one' 0 'Set stop_timeout = 1' xray config set web stop_timeout 1
is 'its own counts' 0 1 xray config get web stop_timeout
is 'a wait too' 0 'Set wait_timeout = 1s' xray config set web wait_timeout 1s
XRAY_ACCEL=tcg xray start -q web 2>/dev/null
is 'wait: that long' 75 '' timeout 60 xray wait web
says 'stop: that long' 0 'for 1 s; ended' timeout 60 xray stop web
XRAY_ACCEL=tcg xray start -q web 2>/dev/null
says 'the environment before both' 0 'for 2 s; ended' \
    env XRAY_STOP_TIMEOUT=2 timeout 60 xray stop web

# color = WORD; a table is coloured, or not.
colored() { TERM=vt100 script -qec "$1" /dev/null | grep -c "$(printf '\033')"; }
if command -v script >/dev/null; then
	is 'color: auto on a terminal' 0 2 colored 'xray list web'
	xray config set -q color never
	is 'color = never' 1 0 colored 'xray list web'
	is '--color before it' 0 2 colored 'xray list --color yes web'
	xray config set -q color yes
	is 'NO_COLOR before color = yes' 1 0 colored 'NO_COLOR=1 xray list web'
else
	for i in 1 2 3 4; do ok 'color # SKIP no script(1)' true; done
fi
