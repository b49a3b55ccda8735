# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# What all recipes share, read by each of them first: words to people, a work
# folder that goes, and an image and its facts that come last.
#
# In: $me, the recipe's name; $0.  Out: $out, the folder to leave disk.qcow2
# and facts in; $work, a folder in it, gone at the end; $cache, of this recipe.

umask 022
unset CDPATH
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
out=$PWD
work=$out/work
# shellcheck disable=SC2154 # me: of who reads this file
cache=${XRAY_CACHE:-$work/cache}/$me
machine=$(uname -m)
arch=${XRAY_ARCH:-$machine}
tmp=
child=

say()
{
	echo "$*" >&2
}

die()
{
	status=$1
	shift
	say "$me: $*"
	exit "$status"
}

# check_needs NEED:PACKAGE...: a command or a file, and what brings it.
check_needs()
{
	missing=
	for n; do
		case $n in
		/*) [ -e "${n%:*}" ] ;;
		*) command -v "${n%:*}" >/dev/null ;;
		esac || missing="$missing ${n#*:}"
	done
	[ -z "$missing" ] ||
		die 69 "not installed:$missing: share/deps mends it"
}

check_user()
{
	case $1 in
	'' | [!a-z_]* | *[!a-z0-9_-]*) die 64 "$1: not a name for a user" ;;
	esac
}

check_packages()
{
	for p; do
		case $p in
		[!a-z0-9]* | *[!a-z0-9.+-]*)
			die 64 "$p: not a name for a package" ;;
		esac
	done
}

# run COMMAND...: what takes its time.  A signal is taken meanwhile, not after.
run()
{
	"$@" &
	child=$!
	wait $child
	child=
}

clean_up()
{
	status=$?
	trap '' HUP INT TERM
	[ -z "$child" ] || ! kill "$child" 2>/dev/null || wait "$child" || :
	cd / || exit
	rm -rf "$work" ${tmp:+"$tmp"}
	if [ $status -ne 0 ] && [ $status -lt 64 ]; then
		say "$me: no image: a step failed"
		status=74
	fi
	exit $status
}

# What lies in the cache is gone on with and believed: nobody else may put it.
check_cache()
{
	mkdir -p "$cache" || die 74 "$cache: cannot be made"
	for d in "${cache%/*}" "$cache"; do
		[ -n "$(find -H "$d" -prune -user "$(id -u)" ! -perm -020 \
		    ! -perm -002)" ] ||
			die 77 "$d: the cache is another user's, or others can" \
			    "write to it; chmod go-w it, or set XRAY_CACHE"
	done
}

begin()
{
	mkdir "$work" || die 74 "$out: has to be an empty folder of yours"
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	export TMPDIR="$work"
}

# deliver FACT...: with $work/disk.qcow2.  The disk comes last: where it
# stands, all is there.
deliver()
{
	cd "$out" || exit
	printf '%s\n' "$@" >"$work/facts"
	mv "$work/facts" facts
	mv "$work/disk.qcow2" disk.qcow2
	say "image $(du -m disk.qcow2 | sed 's/[^0-9].*//') MB"
}
