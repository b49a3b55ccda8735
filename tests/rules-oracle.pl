# SPDX-License-Identifier: ISC
# rules-oracle.pl <CASES: what rules-peer should say, by the grammar of
# lib/net/rule.h read anew: every rule is tried in turn, addresses are strings
# of ones and zeros, sets of ports are sets.
use strict;
use warnings;
use POSIX qw(strftime);
use Time::Local qw(timegm);

my (@file, @domains, %list, @order, $rules, $mode, $target, $last);
my @special4 = (
	['0.0.0.0/8', 'this-network'], ['10.0.0.0/8', 'private'],
	['100.64.0.0/10', 'private'], ['127.0.0.0/8', 'loopback'],
	['168.63.129.16', 'link-local'], ['169.254.0.0/16', 'link-local'],
	['172.16.0.0/12', 'private'], ['192.0.0.0/24', 'reserved'],
	['192.0.2.0/24', 'reserved'], ['192.88.99.0/24', 'reserved'],
	['192.168.0.0/16', 'private'], ['198.18.0.0/15', 'reserved'],
	['198.51.100.0/24', 'reserved'], ['203.0.113.0/24', 'reserved'],
	['224.0.0.0/4', 'multicast'], ['240.0.0.0/4', 'reserved']);
my @special6 = (
	['fc00::/7', 'private'], ['fe80::/10', 'link-local'],
	['ff00::/8', 'multicast'], ['2001::/23', 'reserved'],
	['2001:db8::/32', 'reserved'], ['2002::/16', 'reserved'],
	['3fff::/20', 'reserved']);

# ---- addresses: [family, bits] --------------------------------------------

sub bits4 {
	my ($s) = @_;
	return undef if $s !~ /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\z/;
	for ($1, $2, $3, $4) { return undef if $_ > 255 || /^0\d/ }
	return join '', map { sprintf '%08b', $_ } $1, $2, $3, $4;
}

sub bits6 {
	my ($s) = @_;
	return undef if $s !~ /:/;
	if ($s =~ /^(.*:)([^:]*\.[^:]*)\z/) {
		my ($front, $b) = ($1, bits4($2));
		return undef unless defined $b;
		$s = $front . sprintf '%x:%x', oct("0b" . substr $b, 0, 16),
		    oct("0b" . substr $b, 16);
	}
	my @halves = split /::/, $s, -1;
	return undef if @halves > 2;
	my @g = map { [split /:/, $_, -1] } @halves;
	my $n = 0;
	for my $half (@g) {
		for (@$half) {
			return undef if !/^[0-9a-fA-F]{1,4}\z/;
			$n++;
		}
	}
	return undef if @halves == 1 ? $n != 8 : $n > 7;
	push @{$g[0]}, (0) x (8 - $n);
	return join '', map { sprintf '%016b', hex } map { @$_ } @g;
}

sub addr {
	my ($s) = @_;
	my $b = bits4($s);
	return [4, $b] if defined $b;
	$b = bits6($s);
	return undef unless defined $b;
	return [4, substr $b, 96] if $b =~ /^0{80}1{16}/;
	return [6, $b];
}

# A block is the bits all its addresses begin with.
sub block {
	my ($s) = @_;
	my ($text, $n) = $s =~ m{^([^/]*)(?:/(0|[1-9]\d{0,2}))?\z} or return undef;
	my $a = addr($text) or return undef;
	my $written = $text =~ /:/ ? 128 : 32;
	$n = $written unless defined $n;
	return undef if $n > $written;
	$n -= 96 if $a->[0] == 4 && $written == 128;
	return undef if $n < 0 || substr($a->[1], $n) =~ /1/;
	return [$a->[0], substr $a->[1], 0, $n];
}

sub within {
	my ($block, $a) = @_;
	return $block->[0] == $a->[0] && index($a->[1], $block->[1]) == 0;
}

sub text {
	my ($block) = @_;
	my ($family, $b) = @$block;
	my $all = $family == 4 ? 32 : 128;
	my $n = length $b;
	my $t;
	$b .= '0' x ($all - $n);
	if ($family == 4) {
		$t = join '.', map { oct "0b$_" } $b =~ /.{8}/g;
	} else {
		my @g = map { sprintf '%x', oct "0b$_" } $b =~ /.{16}/g;
		$t = join ':', @g;
		for my $run (reverse 2 .. 8) {
			my $zeros = join ':', ('0') x $run;
			next unless $t =~ s/(^|:)$zeros(:|\z)/::/;
			last;
		}
	}
	return $n == $all ? $t : "$t/$n";
}

sub kind4 {
	my ($b) = @_;
	for (@special4) {
		my ($s, $kind) = @$_;
		return $kind if within(block($s), [4, $b]);
	}
	return 'public';
}

sub kind {
	my ($a) = @_;
	my ($family, $b) = @$a;
	return kind4($b) if $family == 4;
	return 'loopback' if $b eq '0' x 127 . '1';
	my @inner;
	my $nat64 = within(block('64:ff9b::/96'), $a);
	push @inner, substr $b, 96 if $nat64 || within(block('::/96'), $a);
	push @inner, substr $b, 16, 32 if within(block('2002::/16'), $a);
	if (within(block('2001::/32'), $a)) {
		(my $client = substr $b, 96) =~ tr/01/10/;
		push @inner, $client, substr $b, 32, 32;
	}
	for (@inner) { return kind4($_) if kind4($_) ne 'public' }
	return 'public' if $nat64;
	for (@special6) { return $_->[1] if within(block($_->[0]), $a) }
	return within(block('2000::/3'), $a) ? 'public' : 'reserved';
}

# Whether a block is all in one that is not public.
sub special {
	my ($block) = @_;
	my ($family, $b) = @$block;
	my $nat64 = block('64:ff9b::/96')->[1];
	if ($family == 6) {
		return special([4, substr $b, 96]) if index($b, $nat64) == 0;
		return 0 if index($nat64, $b) == 0;
		return 1 if index($b, '001') != 0 && index('001', $b) != 0;
	}
	for ($family == 4 ? @special4 : @special6) {
		return 1 if within(block($_->[0]), $block);
	}
	return 0;
}

# ---- names, ports, rules --------------------------------------------------

sub name {
	my ($s) = @_;
	$s = lc $s;
	$s =~ s/\.\z//;
	return undef if length $s > 253 ||
	    $s !~ /^(?:[a-z0-9_][a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\z/;
	return undef if $s =~ /(?:^|\.)(?:\d+|0x[0-9a-f]*)\z/;
	return $s;
}

sub host {
	my ($s, $any) = @_;
	return { host => '*' } if $s eq '*' || ($any && $s eq 'any');
	return { host => 'host' } if $s eq 'host';
	if ($s =~ /^@(.*)\z/) {
		my $l = $1;
		return undef if $l !~ /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\z/;
		return { host => '@', name => $l };
	}
	if ($s =~ /^\*?\.(.*)\z/) {
		my $n = name($1);
		return defined $n ? { host => '.', name => $n } : undef;
	}
	my $n = name($s);
	if (defined $n) {
		return undef if $n eq 'host' || $n eq 'any';
		return { host => 'name', name => $n };
	}
	my $b = block($s) or return undef;
	return { host => 'block', block => $b };
}

sub host_text {
	my ($r) = @_;
	my $h = $r->{host};
	return $h eq 'block' ? text($r->{block}) :
	    $h eq 'name' ? $r->{name} :
	    $h eq '.' || $h eq '@' ? $h . $r->{name} : $h;
}

# The text of a set of ports, undef when s is none.
sub ports {
	my ($s) = @_;
	my %set;
	return '*' if $s eq '*';
	for (split /,/, $s, -1) {
		/^([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?\z/ or return undef;
		my ($lo, $hi) = ($1, $2 // $1);
		return undef if $lo > $hi || $hi > 65535;
		@set{$lo .. $hi} = ();
	}
	my @ranges;
	for my $p (sort { $a <=> $b } keys %set) {
		if (@ranges && $ranges[-1][1] == $p - 1) {
			$ranges[-1][1] = $p;
		} else {
			push @ranges, [$p, $p];
		}
	}
	return undef if !@ranges || @ranges > 15;
	return join ',', map { $_->[0] == $_->[1] ? $_->[0] : "$_->[0]-$_->[1]" }
	    @ranges;
}

sub has_port {
	my ($ports, $port) = @_;
	return 1 if $ports eq '*';
	for (split /,/, $ports) {
		my ($lo, $hi) = split /-/;
		return 1 if $port >= $lo && $port <= ($hi // $lo);
	}
	return 0;
}

sub when {
	my ($s) = @_;
	return $s + 0 if $s =~ /^\d+\z/ && $s > 0 && $s <= 253402300799;
	$s =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z\z/ or return undef;
	return undef if $1 < 1970; # nor has Time::Local years of two digits
	my $t = eval { timegm($6, $5, $4, $3, $2 - 1, $1) };
	return defined $t && $t > 0 ? $t : undef;
}

# A hash; 0 for none; undef for a bad one.
sub rule {
	my ($s) = @_;
	$s =~ s/\r\z//;
	return undef if length $s > 1024;
	if ($s =~ /^[ \t]*#/) {
		return $s =~ /[\x00-\x08\x0a-\x1f\x7f]/ ? undef : 0;
	}
	return undef if $s =~ /[^\t\x20-\x7e]/;
	return 0 if $s !~ /[^ \t]/;
	$s =~ /^[ \t]*(allow|deny|ask)[ \t]+(tcp|udp|icmp|\*)[ \t]+([^ \t#][^ \t]*)[ \t]+([^ \t#][^ \t]*)(?:[ \t]+(.*?))?[ \t]*\z/
	    or return undef;
	my ($verdict, $proto, $host, $ports, $rest) = ($1, $2, $3, $4, $5 // '');
	my $r = host($host, 0) or return undef;
	$r->{verdict} = $verdict;
	$r->{proto} = $proto;
	$r->{ports} = ports($ports);
	return undef unless defined $r->{ports};
	return undef if $proto eq 'icmp' && $ports ne '*';
	while ($rest =~ s/^([^# \t][^ \t]*)[ \t]*//) {
		my $option = $1;
		if ($option =~ /^until=(.*)\z/ && !$r->{until}) {
			$r->{until} = when($1) or return undef;
		} elsif ($option =~ /^to=(.*)\z/ && !$r->{to} &&
		    $verdict ne 'deny') {
			my @to = map { block($_) } split /,/, $1, -1;
			return undef if !@to || @to > 8 || grep { !$_ } @to;
			$r->{to} = \@to;
		} else {
			return undef;
		}
	}
	if ($rest =~ /^#[ \t]*(.*)\z/) {
		return undef if $1 =~ /\t/;
		$r->{note} = $1;
	}
	return $r;
}

sub rule_text {
	my ($r) = @_;
	my $s = join ' ', $r->{verdict}, $r->{proto}, host_text($r), $r->{ports};
	$s .= strftime ' until=%Y-%m-%dT%H:%M:%SZ', gmtime $r->{until}
	    if $r->{until};
	$s .= ' to=' . join ',', map { text($_) } @{$r->{to}} if $r->{to};
	$s .= " # $r->{note}" if defined $r->{note} && $r->{note} ne '';
	return $s;
}

# HOST[:PORTS][/PROTO]
sub dest {
	my ($s, $verdict) = @_;
	my ($host, $ports, $proto);
	return undef if $s =~ /[\x00-\x20]/;
	$proto = $1 if $s =~ s{/([^/:\]0-9][^/:\]]*|)\z}{};
	if ($s =~ /^\[([^\]]*:[^\]]*)\](?::(.+))?\z/) {
		($host, $ports) = ($1, $2);
	} elsif ($s =~ /^\[/) {
		return undef;
	} elsif ($s =~ /^([^:]*):([^:]+)\z/) {
		($host, $ports) = ($1, $2);
	} elsif ($s =~ /^[^:]*:\z/) {
		return undef;
	} else {
		$host = $s;
	}
	my $r = host($host, 1) or return undef;
	return undef if defined $proto && $proto !~ /^(?:tcp|udp|icmp|any)\z/;
	$r->{proto} = $proto // ($verdict eq 'allow' ? 'tcp' : 'any');
	$r->{proto} = '*' if $r->{proto} eq 'any';
	return undef if $r->{proto} eq 'icmp' && ($ports // '*') ne '*';
	$r->{ports} = ports($ports //
	    ($verdict eq 'allow' && $r->{proto} ne 'icmp' ? '80,443' : '*'));
	return defined $r->{ports} ? $r : undef;
}

sub dest_text {
	my ($r) = @_;
	my $h = host_text($r);
	$h = "[$h]" if $h =~ /:/;
	$h = 'any' if $h eq '*';
	return "$h:$r->{ports}/" . ($r->{proto} eq '*' ? 'any' : $r->{proto});
}

# ---- what matches, and what becomes of it ---------------------------------

sub entries {
	my ($line) = @_;
	$line =~ s/\r\z//;
	$line =~ s/(?:^|[ \t])#.*//s;
	my @w = grep { $_ ne '' } split /[ \t]+/, $line;
	if (@w > 1) {
		my $first = shift @w;
		$first =~ s/%.*//;
		die "two words: $line" unless addr($first);
		@w = grep { !addr($_) } @w;
	}
	return map { dest($_, 'deny') // die "bad entry: $_" } @w;
}

sub flow_matches {
	my ($r, $t) = @_;
	return 0 if $r->{proto} ne '*' && $r->{proto} ne $t->{proto};
	return 0 if $r->{until} && $t->{now} >= $r->{until};
	return has_port($r->{ports}, $t->{port});
}

sub host_matches {
	my ($r, $t, $blocks) = @_;
	my $h = $r->{host};
	return $h eq 'host' if $t->{host};
	return 0 if $h eq 'host';
	return !$blocks if $h eq '*';
	return defined $t->{addr} && within($r->{block}, $t->{addr})
	    if $h eq 'block';
	if ($h eq '@') {
		for (@{$list{$r->{name}} // []}) {
			return 1 if flow_matches($_, $t) &&
			    host_matches($_, $t, $blocks);
		}
		return 0;
	}
	return 0 unless defined $t->{name};
	return 1 if $t->{name} eq $r->{name};
	return $h eq '.' && $t->{name} =~ /\.\Q$r->{name}\E\z/;
}

sub decide {
	my ($t) = @_;
	my ($r) = grep { flow_matches($_, $t) && host_matches($_, $t, 0) }
	    @$rules;
	my %miss = (ask => 'ask', deny => 'deny', allow => 'allow',
	    learn => 'allow');
	my ($verdict, $why) = $r ? ($r->{verdict}, $r->{origin}) :
	    ($miss{$mode}, $mode eq 'learn' ? 'learn' : 'mode');
	$last = $r;
	return ('deny', 'host') if $t->{host} && !$r && $verdict eq 'allow';
	if ($t->{addr} && kind($t->{addr}) ne 'public' &&
	    !($r && ($verdict eq 'deny' || ($verdict eq 'allow' &&
		$r->{host} eq 'block' && special($r->{block}))))) {
		$last = undef;
		return ('deny', kind($t->{addr}));
	}
	return ($verdict, $why);
}

sub decide_at {
	my ($t, $real) = @_;
	return 'may' if $t->{host};
	for (@{$last ? $last->{to} // [] : []}) {
		return 'may' if within($_, $real);
	}
	if (defined $t->{name}) {
		my %at = (%$t, name => undef, addr => $real);
		for (@$rules) {
			return "not $_->{origin}" if $_->{verdict} eq 'deny' &&
			    flow_matches($_, \%at) && host_matches($_, \%at, 1);
		}
	}
	return 'may' if kind($real) eq 'public';
	return 'may' if $last && $last->{host} eq 'block' &&
	    special($last->{block}) && within($last->{block}, $real);
	return 'not ' . kind($real);
}

sub load {
	return if $rules;
	$rules = [];
	my $n = 0;
	for (@file) {
		my $r = rule($_) // die "bad rule: $_";
		$n++;
		push @$rules, { %$r, origin => "rules:$n" } if $r;
	}
	$n = 0;
	for (@domains) {
		my ($d) = /^[ \t]*([^ \t#][^ \t]*)/;
		$n++;
		next unless defined $d;
		$d =~ s/^\*?\.//;
		push @$rules, { host => '.', name => name($d), verdict => 'allow',
		    proto => 'tcp', ports => '80,443', origin => "domains:$n" };
	}
}

my $verdict;
while (<STDIN>) {
	chomp;
	my $c = substr $_, 0, 1;
	my $s = length > 2 ? substr $_, 2 : '';
	if ($c eq 'R') { push @file, $s; undef $rules }
	elsif ($c eq 'D') { push @domains, $s; undef $rules }
	elsif ($c eq 'L') {
		my ($name, $line) = split / /, $s, 2;
		push @{$list{$name}}, entries($line);
		undef $rules;
	}
	elsif ($c eq 'M') { $mode = $s }
	elsif ($c eq 'N') { @file = @domains = %list = (); undef $rules }
	elsif ($c eq 'C') {
		my $r = rule($s);
		print defined $r ? $r ? rule_text($r) : 'blank' : 'bad', "\n";
	} elsif ($c eq 'E') {
		my ($v, $d) = split / /, $s, 2;
		my $r = dest($d, $v);
		print defined $r ? dest_text($r) : 'bad', "\n";
	} elsif ($c eq 'T') {
		my ($proto, $host, $port, $now) = split / /, $s;
		load();
		$target = { proto => $proto, port => $port, now => $now };
		if ($host eq 'host') { $target->{host} = 1 }
		elsif (my $a = addr($host)) { $target->{addr} = $a }
		else { $target->{name} = name($host) }
		if (!$target->{host} && !$target->{addr} &&
		    !defined $target->{name}) {
			print "bad\n";
			$verdict = 'deny';
			next;
		}
		($verdict, my $why) = decide($target);
		print "$verdict $why\n";
	} elsif ($c eq 'A') {
		my $a = addr($s);
		print !$a ? 'bad' : $verdict ne 'allow' ? '-' :
		    decide_at($target, $a), "\n";
	}
}
