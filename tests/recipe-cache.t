#!/bin/sh
# What recipes take from the cache: packages are held to their sums, and a
# cache that others can write to is none.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 12
XRAY_CACHE=$tmp/cache
export XRAY_CACHE
mkdir "$tmp/stub" "$tmp/www"
echo good >"$tmp/www/a_1_all.deb"
cp "$tmp/www/a_1_all.deb" "$tmp/kept"

# An apt-get whose lists say what www held in the beginning.
sum=$(sha256sum <"$tmp/kept" | cut -d' ' -f1)
cat >"$tmp/stub/apt-get" <<E2
#!/bin/sh
echo "\$*" >>'$tmp/calls'
case \$* in
*print-uris*) echo "'http://x/a_1_all.deb' a_1_all.deb 5 SHA256:$sum" ;;
*download*) [ -e a_1_all.deb ] || cp '$tmp/www/a_1_all.deb' . ;;
esac
E2
chmod 755 "$tmp/stub/apt-get"
PATH=$tmp/stub:$PATH

cat >"$tmp/recipe" <<E2
set -eu
me=tiny update=
. '$top/share/recipes/common.d/recipe.sh'
suite=
. '$top/share/recipes/common.d/apt.sh'
closure() { echo "\$@"; }
copy_sources() { echo 'deb http://x bookworm main' >"\$1/debian.list"; }
begin
get_packages a
xargs cat <"\$work/debs"
E2
packages() {
	: >"$tmp/calls"
	mkdir "$tmp/o" && cd "$tmp/o" || return
	XRAY_ARCH=x86_64 sh "$tmp/recipe"
	code=$?
	cd / && rm -rf "$tmp/o"
	return $code
}
is 'a package' 0 good packages
ok 'was asked for' grep -q download "$tmp/calls"
is 'again, of the cache' 0 good packages
is 'asks nobody' 0 '' cat "$tmp/calls"
echo evil >"$XRAY_CACHE/debian/debs/a_1_all.deb"
is 'one that was changed in the cache comes anew' 0 good packages
is 'and is in the cache' 0 '' \
    cmp "$tmp/kept" "$XRAY_CACHE/debian/debs/a_1_all.deb"
echo a_1_all.deb >"$(echo "$XRAY_CACHE"/debian/*.set)"
echo evil >"$XRAY_CACHE/debian/debs/a_1_all.deb"
is 'a set without sums is none' 0 good packages
rm "$XRAY_CACHE/debian/debs/a_1_all.deb"
echo evil >"$tmp/www/a_1_all.deb"
says 'nor is one that comes otherwise: 69' 69 'cannot fetch' packages
cp "$tmp/kept" "$tmp/www/a_1_all.deb"

chmod 777 "$XRAY_CACHE"
says 'a cache that others can write to: 77' 77 'others can write.*chmod' packages
says 'not for a download either: 77' 77 'others can write to the cache' \
    xray base import https://127.0.0.1:9/a.qcow2
chmod 755 "$XRAY_CACHE"
if [ "$(id -u)" = 0 ]; then
	chown 65534 "$XRAY_CACHE"
	says 'the cache of another user: 77' 77 "another user's" packages
	says 'for a download: 77' 77 'belongs to another user' \
	    xray base import https://127.0.0.1:9/a.qcow2
else
	ok 'the cache of another user # SKIP not root' true
	ok 'for a download # SKIP not root' true
fi
