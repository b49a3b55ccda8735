# Rows of the table that bench.sh prints; sourced by its parts after lib.sh.
# shellcheck shell=sh disable=SC2154	# tmp: of lib.sh
pair=$XRAY_OBJ/tests/pair-peer
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# row GROUP WORK UNIT FIGURE PEER ITS-FIGURE RATIO GOAL: '' is unknown.  GOAL
# is `<= N` or `>= N` for the figure, or the same after `ratio`.
row() {
	met=$(echo "$8" | awk -v v="$4" -v r="$7" '
	    NF < 2 { print "-"; exit }
	    $1 == "ratio" { v = r; $1 = $2; $2 = $3 }
	    v == "" { print "-"; exit }
	    { print ($1 == "<=" ? v + 0 <= $2 : v + 0 >= $2) ? "yes" : "no" }')
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" \
	    "${4:--}" "${5:--}" "${6:--}" "${7:--}" "${8:--}" "$met" \
	    >>"${BENCH_ROWS:-/dev/stdout}"
}

# pairs ROUNDS COMMAND...: see pair-peer; the first is the peer.
pairs() { "$pair" "$@" >"$tmp/pairs"; }
# pair_row N GROUP WORK PEER GOAL: the wall time of the Nth of them, beside the
# first.
pair_row() {
	at=$1 group=$2 work=$3 peer=$4 goal=$5
	# shellcheck disable=SC2046	# two lines of four figures
	set -- $(sed -n "1p;${at}p" "$tmp/pairs")
	row "$group" "$work" ms "$5" "$peer" "$1" "$7" "$goal"
}
# took NAME COMMAND...: a line in $tmp/took.NAME, in ms.
now() { date +%s%N; }
took() {
	to=$tmp/took.$1
	shift
	from=$(now)
	"$@" >/dev/null 2>&1
	echo "$(($(now) - from))" | awk '{ print $1 / 1e6 }' >>"$to"
}
# took_row GROUP WORK NAME PEER GOAL: NAME beside PEER of took.
took_row() {
	row "$1" "$2" ms "$(median <"$tmp/took.$3")" "$4" \
	    "$(median <"$tmp/took.$4")" \
	    "$(paste "$tmp/took.$3" "$tmp/took.$4" |
		awk '{ print $1 / $2 }' | median)" "$5"
}
