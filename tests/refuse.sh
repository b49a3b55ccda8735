# Sourced behind lib.sh by those that look at what commands say when the system
# refuses one call; the home is put back from $tmp/store before each.
# shellcheck shell=sh disable=SC2154 # lib.sh sets tmp
command -v strace >/dev/null || skip_all 'no strace'
strace -o /dev/null true 2>/dev/null || skip_all 'strace may not trace'
eio='Input/output error'

# refuse CALLS WHEN PATH COMMAND ...: run it so, and on a terminal where that is
# asked for; what it says comes on standard error all the same.
refuse() {
	r_calls=$1 r_when=$2 r_path=$3
	shift 3
	# shellcheck disable=SC2086 # no word without a path
	set -- strace -f --seccomp-bpf -qq -o /dev/null -e signal=none \
	    ${r_path:+-P "$r_path"} -e trace="$r_calls" \
	    -e inject="$r_calls:error=EIO:when=$r_when" "$@"
	[ -n "${on_tty-}" ] || {
		${via-} timeout -k 1 60 "$@"
		return
	}
	r_code=0
	# Nobody types, and nobody ends it.
	[ -p "$tmp/nobody" ] || mkfifo "$tmp/nobody"
	timeout -k 1 2 script -qefc "$* 2>$tmp/tty-err ${on_tty#yes}" /dev/null \
	    <>"$tmp/nobody" >/dev/null || r_code=$?
	cat "$tmp/tty-err" >&2
	return $r_code
}

# f CODE WORDS PATH CALLS COMMAND ...: CALLS (or those from when=N on) fail with
# EIO where they are about PATH, as the command names it; everywhere without.
# With when=N..M it is one call of those that says so: which one is not ours to
# know, as what a program is linked with makes some before it.  One that has to
# try again, on a busy machine, makes more, and ours is another than a run ago
# (one time in seven with six that keep two processors busy): they are gone
# through four times.  Each finds the home as it was, unless it is kept.
f() {
	want=$1 words=$2 path=$3 calls=$4 when=1+ last=
	shift 4
	case $calls in *:when=*) when=${calls#*:when=} ;; esac
	calls=${calls%%:*}
	case $when in *..*) last=${when#*..} when=${when%%..*} ;; esac
	says "$calls of ${path##*/}: $words" "$want" "$words" \
	    one_says "$@"
}
one_says() {
	first=$when turns=4
	while :; do
		[ -n "${kept-}" ] || {
			rm -rf "${tmp:?}/home"
			cp -a "$tmp/store" "$tmp/home"
		}
		f_code=0
		refuse "$calls" "$when" "$path" "$@" 2>"$tmp/said" || f_code=$?
		if [ -z "$last" ] || { [ "$when" = "$last" ] && [ $turns = 1 ]; } ||
		    { [ $f_code = "$want" ] && grep -Eq -- "$words" "$tmp/said"; }
		then
			cat "$tmp/said" >&2
			return $f_code
		fi
		[ "$when" != "$last" ] ||
		    turns=$((turns - 1)) when=$((first - 1))
		when=$((when + 1))
	done
}
