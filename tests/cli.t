#!/bin/sh
# The dispatcher, and what every command does with a command line.
. "${0%/*}/lib.sh"
commands='base create start stop list info remove ssh connect wait key qmp
snap argv console monitor screenshot log ssh-config copy completion'
plan 69

is 'version' 0 "xray $(cat "$top/share/version")" xray --version
says 'no command: usage, 64' 64 '^usage: xray COMMAND' xray
says 'unknown command names the nearest' 64 'lst: no such command \(l(i|)st?\?|ls\?\)' \
    xray lst
says 'unknown command far from all' 64 'no such command; xray help' \
    xray frobnicate
says 'no path as a command' 64 'not a command' xray ../bin/xray-list
ok 'help lists every command' sh -c 'xray help | grep -q "^snap  *take"'
says 'no prefix matching' 64 'no such command' xray lis

mkdir -p "$XRAY_HOME/plugins"
chmod 700 "$XRAY_HOME"
printf '#!/bin/sh\necho "hello $*"\n' >"$XRAY_HOME/plugins/xray-hello"
chmod +x "$XRAY_HOME/plugins/xray-hello"
is 'a plug-in is a command' 0 'hello a b' xray hello a b
mkdir "$tmp/path"
printf '#!/bin/sh\necho "on path"\n' >"$tmp/path/xray-onpath"
chmod +x "$tmp/path/xray-onpath"
is 'so is an executable on PATH' 0 'on path' \
    env PATH="$tmp/path:$PATH" xray onpath
printf '#!/bin/sh\necho "not me"\n' >"$tmp/path/xray-list"
chmod +x "$tmp/path/xray-list"
is 'our own come first' 0 '' env PATH="$tmp/path:$PATH" xray list -H

for c in $commands; do
	is "$c --version" 0 "xray $(cat "$top/share/version")" \
	    "xray-$c" --version
	ok "$c --help prints usage to stdout" sh -c \
	    "xray-$c --help 2>/dev/null | grep -q '^usage: xray-$c'"
done

says 'an unknown option: 64 and the usage' 64 '^xray-list: --nope: no such option' \
    xray list --nope
says 'one that is nearly one: that one' 64 \
    '^xray-list: --runing: no such option \(--running\?\)' xray list --runing
says 'a letter among others, behind what was moved: that letter' 64 \
    '^xray-list: -x: no such option' xray list web --verbose -xq
says 'an option without its argument' 64 'needs an argument' xray create -b
says 'a missing VM: 66' 66 'nope: no such VM; xray list$' xray info nope
says 'what a terminal would take for more is masked' 64 '^xray: l\\033\[2J' \
    xray "$(printf 'l\033[2J')"
empty_base
ok 'make a VM called web' xray create web
says 'a missing VM names the nearest' 66 'wbe: no such VM \(web\?\)' \
    xray info wbe
is 'status is an alias with words' 0 'stopped' xray status web
is 'options may follow operands' 0 'stopped' xray info web -H -o status
is 'status -q: 1 when stopped' 1 '' xray status -q web
says 'a bad field' 64 'nonsense: no such field' xray list -o nonsense
ok '-o help lists the fields' sh -c 'xray list -o help | grep -qx ssh_port'
is 'a full disk is not silence' 74 '' sh -c 'xray list >/dev/full'
is 'json' 0 '[{"name":"web","cpus":1}]' sh -c \
    'xray remove -y -q web; xray create -q -c 1 web
     xray list --json -o name,cpus'
says 'others may not write to the home' 77 'others can write' \
    sh -c 'chmod 777 "$XRAY_HOME"; xray list'
theirs=/
if [ "$(id -u)" = 0 ]; then
	theirs=$tmp/theirs
	mkdir -m 755 "$theirs"
	chown 65534 "$theirs"
fi
says 'nor is it another user'"'"'s' 77 'belongs to uid' \
    env XRAY_HOME="$theirs" xray list
