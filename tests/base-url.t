#!/bin/sh
# xray-base import URL: by curl, resumed, held to its sum.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
command -v curl >/dev/null || skip_all 'no curl'
plan 44
cd "$tmp" || exit 1
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY XDG_CACHE_HOME
echo 'max-filesize = 1' >"$HOME/.curlrc" # nobody reads it
export no_proxy=127.0.0.1
cache=$tmp/.cache/xray/fetch
qemu-img create -q -f qcow2 image 64M
qemu-io -c 'write -P 7 1M 2M' image >/dev/null
sum=$(sha256sum <image | cut -d' ' -f1)
size=$(stat -c %s image)

# serve FILE [CUT [ETAG]]: a server of it; $url is where.
serve() {
	if [ -n "${peer-}" ]; then
		kill "$peer"
		wait "$peer" 2>/dev/null
	fi
	rm -f log
	"$XRAY_OBJ/tests/http-peer" "$1" port log "${2:-0}" "${3-}" &
	peer=$!
	until_ok 20 test -s log || exit 1
	: >log
	url=http://127.0.0.1:$(cat port)
}
import() { xray base import -q "$@"; }
left() {
	for f in "$cache"/* "$cache"/.[!.]* "$XRAY_HOME"/bases/* \
	    "$XRAY_HOME"/bases/.[!.]*; do
		[ ! -e "$f" ] || echo "${f##*/}"
	done
}

serve image
says 'http without a sum: 64' 64 'nobody vouches.*--sha256' import "$url/a.img"
says 'another protocol: 64' 64 'only https is fetched' import ftp://a.example/b
says 'no file by URL either' 64 'only https' import file:///etc/hostname
says 'a link to a URL: 64' 64 'leave out --link' \
    import --link https://a.example/b.img
says 'a sum that is none: 64' 64 '64 hexadecimal' import --sha256 12 image
is 'nobody was asked' 0 '' cat log
is 'a URL, its name the file'\''s' 0 'Imported base image: noble-amd64' \
    xray base import --sha256 "$sum" "$url/noble-amd64.img?x=y.z#w"
is 'byte for byte, its user and origin told' 0 "$sum
ubuntu
$url/noble-amd64.img" \
    xray base info -H -o sha256,user,origin noble-amd64
is 'the cache is empty' 0 noble-amd64 left
xray base remove -q -y noble-amd64
wrong=$(printf %064d 0)
says 'another sum: 65' 65 "its sha256 is $sum, not $wrong.*removed" \
    import --sha256 "$wrong" "$url/a.img"
is 'and the download is gone' 0 '' left
says 'no such file there: 66' 66 'answers 404' \
    import --sha256 "$sum" "$url/missing"
says 'a server in trouble: 75' 75 'answers 500' \
    import --sha256 "$sum" "$url/broken"
says 'a redirect to a file: 77' 77 'curl: ' import --sha256 "$sum" "$url/away"
is 'nothing of it is left' 0 '' left

serve image 1000000 '"v1"'
says 'cut off: 75, and how to go on' 75 'cut off at 1[.0-9]* MB; the same' \
    import --sha256 "$sum" "$url/a.img"
says 'cut off again' 75 'cut off at 2[.0-9]* MB' \
    import --sha256 "$sum" "$url/a.img"
ok 'the third has it' import --sha256 "$sum" "$url/a.img"
is 'each went on from where the last was cut' 0 '/a.img from 0
/a.img from 1000000
/a.img from 2000000' cat log
is 'the whole is what it should be' 0 "$sum" xray base info -H -o sha256 a
is 'the download is not kept' 0 a left

# What is gone on with has to be the same file.
serve image 1000000 '"v1"'
says 'cut off' 75 'cut off at 1' import --sha256 "$sum" "$url/b.img"
for f in "$cache"/*.part; do
	printf x | dd of="$f" bs=1 seek=500000 conv=notrunc status=none
done
serve image 0 '"v2"'
is 'one that has another tag by now comes anew' 0 "$sum" sh -c "
    xray base import -q -n b --sha256 '$sum' '$url/b.img' &&
    xray base info -H -o sha256 b"
is 'after one look' 0 '/b.img from 0
/b.img from 0' cat log
# A part of another URL, whose name and tag are the same.
serve image 1000000 '"v1"'
says 'cut off' 75 'cut off at 1' import --sha256 "$sum" "$url/o.img"
for f in "$cache"/*.part; do
	printf x | dd of="$f" bs=1 seek=500000 conv=notrunc status=none
	printf '%064d' 0 >"$f.url"
done
serve image 0 '"v1"'
ok 'what came of another URL is not gone on with' \
    import -n o --sha256 "$sum" "$url/o.img"
is 'but comes anew' 0 '/o.img from 0' tail -n 1 log

# A URL with a password: neither in curl's arguments nor in a message.
mkdir stub
cat >stub/curl <<E
#!/bin/sh
echo "\$*" >>'$tmp/args'
exec '$(command -v curl)' "\$@"
E
chmod 755 stub/curl
pass=http://me:token@${url#*//}
shown() { "$@" 2>&1 | grep -q token; }
PATH=$tmp/stub:$PATH
ok 'a URL with a password' \
    import -n pw --sha256 "$sum" "$pass/p.img?key=token"
PATH=${PATH#*:}
ok 'curl ran' grep -q redirs args
is 'and had none among its arguments' 1 '' grep token args
is 'nor does the base know it' 1 '' grep token "$XRAY_HOME/bases/pw/base.ini"
not_shown() { ok "$1" not shown import -n x "$2"; }
not_shown 'nor who reads: http without a sum' "$pass/p.img?token"
not_shown 'another protocol' "ftp://me:token@a.example/p?token"
not_shown 'no server' "https://me:token@127.0.0.1:9/"
ok 'quotes and backslashes' import -n quote --sha256 "$sum" "$url"'/a".\img'
says 'a line break in a URL: 64' 64 'control character' \
    import -n x --sha256 "$sum" "$url/a
output = evil"
for i in "$XRAY_HOME"/bases/*; do xray base remove -q -y "${i##*/}"; done
serve image 1000000
says 'cut off where there are no ranges' 75 'cut off at 1' \
    import --sha256 "$sum" "$url/plain"
serve image
# as a kill between the writing of a file and its name leaves them
for part in "$cache"/*.part; do
	part=${part##*/}
	: >"$cache/.$part.etag.new"
	: >"$cache/.$part.url.new"
done
ok 'comes anew too' import -n c --sha256 "$sum" "$url/plain"
is 'and leaves nothing, nor do those who were killed' 0 '' ls -A "$cache"

# What killed imports leave of a URL: a part that the next one takes.
serve image 0 '"v1"'
for i in 1 2 3 4 5 6 7 8; do
	timeout -s KILL "0.0$i" xray base import -q -n "k$i" --sha256 "$sum" \
	    "$url/k.img" 2>/dev/null
done
ok 'killed eight times, then whole' import -n k --sha256 "$sum" "$url/k.img"
is 'no trace' 0 '' sh -c "ls -A '$cache' && ls -A '$XRAY_HOME/bases' |
    grep '^[.]'; :"

# A download of a foreign format, and two at once of one.
qemu-img convert -f qcow2 -O vdi image image.vdi
vdi=$(sha256sum <image.vdi | cut -d' ' -f1)
serve image.vdi 0 '"v3"'
ok 'one that is converted' import -n vdi --sha256 "$vdi" "$url/x.vdi"
ok 'its content is the same' qemu-img compare -q image \
    "$XRAY_HOME/bases/vdi/1/disk.qcow2"
is 'and nothing is kept' 0 '' ls -A "$cache"
kill "$peer"
