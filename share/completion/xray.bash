# SPDX-License-Identifier: ISC
# Completion of xray for bash.  Commands come from `xray help`, options from
# each command's --help, names from the home.

_xray_options() {
	"$@" --help 2>/dev/null </dev/null |
	    sed -n 's/^  *\(-[^ ,]\), \(--[a-z-]*\).*/\1\n\2/p
		s/^  *\(--*[a-zA-Z-]*\)[[ ].*/\1/p'
}

_xray_commands() {
	xray help 2>/dev/null | sed -n '/^$/,$s/^\([a-z][a-z-]*\)  *.*/\1/p'
}

_xray_verbs() {
	"$@" --help 2>/dev/null </dev/null |
	    sed -n '/ VERB /,/ VERB /s/^  \([a-z-]*\) .*/\1/p'
}

# A VM, and then these words.
_xray_nth() {
	if [ "$1" -eq 0 ]; then
		xray list -q 2>/dev/null
	elif [ -n "$2" ]; then
		printf '%s\n' $2
	fi
}

# What the operand may be, by command and verb.
_xray_operands() {
	case $1 in
	base)
		case ${2-} in
		import | build) compgen -f -- "$cur" ;;
		*) xray base list -H -o name 2>/dev/null ;;
		esac
		;;
	snap | snapshot)
		if [ "$3" -gt 0 ]; then
			xray snap list -H -o tag "$vm" 2>/dev/null
		else
			xray list -q 2>/dev/null
		fi
		;;
	create | doctor) ;;
	run) [ "$3" -gt 0 ] || xray base list -H -o name 2>/dev/null ;;
	provision)
		if [ "$3" -gt 0 ]; then
			compgen -f -- "$cur"
		else
			xray list -q 2>/dev/null
		fi
		;;
	help) _xray_commands ;;
	completion) printf '%s\n' bash zsh fish ;;
	copy | cp | transfer)
		xray list -q 2>/dev/null | sed 's/$/:/'
		compgen -f -- "$cur"
		;;
	config)
		xray list -q 2>/dev/null
		;;
	fw | firewall)
		case ${2-} in
		presets)
			xray fw presets 2>/dev/null | cut -f1
			;;
		mode) _xray_nth "$3" 'ask deny allow learn' ;;
		defaults | learn) _xray_nth "$3" 'on off' ;;
		answer)
			_xray_nth "$3" all
			[ "$3" -lt 2 ] || printf '%s\n' allow deny
			;;
		add | allow | deny | remove | check | why)
			_xray_nth "$3" "$(xray fw presets 2>/dev/null |
			    sed 's/^/@/;s/	.*//')"
			[ "$2" != add ] || [ "$3" -lt 2 ] ||
			    printf '%s\n' allow deny ask
			;;
		import | test)
			_xray_nth "$3" ''
			[ "$3" -eq 0 ] || compgen -f -- "$cur"
			;;
		*) xray list -q 2>/dev/null ;;
		esac
		;;
	log)
		if [ "$3" -gt 0 ]; then
			printf '%s\n' console qemu net hooks ssh all
		else
			xray list -q 2>/dev/null
		fi
		;;
	*) xray list -q 2>/dev/null ;;
	esac
}

_xray_values() {
	case $1 in
	-b | --base) xray base list -H -o name 2>/dev/null ;;
	--for)
		case $2 in
		fw | firewall) printf '%s\n' once session 15m 1h always ;;
		*) printf '%s\n' ssh boot cloud-init hooks ready clock asked port stopped ;;
		esac
		;;
	--format)
		case $2 in
		fw | firewall) printf '%s\n' xray opensnitch lsrules ;;
		*) return 1 ;;
		esac
		;;
	--as)
		case $2 in
		fw | firewall) printf '%s\n' host domain address ;;
		*) return 1 ;;
		esac
		;;
	--program)
		printf '%s\n' desktop tmux zenity kdialog osascript webhook
		compgen -f -- "$cur"
		;;
	--net) printf '%s\n' filtered open none proxy ;;
	--color) printf '%s\n' yes no auto ;;
	--vm) xray list -q 2>/dev/null ;;
	--accel) printf '%s\n' auto kvm hvf tcg ;;
	--firmware) printf '%s\n' bios uefi ;;
	--rules | --log | --user-data | --provision | --config | --ssh-key | \
	    --kernel | --initrd | --in) compgen -f -- "$cur" ;;
	*) return 1 ;;
	esac
}

# Set words that begin with $cur, whatever stands in them.
_xray_offer() {
	local line

	while IFS= read -r line; do
		case $line in
		"$cur"*) COMPREPLY+=("$(printf %q "$line")") ;;
		esac
	done
}

_xray() {
	local cur prev cmd='' verb='' vm='' nth=0 i word

	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_xray_offer < <(_xray_commands)
		return
	fi
	cmd=${COMP_WORDS[1]}
	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-*) continue ;;
		esac
		if [ -z "$verb" ] && [ $i -eq 2 ] &&
		    _xray_verbs xray "$cmd" | grep -qxF -- "$word"; then
			verb=$word
		else
			[ -n "$vm" ] || vm=$word
			nth=$((nth + 1))
		fi
	done
	case $cur in
	-*)
		_xray_offer < <(_xray_options xray "$cmd" ${verb:+"$verb"})
		return
		;;
	esac
	_xray_offer < <(_xray_values "$prev" "$cmd")
	[ ${#COMPREPLY[@]} -eq 0 ] || return
	if [ "$COMP_CWORD" -eq 2 ]; then
		_xray_offer < <(_xray_verbs xray "$cmd")
		[ ${#COMPREPLY[@]} -eq 0 ] || return
	fi
	_xray_offer < <(_xray_operands "$cmd" "$verb" "$nth")
}

complete -o bashdefault -F _xray xray
