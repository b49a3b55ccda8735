#!/bin/sh
# The form of all files.
# shellcheck disable=SC2046
. "${0%/*}/lib.sh"
[ "$XRAY_BIN" = "$top/bin" ] || skip_all 'the sources are the same'
plan 14
cd "$top" || exit 1
files() { git ls-files -co --exclude-standard -- "$@"; }
scripts=$(files 'bin/*.sh' 'tests/*.t' 'tests/*.sh' 'share/*' '.ci/*' 'hooks/*' |
    while read -r f; do head -1 "$f" | grep -q '^#!/bin/sh' && echo "$f"; done)

# SC2154, SC2034: the variables of tests/lib.sh.
# shellcheck disable=SC2086
ok 'shellcheck' shellcheck -x -e SC1091,SC2016,SC2154,SC2034 $scripts \
    tests/lib.sh tests/world.sh tests/quick.sh
ok 'clang-format' clang-format --dry-run --Werror \
    $(files 'bin/*.c' 'lib/*.[ch]' 'tests/*.[ch]')
ok 'mandoc lint' sh -c 'out=$(mandoc -T lint -W warning "$@"); echo "$out"
    [ -z "$out" ]' sh $(files 'man/*')
is 'no file past 500 lines' 0 '' sh -c \
    'wc -l "$@" | awk "\$2 != \"total\" && \$1 > 500"' sh \
    $(files 'bin/*' 'lib/*' 'tests/*' 'share/*' 'man/*' Makefile)
is 'no module past 400' 0 '' sh -c \
    'wc -l "$@" | awk "\$2 != \"total\" && \$1 > 400"' sh $(files 'lib/*')
is 'no line past 80 columns in C' 1 '' sh -c \
    'expand "$@" | grep -nE "^.{81,}"' sh $(files 'bin/*.c' 'lib/*.[ch]')
is 'no call this house does not make' 1 '' grep -nE \
    '\b(strcpy|strcat|sprintf|strtok|atoi|system|popen|alloca)\(' \
    $(files 'bin/*.c' 'lib/*.c')
is 'every source has its licence line' 0 '' sh -c \
    'grep -L "SPDX-License-Identifier: ISC" "$@"' sh \
    $(files 'bin/*.c' 'lib/*.[ch]' 'tests/*.[ch]')
is 'the top level is what it is' 0 'Makefile
README.md
bin
hooks
lib
man
share
tests' sh -c 'git ls-files -co --exclude-standard | grep -v "^\." |
    cut -d/ -f1 | sort -u'
is 'every test is a program' 0 '' find tests -name '*.t' ! -perm -100
is 'every function has 60 lines at most' 0 '' sh -c '
    awk "FNR == 1 { start = 0 }
	/^\{/ { start = FNR }
	/^\}/ && start { if (FNR - start > 61) print FILENAME \":\" start
	    start = 0 }" "$@"' sh $(files 'bin/*.c' 'lib/*.c' 'tests/*.c')

# What a file shows to others is used by another one, be it a test.
unused() {
	for f in lib/*/*.c; do
		o=$XRAY_OBJ/${f%.c}.o
		[ ! -f "$o" ] || nm -g "$o"
	done | sed -n 's/.* T //p' | sort -u >"$tmp/shown"
	{
		nm -u "$XRAY_OBJ"/lib/*/*.o "$XRAY_OBJ"/bin/*.o \
		    "$XRAY_OBJ"/tests/*.o | sed -n 's/.* U //p'
		cat tests/fuzz-*.c | tr -cs 'a-z0-9_' '\n' # built elsewhere
	} | sort -u >"$tmp/used"
	[ -s "$tmp/shown" ] || echo 'nothing was built'
	comm -23 "$tmp/shown" "$tmp/used"
}
is 'no function is shown that nobody uses' 0 '' unused

# What the analyzers of make lint find, and what is known of it.
printf '%s\n' '# why' 'a.c some-check of q' >"$tmp/known"
echo 'a.c:7:1: warning: use of q [some-check]' >"$tmp/found"
ok 'a finding that is known' tests/lint.sh judge "$tmp/known" "$tmp/found"
is 'another one, and one that is known and gone' 1 \
    'a.c:7:1: warning: use of p [some-check]
known, but not found: a.c some-check of q' sh -c 'sed -i "s/of q/of p/" "$2" &&
    tests/lint.sh judge "$1" "$2"' sh "$tmp/known" "$tmp/found"
