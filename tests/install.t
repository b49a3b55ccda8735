#!/bin/sh
# make install: what is put in place works from there, and uninstall takes
# all of it away.
. "${0%/*}/lib.sh"
[ "$XRAY_BIN" = "$top/bin" ] || skip_all 'only the plain build is installed'
plan 14
to=$tmp/root
ok 'make install DESTDIR PREFIX' make -s -C "$top" install DESTDIR="$to" \
    PREFIX=/opt/xray
PATH=$to/opt/xray/bin:/usr/bin:/bin:/usr/sbin
is 'the installed one runs' 0 "xray $(cat "$top/share/version")" \
    "$to/opt/xray/bin/xray" --version
ok 'it finds its registry' sh -c 'xray help | grep -q "^snap "'
is 'its aliases' 0 '' xray ls -H
ok 'its recipes' sh -c 'xray base build -l | grep -qx tiny'
is 'and its pages' 0 "$(cd "$top/man" && echo ./*.[1-9] | tr ' ' '\n' |
    sed 's,./,,' | sort)" sh -c \
    "find '$to/opt/xray/share/man' -type f | sed 's,.*/,,' | sort"
is 'help opens a page of it' 0 1 sh -c \
    "xray help create | grep -c '^XRAY-CREATE(1)'"
is 'help in the tree opens the tree'\''s' 0 1 env PATH=/usr/bin:/bin sh -c \
    "'$top/bin/xray' help create | grep -c '^XRAY-CREATE(1)'"
says 'xray alone: commands by what they are about' 64 \
    '^machines  base create start stop' xray
says 'and plug-ins, where there are some' 64 '^plug-ins  hello: greet a VM$' sh -c '
    (umask 077; mkdir -p "$XRAY_HOME/plugins")
    printf "#!/bin/sh\n: --xray-describe\necho greet a VM\n" \
	>"$XRAY_HOME/plugins/xray-hello"
    chmod 755 "$XRAY_HOME/plugins/xray-hello"; xray'
(umask 077 && mkdir "$tmp/run")
unit=$to/opt/xray/lib/systemd/user/xray@.service
is 'its unit starts its program' 0 'ExecStart="/opt/xray/bin/xray-start" -F %i' \
    grep ^ExecStart "$unit"
if command -v systemd-analyze >/dev/null; then
	sed "s,/opt/xray,$to&," "$unit" >"$tmp/xray@web.service"
	is 'systemd-analyze has nothing to say of it' 0 '' sh -c '
	    XDG_RUNTIME_DIR=$1/run systemd-analyze verify --user --man=no \
	    "$1/xray@web.service" 2>&1' - "$tmp"
else
	n=$((n + 1))
	echo "ok $n # SKIP no systemd-analyze"
fi
ok 'make uninstall' make -s -C "$top" uninstall DESTDIR="$to" \
    PREFIX=/opt/xray
is 'nothing is left' 0 '' find "$to" -type f
