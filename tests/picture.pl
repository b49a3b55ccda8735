# SPDX-License-Identifier: ISC
# picture.pl: a terminal of 80 columns, as tmux capture-pane -e has it, from
# standard input; an SVG of it.
use strict;
use warnings;

my ($w, $h, $pad) = (8, 17, 10);
my %colour = (30 => '#000000', 31 => '#e06c75', 32 => '#98c379',
    33 => '#e5c07b', 34 => '#61afef', 35 => '#c678dd', 36 => '#56b6c2',
    37 => '#dcdfe4');
my ($front, $back) = ('#dcdfe4', '#1e2127');
my @lines = <STDIN>;
my ($width, $height) = (80 * $w + 2 * $pad, @lines * $h + 2 * $pad);

sub quoted {
    my ($s) = @_;
    $s =~ s/&/&amp;/g;
    $s =~ s/</&lt;/g;
    $s =~ s/>/&gt;/g;
    return $s;
}

print qq{<!-- SPDX-License-Identifier: ISC -->\n},
    qq{<svg xmlns="http://www.w3.org/2000/svg" width="$width" },
    qq{height="$height" viewBox="0 0 $width $height">\n},
    qq{<rect width="100%" height="100%" rx="6" fill="$back"/>\n},
    qq{<g font-family="monospace" font-size="13.3" fill="$front" },
    qq{xml:space="preserve">\n};
my ($bold, $reverse, $dim, $fg) = (0, 0, 0, $front);
for my $row (0 .. $#lines) {
    my $x = 0;
    my $line = $lines[$row];
    chomp $line;
    while ($line =~ /\G(?:\e\[([\d;]*)m|(\e\(B)|([^\e]+))/g) {
        my $text = $3;
        for (defined $1 ? split(/;/, $1 eq '' ? 0 : $1) : ()) {
            if ($_ == 0) { ($bold, $reverse, $dim, $fg) = (0, 0, 0, $front) }
            elsif ($_ == 1) { $bold = 1 }
            elsif ($_ == 2) { $dim = 1 }
            elsif ($_ == 7) { $reverse = 1 }
            elsif ($_ == 27) { $reverse = 0 }
            elsif ($_ == 39) { $fg = $front }
            elsif ($colour{$_}) { $fg = $colour{$_} }
        }
        next if !defined $text;
        my $n = length $text;
        my ($left, $top) = ($pad + $x * $w, $pad + $row * $h);
        my $fill = $reverse ? $back : $fg;
        printf qq{<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>\n},
            $left, $top, $n * $w, $h, $fg
            if $reverse;
        printf qq{<text x="%d" y="%d" textLength="%d" fill="%s"%s%s>%s</text>\n},
            $left, $top + 13, $n * $w, $fill,
            $bold ? ' font-weight="bold"' : '', $dim ? ' opacity=".6"' : '',
            quoted($text)
            if $text =~ /\S/;
        $x += $n;
    }
}
print "</g>\n</svg>\n";
