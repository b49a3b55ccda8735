#!/bin/sh
# Triggers and ssh's configuration with a real guest: what counts is seen in a
# session, codes and signals come through, and nothing is left behind.
# shellcheck disable=SC2016,SC2089,SC2090 # what is in quotes is another shell's
. "${0%/*}/lib.sh"
tiny_base
plan 17
xray create -q -b tiny -c 1 web
xray start -q -w --timeout 600 web || exit 1
dir=$XRAY_HOME/vms/web etc=$XRAY_HOME/config
(umask 077 && mkdir -p "$etc/triggers" "$dir/triggers" "$etc/projects/web")
script_at() { cat >"$1" && chmod 755 "$1"; }
left() { find "$XRAY_HOME" -maxdepth 1 -name '.ssh-*'; }

is 'no configuration: no terminal' 0 'not a tty' xray ssh web 'tty; true'
echo 'RequestTTY force' >"$etc/ssh_config"
is 'everyone'"'"'s has one' 0 1 sh -c 'xray ssh web "tty; true" | grep -c ^/dev/pts/'
printf 'Match originalhost nobody\nRequestTTY force\n' >"$dir/ssh_config"
is 'a block of the VM'"'"'s is not for all, and ends' 0 1 sh -c '
    xray ssh web "tty; true" | grep -c ^/dev/pts/'
echo 'RequestTTY no' >"$dir/ssh_config"
is 'the VM'"'"'s comes before it' 0 'not a tty' xray ssh web 'tty; true'
script_at "$etc/triggers/pre-ssh" <<'T'
#!/bin/sh
echo 'RequestTTY force'
T
is 'a trigger of everyone'"'"'s before that' 0 1 sh -c '
    xray ssh web "tty; true" | grep -c ^/dev/pts/'
script_at "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
echo 'RequestTTY no'
T
is 'and the VM'"'"'s before all' 0 'not a tty' xray ssh web 'tty; true'
rm "$etc/triggers/pre-ssh" "$dir/triggers/pre-ssh" "$dir/ssh_config"

# A port of the guest's by the configuration, while the session lasts.
xray ssh --clean web 'mkdir -p www; echo page >www/index.html
    busybox httpd -p 127.0.0.1:8080 -h www' </dev/null
echo 'LocalForward 127.0.0.1:18099 127.0.0.1:8080' >"$etc/projects/web/ssh_config"
rm "$etc/ssh_config"
xray ssh web -N </dev/null &
p=$!
is 'LocalForward' 0 page sh -c 'for i in $(seq 300); do
    curl -s http://127.0.0.1:18099/ && exit; sleep 0.2; done; exit 1'
kill "$p"
wait "$p" 2>/dev/null
is 'it went with its session, and so did the file' 0 '' left
rm "$etc/projects/web/ssh_config"

# Codes.
echo 'ServerAliveInterval 20' >"$etc/ssh_config"
script_at "$etc/triggers/post-ssh" <<'T'
#!/bin/sh
echo "$XRAY_SSH_EXIT" >"$XRAY_HOME/ended"
T
is 'the command'"'"'s code' 7 '' xray ssh web exit 7
is 'post-ssh is told' 0 7 cat "$XRAY_HOME/ended"
is 'bytes both ways, as they are' 0 "$(seq 20000 | sha256sum)" sh -c '
    seq 20000 | xray ssh web cat | sha256sum'
script_at "$dir/triggers/pre-ssh" <<'T'
#!/bin/sh
exit 1
T
is 'refused: 80' 80 '' xray ssh web true
rm "$dir/triggers/pre-ssh"

# Ctrl-C on a terminal goes to the guest.  Its shell looks at what it has caught
# when a sleep is over, which may have begun just then and not be caught.
WAIT="trap 'exit 5' INT; echo ready; while :; do sleep 1; done"
export WAIT
is 'Ctrl-C is the guest'"'"'s' 0 'code 5' sh -c '
    : >"$1"
    { for i in $(seq 600); do ! grep -q ready "$1" || break; sleep 0.1; done
      printf "\003"
      for i in $(seq 600); do ! grep -q code "$1" || break; sleep 0.1; done; } |
    script -qec "xray ssh web -t \"\$WAIT\"; echo code \$?" /dev/null \
	>"$1"
    tr -d "\r" <"$1" | grep -o "code.*"' - "$tmp/typed"
is 'and nothing is left' 0 '' left

# kill -9.
xray ssh web 'echo ready; sleep 1000' </dev/null >"$tmp/ready" &
p=$!
until_ok 120 grep -q ready "$tmp/ready"
ssh=$(pgrep -P "$p" -x ssh)
is 'its file while it runs' 0 "$XRAY_HOME/.ssh-$p.conf" left
kill -9 "$p"
wait "$p" 2>/dev/null
ok 'kill -9: its ssh goes too' until_ok 60 not kill -0 "$ssh"
is 'and the next command sweeps' 0 '' sh -c '
    xray ssh --clean web true; find "$XRAY_HOME" -maxdepth 1 -name ".ssh-*"'
