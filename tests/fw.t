#!/bin/sh
# xray-fw: rules are looked at, added, taken out; what was added counts.
. "${0%/*}/lib.sh"
plan 104
empty_base
xray create -q -m 64 -c 1 web
xray create -q -m 64 -c 1 api
vm=$XRAY_HOME/vms/web rules=$XRAY_HOME/vms/web/rules
session=$rules.session tab=$(printf '\t')
row() { # VERDICT PROTO HOST PORT UNTIL ORIGIN
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$@"
}
add_lines() { printf '%s\n' "$@" >"$tmp/lines" && xray fw add web - <"$tmp/lines"; }
fresh() { rm -f "$rules" "$session"; }
own() { xray fw list -H --own "$1"; }

# The words of the seeds.
is 'add' 0 'Rule added: 1.1.1.1:443 -> allow' \
    xray firewall add web 1.1.1.1:443 allow
is 'add a deny' 0 'Rule added: 10.0.0.1:22 -> deny' \
    xray firewall add web 10.0.0.1:22 deny
is 'a deny without a port is of everything' 0 \
    'Rule added: .facebook.com:*/any -> deny' xray fw deny web .facebook.com
is 'an allow without a port is of the web' 0 \
    'Rule added: example.com:80,443/tcp -> allow' xray fw allow web Example.COM.
is 'they are lines' 0 'allow tcp 1.1.1.1 443
deny * 10.0.0.1 22
deny * .facebook.com *
allow tcp example.com 80,443' cat "$rules"
is 'remove' 0 'Rule removed: 1.1.1.1:443' \
    xray firewall remove web 1.1.1.1:443
is 'remove as it was added, of whatever verdict' 0 \
    'Rule removed: .facebook.com:*/any
Rule removed: example.com:80,443/tcp' \
    xray fw remove web .facebook.com example.com
says 'what is not there: 66' 66 'web: no rule of its own for example.com' \
    xray fw remove web example.com
says 'clear without a terminal: 64' 64 '\-\-?y' xray firewall clear web
is 'and nothing was cleared' 0 'deny * 10.0.0.1 22' cat "$rules"
is 'clear' 0 "All firewall rules cleared for 'web'" xray firewall clear -y web
is 'an empty file' 0 '' cat "$rules"

# Where a rule stands.
printf '%s\n' '# mine' '' 'allow tcp a.example 443 # first' '# all else' \
    'ask * * *' >"$rules"
is 'in place of the same' 0 'Rule added: a.example:443/tcp -> deny' \
    xray fw add web a.example:443/tcp deny
is 'with its remark' 0 'deny tcp a.example 443 # first' sed -n 3p "$rules"
xray fw allow -q web b.example:22
is 'before what would shadow it; comments stay' 0 '# mine

deny tcp a.example 443 # first
allow tcp b.example 22
# all else
ask * * *' cat "$rules"
xray fw deny -q --first --note 'not this one' web c.example
is '--first, --note' 0 'deny * c.example * # not this one' sed -n 3p "$rules"
xray fw deny -q --line 4 web d.example
is '--line' 0 'deny * d.example *' sed -n 4p "$rules"
says '--line behind one that shadows it: told' 0 'perhaps without effect behind: ask' \
    xray fw allow --line 9 web e.example
is 'remove --line' 0 'Rule removed: d.example:*/any' \
    xray fw remove --line 4 web
is 'remove --line as list has it' 0 'Rule removed: c.example:*/any' \
    xray fw remove --line rules:3 web
says 'no rule on that line: 66' 66 'no rule on line 1 of rules' \
    xray fw remove --line 1 web
says 'no line: 64' 64 'a number, or as list has it' \
    xray fw remove --line x:1 web

# What ends.
fresh
is '--for' 0 'Rule added: nodejs.org:443 -> allow (1h)' \
    xray fw allow --for 1h web nodejs.org:443
ok 'in rules.session' grep -qE \
    '^allow tcp nodejs.org 443 until=20[0-9-]*T[0-9:]*Z$' "$session"
ok 'and not in rules' test ! -e "$rules"
xray fw allow -q --for session web s.example
is '--for session has no end' 0 'allow tcp s.example 80,443' \
    sed -n 2p "$session"
is 'once: 30 s, a deny 60' 0 '30
60' sh -c '
    now=$(date +%s)
    xray fw allow -q --for once web o.example
    xray fw deny -q --for once web p.example
    sed -n "s/.* [op].example .*until=//p" "$0" | while read -r t; do
	d=$(($(date -d "$t" +%s) - now))
	[ $d -lt 55 ] && echo $((d > 28 && d < 34 ? 30 : d)) ||
	    echo $((d > 58 && d < 64 ? 60 : d))
    done' "$session"
says 'no life: 64' 64 '\-\-for: x: once, session, always' \
    xray fw allow --for x web o.example
is 'a lasting rule: the session says no more of it' 0 \
    'Rule added: s.example:80,443/tcp -> deny' \
    xray fw add web s.example:80,443/tcp deny
is 'gone there' 1 '' grep s.example "$session"
xray fw deny -q --for session web .wide.example
xray fw allow -q web a.wide.example
is 'a session rule that shadows it: a copy comes first' 0 \
    'allow tcp a.wide.example 80,443
deny * .wide.example *' grep wide "$session"
is 'check says so' 0 allow xray fw check web a.wide.example
printf 'allow tcp old.example 443 until=1000000000\n' >>"$session"
is 'what is over is not in force' 1 ask xray fw check web old.example:443
is 'nor listed' 1 '' sh -c 'xray fw list web | grep old'
is 'clear --expired asks nobody' 0 "Expired firewall rules cleared for 'web'" \
    xray fw clear --expired web
is 'it is gone' 1 '' grep old.example "$session"
ok 'others stay' grep -q nodejs "$session"
is 'clear --session' 0 "All session firewall rules cleared for 'web'" \
    xray fw clear -y --session web
ok 'the lasting ones stay' test -s "$rules" -a ! -s "$session"

# list, status.
fresh
xray fw defaults web off
xray fw allow -q web x.example:443
xray fw deny -q --for session web y.example
is 'list: in the order in which they count' 0 "$(
    row VERDICT PROTO HOST PORT UNTIL ORIGIN
    row deny '*' y.example '*' '' rules.session:1
    row allow tcp x.example 443 '' rules:1
    row ask '*' '*' '*' '' mode)" xray fw list web
is 'status' 0 'mode=ask
defaults=off
rules=2
allow=1
deny=1' xray fw status web
is 'as JSON' 0 1 sh -c '
    xray fw status --json web | python3 -c "
import json, sys
print(json.load(sys.stdin)[\"allow\"])"'
xray fw defaults web on
is 'the defaults come behind the own ones' 0 "$(
    row deny '*' @quiet '*' '' defaults)" \
    sh -c 'xray fw list -H web | sed -n 3p'
ok 'made at first use' cmp "$top/share/default-firewall-rules.conf" \
    "$XRAY_HOME/default-firewall-rules.conf"
is 'and allow' 0 allow xray fw check web deb.debian.org
is 'what is quiet is denied unasked' 1 deny xray fw check web motd.ubuntu.com
is 'but the own rules come first' 0 allow sh -c '
    xray fw allow -q web motd.ubuntu.com; xray fw check web motd.ubuntu.com'
sed -i '/^[.a-z]/d' "$XRAY_HOME/default-firewall-rules.conf"
is 'emptied, they stay empty' 1 ask xray fw check web deb.debian.org

# check, why.
is 'check -v' 1 "ask${tab}tcp${tab}evil.example${tab}80${tab}mode ask: no rule names it" \
    xray fw check -v web evil.example
is 'why is check -v' 1 "$(xray fw check -v web evil.example)" \
    xray fw why web evil.example
is 'by a rule: which' 0 \
    "allow${tab}tcp${tab}x.example${tab}443${tab}rules:1: allow tcp x.example 443" \
    xray fw why web x.example:443
is 'ports of another fate have their lines' 0 "ask 442
allow 443
ask 444" sh -c 'xray fw why web x.example:442-445 | cut -f1,4 | tr "\t" " "'
is 'what is not public is denied' 1 deny xray fw check web 169.254.169.254
is 'also in mode allow' 1 deny sh -c '
    xray fw mode web allow; xray fw check web 10.1.2.3; c=$?
    xray fw mode web ask; exit $c'
is 'unless a rule names it' 0 allow sh -c '
    xray fw allow -q web 10.1.2.3:80 && xray fw check web 10.1.2.3:80'
is 'several: 1 when one is not allowed' 1 'allow
ask' xray fw check web x.example:443 z.example
says 'no destination: 64' 64 '127.1: no address' xray fw check web 127.1
says 'no VM: 66' 66 'no such VM' xray fw check wep x.example
says 'the wrong way round' 66 \
    'nodejs.org: no VM; web is one, and comes first: allow VM DEST' \
    xray fw allow nodejs.org web
says 'with a port' 66 'web is one, and comes first: deny VM DEST' \
    xray fw deny nodejs.org:443 web
says 'where neither is one' 66 'wep: no such VM \(web\?\)$' \
    xray fw allow wep x.example

# mode, defaults.
is 'mode' 0 ask xray fw mode web
is 'mode deny: silent' 0 '' xray fw mode web deny
is 'it counts' 1 "deny${tab}mode deny: no rule names it" \
    sh -c 'xray fw why web z.example:1 | cut -f1,5
    xray fw check -q web z.example'
is 'kept in vm.ini' 0 'mode = deny' grep ^mode "$vm/vm.ini"
says 'no mode: 64' 64 'not one of ask, deny, allow, learn' \
    xray fw mode web maybe
is 'config.ini has it for those that do not say' 0 allow sh -c '
    xray config set -q mode allow; xray fw mode api; xray config unset -q mode'
says 'config leaves it to fw' 77 'xray fw mode VM MODE' \
    xray config set web mode ask
says 'a mode that is none: 78' 78 'mode = maybe' sh -c '
    echo "mode = maybe" >>"$0"; xray fw mode api; c=$?
    sed -i /maybe/d "$0"; exit $c' "$XRAY_HOME/vms/api/vm.ini"
is 'defaults' 0 'on
off' sh -c 'xray fw defaults web; xray fw defaults web off
    xray fw defaults web'

# --to, lists, presets.
fresh
is '--to' 0 'allow tcp git.corp.example 22 to=10.0.0.0/8,192.168.1.1' sh -c '
    xray fw allow -q --to 10.0.0.0/8,192.168.1.1 web git.corp.example:22
    cat "$0"' "$rules"
says '--to of a deny: 64' 64 '\-\-to: for what is allowed' \
    xray fw deny --to 10.0.0.0/8 web git.corp.example
says '--to of no block: 64' 64 '\-\-to: ' xray fw allow --to 10.0.0.1/8 web x
is 'a preset' 0 'Rule added: @apt:80,443/tcp -> allow' \
    xray fw allow web @apt
is 'it allows' 0 allow xray fw check web deb.debian.org
says 'no such list: 66' 66 '@nope: no such list; xray fw presets' \
    xray fw deny web @nope
is 'and no rule' 1 '' grep nope "$rules"
is 'presets NAME: rules to add' 0 'allow tcp .debian.org 80,443
allow tcp .ubuntu.com 80,443' xray fw presets apt
is 'presets: all of them' 0 'apt cargo dnf docker github go npm pip quiet vscode' \
    sh -c 'xray fw presets | cut -f1 | xargs'
says 'no such preset: 66' 66 'no such preset' xray fw presets ../commands
for p in "$top"/share/presets/*; do
	p=${p##*/}
	[ "$p" = quiet ] || xray fw allow -q api "@$p"
done
is 'all of them can be read' 0 '' xray fw check -q api example.github.com
ok 'presets have suffixes alone' sh -c '
    cd "$0" && ! grep -vhE "^(#|\.[a-z0-9-]+\.[a-z]+$)" $(ls | grep -vx quiet)' \
    "$top/share/presets"

# Lines, and what list printed, come back.
fresh
xray fw clear -qy api
is 'add - keeps the order of lines' 0 'Rule added: a.example:443 -> allow
Rule added: .example:*/any -> deny' \
    add_lines '# words' 'allow tcp a.example 443' '' 'deny * .example *'
is 'the first counts' 0 allow xray fw check web a.example:443
xray fw allow -q --for 1h web t.test
xray fw list web | xray fw add -q api -
is 'list | add -: the same rules' 0 "$(own web)" own api
before=$(cat "$rules")
own web | xray fw add -q web -
is 'into itself: nothing changes' 0 "$before" cat "$rules"
is 'with --to by name of the column' 0 'allow tcp c.example 22 to=10.0.0.0/8 # x y' \
    sh -c 'xray fw allow -q --to 10.0.0.0/8 --note "x y" api c.example:22
    xray fw list -o verdict,proto,host,port,until,to,note,origin --own api |
	xray fw add -q web - && grep c.example "$0"' "$rules"
says 'a bad line: 65, and which' 65 'standard input:2: nonsense' \
    add_lines 'allow tcp b.example 443' 'nonsense * * *'
is 'and none of it was added' 1 '' grep b.example "$rules"
echo nonsense >>"$rules"
says 'a broken file: 65, and what mends it' 65 \
    'web: rules:[0-9]+: .*xray fw edit web' xray fw allow web q.example
says 'for list, too' 65 'web: rules:[0-9]+: ' xray fw list web
sed -i '/nonsense/d' "$rules"

# test.
printf '%s\n' '# cases' 'allow tcp a.example 443' 'deny udp a.example 443' \
    >"$tmp/cases"
is 'test' 0 '2 of 2' xray fw test web "$tmp/cases"
echo 'allow tcp b.example 80-81' >>"$tmp/cases"
is 'what differs is printed' 1 "$tmp/cases:4: allow tcp b.example 80: got deny (rules:3: deny * .example *)
2 of 3" xray fw test web "$tmp/cases"
echo "allow tcp .test *" >"$tmp/own.rules"
is 'a file of rules, cases from standard input' 0 '1 of 1' sh -c '
    echo "allow tcp x.test 1-9" | xray fw test "$0"' "$tmp/own.rules"
says 'a bad case: 65' 65 'standard input:1' sh -c '
    echo "allow x" | xray fw test web'

# Two hands at once lose nothing.
fresh
seq 20 | xargs -P 8 -I% xray fw allow -q --lock-wait 60 web h%.example
is 'twenty at once: twenty rules' 0 20 sh -c 'grep -c . "$0"' "$rules"
says 'a VM that is being changed: 75' 75 'locked by' sh -c '
    "$XRAY_OBJ/tests/lock-peer" "$0/lock" \
	xray fw allow web l.example' "$vm"
is 'a full disk is not silence' 74 '' sh -c 'xray fw list web >/dev/full'

# Slips of a newcomer's.
says 'a verb with a slip: 64, and the nearest' 64 'lsit: no such verb \(list\?\)' \
    xray fw lsit web
says 'a verdict where a destination goes: 64' 64 \
    'allow: a verdict.*xray fw add web' xray fw deny web facebook.com allow
is 'nothing was added for it' 1 '' grep -E 'facebook| allow ' "$rules"
says 'a verdict with a slip: 64, and it is named' 64 \
    'alow: not allow, deny or ask' xray fw add web 1.1.1.1:443 alow
says 'the name of a list without its sign is a host, and that is said' 0 \
    'npm: a host of that name; the list is @npm' xray fw allow web npm
is 'other names are no slip' 0 '' sh -c 'xray fw allow web a.b 2>&1 >/dev/null'
