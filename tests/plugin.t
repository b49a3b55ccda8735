#!/bin/sh
# Plug-ins: which are run, what they are given, what the help says of them,
# and their settings.  The example of xray-plugins(7) is run as it stands.
. "${0%/*}/lib.sh"
umask 022
plan 43
empty_base
xray create -q -c 1 web
folder=$XRAY_HOME/plugins
mkdir "$folder"

# script NAME: a plug-in, or a program of that path, from standard input.
script() {
	case $1 in
	*/*) f=$1 ;;
	*) f=$folder/xray-$1 ;;
	esac
	cat >"$f" && chmod 755 "$f"
}
list() { xray 2>&1 | sed '1,/^house/d'; }
is 'none: nothing is said of them' 0 '' list

# ---- run
script foo <<'P'
#!/bin/sh
echo "$0: $*"
echo "$XRAY_HOME ${PATH%%:*}"
exit 3
P
is 'arguments, exit code, XRAY_HOME, our programs first' 3 \
    "$folder/xray-foo: a  b
$XRAY_HOME $XRAY_BIN" env PATH="/usr/bin:/bin" "$XRAY_BIN/xray" foo 'a  b'
mkdir -p "$tmp/.xray/plugins" "$tmp/path"
chmod 700 "$tmp/.xray"
cp "$folder/xray-foo" "$tmp/.xray/plugins"
is 'without XRAY_HOME it is told where the home is' 3 \
    "$tmp/.xray/plugins/xray-foo: 
$tmp/.xray $XRAY_BIN" env -u XRAY_HOME xray foo
script "$tmp/path/xray-foo" <<'P'
#!/bin/sh
echo on PATH
P
cp "$tmp/path/xray-foo" "$tmp/path/xray-bar"
is 'the folder comes before PATH' 3 '' sh -c '
    PATH=$1:$PATH xray foo >/dev/null' - "$tmp/path"
is 'on PATH' 0 'on PATH' env PATH="$tmp/path:$PATH" xray bar
is 'an empty part of PATH is not this folder' 64 '' sh -c '
    cd "$1" && PATH=:$PATH xray bar 2>/dev/null' - "$tmp/path"
chmod 644 "$folder/xray-foo"
says 'not executable: 126' 126 'xray-foo: Permission denied' xray foo
chmod 755 "$folder/xray-foo"

# ---- refused
chmod 757 "$folder/xray-foo"
says 'others can write to it: 77, and the mend' 77 \
    "^xray: $folder/xray-foo: others can write to it; chmod go-w $folder/xray-foo\$" \
    xray foo
says 'help does not run it either' 77 'others can write' xray help foo
is 'nor describe it' 0 'plug-ins  foo' list
script told <<'P'
#!/bin/sh
[ "$1" = --xray-describe ] && echo ran >>"$XRAY_HOME/ran"
P
list >"$tmp/described"
ok 'what has a description is asked for it' test -e "$XRAY_HOME/ran"
rm "$XRAY_HOME/ran"
chmod 757 "$folder/xray-told"
list >"$tmp/described"
ok 'but not when others can write to it' test ! -e "$XRAY_HOME/ran"
rm "$folder/xray-told"
chmod 755 "$folder/xray-foo"
chmod 777 "$folder"
says 'to the folder' 77 "$folder: others can write to it; chmod go-w" xray foo
chmod 1777 "$folder"
is 'where only we can put ours aside' 3 '' sh -c 'xray foo >/dev/null'
chmod 755 "$folder"
chmod 707 "$XRAY_HOME"
says 'to the home' 77 "$XRAY_HOME: others can write to it" xray foo
chmod 700 "$XRAY_HOME"
chmod 777 "$tmp/path"
says 'to a folder of PATH' 77 'path: others can write to it; chmod go-w' \
    env PATH="$tmp/path:$PATH" xray bar
chmod 755 "$tmp/path"
mkdir "$tmp/away"
mv "$folder/xray-foo" "$tmp/away"
ln -s "$tmp/away/xray-foo" "$folder/xray-foo"
chmod 777 "$tmp/away"
says 'to where a link leads' 77 'away: others can write to it' xray foo
chmod 755 "$tmp/away"
is 'a link of ours to a place of ours' 3 '' sh -c 'xray foo >/dev/null'

# ---- help
script dumb <<P
#!/bin/sh
: >"$tmp/was-run"
P
script told <<P
#!/bin/sh
[ "\$1" = --xray-describe ] || { echo "told \$*"; exit; }
readlink /proc/self/fd/0 >"$tmp/fd0"
echo noise >&2
printf 'tells \033[31m all\nmore\n'
P
script late <<'P'
#!/bin/sh
# --xray-describe
exec sleep 60
P
script fails <<'P'
#!/bin/sh
# --xray-describe
echo no; exit 1
P
is 'one line each, masked, in order; what does not tell by its name' 0 \
    'plug-ins  dumb
          fails
          foo
          late
          told: tells \033[31m all' list
is 'with nothing to read' 0 /dev/null cat "$tmp/fd0"
ok 'one that does not know the option is not run' not test -e "$tmp/was-run"
is 'nothing of it on standard error of help' 0 '' sh -c 'xray help 2>&1 >/dev/null'
is 'help has a line for each' 0 'told       tells \033[31m all' sh -c \
    'xray help | grep ^told'
is 'help NAME: its own' 0 'told --help' xray help told
is 'a program on PATH too' 0 'on PATH' env PATH="$tmp/path:$PATH" xray help bar
says 'help of nothing' 64 'nope: no such command' xray help nope
rm "$folder"/xray-*

# ---- hidden
for name in list ls snap; do
	script $name <<'P'
#!/bin/sh
# --xray-describe
echo mine
P
done
is 'a command is not replaced, nor an alias' 0 'web
web' sh -c 'xray list -q; xray ls -q'
is 'help says so' 0 'plug-ins  list: hidden by the command
          ls: hidden by the command
          snap: hidden by the command' list
is 'so does doctor' 0 'note  list: hidden by the command
note  ls: hidden by the command
note  snap: hidden by the command' sh -c "xray doctor --home -H -o state,what,text |
    awk -F'\t' '\$2 == \"plug-in\" { split(\$3, t, \" of\"); print \$1 \"  \" t[1] }'"
mkdir -p "$tmp/half/bin" && ln -s "$top/share" "$tmp/half/share"
cp "$XRAY_BIN/xray" "$tmp/half/bin"
says 'not even when the command is not there' 69 \
    'half/bin/xray-snap: not there' "$tmp/half/bin/xray" snap
rm "$folder"/xray-*
script foo </dev/null
chmod 777 "$folder/xray-foo"
is 'doctor finds what is refused' 1 '' sh -c 'xray doctor --home >/dev/null'
ok 'and names the mend' sh -c 'xray doctor --home | grep -q "^bad.*plug-in.*chmod go-w"'
rm "$folder"/xray-*

# ---- settings
is 'set, for all' 0 'Set plugin.a.b = all' xray config set plugin.a.b all
is 'a VM has it too' 0 all xray config get web plugin.a.b
is 'set, of a VM' 0 'Set plugin.a.b = its own' \
    xray config set web plugin.a.b 'its own'
is 'that comes first' 0 'its own
all' sh -c 'xray config get web plugin.a.b; xray config get plugin.a.b'
xray config set -q plugin.a.c more
is 'show --origin' 0 'plugin.a.b=its own	vms/web/vm.ini
plugin.a.c=more	config.ini' sh -c 'xray config show --origin web |
    grep ^plugin | sed "s/:[0-9]*$//"'
says 'so already' 0 'web: plugin.a.b: so already' \
    xray config set web plugin.a.b 'its own'
ok 'the VM is as it was' sh -c 'xray info web && xray doctor --vm web'
is 'unset' 0 'Unset plugin.a.b' xray config unset web plugin.a.b
is 'the other counts' 0 all xray config get web plugin.a.b
says 'was not set' 0 'was not set' xray config unset web plugin.a.b

# ---- the example: its text, and then what is typed and what comes of it.
page() {
	awk -v want="$1" '/^\.Sh/ { ex = $2 == "EXAMPLES" } /^\.Bd/ { n++; next }
	    /^\.Sh/ { n = 0 } /^\.Ed/ { next }
	    ex && n == want && /^[^.]/' "$top/man/xray-plugins.7"
}
page 1 | sed '/^And what comes/d' >"$folder/xray-greet"
ln -s "$XRAY_HOME" "$tmp/.xray2"
rm -rf "$tmp/.xray" && mv "$tmp/.xray2" "$tmp/.xray"
page 2 | sed -n 's/^\$ //p' >"$tmp/typed"
is 'the example of the page does what it says' 0 "$(page 2 | grep -v '^\$ ')" \
    sh "$tmp/typed"
