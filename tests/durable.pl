#!/usr/bin/env perl
# durable.pl HOME BEFORE <TRACE: what a power cut at the end of a command could
# undo, or leave half done.  TRACE is strace's, with -y, of the calls below;
# BEFORE the files there were, a path a line.  What is written has to be synced
# before it gets its name, and the folder of each name behind that.  A stage has
# no name yet; a lock's text is for people.  The journal of a snapshot is synced,
# name and all, before an image beside it is opened to be changed.
use strict;
use warnings;

my ($home, $before) = @ARGV;
my (%there, %dirty);
my %nameless; # folders whose journal has a name that is not synced yet

open my $list, '<', $before or die "$before: $!\n";
while (<$list>) {
	chomp;
	$there{$_} = 1;
}

sub parent { my ($path) = @_; $path =~ s{/[^/]*$}{}; return $path }

# "5</a/b>, "c"" is /a/b/c.
sub path {
	my ($dir, $name) = @_;
	return $name if $name =~ m{^/};
	return $name eq '.' ? $dir : "$dir/$name";
}

sub made {
	my ($path, $how) = @_;
	$dirty{ parent($path) } = "$how $path"
	    unless $there{$path} || $path =~ m{/(?:run\.)?lock$};
	$there{$path} = 1;
}

sub renamed {
	my ($from, $to) = @_;
	for my $old (grep { $_ eq $from || /^\Q$from\E\// } keys %dirty) {
		print "$old -> $to: before it is synced ($dirty{$old})\n"
		    if $to !~ m{/\.(?:stage|gone)-|/op$} &&
		    $old !~ m{/(?:run\.)?lock$};
		(my $new = $old) =~ s/^\Q$from\E/$to/;
		$dirty{$new} = delete $dirty{$old};
	}
	for my $old (grep { $_ eq $from || /^\Q$from\E\// } keys %there) {
		(my $new = $old) =~ s/^\Q$from\E/$to/;
		delete $there{$old};
		$there{$new} = 1;
	}
	$dirty{ parent($to) } = "rename to $to";
	$nameless{ parent($to) } = 1 if $to =~ m{/op$};
}

sub changed {
	my ($path) = @_;
	my $dir = parent($path);
	return unless $path =~ /\.qcow2$/ && $there{"$dir/op"};
	print "$path: changed before $dir/op is synced\n"
	    if $dirty{"$dir/op"} || $nameless{$dir};
}

my $at = qr{(?:\d+|AT_FDCWD)<([^>]*)>, "([^"]*)"};
my %half; # of a call that another process came between
while (<STDIN>) {
	my $pid = s/^(\d+) +// ? $1 : 0;
	if (s/ <unfinished \.\.\.>\n$//) {
		$half{$pid} = $_;
		next;
	}
	$_ = delete($half{$pid}) . $_ if s/^<\.\.\. \w+ resumed>//;
	next if / = -1 /;
	if (/^openat\($at, (\S+?)[,)].* = \d+<(.*)>$/) {
		my ($path, $how) = (path($1, $2), $3);
		changed($path) if $how =~ /O_RDWR/;
		made($path, 'new') if $how =~ /O_CREAT/;
		$dirty{$path} = 'written' if $how =~ /O_WRONLY|O_RDWR/;
	} elsif (/^(mkdirat|symlinkat)\((?:"[^"]*", )?$at/) {
		made(path($2, $3), $1);
	} elsif (/^linkat\($at, $at/) {
		made(path($3, $4), 'link');
	} elsif (/^rename(?:at2?)?\($at, $at/) {
		renamed(path($1, $2), path($3, $4));
	} elsif (/^unlinkat\($at/) {
		my $path = path($1, $2);
		delete $there{$path};
		delete $dirty{$path};
		$dirty{ parent($path) } = "$path is gone"
		    if $path !~ m{/\.};
	} elsif (/^fd?a?t?a?sync\(\d+<(.*)>\)/) {
		delete $dirty{$1};
		delete $nameless{$1};
	}
}
print "$home: not synced\n" if $dirty{ parent($home) };
for my $path (sort keys %dirty) {
	print "$path: not synced ($dirty{$path})\n"
	    if "$path/" =~ m{^\Q$home\E/} && -e $path &&
	    $path !~ m{/(?:run\.)?lock$};
}
