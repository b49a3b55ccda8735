#!/bin/sh
# bench.sh [PART...]: what xray takes beside what others take, of which those
# that can be had are installed.  One that is not there leaves its rows out.
#
# PART is commands, snapshots, rules, counts, proxy or net; else all.  In each,
# every round runs all that is compared, in turn; figures are medians, and so
# are the ratios, of those of the rounds.  The table is for people; the same by
# tabs is in bench.tsv where objects are.  Nothing is judged: tests do that, by
# what does not wobble.
set -u
here=$(cd "${0%/*}" && pwd)
export XRAY_OBJ="${XRAY_OBJ:-${here%/tests}/.build}"
[ $# -gt 0 ] || set -- commands snapshots rules counts proxy net
"${here%/tests}/share/deps" bench >&2 || echo 'bench: some peers are missing' >&2
tsv=$XRAY_OBJ/bench.tsv
printf '%s\t' group work unit xray peer 'of peer' ratio goal >"$tsv"
echo met >>"$tsv"
for part; do
	echo "bench: $part" >&2
	BENCH_ROWS=$tsv sh "$here/bench-$part.sh" >&2 </dev/null ||
	    echo "bench: $part: it failed" >&2
done
awk -F '\t' '
function figure(s) {
	return s ~ /^[0-9.]+$/ ? sprintf(s + 0 >= 100 ? "%.0f" : "%.3g", s) : s
}
NR == 1 { next }
$1 != group { group = $1; printf "%s%s\n", first++ ? "\n" : "", group
	printf "  %-44s %10s %-5s %-20s %10s %7s  %s\n", "work", "xray", "",
	    "beside", "", "ratio", "goal" }
{ printf "  %-44s %10s %-5s %-20s %10s %7s  %s%s\n", $2, figure($4), $3,
	$5 == "-" ? "" : $5, $6 == "-" ? "" : figure($6),
	$7 == "-" ? "" : figure($7), $8 == "-" ? "" : $8,
	$9 == "no" ? "  MISSED" : ""
  rows++; missed += $9 == "no" }
END { printf "\n%d rows, %d missed their goal; by tabs: %s\n", rows, missed,
	FILENAME }' "$tsv"
