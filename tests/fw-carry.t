#!/bin/sh
# xray-fw import, export, edit: rules from elsewhere, and for it.
. "${0%/*}/lib.sh"
plan 37
empty_base
xray create -q web api
rules=$XRAY_HOME/vms/web/rules
fresh() { rm -f "$rules"; }
text() { cat "$rules"; }

# Our own.
printf '%s\n' '# ünser' 'allow tcp .example 80,443 # web' '' \
    'deny udp 192.0.2.0/24 1-99' 'allow tcp b.test 22 to=10.0.0.0/8' \
    'ask * * *' >"$rules"
is 'export: the file' 0 "$(text)" xray fw export web
is 'import - of it: the same rules' 0 "$(grep '^[ad]' "$rules")" sh -c '
    xray fw export web | xray fw import -q api -
    cat "$XRAY_HOME/vms/api/rules"'
says 'a form nobody knows: 64' 64 'xray, opensnitch or lsrules' \
    xray fw export --format ufw web
says 'a file that is not there: 66' 66 'nope' xray fw import web nope

# OpenSnitch.
xray fw export --format opensnitch web >"$tmp/os.json" 2>"$tmp/left"
ok 'what it does not know is told' sh -c '
    grep -q "ask \* \* \*: left out" "$0" && grep -q "to=.*: left out" "$0"' \
    "$tmp/left"
ok 'export: JSON' python3 -m json.tool "$tmp/os.json"
is 'names keep the order' 0 '000001-web-allow
000002-web-deny' python3 -c '
import json, sys
for r in json.load(open(sys.argv[1])): print(r["name"])' "$tmp/os.json"
is 'there and back' 0 'allow tcp .example 80,443 # web
deny udp 192.0.2.0/24 1-99' sh -c '
    rm "$0"; xray fw import -q --format opensnitch web "$1"; cat "$0"' \
    "$rules" "$tmp/os.json"
cat >"$tmp/os.json" <<'J'
[{"name": "900-last", "enabled": true, "action": "allow", "duration": "always",
  "operator": {"type": "simple", "operand": "dest.host", "data": "z.example"}},
 {"name": "100-deny", "enabled": true, "action": "reject", "duration": "always",
  "operator": {"type": "list", "operand": "list", "list": [
    {"type": "regexp", "operand": "dest.host", "data": "^(|.*\\.)ads\\.example$"},
    {"type": "regexp", "operand": "dest.port", "data": "^(80|81|443)$"},
    {"type": "simple", "operand": "protocol", "data": "tcp6"}]}},
 {"name": "050-first", "precedence": true, "action": "allow",
  "operator": {"type": "simple", "operand": "dest.ip", "data": "192.0.2.7"}},
 {"name": "800-allow", "action": "allow", "duration": "always",
  "operator": {"type": "network", "operand": "dest.network", "data": "198.51.100.0/24"}},
 {"name": "curl", "action": "allow", "operator": {"type": "list", "list": [
    {"type": "simple", "operand": "process.path", "data": "/usr/bin/curl"},
    {"type": "simple", "operand": "dest.host", "data": "p.example"}]}},
 {"name": "off", "enabled": false, "action": "allow",
  "operator": {"type": "simple", "operand": "dest.host", "data": "off.example"}},
 {"name": "short", "action": "allow", "duration": "15m",
  "operator": {"type": "simple", "operand": "dest.host", "data": "s.example"}},
 {"name": "loose", "action": "allow",
  "operator": {"type": "regexp", "operand": "dest.host", "data": ".*example.*"}},
 {"name": "sly", "action": "allow",
  "operator": {"type": "simple", "operand": "dest.host", "data": "a.example 443\nallow * *"}}]
J
fresh
is 'import: what counts first stands first' 0 \
    'Rule added: 192.0.2.7:*/any -> allow
Rule added: .ads.example:80-81,443/tcp -> deny
Rule added: z.example:*/any -> allow
Rule added: 198.51.100.0/24:*/any -> allow' \
    xray fw import --format opensnitch web "$tmp/os.json"
is 'what would be wider is left out' 0 'curl loose off short sly' sh -c '
    xray fw import -q --format opensnitch api "$0" 2>&1 |
	sed -n "s/^xray-fw: \([a-z]*\): left out.*/\1/p" | sort | xargs' \
    "$tmp/os.json"
says 'no JSON: 65' 65 'os.json: not JSON' sh -c '
    echo "{" >"$0"; xray fw import --format opensnitch web "$0"' "$tmp/os.json"
says 'other JSON: 65' 65 'neither a rule of OpenSnitch' sh -c '
    echo 7 | xray fw import --format opensnitch web -'

# Little Snitch.
cat >"$tmp/a.lsrules" <<'J'
{"name": "x", "denied-remote-domains": ["ads.example"],
 "rules": [
 {"action": "allow", "process": "any", "remote": "any", "protocol": "icmp"},
 {"action": "deny", "remote-domains": "example", "notes": "wide"},
 {"action": "allow", "process": "any", "remote-hosts": ["a.example", "b.example"],
  "ports": "80, 443-444", "protocol": "tcp"},
 {"action": "allow", "remote-domains": "ok.ads.example"},
 {"action": "deny", "remote-addresses": "198.51.100.0/24", "priority": "high"},
 {"action": "deny", "process": "/bin/curl", "remote": "any", "notes": "curl"},
 {"action": "deny", "direction": "incoming", "remote": "any", "notes": "in"},
 {"action": "allow", "remote": "local-net", "notes": "lan"},
 {"action": "allow", "remote-addresses": "192.0.2.1-192.0.2.9"}]}
J
fresh
is 'import: the more exact first, priority before' 0 \
    'deny * 198.51.100.0/24 *
allow tcp a.example 80,443-444
allow tcp b.example 80,443-444
allow * .ok.ads.example *
deny * .ads.example *
deny * .example * # wide
allow icmp * *' sh -c '
    xray fw import -q --format lsrules web "$0"; cat "$1"' "$tmp/a.lsrules" \
    "$rules"
is 'what no rule can say is told' 0 4 sh -c '
    xray fw import -q --format lsrules api "$0" 2>&1 | grep -c "left out"' \
    "$tmp/a.lsrules"
xray fw export --format lsrules web >"$tmp/b.lsrules"
is 'export, and back' 0 "$(grep -v '^deny \* 198' "$rules")" sh -c '
    xray fw clear -qy api; rm "$XRAY_HOME/vms/api/rules"
    xray fw import -q --format lsrules api "$0"
    grep -v "^deny \* 198" "$XRAY_HOME/vms/api/rules"' "$tmp/b.lsrules"
says 'other JSON: 65' 65 'no .lsrules' sh -c '
    echo "{}" | xray fw import --format lsrules web -'

# Lists.
printf '%s\n' '# hosts' '127.0.0.1 localhost.example' '0.0.0.0 ads.example' \
    .track.example t.example:443 >"$tmp/hosts"
is 'import --list' 0 'Imported list: ads' \
    xray fw import --list ads web "$tmp/hosts"
ok 'as it was' cmp "$tmp/hosts" "$XRAY_HOME/lists/ads"
fresh
is 'for a rule' 0 'Rule added: @ads:*/any -> deny' xray fw deny web @ads
is 'it counts' 1 deny xray fw check web x.track.example
is 'on a terminal list tells how many' 0 1 sh -c '
    NO_COLOR=1 script -qc "xray fw list --own web" /dev/null |
	grep -c "@ads ([34])"'
says 'a bad list: 65, and which line' 65 ':2: ' sh -c '
    printf "a.example\nb c d\n" | xray fw import --list ads web -'
ok 'the old one stays' cmp "$tmp/hosts" "$XRAY_HOME/lists/ads"
for name in ../x '' .x a/b; do
	says "no name of a list: '$name'" 64 'no name of a list' \
	    xray fw import --list "$name" web "$tmp/hosts"
done
says '--list and --format: 64' 64 'or' \
    xray fw import --list x --format lsrules web "$tmp/hosts"
echo .mine.example >"$XRAY_HOME/lists/apt"
is "the home's list comes before the preset" 1 ask sh -c '
    xray fw allow -q web @apt; xray fw defaults web off
    xray fw check web debian.org'

# edit.
editor() { printf '#!/bin/sh\n%s\n' "$1" >"$tmp/ed"; chmod +x "$tmp/ed"; }
EDITOR=$tmp/ed
export EDITOR
unset VISUAL
fresh
editor 'echo "allow tcp e.example 443" >>"$1"'
is 'edit' 0 'allow tcp e.example 443' sh -c 'xray fw edit web && cat "$0"' \
    "$rules"
editor :
says 'nothing changed' 0 'nothing changed' xray fw edit web
editor 'echo nonsense >>"$1"'
says 'a bad line: 65, which, and where the text is' 65 \
    'rules:2: .*your text is in .*/refused-web.rules' xray fw edit web
is 'the rules stay' 0 'allow tcp e.example 443' text
ok 'the text is there' grep -q nonsense "$XRAY_HOME/refused-web.rules"
editor 'echo "deny * @nope *" >>"$1"'
says 'a list that is nowhere' 66 'rules:2: @nope: no such list' \
    xray fw edit web
editor "echo 'allow tcp other.example 443' >>'$rules'; echo >>\"\$1\""
says 'changed by another meanwhile: 75' 75 'changed by another' \
    xray fw edit web
unset EDITOR
says 'without a terminal and an editor: 64' 64 'xray fw add, or EDITOR' sh -c '
    xray fw edit web </dev/null'
