#!/bin/sh
# SPDX-License-Identifier: ISC
# What a run of the tests reached, of what the programs in DIR counted.
#
#	coverage.sh files|messages DIR
#
# Programs map their counters into DIR/raw, so that none is lost when one is
# killed, runs another program or may not open files any more.
set -eu
what=$1 dir=$2
top=$(cd "${0%/*}/.." && pwd)

set --
for f in "$dir"/bin/xray* "$dir"/tests/*; do
	if [ -f "$f" ] && [ -x "$f" ] &&
	    [ "$(head -c 4 "$f" | tail -c 3)" = ELF ]; then
		set -- "$@" -object "$f"
	fi
done
[ $# -gt 0 ] || { echo 'coverage: nothing was built; make coverage' >&2 && exit 69; }
shift
llvm-profdata merge -failure-mode=all -o "$dir/cov.profdata" "$dir"/raw/*.profraw
llvm-cov export -instr-profile="$dir/cov.profdata" "$@" -skip-functions \
    -skip-expansions -format=text 2>/dev/null |
    perl "$top/tests/coverage.pl" "$what" "$top" "$top/tests/messages.known"
