#compdef xray
# SPDX-License-Identifier: ISC
# Completion of xray for zsh.  Commands come from `xray help`, options from
# each command's --help, names from the home.

_xray_commands() {
	local -a list

	list=(${(f)"$(xray help 2>/dev/null |
	    sed -n '/^$/,$s/^\([a-z][a-z-]*\)  *\(.*\)/\1:\2/p')"})
	_describe -t commands command list
}

_xray_options() {
	local -a list

	list=(${(f)"$("$@" --help 2>/dev/null </dev/null |
	    sed -n 's/^  *\(-[^ ,]\), \(--[a-z-]*\).*/\1\n\2/p
		s/^  *\(--*[a-zA-Z-]*\)[[ ].*/\1/p')"})
	compadd -- $list
}

_xray_verbs() {
	xray "$1" --help 2>/dev/null </dev/null |
	    sed -n '/ VERB /,/ VERB /s/^  \([a-z-]*\) .*/\1/p'
}

_xray_vms() { compadd -- ${(f)"$(xray list -q 2>/dev/null)"} }
_xray_bases() { compadd -- ${(f)"$(xray base list -H -o name 2>/dev/null)"} }

_xray() {
	local cmd=$words[2] verb= vm= word
	local -i nth=0 i
	local -a verbs

	if (( CURRENT == 2 )); then
		_xray_commands
		return
	fi
	verbs=(${(f)"$(_xray_verbs $cmd)"})
	for (( i = 3; i < CURRENT; i++ )); do
		word=$words[i]
		[[ $word == -* ]] && continue
		if (( i == 3 )) && [[ -n $word && -n ${(M)verbs:#$word} ]]; then
			verb=$word
		else
			[[ -n $vm ]] || vm=$word
			(( ++nth ))
		fi
	done
	if [[ $words[CURRENT] == -* ]]; then
		_xray_options xray $cmd $verb
		return
	fi
	case $words[CURRENT-1] in
	-b|--base) _xray_bases; return ;;
	--for)
		if [[ $cmd == (fw|firewall) ]]; then
			compadd once session 15m 1h always
		else
			compadd ssh boot cloud-init hooks ready clock asked port stopped
		fi
		return
		;;
	--format)
		if [[ $cmd == (fw|firewall) ]]; then
			compadd xray opensnitch lsrules
			return
		fi
		;;
	--as)
		if [[ $cmd == (fw|firewall) ]]; then
			compadd host domain address
			return
		fi
		;;
	--program)
		compadd desktop tmux zenity kdialog osascript webhook
		_files
		return
		;;
	--via) _hosts; return ;;
	--net) compadd filtered open none proxy; return ;;
	--color) compadd yes no auto; return ;;
	--vm) compadd -- ${(f)"$(xray list -q 2>/dev/null)"}; return ;;
	--accel) compadd auto kvm hvf tcg; return ;;
	--firmware) compadd bios uefi; return ;;
	esac
	if (( CURRENT == 3 && $#verbs )); then
		compadd -- $verbs
		return
	fi
	case $cmd in
	base)
		case $verb in
		import|build) _files ;;
		*) _xray_bases ;;
		esac
		;;
	snap|snapshot)
		if (( nth )); then
			compadd -- ${(f)"$(xray snap list -H -o tag $vm 2>/dev/null)"}
		else
			_xray_vms
		fi
		;;
	create|doctor) ;;
	run) (( nth )) || compadd -- ${(f)"$(xray base list -H -o name 2>/dev/null)"} ;;
	provision) (( nth )) && _files || _xray_vms ;;
	help) _xray_commands ;;
	completion) compadd bash zsh fish ;;
	copy|cp|transfer)
		compadd -S '' -- ${(f)"$(xray list -q 2>/dev/null | sed 's/$/:/')"}
		_files
		;;
	fw|firewall)
		if [[ $verb == presets ]]; then
			compadd -- ${(f)"$(xray fw presets 2>/dev/null | cut -f1)"}
		elif (( ! nth )); then
			_xray_vms
		else
			case $verb in
			mode) compadd ask deny allow learn ;;
			defaults|learn) compadd on off ;;
			import|test) _files ;;
			add|allow|deny|remove|check|why)
				compadd -- ${(f)"$(xray fw presets 2>/dev/null |
				    sed 's/^/@/;s/	.*//')"}
				[[ $verb != add ]] || (( nth < 2 )) ||
				    compadd allow deny ask
				;;
			answer) compadd all allow deny ;;
			log|top|pending|prompt|watch) _xray_vms ;;
			esac
		fi
		;;
	log)
		if (( nth )); then
			compadd console qemu net hooks ssh all
		else
			_xray_vms
		fi
		;;
	*) _xray_vms ;;
	esac
}

if [[ $funcstack[1] == _xray ]]; then
	_xray "$@"
else
	compdef _xray xray
fi
