# SPDX-License-Identifier: ISC
# ask-kill.pl SEED SECONDS HOME VM...: ask for each VM and answer, while
# xray-ask, gateways and those who answer are killed at random.  What came of
# it is printed as "what number"; who was told of a rule is looked for in the
# files of rules.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use IPC::Open2;
use Time::HiRes qw(time sleep);

my ($seed, $seconds, $home, @vms) = @ARGV;
my $fronts = 2;
my $late = 30; # s: no answer takes longer
my $patience = 120; # s
srand $seed;
$SIG{PIPE} = 'IGNORE';
my ($sel, %n, %vm, %front, %written) = (IO::Select->new);
my @counted = qw(asked answered allowed cut hung kills revived told rules
    lost doubled longest);
@n{@counted} = (0) x @counted;

sub any { return $_[rand @_] }

# ---- those who ask

# Connect, when nobody does, and ask some.
sub ask {
    my ($v) = @_;
    return if time < $v->{next};
    $v->{next} = time + 0.05;
    if (!$v->{fd}) {
        $v->{fd} = IO::Socket::UNIX->new("$home/vms/$v->{name}/ask.sock")
            or return;
        $v->{fd}->blocking(0);
        $v->{in} = '';
        $v->{open} = {};
        $sel->add($v->{fd});
    }
    return if keys %{ $v->{open} } > 4;
    for (0 .. rand 3) {
        my $id = ++$n{asked};
        $v->{open}{$id} = time;
        syswrite $v->{fd}, "ask $id tcp h$id.$v->{name}.example 443\n";
    }
}

sub let_go {
    my ($v) = @_;
    $sel->remove($v->{fd});
    close $v->{fd};
    delete $v->{fd};
    $n{cut} += keys %{ $v->{open} };
    $v->{open} = {};
}

sub heard_answer {
    my ($v) = @_;
    my $n = sysread $v->{fd}, $v->{in}, 65536, length $v->{in};
    return let_go($v) if !$n;
    while ($v->{in} =~ s/^(.*)\n//) {
        my ($word, $id, $verdict) = split ' ', $1;
        my $since = delete $v->{open}{$id} or next;
        my $took = time - $since;
        $n{longest} = $took if $took > $n{longest};
        $n{answered}++;
        $n{allowed} += $verdict eq 'allow';
        if ($v->{killed}) {
            $n{revived}++;
            $v->{killed} = 0;
        }
    }
}

sub look_for_hung {
    for my $v (values %vm) {
        for my $id (keys %{ $v->{open} }) {
            next if time - $v->{open}{$id} < $late;
            delete $v->{open}{$id};
            $n{hung}++;
        }
        if ($v->{killed} && time - $v->{killed} > $late) {
            $n{hung}++;
            $v->{killed} = 0;
        }
    }
}

# ---- those who answer

sub start_front {
    my ($f) = @_;
    $f->{pid} = open2($f->{out}, $f->{in}, 'xray-fw', 'prompt', '--stdio');
    $f->{text} = '';
    $sel->add($f->{out});
}

sub end_front {
    my ($f) = @_;
    $sel->remove($f->{out});
    close $f->{$_} for qw(in out);
    waitpid delete $f->{pid}, 0;
}

sub heard_question {
    my ($f) = @_;
    my $n = sysread $f->{out}, $f->{text}, 65536, length $f->{text};
    if (!$n) {
        end_front($f);
        start_front($f);
        return;
    }
    while ($f->{text} =~ s/^(.*)\n//) {
        my @w = split ' ', $1;
        if ($w[0] eq 'question') {
            my $verdict = rand() < 0.95 ? 'allow' : 'deny';
            my $life = any(qw(1h always always session));
            syswrite $f->{in}, "answer $w[1] $w[2] $verdict $life\n";
        } elsif ($w[0] eq 'written') {
            $written{$1} = 1 if "@w" =~ /Rule added: (\S+?):443/;
        }
    }
}

# ---- who is killed

sub first_word { # FILE
    open my $f, '<', $_[0] or return 0;
    return (split ' ', <$f> // '')[0] // 0;
}

sub comm {
    my $name = first_word("/proc/$_[0]/comm");
    return $name;
}

sub asker { # VM: its xray-ask
    for my $p (glob '/proc/[0-9]*') {
        my $at = readlink "$p/cwd" or next;
        next if $at ne "$home/vms/$_[0]";
        return $1 if $p =~ /(\d+)$/ && comm($1) eq 'xray-ask';
    }
    return 0;
}

sub strike {
    my $v = any(values %vm);
    my $what = any(qw(ask ask ask net front));
    my $pid = $what eq 'ask' ? asker($v->{name})
        : $what eq 'net'     ? first_word("$home/vms/$v->{name}/gateway")
        :                      any(values %front)->{pid};
    return if !$pid || $what eq 'net' && comm($pid) ne 'xray-net';
    $n{kills} += kill 9, $pid;
    $v->{killed} = time if $what eq 'ask' && !$v->{killed};
}

# ---- what is left

sub count_rules {
    $n{told} = keys %written;
    for my $name (@vms) {
        my %seen;
        for my $file (qw(rules rules.session)) {
            open my $f, '<', "$home/vms/$name/$file" or next;
            /^\w+ tcp (h\d+\S+) 443/ and $seen{$1}++ while <$f>;
        }
        $n{rules} += keys %seen;
        $n{doubled} += grep { $_ > 1 } values %seen;
        $n{lost} += grep { /\.\Q$name\E\.example$/ && !$seen{$_} }
            keys %written;
    }
}

sub turn {
    my ($asking) = @_;
    if ($asking) { ask($_) for values %vm }
    my @ready = $sel->can_read(0.02);
    for my $fd (@ready) {
        for my $v (values %vm) {
            heard_answer($v) if $v->{fd} && $v->{fd} == $fd;
        }
        for my $f (values %front) {
            heard_question($f) if $f->{out} == $fd;
        }
    }
    look_for_hung();
}

$vm{$_} = { name => $_, next => 0, killed => 0, open => {} } for @vms;
for (1 .. $fronts) {
    start_front($front{$_} = {});
}
# For so long, and until enough has happened on a machine that is busy.
sub enough {
    return $n{kills} > 5 && $n{answered} > 50 && $n{allowed} > 20
        && keys %written > 10;
}
my $end = time + $seconds;
my $strike = time + 1;
while (time < $end || (!enough() && time < $end + $patience)) {
    turn(1);
    next if time < $strike;
    strike();
    $strike = time + rand 0.6;
}
# Until nothing is open, and those who were killed have answered again.
while (grep { keys %{ $_->{open} } || $_->{killed} } values %vm) {
    turn(scalar grep { $_->{killed} } values %vm);
}
sleep 2; # the last rules are written
turn(0);
for my $f (values %front) {
    kill 9, $f->{pid};
    end_front($f);
}
count_rules();
printf "%s %s\n", $_, $_ eq 'longest' ? sprintf('%.1f', $n{$_}) : $n{$_}
    for @counted;
