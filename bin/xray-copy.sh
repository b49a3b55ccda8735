#!/bin/sh
# SPDX-License-Identifier: ISC
# xray-copy: files to a guest or from it, through xray ssh.
#
# What comes from a guest is hostile: xray untar takes it, which makes only
# what was asked for and follows no link.  No rsync: one that reads from a
# hostile server lets that write more than its client wants.  To a guest it is
# rsync where both sides have it, else tar.  What a guest prints is masked.
set -u
unset CDPATH
export LC_ALL=C
bin=$(cd "$(dirname "$0")" && pwd)
PATH=$bin:$PATH

usage='usage: xray-copy [options] SRC ... DST'
help="$usage
  -a, --archive               keep times and modes too
      --delete                remove from DST what SRC has not
  -f, --force                 also when min_free is not left
      --tar                   by tar, even where both sides have rsync
  -h, --help                  print this and exit
  -q, --quiet                 no notes, progress or result lines
  -v, --verbose               more of them
      --version               print the version and exit
      --color yes|no|auto     colour on a terminal"

say() { printf 'xray-copy: %s\n' "$*" | tr -d '\000-\011\013-\037\177' >&2; }
die() {
	code=$1
	shift
	say "$*"
	exit "$code"
}
die_usage() {
	say "$*"
	die 64 "$usage"
}

# quote WORD: set q to it as one word of a shell line.
quote() {
	q=
	rest=$1
	while :; do
		case $rest in
		*\'*)
			q="$q${rest%%\'*}'\\''"
			rest=${rest#*\'}
			;;
		*) break ;;
		esac
	done
	q="'$q$rest'"
}

# What a configuration says of sessions is not for one that carries files.
ssh='xray-ssh -o RemoteCommand=none -o RequestTTY=no -o ClearAllForwardings=yes'

# guest SCRIPT WORD...: run it in the guest, with the words as "$@".
guest() {
	quote "$1"
	line="sh -c $q sh"
	shift
	for word; do
		quote "$word"
		line="$line $q"
	done
	# shellcheck disable=SC2086 # words
	$ssh ${quiet:+-q} "$vm" -- "$line"
}

# masked COMMAND...: what it has to say to people masked; its exit code, which
# is in the file code too.
masked() {
	{
		{
			"$@" 2>&1 >&3 3>&-
			echo $? >"$work/code"
		} | LC_ALL=C tr -c '\011\012\040-\176' '?' >&2
	} 3>&1
	return "$(code)"
}
code() { cat "$work/code"; }

# ask SCRIPT WORD...: a short answer of the guest's into asked, or exit.
ask() {
	asked=$(masked guest "$@" </dev/null | dd bs=64 count=1 2>/dev/null)
	[ "$(code)" = 0 ] || exit "$(code)"
}

# is_remote WORD: VM:PATH, as scp has it: a colon before any slash.
is_remote() {
	case ${1%%/*} in
	*:*) return 0 ;;
	esac
	return 1
}

# plain PATH: set p to one that neither side takes for an option or a host.
plain() {
	case $1 in
	\~) p=. ;;
	\~/*) p=./${1#\~/} ;;
	/*) p=$1 ;;
	'') p=. ;;
	*) p=./$1 ;;
	esac
}

# split PATH: set folder and last; last is . for a folder's contents.
split() {
	last=${1##*/}
	folder=${1%"$last"}
	case $last in
	'' | . | ..)
		folder=$1
		last=.
		;;
	esac
}

archive='' delete='' force='' tar='' quiet=''
colored() {
	case $1 in
	yes | no | auto) ;;
	*) die_usage "--color: $1: yes, no or auto" ;;
	esac
}

# flags LETTERS: several behind one dash.
flags() {
	letters=$1
	while [ -n "$letters" ]; do
		case $letters in
		a*) archive=yes ;;
		f*) force=--force ;;
		q*) quiet=yes ;;
		v*) ;;
		h*) echo "$help" && exit ;;
		*) die_usage "-$letters: no such option" ;;
		esac
		letters=${letters#?}
	done
}

parse() {
	ended='' color=''
	for word; do
		shift
		[ -z "$color" ] || {
			colored "$word"
			color=
			continue
		}
		case $ended$word in
		--) ended=yes ;;
		-[afqv][afhqv]*) flags "${word#-}" ;;
		-a | --archive) archive=yes ;;
		--delete) delete=--delete ;;
		-f | --force) force=--force ;;
		--tar) tar=yes ;;
		-h | --help) echo "$help" && exit ;;
		--version) exec xray-ssh --version ;;
		-q | --quiet) quiet=yes ;;
		-v | --verbose) ;;
		--color=*) colored "${word#*=}" ;;
		--color) color=yes ;;
		-?*) die_usage "$word: no such option" ;;
		*) set -- "$@" "$word" ;;
		esac
	done
	[ -z "$color" ] || die_usage '--color: yes, no or auto'
	[ $# -ge 2 ] || die_usage 'a source and a destination'
	sort_out "$@"
}

# What goes where.  `transfer VM :SRC DST` names the VM first.
sort_out() {
	first=
	for word; do
		case $word in
		:*) first=$1 ;;
		esac
	done
	if [ -n "$first" ]; then
		shift
		for word; do
			shift
			case $word in
			:*) word=$first$word ;;
			esac
			set -- "$@" "$word"
		done
		[ $# -ge 2 ] || die_usage 'a source and a destination'
	fi
	work=$(mktemp -d "${TMPDIR:-/tmp}/xray-copy.XXXXXX") || exit 71
	count=$(($# - 1))
	for dst; do :; done
	if is_remote "$dst"; then
		vm=${dst%%:*}
		to_guest "$@"
	else
		from_guest "$@"
	fi
}

# Told once at the end: FILES BYTES.
told() {
	[ -z "$quiet" ] || return 0
	awk -v n="$1" -v b="$2" -v s=$(($(date +%s) - began)) 'BEGIN {
		split("B kB MB GB TB", u)
		for (i = 1; b >= 1000 && i < 5; i++) b /= 1000
		t = n; while (t ~ /[0-9][0-9][0-9][0-9]/)
			sub(/[0-9][0-9][0-9]($|,)/, ",&", t)
		if (b < 10 && i > 1) b = sprintf("%.1f", b)
		else b = sprintf("%.0f", b)
		what = n == 1 ? "file" : "files"
		printf "%s %s, %s %s, %d s\n", t, what, b, u[i], s }' >&2
}

# by_rsync OPTION... -- SRC... DST
by_rsync() {
	[ -z "$archive" ] || set -- -pt "$@"
	# shellcheck disable=SC2086 # an option or nothing
	out=$(masked rsync -rls -e "$ssh${quiet:+ -q}" --stats \
	    --no-human-readable $delete "$@" | tail -c 4000)
	[ "$(code)" = 0 ] || die 74 "rsync: failed, $(code)"
	told "$(stat_of 'Number of regular files transferred')" \
	    "$(stat_of 'Total file size')"
}
stat_of() { echo "$out" | sed -n "s/^$1: *\([0-9,]*\).*/\1/p" | tr -d ,; }

has_rsync() {
	[ -z "$tar" ] && command -v rsync >/dev/null || return 1
	case $asked in
	rsync*) return 0 ;;
	esac
	return 1
}

to_guest() {
	plain "${dst#*:}"
	case ${dst#*:} in
	*/) p=${p%/}/ ;;
	esac
	to=$p
	i=0
	for src; do
		shift
		i=$((i + 1))
		[ $i -le $count ] || break
		is_remote "$src" && die_usage "$src and $dst: not from guest to \
guest; copy to this machine first"
		plain "$src"
		[ -e "$p" ] || [ -L "$p" ] || die 66 "$src: no such file"
		set -- "$@" "$p"
	done
	# shellcheck disable=SC2016 # the guest's
	ask 'd=${1%/}
		case $d in "") d=/ ;; esac
		if [ -d "$d" ]; then k=dir
		elif [ -d "$(dirname -- "$d")" ]; then k=new
		else k=none; fi
		command -v rsync >/dev/null && echo "rsync $k" || echo "tar $k"' \
	    "$to"
	case $asked in
	*none) die 66 "$vm: ${dst#*:}: no such folder in the guest" ;;
	esac
	if has_rsync; then
		by_rsync -- "$@" "$vm:$to"
		return
	fi
	[ -z "$delete" ] ||
		die 69 "--delete needs rsync here and in $vm; there is none"
	tar_to_guest "$@"
}

tar_to_guest() {
	sum="0 0"
	case $count$asked$to in
	1*new*/) ;;
	1*new*)
		if [ -f "$1" ]; then
			mode=$(mode_of "$1")
			# shellcheck disable=SC2016 # the guest's
			masked guest 'cat >"$1" && chmod "$2" "$1"' "$to" \
			    "$mode" <"$1" >/dev/null || exit 74
			told 1 "$(wc -c <"$1")"
			return
		fi
		;;
	esac
	for src; do
		split "$src"
		send "$folder" "$last"
	done
	# shellcheck disable=SC2086 # two numbers
	told $sum
}

mode_of() {
	if [ -x "$1" ]; then echo 755; else echo 644; fi
}

# send FOLDER NAME: its errors are either side's; a pipe has one status.
send() {
	sum=$(cd "$1" && find "./$2" -type f -exec ls -ln {} + |
	    awk -v s="$sum" 'BEGIN { split(s, t) } $1 ~ /^-/ { n++; b += $5 }
		END { print t[1] + n, t[2] + b }')
	# shellcheck disable=SC2016 # the guest's
	{
		(cd "$1" && tar -cf - "./$2") || echo bad >&3
	} 3>"$work/bad" | masked guest 'mkdir -p -- "$1" && cd -- "$1" && tar "-x$2f" -' \
	    "$to" "${archive:+p}" >/dev/null || exit 74
	[ ! -s "$work/bad" ] || exit 74
}

from_guest() {
	[ -z "$delete" ] || [ $count = 1 ] ||
		die_usage '--delete from a guest: one source'
	vm=
	i=0
	for src; do
		shift
		i=$((i + 1))
		[ $i -le $count ] || break
		is_remote "$src" || die_usage "neither $src nor $dst is in a \
guest: VM:PATH"
		[ "${vm:-${src%%:*}}" = "${src%%:*}" ] ||
			die_usage 'sources in one VM'
		vm=${src%%:*}
		plain "${src#*:}"
		set -- "$@" "$p"
	done
	# shellcheck disable=SC2016 # the guest's
	ask 'for f; do [ -e "$f" ] || [ -L "$f" ] || {
		printf "xray-copy: %s: no such file in the guest\n" "${f#./}" >&2
		exit 66; }; done' \
	    "$@"
	plain "$dst"
	to=$p
	into_place
	sum="0 0"
	for src; do
		split "$src"
		fetch "$folder" "$last"
	done
	# shellcheck disable=SC2086 # two numbers
	told $sum
}

# Set to and as: a folder that is there or is made, and for one source whose
# kind the guest will tell, the name in it that is to be the file's or the
# folder's.
into_place() {
	as=
	[ ! -d "$to" ] || return 0
	case $to in
	*/) to=${to%/} ;;
	*) [ $count -gt 1 ] || as=${to##*/} ;;
	esac
	case $to in
	*/*) above=${to%/*}/ ;;
	*) above=./ ;;
	esac
	[ -d "$above" ] || die 66 "$dst: no such folder"
	if [ -n "$as" ]; then
		to=$above
	else
		mkdir -- "$to" || exit 73
	fi
}

# fetch FOLDER NAME: a tar that can sends each name of a file as a file of its
# own.  untar's code is the pipe's, it knows best.
fetch() {
	# shellcheck disable=SC2016,SC2086 # the guest's; options or nothing
	masked guest 'cd -- "$1" || exit
		h=$(tar --help 2>/dev/null | sed -n "s/.*\(--hard-dereference\).*/\1/p")
		tar $h -cf - "./$2" && echo whole' "$1" "$2" </dev/null |
	    xray-untar ${archive:+-a} ${delete:+--delete} $force \
		${as:+"--as=$as"} -- "$to" "$2" >"$work/sum" || exit
	sum=$(awk -v s="$sum" 'BEGIN { split(s, t) }
	    { print t[1] + $1, t[2] + $2 }' "$work/sum")
	[ "$(code)" = 0 ] || exit 74
}

began=$(date +%s)
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
parse "$@"
