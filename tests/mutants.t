#!/bin/sh
# Each control that `make check-mutants` switches off is where the list says it
# is, and the tests that are to tell are there.
. "${0%/*}/lib.sh"
[ "$XRAY_BIN" = "$top/bin" ] || skip_all 'the sources are the same'
plan 2
"$here/mutants.sh" -n "$tmp/look" >"$tmp/looked"
sed -n '/^not ok/p' "$tmp/looked" | sed 's/^/# /'
is 'all are found, each once' 1 '' grep '^not ok' "$tmp/looked"
ok 'and they are many' grep -q '^1\.\.[1-9][0-9][0-9]$' "$tmp/looked"
