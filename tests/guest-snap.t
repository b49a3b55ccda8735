#!/bin/sh
# Snapshots of a real guest: live ones with a process in them, disk ones, and
# every trap on the way that QEMU 7.2 lays.
. "${0%/*}/lib.sh"
tiny_base
plan 55
vm=web
dir=$XRAY_HOME/vms/$vm
xray create -q -b tiny -c 1 --firmware uefi $vm
tags() { xray snap list -H -o tag $vm; }
in_both() {
	for f in disk efivars; do
		qemu-img snapshot -U -l "$dir/$f.qcow2" | awk -v t="$1" \
		    '$2 == t { n++ } END { exit n != 1 }' || return 1
	done
}

# ---- stopped: by qemu-img, over disk and variables
is 'cold: none yet' 0 '' tags
is 'cold: create' 0 'Created snapshot: fresh' xray snap create $vm fresh
ok 'cold: in the disk and in the variables' in_both fresh
says 'cold: twice is 73' 73 'snapshot fresh exists' xray snap create $vm fresh
says 'a number is no tag' 64 'not a tag' xray snap create $vm 123
says 'nor is a path' 64 'not a tag' xray snap create $vm ../x
says 'no such tag: 66, and the nearest' 66 'no snapshot frsh \(fresh\?\)' \
    xray snap revert $vm frsh
says 'delete what is not there: 66' 66 'no snapshot nope' \
    xray snap delete -y $vm nope
is 'a tag left out is the time' 0 1 sh -c \
    "xray snap create $vm | grep -c '^Created snapshot: 20[0-9-]*'"
xray snap delete -qy $vm "$(tags | grep ^20)"
# One image refuses: all or none.
qemu-img snapshot -c half "$dir/efivars.qcow2"
chmod 400 "$dir/efivars.qcow2"
mkdir "$tmp/fake"
cat >"$tmp/fake/qemu-img" <<'FAKE'
#!/bin/sh
case "$*" in *-c*efivars.qcow2,*) exit 1 ;; esac
PATH=${PATH#*:} exec qemu-img "$@"
FAKE
chmod +x "$tmp/fake/qemu-img"
chmod 600 "$dir/efivars.qcow2"
qemu-img snapshot -d half "$dir/efivars.qcow2"
says 'cold: one image fails, 74' 74 'failed on efivars.qcow2' \
    env PATH="$tmp/fake:$PATH" xray snap create $vm torn
is 'cold: and the other has no tag either' 0 fresh tags
# A create and a delete that were killed between two images.
qemu-img snapshot -c torn "$dir/disk.qcow2"
echo 'create torn' >"$dir/op"
says 'cold: a create that was broken off is undone' 0 \
    'snapshot create was broken off; undone' xray snap create $vm next
is 'cold: it is gone' 0 'fresh
next' tags
qemu-img snapshot -d next "$dir/efivars.qcow2"
echo 'delete next' >"$dir/op"
says 'cold: a delete that was broken off is finished' 73 \
    'snapshot delete was broken off; finished' xray snap create $vm fresh
is 'cold: gone too' 0 fresh tags
# QEMU was killed in a live one, between two images, or behind the last.
qemu-img snapshot -c torn "$dir/disk.qcow2"
echo 'save torn' >"$dir/op"
says 'a live one that was broken off is undone' 73 \
    'snapshot create was broken off; undone' xray snap create $vm fresh
is 'it is gone, too' 0 fresh tags
for f in disk efivars; do
	qemu-img snapshot -c whole "$dir/$f.qcow2"
done
echo 'save whole' >"$dir/op"
says 'one that is whole stays' 0 'create was broken off; finished' \
    xray snap delete -y $vm whole

# ---- running: by QMP, with memory
is 'start' 0 '' xray start -w --timeout 300 $vm
# A process that counts, with its number in memory alone.
xray ssh $vm 'cat >count.sh; sh count.sh >/dev/null 2>&1 </dev/null &' \
    <<'COUNT'
n=1000
while :; do n=$((n + 1)); echo $n >/dev/shm/n; sleep 0.2; done
COUNT
until_ok 60 xray ssh $vm test -s /dev/shm/n
number() { xray ssh $vm cat /dev/shm/n; }
is 'live: create' 0 'Created snapshot: clean' xray snap create $vm clean
n1=$(number)
ok 'live: in the disk and in the variables' in_both clean
is 'live: list knows its kind' 0 'fresh	disk
clean	live' xray snap list -H -o tag,kind $vm
ok 'live: and its size' sh -c \
    "[ \$(xray snap list -H -o size $vm | tail -1) -gt 1000000 ]"
says 'live: twice is 73' 73 'snapshot clean exists' xray snap create $vm clean
is 'live: the guest goes on' 0 running xray status $vm
is 'live: a second one' 0 'Created snapshot: two' xray snap create $vm two
is 'its parent' 0 clean sh -c \
    "xray snap list -H -o tag,parent $vm | sed -n 's/^two	//p'"

xray ssh $vm 'touch after; sudo rm -rf /usr/lib/openssh; sync'
# A session that is open while we revert must end, not hang.
xray ssh $vm 'echo up; sleep 600' >"$tmp/session" 2>&1 &
session=$!
until_ok 30 grep -q up "$tmp/session"
says 'live: revert cuts connections, sets the clock' 0 \
    'clock set \([+-][0-9]+ s\); [1-9][0-9]* connections? cut' \
    xray snap revert $vm clean
gone() { ! kill -0 $session 2>/dev/null; }
ok 'live: the session that was open has ended' until_ok 60 gone
is 'live: what was broken is whole' 0 whole xray ssh $vm \
    '[ -d /usr/lib/openssh ] && [ ! -e after ] && echo whole'
n2=$(number)
ok "live: the process is back where it was ($n1, then $n2)" \
    test "$n2" -ge 1000 -a "$n2" -le $((n1 + 100))
is 'live: the clock is right to 3 s' 0 '' sh -c \
    "d=\$((\$(xray ssh $vm date +%s) - \$(date +%s)))
    [ \$d -ge -3 ] && [ \$d -le 3 ]"
xray qmp $vm stop >/dev/null
until_ok 30 sh -c "xray status $vm | grep -q paused"
is 'live: of a paused VM' 0 'Created snapshot: asleep' \
    xray snap create $vm asleep
ok 'live: it stays paused' sh -c \
    "xray qmp $vm query-status | grep -q '\"running\": false'"
is 'live: revert from paused to one that ran' 0 'Reverted to snapshot: two' \
    xray snap revert $vm two
ok 'live: runs' until_ok 30 sh -c "xray status $vm | grep -q running"
is 'live: delete' 0 'Deleted snapshot: asleep' xray snap delete -y $vm asleep
is 'live: no job is left behind' 0 '{"return":[]}' sh -c \
    "xray qmp $vm query-jobs | tr -d ' '"
says 'live: a disk snapshot wants a restart: 69' 69 '\-\-restart' \
    sh -c "xray snap revert $vm fresh </dev/null"

# ---- power off, and resume in a new QEMU
is 'power off' 0 '' xray stop $vm
is 'revert of a stopped VM to a live snapshot' 0 \
    'Reverted to snapshot: clean' xray snap revert $vm clean
says 'more memory would not load: told before anything is done' 78 \
    'was taken with memory 256M, the VM has 512M' sh -c "
    sed -i 's/^memory = .*/memory = 512M/' '$dir/vm.ini'; xray start $vm"
sed -i 's/^memory = .*/memory = 256M/' "$dir/vm.ini"
before=$(date +%s)
is 'start resumes it' 0 '' xray start -w $vm
n3=$(number)
ok "with the process still running in it ($n1, then $n3)" \
    test "$n3" -ge 1000 -a "$n3" -le $((n1 + 200))
ok 'in much less than a boot' test $(($(date +%s) - before)) -le 15
is 'the same process' 0 1 xray ssh $vm 'ps | grep -c "[c]ount.sh"'
ok 'its clock comes right' until_ok 30 sh -c \
    "d=\$((\$(xray ssh $vm date +%s) - \$(date +%s)))
    [ \$d -ge -3 ] && [ \$d -le 3 ]"
is 'a power cut' 0 '' xray stop -f $vm
is 'once resumed it boots next time' 0 gone sh -c "
    xray start -w --timeout 300 $vm
    xray ssh $vm '[ -e /dev/shm/n ] || echo gone'"
xray stop -f $vm
is 'the disk of a live snapshot alone' 0 'Reverted to snapshot: clean' \
    xray snap revert --disk-only $vm clean
is 'boots, as after a power cut' 0 '' xray start -w --timeout 300 $vm
is 'without what was in memory' 0 gone xray ssh $vm \
    '[ -e /dev/shm/n ] || echo gone'
is 'restart: off, disk back to the first snapshot, on' 0 \
    'Reverted to snapshot: fresh' xray snap revert --restart $vm fresh
is 'nothing of later is in it' 0 '' sh -c "xray wait --timeout 300 $vm
    xray ssh $vm 'ls count.sh 2>/dev/null'; [ \$? = 1 ]"
xray stop -f $vm
ok 'after all that the images are sound' sh -c "
    qemu-img check -q '$dir/disk.qcow2' && qemu-img check -q '$dir/efivars.qcow2'"
