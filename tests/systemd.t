#!/bin/sh
# VMs as units of a real systemd: a user manager of our own, in a /run and a
# part of the tree of cgroups of our own.
# shellcheck disable=SC2016 # what is in quotes is another shell's
if [ "${SYSTEMD_T-}" != inside ] && [ "$(id -u)" = 0 ] &&
    unshare -m --propagation private true 2>/dev/null; then
	SYSTEMD_T=inside exec unshare -m --propagation private sh "$0"
fi
. "${0%/*}/lib.sh"
none='no user manager of systemd'
[ "${SYSTEMD_T-}" = inside ] || skip_all "$none"
manager_program=
for f in /lib/systemd/systemd /usr/lib/systemd/systemd; do
	[ -n "$manager_program" ] || [ ! -x "$f" ] || manager_program=$f
done
[ -n "$manager_program" ] || skip_all "$none"
mount -t tmpfs run /run 2>/dev/null || skip_all "$none"
XDG_RUNTIME_DIR=/run/user/$(id -u)
mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
export XDG_RUNTIME_DIR
unset DBUS_SESSION_BUS_ADDRESS XDG_CONFIG_HOME XRAY_ACCEL

# The trees that a manager uses: its own of version 1, or the one of version 2.
groups=
for d in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
	[ ! -e "$d/cgroup.procs" ] || ! mkdir "$d/xray-test-$$" 2>/dev/null ||
	    groups="$groups $d/xray-test-$$"
done
[ -n "$groups" ] || skip_all "$none"
manager=
login() {
	(
		for d in $groups; do sh -c 'echo $PPID' >"$d/cgroup.procs"; done
		exec "$manager_program" --user --log-target=console
	) >>"$tmp/manager" 2>&1 &
	manager=$!
	until_ok 60 systemctl --user is-active -q default.target
}
logout() {
	[ -n "$manager" ] || return 0
	kill "$manager" && wait "$manager"
	manager=
}
leave() {
	logout
	xray-stop -a -f >/dev/null 2>&1
	for d in $groups; do
		until_ok 30 swept "$d"
	done
}
# What ended a moment ago may still be in them.
swept() {
	find "$1" -depth -type d -exec rmdir {} \;
	[ ! -d "$1" ]
}
trap 'leave; finish' EXIT
login || skip_all "$none"
plan 24

empty_base
xray create -q -c 1 -m 32 web
xray create -q -c 1 -m 32 db
printf 'accel = tcg\nstop_timeout = 1\n' >>"$XRAY_HOME/config.ini"
state() { systemctl --user show -P ActiveState "$1"; }
result() { systemctl --user show -P Result "$1"; }
is_now() { [ "$("$1" "$2")" = "$3" ]; }
status() { xray info -H -o status "$1"; }

is 'autostart' 0 '' xray autostart web
is 'the manager knows it' 0 enabled systemctl --user is-enabled xray@web
is 'it is not started now' 0 'stopped inactive' \
    echo "$(status web) $(state xray@web)"
is 'its start' 0 '' systemctl --user start xray@web
ok 'runs the VM' until_ok 60 is_now status web running
is 'the unit is its supervisor' 0 xray-supervise sh -c '
    cat "/proc/$(systemctl --user show -P MainPID xray@web)/comm" |
    sed "s/xray-supervis$/&e/"' # the kernel keeps 15 bytes
is 'its stop' 0 '' systemctl --user stop xray@web
is 'stops the VM, and all is well' 0 'stopped inactive success' \
    echo "$(status web) $(state xray@web) $(result xray@web)"

# xray's own stop: the unit ends, and is not started again.
systemctl --user start xray@web
until_ok 60 is_now status web running
is 'xray stop' 0 '' xray stop -q -f web
ok 'the unit is done' until_ok 60 is_now state xray@web inactive
is 'without a fault, and nobody starts it again' 0 'success 0' sh -c '
    echo "$(systemctl --user show -P Result xray@web)" \
    "$(systemctl --user show -P NRestarts xray@web)"'

# One that runs already is not the unit's.
xray start -q web
is 'start of a unit whose VM runs' 0 '' sh -c '
    systemctl --user start xray@web 2>/dev/null; : # it may see the end, or not'
ok 'fails' until_ok 60 is_now state xray@web failed
is 'and the VM goes on' 0 running status web
is 'as it does after its stop' 0 running sh -c '
    systemctl --user stop xray@web; xray info -H -o status web'
systemctl --user reset-failed xray@web
xray stop -q -f web

# start --systemd is a unit of another name.
is 'start --systemd' 0 '' xray start --systemd web
is 'it runs, as that unit and not as the other' 0 'running active inactive' \
    echo "$(status web) $(state xray-web) $(state xray@web)"
is 'it knows the home, and so does its QEMU' 0 "$XRAY_HOME/vms/web" sh -c '
    readlink "/proc/$(xray pid web)/cwd"'
xray stop -q -f web
ok 'it is gone with the VM' until_ok 60 sh -c '
    ! systemctl --user cat xray-web >/dev/null 2>&1'
systemctl --user start xray@web
until_ok 60 is_now status web running
is 'start --systemd of one that is the other: already so' 0 inactive sh -c '
    xray start -q --systemd web && systemctl --user show -P ActiveState xray-web'

# Out and in again.
logout
is 'logout stops it' 0 stopped status web
login
ok 'login starts it' until_ok 60 is_now status web running
is 'and no other' 0 stopped status db
xray autostart --off
is '--off: the manager knows' 1 disabled sh -c '
    s=$(systemctl --user is-enabled xray@web 2>/dev/null); echo "${s:-disabled}" |
    sed "s/not-found/disabled/"; exit 1'
