# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# A distribution's own cloud image: first its list of sums, which is signed,
# then the image, which has to be what its sum says.  A download that broke off
# goes on where it stopped; the cache keeps one image for each name.
#
# In: $me $cache $work $from $keyring $keys_file $keys_url $fingerprints, say,
# die.

# shellcheck disable=SC2154 # what is in: of who reads this file
fetch_needs='curl:curl gpgv:gpgv sha256sum:coreutils flock:util-linux'

# get URL FILE [OPTION...]: curl's exit code, its words being in the log.
get()
{
	url=$1 file=$2
	shift 2
	case $url in
	https:*) set -- --proto-redir =https "$@" ;;
	esac
	curl -fsSL --proto =https,http --retry 3 \
	    --connect-timeout 30 --speed-limit 1000 --speed-time 60 \
	    -o "$file" "$@" "$url" 2>"$work/log"
}

# must_get URL FILE
must_get()
{
	get "$@" || {
		sed 's/^/  /' "$work/log" >&2
		die 69 "$1: cannot be fetched"
	}
}

# The keys: those of --keyring, whosever they are; else the distribution's, by
# a package or from its server.  Those are known by their fingerprints, so that
# it does not matter which way they came.
get_keys()
{
	any_key=$keyring
	if [ -z "$keyring" ] && [ -e "$keys_file" ]; then
		keyring=$keys_file
	elif [ -z "$keyring" ]; then
		keyring=$work/keys
		must_get "$keys_url" "$keyring"
	fi
	[ -r "$keyring" ] || die 66 "$keyring: no such file"
	if grep -aq 'BEGIN PGP PUBLIC KEY' "$keyring"; then
		unarmor
	fi
}

# gpgv takes no armour.
unarmor()
{
	awk '/^-----BEGIN PGP PUBLIC/ { on = 1; body = 0; next }
		/^-----END PGP PUBLIC/ { on = 0 }
		on && body && !/^=....$/
		on && /^[[:space:]]*$/ { body = 1 }' "$keyring" |
		base64 -d >"$work/dearmored" 2>/dev/null ||
		die 65 "$keyring: no keys in it"
	keyring=$work/dearmored
}

# verify FILE [SIGNATURE]: what is signed by a key we trust, to $work/sums.
verify()
{
	case $# in
	1) set -- --output "$work/sums" "$1" ;;
	2) cp "$1" "$work/sums" && set -- "$2" "$1" ;;
	esac
	gpgv --status-fd 3 --keyring "$keyring" "$@" \
	    3>"$work/status" 2>"$work/log" || :
	signers=$(awk '$2 == "BADSIG" { exit }
		$2 ~ /SIG$/ && $2 != "VALIDSIG" { good = $2 == "GOODSIG" }
		$2 == "VALIDSIG" && good { print $NF }' "$work/status")
	[ -n "$signers" ] || {
		sed 's/^/  /' "$work/log" >&2
		die 77 "$from: the signature of the sums is not good"
	}
	[ -z "$any_key" ] || return 0
	for s in $signers; do
		for f in $fingerprints; do
			[ "$s" != "$f" ] || return 0
		done
	done
	die 77 "$from: signed by $signers, no key of $me known here"
}

sum_of()
{
	sha256sum <"$1" | sed 's/ .*//'
}

# is_good FILE SUM
is_good()
{
	[ -e "$1" ] && [ "$(sum_of "$1")" = "$2" ]
}

# get_image NAME SUM: into $work/disk.qcow2.
get_image()
{
	case $2 in
	'' | *[!0-9a-f]*) die 65 "$1: not in the list of sums" ;;
	esac
	check_cache
	exec 9>"$cache/lock"
	flock -w 3600 9 || die 75 "$cache: another build holds it"
	is_good "$cache/$1" "$2" || download "$from/$1" "$cache/$1" "$2"
	cp --reflink=auto "$cache/$1" "$work/disk.qcow2"
	exec 9>&-
	is_good "$work/disk.qcow2" "$2" ||
		die 74 "$1: the copy differs; is the disk all right?"
}

# download URL FILE SUM.  What is left of an older try can be of an older
# image, or of a server that cannot go on: then once more from the beginning.
download()
{
	say "fetching ${2##*/}"
	if [ -e "$2.part" ] && ! is_good "$2.part" "$3"; then
		code=0
		get "$1" "$2.part" -C - || code=$?
		case $code in
		0 | 22 | 33 | 36)
			is_good "$2.part" "$3" || rm -f "$2.part" ;;
		*) die 69 "$1: broke off; the next try goes on from there" ;;
		esac
	fi
	if [ ! -e "$2.part" ]; then
		get "$1" "$2.part" || {
			sed 's/^/  /' "$work/log" >&2
			die 69 "$1: not whole; the next try goes on from there"
		}
	fi
	is_good "$2.part" "$3" || {
		rm -f "$2.part"
		die 77 "${2##*/}: not what its signed sum says"
	}
	mv "$2.part" "$2"
}

# options "$@": sets $from, $keyring and $release.
# shellcheck disable=SC2034
options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--from | --keyring)
			[ $# -gt 1 ] || { say "$usage" && exit 64; }
			[ "$1" = --keyring ] || from=${2%/}
			[ "$1" = --from ] || keyring=$2
			shift
			;;
		-h | --help) echo "$usage" && exit 0 ;;
		--) ;;
		-*) say "$usage" && exit 64 ;;
		*) release=$1 ;;
		esac
		shift
	done
	case $release in
	*[!a-z0-9]*) die 64 "$release: not a release of $me" ;;
	esac
	case $from in
	'' | http://* | https://*) ;;
	*) die 64 "$from: not an http or https address" ;;
	esac
	case $keyring in
	'' | /*) ;;
	*) die 64 "$keyring: --keyring takes a path from the root on" ;;
	esac
}
