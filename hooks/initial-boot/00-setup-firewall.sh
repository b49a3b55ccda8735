#!/bin/sh
# SPDX-License-Identifier: ISC
# xray: net = proxy
#
# Have a Debian or Ubuntu guest, which with net = proxy reaches a SOCKS proxy
# and a name server and nothing else, use them without its programs' knowing:
# redsocks, a few lines of iptables, a default route, a resolver.
#
# It is a convenience.  What the guest may reach is decided outside, and none
# of this has to be there for that; see xray-firewall(7).
#
# redsocks comes from the guest's package archive, through the proxy, or from
# .deb files in $XRAY_HOME/redsocks.  All of it may be done again and again.
set -eu
vm=$XRAY_VM_NAME
debs=$XRAY_HOME/redsocks

in_guest()
{
	xray ssh "$vm" "$@"
}

if [ -d "$debs" ] &&
    ! in_guest '[ -x /usr/sbin/redsocks ] && [ -x /usr/sbin/iptables ]'; then
	tar -C "$debs" -cf - . | in_guest '
	    rm -rf .xray-debs && mkdir .xray-debs && tar -C .xray-debs -xf -'
fi

# From here on what was set up before may be half of it.
xray config set -q "$vm" firewall_configured no

# A failure counts, but for 3: it is another system.
code=0
in_guest 'exec sudo -n sh -s' <<'GUEST' || code=$?
set -eu
if [ ! -d /run/systemd/system ] || ! command -v dpkg >/dev/null; then
	echo 'neither Debian nor Ubuntu: its programs have to be told of the' \
	    'proxy, socks5h://10.0.2.100:1080'
	exit 3
fi
# Standard input is this script: nobody else may read of it.
export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive LC_ALL=C
home=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)
proxy=socks5h://10.0.2.100:1080

there()
{
	command -v redsocks >/dev/null && command -v iptables >/dev/null
}

from_files()
{
	set -- "$home"/.xray-debs/*.deb
	[ -f "$1" ] && dpkg -i "$@" </dev/null && there
}

from_archive()
{
	command -v apt-get >/dev/null || return
	set -- -q -o "Acquire::http::Proxy=$proxy" \
	    -o "Acquire::https::Proxy=$proxy" -o Acquire::Retries=1 \
	    -o DPkg::Lock::Timeout=120
	apt-get "$@" update </dev/null &&
	    apt-get "$@" -y --no-install-recommends install redsocks iptables \
		</dev/null && there
}

there || from_files || from_archive || {
	echo 'redsocks and iptables are not in the guest and could not be' \
	    'installed: allow its archive (xray fw pending), or put their' \
	    '.deb files into redsocks/ of the home' >&2
	exit 1
}
rm -rf "$home/.xray-debs"

mkdir -p /etc/xray
cat >/etc/xray/redsocks.conf <<'FILE'
base {
	log = stderr;
	log_info = off;
	daemon = off;
	user = redsocks;
	group = redsocks;
	redirector = iptables;
}
redsocks {
	local_ip = 127.0.0.1;
	local_port = 12345;
	ip = 10.0.2.100;
	port = 1080;
	type = socks5;
}
dnstc {
	local_ip = 127.0.0.1;
	local_port = 5300;
}
FILE

cat >/usr/local/sbin/xray-redirect.new <<'FILE'
#!/bin/sh
# xray-redirect up: lead connections to redsocks, and questions for names to
# the name server, which takes them over TCP alone: over UDP dnstc tells
# whoever asks to ask so.  check: is all of it there?  down: none of it.
set -eu
export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C

device()
{
	ip -o -4 addr show |
	    awk '$3 == "inet" && $4 ~ /^10\.0\.2\./ { print $2; exit }'
}

wait_for_device()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		dev=$(device)
		[ -z "$dev" ] || return 0
		sleep 1
	done
	echo 'no address in 10.0.2.0/24' >&2
	return 1
}

nat()
{
	iptables -w 10 -t nat "$@"
}

rules()
{
	nat -N XRAY 2>/dev/null || nat -F XRAY
	nat -A XRAY -d 127.0.0.0/8 -j RETURN
	nat -A XRAY -p udp --dport 53 -j REDIRECT --to-ports 5300
	# connections that begin; others may be older than this, ssh above all
	nat -A XRAY -p tcp ! --syn -j RETURN
	nat -A XRAY -p tcp --dport 53 -j DNAT --to-destination 10.0.2.101:53
	nat -A XRAY -d 10.0.2.100/31 -j RETURN
	nat -A XRAY -p tcp -j REDIRECT --to-ports 12345
	nat -C OUTPUT -j XRAY 2>/dev/null || nat -I OUTPUT -j XRAY
}

# glibc asks over TCP when it is told so.  systemd-resolved does not, and asks
# with EDNS, which dnstc does not answer: it is put aside.
resolver()
{
	if systemctl is-active -q systemd-resolved; then
		systemctl disable -q --now systemd-resolved
		touch /etc/xray/had-resolved
	fi
	[ ! -L /etc/resolv.conf ] || rm /etc/resolv.conf
	printf '%s\n' 'nameserver 10.0.2.101' 'options use-vc' |
	    cmp -s - /etc/resolv.conf ||
		printf '%s\n' 'nameserver 10.0.2.101' 'options use-vc' \
		    >/etc/resolv.conf
}

up()
{
	wait_for_device
	ip route replace default via 10.0.2.2 dev "$dev"
	rules
	resolver
}

down()
{
	systemctl disable -q --now xray-redirect
	nat -D OUTPUT -j XRAY || :
	nat -F XRAY && nat -X XRAY || :
	ip route del default via 10.0.2.2 || :
	if [ -f /etc/xray/had-resolved ]; then
		rm /etc/xray/had-resolved
		ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
		systemctl enable -q --now systemd-resolved
	fi
}

check()
{
	ip route show default | grep -q 'via 10\.0\.2\.2 ' &&
	    nat -C OUTPUT -j XRAY &&
	    nat -C XRAY -p tcp -j REDIRECT --to-ports 12345 &&
	    systemctl is-active -q xray-redirect &&
	    timeout 10 getent ahostsv4 host.xray.internal | grep -q '^198\.1[89]\.'
}

case ${1-} in
up | check | down) "$1" ;;
*) echo 'usage: xray-redirect up|check|down' >&2 && exit 64 ;;
esac
FILE
chmod 755 /usr/local/sbin/xray-redirect.new
mv /usr/local/sbin/xray-redirect.new /usr/local/sbin/xray-redirect

cat >/etc/systemd/system/xray-redirect.service <<'FILE'
[Unit]
Description=connections by the proxy of the machine that this one runs on
After=network.target systemd-networkd.service

[Service]
ExecStartPre=/usr/local/sbin/xray-redirect up
ExecStart=/usr/sbin/redsocks -c /etc/xray/redsocks.conf
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
FILE

# It would take away routes that are not its own.
mkdir -p /etc/systemd/networkd.conf.d
printf '%s\n' '[Network]' ManageForeignRoutes=no \
    >/etc/systemd/networkd.conf.d/xray.conf

systemctl daemon-reload
systemctl disable -q --now redsocks 2>/dev/null || :
systemctl enable -q xray-redirect
systemctl restart xray-redirect
for _ in 1 2 3 4 5; do
	! xray-redirect check || exit 0
	sleep 1
done
echo 'redsocks does not run, or names are not told:' >&2
systemctl --no-pager status xray-redirect >&2
exit 1
GUEST
[ "$code" != 3 ] || exit 0
[ "$code" = 0 ] || exit "$code"

xray config set -q "$vm" firewall_configured yes
echo 'connections go by the proxy'
