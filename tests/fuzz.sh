#!/bin/sh
# SPDX-License-Identifier: ISC
# fuzz: run the fuzz targets of a folder, as `make fuzz` and fuzz.t do.
#
# What they find interesting stays in corpus/NAME there, and what broke one as
# NAME-crash-...; the seeds are tests/corpus/NAME, a line for printf(1) each.
set -eu
unset CDPATH
export LC_ALL=C

[ $# -ge 2 ] || {
	echo 'usage: fuzz.sh FOLDER RUNS [tests/fuzz-NAME.c ...]' >&2
	exit 64
}
here=$(cd "${0%/*}" && pwd)
cd "$1"
runs=$2
shift 2
[ $# -gt 0 ] || set -- "$here"/fuzz-*.c

# What a target keeps in files is in memory, where there are such.
TMPDIR=$(mktemp -d "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)/fuzz.XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 1' HUP INT TERM

code=0
for source; do
	name=${source##*/fuzz-}
	name=${name%.c}
	mkdir -p "corpus/$name"
	n=0
	while IFS= read -r seed; do
		n=$((n + 1))
		# shellcheck disable=SC2059 # it is a format
		printf -- "$(printf '%s' "$seed" | sed 's/%/%%/g')" \
		    >"corpus/$name/seed-$n"
	done <"$here/corpus/$name"
	ASAN_OPTIONS=allocator_may_return_null=0 \
	"./tests/fuzz-$name" -runs="$runs" -max_len=4096 -timeout=10 \
	    -rss_limit_mb=1024 -artifact_prefix="$PWD/$name-" \
	    "$PWD/corpus/$name" >"$name.log" 2>&1 || {
		tail -n 30 "$name.log" >&2
		code=1
		continue
	}
	grep -E '^Done|^#.*DONE' "$name.log" | tr '\n' ' ' | sed "s/^/$name: /"
	echo
done
exit $code
