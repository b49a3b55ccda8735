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
plan $(($# + 1))
ok 'fuzz targets build' env -u MAKEFLAGS -u MAKELEVEL make -s fuzzers
for source; do
	ok "$source" tests/fuzz.sh .build/fuzz 5000 "$source"
done
