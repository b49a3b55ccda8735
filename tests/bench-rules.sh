#!/bin/sh
# A hundred thousand rules beside what others make of such a list; see bench.sh.
. "${0%/*}/lib.sh"
. "${0%/*}/bench-lib.sh"
rounds=${ROUNDS:-11}
cd "$tmp" || exit 1
awk 'BEGIN { for (i = 0; i < 100000; i++)
    print "n" i * 7919 % 100003 ".example" i % 999 ".org" }' >names
sed 's/.*/allow tcp & 443/' names >rules
sed 's,.*,address=/&/192.0.2.1,' names >dnsmasq.conf
awk '{ printf "+%d,1:%s->1\n", length, $0 } END { print "" }' names >cdb.in
for _ in $(seq "$rounds"); do
	for form in rules list; do
		file=rules
		[ $form = rules ] || file=names
		"$XRAY_OBJ/tests/rules-peer" time $form $file 5 >said
		sed -n 's/^load \([0-9.]*\) ms.*/\1/p' said >>"took.$form"
		sed -n 's/^match \([0-9.]*\) us.*/\1/p' said | median \
		    >>"match.$form"
	done
	! command -v dnsmasq >/dev/null ||
	    took dnsmasq dnsmasq --test -C dnsmasq.conf
	! command -v cdb >/dev/null || took cdb cdb -c names.cdb cdb.in
done
for peer in dnsmasq cdb; do
	[ ! -f "took.$peer" ] ||
	    took_row rules 'a list of 100,000 names, loaded' list $peer ''
done
row rules 'rules with 100,000 names, loaded' ms "$(median <took.rules)" \
    '' '' '' '<= 60'
row rules 'one of them matched' us "$(median <match.rules)" '' '' '' '<= 1'
row rules 'one of a list' us "$(median <match.list)" '' '' '' '<= 1'
