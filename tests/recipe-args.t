#!/bin/sh
# Recipes called wrongly, or where something they need is missing: a code and
# a line, and nothing is left.
. "${0%/*}/lib.sh"
plan 31
recipes=$top/share/recipes
mkdir "$tmp/empty"
cd "$tmp/empty" || exit 1
XRAY_CACHE=$tmp/cache
export XRAY_CACHE
machine=$(uname -m)
strange=aarch64
[ "$machine" = x86_64 ] || strange=x86_64

is 'the recipes' 0 'debian
fedora
tiny
ubuntu' xray base build -l
says 'an unknown recipe: 66' 66 'nope: no such recipe; xray base build -l' \
    xray base build nope
for r in debian fedora tiny ubuntu; do
	ok "$r: help" sh -c "'$recipes/$r' -h | grep -q '^usage: $r'"
	says "$r: an unknown option: 64" 64 "usage: $r" "$recipes/$r" -Z
	says "$r: not a name for a user: 64" 64 'R: not a name for a user' \
	    env XRAY_SSH_USER=R "$recipes/$r"
	says "$r: a processor nobody knows: 69" 69 'vax: only' \
	    env XRAY_ARCH=vax "$recipes/$r"
done
for r in debian tiny; do
	says "$r: not a name for a package: 64" 64 '../x: not a name' \
	    "$recipes/$r" ../x
done
says 'debian: not a time zone: 64' 64 '../x: not a time zone' \
    env XRAY_TIMEZONE=../x "$recipes/debian"
says 'debian: not a locale: 64' 64 'german: not a locale' \
    env XRAY_LOCALE=german "$recipes/debian"
says 'debian: no such script: 66' 66 '/nope: no such file' \
    env XRAY_SCRIPT=/nope "$recipes/debian"
says 'debian: not a suite: 64' 64 'a b: not a release' \
    "$recipes/debian" --suite 'a b'
says 'debian: of the other processor: 69' 69 "$strange: only this host" \
    env XRAY_ARCH=$strange "$recipes/debian"
says 'ubuntu: an address that is none: 64' 64 'not an http' \
    "$recipes/ubuntu" --from file:///etc
says 'ubuntu: a keyring that is not there: 66' 66 'no such file' \
    "$recipes/ubuntu" --from http://127.0.0.1:9 --keyring /nope
says 'ubuntu: nobody answers: 69' 69 'cannot be fetched' \
    "$recipes/ubuntu" --from http://127.0.0.1:9 --keyring /etc/passwd
is 'what they began is gone' 0 '' find "$tmp/empty" -type f
mkdir work
says 'a folder that is not empty: 74' 74 'has to be an empty folder' \
    "$recipes/tiny"
rmdir work

# A folder of links to programs, without mmdebstrap or mtools.
mkdir "$tmp/few"
for c in sh uname id dirname sed mkdir rm cat env; do
	ln -s "$(command -v $c)" "$tmp/few/$c"
done
is 'what is not installed is told, with what mends it' 69 '' sh -c "
    PATH=$tmp/few '$recipes/tiny' 2>'$tmp/e'; c=\$?
    grep -q 'mtools.*share/deps mends it' '$tmp/e' && exit \$c"
