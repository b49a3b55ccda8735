#!/bin/sh
# mutants.sh [-n] FOLDER [PATTERN]: each control that tests/mutants/ lists and
# whose name or file has PATTERN is switched off, one at a time, in a copy of
# the sources in FOLDER, and its tests are run there: they have to fail, and not
# to where nothing is switched off.  FOLDER may stay: what has not changed is not
# built again.  With -n nothing is built: each place is looked for alone.
#
# A paragraph of the list is a control's name; the file that has it and the
# tests, of which one is to fail; and a substitution in that file, as perl says
# it, which is to find one place.
look=
[ "$1" != -n ] || { look=yes; shift; }
top=$(cd "${0%/*}/.." && pwd) pattern=${2-.}
mkdir -p "$1" && cd "$1" || exit 1
dir=$PWD obj=$PWD/.build
lib=$obj/libxray.so changed=$obj/changed log=$obj/log why=$obj/why
limit=${MUTANT_LIMIT:-180}
export XRAY_BIN="$dir/bin" XRAY_OBJ="$obj"
unset MAKEFLAGS MAKELEVEL MFLAGS

build() {
	make -s "$@" O="$obj" BIN=bin LIB="$lib" CFLAGS=-O0 SAN=-fPIC \
	    >"$log" 2>&1 </dev/null && return
	tail -n 5 "$log" >"$why"
	return 1
}

# The sources as they are, with their times; what an interrupted run changed is
# built again.
fetch() {
	mkdir -p "$obj"
	# shellcheck disable=SC2046 # words
	[ ! -f "$changed" ] || rm -f $(cat "$changed") "$changed"
	rm -rf hooks lib man share tests Makefile bin/*.c bin/*.sh
	(cd "$top" && git ls-files -z | tar -cf - --null -T -) | tar -xf -
}

# Run a test until its first "not ok": 0 when it passed, 2 when it came to no
# end, else 1.  Where we may it gets processes of its own, which end with it.
apart='unshare -pf --kill-child --mount-proc' lines='stdbuf -oL'
$apart true 2>/dev/null || apart=
$lines true 2>/dev/null || lines=
# shellcheck disable=SC2086 # words
try() {
	case $1 in
	*.t) set -- "tests/$1" ;;
	*) set -- $lines "$obj/tests/$1" ;;
	esac
	: >"$log" # what was said before is not said by this one
	timeout -k 30 "$limit" $apart sh -c '"$@"; exit $?' sh "$@" \
	    >"$log" 2>&1 </dev/null &
	until grep -q '^not ok' "$log" || ! kill -0 $! 2>/dev/null; do
		sleep 0.1
	done
	kill $! 2>/dev/null # it puts away what it has
	end=0
	wait $! || end=$?
	! grep -q '^not ok' "$log" || return 1
	case $end in
	0) return 0 ;;
	124 | 137) return 2 ;;
	*) return 1 ;;
	esac
}

# The test passes where nothing is changed, which is looked at once.
green=' ' red=' '
passes() {
	case $green in *" $1 "*) return 0 ;; esac
	echo "$1 fails with all of them" >"$why"
	case $red in *" $1 "*) return 1 ;; esac
	try "$1" && grep -q '^ok' "$log" && green="$green$1 " && return
	red="$red$1 "
	tail -n 5 "$log" >>"$why"
	return 1
}

# Replace what $how says in $file, which is to be there once.
change() {
	perl -e 'my ($file, $how) = @ARGV;
	    open(my $in, "<", $file) or die "$file: $!\n";
	    local $/ = undef;
	    local $_ = <$in>;
	    my $was = $_;
	    my $n = eval $how . "g";
	    die $@ if $@;
	    die sprintf("found %d times\n", $n || 0) unless $n && $n == 1;
	    die "nothing is changed\n" if $_ eq $was;
	    open(my $out, ">", $file) or die "$file: $!\n";
	    print $out $_;
	    close($out) or die "$file: $!\n"' "$file" "$how" 2>"$why"
}

# The place and the tests are there.
found() {
	for t in $tests; do
		[ -f "tests/$t" ] || [ -f "tests/$t.c" ] && continue
		echo "$t: no such test" >"$why"
		return 1
	done
	cp -p "$file" "$file.kept" || exit 1
	bad=0
	change || bad=1
	mv "$file.kept" "$file"
	return $bad
}

# What is built of $file; the last is what a build is to make.
products() {
	case $file in
	lib/*.[cS]) echo "$obj/${file%.*}.o $lib" ;;
	bin/*.c) echo "$obj/${file%.c}.o ${file%.c}" ;;
	bin/*.sh) echo "${file%.sh}" ;;
	esac
}

# One of the tests fails, $by.
dies() {
	for by in $tests; do
		try "$by"
		[ $? != 1 ] || return 0
	done
	echo "not seen by $tests" >"$why"
	return 1
}

# shellcheck disable=SC2086 # words
mutate() {
	made=$(products)
	for t in $tests; do
		passes "$t" || return
	done
	echo $made >"$changed"
	for f in $file $made; do
		cp -p "$f" "$f.kept" || exit 1
	done
	bad=0
	if change; then
		rm -f $made
		{ [ -z "$made" ] || build "${made##* }"; } && dies || bad=1
	else
		bad=1
	fi
	for f in $file $made; do
		mv "$f.kept" "$f"
	done
	rm "$changed"
	return $bad
}

all=0 killed=0 by=
control() {
	[ -n "$name" ] || return
	if echo "$name $file" | grep -q -- "$pattern"; then
		all=$((all + 1))
		from=$(date +%s)
		if if [ "$look" ]; then found; else mutate; fi; then
			killed=$((killed + 1))
			ok=ok
		else
			ok='not ok'
		fi
		echo "$ok $all - $name # $by $(($(date +%s) - from)) s"
		[ "$ok" = ok ] || sed "s,^,# $file: ," "$why"
	fi
	name=
}

fetch
# an empty line ends each
for f in "$top"/tests/mutants/*; do
	cat "$f"
	echo
done >"$obj/list"
if [ ! "$look" ]; then
	build -j"$(getconf _NPROCESSORS_ONLN)" tests "$lib" || {
		cat "$why"
		exit 1
	}
fi
tab=$(printf '\t') name='' file='' how='' tests=''
while IFS= read -r line; do
	case $line in
	'') control ;;
	"$tab"*)
		line=${line#"$tab"}
		if [ -z "$file" ]; then
			file=${line%% *} tests=${line#* }
		else
			how="$how$line"
		fi
		;;
	*) name=$line file='' how='' ;;
	esac
done <"$obj/list"
control
echo "1..$all"
echo "# killed $killed / $all"
[ $killed = $all ]
