#!/bin/sh
# What commands cost in instructions, which do not wobble with the load of the
# machine.  callgrind counts those of the program and its libraries.
. "${0%/*}/lib.sh"
[ "$XRAY_BIN" = "$top/bin" ] || skip_all 'only the plain build is counted'
command -v valgrind >/dev/null || skip_all 'no valgrind'
plan 10
# count COMMAND...: into $cost.
count() {
	cost=$(env -i PATH="$PATH" HOME="$HOME" XRAY_HOME="$XRAY_HOME" \
	    valgrind --tool=callgrind \
	    --callgrind-out-file="$tmp/cg" "$@" \
	    2>&1 >/dev/null | sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
	cost=${cost:-999999999}
}
# costs NAME MOST: what was counted is no more.
costs() {
	ok "$1: $cost of at most $2" test "$cost" -le "$2"
}
# The largest programs, which have the most to look up at their start.
largest() {
	for c in "$XRAY_BIN"/xray-*; do
		case ${c##*/} in
		*.c | *.sh | xray-supervise | xray-net | xray-proxy) continue ;;
		esac
		# sh is not ours to count
		[ -f "$top/bin/${c##*/}.sh" ] || wc -c "$c"
	done | sort -rn | sed -n '1,8s/.* //p'
}
most=0 which=
for c in $(largest); do
	count "$c" --version
	[ "$cost" -le "$most" ] || most=$cost which=${c##*/}
done
cost=$most
costs "--version, the dearest ($which)" 200000

empty_base
xray create -q -m 64 seed
count xray-create -q -m 64 one
costs 'create' 600000
# A hundred and six hundred VMs, by copying one: create is not what is counted.
make_vms() {
	for i in $(seq "$1" "$2"); do
		cp -R "$XRAY_HOME/vms/seed" "$XRAY_HOME/vms/v$i"
	done
}
make_vms 1 100
count xray-list
few=$cost
make_vms 101 600
count xray-list
many=$cost
cost=$(((many - few) / 500))
costs 'list, for each VM' 25500
cost=$((many / 600))
costs 'list, with all there is' 26000
count xray-list -q
cost=$((cost / 600))
costs 'list -q, for each VM' 2500
count xray-info -H -o status seed
costs 'status' 260000
count xray-config get seed memory
costs 'config get' 280000

# A hundred thousand names of a list, and rules of a file: loaded in 60 ms and
# matched in 1 us is what some 5,000 instructions for each take.
awk 'BEGIN { for (i = 0; i < 100000; i++)
    print "n" i * 7919 % 100003 ".example" i % 999 ".org" }' >"$tmp/names"
sed 's/.*/allow tcp & 443/' "$tmp/names" >"$tmp/lines"
# count_names FORM FILE TIMES: into $cost, for each.
count_names() {
	count "$XRAY_OBJ/tests/rules-peer" time "$@"
	cost=$((cost / 100000))
}
count_names rules "$tmp/lines" 0
costs 'rules, for each to load' 2800
count_names list "$tmp/names" 0
costs 'a list, for each name to load' 1700
count_names list "$tmp/names" 2
few=$cost
count_names list "$tmp/names" 3
cost=$((cost - few))
costs 'for each name to match' 1300
