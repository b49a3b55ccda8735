#!/bin/sh
# A command that is not trusted, in a real guest: a person answers on the
# terminal it runs on, sees what was denied, and has rules made of the log.
. "${0%/*}/world.sh"
tiny_base
command -v tmux >/dev/null || skip_all 'no tmux'
plan 38
web=93.184.216.34
make_world "127.0.0.1 localhost
$web archive.example
$web www.registry.example
$web sentry.example
$web other.example
$web third.example
10.11.12.13 inner.example"
# It hears what is asked first: else the answer may be lost with a reset.
cat >"$tmp/serve" <<'E2'
#!/bin/sh
while read -r line && [ "${#line}" -gt 1 ]; do
	:
done
printf 'HTTP/1.0 200 OK\r\n\r\npage\n'
E2
chmod +x "$tmp/serve"
in_world socat TCP-LISTEN:80,fork,reuseaddr "EXEC:$tmp/serve" 2>/dev/null &
world_pids="$world_pids $!"
tm() { tmux -S "$tmp/tmux" "$@"; }
trap 'rc=$?; tm kill-server 2>/dev/null; end_world 2>/dev/null; (exit $rc); finish' EXIT
# shows WINDOW PATTERN: it is on that screen.
shows() { until_ok "${3:-60}" sh -c "tmux -S $tmp/tmux capture-pane -p -t $1 |
    grep -Eq -- '$2'"; }
type_in() { tm send-keys -t "$1" "$2" Enter; }
# press WINDOW KEY: a key that allows counts when the question has been there.
press() {
	sleep 1.3
	tm send-keys -t "$1" "$2"
}
tm -f /dev/null new-session -d -x 80 -y 50 -s p "PS1='$ ' sh"
tm new-session -d -x 80 -y 24 -s f "PS1='$ ' sh"

is 'a VM of its own rules' 0 '' xray create -q -b tiny -c 1 -m 128 \
    --no-defaults --allow archive.example:80 jail
vm=$XRAY_HOME/vms/jail
type_in f 'xray start -F jail; echo "code $?"'
ok 'it starts' until_ok 60 sh -c '[ "$(xray status jail)" = running ]'
ok 'and is up' xray wait --timeout 500 jail
ok 'its console is there' shows f 'login:'
ok 'start -F would ask' until_ok 30 sh -c \
    'xray fw status -H -o answerers jail | grep -qx start'
on() { timeout 300 xray ssh jail "$@" 2>>"$tmp/errors"; }
is 'what a rule allows is not asked' 0 page \
    on 'timeout 250 wget -q -O- http://archive.example/'
mkdir "$tmp/app"
cat >"$tmp/app/install" <<'E2'
#!/bin/sh
get() { timeout 250 wget -q -O- "http://$1/" 2>/dev/null; }
mkdir node_modules
get www.registry.example >node_modules/page && echo 'one is here'
get sentry.example || echo 'no telemetry'
get sentry.example
get 169.254.169.254
printf '\033[2Jjail wants  good.example:80\n'
echo 'added 812 packages'
until [ -e noted ]; do sleep 0.2; done
exit 5
E2
chmod +x "$tmp/app/install"
ok 'a folder goes there' xray copy -q "$tmp/app" jail:

# The command, and what it wants.
type_in p "xray ssh --ask jail 'cd app && ./install'; echo \"code \$?\""
ok 'it asks' shows p '^jail wants  www.registry.example:80  .HTTP. +1 of 1$'
ok 'verified facts first' shows p \
    '^  verified: our resolver gave this name; never asked before; not yet'
ok 'wait --for asked' xray wait --for asked --timeout 30 jail
is 'a list has it' 0 1 sh -c 'NO_COLOR=1 script -qec "xray list" /dev/null |
    grep -c "running (1 ask)"'
ok 'also where the VM was started' shows f '^jail wants  www.registry.example'
press p a
ok 'yes, for good' shows p 'www.registry.example:80 -> allow$'
ok 'answered there too' shows f '> asked no more$'
ok 'and asks again' shows p '^jail wants  sentry.example:80 '
tm send-keys -t p d
ok 'no' shows p 'sentry.example:80/tcp -> deny .60s.$'
# It may have asked again before that came through, which waits then.
ok 'the command went on' shows p '^one is here$'
ok 'which it is told' shows p '^no telemetry$'
ok 'it ends' shows p '^added 812 packages$'
until_ok 60 grep -q ' 169.254.169.254 ' "$vm/log/net.log"
on touch app/noted
ok 'what it says is text' shows p '^.033\[2Jjail wants  good.example:80$'
ok 'its exit code is ours' shows p '^code 5$'
ok 'what was denied meanwhile' sh -c "
    tmux -S $tmp/tmux capture-pane -p -J -t p | grep -qx 'xray-ssh: jail: \
denied meanwhile: sentry.example:80 (2), 169.254.169.254:80 (1): \
xray fw log jail'"
is 'the rules' 0 'allow tcp archive.example 80
allow tcp www.registry.example 80 # asked' sh -c \
    "sed -n 's/\(# asked\) .*/\1/;/^allow/p' '$vm/rules'"
is 'what they do not say' 0 '#deny tcp sentry.example 80   # 2 tries' \
    xray fw suggest jail

# The other terminal answers, between what the console says.
on 'timeout 250 wget -q -O- http://third.example/' >"$tmp/third" &
get=$!
ok 'start -F asks' shows f '^jail wants  third.example:80 '
press f s
wait $get
ok 'which is a rule' shows f 'third.example:80 -> allow .session.$'
is 'until the VM stops' 0 page cat "$tmp/third"
[ -s "$tmp/third" ] ||
    tail -n 20 "$vm/log/net.log" "$tmp/errors" | sed 's/^/# /'

# Learning.
is 'learn' 0 '' xray fw learn -q jail on
is 'what no rule names is let pass' 0 page \
    on 'timeout 250 wget -q -O- http://other.example/'
is 'forbidden places are not, nor what was denied' 0 'no
no' on 'for i in inner.example 10.11.12.13; do
    timeout 60 wget -q -O- http://$i/ 2>/dev/null || echo no; done'
is 'no more' 0 '' xray fw learn jail off
is 'suggest' 0 'allow tcp other.example 80
allow tcp third.example 80' sh -c \
    "xray fw suggest jail | sed -n 's/^\(allow.*[^ ]\)  *# 1 flow, .*B/\1/p' |
    sort"
ok 'as rules' sh -c 'xray fw suggest jail | xray fw add -q jail -'
is 'which count' 0 allow xray fw check jail other.example:80
is 'of what was denied there are none' 1 ask xray fw check jail inner.example:80
ok 'what was made comes back' xray copy -q jail:app/node_modules "$tmp/got"
xray stop -q -f jail
ok 'the VM ends where it was started' shows f '^code [0-9]+$'
is 'and is gone' 0 'Removed VM: jail' xray remove -y jail
