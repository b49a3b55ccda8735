#!/bin/sh
# The parsers of what strangers send hold, whatever the bytes are: `make fuzz`
# in seconds.
. "${0%/*}/lib.sh"
[ "$XRAY_BIN" = "$top/bin" ] || skip_all 'the sources are the same'
cd "$tmp" || exit 1
echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void)
    { return 0; }' >probe.c
clang -fsanitize=fuzzer,address -o probe probe.c 2>/dev/null ||
    skip_all 'no clang with a fuzzer'
cd "$top" || exit 1
set -- tests/fuzz-*.c
plan $(($# + 2))
ok 'fuzz targets build' env -u MAKEFLAGS -u MAKELEVEL make -s fuzzers

# Two at a time, in a folder of their own: that of `make fuzz' grows.
mkdir "$tmp/fuzz" && ln -s "$top/.build/fuzz/tests" "$tmp/fuzz/tests"
printf '%s\n' "$@" | xargs -n 1 -P 2 sh -c '
    tests/fuzz.sh "$0" 2000 "$1" >"$0/${1##*/}.out" 2>&1 || :' "$tmp/fuzz"
for source; do
	ok "$source" sh -c 'cat "$1" >&2; grep -q "Done 2000 runs" "$1"' sh \
	    "$tmp/fuzz/${source##*/}.out"
done

# A parser that is not listed is not counted.
is 'what is counted by fuzz-coverage is there' 0 '' sh -c '
    while read -r file rest; do
	case $file in "#"*) continue ;; esac
	[ -f "$file" ] || echo "$file"
	for fn in $rest; do
	    grep -qE "^${fn#-}\(" "$file" || echo "$file: $fn"
	done
    done <tests/fuzz-parsers'
