#!/bin/sh
# xray fw learn and suggest: rules out of what the log of a gateway tells.
. "${0%/*}/lib.sh"
plan 40
empty_base
xray create -q --no-defaults web api
vm=$XRAY_HOME/vms/web log=$XRAY_HOME/vms/web/log
d=2026-11-21T21:14

# learn
mode() { xray fw mode web; }
is 'no VM learns unasked' 0 off xray fw learn web
says 'on is told' 0 'web: what no rule names is allowed, and logged' \
    xray fw learn web on
is 'and printed' 0 on xray fw learn web
is 'it is the mode' 0 learn mode
is 'a miss is let pass' 0 allow xray fw check web a.example:443
is 'as the mode has it' 0 'allow	tcp	a.example	443	mode learn: no rule names it' \
    xray fw why web a.example:443
is 'not to an address that is not public' 1 deny xray fw check web 10.0.0.1:80
is 'nor to the host that knows secrets' 1 deny \
    xray fw check web 169.254.169.254:80
is 'nor to this machine' 1 deny xray fw check web host:22
xray fw deny -q web evil.example
is 'nor where a rule denies' 1 deny xray fw check web evil.example:443
says 'again: a note' 0 'web: learns already' xray fw learn web on
is 'off' 0 '' xray fw learn web off
is 'the mode is what it was' 0 ask mode
is 'which vm.ini does not say' 1 '' grep '^mode' "$vm/vm.ini"
says 'off again: a note' 0 'web: does not learn' xray fw learn web off
xray fw mode -q web deny
xray fw learn -q web on
is 'a mode of its own' 0 'mode_before = deny' grep '^mode_b' "$vm/vm.ini"
xray fw learn web off
is 'comes back' 0 'mode = deny' grep '^mode' "$vm/vm.ini"
xray fw learn -q web on
xray fw mode web ask
is 'a mode that is set forgets it' 0 'mode = ask' grep '^mode' "$vm/vm.ini"
xray config set -q mode learn
is 'config.ini can say it' 0 on xray fw learn api
xray fw learn -q api off
is 'of one VM it is off' 0 ask xray fw mode api
sed -i '/^mode/d' "$XRAY_HOME/config.ini"
says 'no other word: 64' 64 'not one of on, off' xray fw learn web perhaps

# suggest
says 'no log: nothing, and no error' 0 'web: nothing that its rules do not say' \
    xray fw suggest web
mkdir -p "$log"
cat >"$log/net.log.1" <<-L
	$d:01.000Z allow learn tcp b.example - 80 - -
	$d:01.000Z allow learn tcp a.example - 443 - -
	$d:02.000Z allow learn tcp a.example 93.184.216.34 443 1000 7000
	$d:02.000Z allow learn tcp - 1.1.1.1 443 - -
	$d:03.000Z allow learn tcp - 1.1.1.1 443 1000000 2000000
L
cat >"$log/net.log" <<-L
	$d:05.000Z allow asked tcp a.example - 443 - -
	$d:06.000Z allow asked tcp a.example 93.184.216.34 443 100 200
	$d:07.000Z deny private tcp - 10.0.0.1 22 - -
	$d:07.000Z deny nobody tcp sentry.example - 443 - -
	$d:08.000Z deny mode tcp sentry.example - 443 - -
	$d:08.000Z deny rules:1 tcp evil.example - 443 - -
	$d:09.000Z allow learn udp t.example - 123 - -
	$d:09.000Z allow learn icmp - 9.9.9.9 - - -
	$d:09.000Z allow learn tcp - 2001:4860::1 22 - -
	$d:10.000Z deny nobody tcp b.example - 80 - -
	$d:11.000Z allow asked tcp no.example - 80 - -
	$d:12.000Z deny asked tcp no.example - 80 - -
L
want='allow tcp a.example 443        # 2 flows, 8.3 kB
allow tcp b.example 80         # 1 flow, 0 B
allow udp t.example 123        # 1 flow, 0 B
allow tcp 1.1.1.1 443          # 1 flow, 3.0 MB
allow icmp 9.9.9.9 *           # 1 flow, 0 B
allow tcp 2001:4860::1 22      # 1 flow, 0 B
#deny tcp sentry.example 443   # 2 tries
#deny tcp no.example 80        # 1 try'
is 'what the rules do not say' 0 "$want" xray fw suggest web
is '--min' 0 2 sh -c 'xray fw suggest --min 2 web | wc -l'
is '--since a time' 0 6 sh -c "xray fw suggest --since $d:08 web | wc -l"
is 'with its Z' 0 2 sh -c "xray fw suggest --since $d:10Z web | wc -l"
is '--since so long ago' 0 '' xray fw suggest --since 1h web
for t in yesterday -1h 2026-11-21x10:00; do
	says "--since $t: 64" 64 'as long ago as 2h' xray fw suggest \
	    "--since=$t" web
done
says 'no such VM: 66' 66 'no such VM' xray fw suggest wep
says 'one VM: 64' 64 'one VM' xray fw suggest web api

# What a guest writes.
cat >"$log/net.log.1" <<-L
	$d:01.000Z allow learn tcp host - 80 - -
	$d:01.000Z allow learn tcp zero.example - - - -
	$d:01.000Z allow learn tcp any - 80 - -
	$d:01.000Z allow learn tcp * - 80 - -
	$d:01.000Z allow learn tcp @npm - 80 - -
	$d:01.000Z allow learn tcp .com - 80 - -
	$d:01.000Z allow learn tcp *.com - 80 - -
	$d:01.000Z allow learn tcp UPPER.example - 80 - -
	$d:01.000Z allow learn tcp dot.example. - 80 - -
	$d:01.000Z allow learn tcp 0x7f.1 - 80 - -
	$d:01.000Z allow learn tcp - 0.0.0.0/0 80 - -
	$d:01.000Z allow learn tcp - * 80 - -
	$d:01.000Z allow learn tcp x#y.example - 80 - -
	$d:01.000Z allow learn tcp #.example - 80 - -
	$d:01.000Z allow learn tcp - 1.2.3.4,5.6.7.8 80 - -
L
{
	printf '%s:02.000Z allow learn tcp e\033[2Jvil.example - 80 - -\n' $d
	printf '%s:02.000Z allow learn tcp a\rallow\ttcp\t* - 80 - -\n' $d
	printf '%s:02.000Z allow learn tcp any.example\nallow tcp * * - - -\n' $d
} >>"$log/net.log.1"
mv "$log/net.log" "$tmp/kept"
says 'only names and addresses, each as it is' 0 \
    'nothing that its rules do not say' xray fw suggest web
mv "$tmp/kept" "$log/net.log"

# They go back, and are not suggested again.
rm "$log/net.log.1"
ok 'add takes them' sh -c 'xray fw suggest web | xray fw add web -'
is 'with what was known' 0 'allow tcp a.example 443 # 1 flow, 300 B' \
    grep a.example "$vm/rules"
is 'comments are none' 1 '' grep sentry "$vm/rules"
is 'what the rules say is said' 0 \
    '#deny tcp sentry.example 443   # 2 tries
#deny tcp b.example 80         # 1 try
#deny tcp no.example 80        # 1 try' xray fw suggest web
xray fw allow -q --for 1h web sentry.example:443
is 'what they say for a while is not' 0 3 sh -c 'xray fw suggest web | wc -l'
xray fw deny -q web no.example sentry.example b.example
is 'nor is there anything more' 0 '' xray fw suggest web
xray fw defaults web on
echo "$d:30.000Z allow learn tcp github.com - 443 - -" >>"$log/net.log"
is 'defaults are rules' 0 '' xray fw suggest web
