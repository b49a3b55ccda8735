#!/bin/sh
# share/quickstart, twice: from nothing, and where it stands already.
. "${0%/*}/lib.sh"
tiny_base
plan 4
unset XRAY_ACCEL
run() { "$top/share/quickstart"; }
ok 'quickstart' run
is 'the VM is left running' 0 running xray status demo
ok 'again' run
is 'it takes up what is there' 0 1 sh -c 'xray list -q | wc -l'
