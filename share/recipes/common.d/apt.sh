# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# Packages of Debian by a private apt.  Its state is the host's keys and
# settings, of the host's sources those of the Debian archive alone, and lists
# of our own: no root, and neither other archives nor the host's lists matter,
# nor the processor of the host.  It stands in a folder nobody else uses; what
# is worth keeping moves into the cache whole, so that builds at the same time
# can share it.
#
# In: $arch $suite $update $work, say, die, and closure PACKAGE..., which
# prints these and what they need, a name a line.  Out: $cache, $suite,
# $work/debs, and $tmp, to be removed.

# shellcheck disable=SC2154 # what is in: of who reads this file
case $arch in
x86_64) deb_arch=amd64 ;;
aarch64) deb_arch=arm64 ;;
esac
cache=${cache%/*}/debian
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# The host's sources of Debian; on other systems Debian's own server.
copy_sources()
{
	id=$(sed -n 's/^ID=//p' /etc/os-release 2>/dev/null || :)
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources
	do
		[ "$id" != debian ] ||
			! grep -Eqs '^[[:space:]]*(deb |URIs:)' "$f" ||
			cp "$f" "$1/debian.${f##*.}"
	done
	[ -z "$(ls "$1")" ] || return 0
	[ -e $debian_keys ] ||
		die 69 "no sources of Debian in /etc/apt, and no $debian_keys"
	server=http://deb.debian.org/debian
	cat >"$1/debian.list" <<-E
		deb [signed-by=$debian_keys] $server bookworm main
		deb [signed-by=$debian_keys] $server bookworm-updates main
		deb [signed-by=$debian_keys] $server-security bookworm-security main
	E
}

# The first suite of the sources in folder $1.
first_suite()
{
	cat "$1"/* | sed -n 's/\[[^]]*\]//
	    s/^[[:space:]]*deb[[:space:]]\{1,\}[^[:space:]]*[[:space:]]*//p
	    s/^Suites:[[:space:]]*//p' | sed 's/[[:space:]/-].*//;q'
}

# Write $work/src, the sources; of $suite, where that is given.
make_sources()
{
	mkdir "$work/src"
	copy_sources "$work/src"
	first=$(first_suite "$work/src")
	suite=${suite:-$first}
	for f in "$work"/src/*; do
		sed "s,\([[:space:]]\)$first\([[:space:]/-]\|\$\),\1$suite\2,g" \
		    "$f" >"$work/new"
		mv "$work/new" "$f"
	done
	key=$({ echo "$deb_arch"; cat "$work"/src/*; } | cksum | tr ' ' -)
}

apt_setup()
{
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	mkdir -p "$tmp/lists/partial" "$tmp/archives/partial" "$tmp/debs"
	cp -a "$cache/$key.lists/." "$tmp/lists/" 2>/dev/null || :
	cp -a "$cache/debs/." "$tmp/debs/"
	cat >"$tmp/conf" <<-E
		Dir::State "$tmp";
		Dir::State::lists "$tmp/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$tmp";
		Dir::Cache::pkgcache "pkgcache.bin";
		Dir::Etc::SourceList "/dev/null";
		Dir::Etc::SourceParts "$work/src";
		#clear APT::Architectures;
		#clear APT::Update;
		APT::Architecture "$deb_arch";
		APT::Sandbox::User "root";
		Acquire::ForceHash "SHA256";
		Acquire::Languages "none";
		Acquire::GzipIndexes "true";
		Acquire::Retries "2";
	E
}

apt()
{
	cmd=$1
	shift
	timeout --foreground 900 "apt-$cmd" -qq -c "$tmp/conf" "$@" 2>>"$work/log"
}

# The sums are those of the signed lists.  What the cache has is held to them
# as well: it was written long ago, and what becomes of it runs as root.
# All in one call: each reads the lists anew.  Files that are there already are
# neither told of nor fetched.
download()
{
	names=$(closure "$@")
	cd "$tmp" || return
	# shellcheck disable=SC2086 # a list of words
	apt get download --print-uris $names |
		awk '{ sub(/^SHA256:/, "", $4); print $4 "  " $2 }' >"$tmp/set"
	! grep -Evq '^[0-9a-f]{64}  [A-Za-z0-9.+~%_-]+\.deb$' "$tmp/set" || return
	cd "$tmp/debs" || return
	sha256sum -c "$tmp/set" 2>/dev/null |
		sed -n 's/: FAILED.*//p' | xargs rm -f
	# shellcheck disable=SC2086
	apt get download $names || return
	sums_hold <"$tmp/set" >>"$work/log" 2>&1
}

# Whether the files here are what the set on standard input says.
sums_hold()
{
	sha256sum -c --quiet --strict -
}

# fetch SET PACKAGE...
fetch()
{
	set_file=$1
	shift
	find "$cache" -maxdepth 1 -name 'tmp.*' -mtime +0 -exec rm -rf {} +
	apt_setup
	if [ -n "$update" ] || ! (download "$@"); then
		say 'package lists'
		: >"$work/log"
		if ! apt get update || ! (download "$@"); then
			uniq "$work/log" | sed 's/^/  /' >&2
			die 69 'apt: cannot fetch the packages'
		fi
	fi
	mv -f "$tmp"/debs/*.deb "$cache/debs/"
	mv -f "$tmp/set" "$set_file"
	mv "$cache/$key.lists" "$tmp/old" 2>/dev/null || :
	mv -T "$tmp/lists" "$cache/$key.lists" 2>/dev/null || :
	rm -rf "$tmp"
}

# is_here SET: the set is known and all its files are in the cache, unchanged.
is_here()
{
	[ -s "$1" ] || return
	(cd "$cache/debs" && sums_hold) <"$1" >/dev/null 2>&1
}

# Write $work/debs, the files of the packages named and of what they need.
# What was found out for these names is kept in the cache, as a set.
get_packages()
{
	check_cache
	mkdir -p "$cache/debs" || die 74 "$cache: cannot be made"
	make_sources
	set_file=$cache/$(echo "$key $*" | cksum | tr ' ' -).set
	if [ -n "$update" ] || ! is_here "$set_file"; then
		fetch "$set_file" "$@"
	fi
	sed "s|^[0-9a-f]*  |$cache/debs/|" "$set_file" >"$work/debs"
	say "packages $(tr '\n' '\0' <"$work/debs" | du -cm --files0-from=- |
		sed -n '$s/[^0-9].*//p') MB"
}
