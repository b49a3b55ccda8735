#!/bin/sh
# SPDX-License-Identifier: ISC
# xray-completion: print the completion script of a shell.
set -u
unset CDPATH
usage='usage: xray-completion [options] bash|zsh|fish'
bin=$(cd "$(dirname "$0")" && pwd)

die() {
	code=$1
	shift
	printf 'xray-completion: %s\n' "$@" | tr -d '\000-\011\013-\037\177' >&2
	exit "$code"
}

while :; do
	case ${1-} in
	-h | --help)
		cat <<-H
		$usage
		  -h, --help                  print this and exit
		  -q, --quiet                 no notes, progress or result lines
		  -v, --verbose               more of them
		      --version               print the version and exit
		      --color yes|no|auto     colour on a terminal
		H
		exit
		;;
	--version) exec "$bin/xray" --version ;;
	-q | --quiet | -v | --verbose | -qv | -vq) shift ;;
	--color=yes | --color=no | --color=auto) shift ;;
	--color)
		case ${2-} in
		yes | no | auto) shift 2 ;;
		*) die 64 '--color: yes, no or auto' "$usage" ;;
		esac
		;;
	--)
		shift
		break
		;;
	-?*) die 64 "$1: no such option" "$usage" ;;
	*) break ;;
	esac
done
case $#${1-} in
1bash | 1zsh | 1fish) ;;
*) die 64 'bash, zsh or fish' "$usage" ;;
esac
for share in "$bin/../share" "$bin/../share/xray"; do
	file=$share/completion/xray.$1
	[ ! -f "$file" ] || exec cat "$file"
done
die 69 "$1: its script is not there"
