# SPDX-License-Identifier: ISC
# rules-make.pl SEED pairs|files|lines|spellings: input for rules-peer and
# rules-oracle.pl, other for another seed.
use strict;
use warnings;

my ($seed, $what) = @ARGV;
srand $seed;

sub any { return $_[rand @_] }

my @labels = (qw(a b www example evil github com net org co uk internal
    xn--mnchen-3ya my_host 1and1 0x7g 127 x-y host any localhost), 'a' x 63);
my @blocks = qw(10.0.0.0/8 10.1.2.0/24 10.1.2.3 0.0.0.0/0 192.168.0.0/16
    1.2.3.4 1.2.0.0/16 127.0.0.0/8 169.254.169.254 8.8.8.8 8.0.0.0/5
    172.16.0.0/12 192.0.0.0/2 100.64.0.0/10 ::/0 ::1 2001:db8::/32 fe80::/10
    fc00::/7 2606:4700::/32 64:ff9b::/96 64:ff9b::a00:0/104 2000::/3
    ::ffff:1.2.3.0/120 2002::/16 64::/16 4000::/2);
my @addrs = (qw(10.1.2.3 10.1.2.4 10.200.0.1 11.0.0.0 1.2.3.4 1.2.3.5 1.2.9.9
    127.0.0.1 127.255.255.255 169.254.169.254 8.8.8.8 9.9.9.9 172.31.255.255
    172.32.0.0 192.168.1.1 192.0.2.7 224.0.0.251 255.255.255.255 0.0.0.0
    100.127.255.255 ::1 :: 2001:db8::7 fe80::1 fd00::1 2606:4700::1111
    2606:4701::1 64:ff9b::10.0.0.7 64:ff9b::8.8.8.8 ::ffff:10.1.2.3
    ::FFFF:808:808 2002:7f00:1::1 2002:808:808::1 ff02::1 3fff::1 64:1::1
    4000::1 2001::80ff:fffe));

sub name { return join '.', map { any(@labels) } 1 .. 1 + rand 4 }

# A name that no rule refuses: host and any are words, 127 and numbers ends.
sub good_name {
	my $n;
	do { $n = name() } while $n =~ /^(?:host|any)\z|(?:^|\.)127\z/;
	return $n;
}

sub host {
	my $r = rand;
	return any('*', 'host', '@one', '@two') if $r < 0.15;
	return any(@blocks) if $r < 0.4;
	return any('', '.', '*.') . good_name();
}

sub ports {
	return any('*', '*', '*', 80, 443, '80,443', '1-1024', '22,80-90,443',
	    '443,80', '65535', '8000-8099', '81,80,82-90,70');
}

sub rule {
	my $verdict = any(qw(allow allow deny ask));
	my $proto = any(qw(tcp tcp tcp udp icmp *));
	my $s = join any(' ', "\t", '  '), $verdict, $proto, host(),
	    $proto eq 'icmp' ? '*' : ports();
	$s .= ' until=' . any(500, 1000, 1001, '1970-01-01T00:16:40Z',
	    '2026-11-21T22:14:00Z') if rand() < 0.15;
	$s .= ' to=' . join ',', map { any(@blocks) } 1 .. 1 + rand 3
	    if $verdict ne 'deny' && rand() < 0.2;
	$s .= any(' # a note', ' #', " # two  words # more") if rand() < 0.1;
	return $s;
}

sub entry {
	my $r = rand;
	return any('0.0.0.0', '127.0.0.1', '::1', 'fe80::1%lo0') . ' ' .
	    join ' ', map { good_name() } 1 .. 1 + rand 2 if $r < 0.2;
	return any('# none', '', '0.0.0.0 0.0.0.0') if $r < 0.3;
	my $h;
	do { $h = host() } while $h =~ /^@|^host\z/;
	return $h if $r < 0.7;
	$h = "[$h]" if $h =~ /:/;
	return $h . any(':80', ':443/tcp', '/udp', ':*/any', '/icmp') .
	    any('', ' # note');
}

# Near what the rules name, and far from it.
sub twisted {
	my ($n) = @_;
	my $r = rand;
	return $n if $r < 0.3;
	return any('www.', 'a.b.', 'evil.') . $n if $r < 0.45;
	return any('evil', 'x', '-', '_') . $n if $r < 0.55;
	return $n . any('.net', '.evil.org', 'x', '%00.evil.org', "\\0", '-')
	    if $r < 0.65;
	return uc $n if $r < 0.7;
	return $n . any('.', '..', ':80') if $r < 0.75;
	$n =~ s/^[^.]*\.// if $r < 0.85;
	$n =~ s/\./any('-', '', '..')/e if $r >= 0.85 && $r < 0.9;
	$n =~ s/o/0/ if $r >= 0.9 && $r < 0.95;
	$n .= any('.1', '.0x7f', '.0x', '.7g', '.0x7g') if $r >= 0.95;
	return $n;
}

sub target {
	my (@rules) = @_;
	my ($p, $h, $ports) = (split ' ', any(@rules))[1 .. 3];
	my $r = rand;
	if ($r < 0.06) { $h = 'host' }
	elsif ($h =~ m{[:/]|^[\d.]+\z} || $r < 0.15) { $h = any(@addrs) }
	elsif ($h =~ /^[@*]\z|^@|^host\z/ || $r < 0.25) { $h = name() }
	else { $h =~ s/^\*?\.//; $h = twisted($h) }
	my $proto = $p ne '*' && rand() < 0.8 ? $p : any(qw(tcp udp icmp));
	my $port = $ports =~ /(\d+)/ && rand() < 0.7 ? $1 :
	    any(0, 22, 53, 80, 443, 8080, 1025, 65535);
	return join ' ', $proto, $h, $proto eq 'icmp' ? 0 : $port,
	    any(0, 0, 999, 1000, 2000000000);
}

sub out { print @_, "\n" }

sub case {
	my ($nrules, $ntargets) = @_;
	my @rules = map { rule() } 1 .. $nrules;
	out 'N';
	out 'M ', any(qw(ask deny allow learn));
	out "R $_" for @rules;
	if ($nrules > 1) {
		for my $l ('one', 'two') {
			out "L $l ", entry() for 1 .. rand 6;
		}
		for (1 .. rand 3) {
			my $d = good_name();
			out 'D ', any('', '.', '*.'), $d, any('', ' # why')
			    if $d =~ /\./;
		}
	}
	for (1 .. $ntargets) {
		out 'T ', target(@rules);
		out 'A ', any(@addrs) if rand() < 0.5;
	}
}

# A line with one thing wrong, or not.
sub mutated {
	my ($s) = @_;
	for (1 .. rand 3) {
		my $at = rand 1 + length $s;
		my $c = any(split(//, "#*@.,:/-= \t[]0189azAZ_%\r\x01\x7f\xc3"));
		my $r = rand;
		if ($r < 0.4) { substr $s, $at, 0, $c }
		elsif ($r < 0.7) { substr $s, $at, 1, '' if $at < length $s }
		elsif ($at < length $s) { substr $s, $at, 1, $c }
	}
	return $s;
}

sub dest {
	my $h = host();
	$h = any($h, "[$h]") if $h =~ /:/;
	$h = any($h, 'any') if $h eq '*';
	return $h . any('', '', ':' . ports()) . any('', '/tcp', '/udp', '/icmp',
	    '/any');
}

# ---- ways to spell what nobody may reach ----------------------------------

my @forbidden = qw(127.0.0.1 127.1.2.3 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1
    10.0.2.2 10.255.255.255 100.64.0.1 100.100.100.200 169.254.0.1
    169.254.169.254 172.16.0.1 172.31.255.254 192.0.0.192 192.168.0.1
    192.168.255.255 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1
    168.63.129.16 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255);
my @forbidden6 = qw(:: ::1 ::0:1 0:0:0:0:0:0:0:1
    0000:0000:0000:0000:0000:0000:0000:0001 fe80::1 FE80::1 febf::1 fc00::1
    fd00::1 fd00:ec2::254 FD00:EC2::254 fec0::2 ff02::1 ff05::2 FF0E::FB
    100::1 2001:db8::1 2001:DB8::1 3fff::1 2001:2::1 2001:10::1 5f00::1
    64:ff9b:1::7f00:1 ::ffff:0:7f00:1 ::fffe:7f00:1 fe80::5efe:7f00:1);

sub quad {
	my ($form, @b) = @_;
	return join '.', map { sprintf $form, $_ } @b;
}

sub spell {
	my ($ip) = @_;
	my @b = split /\./, $ip;
	my $n = $b[0] << 24 | $b[1] << 16 | $b[2] << 8 | $b[3];
	my ($low3, $low2) = ($n & 0xffffff, $n & 0xffff);
	my @s = ($ip, "$ip.", quad('0x%x', @b), quad('0X%02X', @b),
	    quad('0%o', @b), quad('%04o', @b), quad('%03d', @b),
	    "$n", "$n.", sprintf('0x%x', $n), sprintf('0X%08X', $n),
	    sprintf('0%o', $n), sprintf('%u', $n + 2**32),
	    "$b[0].$low3", "$b[0].$b[1].$low2",
	    sprintf('0x%x.%u', $b[0], $low3), sprintf('0%o.0x%x', $b[0], $low3),
	    sprintf('%u.0%o.0x%x', $b[0], $b[1], $low2),
	    sprintf('0x%x.%u.%u.%u', @b), sprintf('%u.%u.%u.0%o', @b),
	    "[$ip]", "$ip%00", "$ip%00.example.com", "%00$ip", "$ip\\0",
	    "http://$ip/", "$ip/", "$ip#", "$ip?", "user\@$ip",
	    "0$ip", "+$ip", "-$ip", "${ip}x:", ".$ip", "..$ip", "$ip..");
	my $hex = sprintf '%x:%x', $b[0] << 8 | $b[1], $b[2] << 8 | $b[3];
	my $not = sprintf '%x:%x', ($b[0] << 8 | $b[1]) ^ 0xffff,
	    ($b[2] << 8 | $b[3]) ^ 0xffff;
	push @s, "::ffff:$ip", "::FFFF:$ip", "::ffff:$hex", "0:0:0:0:0:ffff:$hex",
	    "0:0:0:0:0:FFFF:$ip", "[::ffff:$ip]", "::$ip", "::$hex",
	    "64:ff9b::$ip", "64:FF9B::$hex", "64:ff9b:0:0:0:0:$hex",
	    "64:ff9b:1::$ip", "2002:$hex\::1", "2002:$hex\::", "2002:$hex:1::1",
	    "2001:0:808:808::$not", "2001::808:808:8000:1:$not",
	    "2001:0:$hex\:0:0:f7f7:f7f7", "::ffff:0:$ip", "::ffff:$ip%lo",
	    "0::ffff:$hex", "::ffff:" . quad('0x%x', @b), "::$ip%1";
	return @s;
}

if ($what eq 'pairs') {
	case(1, 1) for 1 .. 10000;
} elsif ($what eq 'files') {
	case(2 + rand 10, 25) for 1 .. 400;
} elsif ($what eq 'lines') {
	for (1 .. 10000) {
		out 'C ', mutated(rule());
		out 'E ', any(qw(allow deny ask)), ' ', mutated(dest());
	}
} elsif ($what eq 'spellings') {
	my %seen;
	out "S $_" for grep { !$seen{$_}++ } map({ spell($_) } @forbidden),
	    map { $_, uc $_, "[$_]", "$_%eth0", "$_%25lo", "$_." } @forbidden6;
}
