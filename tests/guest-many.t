#!/bin/sh
# Twenty VMs exist, start, run at once and stop, in one script.
. "${0%/*}/lib.sh"
tiny_base
plan 14
names=$(seq -f 'w%02g' 1 20)

# shellcheck disable=SC2086
is 'create, 20 names in one call' 0 '' xray create -q -b tiny -m 128M -c 1 \
    $names
is '20 are there' 0 20 sh -c 'xray list -q | wc -l'
is 'a million bytes have room for all of them' 0 '' sh -c \
    '[ $(du -sk "$XRAY_HOME/vms" | cut -f1) -lt 1000 ]'
ok 'start, by a pipe, 10 at a time' sh -c 'xray list -q | xray start -j 10 -'
is '20 run' 0 20 sh -c 'xray list --running -q | wc -l'
is '20 ports' 0 20 sh -c 'xray list -H -o ssh_port | sort -u | wc -l'
is 'nothing of theirs listens but on 127.0.0.1' 1 '' sh -c \
    'ss -Hltnp | grep -E "xray-net|qemu" | grep -v " 127\.0\.0\.1:"'
# Three are asked; the others are held meanwhile, or all would boot.
rest=$(seq -f 'w%02g' 1 20 | grep -vxE 'w(01|10|20)')
# shellcheck disable=SC2086
is '17 are paused' 0 '' xray pause -q $rest
is 'wait for three of them' 0 '' xray wait --timeout 600 w01 w10 w20
is 'their names' 0 'w01
w10
w20' sh -c 'for v in w01 w10 w20; do xray ssh $v hostname; done'
held=$(echo "$rest" | head -n 12)
# shellcheck disable=SC2086
is '12 end as they are held' 0 '' xray stop -q -f $held
rest=$(echo "$rest" | tail -n 5)
# shellcheck disable=SC2086
is '5 go on' 0 '' xray resume -q $rest
# Booted far enough or not: the button first, then quit.
ok 'stop, all at once' xray stop -a --timeout 120
is 'none runs' 0 '' xray list --running -q
