# Sourced by fault-*.t, behind lib.sh: commands that change something, struck
# at each system call by which they do.  Killed alone, killed with all their
# children, told that the call failed, or left without memory: what they are
# about is as before or as after, all else is as it was, the next commands work,
# and what was half done is gone by then.
#
# FAULT_POINTS=N strikes about N times at each command, 0 at each call;
# FAULT_ONLY=WORD takes those that have it in their names.
# shellcheck shell=sh disable=SC2154 # lib.sh sets n, tmp
FAULT=$XRAY_OBJ/tests/fault-peer MALLOC=$XRAY_OBJ/tests/fault-malloc.so
points=${FAULT_POINTS:-8} only=${FAULT_ONLY-}
store=$tmp/store
# Such a build has an allocator of its own, which refuses nothing.
sanitized=false
! grep -qE '__[amt]san_init' "$XRAY_BIN/xray-list" || sanitized=true
export TMPDIR="$tmp/t"
mkdir "$TMPDIR"
"$FAULT" true || skip_all 'no way to trace'
(umask 077; mkdir "$XRAY_HOME"; echo 'min_free = 0' >"$XRAY_HOME/config.ini")

# keep: from here each run begins.
keep() {
	cp -a "$XRAY_HOME" "$store"
	(cd "$store" && for vm in vms/*; do
		describe "$vm/disk.qcow2" >"$tmp/is-${vm#vms/}"
	done)
}

restore() {
	rm -rf "$XRAY_HOME"
	cp -a "${1:-$store}" "$XRAY_HOME"
}

# What comes next works: another thing is made, the same one is changed.  It
# has another name when this was struck.
settle() {
	[ ! -d "$XRAY_HOME/vms/yy" ] || xray-move -q yy web || return
	[ ! -d "$XRAY_HOME/vms/zz" ] || xray-remove -q -y zz || return
	xray-create -q --no-start -b b zz && xray-remove -q -y zz || return
	for vm in web moved; do
		[ ! -d "$XRAY_HOME/vms/$vm" ] || {
			xray-move -q $vm yy && xray-move -q yy $vm &&
			    xray-config set -q $vm label settling &&
			    xray-config set -q $vm label settled &&
			    xray-fw add -q $vm 9.9.9.9 deny &&
			    xray-fw remove -q $vm 9.9.9.9 &&
			    xray-port add -q $vm 9999:99 &&
			    xray-port remove -q $vm 9999:99
		} || return
	done >/dev/null
	xray-base gc -q && xray-list -q >/dev/null && $again
}
again=true # what else comes next

# What is in an image.
describe() {
	qemu-img check -q -U "$1" >/dev/null 2>&1
	echo "$1: check $? $(qemu-img snapshot -l -U "$1" |
	    awk 'NR > 2 { print $2 }')" "$(qemu-img info -U "$1" |
	    grep -E '^(virtual|backing)')"
}

# All there is, by name and content; what differs each time is left out, and
# as is the comment that has a VM's name, and an image that was written to is
# told by what is in it.  .NAME.new is where NAME is written before it is
# renamed: the next write takes it over.
look() (
	cd "$XRAY_HOME" || exit
	find . ! -name lock ! -name '*.lock' ! -name '.*.new' \
	    -printf '%M %P %l\n' | sed 's/\(stage\|gone\)-[0-9]*/\1/' | sort
	grep -rI '' . --exclude='*.qcow2' --exclude='lock' --exclude='*.lock' \
	    --exclude='*.log' --exclude='.*.new' |
	    sed -E 's/((uuid|mac|created|made|(|efivars_)mtime|time|taken) =).*/\1/
		s/(stage|gone)-[0-9]*/\1/; /vm.ini:# VM /d' | sort
	for vm in vms/*; do
		disk=$vm/disk.qcow2
		if cmp -s "$disk" "$store/$disk"; then
			cat "$tmp/is-${vm#vms/}"
		else
			describe "$disk"
		fi
	done
	ls -A "$TMPDIR"
)

# What makes it neither.
nearest() {
	diff "$tmp/before" "$tmp/now" >"$tmp/from"
	diff "$tmp/after" "$tmp/now" >"$tmp/to"
	if [ "$(wc -l <"$tmp/from")" -lt "$(wc -l <"$tmp/to")" ]; then
		echo 'not as before:'
		cat "$tmp/from"
	else
		echo 'not as after:'
		cat "$tmp/to"
	fi
}

wrong() {
	found="$found
$*: code $code, $(head -n 1 "$tmp/log"), $(head -c 300 "$tmp/err")"
}

# judge WHERE: what is wrong once it has settled goes to $found.
judge() {
	swept=$((swept + 1))
	settle >"$tmp/settled" 2>&1 || {
		wrong "$@"
		found="$found and then: $(head -n 3 "$tmp/settled")"
		return
	}
	look >"$tmp/now"
	if cmp -s "$tmp/now" "$tmp/after"; then
		afters=$((afters + 1))
	elif ! cmp -s "$tmp/now" "$tmp/before"; then
		wrong "$@"
		found="$found
$(nearest | head -n 12)"
	elif [ "$code" = 0 ]; then
		wrong "$@: says that it is done, and nothing is"
	fi
}

# run HOW...: with a fault.
run() {
	code=0
	"$FAULT" -o "$tmp/log" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null ||
	    code=$?
}

cut() { :; } # fault-power.t cuts the power here

# strike HOW K COMMAND...: one run.
strike() {
	restore
	# shellcheck disable=SC2086 # words
	run $1 "$2" $cmd
	[ $code != 99 ] || return 0
	cut
	case $1 in
	-[kt])
		[ $code != 142 ] || wrong "$1 $2: no end"
		broken "$1 $2"
		;;
	*) told "$1 $2" ;;
	esac
	judge "$1 $2"
}

# told WHERE: it ended by itself, and said why, unless it is done.
told() {
	case $code in
	142) wrong "$1: no end" ;;
	12[89] | 1[3-9]? | 2??) wrong "$1: ended by a signal" ;;
	0) is_done "$1" ;;
	*) [ -s "$tmp/err" ] || wrong "$1: says nothing" ;;
	esac
}

# is_done WHERE: what was said to be done is there before the next command.
is_done() {
	look >"$tmp/now"
	cmp -s "$tmp/out" "$tmp/said" || wrong "$1: says something else"
	cmp -s "$tmp/now" "$tmp/done" || {
		wrong "$@: says that it is done"
		found="$found
$(diff "$tmp/done" "$tmp/now" | head -n 12)"
	}
}

# broken WHERE: the recovery is struck as well, of each state once.
broken() {
	look >"$tmp/now"
	! cmp -s "$tmp/now" "$tmp/before" && ! cmp -s "$tmp/now" "$tmp/done" ||
	    return 0
	state=$(cksum <"$tmp/now")
	case $states in *"$state"*) return ;; esac
	states="$states $state"
	rm -rf "$tmp/half"
	cp -a "$XRAY_HOME" "$tmp/half"
	j=1
	[ "$points" = 0 ] || j=$((1 + swept % 11 * 5))
	while :; do
		restore "$tmp/half"
		# shellcheck disable=SC2086 # words
		run -t "$j" $mend
		[ "$code" != 99 ] || break
		mended=$((mended + 1))
		judge "$1, then -t $j"
		[ "$points" = 0 ] || break
		j=$((j + 1))
	done
	restore "$tmp/half"
	code=137
}

# sweep WHAT HOW...: each call of those that WHAT counts, or every step-th; what
# is over of a step counts for the next.
sweep() {
	restore
	# shellcheck disable=SC2086 # words
	run $1 $cmd
	calls=$(sed -n 's/^calls //p' "$tmp/log")
	[ -n "$calls" ] || wrong "$1: no end without a fault"
	calls=${calls:-0}
	shift
	for how; do
		all=$((all + calls))
		while [ $k -le "$calls" ]; do
			strike "$how" $k
			k=$((k + step))
		done
		k=$((k - calls))
	done
}

# starved K COMMAND...: our programs get K - 1 pieces of memory each.
starved() {
	code=0 k=$1
	shift
	: >"$tmp/log"
	FAULT_WHO=xray FAULT_MALLOC=$k FAULT_LOG=$tmp/log LD_PRELOAD=$MALLOC \
	    timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
	[ -s "$tmp/log" ]
}

# starve: with ever more.
starve() {
	k=1
	while restore && starved $k $cmd; do
		all=$((all + 1))
		told "memory $k"
		judge "memory $k"
		k=$((points ? k * 3 : k + 1))
	done
}

ways() {
	sweep '' -k -t
	# ENOSPC, EIO, EDQUOT; EMFILE; and a signal, which comes once.
	sweep '-e 28' '-e 28 -n' '-e 28 -p -n' '-e 5 -n' '-e 5 -p -n' \
	    '-e 122 -n' '-e 122 -p -n'
	sweep '-e 24' '-e 24 -n' '-e 24 -p -n'
	sweep '-e 4' '-e 4 -n'
	starve
}

# op NAME MEND COMMAND: all ways.  MEND is the command that comes behind one
# that was killed; both are words.
op() {
	what=$1 mend=$2 cmd=$3
	case $what in *"$only"*) ;; *) return 0 ;; esac
	found='' swept=0 afters=0 mended=0 states='' all=0 k=1
	restore
	settle || found='does not settle'
	look >"$tmp/before"
	restore
	run $cmd
	[ $code = "${ends:-0}" ] || wrong 'without a fault'
	calls=$(sed -n 's/^calls //p' "$tmp/log")
	calls=${calls:-0}
	cp "$tmp/out" "$tmp/said"
	look >"$tmp/done"
	settle
	look >"$tmp/after"
	step=1
	[ "$points" = 0 ] || step=$(((calls * 4 + 50) / points | 1))
	ways
	[ "$swept" -gt 0 ] || found="$found
never struck"
	is "$what: $swept of $all, $afters done, $mended recoveries" 0 '' \
	    printf %s "$found"
}

# reads COMMAND: nothing is changed; without memory it is not read wrongly.
reads() {
	cmd=$1
	case $cmd in *"$only"*) ;; *) return 0 ;; esac
	found='' swept=0 k=1
	restore
	$cmd >"$tmp/said" 2>"$tmp/err" </dev/null || found="code $?"
	look >"$tmp/done"
	while starved $k $cmd; do
		swept=$((swept + 1))
		told "memory $k"
		k=$((points ? k * 2 : k + 1))
	done
	[ "$swept" -gt 0 ] || $sanitized || found="$found
never struck"
	is "$cmd: $swept times" 0 '' printf %s "$found"
}
