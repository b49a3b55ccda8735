#!/bin/sh
# Every key of config.ini and vm.ini: option, environment, vm.ini, config.ini,
# built in, in this order; and commands go by what config shows.
# shellcheck source=lib.sh disable=SC2016 # what is in quotes is another shell's
. "${0%/*}/lib.sh"
unset XRAY_ACCEL XRAY_WAIT_TIMEOUT XRAY_STOP_TIMEOUT XRAY_HOOK_TIMEOUT \
    XRAY_CACHE XRAY_PACKAGES XRAY_TIMEZONE XRAY_LOCALE XRAY_SCRIPT \
    XRAY_SYSTEM_DISK_SIZE
empty_base
empty_base c
conf=$XRAY_HOME/config.ini
xray create -q -b b -c 1 -m 64 web
ini=$XRAY_HOME/vms/web/vm.ini
cp "$ini" "$tmp/vm.ini"

# origin KEY [VM]: where its value comes from, and the value.
cat >"$tmp/origin" <<'O'
#!/bin/sh
key=$1
shift
xray config show --origin "$@" | awk -F'\t' -v k="$key=" '
    index($1, k) == 1 { sub(/:[0-9]+$/, "", $2)
	print $2 ": " substr($1, length(k) + 1) }'
O
chmod +x "$tmp/origin"
set_in() { # FILE KEY VALUE
	grep -v "^$2 = " "$1" >"$tmp/new"
	{ echo "$2 = $3"; cat "$tmp/new"; } >"$1"
}
fresh() {
	: >"$conf"
	cp "$tmp/vm.ini" "$ini"
}

# KEY, built in, in config.ini, in a variable, VARIABLE, in vm.ini; - where it
# is not.  new: config.ini and the variable count for new VMs.
cat >"$tmp/keys" <<'KEYS'
base			-	b	-	-			-	new
memory			4096M	1G	2G	XRAY_VM_MEMORY		64M	new
cpus			?	2	3	XRAY_VM_CPUS		1	new
disk			20G	30G	-	-			-	new
firmware		bios	uefi	-	-			-	new
net			filtered open	-	-			none	new
ssh_user		ubuntu	me	-	-			you	new
display			none	vnc	-	-			spice	new
autostart		no	yes	-	-			-	new
cache			-	/a	/b	XRAY_CACHE		-	new
packages		-	tree	git	XRAY_PACKAGES		-	new
timezone		-	UTC	GMT	XRAY_TIMEZONE		-	new
locale			-	C.UTF-8	C	XRAY_LOCALE		-	new
script			-	/a	/b	XRAY_SCRIPT		-	new
system_disk_size	24G	8G	9G	XRAY_SYSTEM_DISK_SIZE	-	new
mode			ask	deny	-	-			allow	-
defaults		yes	no	-	-			yes	-
dns			synthetic real	-	-			synthetic -
private_ok		-	10.0.0.0/8 -	-			1.2.3.4	-
accel			auto	kvm	hvf	XRAY_ACCEL		tcg	-
ssh_keys		-	/a	-	-			/b	-
ssh_start		no	ask	-	-			yes	-
wait_timeout		120	1	2	XRAY_WAIT_TIMEOUT	3	-
stop_timeout		60	1	2	XRAY_STOP_TIMEOUT	3	-
hook_timeout		300	1	2	XRAY_HOOK_TIMEOUT	3	-
ssh_key			?	/a	/b	XRAY_SSH_KEY		-	-
lock_wait		0	1	2	XRAY_LOCK_WAIT		-	-
min_free		1G	2G	-	-			-	-
log_size		4M	8M	-	-			-	-
color			auto	no	-	-			-	-
hook_env		-	A	-	-			-	-
ask			auto	none	-	-			-	-
ask_timeout		300	9	-	-			-	-
ask_nobody		deny	hold	-	-			-	-
label			-	-	-	-			text	-
protected		no	-	-	-			yes	-
start_at_login		no	-	-	-			yes	-
ssh_port_fixed		no	-	-	-			yes	-
first_boot_completed	no	-	-	-			yes	-
firewall_configured	no	-	-	-			yes	-
kernel			-	-	-	-			/k	-
initrd			-	-	-	-			/i	-
append			-	-	-	-			a=b	-
cdrom			-	-	-	-			/c	-
KEYS
order() {
	while read -r key none all env var own new; do
		fresh
		sed -i "/^$key = /d" "$ini"
		if [ "$own" = - ]; then vm=; else vm=web; fi
		[ -n "$new" ] && [ "$new" = new ] && vm=
		what "$none" 'built in' "$key" $vm
		if [ "$all" != - ]; then
			set_in "$conf" "$key" "$all"
			what "$all" config.ini "$key" $vm
		fi
		if [ "$own" != - ]; then
			set_in "$ini" "$key" "$own"
			what "$own" vms/web/vm.ini "$key" web
		fi
		[ "$var" = - ] || (
			export "$var=$env"
			what "$env" "$var" "$key" $vm
			[ "$new" != new ] || [ "$own" = - ] ||
			    what "$own" vms/web/vm.ini "$key" web
		)
	done <"$tmp/keys"
}
what() { # VALUE FROM KEY [VM]
	value=$1 from=$2
	shift 2
	got=$("$tmp/origin" "$@" 2>&1)
	case $got in
	"$from: $value") ;;
	"$from: "*) [ "$value" = '?' ] || echo "$*: $got, want $from: $value" ;;
	*) [ "$value$got" = - ] || echo "$*: $got, want $from: $value" ;;
	esac
}
is 'built in, config.ini, vm.ini, the environment: each counts before the last' \
    0 '' order
facts='arch base becomes created first_boot_at firmware generation hardware mac
machine mode_before port resume seed ssh_port uuid version'
known() {
	{ cut -f1 "$tmp/keys"; echo "$facts" | tr ' ' '\n'; } | sort -u
}
is 'no key was forgotten' 0 "$(known)" sh -c '
    sed -n "s/^	{ \"\([a-z_]*\)\".*/\1/p" "$1" | sort' - "$top/lib/machine/keys.c"
fresh

# ---- what is made goes by it
made() { # KEY OPTION...: of a new VM
	key=$1
	shift
	xray create -q --no-start "$@" new >&2 || return
	xray config get new "$key"
	xray remove -q -y new
}
order_of() { # KEY CONFIG VARIABLE VALUE OPTION VALUE
	is "create: $1 of config.ini" 0 "$2" made "$1"
	[ "$3" = - ] || {
		export "$3=$4"
		is "create: $3 before it" 0 "$4" made "$1"
	}
	is "create: $5 before all" 0 "$6" made "$1" "$5" "$6"
	[ "$3" = - ] || unset "$3"
}
printf '%s\n' 'base = c' 'memory = 128M' 'cpus = 2' 'ssh_user = me' 'net = none' \
    'display = vnc' 'disk = 1G' >"$conf"
order_of base c - - -b b
order_of memory 128M XRAY_VM_MEMORY 96M -m 80M
order_of cpus 2 XRAY_VM_CPUS 3 -c 1
order_of ssh_user me - - --ssh-user you
order_of net none - - --net open
order_of display vnc - - --display spice
size() {
	xray create -q "$@" new && qemu-img info "$XRAY_HOME/vms/new/disk.qcow2" |
	    sed -n 's/^virtual size: \([0-9.]* .iB\).*/\1/p'
	xray remove -q -y new
}
is 'create: disk' 0 '1 GiB' size
is 'create: --disk before it' 0 '2 GiB' size --disk 2G
echo 'autostart = yes' >>"$conf"
started() {
	XRAY_ACCEL=tcg xray create -q "$@" new && xray info -H -o status new
	xray remove -q -y -f new
}
is 'create: autostart' 0 running started --net none -m 32
is 'create: --no-start before it' 0 stopped started --no-start

# ---- what runs goes by it
printf '%s\n' 'accel = tcg' 'stop_timeout = 1' 'wait_timeout = 1' \
    'ssh_start = yes' 'dns = real' 'private_ok = 10.0.0.0/8' >"$conf"
accel_of() { xray argv web | sed -n '/^-accel$/{n;p;}'; }
is 'argv: accel of config.ini' 0 tcg sh -c 'xray argv web | grep -x tcg'
set_in "$ini" accel hvf
is 'argv: of vm.ini' 0 hvf sh -c 'xray argv web | grep -x hvf'
is 'argv: XRAY_ACCEL' 0 kvm sh -c 'XRAY_ACCEL=kvm xray argv web | grep -x kvm'
cp "$tmp/vm.ini" "$ini"
is 'ssh: ssh_start = yes starts it; wait_timeout of config.ini' 75 '' sh -c '
    xray ssh web true 2>"$HOME/said"; c=$?
    grep -q "no ssh after 1 s" "$HOME/said" || cat "$HOME/said"; exit $c'
is 'it runs' 0 running xray info -H -o status web
gateway() { tr '\0' ' ' <"/proc/$(cut -d' ' -f1 "$XRAY_HOME/vms/web/gateway")/cmdline"; }
is 'the gateway: dns, private_ok' 0 '2' sh -c 'echo "$1" |
    grep -oE -e "--private-ok 10.0.0.0/8|--dns real|--real-dns" | wc -l' - "$(gateway)"
waits() { # SECONDS [VARIABLE=VALUE] COMMAND: what wait said
	env "$@" 2>&1 | grep -o 'no ssh after [0-9]* s'
}
is 'wait: vm.ini' 0 'no ssh after 0 s' sh -c 'echo "wait_timeout = 0" >>"$1"
    xray wait web 2>&1 | grep -o "no ssh after . s"' - "$ini"
is 'wait: XRAY_WAIT_TIMEOUT before it' 0 'no ssh after 1 s' waits \
    XRAY_WAIT_TIMEOUT=1 xray wait web
is 'wait: --timeout before all' 0 'no ssh after 0 s' waits \
    XRAY_WAIT_TIMEOUT=9 xray wait --timeout 0 web
is 'fw: mode, defaults of config.ini' 0 'mode=deny
defaults=off' sh -c 'printf "mode = deny\ndefaults = no\n" >>"$1"
    xray fw status -o mode,defaults web' - "$conf"
is 'fw: of vm.ini' 0 'mode=learn
defaults=on' sh -c 'printf "mode = learn\ndefaults = yes\n" >>"$1"
    xray fw status -o mode,defaults web' - "$ini"
says 'stop: stop_timeout of config.ini' 0 'deaf to the power button for 1 s' \
    xray stop web
XRAY_ACCEL=tcg xray start web
echo 'stop_timeout = 0' >>"$ini"
says 'stop: of vm.ini' 0 'deaf to the power button for 0 s' xray stop web
XRAY_ACCEL=tcg xray start web
says 'stop: XRAY_STOP_TIMEOUT' 0 'deaf to the power button for 1 s' \
    env XRAY_STOP_TIMEOUT=1 xray stop web
XRAY_ACCEL=tcg xray start web
says 'stop: --timeout' 0 'deaf to the power button for 0 s' \
    env XRAY_STOP_TIMEOUT=1 xray stop --timeout 0 web
fresh

# ---- the rest
locked() {
	start=$(date +%s%N)
	"$XRAY_OBJ/tests/lock-peer" "$XRAY_HOME/vms/web/lock" "$@" 2>/dev/null
	[ $? = 75 ] && echo $((($(date +%s%N) - start) / 1000000000))
}
is 'lock_wait: built in' 0 0 locked xray protect web
echo 'lock_wait = 1' >"$conf"
is 'lock_wait: config.ini' 0 1 locked xray protect web
is 'lock_wait: XRAY_LOCK_WAIT' 0 0 locked env XRAY_LOCK_WAIT=0 xray protect web
is 'lock_wait: --lock-wait' 0 0 locked env XRAY_LOCK_WAIT=5 xray protect \
    --lock-wait 0 web
echo 'min_free = 900000T' >"$conf"
says 'min_free' 75 'min_free' xray start web
identity() { xray ssh-config web | sed -n 's/^ *IdentityFile //p' | tr -d '"'; }
is 'ssh_key: built in' 0 "$XRAY_HOME/ssh/id" identity
echo "ssh_key = $tmp/mine" >"$conf"
is 'ssh_key: config.ini' 0 "$tmp/mine" identity
is 'ssh_key: XRAY_SSH_KEY' 0 /other sh -c 'XRAY_SSH_KEY=/other xray ssh-config web |
    sed -n "s/^ *IdentityFile //p" | tr -d "\""'
# A recipe of our own, and programs that find it.
mkdir -p "$tmp/t/share/recipes"
cp -r "$XRAY_BIN" "$tmp/t/bin"
cp "$top/share/commands" "$tmp/t/share"
printf '#!/bin/sh\nenv | grep ^XRAY_ >%s\nexit 66\n' "$tmp/env" \
    >"$tmp/t/share/recipes/mine"
chmod +x "$tmp/t/share/recipes/mine"
recipe() {
	"$tmp/t/bin/xray" base build mine 2>/dev/null
	grep -E '^XRAY_(CACHE|PACKAGES|TIMEZONE|LOCALE|SCRIPT)=' "$tmp/env" | sort
}
printf '%s\n' "cache = $tmp/c" 'packages = git' 'packages = tree' 'timezone = UTC' \
    'locale = C.UTF-8' 'script = /s' >"$conf"
is 'recipes are told' 0 "XRAY_CACHE=$tmp/c
XRAY_LOCALE=C.UTF-8
XRAY_PACKAGES=git tree
XRAY_SCRIPT=/s
XRAY_TIMEZONE=UTC" recipe
is 'the environment before it' 0 'XRAY_PACKAGES=a b
XRAY_TIMEZONE=GMT' sh -c 'XRAY_PACKAGES="a b" XRAY_TIMEZONE=GMT \
    "$1/t/bin/xray" base build mine 2>/dev/null
    grep -E "^XRAY_(PACKAGES|TIMEZONE)" "$1/env" | sort' - "$tmp"

# ---- what no key is called
fresh
printf 'memroy = 1\nssh_port = 1\n' >"$conf"
sed -i '1i speed = 9' "$ini"
say_twice='config.ini:1: memroy: no such key (memory?)
config.ini:2: ssh_port: has no meaning here
vms/web/vm.ini:1: speed: no such key (seed?)'
told() { "$@" 2>&1 >/dev/null | grep -E 'no such key|no meaning' | sed 's/^xray-[a-z]*: //'; }
is 'create tells' 0 "$(echo "$say_twice" | head -2)" told xray create -b b -m 32 new2
is 'start tells, with file and line' 0 "$say_twice" told env XRAY_ACCEL=tcg \
    xray start web
is 'and once for many' 0 "$say_twice" told env XRAY_ACCEL=tcg xray start web new2
xray stop -q -f web
is 'list, info and the like do not' 0 '' sh -c '{ xray list; xray info web
    xray status web; xray fw status web; } 2>&1 >/dev/null'
is 'a VM that was just made has none' 0 "$(echo "$say_twice" | head -2)" told \
    env XRAY_ACCEL=tcg xray start new2
xray stop -q -f new2
is 'set keeps them, and comments' 0 '# mine
memroy = 1
ssh_port = 1
cpus = 2' sh -c 'sed -i "1i # mine" "$1"; xray config set -q cpus 2; cat "$1"' - "$conf"
plan "$n"
