# How long names take in guests, where on VM COMMAND... runs a command in one.
# shellcheck shell=sh disable=SC2154	# n, bad: of lib.sh

# Five times 100 ms for each of ten names never asked for, less what the same
# program takes where nothing is asked; what it was in fact is said.
took() { # VM COMMAND-WITH-NAME CODE NAMES: ms for one, 10000 if one went wrong
	on "$1" "
	    t() { read -r s _ </proc/uptime; s=\${s%.*}\${s#*.}; }
	    t; from=\$s; for n in $4; do
		$2 >/dev/null 2>&1; [ \$? = $3 ] || from=-10000
	    done; t; echo \$((s - from))"
}
quick() { # TEXT VM COMMAND-WITH-NAME CODE NOTHING
	it=${1%%[ ,]*}
	ms=$(took "$2" "$3" "$4" "$(seq -s ' ' -f "$it%g.example" 10)")
	ms=$((${ms:-10000} - $(took "$2" "$3" "$4" "$(yes "$5" | head | xargs)")))
	n=$((n + 1))
	if [ $ms -le 500 ]; then
		echo "ok $n - $1: $ms ms for a name"
	else
		echo "not ok $n - $1: $ms ms for a name"
		bad=1
	fi
}
