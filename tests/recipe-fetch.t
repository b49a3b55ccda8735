#!/bin/sh
# Recipes that fetch a distribution's image, from a server of our own with a
# key of our own: only what the signature leads to becomes a base.
. "${0%/*}/lib.sh"
plan 33
XRAY_CACHE=$tmp/cache GNUPGHOME=$tmp/gpg
export XRAY_CACHE GNUPGHOME
www=$tmp/www
mkdir -p "$www" "$GNUPGHOME"
chmod 700 "$GNUPGHOME"

# One request of HTTP: 200, 206 from where Range says, or 404.  When $www/cut
# is there, it breaks off after so many bytes.  Each request goes to the log.
cat >"$tmp/serve" <<'E'
#!/bin/sh
read -r _ path _
range=
while IFS= read -r line; do
	case $line in
	[Rr]ange:*) range=${line#*=} range=${range%-*} ;;
	?) break ;;
	esac
done
echo "$path ${range:-0}" >>"$0.log"
f=$(dirname "$0")/www$path
[ ! -d "$f" ] || f=$f/index
if [ ! -f "$f" ]; then
	printf 'HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n'
	exit
fi
size=$(stat -c %s "$f")
if [ -n "$range" ] && [ "$range" -ge "$size" ]; then
	printf 'HTTP/1.0 416 No\r\nContent-Length: 0\r\n\r\n'
	exit
fi
code='200 OK'
[ -z "$range" ] || code="206 Part\r\nContent-Range: bytes $range-$((size - 1))/$size"
printf "HTTP/1.0 $code\r\nContent-Length: $((size - ${range:-0}))\r\n\r\n"
cut=$(cat "$(dirname "$0")/cut" 2>/dev/null || echo "$size")
case $f in
*.img | *.qcow2) tail -c "+$((${range:-0} + 1))" "$f" | head -c "$cut" ;;
*) cat "$f" ;;
esac
E
chmod 755 "$tmp/serve"
socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork EXEC:"$tmp/serve" \
    2>"$tmp/socat" &
server=$!
port() { sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$tmp/socat"; }
has_port() { [ -n "$(port)" ]; }
until_ok 30 has_port
url=http://127.0.0.1:$(port)
trap 'kill $server 2>/dev/null; finish' EXIT

key() {
	gpg --batch --quiet --passphrase '' --quick-generate-key "$1" \
	    ed25519 sign never 2>"$tmp/gpg.log" &&
	    gpg --batch --quiet --export "$1" >"$tmp/$1.gpg"
}
key ours
key other
gpg --batch --armor --export ours >"$tmp/ours.asc"

# An image, and the lists as each of the two makes them.
ubuntu=noble-server-cloudimg-amd64.img
fedora=Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2
list=Fedora-Cloud-43-1.6-x86_64-CHECKSUM
qemu-img create -q -f qcow2 "$www/$ubuntu" 64M
qemu-io -c 'write -P 7 0 1M' "$www/$ubuntu" >/dev/null
cp "$www/$ubuntu" "$www/$fedora"
sign() {
	(cd "$www" && sha256sum -b "$ubuntu" >SHA256SUMS &&
	    gpg --batch --yes -q -u "$1" --detach-sign -o SHA256SUMS.gpg \
		SHA256SUMS
	echo "SHA256 ($fedora) = $(sha256sum "$fedora" | cut -d' ' -f1)" >c
	gpg --batch --yes -q -u "$1" --clear-sign -o "$list" c
	echo "<a href=\"$list\">$list</a>" >index)
}
sign ours

build() {
	recipe=$1
	shift
	xray base build --arch x86_64 "$recipe" -- --from "$url" "$@"
}
good() { build "$1" --keyring "$tmp/ours.gpg"; }
gone() { xray base remove -q -y "$1"; }
requests() { grep -c "$1" "$tmp/serve.log"; }

is 'ubuntu' 0 'Built base image: ubuntu' good ubuntu
is 'its facts' 0 'ubuntu
x86_64
uefi
ubuntu noble' sh -c 'for f in user arch firmware origin; do
    xray base info -H -o $f ubuntu; done'
ok 'its bytes' cmp "$www/$ubuntu" "$XRAY_HOME/bases/ubuntu/1/disk.qcow2"
is 'fedora, with its list signed inline' 0 'Built base image: fedora' \
    good fedora
is 'its user' 0 fedora xray base info -H -o user fedora
gone ubuntu
gone fedora
is 'again: the image is in the cache' 0 'Built base image: ubuntu
1' sh -c "xray base build --arch x86_64 ubuntu -- --from '$url' \
    --keyring '$tmp/ours.asc'; grep -c '$ubuntu' '$tmp/serve.log'"
gone ubuntu
says 'no key of ours, though the signature is good: 77' 77 \
    'signed by [0-9A-F]{40}, no key of ubuntu known' sh -c "
    mkdir '$tmp/r' && cd '$tmp/r' && sed 's,^keys_file=.*,keys_file=$tmp/ours.gpg,
	s,^here=.*,here=$top/share/recipes,' '$top/share/recipes/ubuntu' >u &&
    XRAY_ARCH=x86_64 sh ./u --from '$url'"
rm -rf "$XRAY_CACHE" "$tmp/r"

# pinned RECIPE FINGERPRINT...: the recipe as it is, where its own keys are
# these, one a line, and come from where it looks for them.
pinned() {
	mkdir "$tmp/r" && cd "$tmp/r" || return
	pin_me=$1
	shift
	awk -v pins="$(printf '%s ' "$@" | sed 's/ $//; s/ /\\n/g')" \
	    -v keys="$tmp/ours.gpg" -v here="$top/share/recipes" '
		/^here=/ { $0 = "here=" here }
		/^keys_file=/ { $0 = "keys_file=" keys }
		/^fingerprints=/ {
			print "fingerprints=\047" pins "\047"
			on = 1
			next
		}
		on && /^[0-9A-F]+\047?$/ { next }
		{ on = 0; print }' "$top/share/recipes/$pin_me" >u
	XRAY_ARCH=x86_64 sh ./u --from "$url"
	code=$?
	cd / && rm -rf "$tmp/r" "$XRAY_CACHE"
	return $code
}
ours=$(gpg --batch --with-colons --list-keys ours |
    awk -F: '$1 == "fpr" { print $10; exit }')
other=$(gpg --batch --with-colons --list-keys other |
    awk -F: '$1 == "fpr" { print $10; exit }')
for r in ubuntu fedora; do
	ok "$r: one of the keys known here" pinned $r "$other" "$ours" "$other"
	says "$r: none of the keys known here: 77" 77 "no key of $r known" \
	    pinned $r "$other" "$other"
done

# Nothing of what follows may leave a base, a stage or an image in the cache.
nothing_left() {
	[ -z "$(ls -A "$XRAY_HOME/bases")" ] && [ ! -e "$XRAY_CACHE/ubuntu/$ubuntu" ]
}
refused() {
	says "$1: $2" "$2" "$3" good "${4:-ubuntu}"
	ok "$1: nothing is left" nothing_left
}
sign other
refused 'signed by another' 77 'signature of the sums is not good'
refused 'fedora signed by another' 77 'signature .* is not good' fedora
sign ours
sed -i 's/^./x/' "$www/SHA256SUMS"
refused 'a list changed after signing' 77 'not good'
sign ours
sed -i 's/^SHA256 (Fedora/SHA256 (fedora/' "$www/$list"
refused 'an inline list changed after signing' 77 'not good' fedora
sign ours
echo x >>"$www/$ubuntu"
refused 'an image changed after signing' 77 'not what its signed sum says'
mv "$www/$ubuntu" "$www/kept"
refused 'no image' 69 'not whole|cannot be fetched'
rm "$www/SHA256SUMS"
refused 'no list' 69 'SHA256SUMS: cannot be fetched'
mv "$www/kept" "$www/$ubuntu"

sign ours
echo 100000 >"$tmp/cut"
: >"$tmp/serve.log"
says 'broken off: 69' 69 'the next try goes on' good ubuntu
ok 'what came is kept' [ -s "$XRAY_CACHE/ubuntu/$ubuntu.part" ]
rm "$tmp/cut"
is 'the next try goes on from there' 0 'Built base image: ubuntu' good ubuntu
ok 'and asked for the rest alone' grep -qE "$ubuntu [1-9]" "$tmp/serve.log"
ok 'the whole is right' cmp "$www/$ubuntu" \
    "$XRAY_HOME/bases/ubuntu/1/disk.qcow2"
gone ubuntu
mv "$XRAY_CACHE/ubuntu/$ubuntu" "$tmp/old"
head -c 50000 /dev/zero >"$XRAY_CACHE/ubuntu/$ubuntu.part"
is 'the rest of another image is not gone on with' 0 \
    'Built base image: ubuntu' good ubuntu
gone ubuntu
echo x >"$XRAY_CACHE/ubuntu/$ubuntu"
is 'nor is a damaged one taken' 0 'Built base image: ubuntu' good ubuntu
says 'another word that is no release: 64' 64 'not a release' \
    xray base build -n x ubuntu -- ../x
