#!/bin/sh
# What does not wobble, as the tests count it; see bench.sh.
. "${0%/*}/lib.sh"
. "${0%/*}/bench-lib.sh"
if command -v valgrind >/dev/null; then
	hello=$(valgrind --tool=callgrind --callgrind-out-file="$tmp/cg" \
	    "$XRAY_OBJ/tests/hello-peer" 2>&1 >/dev/null |
	    sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
	row counts 'instructions of hello, with libinih' '' "$hello" '' '' '' ''
fi
for t in budget proxy-budget proxy-crowd; do
	sh "$here/$t.t" | sed -n 's/^.*ok [0-9]* - \(.*\): \([0-9]*\) of at most \([0-9]*\)$/\1	\2	\3/p' >"$tmp/$t"
	while IFS='	' read -r what is most; do
		row counts "$what" '' "$is" '' '' '' "<= $most"
	done <"$tmp/$t"
done
