#!/bin/sh
# SPDX-License-Identifier: ISC
# fuzz-coverage: how much of each parser what the fuzz targets found
# interesting reaches: lines, in the files, or the functions of files, of
# tests/fuzz-parsers.
set -eu
unset CDPATH
export LC_ALL=C

[ $# = 2 ] || {
	echo 'usage: fuzz-coverage.sh FOLDER CORPORA' >&2
	exit 64
}
here=$(cd "${0%/*}" && pwd)
corpora=$(cd "$2" && pwd)
cd "$1"
TMPDIR=$(mktemp -d "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)/fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 1' HUP INT TERM

# Each program counts alone; a function that is in several has the most of it.
mkdir -p raw
rm -f raw/*
for source in "$here"/fuzz-*.c; do
	name=${source##*/fuzz-}
	name=${name%.c}
	LLVM_PROFILE_FILE="$PWD/raw/$name.raw" "tests/fuzz-$name" -runs=0 \
	    "$corpora/$name" >"raw/$name.log" 2>&1 ||
		echo "fuzz-coverage: $name failed; see $1/raw/$name.log" >&2
done
llvm-profdata merge -o raw/all.prof raw/*.raw
set --
for source in "$here"/fuzz-*.c; do
	name=${source##*/fuzz-}
	set -- "$@" -object "tests/fuzz-${name%.c}"
done
shift # the first is no -object
llvm-cov report -show-functions -instr-profile=raw/all.prof "$@" \
    "$(cd "$here/.." && pwd)/lib" 2>/dev/null |
    sed "s,^File '.*/lib/,File 'lib/," >raw/report

# A file counts but for the functions with a minus, or by those that are named.
# NAME REGIONS MISS COVER LINES MISS COVER ...
awk '
FILENAME ~ /fuzz-parsers$/ {
	if (/^#/ || !NF)
		next
	wanted[$1] = 1
	order[++files] = $1
	for (i = 2; i <= NF; i++)
		if ($i ~ /^-/)
			without[$1, substr($i, 2)] = part_of[$1] = 1
		else
			only[$1, $i] = some[$1] = part_of[$1] = 1
	next
}
/^File / { file = $2; gsub(/[\047:]/, "", file); next }
/^(Name|---|TOTAL)/ || NF < 7 || !(file in wanted) { next }
{
	fn = $1
	sub(/^.*:/, "", fn)
	if ((some[file] && !((file, fn) in only)) || (file, fn) in without)
		next
	lines[file] += $5
	missed[file] += $6
	if ($6 == $5 && $5 > 0)
		never[file] = never[file] " " fn
}
END {
	print "FILE\tLINES\tCOVERED\tPERCENT\tOF\tMARK"
	for (i = 1; i <= files; i++) {
		f = order[i]
		if (!lines[f]) {
			printf "%s\t0\t0\t0\t-\tnot reached\n", f
			bad = 1
			continue
		}
		part = 100 * (lines[f] - missed[f]) / lines[f]
		bad = bad || part < 90
		printf "%s\t%d\t%d\t%.1f\t%s\t%s\n", f, lines[f],
		    lines[f] - missed[f], part, part_of[f] ? "parser" : "file",
		    part < 90 ? "below 90:" never[f] : ""
	}
	exit bad
}' "$here/fuzz-parsers" raw/report
