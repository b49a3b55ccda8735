#!/bin/sh
# What commands say to those who call them wrongly, and of files that are not
# what they should be: an exit code and words for each, where no other test has
# them.  tests/coverage.pl knows which nobody has.
. "${0%/*}/lib.sh"
plan 175

# m CODE WORDS COMMAND ...
m() {
	want=$1 words=$2
	shift 2
	says "$1 says: $words" "$want" "$words" "$@"
}
# in_of FILE COMMAND ...: with that as standard input.  These are subshells: one
# is run by another, and a name that both had would lead to a wrong file.
in_of() (
	file=$1
	shift
	"$@" <"$file"
)
# aside FILE, back: what is removed and put back is of this test's folder.
aside() {
	case $1 in
	"$tmp"/*) ;;
	*) echo "not ours: $1" >&2 && exit 99 ;;
	esac
	[ ! -e "$1" ] || mv "$1" "$1.away"
}
back() { [ ! -e "$1.away" ] || mv "$1.away" "$1"; }
# lacks FILE COMMAND ...: there is a folder in its place.
lacks() (
	lacked=$1
	shift
	aside "$lacked"
	mkdir "$lacked"
	code=0
	"$@" || code=$?
	rmdir "$lacked"
	back "$lacked"
	exit $code
)
# full FOLDER NAME COMMAND ...: it holds a folder of that name.
full() (
	into=$1 name=$2
	shift 2
	mkdir -p "$into/$name"
	code=0
	"$@" || code=$?
	rmdir "$into/$name"
	exit $code
)
# puts FILE TEXT COMMAND ...: a file of that text is in its place.
puts() (
	put=$1 text=$2
	shift 2
	aside "$put"
	printf '%b' "$text" >"$put"
	code=0
	"$@" || code=$?
	rm -f "$put"
	back "$put"
	exit $code
)
# with FILE SED COMMAND ...: the file is changed so.
with() (
	changed=$1 how=$2
	shift 2
	cp "$changed" "$tmp/kept"
	sed -i "$how" "$changed"
	code=0
	"$@" || code=$?
	cat "$tmp/kept" >"$changed"
	exit $code
)

# ---- called wrongly ----

m 64 '-q: options go behind the command' xray -q list
m 64 'a VM, the number of a question, and a verdict' xray-answer answer v
m 64 'never: once, session, always, or as long' \
    xray-answer answer --for never v 1 allow
m 64 'world: host, domain or address' xray-answer answer --as world v 1 allow
m 64 'x: no number of a question' xray-answer answer v x allow
m 64 'one VM' xray-argv
m 64 'one VM' xray-ask
m 64 'one file or URL' xray-base import
m 64 'no operands' xray-base list x
m 64 'one base' xray-base info
m 64 'a base and a generation' xray-base use x
m 64 'a base, and KEY=VALUE' xray-base label
m 64 'no base named' xray-base remove
m 64 'a VM, and a command or --from' xray-beside
m 64 'no recipe named; -l lists them' xray-build build
m 64 'no name given' xray-build build --iso /dev/null
m 64 '--iso FILE NAME' xray-build build --iso /dev/null a b
m 64 'one base' xray-build seal a b
m 64 'one VM' xray-carry export
m 64 'a VM and a file' xray-carry import x
m 64 'one preset, or none' xray-carry presets a b
m 66 'nonesuch: no such preset; xray fw presets lists' xray-carry presets nonesuch
m 64 'a VM, and perhaps a port' xray-connect
m 64 'no name given' xray-create
m 64 'a port goes to one VM' xray-create -p 1:2 a b
m 64 'whole MiB, at least 16' xray-create -m 1 a
# shellcheck disable=SC2046 # words
m 64 'too many options' xray-create $(yes -- -w | head -1000) a
m 64 'one VM' xray-fw list
m 64 'one VM' xray-fw status a b
m 64 'a VM, and where to' xray-fw check v
m 64 'a VM or a file of rules, and cases' xray-fw test
m 64 'one VM' xray-hooks init a b
m 64 'one VM' xray-hooks list
m 64 'one VM and one type' xray-hooks run v
m 64 'one VM' xray-hooks reset-initial-boot
m 64 'one VM' xray-hooks start
m 64 'show, install VM, or nothing' xray-key x
m 64 'no VM named' xray-log
m 64 '-f follows the latest run' xray-log -f --boot 1 v
m 64 'one VM' xray-monitor
m 64 'one VM at a time' xray-move - b
m 64 'a VM or base, and perhaps a thing' xray-path
m 64 '--stdio or --program' xray-prompt prompt --stdio --program x
m 64 'one VM and the number of its question' xray-prompt one
m 64 'no terminal' xray-prompt one v 1
m 64 'one VM and one script' xray-provision
m 64 'x: not CONTROL:SOCKET' xray-proxy --gateway x
m 64 '--resolver: .*: not unix:PATH' xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null --resolver 127.0.0.1:0
# shellcheck disable=SC2046
m 64 'too many of them' xray-proxy $(yes -- --rules=x | head -100)
# shellcheck disable=SC2046
m 64 'too many blocks' xray-proxy $(yes -- --private-ok=10.0.0.0/8 | head -100)
m 64 'x' xray-proxy --private-ok x
m 64 '--mode: x: ask, deny, allow or learn' xray-net --mode x
m 64 '--dns: x: synthetic or real' xray-net --dns x
m 64 '--ready-fd: 0: not from 1 to 65535' xray-net --ready-fd 0
# shellcheck disable=SC2046
m 64 'too many of them' xray-net $(yes -- --rules=x | head -100)
# shellcheck disable=SC2046
m 64 'too many blocks' xray-net $(yes -- --private-ok=10.0.0.0/8 | head -100)
m 64 'needs --net, --mac and one socket' xray-net
m 64 'no VM named' xray-qmp
m 64 'no VM named' xray-rule add
m 64 'one VM' xray-rule add - a.example allow
m 64 '--first or --line' xray-rule allow --first --line 1 v a.example
m 64 'a VM, and where to' xray-rule allow v
m 64 'a VM, where to, and allow, deny or ask' xray-rule add v a.example
m 64 'destinations, or --line' xray-rule remove v
m 64 '--to: more than 8 blocks' xray-rule allow \
    --to 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8,10.0.0.9 \
    v a.example
m 64 '--to and --note go with a destination' \
    in_of /dev/null xray-rule add --note x v -
m 64 'one VM' xray-ruleset clear
m 64 '--session or --expired' xray-ruleset clear --session --expired v
m 64 'one VM, and what it shall be' xray-ruleset mode
# shellcheck disable=SC2046
m 64 'too many' xray-run $(yes -- --in=x | head -100) b -- true
m 64 'a VM, and perhaps a file' xray-screenshot
m 64 'a VM, and perhaps a tag' xray-snap create
m 64 'a VM and a tag' xray-snap revert v
m 64 'a VM and a tag' xray-snap delete v
m 64 '--install and --uninstall are for all VMs' xray-ssh-config --install v
m 64 'no VM named' xray-ssh
m 64 'a folder, and the name that may come' xray-untar
m 64 'one VM' xray-supervise
m 64 '--for: x: ssh, boot, cloud-init' xray-wait --for x v
m 64 '--for port: which one' xray-wait --for port
m 64 '--color: x: yes, no or auto' xray-list --color x
m 64 '--timeout: x: a duration such as' xray-wait --timeout x v
m 64 'a and names: one of them' xray-stop -a v

# ---- a home with a base and two VMs ----

empty_base >/dev/null && xray-create -q -b b v w && xray-create -q -b b --net none o &&
    seeded_base s >/dev/null && xray-port add w 8080:80 >/dev/null &&
    mkdir "$tmp/.ssh" && echo a.example >"$tmp/domain" || exit 1
vm=$XRAY_HOME/vms/v base=$XRAY_HOME/bases/b
conf=$XRAY_HOME/config.ini

m 64 '-F takes one VM' xray-start -F v w
m 64 '-F goes with neither' xray-start -F --systemd v
m 64 'which base\? base:NAME' xray-path base
m 66 'a base has no log' xray-path base:b log
m 69 'v: stopped; xray start v' xray-connect v console
m 69 'o: net = none' xray-connect o 22
m 66 'v: no FILE, and neither' xray-provision v
m 64 'v: not an accelerator|x: ' xray-start --accel x v
m 69 'v: stopped' xray-screenshot v
m 66 "$tmp/none: No such file" xray-create -b b --rules "$tmp/none" x
m 65 'empty' puts "$tmp/empty" '' xray-create -b s --user-data "$tmp/empty" x
m 66 'none.pub: No such file' xray-create -b b --ssh-key "$tmp/none.pub" x
m 78 'XRAY_VM_MEMORY: x: not a size' env XRAY_VM_MEMORY=x xray-create -b b x
m 78 'XRAY_VM_CPUS: x: not a number' env XRAY_VM_CPUS=x xray-create -b b x
m 66 "$tmp/nul.pub: No such file" puts "$tmp/nul" x \
    env XRAY_SSH_KEY="$tmp/nul" xray-key show
m 66 "$tmp/none: no such key; make it, or unset ssh_key" \
    env XRAY_SSH_KEY="$tmp/none" xray-key
m 66 "$tmp/none: No such file" xray-fw test "$tmp/none"
m 66 'none: No such file' in_of /dev/null xray-fw test v "$tmp/none"
m 66 'none: No such file' xray-base label b rules="$tmp/none"
m 65 'not a text' puts "$tmp/nul" 'a\0b' xray-base label b rules="$tmp/nul"
m 64 '--base: which of b s\?' xray-create x
m 69 'man' env PATH="$XRAY_BIN:$tmp" xray help list
m 78 'HOME is not set' env -u HOME xray-ssh-config --install
m 64 'x: not an accelerator; auto, kvm, hvf or tcg' \
    env XRAY_ACCEL=x xray-start v
m 69 'a guest of aarch64 needs --accel tcg' \
    with "$vm/vm.ini" 's/^arch = .*/arch = aarch64/' \
    env XRAY_ACCEL=kvm xray-start v
m 64 'a URL of .* bytes; at most' \
    xray-base import "http://a/$(printf '%09000d' 0)"
m 75 'is its own already' xray-start w 8080
head -c 100000 /dev/zero | tr '\0' x >"$tmp/raw"
m 65 'is not vmdk, by its content; --format raw' \
    xray-base import --format vmdk "$tmp/raw"
m 64 "a variable's name" xray-config set hook_env 1x
m 64 'an absolute path' xray-config set v kernel x
m 64 'an address or a block' xray-config set private_ok x
m 64 'whole MiB, at least 16' xray-start -m 1 v
m 64 'label=y: cannot be set' xray-supervise --set label=y v
m 64 "-x: not a user's name" xray-create -b b --ssh-user -x x
m 69 'has no UEFI variables' with "$base/base.ini" '/^efivars/d' \
    xray-create -b b --firmware uefi x
m 65 'no address; to=' \
    puts "$tmp/to" "allow tcp a.example 443 to=$(printf '%0200d' 1)\n" \
    xray-fw test v "$tmp/to"
m 64 'not JSON' xray-qmp v x '{'
m 64 'y: not KEY=VALUE' xray-qmp v x y

# ---- standard input and output ----

m 74 'standard input: Is a directory' in_of "$tmp" xray-answer answer -
m 74 'standard input: Is a directory' in_of "$tmp" xray-rule add v -
m 74 'standard input: Is a directory' in_of "$tmp" xray-stop -

# ---- folders in the place of files, files in that of folders ----

m 74 'snapshots.ini|disk.qcow2' lacks "$vm/disk.qcow2" xray-snap list v
m 65 'op: not understood' puts "$vm/op" 'x' xray-snap create v t
m 65 'op: not understood' puts "$vm/op" 'drop t' xray-snap create v t
m 74 'v: op: Is a directory' lacks "$vm/op" xray-snap create v t
m 74 'hooks: Is a directory' lacks "$vm/hooks" xray-hooks list v
m 74 'scripts' puts "$XRAY_HOME/scripts" '' xray-hooks init
m 74 'scripts/create|scripts/' sh -c 'mkdir "$0" && >"$0/create" &&
    xray-hooks init; code=$?; rm -r "$0"; exit $code' "$XRAY_HOME/scripts"
m 74 'plugins' puts "$XRAY_HOME/plugins" '' xray-hooks list v
m 65 'NUL byte' puts "$conf" 'a\0b' xray-list
m 65 'config.ini:1' puts "$conf" 'nonsense' xray-list
m 78 'yes or no' puts "$conf" 'autostart = x' xray-create -b b x
m 78 'a duration' puts "$conf" 'lock_wait = x' xray-stop v
m 78 'ssh_start = x: no, ask or yes' puts "$conf" 'ssh_start = x' xray-ssh v
m 65 '\[generation 1\]: no size' with "$base/base.ini" '/^size/d' \
    xray-create -b b x
m 78 'arch pdp11: not known' with "$base/base.ini" 's/^arch = .*/arch = pdp11/' \
    xray-create -b b x
m 78 'net = x: not known' with "$vm/vm.ini" 's/^net = .*/net = x/' xray-start v
m 78 'private_ok: more than' \
    puts "$conf" "$(yes 'private_ok = 10.0.0.0/8' | head -80)\n" \
    xray-fw check v a.example
m 74 'session' lacks "$vm/rules.session" xray-rule allow --for session v a.example
m 74 'b: rules' lacks "$base/rules" xray-base label b rules=
m 74 'b: rules' lacks "$base/rules" xray-create -b b x
m 65 'v: disk.qcow2: not a qcow2' puts "$vm/disk.qcow2" x xray-snap create v t
m 74 'config: Is a directory' lacks "$tmp/.ssh/config" \
    xray-ssh-config --install
m 74 'ports' puts "$XRAY_HOME/ports" '' xray-create -b b x
m 74 'v: known_hosts|known_hosts' lacks "$vm/known_hosts" xray-move v v2
m 74 'scripts/|scripts: ' puts "$vm/scripts" x xray-hooks list v
m 74 'ports' puts "$XRAY_HOME/ports" x xray-port add v 9:9
m 74 'ssh: Not a directory' puts "$XRAY_HOME/ssh" x xray-key -f
m 74 'cred: Not a directory' puts "$vm/cred" x xray-start v
m 74 'cred/user: Is a directory' full "$vm/cred" user xray-start v
m 74 'none.pub: No such file' \
    with "$vm/vm.ini" "1i ssh_keys = $tmp/none.pub" xray-start v
m 74 'v: log: Not a directory' puts "$vm/log" x xray-start v
m 74 'v: log: Not a directory' puts "$vm/log" x xray-netlog log v
m 74 'v: net.log' full "$vm/log" net.log xray-netlog log v
m 74 'console.log' full "$vm/log" console.log xray-log v console
m 74 'v: rules: Is a directory' lacks "$vm/rules" xray-carry export v
m 65 'v: rules:1: ' puts "$vm/rules" x xray-carry export v
m 74 'lists/x: Not a directory' puts "$XRAY_HOME/lists" x \
    in_of "$tmp/domain" xray-carry import --list x v -
m 74 'throwaway: Not a directory' puts "$XRAY_HOME/throwaway" x \
    xray-run --rm b -- true
m 74 'config.ini: Is a directory' lacks "$conf" env EDITOR=true xray-config edit
m 65 'config.ini: Is a directory' lacks "$conf" xray-config set cpus 2
m 74 'v: lock: Is a directory' lacks "$vm/lock" xray-config set v cpus 2
m 66 "$tmp/none: No such file" xray-untar "$tmp/none" x
mkdir "$tmp/bin"
cp "$XRAY_BIN/xray" "$tmp/bin"
m 69 'share/commands: not there; the installation' "$tmp/bin/xray" lst

# ---- a proxy that does not come up ----

m 71 'descriptors are too few' sh -c 'ulimit -n 24
    exec xray-proxy --listen "unix:$0" --rules /dev/null' "$tmp/px"
m 74 '--ready-fd 99: Bad file' \
    xray-proxy --listen 0.0.0.0:0 --rules /dev/null --ready-fd 99
m 74 'whoever reaches this machine can use it' \
    xray-proxy --listen 0.0.0.0:0 --rules /dev/null --ready-fd 99
m 73 'exists and is no socket' \
    xray-proxy --listen "unix:$tmp/raw" --rules /dev/null
m 75 'no/px: No such file' \
    xray-proxy --listen "unix:$tmp/no/px" --rules /dev/null
m 73 'no/log: No such file' \
    xray-proxy --listen "unix:$tmp/px" --rules /dev/null --log "$tmp/no/log"
m 69 'no/ctl: No such file' xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null --gateway "$tmp/no/ctl:$tmp/px2"
m 75 'no/ctl: No such file' xray-proxy --listen "unix:$tmp/px" \
    --rules /dev/null --control "$tmp/no/ctl"
