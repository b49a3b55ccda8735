#!/bin/sh
# SPDX-License-Identifier: ISC
# Install packages in each new guest.  Runs in the guest, once:
#
#	mkdir -p ~/.xray/scripts/initial-boot/guest
#	cp packages.sh ~/.xray/scripts/initial-boot/guest/10-packages.sh
#
# and put the names you want below.  Where the packages come from must be
# allowed: xray fw check VM deb.debian.org
set -eu
packages='htop vim git'

export DEBIAN_FRONTEND=noninteractive
if command -v apt-get >/dev/null; then
	sudo apt-get -q update
	# shellcheck disable=SC2086 # they are words
	sudo -E apt-get -q -y install $packages
elif command -v dnf >/dev/null; then
	# shellcheck disable=SC2086
	sudo dnf -q -y install $packages
elif command -v apk >/dev/null; then
	# shellcheck disable=SC2086
	sudo apk add $packages
else
	echo 'none of apt-get, dnf and apk is here' >&2
	exit 1
fi
