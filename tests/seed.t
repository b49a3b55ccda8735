#!/bin/sh
# The seed: what cloud-init is told on a disk of its own, read back by the
# tools that other people made for it.
. "${0%/*}/lib.sh"
plan 33
seeded_base
seed=$XRAY_HOME/vms/web/seed.img
part() { mcopy -n -i "$seed" "::$1" -; }

ssh-keygen -q -t ed25519 -N '' -C mine -f "$tmp/mine"
xray create -q -m 64 -c 1 --ssh-user dev --ssh-key "$tmp/mine.pub" web
is 'made at the first start, not before' 1 '' test -e "$seed"
ok 'start' xray start web
xray stop -f web
ok 'a FAT file system without a fault' fsck.vfat -n "$seed"
is 'called CIDATA' 0 ' Volume in drive : is CIDATA' sh -c \
    "mdir -i '$seed' :: | sed -n 's/ *\$//; /Volume in/p'"
is 'two files by their long names' 0 '::/meta-data
::/user-data' mdir -b -i "$seed" ::
is 'ours alone' 0 600 stat -c %a "$seed"
is 'the instance is the VM' 0 "instance-id: xray-$(sed -n 's/^uuid = //p' \
    "$XRAY_HOME/vms/web/vm.ini")
local-hostname: \"web\"" part meta-data
is 'a cloud-config' 0 '#cloud-config' sh -c "mcopy -n -i '$seed' ::user-data - | head -1"
is 'with the user' 0 '  - name: "dev"' sh -c \
    "mcopy -n -i '$seed' ::user-data - | grep -- '- name'"
ok 'our key' sh -c "mcopy -n -i '$seed' ::user-data - |
    grep -F \"\$(cut -d' ' -f2 '$XRAY_HOME/ssh/id.pub')\""
ok 'and the one that was given' sh -c "mcopy -n -i '$seed' ::user-data - |
    grep -F \"\$(cut -d' ' -f2 '$tmp/mine.pub')\""
is 'which goes by SMBIOS too' 0 2 sh -c "sed 's/^[^=]*=//' \
    '$XRAY_HOME/vms/web/cred/authorized_keys' | base64 -d | grep -c ^ssh-ed25519"
ok 'the host key that known_hosts pins' sh -c \
    "mcopy -n -i '$seed' ::user-data - | grep ed25519_public |
    grep -F \"\$(cut -d' ' -f3 '$XRAY_HOME/vms/web/known_hosts')\""
is 'no password by ssh' 0 'ssh_pwauth: false' sh -c \
    "mcopy -n -i '$seed' ::user-data - | grep pwauth"
is 'the console has one' 0 600 stat -c %a "$XRAY_HOME/vms/web/password"
ok 'that the seed knows' sh -c "mcopy -n -i '$seed' ::user-data - |
    grep plain_text_passwd | grep -F \"\$(cat '$XRAY_HOME/vms/web/password')\""
ok 'and that can be typed' grep -Eqx \
    '([bdfghjklmnprstvz][aeiou]){2}-([bdfghjklmnprstvz][aeiou]){2}-[0-9]{2}' \
    "$XRAY_HOME/vms/web/password"
is 'QEMU may only read it' 0 1 sh -c \
    'xray argv web | grep -c "\"seed0\",\"read-only\":true.*seed.img"'
is 'nothing of it is on the command line' 1 '' sh -c \
    "xray argv web | grep -F -f '$XRAY_HOME/vms/web/password'"

# The second start finds it as it was; another key makes it anew.
before=$(stat -c %Y.%i "$seed")
xray start web && xray stop -f web
is 'not written again' 0 "$before" stat -c %Y.%i "$seed"
xray key -f -q
xray start web && xray stop -f web
ok 'but when the key is another' sh -c "mcopy -n -i '$seed' ::user-data - |
    grep -F \"\$(cut -d' ' -f2 '$XRAY_HOME/ssh/id.pub')\""
is 'the password stays' 0 1 sh -c "mcopy -n -i '$seed' ::user-data - |
    grep -c -F \"\$(cat '$XRAY_HOME/vms/web/password')\""

# Ours comes first, the user's own behind it, merged.
printf '#cloud-config\npackages: [hello]\nusers: [{name: own}]\n' >"$tmp/ud"
xray create -q -m 64 -c 1 --user-data "$tmp/ud" own
rm "$tmp/ud"
ok 'start with user data' xray start own
xray stop -f own
seed=$XRAY_HOME/vms/own/seed.img
is 'two parts of one message' 0 'Content-Type: text/cloud-config
Content-Type: text/plain' sh -c \
    "mcopy -n -i '$seed' ::user-data - | grep '^Content-Type: text'"
is 'theirs as it was' 0 'packages: [hello]
users: [{name: own}]' sh -c "mcopy -n -i '$seed' ::user-data - | grep -A1 '^packages'"
is 'lists are added up' 0 1 sh -c \
    "mcopy -n -i '$seed' ::user-data - | grep -c '^Merge-Type: list(append)'"
ok 'no fault in that one either' fsck.vfat -n "$seed"

head -c 1500000 /dev/urandom | base64 -w0 | head -c 1048577 >"$tmp/huge"
says 'a MiB is the most' 66 'huge' xray create -q --user-data "$tmp/huge" huge
says 'a file that is not there' 66 'nope: No such file' \
    xray create -q --user-data "$tmp/nope" nope
says 'a key that is not there' 66 'nope.pub: No such' \
    xray create -q --ssh-key "$tmp/nope.pub" nope
head -c 1048000 "$tmp/huge" >"$tmp/large"
xray create -q -m 64 -c 1 --user-data "$tmp/large" large
xray start large && xray stop -f large
ok 'nearly as much fits' sh -c "mcopy -n -i '$XRAY_HOME/vms/large/seed.img' \
    ::user-data - | grep -q -F -f '$tmp/large'"
sed -i 's/^cloud_init.*/cloud_init = no/' "$XRAY_HOME/bases/b/base.ini"
says 'a base without cloud-init takes none' 78 'no cloud-init' \
    xray create -q --user-data "$tmp/large" dumb
xray create -q -m 64 -c 1 dumb
is 'and its VMs have no seed' 1 0 sh -c 'xray argv dumb | grep -c seed0'
