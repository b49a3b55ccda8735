#!/bin/sh
# The questions of another machine, by ssh: before a program here, and on a
# terminal.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
plan 21
# shellcheck source=asking.sh
. "${0%/*}/asking.sh"

# A server, and a laptop that does not know it yet.
mkdir -p /run/sshd 2>/dev/null
ssh-keygen -q -t ed25519 -N '' -f "$tmp/hostkey"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
cat >"$tmp/sshd_config" <<E
Port 2200
ListenAddress 127.0.0.1
HostKey $tmp/hostkey
AuthorizedKeysFile $tmp/key.pub
PidFile none
StrictModes no
UsePAM no
SetEnv PATH=$PATH XRAY_HOME=$XRAY_HOME
E
cat >"$tmp/ssh_config" <<E
Host server
	HostName 127.0.0.1
	Port 2200
	User $(id -un)
	IdentityFile $tmp/key
	IdentitiesOnly yes
	UserKnownHostsFile $tmp/known
E
mkdir "$tmp/laptop"
program laptop/ssh <<E
#!/bin/sh
exec $(command -v ssh) -F "$tmp/ssh_config" "\$@"
E
program laptop/on <<E
#!/bin/sh
XRAY_HOME=$tmp/there PATH=$tmp/laptop:$PATH exec "\$@"
E
laptop=$tmp/laptop/on
(umask 077; mkdir "$tmp/there")
# known FILE: the server is, from then on.
known() {
	"$laptop" ssh -o StrictHostKeyChecking=accept-new \
	    -o UserKnownHostsFile="$1" server true
}
says 'a host is no option' 64 'no host' \
    "$laptop" xray fw prompt --via -oProxyCommand=true --program "$tmp/robot"
PATH=$PATH:/usr/sbin
"$(command -v sshd)" -D -e -f "$tmp/sshd_config" 2>"$tmp/sshd.log" &
pids="$pids $!"
until_ok 60 known "$tmp/tried"

# On a terminal, where ssh asks first.
if command -v tmux >/dev/null; then
	shows() { until_ok 60 sh -c "tmux capture-pane -p | grep -Eq -- '$1'"; }
	no_more() { ! tmux capture-pane -p | grep -Eq -- "$1"; }
	tmux -f /dev/null new-session -d -x 80 -y 24 "PS1='$ ' sh"
	shows '^\$'
	tmux send-keys "$laptop xray fw prompt --via server web; echo code \$?" \
	    Enter
	ok 'ssh asks for the key of the host' shows 'continue connecting'
	ok 'alone' no_more 'questions come here'
	tmux send-keys yes Enter
	ok 'and is answered' shows 'questions come here; q leaves'
	ok 'then a person is there' until_ok 60 answerers stdio
	ask one.example
	ok 'a question' shows '^web wants  one.example:443 .* 1 of 1$'
	ask two.example
	until_ok 60 waits two.example
	xray fw answer -q web "$(number one.example)" deny
	ok 'which is withdrawn' shows '> asked no more$'
	ok 'for another' shows '^web wants  two.example:443 .* 1 of 1$'
	sleep 1.2
	tmux send-keys o
	ok 'a key answers' allowed
	ok 'and what was written is told' shows 'two.example:443 -> allow'
	tmux send-keys q
	ok 'q leaves' shows '^code 0$'
	ok 'and nobody is there' until_ok 60 answerers none
else
	for _ in 1 2 3 4 5 6 7 8 9 10 11; do
		n=$((n + 1))
		echo "ok $n # SKIP no tmux"
	done
	known "$tmp/known"
fi

# To a program; which hears all that happens.
program robot <<E
#!/bin/sh
echo front robot
tee "$tmp/heard" | while read -r word vm id proto host _; do
	[ "\$word \$host" != 'question yes.example' ] ||
	    echo "answer \$vm \$id allow session"
done
E
says 'what is said there' 66 'nope: no such VM' \
    "$laptop" xray fw prompt --via server --program "$tmp/robot" nope
"$laptop" xray fw prompt --via server --program "$tmp/robot" web 2>"$tmp/err" &
prompt=$!
pids="$pids $prompt"
ok 'somebody is there by ssh' until_ok 60 answerers stdio
ask no.example
until_ok 60 grep -q '^question .* no.example ' "$tmp/heard"
ask yes.example
until_ok 60 waits yes.example
xray fw answer -q web "$(number no.example)" deny
ok 'a program elsewhere answers' allowed
until_ok 60 grep -q '^written .* yes.example' "$tmp/heard"
is 'and hears what it would here' 0 'ok - 0
question web N tcp no.example 443 HTTPS name 1 never 0 no.example
waiting web 1
withdraw web N
question web N tcp yes.example 443 HTTPS name 1 never 0 yes.example
ok web N
withdraw web N
written web N Rule added: yes.example:443 -> allow (session)' \
    sed 's/ [0-9]* tcp/ N tcp/;s/^\(ok\|withdraw\|written\) web [0-9]*/\1 web N/' \
    "$tmp/heard"
kill "$prompt"
ok 'until it goes' until_ok 60 answerers none

# As lines, passed on.
mkfifo "$tmp/lines"
"$laptop" xray fw prompt --via server --stdio web <"$tmp/lines" >"$tmp/said" &
pids="$pids $!"
exec 6>"$tmp/lines"
ok 'as lines: the first says that it is there' until_ok 60 \
    grep -qx 'ok - 0' "$tmp/said"
ask lines.example
ok 'a question' until_ok 60 grep -q '^question .* lines.example ' "$tmp/said"
echo "answer web $(number lines.example) allow" >&6
ok 'an answer' allowed
exec 6>&-
ok 'until they end' until_ok 60 answerers none
