#!/bin/sh
# ssh's configuration from four sources, and the triggers before and after it.
# What counts is asked of ssh itself, by -G; the guest is one that says
# nothing, so nobody connects.
# shellcheck source=lib.sh disable=SC2016 # what is in quotes is another shell's
. "${0%/*}/lib.sh"
plan 64
empty_base
xray create -q -c 1 -m 32 --ssh-user me web
xray create -q -c 1 -m 32 --ssh-user me other
xray start web other 2>/dev/null
: >"$XRAY_HOME/vms/web/up"
: >"$XRAY_HOME/vms/other/up"
dir=$XRAY_HOME/vms/web etc=$XRAY_HOME/config
(umask 077 && mkdir -p "$etc/triggers" "$dir/triggers" \
    "$etc/projects/web/triggers")

# opt NAME [ARGUMENT...]: what ssh makes of it all.
opt() {
	key=$1
	shift
	xray ssh "$@" web -G | sed -n "s/^$key //p"
}
# script FILE: from standard input.
script() { cat >"$1" && chmod 755 "$1"; }
left() { find "$XRAY_HOME" -maxdepth 1 -name '.ssh-*'; }

# ---- no source
is 'nothing there: the user' 0 me opt user
is 'and what is usual' 0 '30 15 ERROR' sh -c "xray ssh web -G | awk '
    \$1 == \"connecttimeout\" { c = \$2 } \$1 == \"loglevel\" { l = \$2 }
    \$1 == \"serveraliveinterval\" { s = \$2 } END { print c, s, l }'"
is 'an option on the command line counts before what is usual' 0 5 sh -c '
    xray ssh web -o ConnectTimeout=5 -G | sed -n "s/^connecttimeout //p"'

# ---- one after the other; the last one written counts before the others
echo 'User all
SetEnv FROM=all' >"$etc/ssh_config"
is 'config/ssh_config' 0 all opt user
echo 'User project' >"$etc/projects/web/ssh_config"
is 'config/projects/NAME/ssh_config' 0 project opt user
is 'of another VM it is not read' 0 all sh -c '
    xray ssh other -G | sed -n "s/^user //p"'
echo 'User own' >"$dir/ssh_config"
is 'the one in the VM hides it' 0 own opt user
script "$etc/triggers/pre-ssh" <<'T'
#!/bin/sh
echo User system
T
is 'what everyone'"'"'s pre-ssh prints' 0 system opt user
script "$etc/projects/web/triggers/pre-ssh" <<'T'
#!/bin/sh
echo User project-trigger
T
is 'what the project'"'"'s prints' 0 project-trigger opt user
script "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
echo "system ran: $(cat "$XRAY_HOME/ran" 2>/dev/null)" >"$XRAY_HOME/order"
echo User own-trigger
T
script "$etc/triggers/pre-ssh" <<'T'
#!/bin/sh
echo yes >"$XRAY_HOME/ran"
echo User system
T
is 'the one in the VM hides that' 0 own-trigger opt user
is 'everyone'"'"'s ran before it' 0 'system ran: yes' cat "$XRAY_HOME/order"
is 'what the first does not say the others do' 0 FROM=all opt setenv
is '-l counts before them all' 0 bob opt user -l bob
is 'so does USER@' 0 bob sh -c 'xray ssh bob@web -G | sed -n "s/^user //p"'
is 'so does -o behind the VM' 0 ann sh -c '
    xray ssh web -o User=ann -G | sed -n "s/^user //p"'
is 'so does -o before it' 0 ann opt user -o User=ann
is '--clean: none of it' 0 'me ' sh -c 'xray ssh --clean web -G | awk "
    \$1 == \"user\" { u = \$2 } \$1 == \"setenv\" { s = \$2 }
    END { print u, s }"'
is 'no file is left' 0 '' left

# ---- blocks
echo 'User all' >"$etc/ssh_config"
rm -f "$dir/triggers/pre-ssh" "$etc/projects/web/triggers/pre-ssh" \
    "$etc/triggers/pre-ssh"
printf 'Host nobody\n  User no' >"$dir/ssh_config"
is 'a block does not swallow the next file' 0 all opt user
is 'nor what is usual' 0 ERROR opt loglevel
echo 'LogLevel DEBUG
ServerAliveInterval 0
ConnectTimeout 7' >"$dir/ssh_config"
is 'what is usual can be changed' 0 'DEBUG 0 7' sh -c "xray ssh web -G 2>&1 |
    awk '\$1 == \"connecttimeout\" { c = \$2 } \$1 == \"loglevel\" { l = \$2 }
    \$1 == \"serveraliveinterval\" { s = \$2 } END { print l, s, c }'"
cat >"$dir/ssh_config" <<'C'
ForwardAgent yes
ForwardX11 yes
ControlMaster auto
ControlPath ~/c
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
GlobalKnownHostsFile /etc/hosts
KnownHostsCommand /bin/true
HostKeyAlias other
IdentityAgent SSH_AUTH_SOCK
IdentitiesOnly no
PasswordAuthentication yes
ProxyCommand false
ProxyJump localhost
UpdateHostKeys yes
CanonicalizeHostname yes
BatchMode no
C
secure() {
	xray ssh web -G </dev/null | grep -E "^(forwardagent|forwardx11|\
controlmaster|controlpath|stricthostkeychecking|globalknownhostsfile|\
knownhostscommand|hostkeyalias|identityagent|identitiesonly|batchmode|\
passwordauthentication|updatehostkeys|canonicalizehostname|proxyjump|\
userknownhostsfile|proxycommand) " | sed "s,$XRAY_BIN,BIN,;s,$XRAY_HOME,HOME," |
	    sort
}
clean() {
	mv "$dir/ssh_config" "$tmp/aside"
	secure
	mv "$tmp/aside" "$dir/ssh_config"
}
clean >"$tmp/want"
is 'what is security cannot' 0 "$(cat "$tmp/want")" secure
is 'and it is what it should be' 0 "batchmode yes
canonicalizehostname false
controlmaster false
forwardagent no
forwardx11 no
globalknownhostsfile none
hostkeyalias web.xray
identitiesonly yes
identityagent none
passwordauthentication no
proxycommand 'BIN/xray-connect' --fdpass web 22
stricthostkeychecking accept-new
updatehostkeys false
userknownhostsfile HOME/vms/web/known_hosts" cat "$tmp/want"
: >"$dir/hostkey"
is 'a key of ours is the only one' 0 'stricthostkeychecking true' sh -c '
    xray ssh web -G </dev/null | grep ^stricthostkeychecking'
rm "$dir/hostkey"
rm "$dir/ssh_config" "$etc/ssh_config"

# ---- the person's own files of ssh, where ssh looks for them
mkdir "$tmp/.ssh"
echo 'Host *
ForwardAgent yes
SendEnv TRAP
User trap' >"$tmp/.ssh/config"
sed "s,^\([^:]*:[^:]*:$(id -u):[^:]*:[^:]*:\)[^:]*,\1$tmp," /etc/passwd >"$tmp/passwd"
trapped() {
	unshare -m sh -c 'mount --bind "$1/passwd" /etc/passwd &&
	    { mount --bind "$1/.ssh/config" /etc/ssh/ssh_config || :; } &&
	    ssh -G x | sed -n "s/^user //p" && xray ssh web -G |
	    grep -E "^user |sendenv"' - "$tmp" 2>/dev/null
}
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	is 'the config of ssh in HOME and /etc/ssh/ssh_config are not read' 0 'trap
user project' trapped
else
	n=$((n + 1))
	echo "ok $n # SKIP no mounts of our own"
fi
rm "$etc/projects/web/ssh_config"
is 'whatever else is there' 0 me opt user
script "$etc/triggers/pre-ssh" <<'T'
#!/bin/sh
exit 0
T
is 'a trigger that prints nothing: no file' 0 'none' sh -c '
    PATH=$XRAY_HOME/fake:$PATH; mkdir "$XRAY_HOME/fake"
    printf "#!/bin/sh\necho \$2\n" >"$XRAY_HOME/fake/ssh"
    chmod +x "$XRAY_HOME/fake/ssh"; xray ssh web'
fake=$XRAY_HOME/fake

# ---- a trigger's world
script "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
env | grep -E '^(XRAY_(VM|PROJECT|PORT|SSH|HOME)|MINE)' | sort >"$XRAY_HOME/env"
cat >"$XRAY_HOME/stdin"
echo to people >&2
T
port=$(xray info -H -o ssh_port web)
is 'its environment' 0 "MINE=1
XRAY_HOME=$XRAY_HOME
XRAY_PORT=$port
XRAY_PROJECT=web
XRAY_SSH_KEY=$XRAY_HOME/ssh/id
XRAY_SSH_PORT=$port
XRAY_VM_DIR=$dir
XRAY_VM_NAME=web" sh -c 'echo data | MINE=1 xray ssh web -G >"$XRAY_HOME/G"
    cat "$XRAY_HOME/env"'
is 'it reads nothing of what is for the guest' 0 '' cat "$XRAY_HOME/stdin"
says 'its errors are seen' 0 '^to people$' xray ssh web -G
is 'standard input gets to ssh' 0 data sh -c "
    printf '#!/bin/sh\ncat\n' >'$fake/ssh'; echo data | PATH='$fake:$PATH' xray ssh web"
is 'a command that begins with - is no option of ssh' 0 '-- web.xray -E x' sh -c "
    printf '#!/bin/sh\nshift \$((\$# - 4)); echo \"\$*\"\n' >'$fake/ssh'
    PATH='$fake:$PATH' xray ssh web -- -E x"

# ---- refused
script "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
echo User x
exit 3
T
says 'a trigger says no: 80, and which' 80 \
    "^xray-ssh: web: refused by $dir/triggers/pre-ssh \\(exit 3\\)\$" \
    xray ssh web -G
is 'ssh is not run' 0 '' sh -c "printf '#!/bin/sh\necho ran\n' >'$fake/ssh'
    PATH='$fake:$PATH' xray ssh web 2>/dev/null; true"
is '--clean does not ask it' 0 ran env PATH="$fake:$PATH" xray ssh --clean web
script "$etc/triggers/pre-ssh" <<'T'
#!/bin/sh
kill -9 $$
T
says 'everyone'"'"'s first' 80 'config/triggers/pre-ssh \(exit 137\)' \
    xray ssh web -G
rm "$etc/triggers/pre-ssh"
script "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
exec sleep 60
T
echo 'hook_timeout = 1' >>"$dir/vm.ini"
says 'it takes too long: 75' 75 'pre-ssh: not done after 1 s' xray ssh web -G
sed -i '/^hook_timeout/d' "$dir/vm.ini"
script "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
yes
T
says 'it prints too much: 65' 65 'pre-ssh: printed more than 65536' \
    xray ssh web -G
script "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
printf 'User a\0b\n'
T
says 'it prints what is no text: 65' 65 'pre-ssh: NUL byte' xray ssh web -G
script "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
printf ' \0User a\n'
T
says 'the same in front of it' 65 'pre-ssh: NUL byte' xray ssh web -G
echo 'echo User x' >"$dir/triggers/pre-ssh"
chmod 644 "$dir/triggers/pre-ssh"
says 'not executable: 77, and the mend' 77 \
    "not executable; chmod \\+x $dir/triggers/pre-ssh" xray ssh web -G
chmod 777 "$dir/triggers/pre-ssh"
says 'others can write to it: 77, and the mend' 77 \
    "others can write to it; chmod go-w $dir/triggers/pre-ssh" xray ssh web -G
chmod 755 "$dir/triggers/pre-ssh"
chmod 777 "$dir/triggers"
says 'others can write to its folder: 77' 77 \
    "others can write to it; chmod go-w $dir/triggers\$" xray ssh web -G
chmod 755 "$dir/triggers"
ln -sf nowhere "$dir/triggers/pre-ssh"
says 'a link that leads nowhere: 66' 66 'triggers/pre-ssh' xray ssh web -G
ln -sf /dev/null "$dir/triggers/pre-ssh"
script "$etc/projects/web/triggers/pre-ssh" <<'T'
#!/bin/sh
echo User project
T
is 'a link to /dev/null: none, and hides the other' 0 me opt user
rm "$dir/triggers/pre-ssh" "$etc/projects/web/triggers/pre-ssh"
echo 'User x' >"$tmp/mine"
chmod 666 "$tmp/mine"
ln -s "$tmp/mine" "$dir/ssh_config"
says 'a configuration others can write to: 77' 77 'others can write to it' \
    xray ssh web -G
chmod 600 "$tmp/mine"
is 'a link to a file of ours is read' 0 x opt user
ln -sf /dev/null "$dir/ssh_config"
is 'and one to /dev/null is empty' 0 me opt user
head -c 70000 /dev/zero | tr '\0' '#' >"$etc/ssh_config"
says 'a file that is too long: 65' 65 'config/ssh_config: File too large' \
    xray ssh web -G
echo 'Nonsense yes' >"$etc/ssh_config"
says 'what ssh does not know it says itself: 255' 255 \
    'ssh-[0-9]*.conf.*[Bb]ad configuration option: nonsense' xray ssh web -G
echo 'User all' >"$etc/ssh_config"

# ---- after it
printf '#!/bin/sh\n%s\n' 'case $* in *signal*) kill -TERM $$ ;; esac
cat "$2" >"$XRAY_HOME/conf"; exit 7' >"$fake/ssh"
script "$etc/triggers/post-ssh" <<'T'
#!/bin/sh
echo nobody sees this
echo "system $XRAY_SSH_EXIT" >>"$XRAY_HOME/after"
T
script "$dir/triggers/post-ssh" <<'T'
#!/bin/sh
echo "$XRAY_PROJECT $XRAY_SSH_EXIT $(ls -a "$XRAY_HOME" | grep -c '^.ssh-')" \
    >>"$XRAY_HOME/after"
exit 4
T
PATH=$fake:$PATH
says 'ssh'"'"'s exit code; post-ssh fails: told' 7 \
    "web: $dir/triggers/post-ssh: failed \\(exit 4\\)" xray ssh web
is 'it prints nowhere' 0 '' cat "$tmp/out"
is 'everyone'"'"'s, the VM'"'"'s, with the code; the file is gone by then' 0 \
    'system 7
web 7 0' cat "$XRAY_HOME/after"
is 'what ssh read' 0 'Match all
User all
Match all
User=me
PermitLocalCommand=no
ConnectTimeout=30
ServerAliveInterval=15
LogLevel=ERROR' cat "$XRAY_HOME/conf"
is 'a signal: 128 and it' 143 '' xray ssh web signal
is 'told as such' 0 'web 143 0' tail -1 "$XRAY_HOME/after"
rm "$dir/triggers/post-ssh" "$etc/triggers/post-ssh"
is 'without it the code is the same' 7 '' xray ssh web

# ---- copy goes the same way, with nothing that is for sessions
cat >"$fake/ssh" <<S
#!/bin/sh
$(PATH=${PATH#*:} command -v ssh) -G "\$@" |
    grep -E '^(remotecommand|requesttty|localforward|user) ' >"$XRAY_HOME/copy"
exit 1
S
printf '%s\n' 'RemoteCommand tmux' 'RequestTTY force' \
    'LocalForward 9999 localhost:99' >>"$etc/ssh_config"
xray copy "$fake/ssh" web:x >/dev/null 2>&1
is 'copy: its user, no command, terminal or forward' 0 'user all
requesttty false' sort -r "$XRAY_HOME/copy"
echo 'User all' >"$etc/ssh_config"

# ---- signals, and what kill -9 leaves
printf '#!/bin/sh\n%s\n' 'ls -a "$XRAY_HOME" | grep ^.ssh- >"$XRAY_HOME/there"
trap "echo int; exit 9" INT; trap "echo term; exit 8" TERM
echo $$ >"$XRAY_HOME/pid"; while :; do sleep 0.1; done' >"$fake/ssh"
begin() {
	rm -f "$XRAY_HOME/pid"
	"$@" >"$tmp/said" 2>&1 &
	p=$!
	until_ok 30 test -s "$XRAY_HOME/pid"
}
begin xray ssh web
kill "$p"
wait "$p"
code=$?
is 'SIGTERM is ssh'"'"'s, and what it makes of it ours' 0 'term 8' \
    echo "$(cat "$tmp/said") $code"
is 'the file is gone' 0 '' left
# A terminal of its own, whose Ctrl-C goes to all in front: to the shell too,
# which must live to tell the code.
is 'Ctrl-C is ssh'"'"'s' 0 'int 9' sh -c '
    rm -f "$XRAY_HOME/pid"
    { for i in $(seq 300); do [ ! -s "$XRAY_HOME/pid" ] || break; sleep 0.1; done
      printf "\003"; sleep 0.5; } |
    script -qec "trap : INT; xray ssh web; echo code \$?" /dev/null |
    tr -d "\r" | sed -n "s/.*\(int\)$/\1/p;s/^code //p" | tr "\n" " " |
    sed "s/ $//"; echo'
begin xray ssh web
is 'the file is there while ssh is' 0 "$XRAY_HOME/.ssh-$p.conf" left
kill -9 "$p"
wait "$p" 2>/dev/null
ok 'kill -9: ssh ends too' until_ok 10 not kill -0 "$(cat "$XRAY_HOME/pid")"
printf '#!/bin/sh\n' >"$fake/ssh"
is 'and the next one leaves nothing' 0 '' sh -c '
    xray ssh web; find "$XRAY_HOME" -maxdepth 1 -name ".ssh-*"'
