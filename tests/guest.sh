#!/bin/sh
# guest.sh DIR: build the tiny base into DIR/home once; again when the recipe
# has changed.
set -eu
dir=$1
here=$(cd "${0%/*}" && pwd)
top=${here%/tests}
stamp=$(find "$top/share/recipes" -type f -exec cksum {} + | sed 's, .*/, ,' |
    sort | cksum)
if [ -f "$dir/ready" ] && [ "$(cat "$dir/ready")" = "$stamp" ]; then
	exit 0
fi
rm -rf "$dir"
mkdir -p "$dir"
XRAY_HOME=$dir/home PATH=${XRAY_BIN:-$top/bin}:$PATH
export XRAY_HOME PATH
xray base build tiny
echo "$stamp" >"$dir/ready"
