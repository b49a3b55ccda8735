#!/bin/sh
# The pages tell what is there: registry, sources and pages against each
# other.  A page is read as mdoc; see pick() for what counts.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
cd "$top" || exit 1

registry=$(awk -F'\t' '!/^#/ && NF > 2 && $2 != "=" { print $1 }' \
    share/commands | sort)
aliases=$(awk -F'\t' '!/^#/ && $2 == "=" { print $1 }' share/commands | sort)
plumbing=$(awk -F'\t' '$2 == "plumbing" { print $1 }' share/commands)

# pick KIND PAGE: what a page says, one a line.
#	syn	VERB NAME	an option in the SYNOPSIS, by its letter if it has
#				one; VERB is the .Cm behind .Nm, else -
#	opt	VERB LETTER NAME arg	an .It Fl of the DESCRIPTION, in .Ss VERB
#	verb	VERB		a .Cm right behind .Nm
#	code	NUMBER		an .It of EXIT STATUS
#	key	NAME		an .It Cm, anywhere
#	item	NAME SECTION	an .It Xr
#	what	TEXT		the .Nd
#	sect	TITLE
#	xr	NAME SECTION
#	ev	NAME		an environment variable
pick() {
	awk -v kind="$1" '
	function out(k, text) { if (k == kind) print text }
	function name(s) { return s ~ /^-?[[:alnum:]]/ && s !~ /^(Ar|Cm|Fl)$/ }
	$1 == ".Sh" { sh = substr($0, 5); ss = verb = "-"; out("sect", sh) }
	$1 == ".Ss" { ss = substr($0, 5) }
	$1 == ".Nm" { verb = "-"; behind = NR + 1 }
	$1 == ".Cm" && NR == behind && sh == "SYNOPSIS" {
		verb = $2; out("verb", verb)
	}
	$1 == ".Nd" { out("what", substr($0, 5)) }
	$1 == ".Xr" { out("xr", $2 " " $3) }
	$1 == ".It" && $2 == "Xr" { out("item", $3 " " $4) }
	{ for (i = 1; i < NF; i++) {
		if ($i ~ /^\.?Xr$/ && i > 1) out("xr", $(i + 1) " " $(i + 2))
		if ($i ~ /^\.?Ev$/)
			for (j = i + 1; j <= NF && $j ~ /^([A-Z_]+|,)$/; j++)
				if ($j != ",") out("ev", $j)
		if (sh == "SYNOPSIS" && $i ~ /^\.?Fl$/ && name($(i + 1))) {
			s = $(i + 1); sub(/^-/, "", s); out("syn", verb " " s)
		}
	} }
	$1 == ".It" && sh == "EXIT STATUS" && $2 ~ /^[0-9]+$/ { out("code", $2) }
	$1 == ".It" && $2 == "Cm" {
		for (i = 3; i <= NF && $i !~ /^(Ar|Oo)$/; i++)
			if ($i != ",") out("key", $i)
	}
	$1 == ".It" && $2 == "Fl" && sh == "DESCRIPTION" && name($3) {
		s = l = ""; a = " "
		for (i = 3; i <= NF; i++) {
			if ($(i - 1) == "Fl" && $i ~ /^-/) l = substr($i, 2)
			else if ($(i - 1) == "Fl") s = $i
			if ($i == "Ar") a = " arg"
		}
		out("opt", ss " " s " " l a)
	}' "$2"
}

# The lines that the table of common options adds to every --help.
for c in argv key; do
	"xray-$c" --help | grep '^ ' >"$tmp/help.$c"
done
grep -Fx -f "$tmp/help.argv" "$tmp/help.key" >"$tmp/common"

# options KIND VERB: what --help on standard input lists, as pick() would.
options() {
	awk -v kind="$1" -v verb="$2" '/^ / {
		s = l = ""; i = 1
		sub(/\[=[^ ]*\]/, " x") # one that may be left out
		if ($i ~ /^-[^-],?$/) s = substr($(i++), 2, 1)
		if ($i ~ /^--/) l = substr($(i++), 3)
		rest = substr($0, index($0, $(i - 1)) + length($(i - 1)))
		if (kind == "syn") print verb " " (s ? s : l)
		else print verb " " s " " l (rest ~ /^ [^ ]/ ? " arg" : " ")
	}' | sort -u
}
verbs() {
	"xray-$1" --help | sed -n '/ VERB /,/ VERB /s/^  \([a-z-]*\) .*/\1/p'
}
# said COMMAND [VERB]: --help without the common options.
said() { "xray-$1" ${2:+"$2"} --help | grep '^ ' | grep -Fxv -f "$tmp/common"; }
# told KIND COMMAND VERB: the page's side of it; without verbs the headings
# do not count.
told() {
	if [ "$3" = - ]; then
		pick "$1" "man/xray-$2.1" | sed 's/^[^ ]* /- /'
	else
		pick "$1" "man/xray-$2.1" | grep "^$3 "
	fi | sort -u
}

# 1: one source, one program, one page for every line of the registry.
sources() {
	for f in bin/xray-*.c bin/xray-*.sh; do
		[ ! -f "$f" ] || echo "$f"
	done | sed 's,bin/xray-,,;s,\.[a-z]*$,,' | sort
}
pages() { (cd man && ls xray-*.1) | sed 's/xray-//;s/\.1$//' | sort; }
programs() { for c in $registry; do [ -x "$XRAY_BIN/xray-$c" ] || echo "$c"; done; }
is 'registry = sources in bin' 0 "$registry" sources
is 'registry = pages in man' 0 "$registry" pages
is 'every command is built' 0 '' programs

# 2: options and verbs, both directions.
for c in $registry; do
	[ -f "man/xray-$c.1" ] || continue
	v=$(verbs "$c")
	is "$c: verbs in the page" 0 "$v" pick verb "man/xray-$c.1"
	for v in ${v:--}; do
		[ "$v" = - ] && h=$(said "$c") || h=$(said "$c" "$v")
		is "$c $v: SYNOPSIS has the options of --help" 0 \
		    "$(echo "$h" | options syn "$v")" told syn "$c" "$v"
		is "$c $v: DESCRIPTION has them, with their arguments" 0 \
		    "$(echo "$h" | options opt "$v")" told opt "$c" "$v"
	done
done
either() { echo "$1" | tr '\n' '|' | sed 's/|$//'; }
strays() {
	for c in $registry; do
		v=$(verbs "$c")
		[ -z "$v" ] || pick opt "man/xray-$c.1" |
		    grep -Ev "^($(either "$v")) "
	done | sort
}
is 'no option of a verb that is not there' 0 '' strays
common() {
	pick opt man/xray.1 | sed 's/^[^ ]* /- /;s/^.*every command /- /' |
	    grep -E '^- . (help|quiet|verbose) |^-  (version|color) ' | sort
}
is 'the common options are in xray(1)' 0 \
    "$(options opt - <"$tmp/common")" common
listed() { pick item man/xray.1 | sed -n 's/^xray-\([a-z-]*\) 1$/\1/p' | sort -u; }
is 'xray(1) names every command' 0 "$registry" listed
named() { pick key man/xray.1 | sort; }
is 'and every alias' 0 "$aliases" named

texts() {
	awk -F'\t' '!/^#/ && NF > 2 && $2 != "=" { print $1 ": " $3 }' \
	    share/commands
}
heads() {
	awk -F'\t' '!/^#/ && NF > 2 && $2 != "=" { print $1 }' share/commands |
	    while read -r c; do
		echo "$c: $(pick what "man/xray-$c.1")"
	    done
}
is 'pages and registry say the same in one line' 0 "$(texts)" heads

# What -o can print.
fields() { pick key "man/xray-$1.1" | grep -vx show; }
is 'fields of info' 0 "$(xray-list -o help)" fields info
is 'fields of base list' 0 "$(xray-base list -o help)" fields base
is 'fields of snap list' 0 "$(xray-snap list -o help x)" fields snap

# 3: every page has what a reader looks for.
lacking() {
	for f in man/*.1; do
		for s in 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			pick sect "$f" | grep -qx "$s" || echo "$f: $s"
		done
	done
}
is 'pages have EXIT STATUS, EXAMPLES, SEE ALSO' 0 '' lacking
if command -v mandoc >/dev/null; then
	is 'mandoc finds nothing' 0 '' mandoc -T lint -W warning man/*.[1-9]
else
	n=$((n + 1))
	echo "ok $n # SKIP no mandoc"
fi

# 4: exit codes.
codes=$(sed -n 's/^	EX_[A-Z]* = \([0-9]*\).*/\1/p' lib/core/say.h | sort -n)
table() { pick code man/xray.7 | sort -n; }
is 'the table of xray(7) is the enum of say.h' 0 "$codes" table
foreign() {
	for f in man/*.1; do
		pick code "$f" | sed "s,^,$f: ,"
	done | grep -Ev ": ($(either "$codes"))\$" | sort
}
is 'no page has another code' 0 '' foreign
unsaid() {
	for f in man/*.1; do
		pick code "$f" | grep -q . || echo "$f"
	done
}
is 'every page has codes' 0 '' unsaid

# 5: references.
dangling() {
	for f in man/*; do
		pick xr "$f" | grep '^xray' | while read -r name section; do
			[ -f "man/$name.$section" ] || echo "$f: $name($section)"
		done
	done
}
is 'references lead to pages' 0 '' dangling

# 6: a list in the README is a table or bullets with `xray NAME` first, or
# the lines of xray help.  The plumbing may be left out.
readme() {
	{
		sed -nE 's/^(\||[-*]) *`xray[ -]([a-z-]+).*/\2/p' README.md
		sed -nE 's/^ *(machines|access|state|network|house)  +([a-z])/\2/p' \
		    README.md | tr -s ' ' '\n'
	} | grep -vx help | sort -u
}
n_readme=0
[ ! -f README.md ] || n_readme=$(readme | wc -l)
if [ "$n_readme" -gt 2 ]; then
	all() { { readme; echo "$plumbing"; } | sort -u; }
	is 'the list of README.md is the registry' 0 "$registry" all
else
	n=$((n + 1))
	echo "ok $n # SKIP no list of commands in README.md"
fi

# 7: no path of the machine this was written on.  Tests have their scratch
# where they like.
w=work t=tmp before='(^|[^[:alnum:]_.})/-])'
strange() {
	for f in Makefile README.md bin/*.c bin/*.sh lib share hooks man; do
		[ ! -e "$f" ] ||
		    grep -rnE "$before/($w(\$|[^[:alnum:]_-])|$t/)" "$f"
	done
	grep -rnE "$before/$w(\$|[^[:alnum:]_-])" tests | sort
}
is 'no path of the machine this was written on' 0 '' strange

# 8: environment and keys.
environment() {
	cat bin/*.c lib/*/*.c | tr -d '\n' | grep -oE \
	    '([gs]etenv\(|set\(env, |(home|vm)_ms\([^"]*)"[A-Z_]+"' |
	    sed 's/.*"\(.*\)"/\1/' >"$tmp/got"
	of_keys | sort -u - "$tmp/got"
}
# Those that stand beside a key.
of_keys() { grep -o '"XRAY_[A-Z_]*"' lib/machine/keys.c | tr -d '"'; }
vars() { pick ev "man/$1" | sort -u; }
read_vars() {
	cat bin/*.c lib/*/*.c | tr -d '\n' | grep -oE \
	    '(getenv\(|(home|vm)_ms\([^"]*)"[A-Z_]+"' |
	    sed 's/.*"\(.*\)"/\1/' >"$tmp/got"
	of_keys | sort -u - "$tmp/got"
}
is 'xray(7) has the variables that are read' 0 "$(read_vars)" vars xray.7
unread() {
	environment >"$tmp/env"
	for f in man/*; do
		vars "${f##*/}" | grep -Fxv -f "$tmp/env" | sed "s,^,$f: ,"
	done
}
is 'no page has another one' 0 '' unread
keys() { { pick key man/xray.ini.5; pick key man/xray-state.5; } | sort -u; }
undocumented() {
	keys >"$tmp/keys"
	cat bin/*.c lib/machine/*.c | tr -d '\n' | grep -oE \
	    'conf_(get|nth|int|size|bool|ms|set|set_in|add)\([^"()]*"[a-z_0-9]+"|(home|vm)_ms\([^"]*"[A-Z_]+",[^"]*"[a-z_]+"' |
	    sed 's/.*"\(.*\)"/\1/' | sort -u | grep -Fxv -f "$tmp/keys" | sort
}
is 'the pages of files have every key that is read or written' 0 '' undocumented
unknown() {
	for k in $(keys); do
		grep -rqE "\"$k\"|(^|[^a-z_])$k = %|\\\\n$k = " bin/*.c \
		    lib/machine || echo "$k"
	done
}
is 'and no other' 0 '' unknown
# The table of lib/machine/keys.c: KIND is BORN or CONFIG, or VM or FACT.
table_of() {
	tr -d '\n' <lib/machine/keys.c | grep -oE '\{ "[a-z_]+", KEY_[A-Z]+, [A-Z_| ]+' |
	    grep -E "$1" | sed 's/^{ "//;s/".*//' | sort
}
# keys_of SECTION: the keys that xray.ini(5) describes in it.
keys_of() {
	awk -v want="$1" '$1 == ".Ss" { on = $2 == want }
	    on && $1 == ".It" && $2 == "Cm" {
		for (i = 3; i <= NF && $i !~ /^(Ar|Oo)$/; i++)
			if ($i != ",") print $i
	    }' man/xray.ini.5 | sort -u
}
is 'config knows the keys of config.ini' 0 "$(keys_of config.ini)" \
    table_of 'BORN|BOTH|CONFIG|ANY'
is 'and those of vm.ini' 0 "$(keys_of vm.ini)" table_of 'VM|FACT|BOTH|ANY|LIVE'
plan "$n"
