#!/bin/sh
# Programs that put questions before people: those of one's own, run by hand,
# a webhook; and when nobody is there.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 38
mkdir "$tmp/stub"
PATH=$PATH:$tmp/stub
# shellcheck source=asking.sh
. "${0%/*}/asking.sh"

# Nobody, and a program of one's own.
is 'nobody is there' 0 none fact answerers
ask none.example
ok 'no, at once' said "answer $id deny 1 nobody"
program robot <<'E'
#!/bin/sh
echo front robot
while read -r word vm id _; do
	[ "$word" != question ] || echo "answer $vm $id allow session"
done
E
choose "$tmp/robot"
is 'it would be asked' 0 robot fact answerers
ask one.example
ok 'a program answers' allowed
ok 'its answer is a rule' rule 'allow tcp one.example 443'
# runs NAME: those of that program.
runs() { pgrep -fx "/bin/sh $tmp/$1"; }
none() { ! runs "$1"; }
killed=$(runs robot)
ok 'it is killed' kill -9 "$killed"
# Until the end of the killed one is heard, it is still said to answer; who asks
# for those that answer starts another.
another() {
	answerers robot && now=$(runs robot) && [ "$now" != "$killed" ]
}
until_ok 60 another
ask two.example
ok 'another one answers' allowed
program nobody <<'E'
#!/bin/sh
exit 69
E
choose "$tmp/nobody"
ask three.example
ok 'one that ends: nobody' said "answer $id deny 1 nobody"
ok 'the other one is let go' until_ok 60 none robot
program last <<'E'
#!/bin/sh
echo front last
read -r _ && read -r word vm id _
: >"${0%/*}/asked"
until [ -e "${0%/*}/go" ]; do sleep 0.1; done
yes 'ask me' | head -n 500
echo "answer $vm $id allow"
E
choose "$tmp/last"
ask last.example
until_ok 60 test -e "$tmp/asked"
kill -STOP "$(at "$vm" xray-ask)"
: >"$tmp/go"
until_ok 60 none last
kill -CONT "$(at "$vm" xray-ask)"
ok 'the last words of one that ends count' allowed
program mute <<'E'
#!/bin/sh
exec sleep 60
E
choose "$tmp/mute"
ask four.example
ok 'one that says nothing, too' said "answer $id deny 1 nobody"
cp "$tmp/mute" "$tmp/dumb"
choose "$tmp/dumb"
is 'nor is it somebody' 0 none fact answerers
program hasty <<'E'
#!/bin/sh
echo front hasty 60
read -r _ && read -r word vm id _ && echo "answer $vm $id allow"
read -r error && read -r again && echo "answer $vm $id deny"
echo "$error, $again" >"${0%/*}/heard"
cat >/dev/null
E
choose "$tmp/hasty"
ask five.example
ok 'a no counts at once' said "answer $id deny 5 asked"
ok 'a yes does not: it is asked again' until_ok 60 grep -Eq \
    '^error web ([0-9]+) too early, question web \1 tcp five' "$tmp/heard"
chmod 777 "$tmp/robot"
choose "$tmp/robot"
ask six.example
ok 'one that others can change is not run' said "answer $id deny 1 nobody"
ok 'which the log tells' until_ok 60 grep -q 'robot: .*chmod' "$vm/log/net.log"
chmod 755 "$tmp/robot"
says 'a program has a whole path' 64 'absolute path' xray config set ask ./robot

# A webhook.
choose webhook
is 'no webhook is nobody' 0 none fact answerers
program hook <<'E'
#!/bin/sh
n=0
while read -r line; do
	line=$(printf %s "$line" | tr -d '\r')
	case $line in
	'') break ;;
	Content-Length:*) n=${line#*: } ;;
	X-Secret:*) echo "$line" >>"$1/posts" ;;
	esac
done
head -c "$n" >>"$1/posts"
echo >>"$1/posts"
printf 'HTTP/1.0 200 OK\r\n\r\n%s' "$(cat "$1/says")"
E
socat TCP-LISTEN:8008,fork,reuseaddr,bind=127.0.0.1 \
    EXEC:"$tmp/hook $tmp" 2>"$tmp/hook.log" &
pids="$pids $!"
mkdir -p "$XRAY_HOME/config"
cat >"$XRAY_HOME/config/webhook" <<E
url = "http://127.0.0.1:8008/"
header = "X-Secret: abc"
retry = 5
retry-connrefused
E
echo 'allow 1h domain' >"$tmp/says"
ok 'one is somebody' until_ok 60 answerers webhook
ask a.hook.example
ok 'what it says is the answer' allowed
ok 'in all its words' rule 'allow tcp .hook.example 443 until='
is 'it was told' 0 "X-Secret: abc
{\"vm\":\"web\",\"id\":N,\"proto\":\"tcp\",\"host\":\"a.hook.example\",\"port\":443,\
\"service\":\"HTTPS\",\"kind\":\"name\",\"tries\":1,\"last\":\"never\",\
\"domain\":\"hook.example\",\"text\":\"web wants  a.hook.example:443  (HTTPS)\",\
\"facts\":\"verified: our resolver gave this name; never asked before; \
not yet resolved\"}" sed 's/"id":[0-9]*/"id":N/' "$tmp/posts"
: >"$tmp/says"
ask silent.example
posted() { grep -q silent "$tmp/posts"; }
until_ok 60 posted
ok 'nothing says nothing' waits silent.example
xray fw answer web all deny >/dev/null
echo 'url = "http://127.0.0.1:8009/"' >"$XRAY_HOME/config/webhook"
ask nowhere.example
ok 'one that cannot be reached is nobody' said "answer $id deny 1 nobody"

# macOS's, as far as it goes without one.
program stub/launchctl <<'E'
#!/bin/sh
echo Aqua
E
program stub/osascript <<'E'
#!/bin/sh
for word; do last=$word; done
printf '%s\n' "$@" >>"${0%/*}/said"
sleep 2
echo "$last"
E
choose osascript
ask a.mac.example
ok 'osascript answers' said "answer $id deny 5 asked"
ok 'what it is told is words, not script' grep -Fqx \
    'web wants  a.mac.example:443  (HTTPS)' "$tmp/stub/said"
ask "google.com.$(printf '%060d.%060d.%060d.%043d' 0 0 0 0).evil.example"
until_ok 60 sh -c "sed -n '/wants  google/,\$p' '$tmp/stub/said' |
    grep -q 'deny always domain'"
is 'of a long name both ends' 0 \
    'web wants  google.com.00000...0000000000000000.evil.example:443  (HTTPS)' \
    sh -c "grep '^web wants  google' '$tmp/stub/said'"
is 'so where a domain is named' 0 2 \
    grep -c 'all of \*.com.0\{12\}[.]\{3\}0\{16\}.evil.example$' "$tmp/stub/said"
choose terminal
is 'ask = terminal starts none' 0 none fact answerers

# By hand: a program, here.
says 'prompt --program: nobody is there' 69 'nobody is there to be asked' \
    xray fw prompt --program "$tmp/nobody" web
says 'no program' 66 'nope: No such file' xray fw prompt --program ./nope web
chmod 777 "$tmp/nobody"
says 'one that others can change' 77 'nobody: .*chmod' \
    xray fw prompt --program "$tmp/nobody" web
xray fw prompt --program "$tmp/robot" web 2>"$tmp/err" &
prompt=$!
pids="$pids $prompt"
until_ok 60 answerers program
ask seven.example
ok 'one that is there answers' allowed
kill "$prompt"
ok 'until prompt ends' until_ok 60 answerers none

# One that does not end, whatever it is told.
program stubborn <<'E'
#!/bin/sh
trap '' TERM HUP INT
echo front stubborn
while :; do sleep 1; done
E
choose "$tmp/stubborn"
until_ok 60 answerers stubborn
left=$(runs stubborn)
ok 'who asks is killed' kill -9 "$(at "$vm" xray-ask)"
ok 'and comes back beside what it has left behind' until_ok 60 answerers stubborn
# shellcheck disable=SC2086 # a list
kill -9 $left
only() { [ "$(runs stubborn)" ] && [ "$(runs stubborn)" != "$left" ]; }
until_ok 60 only
ok 'the VM stops' xray stop -q -f web
ok 'and so does the program' until_ok 20 none stubborn
