#!/bin/sh
# xray-list, -info, -path: what they tell of VMs that run, do not, or are
# broken; and what takes the disk.
. "${0%/*}/lib.sh"
plan 48
says 'nothing there yet: told on standard error' 0 \
    'No VMs found. Create one: xray create' xray list
is 'and no row' 0 'NAME	BASE	SSH PORT	MEMORY	CPUS	DISK	STATUS' xray list
is '-q: not even that' 0 '' sh -c 'xray list -q 2>&1'
empty_base
for vm in api db web; do xray create -q -m 64 -c 1 $vm; done
vms=$XRAY_HOME/vms bases=$XRAY_HOME/bases
xray start web

is 'a pattern' 0 'web' xray list -q 'w*'
is 'two' 0 'api
web' xray list -q 'a?i' web
is 'one that matches nothing' 0 '' xray list -q 'x*'
is 'those that run' 0 web xray list -q --running
is 'those that do not' 0 'api
db' xray list -q --stopped
is 'fields' 0 'web	none	no	no	web.xray	ubuntu' \
    xray list -H -o name,display,protected,stale,ssh_host,ssh_user web
is 'the disk and what it stands on, one a line' 0 "disk.0=$vms/api/disk.qcow2
disk.1=$bases/b/1/disk.qcow2" sh -c 'xray info api | grep ^disk[.]'
is 'in JSON too' 0 "\"disk.0\":\"$vms/api/disk.qcow2\"" sh -c \
    "xray info --json api | grep -o '\"disk.0\":\"[^\"]*\"'"
is 'an unknown field: 64' 64 '' xray list -o nope
xray pause web
sed -i 's/.*/paused (disk full)/' "$vms/web/state"
if command -v script >/dev/null; then
	printf 'paused (a\033[2Jb\302\233c\303\274)' >"$vms/web/state"
	shown() { TERM=dumb script -qec 'xray list -H -o status,name web' /dev/null |
	    tr -d '\r'; }
	is 'on a terminal control bytes are masked, letters are not' 0 \
	    "$(printf 'paused (a\\033[2Jb\\302\\233c\303\274)  web')" shown
	facts() { TERM=dumb script -qec 'xray info web' /dev/null | tr -d '\r' |
	    grep ^status; }
	is 'nor in facts' 0 \
	    "$(printf 'status=paused (a\\033[2Jb\\302\\233c\303\274)')" facts
	sed -i 's/.*/paused (disk full)/' "$vms/web/state"
else
	for i in 1 2; do ok 'masked # SKIP no script(1)' true; done
fi
is 'the reason of a pause' 0 'disk full	paused (disk full)' \
    xray list -H -o reason,status web
xray resume -f web 2>/dev/null
# A base that has gone on to another generation.
cp -a "$bases/b/1" "$bases/b/2"
sed -i -e 's/^generation = 1/generation = 2/' -e '/^current/d' \
    "$bases/b/base.ini"
sed -n '/^\[generation 1\]/,$p' "$bases/b/base.ini" |
    sed 's/generation 1/generation 2/' >"$tmp/two"
cat "$tmp/two" >>"$bases/b/base.ini"
xray create -q -m 64 -c 1 new
is 'stale: its base has gone on' 0 'api
db
web' xray list -q --stale
is 'told as a fact' 0 yes xray info -H -o stale db
echo nonsense >"$vms/db/vm.ini"
is 'a broken one is listed' 0 'db	broken' xray list -H -o name,status db
says 'and why' 0 'vms/db/vm.ini:1: neither key' xray list
is 'it neither runs nor not' 0 'api
new' sh -c 'xray list -q --stopped 2>/dev/null'
is 'status of it: 65' 65 broken xray status db
is 'JSON' 0 '{"name":"db","reason":"vms/db/vm.ini:1: neither key = value nor [section]"}' \
    sh -c 'xray info --json -o name,reason db 2>/dev/null || [ $? = 65 ]'

is 'status' 0 running xray status web
is 'status -q: 0 when it runs' 0 '' xray status -q web
is 'status -q: 1 when not' 1 '' xray status -q api
is 'pid of one that does not run: nothing, and 1' 1 '' xray pid api
ok 'pid of one that does' sh -c 'kill -0 "$(xray pid web)"'
is 'a value that is not there: nothing, and 1' 1 '' xray info -H -o label api
is 'with others it is empty' 0 'api
' xray info -H -o name,label api

# ---- path
is 'path' 0 "$vms/api" xray path api
for what in disk:disk.qcow2 system-image:disk.qcow2 conf:vm.ini log:log \
    qmp:qmp.sock console:console.sock rules:rules; do
	is "path ${what%:*}" 0 "$vms/api/${what#*:}" xray path api "${what%:*}"
done
is 'path backups' 0 "$XRAY_HOME/backups/api" xray path api backups
is 'path base' 0 "$bases/b" xray path base
is 'path base:NAME disk: the current one' 0 "$bases/b/2/disk.qcow2" \
    xray path base:b disk
says 'no such thing: 66, and what there is' 66 'there are data backups' \
    xray path api nope
says 'no such base: 66' 66 'bb: no such base' xray path base:bb
says 'nothing is maintained: 66' 66 'no base is being maintained' \
    xray path maintenance

# ---- disk
xray snap create -q web live
xray snap create -q api cold
size=$(xray snap list -H -o size web)
is 'disk of one' 0 'WHAT	OF	NOTE
disk	21474836480	overlay on b/1
snapshots		1' xray disk -o what,of,note web
is 'the memory of its snapshots' 0 "snapshots	$size" sh -c \
    'xray disk -H -o what,used web | tail -1'
sum() { xray disk -H -o used web | awk '{ n += $1 } END { print n }'; }
is 'and the rest of the file' 0 "$(xray info -H -o disk web)" sum
rm -rf "$vms/db"
is 'of all: VMs, and generations with who stands on them' 0 \
    'api	disk	overlay on b/1
api	snapshots	1
new	disk	overlay on b/2
web	disk	overlay on b/1
web	snapshots	1
base:b	generation 1	2 VMs
base:b	generation 2	1 VM' xray disk -H -o vm,what,note
says 'and what would free most' 0 'free on .*; frees most: xray snap delete web live' \
    xray disk
