#!/bin/sh
# Snapshots where there is little room, and those of the present before one
# goes back.  No guest is needed.
. "${0%/*}/lib.sh"
plan 16
empty_base
xray create -q -m 64 -c 1 web
tags() { xray snap list -H -o tag,kind "${1:-web}"; }

xray config set -q min_free 900T
says 'the disk is nearly full: 75' 75 \
    'web: .* free, .*min_free is .*; see xray disk, or use -f' \
    xray snap create web clean
is 'nothing was taken' 0 '' tags
is '-f takes it' 0 'Created snapshot: clean' xray snap create -f web clean
says 'a save first, with no room: 75' 75 'min_free is' \
    xray snap revert --save web clean
is 'nothing was done' 0 'clean	disk' tags
is 'by -f' 0 'Created snapshot: mine
Reverted to snapshot: clean' xray snap revert -f --save=mine web clean
xray config unset -q min_free
is 'the one reverted to is current, the other its child' 0 'clean	yes	
mine	no	clean' xray snap list -H -o tag,current,parent web
says 'saved under a name that is there: 73' 73 'snapshot mine exists' \
    xray snap revert --save=mine web clean
says 'or under none: 64' 64 'not a tag' xray snap revert --save=../x web clean
is 'without a name: the time' 0 1 sh -c "
    xray snap revert --save web clean |
    grep -c '^Created snapshot: 20[0-9-]*\$'"

# Of one that runs.
xray start -q web
is 'live: saved, and back' 0 'Created snapshot: now
Created snapshot: later
Reverted to snapshot: now' sh -c "
    xray snap create web now && xray snap revert --save=later web now"
is 'both are live' 0 'later	live
now	live' sh -c "xray snap list -H -o tag,kind web | grep live | sort"
says 'a disk snapshot, and nobody to ask: 69' 69 '--restart' \
    sh -c 'xray snap revert --save=x web clean </dev/null'
is 'nothing was saved' 1 '' sh -c 'xray snap list -H -o tag web | grep -x x'
is 'with --restart: saved while it runs, off, back, on' 0 \
    'Created snapshot: x
Reverted to snapshot: clean' xray snap revert --restart --save=x web clean
is 'it runs, and x is live' 0 'running
live' sh -c 'xray status web
    xray snap list -H -o tag,kind web | sed -n "s/^x	//p"'
xray stop -q -f web
