#!/bin/sh
# Rules beside an oracle that reads them anew, and ways to spell what nobody
# may reach.
. "${0%/*}/lib.sh"
plan 11
peer=$XRAY_OBJ/tests/rules-peer
make() { perl "$here/rules-make.pl" "${seed:-1}" "$1" >"$tmp/$1.in"; }
# agree WHAT: both say the same of those cases.
agree() {
	make "$1" && "$peer" <"$tmp/$1.in" >"$tmp/$1" &&
	    perl "$here/rules-oracle.pl" <"$tmp/$1.in" >"$tmp/$1.oracle" || return
	cmp -s "$tmp/$1" "$tmp/$1.oracle" && return
	grep -a '^[TACE]' "$tmp/$1.in" |
	    paste - "$tmp/$1" "$tmp/$1.oracle" | awk -F '\t' '$(NF - 1) != $NF'
	return 1
}
# at_least N WHAT PATTERN: so many lines of what was said have it.
at_least() { test "$(grep -Ec -- "$3" "$tmp/$2")" -ge "$1"; }

ok '10,000 pairs of a rule and a destination' agree pairs
ok 'of which many match' at_least 1500 pairs ' rules:1$'
ok '10,000 destinations and files with lists' agree files
ok 'of which many match' at_least 2000 files ' (rules|domains):'
ok 'and many names lead where they may not' at_least 700 files '^not '
ok '20,000 lines and destinations, read and written' agree lines
ok 'of which many are good' at_least 4000 lines ' '

make spellings
"$peer" <"$tmp/spellings.in" >"$tmp/spellings"
ok 'spellings of what nobody may reach' at_least 1500 spellings .
ok 'all refused, or known for what they are' not grep -E \
    'public|name|open' "$tmp/spellings"
ok 'many of them are addresses' at_least 400 spellings \
    '^(loopback|private|link-local|multicast|reserved|this-network) '

# What it takes is judged by budget.t.
awk 'BEGIN { for (i = 0; i < 100000; i++) print "n" i ".example" i % 999 ".org"
    }' >"$tmp/names"
"$peer" time list "$tmp/names" 5 >"$tmp/time"
ok '100,000 names, all found' grep -q '500000 of 500000' "$tmp/time"
sed 's/^/# a list of 100,000 names: /' "$tmp/time"
