#!/bin/sh
# Faults while VMs are made, removed and changed; see fault.sh.
# shellcheck source=shm.sh source-path=SCRIPTDIR
. "${0%/*}/shm.sh"
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
# shellcheck source=fault.sh source-path=SCRIPTDIR
. "${0%/*}/fault.sh"
XRAY_WAIT_TIMEOUT=1
export XRAY_WAIT_TIMEOUT

# A guest that ends before it has begun.
mkdir "$tmp/bin"
for arch in x86_64 aarch64; do
	printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/qemu-system-$arch"
	chmod 755 "$tmp/bin/qemu-system-$arch"
done

empty_base
for vm in web other; do
	xray-create -q --no-start -b b -m 64 -c 1 --disk 1G $vm
	xray-fw allow -q $vm 1.1.1.1:443
	xray-fw deny -q $vm .example.org
done
xray-port add -q web 8080:80 >/dev/null
mkdir -p "$XRAY_HOME/vms/web/scripts/create"
cat >"$XRAY_HOME/vms/web/scripts/create/10-note.sh" <<'END'
#!/bin/sh
echo "$1" >"$XRAY_VM_DIR/ran"
END
chmod 755 "$XRAY_HOME/vms/web/scripts/create/10-note.sh"
# What there is from the first start on: a key, and that root was warned.
PATH=$tmp/bin:$PATH xray-start -q web other 2>/dev/null
(cd "$XRAY_HOME/vms/web" && rm -rf log session trouble names)
settle
keep

new='xray-create -q --no-start -b b zz'
move='xray-move -q web yy'
label='xray-config set -q web label mended'
op 'create' "$new" 'xray-create -q --no-start -b b -m 64 new'
op 'create with ports' "$new" \
    'xray-create -q --no-start -b b -p 7000:70 --ssh-port 2300 new'
op 'remove' "$new" 'xray-remove -q -y web'
op 'move' "$label" 'xray-move -q web moved'
op 'fw add' "$label" 'xray-fw add -q web 2.2.2.2:80 allow'
op 'fw remove' "$label" 'xray-fw remove -q web 1.1.1.1:443'
op 'fw clear' "$label" 'xray-fw clear -q -y web'
op 'config set' "$label" 'xray-config set -q memory 1G'
op 'config set of a VM' "$label" 'xray-config set -q web memory 128M'
op 'port add' "$label" 'xray-port add -q web 8081:81'
op 'port remove' "$label" 'xray-port remove -q web 8080:80'
op 'ssh_port' "$label" 'xray-config set -q web ssh_port 2400'
op 'protect' "$label" 'xray-protect -q web'
op 'resize' "$move" 'xray-resize -q -f web 2G'

# A guest that does not start is told by 69, and gone.
PATH=$tmp/bin:$PATH
ends=69 op 'run --rm' "$new" 'xray-run --rm -q -m 64 b -- true'
# It ends what was broken off, and says the time of that.
cat >"$tmp/start" <<END
echo 'create torn' >"$XRAY_HOME/vms/web/op"
exec xray-start -q web
END
cat >"$tmp/again" <<END
cd "$XRAY_HOME/vms" && rm -rf */log */session */trouble */names
END
again="sh $tmp/again" ends=69 op 'start' "$move" "sh $tmp/start"

# What was under way is said to be interrupted until it is done again.
again='xray-hooks run -q web create'
op 'hooks run' "$new" 'xray-hooks run -q web create'

for cmd in 'list' 'list --json' 'info web' 'argv web' 'config get web memory' 'fw list web' \
    'fw check -v web 1.1.1.1:443' 'fw export --format opensnitch web' \
    'fw presets npm' 'port list' 'snap list web' 'base list' 'base verify' \
    'hooks list web' 'ssh-config web' 'why web' 'path web'; do
	reads "xray-$cmd"
done
plan "$n"
