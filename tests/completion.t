#!/bin/sh
# Completion: commands, options, names, in each shell that is here.
. "${0%/*}/lib.sh"
plan 45
empty_base
xray create -q web db
xray snap create -q web clean
says 'a shell nobody knows' 64 'bash, zsh or fish' xray completion tcsh
for s in bash zsh fish; do
	is "$s: the script is printed" 0 '' sh -c \
	    "xray completion $s | cmp - '$top/share/completion/xray.$s'"
done

# Each prints what its shell offers for the words, the last of them begun.
bash_offers() {
	bash --norc -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _xray
	    printf "%s\n" "${COMPREPLY[@]}"' "$top/share/completion/xray.bash" \
	    "$@"
}
zsh_offers() {
	zsh -f -c 'compdef() { : }; source $1; shift
	    compadd() { while [[ $1 == -* ]]; do
		[[ $1 == -S ]] && shift; [[ $1 == -- ]] && { shift; break }; shift
	    done; print -l -- $* }
	    _describe() { print -l -- ${list%%:*} }; _files() { : }
	    words=("$@"); CURRENT=$#; _xray | grep "^${words[CURRENT]}"' \
	    zsh "$top/share/completion/xray.zsh" "$@"
}
fish_offers() {
	fish --no-config -c 'source $argv[1]; complete -C "$argv[2..-1]"' \
	    "$top/share/completion/xray.fish" "$@" | cut -f1
}
sorted() { "$@" | sort; }
for s in bash zsh fish; do
	if ! command -v $s >/dev/null; then
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
			n=$((n + 1))
			echo "ok $n # SKIP no $s"
		done
		continue
	fi
	is "$s: commands" 0 'screenshot' ${s}_offers xray scr
	is "$s: names of VMs" 0 'db
web' sorted ${s}_offers xray start ''
	is "$s: that begin so" 0 'web' ${s}_offers xray ssh w
	is "$s: options" 0 '--boot' ${s}_offers xray log --bo
	is "$s: options of a verb" 0 '--note' ${s}_offers xray snap create --no
	is "$s: verbs" 0 'revert' ${s}_offers xray snap rev
	is "$s: tags of that VM" 0 'clean' ${s}_offers xray snap revert web c
	is "$s: bases" 0 'b' ${s}_offers xray create -b ''
	is "$s: doctor --vm" 0 'web' ${s}_offers xray doctor --vm w
	is "$s: a guest's path" 0 'web:' ${s}_offers xray copy we
	is "$s: a preset" 0 'github' ${s}_offers xray fw presets gi
	is "$s: as a destination" 0 '@npm' ${s}_offers xray fw allow web @n
	is "$s: a life" 0 'session' ${s}_offers xray firewall allow --for se
done
is 'common options' 0 '' sh -c '
    xray completion -q -v --color no bash >/dev/null'
says 'a colour that is none' 64 'yes, no or auto' \
    xray completion --color pink bash
