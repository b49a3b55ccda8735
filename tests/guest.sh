#!/bin/sh
# guest.sh DIR BASE: build tiny, tiny-arm or debian into DIR/home once; again
# when its recipe has changed.  The packages come from the user's cache.
set -eu
dir=$1 base=$2 arch=
here=$(cd "${0%/*}" && pwd)
top=${here%/tests}
recipe=${base%-arm}
[ "$base" = "$recipe" ] || arch=aarch64
stamp=$(cd "$top/share/recipes" &&
    find common.d "$recipe" "$recipe.d" -type f -exec cksum {} + | sort | cksum)
if [ -f "$dir/$base.ready" ] && [ "$(cat "$dir/$base.ready")" = "$stamp" ]; then
	exit 0
fi
XRAY_HOME=$dir/home PATH=${XRAY_BIN:-$top/bin}:$PATH
export XRAY_HOME PATH
mkdir -p "$dir"
rm -f "$dir/$base.ready"
if [ -d "$dir/home/bases/$base" ]; then
	xray base remove -y "$base"
fi
xray base build -n "$base" ${arch:+--arch $arch} "$recipe"
echo "$stamp" >"$dir/$base.ready"
