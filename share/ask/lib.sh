#!/bin/sh
# What the programs that ask people have in common; read by each of them.
#
# A program checks that somebody is there, else it ends with 69, and calls
# `serve NAME`.  For each question its function `ask` is run, as a process of
# its own that ends by SIGTERM when the question is withdrawn; what it prints is
# an answer.  xray-ask(1) has the lines.
# shellcheck shell=sh disable=SC2034
set -u
LC_ALL=C
export LC_ALL

nobody() {
	exit 69
}
need() {
	command -v "$1" >/dev/null || nobody
}

# The folder of a session's sockets and the user's bus: they are not in the
# environment of what was started elsewhere.
run=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
[ ! -d "$run" ] || export XDG_RUNTIME_DIR="$run"
if [ -z "${DBUS_SESSION_BUS_ADDRESS-}" ] && [ -S "$run/bus" ]; then
	export DBUS_SESSION_BUS_ADDRESS="unix:path=$run/bus"
fi

# find_display: the one of the session, which a desktop tells systemd.
find_display() {
	[ -z "${DISPLAY-}${WAYLAND_DISPLAY-}" ] || return 0
	told=$(systemctl --user show-environment 2>/dev/null)
	for v in DISPLAY WAYLAND_DISPLAY XAUTHORITY; do
		text=$(echo "$told" | sed -n "s/^$v=//p")
		[ -z "$text" ] || export "$v=$text"
	done
	[ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ] || nobody
}

# mine: the process that was started last, if it was by this one.
mine() {
	[ "${!-}" = "$before" ] || echo "${!-}"
}

# keep_scratch: a file of ours, $scratch.
keep_scratch() {
	scratch=$(mktemp "${TMPDIR:-/tmp}/xray-ask.XXXXXX") || nobody
	trap 'rm -f "$scratch"' EXIT
}

# run SIGNAL COMMAND...: a command that gets that signal when we are ended.
run() {
	signal=$1
	shift
	trap 'kill -$signal $(mine) 2>/dev/null; wait; exit 0' TERM
	"$@" &
	wait $!
}

# dialog COMMAND...: one that is shown on the display.  When that cannot be
# reached any more nobody is there.
dialog() {
	run TERM "$@" 2>"$scratch"
	! grep -Eiq '(open|connect to) display' "$scratch" || kill $$
}

# shorten NAME: as dialog_short does it, so that what stands behind it is seen.
shorten() {
	[ ${#1} -gt 48 ] || {
		echo "$1"
		return
	}
	tail=$1
	while [ ${#tail} -gt 29 ]; do
		tail=${tail#?}
	done
	printf '%.16s...%s\n' "$1" "$tail"
}

# Set want, facts, and wide, where an answer for the domain leads.
describe() {
	to=$(shorten "$host")
	case $host in *:*) to="[$to]" ;; esac
	[ "$proto" = icmp ] || to=$to:$port
	[ "$proto" = tcp ] || to=$to/$proto
	want="$vm wants  $to"
	[ "$service" = - ] || want="$want  ($service)"
	case $kind in
	name) facts='our resolver gave this name' ;;
	host) facts='this machine itself' ;;
	*) facts='this address; it was asked for by no name' ;;
	esac
	case $last in
	never) facts="$facts; never asked before" ;;
	unanswered) facts="$facts; nobody answered before" ;;
	*) facts="$facts; $last before" ;;
	esac
	[ "$tries" -le 1 ] || facts="$facts; tried $tries times"
	[ "$kind" != name ] || facts="$facts; not yet resolved"
	facts="verified: $facts"
	wide=
	[ "$domain" = - ] || wide="*.$(shorten "$domain")"
}

asking=
before=
stop() {
	[ -n "$asking" ] || return 0
	kill "$asking" 2>/dev/null
	wait "$asking" 2>/dev/null
	asking=
}

# serve NAME [SECONDS]: say that somebody is there, until there are no more
# questions; an allow that comes sooner than SECONDS is asked again.
serve() {
	trap 'stop; exit 0' TERM INT HUP
	echo "front $*"
	while read -r word vm id proto host port service kind tries last \
	    waiting domain; do
		case $word in
		withdraw) stop ;;
		question)
			stop
			case "$vm$id$proto$host$port$service$kind$tries" in
			*[!A-Za-z0-9._:-]*) continue ;; # none of xray-ask's
			esac
			case "$last$waiting$domain" in
			*[!A-Za-z0-9._:-]*) continue ;;
			esac
			describe
			{
				before=${!-}
				ask
			} &
			asking=$!
			;;
		esac
	done
	stop
}
