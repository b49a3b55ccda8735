#!/bin/sh
# The accelerator: a device that opens proves nothing.  Real QEMU runs the
# payload; a wrapper in PATH makes of "kvm" what the test wants: tcg, a guest
# that stands still, or an end.
. "${0%/*}/lib.sh"
[ -w /dev/kvm ] || skip_all 'no /dev/kvm: nothing to probe'
plan 20
unset XRAY_ACCEL
empty_base
xray create -q -m 64 -c 1 a

mkdir "$tmp/path"
real=$(command -v qemu-system-x86_64)
cat >"$tmp/path/qemu-system-x86_64" <<END
#!/bin/sh
echo run >>"$tmp/runs"
case \$(cat "$tmp/mode") in
works) exec "$real" \$(printf '%s ' "\$@" | sed 's/-accel kvm/-accel tcg/; s/-cpu host/-cpu max/') ;;
hangs) exec "$real" -S \$(printf '%s ' "\$@" | sed 's/-accel kvm/-accel tcg/; s/-cpu host/-cpu max/') ;;
ends) case "\$*" in *-debugcon*) exit 1 ;; esac ;;
esac
exec "$real" "\$@"
END
chmod 755 "$tmp/path/qemu-system-x86_64"
PATH=$tmp/path:$PATH
ini=$XRAY_HOME/accel.ini
# shellcheck disable=SC2317 # called by is
accel() { xray argv a | sed -n '/^-accel$/{n;p;}'; }
mode() { echo "$1" >"$tmp/mode"; rm -f "$ini"; : >"$tmp/runs"; }
runs() { wc -l <"$tmp/runs"; }

mode works
is 'the payload runs to its end: kvm' 0 kvm accel
is 'it is kept' 0 'works = yes' grep ^works "$ini"
is 'and not tried again' 0 'kvm
1' sh -c "xray argv a | sed -n '/^-accel\$/{n;p;}'; wc -l <'$tmp/runs'"
ok 'with the kernel it was tried on' grep -q "$(uname -r)" "$ini"
touch -d '2020-01-01' "$tmp/path/qemu-system-x86_64"
is 'another QEMU: tried again' 0 2 sh -c \
    "xray argv a >'$tmp/argv'; wc -l <'$tmp/runs'"

mode hangs
began=$(date +%s)
is 'a guest that hangs: tcg' 0 tcg accel
ok 'within its deadline' [ $(($(date +%s) - began)) -lt 15 ]
is 'kept as such' 0 'text = kvm: opens, but a guest hangs in it' \
    grep ^text "$ini"
ok 'it is not left behind' not pgrep -f -- '-bios [.]stage-'

mode ends
is 'a guest that ends QEMU: tcg' 0 tcg accel
is 'what was asked for is not probed' 0 kvm sh -c \
    'xray argv --accel kvm a | sed -n "/^-accel$/{n;p;}"'
is 'nor is tcg' 0 1 sh -c \
    "xray argv --accel tcg a >'$tmp/argv'; wc -l <'$tmp/runs'"

ok 'without a home it is only looked at' sh -c \
    'XRAY_HOME=/dev/null/home xray doctor | grep "kvm: not tried without a home"'
mode works
ok 'no room for the payload: told' sh -c '
    (trap "" XFSZ; ulimit -f 0; xray argv a 2>&1; echo $?) | tr "\n" " " |
    grep -q "[.]stage-[0-9]*: File too large 74"'
mv "$tmp/path/qemu-system-x86_64" "$tmp/wrapper"
printf '\177ELF nonsense' >"$tmp/path/qemu-system-x86_64"
chmod 755 "$tmp/path/qemu-system-x86_64"
says 'a QEMU that is none: told' 126 \
    '^xray-argv: .*/qemu-system-x86_64: Exec format error' xray argv a
mv "$tmp/wrapper" "$tmp/path/qemu-system-x86_64"
# start tells what it means, once.
mode ends
says 'start says what tcg is' 0 'ten times slower, and no security boundary' \
    xray start a
xray stop -f a
is 'once' 0 '' sh -c 'xray start a 2>&1'
xray stop -f a

if [ "$(id -u)" = 0 ]; then
	chmod 755 "$tmp"
	mkdir -m 700 "$tmp/nobody"
	chown 65534:65534 "$tmp/nobody"
	as_nobody() {
		XRAY_HOME=$tmp/nobody HOME=$tmp/nobody \
		    setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	}
	if as_nobody test -w /dev/kvm; then
		for t in 'a device of others' 'is not kept' 'a copy'; do
			n=$((n + 1))
			echo "ok $n - $t # SKIP /dev/kvm is open to all"
		done
	else
		cp -r "$XRAY_HOME/." "$tmp/nobody/"
		rm "$tmp/nobody/accel.ini"
		chown -R 65534:65534 "$tmp/nobody" "$tmp/runs"
		: >"$tmp/runs"
		is 'a device of others: tcg' 0 tcg as_nobody sh -c \
		    'xray argv a | sed -n "/^-accel$/{n;p;}"'
		is 'permission denied is not kept' 1 '' as_nobody \
		    grep -s denied "$tmp/nobody/accel.ini"
		is 'and no probe ran' 0 0 runs
	fi
else
	for t in 1 2 3; do
		n=$((n + 1))
		echo "ok $n - others' device # SKIP not root"
	done
fi
