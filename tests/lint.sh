#!/bin/sh
# SPDX-License-Identifier: ISC
# What gcc -fanalyzer, clang-tidy and cppcheck find, a line each.
#
#	lint.sh look FILE.c OUT FLAG ...   in one file, into OUT; OUT.d is for
#	                                   make: the headers it depends on
#	lint.sh judge KNOWN OUT ...        what KNOWN does not name, and what it
#	                                   names and nobody found: exit 1
set -eu

# look FILE OUT FLAG ...: a tool that does not run is a finding too.
look() {
	file=$1 out=$2
	shift 2
	mkdir -p "${out%/*}"
	{
		gcc -std=c11 "$@" -O2 -fanalyzer -Wno-analyzer-too-complex \
		    -fdiagnostics-plain-output -MMD -MP -MF "$out.d" -MT "$out" \
		    -c -o /dev/null "$file" 2>&1 || echo "gcc: $file: failed"
		clang-tidy --quiet "$file" -- -std=c11 "$@" 2>/dev/null ||
		    echo "clang-tidy: $file: failed"
		# NULL ends a list of words; it is a pointer in every libc.
		cppcheck --quiet --std=c11 -D__linux__ \
		    --enable=warning,performance,portability \
		    --suppress=varFuncNullUB \
		    --template='{file}:{line}:0: {severity}: {message} [{id}]' \
		    "$@" "$file" 2>&1 || echo "cppcheck: $file: failed"
	} | sed -n "s,^$PWD/,,; /: \(warning\|error\|portability\|performance\): /p
	    /: failed\$/p" >"$out.new"
	mv "$out.new" "$out"
}

# KNOWN has a line for each: a file, a check, some words of what is said.
judge() {
	awk '
	FNR == 1 { nth++ }
	nth == 1 {
		if (/^#/ || NF < 2)
			next
		file[++n] = $1
		check[n] = $2
		words[n] = $0
		sub(/^[^ ]+ +[^ ]+ */, "", words[n])
		next
	}
	{
		for (i = 1; i <= n; i++)
			if (index($0, file[i] ":") == 1 && index($0, check[i]) &&
			    index($0, words[i])) {
				used[i] = 1
				next
			}
		print
		bad = 1
	}
	END {
		for (i = 1; i <= n; i++)
			if (!used[i]) {
				print "known, but not found: " file[i], check[i],
				    words[i]
				bad = 1
			}
		exit bad
	}' "$@" | sort -u
}

case ${1-} in
look) shift && look "$@" ;;
judge)
	shift
	bad=$(judge "$@")
	[ -z "$bad" ] || { echo "$bad" && exit 1; }
	;;
*) echo 'usage: lint.sh look FILE OUT FLAG ... | judge KNOWN OUT ...' >&2
	exit 64 ;;
esac
