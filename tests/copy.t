#!/bin/sh
# xray-copy, by rsync and by tar, with a guest that is a folder: xray ssh is
# replaced by a script.  What a guest can send is hostile.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
mkdir -p "$tmp/bin" "$tmp/guest/evil" "$tmp/here"
cp "$XRAY_BIN/xray-copy" "$tmp/bin/"
cat >"$tmp/bin/xray-ssh" <<'S'
#!/bin/sh
[ "$1" != -q ] || shift
shift
[ "$1" != -- ] || shift
cd "$GUEST" || exit 69
PATH=$GUEST/bin:$PATH exec sh -c "$*"
S
chmod +x "$tmp/bin/xray-ssh"
export GUEST="$tmp/guest"
copy() { "$tmp/bin/xray-copy" -q "$@"; }
cd "$tmp/here" || exit 1
nl='a
new line '
# names FOLDER: a tree of names that shells and options stumble over.
names() {
	mkdir -p "$1/sub dir/deep"
	for f in plain '-rf' 'a b' "it's" '"$(echo no)"' "$nl" 'back\slash' '*' \
	    'a:b'; do
		echo "$f" >"$1/$f"
	done
	echo deep >"$1/sub dir/deep/file"
	chmod 755 "$1/plain"
	ln -s plain "$1/link"
	touch -d 2001-02-03 "$1/plain"
}
same() { diff -r --no-dereference "$1" "$2"; }

says 'one operand' 64 'a source and a destination' copy x
says 'no guest' 64 'neither a nor b is in a guest' copy a b
says 'guest to guest' 64 'not from guest to guest' copy v:a w:b
says 'an option nobody knows' 64 'no such option' copy --nope a v:b
says 'no such file here' 66 'nope: no such file' copy nope v:
says 'no such file there' 66 'nope: no such file in the guest' copy v:nope .
says 'no such folder there' 66 'no/such: no such folder in the guest' \
    copy "$tmp/bin/xray-copy" v:no/such
says 'no such folder here' 66 'no/such: no such folder' \
    copy v:evil no/such

ways='--tar'
command -v rsync >/dev/null && ways='--tar -v'
for way in $ways; do
	w=rsync
	[ "$way" = -v ] || w=tar
	rm -rf "$tmp/here" "$tmp/guest"
	mkdir -p "$tmp/here" "$tmp/guest/home"
	cd "$tmp/here" || exit 1
	names src
	ok "$w: a folder to a guest" copy "$way" src v:
	ok "$w: all names arrive" same src "$tmp/guest/src"
	ok "$w: a folder's contents, to a new one" copy "$way" src/ v:new
	ok "$w: are the same" same src "$tmp/guest/new"
	ok "$w: again, into what is there" copy "$way" src/ v:new
	ok "$w: and from there" copy "$way" v:new .
	ok "$w: all names come" same src new
	ok "$w: contents to a new folder here" sh -c "
	    '$tmp/bin/xray-copy' -q $way v:new/ back && diff -r src back"
	is "$w: a program stays one" 0 755 stat -c %a new/plain
	ok "$w: -a keeps the time" sh -c "
	    '$tmp/bin/xray-copy' -q $way -a src/ v:kept &&
	    '$tmp/bin/xray-copy' -q $way -a v:kept/ kept &&
	    [ kept/plain -ot '$tmp/bin' ] && [ '$GUEST/kept/plain' -ot '$tmp/bin' ]"
	for f in -rf 'a b' "it's" "$nl" 'back\slash'; do
		is "$w: a file '$(echo "$f" | tr '\n' ' ')' to a new name and back" 0 "$f" sh -c '
		    "$0" -q "$1" "src/$2" "v:x $2" && "$0" -q "$1" "v:x $2" "./y $2" &&
		    cat "./y $2"' "$tmp/bin/xray-copy" "$way" "$f"
	done
	ok "$w: several files" copy "$way" src/plain 'src/a b' v:home
	ok "$w: several files from there" copy "$way" v:home/plain 'v:home/a b' back
	says "$w: told at the end" 0 '^1 file, [0-9]+ B, [0-9]+ s$' \
	    "$tmp/bin/xray-copy" "$way" src/plain v:
	ok "$w: V's form, to" copy "$way" v src/plain :home/v1
	ok "$w: V's form, from" copy "$way" v :home/v1 v2
	ok "$w: the same" cmp src/plain v2
	ok "$w: a name with a colon is a path with a slash" \
	    copy "$way" ./src/a:b v:home
	ok "$w: ~ is the guest's" copy "$way" src/plain 'v:~/home/tilde'
	ok "$w: there" test -f "$GUEST/home/tilde"

	# What a guest can give.
	mkdir -p "$GUEST/evil/d"
	echo x >"$GUEST/evil/suid"
	chmod 6755 "$GUEST/evil/suid"
	ln -s "$tmp/outside" "$GUEST/evil/abs"
	ln -s ../../outside "$GUEST/evil/up"
	ln -s d/../../../outside "$GUEST/evil/d/updown"
	ln -s suid "$GUEST/evil/fine"
	mkfifo "$GUEST/evil/pipe"
	copy "$way" -a v:evil . 2>"$tmp/err"
	is "$w: set-id bits, links that lead outside, pipes stay there" 0 './d
./fine
./suid
755' sh -c 'cd evil && find . ! -name . | LC_ALL=C sort; stat -c %a suid'
done
if [ "$w" = rsync ]; then
	echo gone >"$GUEST/new/extra"
	ok 'rsync: --delete' copy --delete src/ v:new
	ok 'rsync: removes what is not here' same src "$GUEST/new"
fi
says '--delete with tar is refused' 69 '--delete needs rsync' \
    copy --delete --tar src/ v:new

# A tar in the guest that sends what it likes: members named in $EVIL.
mkdir -p "$GUEST/bin" "$tmp/mk/x"
printf '#!/bin/sh\ncat "$GUEST/stream"\n' >"$GUEST/bin/tar"
chmod +x "$GUEST/bin/tar"
echo evil >"$tmp/mk/x/file"
# stream TRANSFORM [MEMBER]: a stream whose names are changed so.
stream() { tar -C "$tmp/mk" -P -cf "$GUEST/stream" --transform "$1" x/file; }
rm -rf in && mkdir in
stream "s,.*,$tmp/outside,"
copy --tar v:evil in 2>/dev/null
ok 'a stream with an absolute name stays inside' not test -e "$tmp/outside"
stream 's,.*,../../../outside,'
copy --tar v:evil in 2>/dev/null
ok 'and one with ..' not sh -c \
    "test -e '$tmp/outside' || test -e outside || test -e ../outside"
ln -s "$tmp/away" "$tmp/mk/l"
mkdir -p "$tmp/away"
tar -C "$tmp/mk" -P -cf "$GUEST/stream" l --transform 's,^x/,l/,' x/file
copy --tar v:evil in 2>/dev/null
ok 'and one that goes through a link of its own' not test -e "$tmp/away/file"
ln -s "$tmp/away" in/l
tar -C "$tmp/mk" -P -cf "$GUEST/stream" --transform 's,^x/,./evil/../l/,' x/file
copy --tar v:evil in 2>/dev/null
ok 'and one that goes by .. through a link that is there' \
    not test -e "$tmp/away/file"
tar -C "$tmp/mk" -P -cf "$GUEST/stream" --transform 's,^x/,l/,' x/file
copy --tar v:evil in 2>/dev/null
ok 'and one that goes through a link that is there' \
    not test -e "$tmp/away/file"
head -c 700 "$GUEST/stream" >"$GUEST/cut" && mv "$GUEST/cut" "$GUEST/stream"
ok 'a stream that is cut is an error' not copy --tar v:evil in
is 'nothing is left in TMPDIR' 0 '' sh -c \
    "TMPDIR='$tmp/here' '$tmp/bin/xray-copy' -q --tar v:evil in 2>/dev/null
    ls -d '$tmp/here'/xray-copy.* 2>/dev/null || :"
echo one >one
is 'common options, several in a word' 0 '' \
    "$tmp/bin/xray-copy" -aq --color no one v:common
ok 'it is there' test -f "$GUEST/common"
says 'a colour that is none' 64 'yes, no or auto' \
    "$tmp/bin/xray-copy" --color=pink one v:common
plan "$n"
