# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# Packages of Debian by a private apt, read by tiny.  Its state is the host's
# keys and settings, of the host's sources those of the Debian archive alone,
# and lists of our own: no root, and neither other archives nor the host's
# lists matter.  It stands in a folder nobody else uses; what is worth keeping
# moves into the cache whole, so that builds at the same time can share it.
#
# In: $cache $work $update, say, die.  Out: $work/debs; and $tmp, to be removed.

# shellcheck disable=SC2154 # cache, work, update: of who reads this file
apt_setup()
{
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	mkdir -p "$tmp/lists/partial" "$tmp/archives/partial" \
	    "$tmp/src" "$tmp/debs"
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources
	do
		! grep -Eqs '^[[:space:]]*(deb |URIs:)' "$f" ||
			cp "$f" "$tmp/src/debian.${f##*.}"
	done
	[ -n "$(ls "$tmp/src")" ] ||
		die 69 'apt: no sources of the Debian archive in /etc/apt'
	cp -a "$cache/lists/." "$tmp/lists/" 2>/dev/null || :
	cp -a "$cache/debs/." "$tmp/debs/"
	cat >"$tmp/conf" <<-E
		Dir::State "$tmp";
		Dir::State::lists "$tmp/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$tmp";
		Dir::Cache::pkgcache "pkgcache.bin";
		Dir::Etc::SourceList "/dev/null";
		Dir::Etc::SourceParts "$tmp/src";
		#clear APT::Architectures;
		#clear APT::Update;
		APT::Architecture "amd64";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::GzipIndexes "true";
		Acquire::Retries "2";
	E
}

apt()
{
	cmd=$1
	shift
	timeout 900 "apt-$cmd" -qq -c "$tmp/conf" "$@" 2>>"$work/log"
}

# The packages named, the libraries they need and the kernel, one a line.
# Other dependencies do not count, nor do those of libpam-modules, of which
# one file is used; of alternatives the first is taken.
closure()
{
	apt cache depends --recurse --important "$@" | awk -v names="$*" '
		/^[^ ]/ { name = $1; next }
		/Depends: / {
			if (!alternative && $2 ~ /^(lib|zlib|linux-image-[0-9])/)
				needs[name] = needs[name] " " $2
			alternative = /[|]/
		}
		END {
			n = split(names, todo)
			for (i = 1; i <= n; i++) {
				if (seen[todo[i]]++)
					continue
				if (todo[i] != "linux-image-cloud-amd64")
					print todo[i]
				if (todo[i] == "libpam-modules")
					continue
				m = split(needs[todo[i]], more)
				for (j = 1; j <= m; j++)
					todo[++n] = more[j]
			}
		}'
}

# All in one call: each reads the lists anew.  Files that are there already are
# neither told of nor fetched.
download()
{
	names=$(closure "$@")
	cd "$tmp/src" || return
	# shellcheck disable=SC2086 # a list of words
	apt get download --print-uris $names | awk '{ print $2 }' >"$tmp/set"
	cd "$tmp/debs" || return
	# shellcheck disable=SC2086
	apt get download $names
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
	mv "$cache/lists" "$tmp/old" 2>/dev/null || :
	mv -T "$tmp/lists" "$cache/lists" 2>/dev/null || :
	rm -rf "$tmp"
}

# is_here SET: the set is known and all its files are in the cache.
is_here()
{
	[ -s "$1" ] || return
	while read -r deb; do
		[ -s "$cache/debs/$deb" ] || return
	done <"$1"
}

# Write $work/debs, the files of the packages named and of what they need.
# What was found out for these names is kept in the cache, as a set.
get_packages()
{
	mkdir -p "$cache/debs" || die 74 "$cache: cannot be made"
	set_file=$cache/$(echo "$*" | cksum | tr ' ' -).set
	if [ -n "$update" ] || ! is_here "$set_file"; then
		fetch "$set_file" "$@"
	fi
	sed "s|^|$cache/debs/|" "$set_file" >"$work/debs"
	say "packages $(tr '\n' '\0' <"$work/debs" | du -cm --files0-from=- |
		sed -n '$s/[^0-9].*//p') MB"
}
