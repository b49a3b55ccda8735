# A desktop's bus of the test's own, on which nobody is started by asking for
# him: pids gets who serves it.  Read behind lib.sh.
# shellcheck shell=sh
bus() {
	cat >"$tmp/bus.conf" <<-E
		<busconfig>
		<type>session</type>
		<listen>$DBUS_SESSION_BUS_ADDRESS</listen>
		<policy context="default">
		<allow send_destination="*" eavesdrop="true"/>
		<allow eavesdrop="true"/>
		<allow own="*"/>
		</policy>
		</busconfig>
	E
	dbus-daemon --config-file="$tmp/bus.conf" --nofork >"$tmp/bus.log" 2>&1 &
	pids="$pids $!"
	until_ok 60 listens "$tmp/bus"
}
