#!/bin/sh
# Who may include what.
# shellcheck disable=SC2013
. "${0%/*}/lib.sh"
plan 9
cd "$top" || exit 1

# Prints offenders: files $1 that include <$2> but are not listed in $3.
only() {
	# shellcheck disable=SC2086
	for f in $(grep -lE "^#include [<\"]$2[>\"]" $1); do
		case " $3 " in *" $f "*) ;; *) echo "$f" ;; esac
	done
}
all='bin/*.c lib/*/*.c lib/*/*.h'
is '<ini.h> is seen by conf.c alone' 0 '' only "$all" 'ini\.h' lib/core/conf.c
is '<jsmn.h> is seen by json.c alone' 0 '' only "$all" 'jsmn\.h' \
    lib/core/json.c
is '<uv.h> is seen by stream.c alone' 0 '' only "$all" 'uv\.h' \
    lib/machine/stream.c
is '<libslirp.h> is seen by xray-net alone' 0 '' only "$all" \
    'slirp/libslirp\.h' bin/xray-net.c

# Our own headers that files of wing $1 include, but for those of wings $2.
foreign() {
	grep -hE '^#include "' "lib/$1"/*.[ch] | sed 's/.*"\(.*\)"/\1/' |
	    sort -u | while read -r h; do
		for w in $2; do
			[ -f "lib/$w/$h" ] && continue 2
		done
		echo "$h"
	done
}
is 'core includes core' 0 '' foreign core core
is 'machine includes core and machine' 0 '' foreign machine 'core machine'
is 'net includes core and net' 0 '' foreign net 'core net'

# Within core and machine the headers form a DAG: a .h includes none that
# comes back to it.
cycles() {
	for h in lib/*/*.h; do
		for i in $(sed -n 's/^#include "\(.*\)"/\1/p' "$h"); do
			echo "${h##*/} $i"
		done
	done | tsort >/dev/null
}
ok 'headers form no cycle' cycles

printing() {
	grep -nE '\b(f?printf|v?fprintf|puts|putchar|exit|die|warn|say|hint)\(' \
	    lib/*/*.c | grep -vE '^lib/core/(say|opt|table)\.c:' |
	    grep -vE 'snprintf|_exit'
}
is 'the library neither prints nor exits' 1 '' printing
