#!/bin/sh
# What goes wrong and what one does about it, by scripts as people write them:
# a guest that cannot boot, twenty at once, a home that moves with what was in
# memory.
. "${0%/*}/lib.sh"
tiny_base
plan 33
cd "$tmp" || exit 1

# ---- it does not boot
qemu-img convert -q -O raw "$XRAY_HOME/bases/tiny/1/disk.qcow2" raw
mcopy -i raw@@1M ::vmlinuz vmlinuz
rm raw
xray create -q -b tiny -m 256 -c 1 panic
xray start -q --kernel vmlinuz --append 'console=ttyS0 root=/dev/none' panic
ok 'the kernel panics' until_ok 120 sh -c \
    'xray log panic console | grep -q "end Kernel panic"'
says 'wait gives up, and the console says why' 75 \
    'panic: no ssh after 2 s; console: .*Kernel panic.*root fs' \
    xray wait --timeout 2 panic
says 'so does ssh' 75 'panic: no ssh after 2 s; console: .*panic' \
    xray ssh --timeout 2 panic true
ok 'the log has what came before' sh -c \
    'xray log -n 60 panic console | grep -q "Cannot open root device"'
is 'the screen is a picture' 0 89504e47 sh -c '
    xray screenshot -q panic a.png && od -An -tx1 -N4 a.png | tr -d " "'
is 'it can be told to go' 0 '' xray stop -q --timeout 1 panic
# Without a kernel: panic=1 makes it start again and again.
xray start -q --kernel vmlinuz --append \
    'console=ttyS0 root=/dev/none panic=1' panic
is 'one that starts over and over: 69 or 75, and why' 0 '' sh -c '
    xray wait --timeout 20 panic 2>why; c=$?
    grep -qE "console: ." why && { [ $c = 69 ] || [ $c = 75 ]; }'
xray stop -q -f panic 2>/dev/null
xray remove -q -y panic

qemu-img create -q -f qcow2 blank.qcow2 64M
xray base import -q -n blank blank.qcow2
xray create -q -b blank -m 64 -c 1 dumb
xray start -q dumb
says 'no boot sector: nothing on the console' 75 'dumb: no ssh after 3 s' \
    xray wait --timeout 3 dumb
is 'but on the screen' 0 '89504e47' sh -c '
    xray screenshot -q dumb b.png && od -An -tx1 -N4 b.png | tr -d " "'
ok 'which is not blank' sh -c '
    xray screenshot -q dumb - >c.png && [ $(wc -c <c.png) -gt 1500 ]'
xray stop -q -f dumb
xray remove -q -y dumb

# ---- twenty, in one script
is 'twenty creates at once, none refused' 0 '' sh -c \
    "seq -f 'w%02g' 20 | xargs -P 20 -I% xray create -q -b tiny -m 128M -c 1 %"
is 'twenty ports' 0 20 sh -c 'xray list -H -o ssh_port | sort -u | wc -l'
is 'some start, each by itself, at once' 0 '' sh -c \
    "xray list -q 'w0[1-4]' | xargs -P 20 -n 1 xray start -q"
is 'those run' 0 'w01
w02
w03
w04' xray list --running -q
is 'a job in each, as it comes up' 0 '' sh -c "
    mkdir -p job done && printf '#!/bin/sh\nhostname\n' >job/run &&
    chmod +x job/run && xray list --running -q 'w*' | xargs -P20 -I% sh -c \
	'xray copy -q -a job/ %:job/ && xray ssh % ./job/run >done/%.log'"
is 'all did it' 0 'w01
w02
w03
w04' sh -c 'cat done/*.log'
is 'snapshots of all, at once' 0 4 sh -c "
    xray list -q --running | xargs -P20 -I% xray snap create -q % nightly
    xray list -q --running | xargs xray snap list -H -o vm | wc -l"
says 'remove of what runs: refused' 75 'w01: runs' \
    sh -c "xray list -q 'w*' | xray remove -y -"
is 'nothing is gone: all is looked at first' 0 20 sh -c 'xray list -q | wc -l'
is 'those that are off go' 0 4 sh -c "
    xray list -q --stopped 'w*' | xray remove -q -y -; xray list -q | wc -l"

# ---- the home moves, with what was in memory
xray ssh w01 'echo here >/dev/shm/kept'
xray snap create -q w01 move
is 'who runs' 0 '' sh -c 'xray list -q --running >were; xray stop -q -f -a'
mv "$XRAY_HOME" "$tmp/data"
ln -s "$tmp/data" "$XRAY_HOME"
is 'moved, resumed' 0 here sh -c '
    xray snap revert -q w01 move && xray start -q -w w01 &&
    xray ssh w01 cat /dev/shm/kept'
xray stop -q -f w01
rm "$XRAY_HOME"
mkdir -m 700 "$tmp/new"
tar --sparse -cf - -C "$tmp/data" . | tar -xf - -C "$tmp/new"
mv "$tmp/new" "$XRAY_HOME"
is 'a backup by tar, resumed' 0 here sh -c '
    xray snap revert -q w01 move && xray start -q -w w01 &&
    xray ssh w01 cat /dev/shm/kept'
is 'and all that were' 0 'w01
w02
w03
w04' sh -c 'xray start -q - <were; xray list -q --running'

# ---- stopped by the host, as by a lid that closes
pid=$(xray pid w01)
kill -STOP "$pid"
says 'QEMU stands still: told in time' 75 'w01: no ssh after 2 s' \
    xray wait --timeout 2 w01
says 'QMP too' 75 . xray qmp --timeout 2 w01 query-status
is 'list does not wait for it' 0 w01 timeout 5 xray list -q w01
kill -CONT "$pid"
is 'it goes on' 0 w01 xray ssh w01 hostname
is 'its clock is right' 0 '' sh -c "
    d=\$((\$(xray ssh w01 date +%s) - \$(date +%s)))
    [ \$d -ge -3 ] && [ \$d -le 3 ]"

# ---- the end of it
xray list -q 'w*' >names
is 'all by force, by a pipe' 0 '' sh -c "xray list -q 'w*' | xray remove -q -f -"
is 'nothing is left' 0 '' sh -c '
    xray list -q; ls -A "$XRAY_HOME/vms"; ls -A "$XRAY_HOME/ports"'
ok 'and nothing runs' not pgrep -f "$tmp/.*/vms/"
says 'names of what is gone: 66' 66 'w01: no such VM' \
    sh -c 'xray remove -y - <names'
