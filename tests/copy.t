#!/bin/sh
# xray-copy, by rsync and by tar, with a guest that is a folder: xray ssh is
# replaced by a script.  What a guest can send is hostile.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
mkdir -p "$tmp/bin" "$tmp/guest/evil" "$tmp/here"
cp "$XRAY_BIN/xray-copy" "$XRAY_BIN/xray-untar" "$tmp/bin/"
cat >"$tmp/bin/xray-ssh" <<'S'
#!/bin/sh
while :; do
	case $1 in
	-q) shift ;;
	-o) shift 2 ;;
	*) break ;;
	esac
done
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
# links stay where they are
fromthere() { rm "$1/link" && same "$1" "$2" && ln -s plain "$1/link"; }
same() { diff -r --no-dereference "$1" "$2"; }

says 'one operand' 64 'a source and a destination' copy x
says 'no guest' 64 'neither a nor b is in a guest' copy a b
says 'guest to guest' 64 'not from guest to guest' copy v:a w:b
says 'an option nobody knows' 64 'no such option' copy --nope a v:b
says 'no such file here' 66 'nope: no such file' copy nope v:
says 'no such file there' 66 '^xray-copy: nope: no such file in the guest' copy v:nope .
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
	ok "$w: all names come, links do not" fromthere src new
	ok "$w: contents to a new folder here" sh -c "
	    '$tmp/bin/xray-copy' -q $way v:new/ back && diff -r src back |
	    grep -vx 'Only in src: link'; [ -f back/plain ]"
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
	is "$w: set-id bits, links and pipes stay there" 0 './d
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

# Streams of a hostile guest, one for each time its tar is asked, made by hand:
# $GUEST/stream.1 and on.
cat >"$GUEST/bin/tar" <<'S'
#!/bin/sh
[ "$1" != --help ] || exit 0
echo x >>"$GUEST/asked"
cat "$GUEST/stream.$(wc -l <"$GUEST/asked" | tr -d ' ')"
S
# send FILE MEMBER...: a stream of members of $tmp/mk as they are named.
send() {
	to=$GUEST/stream.$1
	shift
	tar -C "$tmp/mk" -P --no-recursion -cf "$to" "$@"
}
hostile() {
	rm -rf "$GUEST/asked" "$tmp/mk" "$tmp/victim" "$tmp/dst"
	mkdir -p "$tmp/mk" "$tmp/victim" "$tmp/dst"
	echo mine >"$tmp/victim/authorized_keys"
	touch "$GUEST/a" "$GUEST/b" "$GUEST/notes.txt"
}
untouched() { [ "$(ls -A "$tmp/victim")" = authorized_keys ] &&
    [ "$(cat "$tmp/victim/authorized_keys")" = mine ]; }

hostile
ln -s "$tmp/victim" "$tmp/mk/a"
send 1 ./a
rm "$tmp/mk/a" && mkdir -p "$tmp/mk/b" && echo evil >"$tmp/mk/b/authorized_keys"
send 2 --transform 's,^\./b/,./a/,' ./b/authorized_keys
copy --tar v:a v:b "$tmp/dst" 2>/dev/null
ok 'a second source does not go through a link of the first' untouched
hostile
ln -s "$tmp/victim" "$tmp/mk/a"
send 1 ./a
rm "$tmp/mk/a" && mkdir -p "$tmp/mk/a" && echo evil >"$tmp/mk/a/authorized_keys"
send 2 ./a/authorized_keys
copy --tar v:a v:a "$tmp/dst" 2>/dev/null
ok 'nor one that goes by the same name' untouched

hostile
mkdir -p "$tmp/mk/.ssh"
for f in notes.txt .bashrc .ssh/authorized_keys; do
	echo evil >"$tmp/mk/$f"
done
send 1 ./notes.txt ./.bashrc ./.ssh/authorized_keys
says 'what was not asked for ends the copy: 76' 76 \
    'bashrc: the guest sent what was not asked for' \
    copy --tar v:notes.txt "$tmp/dst"
is 'and is not there' 0 notes.txt ls -A "$tmp/dst"
hostile
mkdir -p "$tmp/dst/notes.txt"
echo evil >"$tmp/mk/notes.txt"
tar -C "$tmp/mk" -cf "$GUEST/stream.1" ./notes.txt
rm "$tmp/mk/notes.txt" && mkdir "$tmp/mk/notes.txt" &&
    echo evil >"$tmp/mk/notes.txt/x"
tar -C "$tmp/mk" -rf "$GUEST/stream.1" ./notes.txt
says 'a file to a new name, and a folder to the old' 76 'not asked for' \
    copy --tar v:notes.txt "$tmp/dst/new"
is 'is not made' 0 '' ls -A "$tmp/dst/notes.txt"

# A folder that nobody can read hid its links from a look afterwards.
hostile
mkdir -p "$tmp/mk/a/dark"
ln -s "$tmp/victim" "$tmp/mk/a/dark/l"
tar -C "$tmp/mk" --mode=000 -cf "$GUEST/stream.1" ./a
copy --tar v:a "$tmp/dst" 2>/dev/null
chmod -R u+rwx "$tmp/dst"
is 'a folder of mode 000 hides no link' 0 '' find "$tmp/dst" -type l
rm "$tmp/mk/a/dark/l" && mkdir "$tmp/mk/a/dark/l" &&
    echo evil >"$tmp/mk/a/dark/l/authorized_keys"
tar -C "$tmp/mk" -cf "$GUEST/stream.2" ./a
copy --tar v:a "$tmp/dst" 2>/dev/null
ok 'and the next copy leads nowhere' untouched

# Room: here there has to be more than any disk has.
hostile
head -c 3000000 /dev/zero >"$tmp/mk/notes.txt"
send 1 ./notes.txt
cp "$GUEST/stream.1" "$GUEST/stream.2"
mkdir -p "$XRAY_HOME" && chmod 700 "$XRAY_HOME"
echo 'min_free = 900000T' >"$XRAY_HOME/config.ini"
says 'no more than min_free allows: 75' 75 'min_free is' \
    copy --tar v:notes.txt "$tmp/dst"
is 'nothing is left' 0 '' ls -A "$tmp/dst"
ok '-f does not look' copy -f --tar v:notes.txt "$tmp/dst"
ok 'and all is there' cmp "$tmp/mk/notes.txt" "$tmp/dst/notes.txt"
rm "$XRAY_HOME/config.ini"

# A link where the file is to be is replaced, a device is not.
hostile
echo new >"$tmp/mk/notes.txt"
send 1 ./notes.txt
ln -s "$tmp/victim/authorized_keys" "$tmp/dst/notes.txt"
ok 'a link in the place of the file' copy --tar v:notes.txt "$tmp/dst"
ok 'is not written through' untouched
is 'and gone' 0 new cat "$tmp/dst/notes.txt"
hostile
echo new >"$tmp/mk/notes.txt"
send 1 ./notes.txt
mkfifo "$tmp/dst/p"
says 'a pipe in the way: 73' 73 'in the way' copy --tar v:notes.txt \
    "$tmp/dst/p"

# What a guest prints.
cat >"$GUEST/bin/tar" <<'S'
#!/bin/sh
[ "$1" != --help ] || exit 0
printf '\033]0;evil\007\233m said\n' >&2
case $* in *x*) printf '\033[2J'; cat >/dev/null ;; esac
exit 3
S
touch src/plain
is 'its errors are masked' 0 0 sh -c \
    '"$0" --tar v:notes.txt "$1" 2>&1 | tr -d "\n -~" | wc -c | tr -d " "' \
    "$tmp/bin/xray-copy" "$tmp/dst"
is 'and what it prints itself is not shown' 0 0 sh -c \
    '"$0" --tar src v:dir/ 2>&1 | tr -d "\n -~" | wc -c | tr -d " "' \
    "$tmp/bin/xray-copy"
rm "$GUEST/bin/tar"

# --delete from a guest.
hostile
rm -rf "$GUEST/d" && mkdir -p "$GUEST/d/sub" "$tmp/dst/old" "$tmp/dst/sub"
echo x >"$GUEST/d/sub/f"
ln -s f "$GUEST/d/sub/l"
touch "$tmp/dst/sub/l" "$tmp/dst/sub/gone" "$tmp/dst/.old"
ln -s "$tmp/victim" "$tmp/dst/old/l"
ok '--delete from a guest' copy --delete v:d/ "$tmp/dst"
is 'removes what is not there' 0 'sub/f
sub/l' sh -c 'cd "$0" && find . ! -type d | sed s,./,, | LC_ALL=C sort' \
    "$tmp/dst"
ok 'and follows no link' untouched
mkdir -p "$GUEST/bin"
printf '#!/bin/sh\n%s "$@"\n[ "$1" = --help ]\n' "$(command -v tar)" \
    >"$GUEST/bin/tar" && chmod +x "$GUEST/bin/tar"
touch "$tmp/dst/more"
says 'not after errors of the guest' 74 'nothing was removed' \
    copy --delete v:d/ "$tmp/dst"
ok 'nothing is removed' test -e "$tmp/dst/more"
rm "$GUEST/bin/tar"
mkdir -p "$tmp/dst/beside"
ok '--delete of a folder by its name' copy --delete v:d "$tmp/dst"
ok 'leaves what is beside it' test -d "$tmp/dst/beside"
says '--delete from two' 64 'one source' copy --delete v:d v:a "$tmp/dst"

ln "$GUEST/d/sub/f" "$GUEST/d/sub/twin"
ok 'a file of two names comes' copy v:d/ "$tmp/dst/twins"
ok 'by both' cmp "$tmp/dst/twins/sub/f" "$tmp/dst/twins/sub/twin"
says 'a link by its name' 76 'name what it leads to' \
    copy v:d/sub/l "$tmp/dst"
is '--version and --help leave no folder' 0 '' sh -c '
    mkdir "$1" && export TMPDIR="$1"
    "$0" --version >/dev/null; "$0" --help >/dev/null; ls -A "$1"' \
    "$XRAY_BIN/xray-copy" "$tmp/tmpdir"
plan "$n"
