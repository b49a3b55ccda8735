#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What a run of the tests reached, of what llvm-cov export says of it.
#
#	coverage.pl files TOP <JSON            lines and branches of each file
#	coverage.pl messages TOP KNOWN <JSON   messages that nothing produced
#
# A message is a call of die, die_sys, die_usage, warn, why_set or why_sys, or
# one that hands a struct why and a text on.  KNOWN has a line for each that no
# test can reach: a file, its text; above them, why.
use strict;
use warnings;
use JSON::PP;

my ($what, $top, $known) = @ARGV;
my $data = do { local $/; decode_json(<STDIN>)->{data}[0] };
my %file;
for my $f (@{ $data->{files} }) {
	my $name = $f->{filename};
	$name =~ s,^\Q$top\E/,,;
	$file{$name} = $f if $name =~ m,^(?:bin|lib)/.*\.[ch]$,;
}

sub percent { my ($x) = @_; $x->{count} ? 100 * $x->{covered} / $x->{count} : 100 }

# How often the code at a line and column ran: the region it is in.
sub ran {
	my ($segments, $line, $column) = @_;
	my $n = 0;
	for my $s (@$segments) {
		last if $s->[0] > $line || $s->[0] == $line && $s->[1] > $column;
		$n = $s->[3] ? $s->[2] : 0;
	}
	return $n;
}

# The calls in a text: name, offset, what stands between its parentheses.
# Comments and literals are passed over whole.
sub calls {
	my ($text) = @_;
	my (@open, @calls);
	my $word = '';
	pos($text) = 0;
	while (pos($text) < length $text) {
		my $at = pos $text;
		if ($text =~ m,\G/\*.*?\*/,gcs || $text =~ m,\G\s+,gc) {
			next;
		} elsif ($text =~ m,\G[A-Za-z_]\w*,gc) {
			$word = [ $&, $at ];
			next;
		} elsif ($text =~ m,\G\(,gc) {
			push @open, [ $word, pos $text ];
		} elsif ($text =~ m,\G\),gc) {
			my $call = pop @open;
			push @calls, [ @{ $call->[0] },
				substr($text, $call->[1], $at - $call->[1]) ]
				if $call && ref $call->[0];
		} else {
			$text =~ m,\G(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|.),gcs;
		}
		$word = '';
	}
	return @calls;
}

# What a call says, '' when it is no message.
sub message {
	my ($name, $args) = @_;
	my @text = $args =~ /"((?:\\.|[^"\\])*)"/g;
	my $says = join '', @text;
	return '' unless @text;
	return $says if $name =~ /^(?:die|die_sys|die_usage|warn|why_set|why_sys)$/;
	# Of others, those that begin with it or end so.
	return $args =~ /^\s*why\s*,|,\s*why\s*$/ && $says =~ / / ? $says : '';
}

sub files {
	my %sum;
	printf "%-32s %7s %7s\n", 'FILE', 'LINES', 'BRANCH';
	for my $name (sort keys %file) {
		my $s = $file{$name}{summary};
		next if $name =~ /\.h$/;
		printf "%-32s %6.1f%% %6.1f%%\n", $name, percent($s->{lines}),
			percent($s->{branches});
		my ($part) = $name =~ m,^(bin|lib/\w+),;
		for my $p ($part, $part =~ /^lib/ ? 'lib' : ()) {
			for my $k ('lines', 'branches') {
				$sum{$p}{$k}{$_} += $s->{$k}{$_} for 'count', 'covered';
			}
		}
	}
	printf "%-32s %6.1f%% %6.1f%%\n", "all of $_", percent($sum{$_}{lines}),
		percent($sum{$_}{branches}) for sort keys %sum;
	return 0;
}

# KNOWN in lines "file text".
sub read_known {
	my %known;
	open my $in, '<', $known or die "$known: $!\n";
	while (<$in>) {
		chomp;
		$known{$_} = 0 unless /^(?:#|$)/;
	}
	return \%known;
}

sub messages {
	my $known = read_known();
	my ($all, @left) = 0;
	for my $name (sort grep { /\.c$/ } keys %file) {
		open my $in, '<', "$top/$name" or die "$name: $!\n";
		my $text = do { local $/; <$in> };
		for my $call (calls($text)) {
			my $says = message($call->[0], $call->[2]);
			my $head = substr $text, 0, $call->[1];
			my $line = 1 + ($head =~ tr/\n//);
			my $column = 1 + length($head =~ s/.*\n//sr);

			next if $says eq '';
			$all++;
			next if ran($file{$name}{segments}, $line, $column);
			if (exists $known->{"$name $says"}) {
				$known->{"$name $says"}++;
			} else {
				push @left, "$name:$line: $says\n";
			}
		}
	}
	my @stale = grep { !$known->{$_} } sort keys %$known;
	print @left, map { "known, but reached or gone: $_\n" } @stale;
	printf "%d messages, %d not reached, %d of these known\n", $all,
		@left + keys(%$known) - @stale, keys(%$known) - @stale;
	return @left || @stale ? 1 : 0;
}

exit($what eq 'files' ? files() : messages());
