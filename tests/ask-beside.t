#!/bin/sh
# Questions between what a program prints, on a terminal: xray-beside, which
# runs what xray ssh --ask does.  The VM boots nothing; the asker is what a
# proxy would be.
. "${0%/*}/lib.sh"
plan 42
command -v socat >/dev/null || skip_all 'no socat'
command -v tmux >/dev/null || skip_all 'no tmux'
empty_base
xray create -q -m 64 -c 1 web
vm=$XRAY_HOME/vms/web
ok 'a VM runs' xray start -q web
ok 'somebody asks for it' until_ok 30 listens "$vm/ask.sock"
mkfifo "$tmp/asks" "$tmp/more"
pid=
asker() {
	socat -t 3600 - "UNIX-CONNECT:$vm/ask.sock" <"$tmp/asks" \
	    >>"$tmp/answers" 2>/dev/null &
	pid=$!
	exec 7>"$tmp/asks"
	echo status >&7 # who says nothing is let go
}
tm() { tmux -S "$tmp/tmux" "$@"; }
trap 'exec 7>&- 8>&-; kill $pid 2>/dev/null || :; tm kill-server 2>/dev/null; finish' EXIT
asker
exec 8<>"$tmp/more"
shows() { until_ok 30 sh -c "tmux -S $tmp/tmux capture-pane -p -t 0 |
    grep -Eq -- '$1'"; }
no_more() { ! tm capture-pane -p -t 0 | grep -Eq -- "$1"; }
said() { until_ok 30 grep -Fqx -- "$1" "$tmp/answers"; }
answerers() { [ "$(xray fw status -H -o answerers web)" = "$1" ]; }
tm -f /dev/null new-session -d -x 80 -y 24 -s p "PS1='$ ' sh"
tm pipe-pane -t p "cat >$tmp/raw"
shows '^\$ $|^\$$' # the shell is there
type_in() { tm send-keys -t p "$1" Enter; }

cat >"$tmp/program" <<E2
#!/bin/sh
echo began; echo trouble >&2
cat >$tmp/input
while read -r line; do
	case \$line in
	end) break ;;
	esac
	printf "\$line\n"
done <$tmp/more
exit 7
E2
chmod +x "$tmp/program"
type_in "xray-beside --as ssh web $tmp/program; echo code \$?"
ok 'what it prints is there' shows '^began$'
ok 'its errors too' shows '^trouble$'
ok 'who asks is told' until_ok 30 answerers ssh
ok 'it reads nothing of ours' until_ok 30 test -e "$tmp/input"
echo 'ask 1 tcp a.example 443' >&7
ok 'a question' shows '^web wants  a.example:443  .HTTPS. +1 of 1$'
ok 'with its keys' shows \
    '^\[w\]iden to \*.a.example   \[\?\] >'
echo 'while it is there' >&8
sleep 1.2
ok 'what it prints meanwhile waits' no_more '^while it is there'
tm send-keys -t p h
ok 'a key answers' said 'answer 1 allow 5 asked'
ok 'and what was written is told' shows \
    'Rule added: a.example:443 -> allow \(1h\)'
ok 'then the program goes on' shows '^while it is there$'
tm send-keys -t p q
printf '%s\n' '\033[2Jweb wants  good.example:443\033]0;x\007 \302\233 \233 \303\244 \t.' >&8
ok 'its text is text' shows '^.033\[2Jweb wants  good'
ok 'letters of other tongues stay' shows '\\302.233 .233 .* +\.$'
echo 'ask 2 tcp b.example 443' >&7
ok 'q without a question was none' shows '^web wants  b.example:443'
tm send-keys -t p d
ok 'no' said 'answer 2 deny 5 asked'
echo 'ask 3 tcp c.example 443' >&7
ok 'another' shows '^web wants  c.example:443'
xray fw answer -q web 3 deny
ok 'answered elsewhere' shows '> asked no more$'

# Ctrl-Z, and on.
tm send-keys -t p C-z
ok 'Ctrl-Z stops it' shows 'Stopped|^\[1\]'
type_in 'stty -a'
ok 'with the terminal as it was' shows '(^| )icanon.* echo '
type_in 'clear; fg'
shows 'program'
echo 'ask 4 tcp d.example 443' >&7
ok 'it goes on, and asks' shows '^web wants  d.example:443'
tm send-keys -t p q
ok 'q leaves to others' until_ok 30 answerers none
ok 'nobody is there any more' said 'answer 4 deny 1 nobody'
echo 'still here' >&8
ok 'the program goes on' shows '^still here$'
echo end >&8
until_ok 60 sh -c "[ \"\$(tmux -S $tmp/tmux display -p -t p \
    '#{pane_current_command}')\" = sh ]" # it has ended
type_in 'echo code $?'
ok 'its exit code is ours' shows '^code 7$'

# Where it ends with a question open.
: >"$tmp/answers"
type_in "clear; xray-beside --as ssh web sleep 3; echo code \$?"
ok 'asks again' until_ok 30 answerers ssh
echo 'ask 5 tcp e.example 443' >&7
ok 'a question' shows '^web wants  e.example:443'
ok 'the program ends' shows '^code 0$'
ok 'and nobody is asked' said 'answer 5 deny 1 nobody'
type_in 'clear; stty -a'
ok 'the terminal is as it was' shows '(^| )icanon.* echo '
is 'no byte but ours' 0 0 sh -c \
    "LC_ALL=C sed 's/\303\244//g' <$tmp/raw | LC_ALL=C tr -d '\033\r\n\t\b\007 -~' | wc -c"

# Input that is no terminal is the program's; output to a file is as it is.
type_in "clear; printf 'in\\033put\\n' | xray-beside web cat >$tmp/file; echo code \$?"
ok 'a pipe' shows '^code 0$'
is 'is passed on' 0 'inESCput' sh -c "tr '\033' E <$tmp/file | sed s/E/ESC/"
is 'stop' 0 '' xray stop -q -f web
exec 7>&-
kill $pid 2>/dev/null
wait $pid 2>/dev/null

# In the foreground: between what the console says.
type_in 'clear; xray start -F web; echo "code $?"'
ok 'start -F asks' until_ok 30 answerers start
asker
echo 'ask 6 tcp f.example 443' >&7
ok 'a question' shows '^web wants  f.example:443'
sleep 1.2
tm send-keys -t p o
ok 'a key answers' said 'answer 6 allow 5 asked'
ok 'and what was written is told' shows 'f.example:443 -> allow \(once\)'
xray stop -q -f web
ok 'it ends' shows '^code [0-9]+$'
type_in 'clear; stty -a'
ok 'the terminal is as it was' shows '(^| )icanon.* echo '
ok 'without a terminal it asks nobody' sh -c '
    setsid xray start -F web </dev/null >"$0/console" 2>&1 &
    end=$(($(date +%s) + 30))
    until test -S "$1/ask.sock"; do
	[ $(date +%s) -lt $end ] || exit 1
	sleep 0.1
    done
    sleep 0.5
    [ "$(xray fw status -H -o answerers web)" = none ]' "$tmp" "$vm"
xray stop -q -f web
says 'no terminal: 69' 69 'terminal' setsid -w xray-beside web true
