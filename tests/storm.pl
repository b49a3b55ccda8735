#!/usr/bin/env perl
# storm.pl SEED COUNT LOG: COUNT commands that change something, many at a
# time, in the home that storm.t has made, a third of them killed at some
# moment.  SEED says which commands, and when; LOG gets each with its end.
# Prints what is wrong then, a line each.
use strict;
use warnings;
use Fcntl ':flock';
use POSIX ':sys_wait_h';
use Time::HiRes qw(time sleep);

my ($seed, $count, $log) = @ARGV;
my $home = $ENV{XRAY_HOME};
my $at_once = $ENV{STORM_AT_ONCE} || 16;
# Seconds: a command that waits 10 s for a lock, and as much for QEMU, on a
# machine that has other things to do.
my $hung = 100;
my @wrong;
srand $seed;

# ---- what is done ----
#
# f1 f2 stay, stopped; l1 l2 are started and stopped; m1 and m2 are names of
# one VM; c1 to c5 come and go.  Nobody touches `still` and its base c.
my @stay = qw(f1 f2 l1 l2);
my @kept = (@stay, 'm1', 'm2');
my @come = map { "c$_" } 1 .. 5;
my @any = (@kept, @come);
sub one { return $_[ int rand @_ ] }
sub family { return $_[0] =~ /^m/ ? 'm' : $_[0] }

my (%dests, %ports, %tags, %keys);
# Ports that an earlier storm left to somebody.
my %before = map { s{.*/}{}r => 1 } glob "$home/ports/*";
my @values = (
	[ 'memory', '64M', '65M', '66M' ], [ 'cpus', 1, 2 ],
	[ 'label', 'some', 'more' ], [ 'wait_timeout', '7s', '8s' ],
	[ 'stop_timeout', '9s', '10s' ], [ 'hook_timeout', '11s', '12s' ],
	[ 'protected', 'no' ],
);
my @global = ([ 'log_size', '5M' ], [ 'ask_timeout', '77s' ],
	[ 'timezone', 'UTC' ], [ 'locale', 'C' ], [ 'keymap', 'de' ],
	[ 'cpus', 1, 2 ], [ 'memory', '96M', '97M' ], [ 'wait_timeout', '5s', '6s' ],
	[ 'stop_timeout', '3s', '4s' ], [ 'hook_timeout', '1s', '2s' ]);

# Each is [weight, milliseconds it may take, sub: its words].  What a command
# promises when it ends with 0 is noted in %dests and so on.
my @kinds = (
	[ 8, 10, sub { ('create', '-q', '--no-start', '-b', 'b', '-m', 64, '-c', 1,
	    '--disk', '512M', rand() < 0.5 ? ('-p', 21000 + int(rand 20) . ':80') : (), one(@come)) } ],
	[ 5, 10, sub { ('remove', '-q', '-y', one(@come)) } ],
	[ 6, 10, sub { my @two = rand() < 0.5 ? @come : qw(m1 m2);
	    ('move', '-q', one(@two), one(@two)) } ],
	[ 14, 10, sub { my $i = shift; my $vm = one(@kept);
	    my $dest = "s$seed-$i.example";
	    $dests{$dest} = { vm => family($vm), add => $i };
	    ('fw', 'add', '-q', $vm, $dest, one('allow', 'deny')) } ],
	[ 6, 10, sub { my $i = shift; my $dest = one(sort keys %dests);
	    return ('fw', 'list', '-H', one(@any)) unless $dest;
	    my $d = $dests{$dest};
	    push @{ $d->{remove} }, $i;
	    my $vm = $d->{vm} eq 'm' ? one('m1', 'm2') : $d->{vm};
	    ('fw', 'remove', '-q', $vm, $dest) } ],
	[ 3, 10, sub { ('fw', 'mode', '-q', one(@any), one('ask', 'deny')) } ],
	[ 8, 10, sub { my $i = shift; my $vm = one(@kept);
	    my $port = 20000 + int rand 300;
	    return ('port', 'list', '-H') if $ports{$port} || $before{$port};
	    $ports{$port} = { vm => family($vm), add => $i };
	    ('port', 'add', '-q', $vm, "$port:80") } ],
	[ 4, 10, sub { my $i = shift; my $port = one(sort keys %ports);
	    return ('port', 'list', '-H', one(@any)) unless $port;
	    my $p = $ports{$port};
	    push @{ $p->{remove} }, $i;
	    my $vm = $p->{vm} eq 'm' ? one('m1', 'm2') : $p->{vm};
	    ('port', 'remove', '-q', $vm, "$port:80") } ],
	[ 3, 10, sub { ('port', 'add', '-q', one(@any),
	    21000 + int(rand 20) . ':81') } ],
	[ 10, 10, sub { my $i = shift; my $vm = one(@kept);
	    my ($key, @may) = @{ one(@values) };
	    return ('config', 'show', one(@any)) if $keys{ family($vm) }{$key};
	    my $value = one(@may);
	    $keys{ family($vm) }{$key} = { add => $i, value => $value };
	    ('config', 'set', '-q', $vm, $key, $value) } ],
	[ 9, 10, sub { my $i = shift; my ($key, @may) = @{ one(@global) };
	    return ('config', 'show') if $keys{''}{$key};
	    my $value = one(@may);
	    $keys{''}{$key} = { add => $i, value => $value };
	    ('config', 'set', '-q', $key, $value) } ],
	[ 6, 60, sub { my $i = shift; my $vm = one('f1', 'f2', 'm1', 'm2', @come);
	    $tags{"t$seed-$i"} = { vm => family($vm), add => $i };
	    ('snap', 'create', '-q', $vm, "t$seed-$i") } ],
	[ 2, 60, sub { ('snap', 'revert', '-q', '-y', one('f1', 'f2', 'm1'), 't0') } ],
	[ 4, 60, sub { my $i = shift; my $tag = one(sort keys %tags);
	    return ('snap', 'list', '-H', one(@any)) unless $tag;
	    my $t = $tags{$tag};
	    push @{ $t->{remove} }, $i;
	    my $vm = $t->{vm} eq 'm' ? one('m1', 'm2') : $t->{vm};
	    ('snap', 'delete', '-q', '-y', $vm, $tag) } ],
	[ 3, 60, sub { ('resize', '-q', '-f', one('f1', 'f2', @come),
	    1 + int(rand 8) . 'G') } ],
	[ 3, 10, sub { ('base', 'label', '-q', 'b', 'memory=' . int(64 + rand 9)
	    . 'M') } ],
	[ 3, 60, sub { ('base', 'import', '-q', '-n', one('x', 'y'),
	    "$ENV{STORM_IMAGE}") } ],
	[ 2, 10, sub { ('base', 'remove', '-q', '-y', one('x', 'y')) } ],
	[ 1, 10, sub { ('base', 'gc', '-q') } ],
	[ 2, 10, sub { ('protect', '-q', one('f1', 'f2', 'm1')) } ],
	[ 2, 10, sub { ('protect', '-q', '--off', one('f1', 'f2', 'm1')) } ],
	[ 6, 400, sub { ('start', '-q', '--no-hooks', one('l1', 'l2')) } ],
	[ 4, 200, sub { ('stop', '-q', '-f', one('l1', 'l2')) } ],
	[ 2, 60, sub { ('pause', '-q', one('l1', 'l2')) } ],
	[ 2, 60, sub { ('resume', '-q', one('l1', 'l2')) } ],
	[ 2, 400, sub { ('restart', '-q', '-f', one('l1', 'l2')) } ],
	[ 2, 200, sub { my $i = shift;
	    ('snap', 'create', '-q', one('l1', 'l2'), "l$i") } ],
	[ 2, 400, sub { (one('KILL-QEMU', 'KILL-SUPERVISOR'), one('l1', 'l2')) } ],
	[ 6, 10, sub { ('list', '-q') } ],
	[ 3, 10, sub { ('info', one(@any)) } ],
	[ 2, 10, sub { ('fw', 'list', one(@any)) } ],
	[ 1, 40, sub { ('doctor', '--home') } ],
);
my @wheel = map { ($_) x $_->[0] } @kinds;

# ---- how ----

my (@done, %running, $last);

sub target { # QEMU of a VM, or who watches over it
	my ($what, $vm) = @_;
	open my $f, '<', "$home/vms/$vm/pid" or return;
	my ($pid) = (<$f> // '') =~ /^(\d+) / or return;
	return $pid if $what eq 'KILL-QEMU';
	open my $stat, '<', "/proc/$pid/stat" or return;
	my ($parent) = (<$stat> // '') =~ /\) \S (\d+) / or return;
	open my $comm, '<', "/proc/$parent/comm" or return;
	return (<$comm> // '') =~ /^xray-superv/ ? $parent : undef;
}

sub begin {
	my ($i, $wait, @words) = @_;
	my $out = "$log.d/$i";
	my $pid = fork;
	die "fork: $!\n" unless defined $pid;
	return $pid if $pid;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$out.out";
	open STDERR, '>', "$out.err";
	setpgrp;
	$ENV{XRAY_LOCK_WAIT} = $wait;
	$ENV{LD_PRELOAD} = $ENV{STORM_SLOW} if $ENV{STORM_SLOW};
	my $tool = shift @words;
	exec "$ENV{XRAY_BIN}/xray-$tool", @words or POSIX::_exit(127);
}

sub text {
	my ($file) = @_;
	open my $f, '<', $file or return '';
	local $/;
	return <$f> // '';
}

# What may come of a command beside others: done, no, called for what is gone,
# not running, exists, busy, protected.
my %fine = map { $_ => 1 } (0, 1, 64, 66, 69, 73, 75, 77);

sub ended {
	my ($i, $status) = @_;
	my $c = $done[$i];
	$c->{took} = time - $c->{from};
	$c->{code} = $status & 127 ? 128 + ($status & 127) : $status >> 8;
	my $err = text("$log.d/$i.err");
	return if $c->{code} == 137 && $c->{killed};
	# so was the supervisor
	return if $c->{code} == 70 && $err =~ /was ended by signal 9$/;
	push @wrong, "$i: $c->{what}: code $c->{code}: $err"
	    unless $fine{ $c->{code} };
}

sub plan {
	my ($i) = @_;
	# what is alike is what gets in its own way
	$last = one(@wheel) if !$last || rand() < 0.4;
	my $kind = $last;
	my @words = $kind->[2]->($i);
	my $kill = rand() < 1 / 3 ? rand() * $kind->[1] / 150 : undef;
	return { words => \@words, kill => $kill,
		wait => rand() < 0.7 ? 10 : 0, what => join(' ', @words) };
}

sub collect {
	while ((my $pid = waitpid -1, WNOHANG) > 0) {
		ended(delete $running{$pid}, $?) if exists $running{$pid};
	}
	my $now = time;
	for my $pid (keys %running) {
		my $c = $done[ $running{$pid} ];
		if (defined $c->{kill} && !$c->{killed} &&
		    $now - $c->{from} >= $c->{kill}) {
			kill 'KILL', $pid;
			$c->{killed} = 1;
		} elsif ($now - $c->{from} > $hung) {
			push @wrong, "$running{$pid}: $c->{what}: hangs";
			kill 'KILL', $pid;
			$c->{killed} = 1;
			$c->{from} = $now;
		}
	}
}

mkdir "$log.d";
unlink glob "$log.d/*";
for my $i (0 .. $count - 1) {
	my $c = plan($i);
	push @done, $c;
	while (keys %running >= $at_once) {
		collect();
		sleep 0.0005;
	}
	$c->{from} = time;
	if ($c->{words}[0] =~ /^KILL/) {
		my $pid = target(@{ $c->{words} });
		$c->{code} = $pid ? kill 'KILL', $pid : 'none';
		next;
	}
	$running{ begin($i, $c->{wait}, @{ $c->{words} }) } = $i;
	collect();
}
while (keys %running) {
	collect();
	sleep 0.001;
}

# ---- what is left ----

sub run {
	my @words = @_;
	$ENV{XRAY_LOCK_WAIT} = 60;
	my $out = "$log.d/after";
	my $pid = fork;
	if (!$pid) {
		alarm $hung;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$out.out";
		open STDERR, '>', "$out.err";
		my $tool = shift @words;
		exec "$ENV{XRAY_BIN}/xray-$tool", @words or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}

sub must {
	my $code = run(@_);
	push @wrong, "then @_: code $code: " . text("$log.d/after.err")
	    . text("$log.d/after.out")
	    if $code;
	return text("$log.d/after.out");
}

sub vms { return grep { !/^\./ } map { s{.*/}{}r } glob "$home/vms/*" }

# They end, and each is changed once more.
my $code = run('stop', '-q', '-f', 'l1', 'l2');
push @wrong, "stop: code $code: " . text("$log.d/after.err")
    if $code != 0 && $code != 69;
for my $vm (vms()) {
	next if $vm eq 'still';
	must('protect', '-q', '--off', $vm);
	must('resize', '-q', $vm, '9G') if $vm !~ /^l/;
	must('move', '-q', $vm, 'settling');
	must('move', '-q', 'settling', $vm);
	must('fw', 'add', '-q', $vm, '9.9.9.9', 'deny');
	must('fw', 'remove', '-q', $vm, '9.9.9.9');
	must('port', 'add', '-q', $vm, '9999:99');
	must('port', 'remove', '-q', $vm, '9999:99');
}
must('create', '-q', '--no-start', '-b', 'b', '-m', 64, 'zz');
must('remove', '-q', '-y', 'zz');
must('base', 'gc', '-q');
must('doctor', '--home');
{
	# what a killed doctor left in the home: start, too, removes it
	local $ENV{EDITOR} = 'true';
	must('config', 'edit', '-q');
}

# What a command promised, by its number: 1 done, 0 not done, undef: killed.
sub did {
	my ($i) = @_;
	return $done[$i]{code} == 0 ? 1 : $done[$i]{killed} ? undef : 0;
}

# Whether it has to be there: 1, 0, undef: it may.
sub there {
	my ($thing) = @_;
	my $added = did($thing->{add});
	my @removed = map { did($_) } @{ $thing->{remove} || [] };
	return 0 if defined $added && !$added;
	return 0 if grep { defined $_ && $_ } @removed;
	return if !defined $added || grep { !defined $_ } @removed;
	return 1;
}

sub check {
	my ($what, $thing, $is) = @_;
	my $shall = there($thing);
	return if !defined $shall || !$shall == !$is;
	push @wrong, "$what: " . ($is ? 'is' : 'is not')
	    . " there; $done[$thing->{add}]{what}: $done[$thing->{add}]{code}"
	    . join('', map { "; $done[$_]{what}: $done[$_]{code}" }
		@{ $thing->{remove} || [] });
}

my %names;
my %ini;
for my $vm (vms()) {
	my $family = family($vm);
	push @wrong, "$vm: twice" if $names{ lc $vm }++;
	push @wrong, "$vm beside another of its names"
	    if $family ne $vm && $ini{$family};
	$ini{$family} = { name => $vm, text => text("$home/vms/$vm/vm.ini"),
		rules => text("$home/vms/$vm/rules") };
}
for my $vm (qw(f1 f2 l1 l2 m still)) {
	push @wrong, "$vm: is gone" unless $ini{$vm};
}
my $listed = must('list', '-q');
push @wrong, "list: $listed" if $listed ne join '', map { "$_\n" } sort(vms());
must('list');
must('info', $_) for vms();

for my $dest (sort keys %dests) {
	my $d = $dests{$dest};
	check("rule $dest", $d, $ini{ $d->{vm} }{rules} =~ /\Q$dest\E\s/);
}
for my $port (sort keys %ports) {
	my $p = $ports{$port};
	check("port $port", $p,
	    $ini{ $p->{vm} }{text} =~ /^port = \S*\b$port:80$/m);
}
for my $family (sort keys %keys) {
	my $conf = $family eq '' ? text("$home/config.ini") : $ini{$family}{text};
	for my $key (sort keys %{ $keys{$family} }) {
		my $k = $keys{$family}{$key};
		next unless did($k->{add}) && $key ne 'protected';
		push @wrong, "$family: $key is not $k->{value}"
		    unless $conf =~ /^\Q$key\E = \Q$k->{value}\E$/m;
	}
}

# A port is one VM's, and so says its claim.
my %has;
for my $family (sort keys %ini) {
	my $vm = $ini{$family};
	for my $port ($vm->{text} =~ /^(?:port = |ssh_port = )(?:[\d.]+:(?=\d+:))?(\d+)/mg) {
		push @wrong, "port $port: $vm->{name}'s and $has{$port}'s"
		    if $has{$port};
		$has{$port} = $vm->{name};
		my $claim = text("$home/ports/$port");
		push @wrong, "port $port: claimed by $claim, not $vm->{name}"
		    if $claim ne "$vm->{name}\n";
	}
}
for my $port (map { s{.*/}{}r } glob "$home/ports/*") {
	push @wrong, "port $port: claimed by " . text("$home/ports/$port")
	    unless $has{$port};
}

# Images are whole, and have what was taken.
my %in;
for my $vm (vms()) {
	for my $image (glob "$home/vms/$vm/*.qcow2") {
		my $said = `qemu-img check '$image' 2>&1`;
		my $code = $? >> 8;
		push @wrong, "$image: check $code: $said"
		    unless $code == 0 || $code == 3 && $vm =~ /^l/;
		$in{$vm}{$_} = 1 for `qemu-img snapshot -l '$image'` =~ /^\d+ +(\S+)/mg;
	}
	my %listed = map { $_ => 1 }
	    split ' ', must('snap', 'list', '-H', '-o', 'tag', $vm);
	push @wrong, "$vm: snap list: @{[ sort keys %listed ]}, not "
	    . "@{[ sort keys %{ $in{$vm} || {} } ]}"
	    if join(' ', sort keys %listed) ne
	    join(' ', sort keys %{ $in{$vm} || {} });
}
for my $tag (sort keys %tags) {
	my $t = $tags{$tag};
	next if $t->{vm} =~ /^c/;
	check("snapshot $tag of $t->{vm}", $t, $in{ $ini{ $t->{vm} }{name} }{$tag});
}

# Nothing is left of who was killed.
for my $path (`cd '$home' && find . -name '.stage-*' -o -name '.gone-*' -o -name '.edit-*' -o -name '.ssh-*' -o -name op -o -name throwaway -o -name '*.sock' -o -name pid -o -name state -o -name once`) {
	chomp $path;
	push @wrong, "left: $path";
}

open my $l, '>', $log or die "$log: $!\n";
my $killed = 0;
for my $i (0 .. $#done) {
	my $c = $done[$i];
	$killed++ if $c->{code} eq '137';
	printf $l "%d: %s: %s%s, %.0f ms of %s\n", $i, $c->{what}, $c->{code},
	    $c->{killed} ? ' (struck)' : '', 1000 * ($c->{took} // 0),
	    $c->{kill} // 'all';
}
my $good = grep { $_->{code} eq '0' } @done;
my ($longest) = sort { ($b->{took} // 0) <=> ($a->{took} // 0) } @done;
printf $l "seed %d: %d commands, %d done, %d killed; longest %.1f s, %s\n", $seed,
    scalar @done, $good, $killed, $longest->{took}, $longest->{what};
print map { s/\n*$/\n/r } @wrong;
exit(@wrong ? 1 : 0);
